#!/usr/bin/env bash
# ./run by its parts: what the usage says is what is understood, wrong options are refused before anything is built, paths with spaces,
# two builds at once, no free port.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed() { echo "FAILED: $*"; exit 1; }
run=$ZUB_SOURCE/run
refused() { # expected-text options...
	local expected=$1
	shift
	"$run" "$@" >"$folder/out" 2>&1 && failed "taken: $*"
	grep -q -e "$expected" "$folder/out" || failed "$*: $(cat "$folder/out")"
}

"$run" --help >"$folder/usage"
for option in $(sed -n '/^parse() {/,/^}/p' "$run" | grep -o -e '^\t\t--[a-z-]*)' | tr -d '\t)'); do
	grep -q -e " $option\b" "$folder/usage" || failed "the usage does not tell of $option"
done
for option in $(grep -o -e '--[a-z][a-z-]*' "$folder/usage" | sort -u); do
	[ "$option" = --fast ] || grep -q -e "$option)" "$run" || grep -q -e "| $option " "$run" || failed "the usage tells of $option, which is not there"
done
for option in --port --minutes --per-hour --seed --vehicles; do
	for value in 1.5 -1 x ""; do refused "$option.*whole number" $option "$value"; done
	refused "needs a value" $option
done
refused "from 1 to 65535" --port 65536
refused "from 1 to 256" --vehicles 0
refused "from 0.001 to 1000" --speed 0
refused "no such file" --osm "$folder/no file"
refused "needs --osm" --gtfs "$run"
refused "expected an instant" --start yesterday
refused "unknown option --sped" --sped 3
refused "is needed" demo
mkdir "$folder/precious"
touch "$folder/precious/thing"
refused "is there already" demo --minutes 10 --state "$folder/precious"
[ -e "$folder/precious/thing" ] || failed "a folder that is not ours was emptied"

# ---- its functions (a copy of the script, so that its checkout is ours) ----
mkdir -p "$folder/check out/tests/support" "$folder/check out/bin"
cp "$run" "$folder/check out/run"
cp "$ZUB_SOURCE/tests/support/postgres.sh" "$folder/check out/tests/support/"
ln -s "$ZUB_BIN/mapc" "$folder/check out/bin/mapc"
"$ZUB_BIN/mapc" synth --seed 3 --inhabitants 5000 --osm "$folder/my town.osm.pbf" --gtfs "$folder/t.zip" >/dev/null
(
	# shellcheck disable=SC1091
	. "$folder/check out/run"
	parse --osm "$folder/my town.osm.pbf" --gtfs "$folder/t.zip"
	case $(town_name) in "my town-"[0-9]*) ;; *) failed "name $(town_name)" ;; esac
	state="$folder/the state"
	mkdir "$state"
	make_town 2>/dev/null
	made=$(stat -c %Y.%i "$state/town.zmap")
	make_town 2>/dev/null
	[ "$(stat -c %Y.%i "$state/town.zmap")" = "$made" ] || failed "made again, though nothing changed"
	touch -d 'next hour' "$folder/my town.osm.pbf"
	make_town 2>/dev/null
	[ "$(stat -c %Y.%i "$state/town.zmap")" != "$made" ] || failed "not made again from a newer file"
) || exit 1
(
	# shellcheck disable=SC1091
	. "$folder/check out/run"
	shuf() { :; }
	(port=$(free_port) || exit 1; echo "went on with \"$port\"") 2>"$folder/out" && failed "no free port, and it goes on"
	grep -q 'no free port' "$folder/out" || failed "$(cat "$folder/out")"
) || exit 1
mkdir "$folder/tools"
cat >"$folder/tools/ninja" <<TXT
#!/bin/sh
echo begin >>"$folder/builds"
sleep 0.3
echo end >>"$folder/builds"
TXT
printf '#!/bin/sh\necho "ii "\n' >"$folder/tools/dpkg-query"
printf '#!/bin/sh\nmkdir -p build; touch build/build.ninja\n' >"$folder/tools/cmake"
chmod +x "$folder/tools/"*
for _ in 1 2 3; do (cd "$folder/check out" && PATH="$folder/tools:$PATH" ./run build 2>"$folder/err.txt") & done
wait
[ "$(tr '\n' ' ' <"$folder/builds")" = "begin end begin end begin end " ] || failed "builds at once: $(tr '\n' ' ' <"$folder/builds") $(cat "$folder/err.txt")"
echo "run: usage, options, paths, one build at a time: ok"
