#!/usr/bin/env bash
# The three answers of `dispatcher verify`, each as one line of JSON: replayed, chain only (something erased, or recorded by another engine),
# broken with the number of the first record that is not right, whatever was tampered with.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
die() { echo "FAILED: $*"; exit 1; }
dispatcher=$ZUB_BIN/dispatcher
"$ZUB_BIN/mapc" synth --seed 3 --inhabitants 5000 --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" >/dev/null
"$ZUB_BIN/mapc" build --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" -o "$folder/town.zmap" >/dev/null 2>&1
cat >"$folder/scenario.yaml" <<TXT
town: $folder/town.zmap
minutes: 60
seed: 5
vehicles: 2
demand: {per_hour: 20}
TXT
"$ZUB_BIN/sim" run "$folder/scenario.yaml" --out "$folder/out" --journal >"$folder/sim.txt" 2>&1 || die "sim: $(cat "$folder/sim.txt")"
journal=$(find "$folder/out" -name 'journal*.db' | sed -n 1p)
[ -s "$journal" ] || die "no journal: $(ls -R "$folder/out")"
verify() { # journal: verdict in $verdict, status in $status
	status=0
	verdict=$("$dispatcher" verify --set "town=$folder/town.zmap" --set "store=sqlite:$1" --set "state_folder=$folder/state" 2>"$folder/err.txt") || status=$?
	[ "$(wc -l <<<"$verdict")" = 1 ] && python3 -c 'import json, sys; json.loads(sys.argv[1])' "$verdict" || die "no line of JSON: $verdict $(cat "$folder/err.txt")"
}
mkdir "$folder/state"
verify "$journal"
[ $status = 0 ] && grep -q '"result":"replayed"' <<<"$verdict" || die "$verdict $(cat "$folder/err.txt")"
records=$(sed 's/.*"records":\([0-9]*\).*/\1/' <<<"$verdict")

tampered() { # what SQL record-that-is-wrong
	rm -f "$folder"/copy.db*
	cp "$journal" "$folder/copy.db"
	cp "$journal.keys" "$folder/copy.db.keys"
	sqlite3 "$folder/copy.db" "$2"
	verify "$folder/copy.db"
	[ $status = 1 ] && grep -q '"result":"broken"' <<<"$verdict" && grep -q "\"first_broken\":$3[,}]" <<<"$verdict" && grep -q '"reason":"' <<<"$verdict" ||
		die "$1: expected record $3, got $verdict ($status) $(cat "$folder/err.txt")"
}
column() { sqlite3 "$journal" "SELECT $1"; }
middle=$((records / 2))
sealed=$(column "max(sequence) FROM record WHERE ride <> 0 AND sequence < $middle")
tampered "an open body" "UPDATE record SET body = zeroblob(length(body)) WHERE sequence = $middle" "$middle"
tampered "a sealed body" "UPDATE record SET body = zeroblob(length(body)) WHERE sequence = $sealed" "$sealed"
tampered "a time" "UPDATE record SET at = at + 1 WHERE sequence = $sealed" "$sealed"
tampered "a hash" "UPDATE record SET hash = zeroblob(32) WHERE sequence = $middle" "$middle"
tampered "the first record" "UPDATE record SET body = zeroblob(length(body)) WHERE sequence = 1" 1
tampered "a record taken out" "DELETE FROM record WHERE sequence = $middle" "$middle"
tampered "the end taken away" "DELETE FROM record WHERE sequence > $middle" $((middle + 1))
tampered "the last record" "UPDATE record SET body = zeroblob(length(body)) WHERE sequence = $records" "$records"

# Without its key file every sealed record counts as erased: the chain still holds.
rm -f "$folder"/copy.db*
cp "$journal" "$folder/copy.db"
sqlite3 "$folder/copy.db" "DELETE FROM snapshot"
verify "$folder/copy.db"
[ $status = 0 ] && grep -q '"result":"chain only"' <<<"$verdict" || die "without keys: $verdict $(cat "$folder/err.txt")"
# Erased by a person's decision: one ride, then all that are old enough. The chain holds, what is left is replayed from the snapshot taken then.
tool() { "$dispatcher" "$@" --set "town=$folder/town.zmap" --set "store=sqlite:$folder/copy.db" --set "state_folder=$folder/state"; }
rm -f "$folder"/copy.db*
cp "$journal" "$folder/copy.db"
cp "$journal.keys" "$folder/copy.db.keys"
tool decider-key --name Ada --key "$folder/ada.key" >"$folder/state/deciders.yaml" 2>/dev/null
ride=$(sqlite3 "$folder/copy.db" "SELECT ride FROM record WHERE ride > 0 ORDER BY sequence LIMIT 1")
tool erase "$ride" --why "asked for" >"$folder/out.txt" 2>&1 && die "erased without a key"
tool erase "$ride" --key "$folder/ada.key" --why "asked for by the rider" >"$folder/out.txt" 2>&1 || die "erase: $(cat "$folder/out.txt")"
tool log >"$folder/log.txt"
grep -q "ride=$ride (erased)" "$folder/log.txt" || die "the ride is not erased"
grep -q "\"erase\":\"$ride\".*\"by\":\"Ada\"" "$folder/log.txt" || die "the decision is not in the journal"
verify "$folder/copy.db"
[ $status = 0 ] && grep -q '"result":"replayed"' <<<"$verdict" && ! grep -q '"erased":0' <<<"$verdict" && grep -q '"decisions":1' <<<"$verdict" ||
	die "after an erasure: $verdict $(cat "$folder/err.txt")"
before=$(grep -c '(erased)' "$folder/log.txt")
tool erase --older-than "10 min" --key "$folder/ada.key" --why "kept long enough" >"$folder/out.txt" 2>&1 || die "erase: $(cat "$folder/out.txt")"
tool log >"$folder/log.txt"
[ "$(grep -c '(erased)' "$folder/log.txt")" -gt "$before" ] || die "nothing more was erased: $(cat "$folder/out.txt")"
tool erase --older-than "10 min" --key "$folder/ada.key" --why "kept long enough" | grep -q '^0 rides' || die "erased twice"
verify "$folder/copy.db"
[ $status = 0 ] && grep -q '"result":"replayed"' <<<"$verdict" || die "after erasures: $verdict $(cat "$folder/err.txt")"
sqlite3 "$folder/copy.db" "DELETE FROM snapshot"
verify "$folder/copy.db"
[ $status = 0 ] && grep -q '"result":"chain only"' <<<"$verdict" || die "erased and no snapshot: $verdict $(cat "$folder/err.txt")"

echo "verify: replayed, chain only, and eight ways of tampering found at the right record"
