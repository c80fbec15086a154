#!/usr/bin/env bash
# slow
# A new town file while rides are under way: the dispatcher swaps to it at SIGHUP, running agents take it up by themselves and go on, rides
# are done before and after; and what the journal then holds is verified and replayed the same.
set -euo pipefail
folder=$(mktemp -d)
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$folder"' EXIT
die() { echo "FAILED: $*"; tail -n 5 "$folder"/*.log; exit 1; }
speed=60 vehicles=2
mapc=$ZUB_BIN/mapc

"$mapc" synth --seed 3 --inhabitants 9000 --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" >/dev/null
build() { "$mapc" build --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" --town "$1" -o "$folder/$2" >"$folder/mapc.log" 2>&1 || die "mapc: $(cat "$folder/mapc.log")"; }
"$mapc" build --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" -o "$folder/town.zmap" >"$folder/mapc.log" 2>&1
printf 'rules: {pickup_window: 9 min}\nstops: {spacing_m: 170}\nclasses: [{name: shuttle, speed_kmh: 35, private_roads: true}]\n' >"$folder/other.yaml"
build "$folder/other.yaml" other.zmap
cmp -s "$folder/town.zmap" "$folder/other.zmap" && die "the two towns are the same"
cp "$folder/town.zmap" "$folder/first.zmap"

for number in $(seq $vehicles); do "$ZUB_BIN/vehicle-agent" --key "$folder/vehicle-$number.key" --make-key >/dev/null; done
"$ZUB_BIN/sim" fleet --town "$folder/town.zmap" --keys "$folder" --vehicles $vehicles >"$folder/fleet.yaml"
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
cat >"$folder/settings.yaml" <<TXT
town: $folder/town.zmap
store: sqlite:$folder/journal.db
fleet: $folder/fleet.yaml
state_folder: $folder
clock: {start: "$("$ZUB_BIN/sim" start --town "$folder/town.zmap")", speed: $speed}
http: {port: $(free_port)}
link: {endpoint: "tcp://127.0.0.1:$(free_port)"}
TXT
"$ZUB_BIN/dispatcher" run --settings "$folder/settings.yaml" >>"$folder/dispatcher.log" 2>&1 &
main=$!
pids+=("$main")
for _ in $(seq 100); do [ -s "$folder/addresses" ] && break; sleep 0.1; done
address=$(sed -n 1p "$folder/addresses") endpoint=$(sed -n 2p "$folder/addresses")
while read -r number arguments; do
	# shellcheck disable=SC2086
	"$ZUB_BIN/vehicle-agent" --vehicle "$number" --connect "$endpoint" --server-key "$folder/dispatcher.key.pub" --town "$folder/town.zmap" \
		--key "$folder/vehicle-$number.key" --state "$folder/vehicle-$number.state" $arguments >>"$folder/vehicle-$number.log" 2>&1 &
	pids+=($!)
done < <("$ZUB_BIN/sim" fleet --town "$folder/town.zmap" --keys "$folder" --vehicles $vehicles --arguments)
"$ZUB_BIN/sim" live --town "$folder/town.zmap" --port "${address##*:}" --token "$folder/operator.token" --memory "$folder/riders.log" \
	--per-hour 60 --seed 1 >>"$folder/live.log" 2>&1 &
pids+=($!)

carried() { curl -sf "$address/metrics" | sed -n 's/^zubringer_rides_total{state="done"} //p'; }
more_rides() { # at least two more are done
	local from end=$((SECONDS + 40))
	from=$(carried)
	until [ "$(carried)" -ge $((from + 2)) ]; do
		[ $SECONDS -lt $end ] || die "no more rides are done $1"
		sleep 0.2
	done
}
swap() { # file: by rename, as mapc itself does
	cp "$folder/$1" "$folder/town.part"
	mv "$folder/town.part" "$folder/town.zmap"
	kill -HUP "$main"
}
more_rides "on the first town"
round=0
for file in other.zmap first.zmap other.zmap; do
	round=$((round + 1))
	swap $file
	for number in $(seq $vehicles); do
		for _ in $(seq 100); do [ "$(grep -c 'counts from now on' "$folder/vehicle-$number.log")" -ge $round ] && break; sleep 0.1; done
		[ "$(grep -c 'counts from now on' "$folder/vehicle-$number.log")" = $round ] || die "vehicle $number did not take town $round"
	done
	[ "$(grep -c 'town swapped' "$folder/dispatcher.log")" = $round ] || die "the dispatcher did not swap to town $round"
	more_rides "after swap $round"
done
for pid in "${pids[@]:1}"; do kill -0 "$pid" 2>/dev/null || die "process $pid has ended"; done
for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
wait "${pids[@]}" 2>/dev/null || true
pids=()

"$ZUB_BIN/dispatcher" log --settings "$folder/settings.yaml" --most 1000000 >"$folder/journal.txt"
refusals=$(grep -c 'vehicle_plan_ack .*refusal=2' "$folder/journal.txt" || true)
[ "$refusals" -le 4 ] || die "$refusals plans were refused for their town"
"$ZUB_BIN/dispatcher" verify --settings "$folder/settings.yaml" >"$folder/verify.txt" || die "verify: $(cat "$folder/verify.txt")"
grep -q '"replayed"' "$folder/verify.txt" || die "verify: $(cat "$folder/verify.txt")"
"$ZUB_BIN/sim" replay "$folder/journal.db" --towns "$folder/towns" --unfinished >"$folder/replay.txt" || die "replay: $(cat "$folder/replay.txt")"
grep -q '"identical":true' "$folder/replay.txt" || die "the replay differs"
"$ZUB_BIN/sim" replay "$folder/journal.db" --town "$folder/first.zmap" --unfinished >/dev/null 2>"$folder/err.txt" && die "replayed without the towns"
grep -q -e '--towns' "$folder/err.txt" || die "no hint: $(cat "$folder/err.txt")"
echo "three town swaps under way: $(grep -c ' command ' "$folder/journal.txt") commands, $refusals refusals, replayed the same"
