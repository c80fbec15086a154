#!/bin/bash
# Every subcommand of mapc as a user calls it, what it prints and what it leaves behind; and each way it can fail.
set -u
mapc=$ZUB_BIN/mapc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
n_wrong=0

wrong() {
	echo "WRONG: $*"
	n_wrong=$((n_wrong + 1))
}

# ok NAME COMMAND...: exit status 0 and nothing on stderr
ok() {
	local name=$1
	shift
	"$@" > out 2> err || wrong "$name: exit status $? ($(cat err))"
	[ -s err ] && wrong "$name: said $(cat err)"
}

# fails STATUS WORDS COMMAND...: that exit status, one line on stderr with these words, nothing on stdout
fails() {
	local status=$1 words=$2 got
	shift 2
	"$@" > out 2> err
	got=$?
	[ "$got" = "$status" ] || wrong "$*: exit status $got, expected $status"
	[ "$(wc -l < err)" = 1 ] || wrong "$*: $(wc -l < err) lines on stderr"
	grep -qF -- "$words" err || wrong "$*: \"$(cat err)\" lacks \"$words\""
	[ -s out ] && [ "$got" != 0 ] && [ "$1 $2" != "$mapc route" ] && wrong "$*: wrote to stdout: $(head -1 out)"
	return 0
}

has() {
	grep -qF -- "$1" out || wrong "lacks \"$1\": $(head -5 out)"
}

absent() {
	for file in "$@"; do
		[ -e "$file" ] && wrong "$file was left behind"
	done
	ls -A | grep -q part- && wrong "a part file was left behind"
	return 0
}

cat > town.osm <<'XML'
<osm version="0.6">
 <node id="1" lat="49.400" lon="8.600"/><node id="2" lat="49.400" lon="8.602"/><node id="3" lat="49.402" lon="8.602"/>
 <node id="4" lat="49.402" lon="8.600"/><node id="5" lat="49.401" lon="8.601"><tag k="addr:street" v="Ring"/><tag k="addr:housenumber" v="7"/></node>
 <way id="10"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/><tag k="name" v="Ring"/></way>
 <way id="11"><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/><tag k="name" v="Oststraße"/></way>
 <way id="12"><nd ref="3"/><nd ref="4"/><tag k="highway" v="residential"/><tag k="oneway" v="yes"/></way>
 <way id="13"><nd ref="4"/><nd ref="1"/><tag k="highway" v="residential"/></way>
 <relation id="20"><member type="way" ref="10" role="from"/><member type="node" ref="2" role="via"/><member type="way" ref="11" role="to"/>
  <tag k="type" v="restriction"/><tag k="restriction" v="no_left_turn"/></relation>
</osm>
XML
cat > town.yaml <<'YAML'
name: Probe
classes: [{name: van, u_turns: dead_ends, signal: 0 s}]
YAML

# --- help, versions, usage
ok help $mapc --help
has "mapc build --osm FILE"
ok version $mapc --version
has "mapc "
ok "help of one" $mapc build --help
has "--osm FILE"
$mapc > out 2> err; [ $? = 2 ] || wrong "no command: expected exit status 2"
fails 2 'unknown command "compile"' $mapc compile
fails 2 '--osm is missing' $mapc build -o town.zmap
fails 2 '-o is missing' $mapc build --osm town.osm
fails 2 '--osm needs a value' $mapc build -o town.zmap --osm
fails 2 '--osm is given twice' $mapc build --osm a --osm b -o c
fails 2 'unknown option --fast' $mapc build --fast --osm town.osm -o town.zmap
fails 2 'unexpected "extra"' $mapc build extra --osm town.osm -o town.zmap
fails 2 '--date' $mapc build --osm town.osm --date tomorrow -o town.zmap
absent town.zmap

# --- build
ok build $mapc build --osm town.osm --town town.yaml -o town.zmap
has "4 nodes and 7 arcs of roads"
ok "build again" $mapc build --osm town.osm --town town.yaml -o again.zmap
cmp -s town.zmap again.zmap || wrong "the same input gave other bytes"
gzip -k town.osm
ok "build from gzip" $mapc build --osm town.osm.gz --town town.yaml --date 20300101 -o zip.zmap
ok "options with =" $mapc build --osm=town.osm -o=plain.zmap
rm -f again.zmap zip.zmap plain.zmap

fails 1 'nowhere.osm: No such file' $mapc build --osm nowhere.osm -o bad.zmap
fails 1 'town.yaml: No such file' $mapc build --osm town.osm --town nowhere/town.yaml -o bad.zmap
fails 1 'timetable.zip' $mapc build --osm town.osm --gtfs timetable.zip -o bad.zmap
fails 1 'not OSM PBF' $mapc build --osm town.yaml -o bad.zmap
head -c 600 town.osm > cut.osm
fails 1 'cut.osm: line ' $mapc build --osm cut.osm -o bad.zmap
printf 'name: X\nclasses: [{name: van, wheels: 4}]\n' > bad.yaml
fails 1 'bad.yaml:2:23: ' $mapc build --osm town.osm --town bad.yaml -o bad.zmap
printf '<osm><node id="1" lat="49" lon="8"/></osm>' > empty.osm
fails 1 'no streets' $mapc build --osm empty.osm -o bad.zmap
printf 'crs: EPSG:0\n' > crs.yaml
fails 1 'EPSG:0' $mapc build --osm town.osm --town crs.yaml -o bad.zmap
printf 'time_zone: Mars/Olympus\n' > zone.yaml
fails 1 'Mars/Olympus' $mapc build --osm town.osm --town zone.yaml -o bad.zmap
fails 1 'nowhere/bad.zmap' $mapc build --osm town.osm -o nowhere/bad.zmap
absent bad.zmap
cp town.zmap keep.zmap
fails 1 'cut.osm' $mapc build --osm cut.osm -o keep.zmap
cmp -s town.zmap keep.zmap || wrong "a failed build touched the file that was there"

# --- info
ok info $mapc info town.zmap
has "name: Probe"
has "road.arcs: 7"
ok "info --json" $mapc info town.zmap --json
python3 -c 'import json,sys; t = json.load(open("out")); assert t["road"]["arcs"] == 7 and t["road"]["classes"][0]["name"] == "van"' ||
	wrong "info --json is not the JSON expected"
fails 2 'expected a town file' $mapc info
fails 1 'nowhere.zmap' $mapc info nowhere.zmap
fails 1 'town.osm' $mapc info town.osm
head -c 3000 town.zmap > cut.zmap
fails 1 'cut.zmap' $mapc info cut.zmap

# --- route
ok route $mapc route town.zmap --from 49.4001,8.6005 --to 49.4010,8.6021
has " arcs, from arc "
has "Ring"
ok "route --geojson" $mapc route town.zmap --from 49.4001,8.6005 --to 49.4010,8.6021 --geojson --class van
python3 -c '
import json
f = json.load(open("out"))
assert f["type"] == "Feature" and f["geometry"]["type"] == "LineString" and f["properties"]["time_ms"] > 0
assert all(8.59 < x < 8.61 and 49.39 < y < 49.41 for x, y in f["geometry"]["coordinates"])' || wrong "route --geojson"
printf 'from_lat,from_lon,to_lat,to_lon\r\n49.4001,8.6005,49.4010,8.6021\r\n10.0,10.0,49.4010,8.6021\r\n' > pairs.csv
ok "route --pairs" $mapc route town.zmap --pairs pairs.csv
[ "$(head -1 out)" = from_arc,from_mm,to_arc,to_mm,time_ms,dist_mm ] || wrong "header of route --pairs"
[ "$(sed -n 3p out | cut -d, -f1,2,5,6)" = -1,-1,-1,-1 ] || wrong "a place far from any road: $(sed -n 3p out)"
sed -n 2p out | cut -d, -f1-4 > row
{ echo from_arc,from_mm,to_arc,to_mm; cat row; } > arcs.csv
sed -n 2p out > first
ok "route --pairs by arc" $mapc route town.zmap --pairs arcs.csv
[ "$(sed -n 2p out)" = "$(cat first)" ] || wrong "by arc: $(sed -n 2p out), by place: $(cat first)"
ok "route --candidates" $mapc route town.zmap --from 49.4001,8.6005 --to 49.4010,8.6021 --candidates 4
fails 2 '--candidates' $mapc route town.zmap --from 49.4001,8.6005 --to 49.4010,8.6021 --candidates 99
ok "route --isochrone" $mapc route town.zmap --isochrone 2 --from 49.4001,8.6005
has 'arc,time_ms,from_mm,to_mm'
[ "$(wc -l < out)" -gt 2 ] || wrong "route --isochrone: nothing is within reach"
ok "route --isochrone --geojson" $mapc route town.zmap --isochrone 2 --from 49.4001,8.6005 --geojson
python3 -c 'import json,sys; f=json.load(open("out"))["features"]; sys.exit(not all(len(x["geometry"]["coordinates"]) > 1 for x in f))' ||
	wrong "route --isochrone --geojson: no lines"
fails 2 '--isochrone' $mapc route town.zmap --isochrone soon --from 49.4001,8.6005
fails 2 'expected either --from and --to' $mapc route town.zmap --isochrone 2 --from 49.4,8.6 --to 49.4,8.6
ok check $mapc check town.zmap
ok "check --json" $mapc check town.zmap --json
python3 -c 'import json; json.load(open("out"))["faults"]' || wrong "check --json: no list of faults"
ok "check --geojson" $mapc check town.zmap --geojson
python3 -c 'import json; assert json.load(open("out"))["type"] == "FeatureCollection"' || wrong "check --geojson"
fails 2 'not both' $mapc check town.zmap --json --geojson
fails 1 'no.zmap' $mapc check no.zmap
fails 2 'expected either --from and --to' $mapc route town.zmap --from 49.4,8.6
fails 2 'expected either --from and --to' $mapc route town.zmap --from 49.4,8.6 --to 49.4,8.6 --pairs pairs.csv
fails 2 'expected LAT,LON' $mapc route town.zmap --from here --to 49.4,8.6
fails 1 'no road of the class' $mapc route town.zmap --from 10.0,10.0 --to 49.4,8.6
fails 1 'no vehicle class "tram"' $mapc route town.zmap --from 49.4,8.6 --to 49.4,8.602 --class tram
fails 1 'pairs.txt: No such file' $mapc route town.zmap --pairs pairs.txt
printf 'a,b\n1,2\n' > bad.csv
fails 1 'bad.csv: line 1' $mapc route town.zmap --pairs bad.csv
printf 'from_arc,from_mm,to_arc,to_mm\n0,0,1,0\n0,0,7,0\n' > bad.csv
fails 1 'bad.csv: line 3' $mapc route town.zmap --pairs bad.csv
printf 'from_arc,from_mm,to_arc,to_mm\n0,999999999,1,0\n' > bad.csv
fails 1 'bad.csv: line 2' $mapc route town.zmap --pairs bad.csv
printf 'from_lat,from_lon,to_lat,to_lon\n49.4,8.6,49.4\n' > bad.csv
fails 1 'bad.csv: line 2' $mapc route town.zmap --pairs bad.csv

# --- export
ok export $mapc export town.zmap --class van --nodes nodes.csv --arcs arcs.csv --turns turns.csv
[ "$(wc -l < nodes.csv)" = 5 ] && [ "$(wc -l < arcs.csv)" = 8 ] || wrong "rows of the export"
[ "$(head -1 arcs.csv)" = tail,head,time_ms,dist_mm ] || wrong "header of the arcs"
grep -q '^-1,' turns.csv || wrong "no forbidden turn in the export"
rm nodes.csv arcs.csv turns.csv
fails 2 '--turns is missing' $mapc export town.zmap --class van --nodes nodes.csv --arcs arcs.csv
fails 1 'no vehicle class' $mapc export town.zmap --class tram --nodes nodes.csv --arcs arcs.csv --turns turns.csv
fails 1 'nowhere/turns.csv' $mapc export town.zmap --class van --nodes nodes.csv --arcs arcs.csv --turns nowhere/turns.csv
absent nodes.csv arcs.csv turns.csv

# --- import-dimacs
printf 'c a square\np sp 4 5\na 1 2 10\na 2 1 11\na 2 3 20\na 3 4 30\na 4 1 40\n' > g.gr
printf 'p aux sp co 4\nv 1 8600000 49400000\nv 2 8602000 49400000\nv 3 8602000 49402000\nv 4 8600000 49402000\n' > g.co
sed 's/ 10$/ 100/' g.gr > g.len
ok import $mapc import-dimacs --gr g.gr --co g.co --len g.len -o g.zmap
has "4 nodes and 5 arcs"
ok "export of the import" $mapc export g.zmap --class van --nodes nodes.csv --arcs arcs.csv --turns turns.csv
[ "$(sed -n 2,6p arcs.csv | tr '\n' ' ')" = "0,1,1000,100000 1,0,1100,11000 1,2,2000,20000 2,3,3000,30000 3,0,4000,40000 " ] ||
	wrong "imported arcs: $(sed -n 2,6p arcs.csv | tr '\n' ' ')"
[ "$(wc -l < turns.csv)" = 1 ] || wrong "turns of an imported graph are free"
printf 'from_arc,from_mm,to_arc,to_mm\n0,0,1,11000\n' > p.csv
ok "U-turn of an imported graph" $mapc route g.zmap --pairs p.csv
[ "$(sed -n 2p out)" = 0,0,1,11000,2100,111000 ] || wrong "U-turn: $(sed -n 2p out)"
ok "import with units" $mapc import-dimacs --gr g.gr --co g.co --unit-ms 7 --class car -o g2.zmap
ok "class of the import" $mapc export g2.zmap --class car --nodes nodes.csv --arcs arcs.csv --turns turns.csv
sed -n 2p arcs.csv | grep -q '^0,1,70,14[45]' || wrong "units: $(sed -n 2p arcs.csv)"
gzip -k g.gr
ok "import from gzip" $mapc import-dimacs --gr g.gr.gz --co g.co -o g3.zmap
fails 2 '--co is missing' $mapc import-dimacs --gr g.gr -o bad.zmap
fails 2 '--unit-ms "x"' $mapc import-dimacs --gr g.gr --co g.co --unit-ms x -o bad.zmap
fails 1 'nowhere.gr: No such file' $mapc import-dimacs --gr nowhere.gr --co g.co -o bad.zmap
sed 's/a 3 4 30/a 3 5 30/' g.gr > bad.gr
fails 1 'bad.gr: line 6' $mapc import-dimacs --gr bad.gr --co g.co -o bad.zmap
head -5 g.gr > bad.gr
fails 1 'bad.gr: line 6: expected more arcs' $mapc import-dimacs --gr bad.gr --co g.co -o bad.zmap
{ cat g.gr; echo 'a 1 2 3'; } > bad.gr
fails 1 'expected the end' $mapc import-dimacs --gr bad.gr --co g.co -o bad.zmap
sed 's/v 3/v 2/' g.co > bad.co
fails 1 'bad.co: line 4' $mapc import-dimacs --gr g.gr --co bad.co -o bad.zmap
sed 's/a 2 1/a 1 3/' g.len > bad.len
fails 1 'bad.len: line 4' $mapc import-dimacs --gr g.gr --co g.co --len bad.len -o bad.zmap
absent bad.zmap

# --- synth, derive-timetable: what they write is what build reads
ok synth $mapc synth --seed 1 --inhabitants 5000 --osm s.osm.pbf --gtfs s.zip
ok "synth again" $mapc synth --seed 1 --inhabitants 5000 --osm s2.osm.pbf --gtfs s2.zip
cmp -s s.osm.pbf s2.osm.pbf && cmp -s s.zip s2.zip || wrong "the same seed gave other bytes"
ok "build of synth" $mapc build --osm s.osm.pbf --gtfs s.zip -o s.zmap
ok "a day with service" $mapc build --osm s.osm.pbf --gtfs s.zip --date 20260603 -o s3.zmap
for day in 20300101 20260231; do
	fails 1 "date $day: no trip of the timetable runs that day, only from 20260101 to 20271231" $mapc build --osm s.osm.pbf --gtfs s.zip --date $day -o bad.zmap
done
absent bad.zmap
sed 's#</osm>##' town.osm > lines.osm
cat >> lines.osm <<'XML'
 <node id="30" lat="49.400" lon="8.601"><tag k="name" v="Markt"/><tag k="public_transport" v="stop_position"/><tag k="bus" v="yes"/></node>
 <node id="31" lat="49.402" lon="8.601"><tag k="name" v="Tor"/><tag k="public_transport" v="stop_position"/><tag k="bus" v="yes"/></node>
 <relation id="40"><member type="node" ref="30" role="stop"/><member type="node" ref="31" role="stop"/><member type="way" ref="10" role=""/>
  <tag k="type" v="route"/><tag k="route" v="bus"/><tag k="ref" v="1"/></relation>
</osm>
XML
ok "derive-timetable" $mapc derive-timetable --osm lines.osm --first 20260101 --last 20260201 --headway-s 1800 -o d.zip
ok "build of the derived" $mapc build --osm lines.osm --gtfs d.zip -o d.zmap
ok "info of the derived" $mapc info d.zmap
has "invented: yes"
fails 2 '--inhabitants "12"' $mapc synth --seed 1 --inhabitants 12 --osm x.osm.pbf --gtfs x.zip
fails 2 'same file' $mapc synth --seed 1 --inhabitants 5000 --osm x --gtfs x
fails 1 'nowhere' $mapc synth --seed 1 --inhabitants 5000 --osm x.osm.pbf --gtfs nowhere/x.zip
fails 1 'nowhere' $mapc derive-timetable --osm lines.osm -o nowhere/x.zip
fails 1 'nowhere.osm' $mapc derive-timetable --osm nowhere.osm -o x.zip
fails 1 'expected at least one bus route' $mapc derive-timetable --osm town.osm -o x.zip
fails 2 '--last lies before --first' $mapc derive-timetable --osm lines.osm --first 20260202 --last 20260101 -o x.zip
absent x.osm.pbf x.zip nowhere

# --- a full disk is one clear line too
if [ -w /dev/full ]; then
	$mapc info town.zmap > /dev/full 2> err && wrong "info to a full disk: exit status 0"
	$mapc route town.zmap --pairs pairs.csv > /dev/full 2> err && wrong "route to a full disk: exit status 0"
fi

if [ $n_wrong != 0 ]; then
	echo "$n_wrong wrong"
	exit 1
fi
echo "all right"
