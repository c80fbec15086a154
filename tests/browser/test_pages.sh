#!/usr/bin/env bash
# slow
# The pages in a real browser, on a real service: generated town, dispatcher, six shuttles, simulated riders. Screenshots go to
# build/screenshots. Skipped (77) with a reason where Chromium or npm is missing.
set -euo pipefail
source=${ZUB_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
bin=${ZUB_BIN:-$source/build/bin}
chromium=$(command -v chromium || command -v chromium-browser || true)
[ -n "$chromium" ] || { echo "skipped: no chromium (Debian package chromium)"; exit 77; }
command -v npm >/dev/null && command -v node >/dev/null || { echo "skipped: no npm (Debian packages nodejs, npm)"; exit 77; }
for program in mapc dispatcher vehicle-agent sim; do
	[ -x "$bin/$program" ] || { echo "skipped: $bin/$program is not built"; exit 77; }
done

state=$(mktemp -d "${TMPDIR:-/tmp}/zub-pages-XXXXXX")
chmod 700 "$state"
pids=()
finish() {
	local pid
	for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
	rm -rf "$state"
}
trap finish EXIT

# ---- pages and the browser's driver, all inside the checkout ----
bash "$source/dispatcher/web/build.sh"
work=$source/build/browser-work
mkdir -p "$source/build/screenshots"
bash "$source/tests/browser/install.sh"

# ---- a town and its service ----
free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }
town=$state/town.zmap
"$bin/mapc" synth --seed 7 --inhabitants 10000 --osm "$state/town.osm.pbf" --gtfs "$state/town.gtfs.zip" >/dev/null
echo 'profiles: [{name: Schnee, condition: true, slow: 1.4}]' >"$state/town.yaml"
"$bin/mapc" build --osm "$state/town.osm.pbf" --gtfs "$state/town.gtfs.zip" --town "$state/town.yaml" -o "$town" >"$state/mapc.log" 2>&1
for n in 1 2 3 4 5 6; do "$bin/vehicle-agent" --key "$state/vehicle-$n.key" --make-key >/dev/null; done
"$bin/sim" fleet --town "$town" --keys "$state" --vehicles 6 >"$state/fleet.yaml"
cat >"$state/settings.yaml" <<TXT
town: $town
store: sqlite:$state/journal.db
fleet: $state/fleet.yaml
state_folder: $state
clock: {start: "$("$bin/sim" start --town "$town")", speed: 6}
http: {port: $(free_port), web: $source/build/web}
pages: {reports: "$state/reports", imprint: "$state/imprint.txt"}
link: {endpoint: "tcp://127.0.0.1:$(free_port)"}
TXT
mkdir -p "$state/reports/test-day"
printf 'Stadtwerke <b>Prüfstadt</b>\nMusterweg 1\n\nTelefon 0 12 34\n' >"$state/imprint.txt"
cat >"$state/reports/test-day/report.html" <<'HTML'
<!doctype html><html lang="en"><title>Report</title><main><h1>Report</h1><p id="said"></p></main>
<script>let said = 'a page of this service'; try { localStorage.length; } catch { said = 'script ran without an origin'; } document.getElementById('said').textContent = said;</script></html>
HTML
cd "$(dirname "$bin")"
"$bin/dispatcher" run --settings "$state/settings.yaml" >"$state/dispatcher.log" 2>&1 &
pids+=($!)
for _ in $(seq 300); do
	[ -s "$state/addresses" ] && break
	sleep 0.1
done
[ -s "$state/addresses" ] || { cat "$state/dispatcher.log"; exit 1; }
address=$(sed -n 1p "$state/addresses")
while read -r number arguments; do
	# shellcheck disable=SC2086
	"$bin/vehicle-agent" --vehicle "$number" --connect "$(sed -n 2p "$state/addresses")" --server-key "$state/dispatcher.key.pub" --town "$town" \
		--key "$state/vehicle-$number.key" --state "$state/vehicle-$number.state" $arguments >"$state/vehicle-$number.log" 2>&1 &
	pids+=($!)
done < <("$bin/sim" fleet --town "$town" --keys "$state" --vehicles 6 --arguments)
"$bin/sim" live --town "$town" --port "${address##*:}" --token "$state/operator.token" --memory "$state/riders.log" --per-hour 40 --seed 1 >"$state/live.log" 2>&1 &
pids+=($!)

status=0
ZUB_ADDRESS=$address ZUB_TOKEN=$(cat "$state/operator.token") ZUB_CHROMIUM=$chromium ZUB_SHOTS=$source/build/screenshots HOME=$work \
	node "$work/pages.mjs" || status=$?
[ "$status" = 0 ] || tail -n 20 "$state/dispatcher.log"
exit "$status"
