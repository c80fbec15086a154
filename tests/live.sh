#!/usr/bin/env bash
# The live demo as it must be shown: 480 minutes of service at 120 times the clock on three towns, then twenty kills at speed 20.
# Runs the towns side by side. Exit 77 never: what is missing is said aloud and the rest is tested.
set -uo pipefail
cd "$(dirname "$0")/.."
root=$PWD
data=${ZUB_DATA:-$root/../shared/data}
work=$root/build/live
rm -rf "$work"
mkdir -p "$work"
failed=0

check() { # name json-file: the numbers the issue names
	python3 - "$1" "$2" <<'PY'
import json, sys
name, path = sys.argv[1:]
with open(path) as file:
    report = json.load(file)
f = report["figures"]
wanted = [
    ("identical replay", report["identical"]), ("checker: " + report["checker"], report["checker"] == "nothing wrong"),
    ("done >= 100", f["done"] >= 100), ("promised >= 80 %", f["promised_share"] >= 0.8), ("origins >= 30", f["origins"] >= 30),
    ("shared >= 20 %", f["shared_share"] >= 0.2), ("broken = 0", f["broken"] == 0),
    ("rides from late trains >= 1", f["from_late_train"] >= 1),
] + [(kind + " >= 5", f[kind] >= 5) for kind in ("wheelchair", "prebooked", "tied_to_trip", "cancelled", "no_show")]
print(name, json.dumps(f))
bad = [text for text, right in wanted if not right]
for text in bad:
    print(name + ": NOT " + text)
sys.exit(1 if bad else 0)
PY
}

demo() { # name arguments...
	local name=$1
	shift
	./run demo --minutes "${ZUB_DEMO_MINUTES:-480}" --speed "${ZUB_DEMO_SPEED:-120}" --json --state "$work/$name" "$@" >"$work/$name.json" 2>"$work/$name.err" ||
		{ echo "$name: demo failed"; tail -n 5 "$work/$name.err"; tail -n 3 "$work/$name"/dispatcher.log; [ ! -s "$work/$name.json" ] || cat "$work/$name.json"; return 1; }
	check "$name" "$work/$name.json"
}

wait_all() {
	local pid
	for pid in "$@"; do wait "$pid" || failed=1; done
}

./run build >&2 || exit 1
pids=()
demo generated --per-hour 34 & pids+=($!)
if [ -d "$data/heidelberg" ]; then
	demo heidelberg --per-hour 25 --osm "$data/heidelberg/heidelberg.test.pbf" --gtfs "$data/heidelberg/vrn_gtfs_cut.zip" & pids+=($!)
else
	echo "skipped: Heidelberg: $data/heidelberg is not there"
fi
if [ -d "$data/kaiserslautern" ]; then
	build/bin/mapc derive-timetable --osm "$data/kaiserslautern/kaiserslautern.osm.gz" -o "$work/kaiserslautern.gtfs.zip" || failed=1
	demo kaiserslautern --osm "$data/kaiserslautern/kaiserslautern.osm.gz" --gtfs "$work/kaiserslautern.gtfs.zip" & pids+=($!)
else
	echo "skipped: Kaiserslautern: $data/kaiserslautern is not there"
fi
wait_all "${pids[@]}"

# Twenty kill -9 at random instants at least ten seconds apart, of the dispatcher and of agents: nothing promised is lost or doubled.
# This dispatcher's SQLite forgets what was not synced, so that a kill is a power cut (tests/support/crash_vfs.h).
./run build dispatcher-crashtest >&2 || exit 1
ZUB_DISPATCHER=tests/dispatcher-crashtest ./run demo --minutes 110 --speed 20 --json --kill --per-hour 90 --state "$work/kill" >"$work/kill.json" 2>"$work/kill.err" || { failed=1; tail -n 5 "$work/kill.err"; }
python3 - "$work/kill.json" "$work/kill/kills.log" <<'PY' || failed=1
import json, sys
with open(sys.argv[1]) as file:
    report = json.load(file)
with open(sys.argv[2]) as file:
    kills = len(file.readlines())
f = report["figures"]
print("kill", kills, "kills", json.dumps(f))
right = report["identical"] and report["checker"] == "nothing wrong" and kills == 20 and f["done"] > 20
sys.exit(0 if right else 1)
PY
[ $failed = 1 ] || echo "live: all right"
exit $failed
