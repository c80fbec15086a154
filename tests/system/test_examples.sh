#!/usr/bin/env bash
# slow
# The worked examples of ARCHITECTURE.md hold: a need that a town adds without code, a message of the vehicle link, a constraint of planning.
# The last two are patches: put on a copy of the tree, built as far as needed, and their own tests pass.
set -euo pipefail
. "$ZUB_SOURCE/tests/support/service.sh"
examples=$ZUB_SOURCE/tests/examples

# ---- a message, a constraint ----
mkdir "$folder/tree"
(cd "$ZUB_SOURCE" && tar --exclude=./build --exclude=./state --exclude=./.git --exclude=node_modules -cf - .) | tar -C "$folder/tree" -xf -
for example in message constraint; do
	patch -d "$folder/tree" -p1 -F3 -s <"$examples/$example.patch" >"$folder/patch.log" || die "$example.patch does not fit any more: renew it"
done
(cd "$folder/tree" && cmake -S . -B build -G Ninja >"$folder/cmake.log" && ninja -C build test_example_message test_example_constraint vehicle-agent >"$folder/ninja.log") ||
	die "the examples do not build"
for example in message constraint; do "$folder/tree/build/tests/test_example_$example" >"$folder/$example.log" 2>&1 || die "$example: its test fails"; done

# ---- a need ----
service_make 2 60
"$ZUB_BIN/mapc" build --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" --town "$examples/need.yaml" -o "$folder/town.zmap" >"$folder/mapc.log" 2>&1 || die "need.yaml"
python3 - "$folder/fleet.yaml" <<'PY' # one vehicle with room for a board, one without
import re, sys
text = open(sys.argv[1]).read()
rooms = iter(("[6, 1, 1]", "[6, 1, 0]"))
open(sys.argv[1], "w").write(re.sub(r"spaces: *\[[^\]]*\]", lambda match: "spaces: " + next(rooms), text))
PY
service_start "$dispatcher"
service_agents
service_riders 30
places() { # of some rider's request
	"$dispatcher" log --settings "$folder/settings.yaml" --personal --most 100000 >"$folder/log.txt"
	python3 - "$folder/log.txt" "$1" <<'PY'
import json, re, sys
line = next((line for line in open(sys.argv[1]) if " request at=" in line), None)
if line:
    place = lambda end: {name: int(re.search(rf" {end}\.point\.{name}_e7=(-?\d+)", line).group(1)) / 1e7 for name in ("lat", "lon")}
    print(json.dumps({"from": place("from"), "to": place("to"), "needs": {"seat": 1, "surfboard": int(sys.argv[2])}}))
PY
}
somebody_asked() { [ -n "$(places 1)" ]; }
until_true 60 "somebody asks for a ride" somebody_asked
refused() { ask POST /api/v1/requests "$(places 2)" | grep -q '"code":"party_too_large"'; }
until_true 60 "two surfboards are refused: no vehicle has room for them" refused
offered() { ask POST /api/v1/requests "$(places 1)" >"$folder/asked.txt"; grep -q '"code":"offered"' "$folder/asked.txt"; }
until_true 60 "a ride with a surfboard is offered" offered
grep -q '"vehicle":"Shuttle 1"' "$folder/asked.txt" || die "not by the vehicle with room for it: $(cat "$folder/asked.txt")"
grep -q '"vehicle":"Shuttle 2"' "$folder/asked.txt" && die "by a vehicle without room for it"
[ "$(curl -sf "$address/api/v1/town" | python3 -c 'import json, sys; print([n for n in json.load(sys.stdin)["needs"] if "surfboard" in json.dumps(n)] != [])')" = True ] || die "the page does not show it"
echo "message and constraint patched, built, tested; a surfboard is taken where there is room"
