# A private PostgreSQL server for tests and for ./run --store postgres; sourced. It listens on a socket in its own folder only and
# lets in the user who started it (peer). As root it runs as the user postgres, whom the folder then belongs to.
#   postgres_missing           what is not installed, "" = all there
#   postgres_start FOLDER      makes (when new) and starts it; sets postgres_url
#   postgres_stop FOLDER [fast|immediate]
# Nothing here touches the cluster that Debian's package may have made.

postgres_programs() { # newest version that has PostGIS, else newest
	local folder newest=""
	for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
		[ -x "$folder/initdb" ] && newest=$folder
	done
	echo "$newest"
}

postgres_missing() {
	local programs
	programs=$(postgres_programs)
	[ -n "$programs" ] || { echo "PostgreSQL"; return; }
	ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1 || echo "PostGIS"
}

postgres_as() { # runs as the server's user, from where that user may be
	if [ "$(id -u)" = 0 ]; then
		(cd / && runuser -u postgres -- "$@")
	else
		(cd / && "$@")
	fi
}

postgres_socket_of() { # a path under 108 characters
	local folder=$1 known=$1/socket
	if [ ${#folder} -lt 80 ]; then
		echo "$folder"
		return
	fi
	[ -s "$known" ] && [ -d "$(cat "$known")" ] || mktemp -d /tmp/zub-pg-XXXXXX >"$known"
	[ "$(id -u)" != 0 ] || chown postgres: "$(cat "$known")"
	chmod 711 "$(cat "$known")"
	cat "$known"
}

postgres_make() {
	local folder=$1 user
	mkdir -p "$folder"
	if [ "$(id -u)" = 0 ]; then
		chown postgres: "$folder"
		chmod 711 "$folder"
		(cd / && runuser -u postgres -- test -w "$folder") || { echo "postgres: the user postgres cannot reach $folder" >&2; return 1; }
	else
		chmod 700 "$folder"
	fi
	user=$(id -un)
	postgres_as "$(postgres_programs)/initdb" -D "$folder/data" -U "$user" --locale=C.UTF-8 -E UTF8 --auth=peer >"$folder.initdb.log" 2>&1 ||
		{ cat "$folder.initdb.log" >&2; return 1; }
	rm -f "$folder.initdb.log"
	# keys that were erased must not live on in recycled log segments; a gone writer is noticed soon
	postgres_as tee -a "$folder/data/postgresql.conf" >/dev/null <<'TXT'
listen_addresses = ''
wal_recycle = off
wal_level = replica
max_wal_senders = 0
client_connection_check_interval = 500
log_checkpoints = off
TXT
	postgres_as sync "$folder/data/postgresql.conf"
}

postgres_start() {
	local folder=$1 socket programs
	programs=$(postgres_programs)
	[ -f "$folder/data/PG_VERSION" ] || postgres_make "$folder" || return 1
	socket=$(postgres_socket_of "$folder")
	postgres_url="postgresql:///zubringer?host=$socket&user=$(id -un)"
	if ! postgres_as "$programs/pg_ctl" -D "$folder/data" status >/dev/null 2>&1; then
		postgres_as "$programs/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/data/server.log" -o "-k $socket" start >/dev/null ||
			{ postgres_as tail -n 5 "$folder/data/server.log" >&2; return 1; }
	fi
	"$programs/psql" -X -q -h "$socket" -U "$(id -un)" -d postgres -tAc "SELECT 1 FROM pg_database WHERE datname = 'zubringer'" | grep -q 1 ||
		"$programs/createdb" -h "$socket" -U "$(id -un)" zubringer
}

postgres_stop() {
	local folder=$1 how=${2:-fast}
	postgres_as "$(postgres_programs)/pg_ctl" -D "$folder/data" -w -m "$how" stop >/dev/null 2>&1
}
