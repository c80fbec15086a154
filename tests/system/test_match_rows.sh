#!/bin/bash
# bench match reads vehicles and requests by arc or by latitude and longitude, from imported graphs and from towns with turn
# rules; of a bad row it says file, line and what was expected.
set -eu
bench=$ZUB_BIN/../bench/bench_match
mapc=$ZUB_BIN/mapc
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder"

# 8 x 8 junctions, some 100 m apart, all streets both ways
awk 'BEGIN { print "p sp 64 224"; for (v = 1; v <= 64; v++) {
	if (v % 8) printf "a %d %d 120\na %d %d 130\n", v, v + 1, v + 1, v
	if (v <= 56) printf "a %d %d 140\na %d %d 150\n", v, v + 8, v + 8, v } }' >grid.gr
awk 'BEGIN { print "p aux sp co 64"; for (v = 0; v < 64; v++) printf "v %d %d %d\n", v + 1, 8600000 + v % 8 * 1400, 49400000 + int(v / 8) * 900 }' >grid.co
sed 's/ 1[0-9]0$/ 100/' grid.gr >grid.len
"$mapc" import-dimacs --gr grid.gr --co grid.co --len grid.len --unit-ms 100 --len-mm 1000 -o grid.zmap >/dev/null
"$mapc" synth --seed 7 --inhabitants 5000 --osm town.osm.pbf --gtfs town.zip >/dev/null
"$mapc" build --osm town.osm.pbf -o town.zmap >/dev/null

run() { "$bench" --map "$1" --vehicles "$2" --requests "$3" --costs "$4" "${@:5}" >figures; }
# refused "WORDS" MAP VEHICLES REQUESTS: said, and no figures
refused() {
	if run "$2" "$3" "$4" none.csv "${@:5}" 2>said; then echo "no error: $1"; exit 1; fi
	grep -qF -- "$1" said || { echo "wanted: $1"; cat said; exit 1; }
	[ ! -s figures ] || { echo "figures in spite of: $1"; exit 1; }
}

# the same by arc and by coordinates just before the far end of the arc, on its right
printf 'arc,seats,start_ms,end_ms\n0,4,0,90000000\n100,4,0,90000000\n' >v.csv
printf 'from_arc,to_arc,time_ms,party\n10,200,2000,1\n40,120,3000,1\n' >r.csv
"$mapc" export grid.zmap --class van --nodes nodes.csv --arcs arcs.csv --turns turns.csv >/dev/null
# at ARC: a point nine tenths along it and 5 m to its right
at() {
	awk -F, -v arc="$1" 'NR == FNR { lat[NR - 2] = $2; lon[NR - 2] = $3; next } FNR == arc + 2 {
		dy = lat[$2] - lat[$1]; dx = lon[$2] - lon[$1]; size = sqrt(dx * dx * 0.42 + dy * dy)
		printf "%.7f,%.7f", lat[$1] + 0.9 * dy - 5e-5 * dx * 0.65 / size, lon[$1] + 0.9 * dx + 5e-5 * dy / 0.65 / size }' nodes.csv arcs.csv
}
printf 'lat,lon,seats,start_ms,end_ms\n%s,4,0,90000000\n%s,4,0,90000000\n' "$(at 0)" "$(at 100)" >v2.csv
printf 'time_ms,from_lat,from_lon,to_lat,to_lon,party\n2000,%s,%s,1\n3000,%s,%s,1\n' "$(at 10)" "$(at 200)" "$(at 40)" "$(at 120)" | gzip >r2.csv.gz
run grid.zmap v.csv r.csv arcs.out
run grid.zmap v2.csv r2.csv.gz places.out
[ "$(wc -l <arcs.out)" = 3 ]
cmp arcs.out places.out

# on foot to the best junction: never dearer for the first who asks, and somebody walks
run grid.zmap v.csv r.csv walks.out --walk 200
grep -q '"phase":"request_without_walks"' figures
grep -q '"walk_most_s":200,"mean_walk_s":[1-9]' figures
[ "$(sed -n 2p walks.out | cut -d, -f5)" -lt "$(sed -n 2p arcs.out | cut -d, -f5)" ]

# a town with turn rules: anywhere near its streets
middle=$("$mapc" export town.zmap --class shuttle --nodes nodes.csv --arcs arcs.csv --turns turns.csv >/dev/null; awk -F, 'NR == 100 || NR == 200 { printf "%s,%s ", $2, $3 }' nodes.csv)
read -r here there <<<"$middle"
[ "$(wc -l <turns.csv)" -gt 100 ]
printf 'lat,lon,seats,start_ms,end_ms\n%s,4,0,90000000\n' "$here" >v3.csv
printf 'from_lat,from_lon,to_lat,to_lon,time_ms,party\n%s,%s,0,1\n%s,%s,100000,1\n' "$there" "$here" "$here" "$there" >r3.csv
run town.zmap v3.csv r3.csv town.out
[ "$(wc -l <town.out)" = 3 ]

refused '--twin and --walk need a map without turn rules' town.zmap v3.csv r3.csv --walk 300
refused '--walk: expected seconds up to 3600' grid.zmap v.csv r.csv --walk 3601
refused 'cannot read nowhere.csv' grid.zmap v.csv nowhere.csv
printf 'arc,seats,start_ms,end_ms\n0,4,0,90000000\n224,4,0,90000000\n' >bad.csv
refused 'bad.csv: line 3: arc: expected a whole number from 0 to 223' grid.zmap bad.csv r.csv
printf 'arc,seats,start_ms,end_ms\n0,4x,0,90000000\n' >bad.csv
refused 'bad.csv: line 2: seats: expected a whole number from 1 to 1000' grid.zmap bad.csv r.csv
printf 'arc,seats,start_ms,end_ms\n0,4,0\n' >bad.csv
refused 'bad.csv: line 2: expected as many cells as column names' grid.zmap bad.csv r.csv
printf 'arc,seats,end_ms\n0,4,0\n' >bad.csv
refused 'bad.csv: line 2: start_ms: expected a whole number' grid.zmap bad.csv r.csv
printf 'arc,seats,start_ms,end_ms\n' >bad.csv
refused 'no vehicles: bad.csv' grid.zmap bad.csv r.csv
printf 'from_arc,to_arc,time_ms,party\n10,200,2000,1\n10,20,1000,1\n' >bad.csv
refused 'bad.csv: line 3: time_ms: expected a whole number from 2000' grid.zmap v.csv bad.csv
printf 'from_arc,to_arc,time_ms,party\n10,10,2000,1\n' >bad.csv
refused 'bad.csv: line 2: expected two places' grid.zmap v.csv bad.csv
printf 'from_lat,from_lon,to_lat,time_ms,party\n49.4,8.6,49.41,2000,1\n' >bad.csv
refused 'bad.csv: line 2: to_arc: expected this column, or latitude and longitude' grid.zmap v.csv bad.csv
printf 'from_lat,from_lon,to_lat,to_lon,time_ms,party\n49.4,8.6,49.4x,8.6,2000,1\n' >bad.csv
refused 'bad.csv: line 2: to_lat: expected degrees' grid.zmap v.csv bad.csv
printf 'from_lat,from_lon,to_lat,to_lon,time_ms,party\n49.4,8.6,48.0,8.6,2000,1\n' >bad.csv
refused 'bad.csv: line 2: to_lat: expected a place within 500 m' grid.zmap v.csv bad.csv
gzip -c r.csv | head -c 40 >bad.csv
refused 'bad.csv: line' grid.zmap v.csv bad.csv
echo "rows by arc and by coordinates, a town with turn rules, walks, eleven bad files"
