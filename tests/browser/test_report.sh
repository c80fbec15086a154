#!/usr/bin/env bash
# slow
# The planner's report in a real browser: two seeds of a day in Heidelberg (else a generated town), a phone and a desktop, both languages. Screenshots go to
# build/screenshots. Skipped (77) with a reason where Chromium or npm is missing.
set -euo pipefail
source=${ZUB_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
bin=${ZUB_BIN:-$source/build/bin}
chromium=$(command -v chromium || command -v chromium-browser || true)
[ -n "$chromium" ] || { echo "skipped: no chromium (Debian package chromium)"; exit 77; }
command -v npm >/dev/null && command -v node >/dev/null || { echo "skipped: no npm (Debian packages nodejs, npm)"; exit 77; }
work=$source/build/browser-work
state=$(mktemp -d "${TMPDIR:-/tmp}/zub-report-XXXXXX")
trap 'rm -rf "$state"' EXIT
mkdir -p "$source/build/screenshots"
bash "$source/tests/browser/install.sh"

report=${1:-} # a report that is there already, for looking at it by hand
if [ -z "$report" ]; then
	data=${ZUB_DATA:-$source/../shared/data}/heidelberg
	scenario=$source/sim/scenarios/demo.yaml
	if [ -d "$data" ]; then
		scenario=$source/sim/scenarios/heidelberg.yaml
		"$bin/mapc" build --osm "$data/heidelberg.test.pbf" --gtfs "$data/vrn_gtfs_cut.zip" -o "$state/town.zmap" >"$state/mapc.log" 2>&1
	else
		echo "no $data: a generated town in its place"
		"$bin/mapc" synth --seed 7 --inhabitants 10000 --osm "$state/town.osm.pbf" --gtfs "$state/town.gtfs.zip" >/dev/null
		"$bin/mapc" build --osm "$state/town.osm.pbf" --gtfs "$state/town.gtfs.zip" -o "$state/town.zmap" >"$state/mapc.log" 2>&1
	fi
	"$bin/sim" run "$scenario" --town "$state/town.zmap" --out "$state/out" --seeds 1..2 >/dev/null
	report=$state/out/report.html
fi
ZUB_REPORT=$report ZUB_CHROMIUM=$chromium ZUB_SHOTS=$source/build/screenshots HOME=$work node "$work/report.mjs"
