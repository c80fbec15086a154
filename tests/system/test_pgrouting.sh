#!/usr/bin/env bash
# slow
# Routes against an outside program: pgRouting on the exported graph, in a PostgreSQL server of our own. Arcs are its nodes and
# permitted turns its edges, so turn costs and forbidden turns hold; rows over via ways are left out on both sides by taking
# a town without. Costs of 1,000 pairs, from the start of one arc to the start of another, must be equal to the millisecond.
set -uo pipefail
. "$ZUB_SOURCE/tests/support/postgres.sh"
missing=$(postgres_missing)
[ -z "$missing" ] || { echo "skipped: $missing is not installed (./run test installs it)"; exit 77; }
ls /usr/share/postgresql/*/extension/pgrouting.control >/dev/null 2>&1 ||
	{ echo "skipped: pgRouting is not installed (./run test installs it)"; exit 77; }
folder=$(mktemp -d /tmp/zub-pgrouting-XXXXXX)
chmod 711 "$folder"
trap 'postgres_stop "$folder/pg" immediate; rm -rf "$folder"' EXIT
postgres_start "$folder/pg" || exit 1
mapc=$ZUB_BIN/mapc
failed=0

# compare NAME TOWN CLASS
compare() {
	local name=$1 town=$2 class=$3
	"$mapc" export "$town" --class "$class" --nodes "$folder/nodes.csv" --arcs "$folder/arcs.csv" --turns "$folder/turns.csv" || return 1
	python3 - "$folder" "${ZUB_SEED:-20260106}" <<'PY' || return 1
import csv, random, sys
folder, seed = sys.argv[1], int(sys.argv[2])
arcs = [tuple(map(int, row)) for row in list(csv.reader(open(folder + "/arcs.csv")))[1:]]
turns, out = {}, {}
for row in list(csv.reader(open(folder + "/turns.csv")))[1:]:
    row = list(map(int, row))
    if len(row) > 3:
        sys.exit("a town without via ways was expected")
    old = turns.get((row[1], row[2]), 0)
    turns[row[1], row[2]] = -1 if row[0] < 0 or old < 0 else old + row[0]
for i, (tail, head, time, _) in enumerate(arcs):
    if time >= 0:
        out.setdefault(tail, []).append(i)
with open(folder + "/edges.csv", "w") as file:  # from the start of an arc to the start of the next: the arc, then the turn
    n = 0
    for a, (tail, head, time, _) in enumerate(arcs):
        if time < 0:
            continue
        for b in out.get(head, []):
            turn = turns.get((a, b), 0)
            if turn >= 0:
                file.write(f"{n},{a},{b},{time + turn}\n")
                n += 1
print(f"seed {seed} (ZUB_SEED), {len(arcs)} arcs, {n} turns")
random.seed(seed)
usable = [i for i, arc in enumerate(arcs) if arc[2] >= 0]
froms = random.sample(usable, 25)
tos = random.sample([a for a in usable if a not in froms], 40)
with open(folder + "/pairs.csv", "w") as file:
    file.write("from_arc,from_mm,to_arc,to_mm\n")
    for a in froms:
        for b in tos:
            file.write(f"{a},0,{b},0\n")
open(folder + "/from", "w").write(",".join(map(str, froms)))
open(folder + "/to", "w").write(",".join(map(str, tos)))
PY
	"$mapc" route "$town" --pairs "$folder/pairs.csv" --class "$class" | awk -F, 'NR > 1 && $5 >= 0 { print $1 "," $3 "," $5 }' | sort >"$folder/ours"
	psql -X -q -v ON_ERROR_STOP=1 "$postgres_url" <<SQL >"$folder/psql.log" 2>&1 || { cat "$folder/psql.log"; return 1; }
create extension if not exists pgrouting cascade;
drop table if exists edges;
create table edges (id bigint, source bigint, target bigint, cost double precision);
\copy edges from '$folder/edges.csv' csv
\copy (select start_vid, end_vid, agg_cost::bigint from pgr_dijkstraCost('select * from edges', array[$(cat "$folder/from")]::bigint[], array[$(cat "$folder/to")]::bigint[], true)) to '$folder/theirs.csv' csv
SQL
	sort "$folder/theirs.csv" >"$folder/theirs"
	echo "$name $class: $(wc -l <"$folder/theirs") of 1000 pairs have a way, $(comm -12 "$folder/ours" "$folder/theirs" | wc -l) equal"
	[ "$(wc -l <"$folder/theirs")" -gt 100 ] || { echo "WRONG: hardly any way"; return 1; }
	diff "$folder/ours" "$folder/theirs" >"$folder/diff" || { head "$folder/diff"; return 1; }
}

"$mapc" synth --seed 3 --inhabitants 12000 --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" >/dev/null &&
	"$mapc" build --osm "$folder/t.osm.pbf" -o "$folder/generated.zmap" >/dev/null || exit 1
compare generated "$folder/generated.zmap" shuttle || failed=1
compare generated "$folder/generated.zmap" van || failed=1
real=${ZUB_DATA:-}/heidelberg/heidelberg.test.pbf
if [ -f "$real" ]; then
	"$mapc" build --osm "$real" -o "$folder/heidelberg.zmap" >/dev/null || exit 1
	compare Heidelberg "$folder/heidelberg.zmap" van || failed=1
else
	echo "skipped: no heidelberg in ZUB_DATA"
fi
exit $failed
