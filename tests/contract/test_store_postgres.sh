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
failed=0
ZUB_POSTGRES=$postgres_url tests/test_store || failed=1
ZUB_POSTGRES=$postgres_url ZUB_POSTGRES_FOLDER=$folder/pg tests/test_postgres || failed=1
exit $failed
