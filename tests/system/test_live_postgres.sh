#!/usr/bin/env bash
# slow
# The live demo on a private PostgreSQL server which is ended five times without a last word and started again: the same checkers
# pass, the replay is identical, the projections are in step with the journal and the same when made anew.
set -uo pipefail
. "$ZUB_SOURCE/tests/support/postgres.sh"
missing=$(postgres_missing)
[ -z "$missing" ] || { echo "skipped: $missing is not installed (./run test installs it)"; exit 77; }
work=$(mktemp -d /tmp/zub-live-postgres-XXXXXX)
chmod 711 "$work"
state=$work/state
trap 'postgres_stop "$state.postgres" immediate; rm -rf "$work"' EXIT
(cd "$ZUB_SOURCE" && ./run demo --minutes "${ZUB_DEMO_MINUTES:-60}" --speed "${ZUB_DEMO_SPEED:-40}" --per-hour 90 --json --store postgres --outage \
	--state "$state") >"$work/report.json" 2>"$work/err" || { tail -n 5 "$work/err"; tail -n 5 "$state/dispatcher.log"; cat "$work/report.json"; exit 1; }
grep -c 'the store is back' "$state/dispatcher.log" | sed 's/^/times the store came back: /'
python3 - "$work/report.json" "$(wc -l <"$state/kills.log")" <<'PY' || exit 1
import json, sys
with open(sys.argv[1]) as file:
    report = json.load(file)
figures = report["figures"]
print("outages", sys.argv[2], json.dumps(figures))
sys.exit(0 if report["identical"] and report["checker"] == "nothing wrong" and sys.argv[2] == "5" and figures["done"] > 10 else 1)
PY

postgres_start "$state.postgres" || exit 1
ask() { "$(postgres_programs)/psql" -X -q -h "$(postgres_socket_of "$state.postgres")" -U "$(id -un)" -d zubringer -Atc "$1"; }
rows() {
	ask "SELECT * FROM zubringer_map.vehicle ORDER BY 1"
	ask "SELECT * FROM zubringer_map.ride ORDER BY 1"
	ask "SELECT * FROM zubringer_map.visit ORDER BY 1, 2"
	ask "SELECT * FROM zubringer_map.progress"
	ask "SELECT md5(string_agg(r::text, '' ORDER BY id)) FROM zubringer_map.roads r"
}
[ "$(ask "SELECT p.sequence = h.sequence FROM zubringer_map.progress p, zubringer.head h")" = t ] || { echo "projections are not in step"; exit 1; }
[ "$(ask "SELECT count(*) > 10 FROM zubringer_map.rides WHERE state = 'done' AND ST_Length(geom::geography) > 0")" = t ] || { echo "no rides on the map"; exit 1; }
rows >"$work/live"
"$ZUB_BIN/dispatcher" project --settings "$state/settings.yaml" || exit 1
rows >"$work/again"
cmp "$work/live" "$work/again" || exit 1
echo "$(wc -l <"$work/live") rows alike, live and made anew"

# The backup that README.md tells of: records first, then keys; put into an empty database it verifies, and the same rows are made from it.
dump() { "$(postgres_programs)/pg_dump" -Fc -h "$(postgres_socket_of "$state.postgres")" -U "$(id -un)" --schema="$1" -f "$work/$1.dump" zubringer; }
put_back() { "$(postgres_programs)/pg_restore" -h "$(postgres_socket_of "$state.postgres")" -U "$(id -un)" -d again "$work/$1.dump"; }
dump zubringer && dump zubringer_keys || { echo "no dump"; exit 1; }
"$(postgres_programs)/createdb" -h "$(postgres_socket_of "$state.postgres")" -U "$(id -un)" again || exit 1
put_back zubringer && put_back zubringer_keys || { echo "the dumps cannot be put back"; exit 1; }
url=$(sed -n 's/^store: //p' "$state/settings.yaml")
again=(--settings "$state/settings.yaml" --set "store=${url/zubringer?/again?}")
"$ZUB_BIN/dispatcher" verify "${again[@]}" | tee "$work/verify.json"
grep -q '"replayed"' "$work/verify.json" || { echo "what was dumped is not verified"; exit 1; }
"$ZUB_BIN/dispatcher" project "${again[@]}" >/dev/null || exit 1
ask() { "$(postgres_programs)/psql" -X -q -h "$(postgres_socket_of "$state.postgres")" -U "$(id -un)" -d again -Atc "$1"; }
rows >"$work/restored"
cmp "$work/live" "$work/restored" || exit 1
ask "SELECT r.ride, v.kind, v.vehicle, v.planned_at, ST_AsText(v.geom) FROM zubringer_map.rides r JOIN zubringer_map.visit v USING (ride) WHERE r.state = 'done' ORDER BY v.planned_at LIMIT 4"
echo "dumped, put back, verified; the same rows"

# A dispatcher that starts before its server holds and says so; when the server comes it goes on by itself.
postgres_stop "$state.postgres" fast
rm -f "$state/addresses"
"$ZUB_BIN/dispatcher" run --settings "$state/settings.yaml" >"$work/late.log" 2>&1 &
late=$!
trap 'kill $late 2>/dev/null; postgres_stop "$state.postgres" immediate; rm -rf "$work"' EXIT
says() { [ -s "$state/addresses" ] && curl -s -m 5 -o "$work/health" -w '%{http_code}' "$(sed -n 1p "$state/addresses")/health" | grep -q "$1"; }
wait_for() { # status
	for _ in $(seq 300); do
		! says "$1" || return 0
		sleep 0.1
	done
	echo "no $1 at /health"
	tail -n 5 "$work/late.log"
	exit 1
}
wait_for 503
echo "without its server: $(cat "$work/health")"
postgres_start "$state.postgres" || exit 1
wait_for 200
kill "$late"
wait "$late" || { echo "it did not end in order"; exit 1; }
echo "held until its server came, then went on"
