# Sourced by system tests: a small generated town and its service in $folder, whose processes end with the test.
# Uses ZUB_BIN; sets folder, pids, address, endpoint, main (the dispatcher's pid).
folder=$(mktemp -d)
pids=()
service_end() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait
	rm -rf "$folder"
}
trap service_end EXIT
die() {
	echo "FAILED: $*"
	tail -n 8 "$folder"/*.log
	exit 1
}
dispatcher=$ZUB_BIN/dispatcher
crashtest=$ZUB_BIN/../tests/dispatcher-crashtest
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

service_make() { # vehicles speed [inhabitants]: a second of wall time is `speed` of service
	vehicles=$1 speed=$2
	"$ZUB_BIN/mapc" synth --seed 3 --inhabitants "${3:-5000}" --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" >/dev/null
	"$ZUB_BIN/mapc" build --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" -o "$folder/town.zmap" >"$folder/mapc.log" 2>&1 || die "no town"
	for number in $(seq "$vehicles"); do "$ZUB_BIN/vehicle-agent" --key "$folder/vehicle-$number.key" --make-key >/dev/null; done
	"$ZUB_BIN/sim" fleet --town "$folder/town.zmap" --keys "$folder" --vehicles "$vehicles" >"$folder/fleet.yaml"
	cat >"$folder/settings.yaml" <<TXT
town: $folder/town.zmap
store: ${store:-sqlite:$folder/journal.db}
fleet: $folder/fleet.yaml
state_folder: $folder
clock: {start: "$("$ZUB_BIN/sim" start --town "$folder/town.zmap")", speed: $speed}
http: {port: $(free_port)}
link: {endpoint: "tcp://127.0.0.1:$(free_port)"}
TXT
}

service_start() { # program [NAME=VALUE ...]: main is its pid; returns when it has addresses (or has ended)
	local program=$1
	shift
	rm -f "$folder/addresses"
	env "$@" "$program" run --settings "$folder/settings.yaml" >>"$folder/dispatcher.log" 2>&1 &
	main=$!
	pids+=("$main")
	for _ in $(seq 300); do
		[ ! -s "$folder/addresses" ] || break
		kill -0 "$main" 2>/dev/null || return 0
		sleep 0.05
	done
	address=$(sed -n 1p "$folder/addresses") endpoint=$(sed -n 2p "$folder/addresses")
}

service_agents() {
	local number arguments
	while read -r number arguments; do
		# shellcheck disable=SC2086
		"$ZUB_BIN/vehicle-agent" --vehicle "$number" --connect "$endpoint" --server-key "$folder/dispatcher.key.pub" --town "$folder/town.zmap" \
			--key "$folder/vehicle-$number.key" --state "$folder/vehicle-$number.state" $arguments >>"$folder/vehicle-$number.log" 2>&1 &
		pids+=($!)
	done < <("$ZUB_BIN/sim" fleet --town "$folder/town.zmap" --keys "$folder" --vehicles "$vehicles" --arguments)
}

service_riders() { # per hour
	"$ZUB_BIN/sim" live --town "$folder/town.zmap" --port "${address##*:}" --token "$folder/operator.token" --memory "$folder/riders.log" \
		--per-hour "$1" --seed 1 >>"$folder/live.log" 2>&1 &
	riders=$!
	pids+=("$riders")
}

service_stop() { # in order: everything is on disk when it returns
	for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
	wait "${pids[@]}" 2>/dev/null || true
	pids=()
}

service_is_replayed() { # options of sim replay: verify says "replayed", the replay is identical
	"$ZUB_BIN/dispatcher" verify --settings "$folder/settings.yaml" >"$folder/verify.txt" || die "verify: $(cat "$folder/verify.txt")"
	grep -q '"replayed"' "$folder/verify.txt" || die "verify: $(cat "$folder/verify.txt")"
	"$ZUB_BIN/sim" replay "$folder/journal.db" "$@" --unfinished >"$folder/replay.txt" || die "replay: $(cat "$folder/replay.txt")"
	grep -q '"identical":true' "$folder/replay.txt" || die "the replay differs"
}

# ask METHOD PATH [JSON [KEY]]: prints "STATUS BODY"; status 000 when nobody answers
ask() {
	local arguments=(-s -m 5 -o "$folder/answer" -w '%{http_code}' -X "$1" -H "Authorization: Bearer $(cat "$folder/operator.token")")
	[ -z "${3:-}" ] || arguments+=(-H 'Content-Type: application/json' -H "Idempotency-Key: ${4:-key-$RANDOM$RANDOM}" -d "$3")
	: >"$folder/answer"
	printf '%s ' "$(curl "${arguments[@]}" "$address$2" || true)"
	cat "$folder/answer"
}

# said PATTERN METHOD PATH ...: is it in that answer? (No pipe: grep that leaves early would fail it.)
said() {
	ask "${@:2}" >"$folder/said"
	grep -q -e "$1" "$folder/said"
}

until_true() { # seconds what command...
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@"; do
		[ $SECONDS -lt $end ] || die "not in time: $what"
		sleep 0.1
	done
}
ended() { ! kill -0 "$1" 2>/dev/null; }
