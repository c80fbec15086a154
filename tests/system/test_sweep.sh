#!/usr/bin/env bash
# Several seeds: the same bytes on one and two threads; the figures equal those that another program computes from rides.csv and
# vehicles.csv; by hour and by need add up; every file is whole and says where it comes from.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
die() { echo "FAILED: $*"; exit 1; }
"$ZUB_BIN/mapc" synth --seed 7 --inhabitants 25000 --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" >/dev/null
"$ZUB_BIN/mapc" build --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" -o "$folder/t.zmap" >/dev/null 2>&1
cat >"$folder/s.yaml" <<TXT
extends: $ZUB_SOURCE/sim/scenarios/demo.yaml
minutes: 200
improve: {period: 60 s}
demand: {per_hour: 60}
network: {loss: 0.05, repeat: 0.05, latency_max: 2 s}
trains: {late: 0.3, cancelled: 0.03}
faults:
  - {at: 40 min, vehicle: 2, kind: dead, for: 25 min}
  - {at: 70 min, kind: dispatcher}
  - {at: 80 min, vehicle: 3, kind: link, for: 4 min}
  - {at: 100 min, vehicle: 5, kind: agent, for: 30 s}
TXT
run() { "$ZUB_BIN/sim" run "$folder/s.yaml" --town "$folder/t.zmap" --out "$folder/$1" --seeds 1..3 "${@:2}" >"$folder/$1.txt" 2>"$folder/$1.err" ||
	die "$1: $(cat "$folder/$1.err")"; }
run one --threads 1
run two --threads 2 --progress
diff -r "$folder/one" "$folder/two" || die "one and two threads gave different bytes"
grep -q '3 of 3 seeds done' "$folder/two.err" || die "no progress: $(cat "$folder/two.err")"
[ "$(wc -l <"$folder/one.err")" = 1 ] || die "progress although nobody looks: $(cat "$folder/one.err")"
grep -q '^rides ' "$folder/one.txt" || die "no table"
# the scenario that it wrote is the scenario that it ran
"$ZUB_BIN/sim" run "$folder/one/scenario.yaml" --out "$folder/again" --seeds 1..3 >/dev/null 2>"$folder/err" || die "again: $(cat "$folder/err")"
for file in rides.csv vehicles.csv by_hour.csv by_need.csv stops.geojson; do
	cmp <(sed 's/"scenario": *"[^"]*",*//' "$folder/one/$file") <(sed 's/"scenario": *"[^"]*",*//' "$folder/again/$file") || die "$file differs from its own scenario.yaml"
done
python3 "$ZUB_SOURCE/tests/system/recompute.py" "$folder/one" || die "the figures are not those of the rides"

# two scenarios on the same wishes: the paired differences are those of the seeds
"$ZUB_BIN/sim" run "$folder/s.yaml" --town "$folder/t.zmap" --out "$folder/slow" --seeds 2..4 --set streets.slow=0.2 >/dev/null 2>&1 || die "slow"
"$ZUB_BIN/sim" compare "$folder/one" "$folder/slow" --out "$folder/cmp" >"$folder/cmp.txt" || die "compare"
grep -q '^2 seeds in common' "$folder/cmp.txt" && ! grep -q 'other wishes' "$folder/cmp.txt" || die "not the same wishes: $(head -4 "$folder/cmp.txt")"
python3 - "$folder" <<'PY' || die "compare.csv is wrong"
import csv, json, math, sys
a, b = ({r["seed"]: r["figures"] for r in json.load(open(f"{sys.argv[1]}/{n}/figures.json"))["runs"]} for n in ("one", "slow"))
for row in csv.DictReader(open(f"{sys.argv[1]}/cmp/compare.csv")):
    d = [b[s][row["figure"]] - a[s][row["figure"]] for s in (2, 3) if None not in (a[s][row["figure"]], b[s][row["figure"]])]
    assert len(d) == int(row["seeds"]), row
    if len(d) == 2:
        middle, half = sum(d) / 2, 12.7062 * abs(d[0] - d[1]) / 2
        assert math.isclose(float(row["difference"]), middle, abs_tol=1e-6) and math.isclose(float(row["high"]), middle + half, abs_tol=1e-4), (row, d)
slower = next(r for r in csv.DictReader(open(f"{sys.argv[1]}/cmp/compare.csv")) if r["figure"] == "in_vehicle_time_average")
assert float(slower["difference"]) > 0, slower
PY
"$ZUB_BIN/sim" compare "$folder/one" "$folder/nothing" 2>"$folder/err" && die "compared with nothing"
grep -q 'nothing/figures.json' "$folder/err" || die "no file named: $(cat "$folder/err")"

# the worked scenarios: trips from a table, a fleet of two classes in shifts; all of them are read
"$ZUB_BIN/sim" run "$ZUB_SOURCE/sim/scenarios/trips.yaml" --town "$folder/t.zmap" --out "$folder/trips" >/dev/null 2>"$folder/err" || die "trips: $(cat "$folder/err")"
[ "$(($(wc -l <"$folder/trips/rides.csv") - 1))" = "$(($(wc -l <"$ZUB_SOURCE/sim/scenarios/trips.csv") - 1))" ] || die "not every trip of the table was asked"
grep -q ',done,' "$folder/trips/rides.csv" || die "no trip of the table was carried out"
printf 'extends: %s/sim/scenarios/heidelberg-vans.yaml\nminutes: 120\nrequests_by_hour: {6: 40, 7: 55}\n' "$ZUB_SOURCE" >"$folder/vans.yaml"
"$ZUB_BIN/sim" run "$folder/vans.yaml" --town "$folder/t.zmap" --out "$folder/vans" >/dev/null 2>"$folder/err" || die "vans: $(cat "$folder/err")"
python3 - "$folder/vans" <<'PY' || die "the fleet or the totals are not as told"
import collections, csv, sys
asked = collections.Counter(r["hour"] for r in csv.DictReader(open(sys.argv[1] + "/rides.csv")))
assert asked == {"6": 40, "7": 55}, asked
cars = list(csv.DictReader(open(sys.argv[1] + "/vehicles.csv")))
groups = collections.Counter(c["group"] for c in cars)
assert groups == {"1": 12, "2": 4, "3": 4}, groups
late = [c for c in cars if c["group"] == "3"]  # on duty from 14:00
assert all(float(c["off_duty_s"]) > 7000 and float(c["driven_km"]) == 0 for c in late), late
assert any(int(c["rides"]) for c in cars if c["group"] == "1") and any(int(c["rides"]) for c in cars if c["group"] == "2")
PY

# mistakes
"$ZUB_BIN/sim" run "$folder/s.yaml" --town "$folder/t.zmap" --out "$folder/x" --seeds 3..1 2>"$folder/err" && die "3..1 was taken"
grep -q -- '--seeds' "$folder/err" || die "no word about seeds: $(cat "$folder/err")"
"$ZUB_BIN/sim" run "$folder/s.yaml" --town "$folder/t.zmap" --out "$folder/no/such" 2>"$folder/err" && die "a folder that cannot be made was taken"
grep -q 'no/such' "$folder/err" || die "no folder named: $(cat "$folder/err")"
echo "sweep: same bytes, $(($(wc -l <"$folder/one/rides.csv") - 1)) wishes recomputed"
