#!/usr/bin/env bash
# slow
# The contract of all stores on a PostgreSQL server of our own, then what concerns this kind only.
set -uo pipefail
. "$ZUB_SOURCE/tests/support/postgres.sh"
missing=$(postgres_missing)
[ -z "$missing" ] || { echo "skipped: $missing is not installed (./run test installs it)"; exit 77; }
folder=$(mktemp -d /tmp/zub-postgres-XXXXXX)
chmod 711 "$folder"
trap 'postgres_stop "$folder/pg" immediate; rm -rf "$folder"' EXIT
postgres_start "$folder/pg" || exit 1
# a day recorded on SQLite
"$ZUB_BIN/mapc" synth --seed 3 --inhabitants 5000 --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" >/dev/null &&
	"$ZUB_BIN/mapc" build --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" -o "$folder/town.zmap" >/dev/null 2>&1 &&
	printf 'minutes: 120\nvehicles: 3\ndemand: {per_hour: 40}\n' >"$folder/day.yaml" &&
	"$ZUB_BIN/sim" run "$folder/day.yaml" --town "$folder/town.zmap" --out "$folder/day" --journal >/dev/null || exit 1
export ZUB_JOURNAL=sqlite:$folder/day/journal.db ZUB_TOWN=$folder/town.zmap
failed=0
ZUB_POSTGRES=$postgres_url tests/test_store || failed=1
ZUB_POSTGRES=$postgres_url ZUB_POSTGRES_FOLDER=$folder/pg tests/test_postgres || failed=1
exit $failed
