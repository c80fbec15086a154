#!/usr/bin/env bash
# A dispatcher that starts on a full disk, with or without a journal, or whose store is away: it comes up, says what is wrong, lets standstill
# through, and goes on by itself as soon as there is room.
set -euo pipefail
# shellcheck source=../support/service.sh
. "$(dirname "$0")/../support/service.sh"
[ -x "$crashtest" ] || { echo "skipped: no dispatcher-crashtest"; exit 77; }
service_make 1 20
healthy() { said '^200' GET /health; }
mode() { said '"mode":"'"$1"'"' GET /api/v1/operator/fleet; }
holds() { # what it must say
	said '^503.*"holding".*'"$1" GET /health || die "health: $(ask GET /health)"
	said '^503' POST /api/v1/operator/sign-on '{"who": "Carla"}' || die "a sign-on is taken: $(cat "$folder/answer")"
	said '^503' GET /api/v1/operator/fleet || die "a state is told that there is none of: $(cat "$folder/answer")"
	ask GET /metrics >"$folder/metrics.txt"
	grep -q '^zubringer_store_away_seconds [0-9]' "$folder/metrics.txt" || die "metrics: $(cat "$folder/metrics.txt")"
	grep -q 'rides_total' "$folder/metrics.txt" && die "metrics tell of a state that is not known"
	return 0
}
stop() { kill "$main"; wait "$main" || die "it does not end well"; }

# 1. The very first start.
service_start "$crashtest" ZUB_DISK_FULL=1
[ -n "$address" ] || die "it does not come up"
holds "full"
stop
service_start "$crashtest" ZUB_DISK_FULL=1
kill -USR2 "$main" # there is room
until_true 10 "it goes on" healthy
service_agents
until_true 20 "the vehicle is there" mode idle
said '^200' POST /api/v1/operator/sign-on '{"who": "Anna", "vehicles_max": 5, "simulated": true}' || die "sign-on: $(cat "$folder/answer")"
kill -9 "$main"
wait "$main" 2>/dev/null || true # else the next one finds the journal in use

# 2. With a journal and a vehicle under way, which never hears anything but the standstill.
service_start "$crashtest" ZUB_DISK_FULL=1
holds "full"
said '^202' POST /api/v1/operator/standstill '{"by": "Anna", "reason": "smoke in the server room"}' || die "standstill: $(cat "$folder/answer")"
sleep 2
holds "full"
kill -USR2 "$main"
until_true 10 "it goes on" healthy
until_true 10 "the vehicle is known to stand" mode stopped
said Anna GET /api/v1/operator/supervisors || die "what was before the start is lost"
stop
"$dispatcher" log --settings "$folder/settings.yaml" >"$folder/journal.txt"
order=$(sed -n 's/.* vehicle_order .* order=\([0-9]*\) kind=1 already_sent=1.*/\1/p' "$folder/journal.txt")
[ -n "$order" ] || die "the standstill was not journaled after"
grep -q "vehicle_event .*event.kind=16 event.ride=$order" "$folder/journal.txt" || die "no vehicle carried it out"
"$dispatcher" verify --settings "$folder/settings.yaml" | grep -q '"replayed"' || die "verify"

# 3. An agent whose key is in no fleet file: nobody answers it, and it says what may be wrong.
service_start "$dispatcher"
"$ZUB_BIN/vehicle-agent" --key "$folder/stranger.key" --make-key >/dev/null
mv "$folder/vehicle-1.key" "$folder/known.key"
mv "$folder/stranger.key" "$folder/vehicle-1.key"
kill "${pids[2]}" # the vehicle of before
rm -f "$folder"/vehicle-1.state*
service_agents
stranger=$!
unheard() { grep -q "no word from $endpoint yet.*public key" "$folder/vehicle-1.log"; }
until_true 15 "the stranger says that nobody answers" unheard
said '^zubringer_link_refused_keys_total [1-9]' GET /metrics || die "the key was not refused"
kill "$stranger"
stop

# 4. A store that is away: nobody listens at that port.
sed -i "s|^store:.*|store: postgresql://nobody@127.0.0.1:$(free_port)/none|" "$folder/settings.yaml"
service_start "$crashtest"
[ -n "$address" ] || die "it does not come up without its store"
holds "onnect"
said '^202' POST /api/v1/operator/standstill '{"by": "Anna", "reason": "no store"}' || die "standstill: $(cat "$folder/answer")"
stop
echo "starts holding on a full disk and without its store, goes on by itself: ok"
