#!/usr/bin/env bash
# check-settings tells everything that is wrong at once, by line and column, what is worth a second look, and what is in force; it changes
# nothing. Every program says its version and the formats it reads.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
die() { echo "FAILED: $*"; cat "$folder"/*.txt; exit 1; }
expect() { grep -qF -- "$1" "$folder/errors.txt" || die "not told: $1"; }

"$ZUB_BIN/mapc" synth --seed 3 --inhabitants 5000 --osm t.osm.pbf --gtfs t.zip >/dev/null
"$ZUB_BIN/mapc" build --osm t.osm.pbf --gtfs t.zip -o town.zmap >/dev/null 2>&1
for number in 1 2; do "$ZUB_BIN/vehicle-agent" --key "vehicle-$number.key" --make-key >/dev/null; done
"$ZUB_BIN/sim" fleet --town town.zmap --keys . --vehicles 2 >fleet.yaml
mkdir -m 700 state
cat >right.yaml <<'TXT'
town: town.zmap
fleet: fleet.yaml
clock: {start: "2026-06-03T06:00:00Z", speed: 2.5}
http: {port: 0}
TXT
"$ZUB_BIN/dispatcher" check-settings --settings right.yaml >effective.txt 2>errors.txt || die "right settings are refused"
expect "0 errors"
expect "warning: clock.start is set"
grep -qx 'clock.speed: 2.5  # default: 1' effective.txt || die "what is in force is not told"
grep -qx 'core.offer_hold: 1 min' effective.txt || die "defaults are not told"
[ "$(wc -l <effective.txt)" = "$("$ZUB_BIN/dispatcher" settings | sed '/^## The fleet/,$d' | grep -c '^| `[a-z_.]*` |')" ] || die "some setting is not told"
[ -z "$(ls state)" ] || die "something was made: $(ls state)"

cat >wrong.yaml <<'TXT'
town: town.zmap
fleet: fleet-wrong.yaml
nonsense: 3
http: {port: 99999, adress: "::1"}
link:
  heartbeat: soon
TXT
cat >fleet-wrong.yaml <<'TXT'
vehicles:
  - {number: 1, name: A, key: abc}
  - {number: 2, name: B, key: "0123456789012345678901234567890123456789", class: tank, depot: "1.0,1.0", spaces: [4]}
  - {number: 3, name: C, key: "1123456789012345678901234567890123456789", wheels: 4, spaces: [4]}
TXT
"$ZUB_BIN/dispatcher" check-settings --settings wrong.yaml --set core.x=3 >effective.txt 2>errors.txt && die "wrong settings are taken"
expect 'error: wrong.yaml:3:1: unknown setting "nonsense"'
expect 'error: wrong.yaml:4:14: 99999 is out of range'
expect 'error: wrong.yaml:4:21: unknown setting "http.adress"'
expect 'error: wrong.yaml:6:14: "soon" is not a duration'
expect 'error: --set core.x=3: unknown setting'
expect 'error: fleet-wrong.yaml:2:6: a vehicle needs number'
expect 'error: fleet-wrong.yaml:4:75: unknown setting "wheels"'
expect 'error: fleet-wrong.yaml:3: vehicle 2: the town has no class "tank"'
expect 'error: fleet-wrong.yaml:3: vehicle 2: its depot is not on the map'
expect '9 errors'
"$ZUB_BIN/dispatcher" run --settings wrong.yaml >/dev/null 2>errors.txt && die "it runs"
expect 'wrong.yaml:3:1: unknown setting "nonsense"'

version=$(sed -n 's/^project(zubringer VERSION \([0-9.]*\) .*/\1/p' "$ZUB_SOURCE/CMakeLists.txt")
for program in dispatcher mapc sim vehicle-agent; do
	"$ZUB_BIN/$program" --version >version.txt || die "$program --version"
	grep -qE "^$program $version, .*town files [0-9]+" version.txt || die "$program: $(cat version.txt)"
done
echo "settings checked, versions told"
