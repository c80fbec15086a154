#!/usr/bin/env bash
# Several seeds: the same bytes on one and two threads; the figures equal those that another program computes from rides.csv and
# vehicles.csv; by hour and by need add up; every file is whole and says where it comes from.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
die() { echo "FAILED: $*"; exit 1; }
"$ZUB_BIN/mapc" synth --seed 7 --inhabitants 25000 --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" >/dev/null
"$ZUB_BIN/mapc" build --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" -o "$folder/t.zmap" >/dev/null 2>&1
printf 'extends: %s/sim/scenarios/faults.yaml\nminutes: 200\ndemand: {per_hour: 60}\n' "$ZUB_SOURCE" >"$folder/s.yaml"
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
# mistakes
"$ZUB_BIN/sim" run "$folder/s.yaml" --town "$folder/t.zmap" --out "$folder/x" --seeds 3..1 2>"$folder/err" && die "3..1 was taken"
grep -q -- '--seeds' "$folder/err" || die "no word about seeds: $(cat "$folder/err")"
"$ZUB_BIN/sim" run "$folder/s.yaml" --town "$folder/t.zmap" --out "$folder/no/such" 2>"$folder/err" && die "a folder that cannot be made was taken"
grep -q 'no/such' "$folder/err" || die "no folder named: $(cat "$folder/err")"
echo "sweep: same bytes, $(($(wc -l <"$folder/one/rides.csv") - 1)) wishes recomputed"
