#!/usr/bin/env bash
# A simulated day, exported for the town: the tables tell what the simulator's own figures tell, every column is defined, and nobody can be
# found in them: no ride number, no place that was asked for, no group of fewer than five.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
die() { echo "FAILED: $*"; exit 1; }
mkdir "$folder/state"

"$ZUB_BIN/mapc" synth --seed 3 --inhabitants 9000 --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" >/dev/null
"$ZUB_BIN/mapc" build --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" -o "$folder/town.zmap" >/dev/null 2>&1
printf 'minutes: 180\nvehicles: 4\ndemand: {per_hour: 150}\n' >"$folder/day.yaml"
"$ZUB_BIN/sim" run "$folder/day.yaml" --town "$folder/town.zmap" --out "$folder/day" --journal >/dev/null 2>&1
"$ZUB_BIN/sim" replay "$folder/day/journal.db" --town "$folder/town.zmap" >"$folder/figures.json"
settings=(--set "store=sqlite:$folder/day/journal.db" --set "town=$folder/town.zmap" --set "state_folder=$folder/state")
"$ZUB_BIN/dispatcher" log "${settings[@]}" --personal --most 10000000 >"$folder/log.txt"
day=$(sed -n '1s/^ *[0-9]* \([0-9-]*\)T.*/\1/p' "$folder/log.txt")
sum() { cat "$folder"/day/journal.db "$folder"/day/journal.db.keys | sha256sum; }
before=$(sum)
"$ZUB_BIN/dispatcher" export --day "$day" --out "$folder/out" "${settings[@]}" || die "export"
"$ZUB_BIN/dispatcher" export --day 2001-01-01 --out "$folder/empty" "${settings[@]}" | grep -q ' 0 rides' || die "a day without rides"
"$ZUB_BIN/dispatcher" export --day tomorrow --out "$folder/bad" "${settings[@]}" 2>/dev/null && die "no day, and yet exported"
[ "$(sum)" = "$before" ] || die "the journal was changed"
[ "$(stat -c %a "$folder/out" "$folder/out/rides.csv" | tr '\n' ' ')" = "700 600 " ] || die "others may read it"

python3 - "$folder" <<'PY' || die "the tables are not right"
import collections, csv, glob, json, os, re, sys

folder = sys.argv[1]
figures = json.load(open(folder + "/figures.json"))["figures"]
table = {os.path.basename(path)[:-4]: list(csv.DictReader(open(path, newline=""))) for path in glob.glob(folder + "/out/*.csv")}
geo = {os.path.basename(path)[:-8]: json.load(open(path)) for path in glob.glob(folder + "/out/*.geojson")}
readme = open(folder + "/out/README.txt").read()
log = open(folder + "/log.txt").read()
bad = []

def same(what, a, b, within=0):
    if abs(a - b) > within:
        bad.append(f"{what}: {a}, expected {b}")

rides = table["rides"]
states = collections.Counter(ride["state"] for ride in rides)
same("requests", len(rides), figures["requests"])
for state, name in (("done", "done"), ("refused", "rejections"), ("cancelled", "cancelled"), ("no_show", "no_show"), ("expired", "offers_not_taken")):
    same(state, states[state], figures[name])
same("kept", sum(ride["promise"] == "kept" for ride in rides), figures["kept"])
waits = [int(ride["wait_s"]) for ride in rides if ride["wait_s"]]
same("wait_mean_s", sum(waits) // len(waits), figures["wait_mean_s"], 1)
vehicles = table["vehicles"]
same("km with riders", sum(float(v["loaded_km"]) for v in vehicles), (figures["driven_m"] - figures["empty_m"]) / 1000, 0.02 * figures["driven_m"] / 1000)
same("km without", sum(float(v["empty_km"]) for v in vehicles), figures["empty_m"] / 1000, 0.06 * figures["driven_m"] / 1000)
same("rides by vehicle", sum(int(v["rides"]) for v in vehicles), sum(bool(ride["boarded_at"]) for ride in rides))
same("persons board and alight", sum(int(v["boarded"]) - int(v["alighted"]) for v in table["visits"]), 0)
for ride in rides:
    if ride["state"] == "done":
        visit = table["visits"][int(ride["pickup_visit"]) - 1]
        if visit["vehicle"] != ride["vehicle"] or not visit["arrived_at"] <= ride["boarded_at"] <= (visit["departed_at"] or "9"):
            bad.append(f"ride {ride['ride']} did not board at {visit}")

# refusals: by reason as the simulator counts them; the rows of a reason add up; nothing small is placed
for reason, n in figures["rejections_by"].items():
    rows = [row for row in table["refusals"] if row["reason"] == reason]
    for end in ("from", "to", "all"):
        same(f"refused {reason} {end}", sum(int(row["requests"]) for row in rows if row["end"] == end), n)
placed = [row for row in table["refusals"] if row["cell"]]
if not placed or any(int(row["requests"]) < 5 for row in placed + table["flows"] if "requests" in row):
    bad.append("refusals: none placed, or a small group")
if any(int(row["rides"]) < 5 for row in table["flows"]):
    bad.append("flows: a small group")
for row in table["waits"]:
    if any(row[name].isdigit() and 0 < int(row[name]) < 5 for name in ("requests", "refused", "boarded")):
        bad.append(f"waits: a small count: {row}")
if not any(row["need"] == "seat" and int(row["requests"]) > 100 for row in table["waits"]):
    bad.append("waits: nobody with a seat")

# nobody to be found: ride numbers, raw places
numbers = set(re.findall(r" ride=(\d+)", log))
raw = set(re.findall(r"lat_e7=(-?\d+)", " ".join(re.findall(r" request at=.*", log))))
everything = "".join(open(path).read() for path in glob.glob(folder + "/out/*"))
written = set(re.findall(r"\d{6,}", everything))
if not numbers or numbers & written:
    bad.append(f"ride numbers: {len(numbers)} in the journal, {len(numbers & written)} in the export")
if not raw:
    bad.append("no raw place in the log: the test does not see what it should")
degrees = {text for value in raw for text in ("%.10g" % (int(value) / 1e7),)}
found = degrees & set(re.findall(r"-?\d+\.\d{5,}", everything)) - {stop["lat"] for stop in table["visits"] if stop["place"] == "stop"}
if found:
    bad.append(f"places that were asked for: {sorted(found)[:5]}")

# every column is defined, GeoJSON has the same rows and lies where the town is
for name, rows in table.items():
    part = readme.split(f"\n{name}.csv")[1].split("\n\n")[0]
    header = open(f"{folder}/out/{name}.csv").readline().strip().split(",")
    missing = [column for column in header if not re.search(rf"^  {column} +\S", part, re.M)]
    if missing:
        bad.append(f"{name}: not in README.txt: {missing}")
    if name in geo:
        same(f"features of {name}", len(geo[name]["features"]), len(rows))
if not all(feature["geometry"]["type"] == "Point" for feature in geo["visits"]["features"]):
    bad.append("visits are no points")
if "attribution" not in geo["rides"] or not geo["rides"]["attribution"] in readme:
    bad.append("no attribution")
print("\n".join(bad) or f"{len(rides)} rides, {len(table['visits'])} visits, {len(placed)} placed refusals, {len(table['flows'])} flows: right")
sys.exit(1 if bad else 0)
PY
