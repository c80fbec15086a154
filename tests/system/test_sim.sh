#!/usr/bin/env bash
# The simulator as a planner uses it: same seed, same bytes; the journal replays identically; faults are survived; mistakes are named.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
die() { echo "FAILED: $*"; exit 1; }
figure() { python3 -c 'import json,sys; r=json.load(open(sys.argv[1]))["runs"][0]; print(r.get(sys.argv[2], int(r["figures"].get(sys.argv[2]) or 0)))' "$1" "$2"; }

"$ZUB_BIN/mapc" synth --seed 7 --inhabitants 25000 --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" >/dev/null
"$ZUB_BIN/mapc" build --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" -o "$folder/t.zmap" >/dev/null 2>&1
scenarios=$ZUB_SOURCE/sim/scenarios
run() { "$ZUB_BIN/sim" run "$scenarios/$1.yaml" --town "$folder/t.zmap" --out "$folder/$2" --journal "${@:3}" >/dev/null 2>"$folder/$2.err" ||
	die "$1 ($2): $(cat "$folder/$2.err")"; }
replay() { "$ZUB_BIN/sim" replay "$folder/$1/journal.db" --town "$folder/t.zmap" >"$folder/$1.replay" || die "replay of $1: $(cat "$folder/$1.replay")"; }

"$ZUB_BIN/sim" live --port eighty 2>"$folder/err" && die "a port that is no number"
grep -q -e '--port eighty: expected a whole number from 1 to 65535' "$folder/err" || die "the port: $(cat "$folder/err")"

run demo one
run demo two
cmp "$folder/one/figures.json" "$folder/two/figures.json" || die "the same seed gave other figures"
replay one
grep -q '"identical":true' "$folder/one.replay" || die "not identical"
run demo three --set seed=2
[ "$(figure "$folder/one/figures.json" journal)" != "$(figure "$folder/three/figures.json" journal)" ] || die "another seed gave the same journal"

python3 - "$folder/one/figures.json" <<'PY' || die "the day is not what it should be"
import json, sys
run = json.load(open(sys.argv[1]))["runs"][0]
f = {**run["figures"], **run}
least = {"rides": 100, "origins": 30, "wheelchair": 5, "tied_rides": 5, "cancelled": 5, "no_shows": 5}
bad = [f"{k} {f[k]} < {v}" for k, v in least.items() if f[k] < v]
bad += [f"promised_share {f['promised_share']}"] * (f["promised_share"] < 0.8)
bad += [f"prebooked_share {f['prebooked_share']}"] * (f["prebooked_share"] * f["promised"] < 5)
bad += [f"shared_share {f['shared_share']}"] * (f["shared_share"] < 0.2)
bad += [f"promises_broken {f['promises_broken']}"] * (f["promises_broken"] != 0)
print("\n".join(bad))
sys.exit(bool(bad))
PY

run faults bad
replay bad
[ "$(figure "$folder/bad/figures.json" dispatcher_restarts)" = 3 ] || die "the dispatcher was not restarted"

# a journal that somebody changed is not replayed as if nothing had happened
sqlite3 "$folder/one/journal.db" "UPDATE record SET body = zeroblob(length(body)) WHERE sequence = (SELECT max(sequence) FROM record WHERE type = 2)" 2>/dev/null &&
	{ "$ZUB_BIN/sim" replay "$folder/one/journal.db" --town "$folder/t.zmap" >/dev/null 2>&1 && die "a changed journal was called identical"; }

# mistakes end with status 1 or 2 and one line
printf 'vehicles: many\n' >"$folder/wrong.yaml"
"$ZUB_BIN/sim" run "$folder/wrong.yaml" --out "$folder/x" 2>"$folder/err" && die "a wrong scenario ran"
grep -q 'wrong.yaml:1:11: ' "$folder/err" || die "no place named: $(cat "$folder/err")"
"$ZUB_BIN/sim" run "$scenarios/demo.yaml" --out "$folder/x" --town "$folder/none.zmap" 2>"$folder/err" && die "no town, but it ran"
"$ZUB_BIN/sim" replay "$folder/none.db" --town "$folder/t.zmap" 2>"$folder/err" && die "no journal, but it was replayed"
"$ZUB_BIN/sim" nonsense 2>/dev/null && die "nonsense was taken"
echo "simulator: same bytes, identical replay, $(figure "$folder/one/figures.json" rides) rides done, $(figure "$folder/bad/figures.json" promises_broken) broken under faults"
