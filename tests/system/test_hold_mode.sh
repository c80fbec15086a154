#!/usr/bin/env bash
# Hold mode with real processes: a dispatcher that a record ends twice starts, says which record, promises nothing, and its standstill
# reaches a vehicle; only a signed decision of a listed person leaves the record out, and `verify` checks that signature again.
set -euo pipefail
# shellcheck source=../support/service.sh
. "$(dirname "$0")/../support/service.sh"
[ -x "$crashtest" ] || { echo "skipped: no dispatcher-crashtest"; exit 77; }
service_make 1 20
run_to_its_end() { # arguments of service_start: the dispatcher ends by itself
	service_start "$@"
	until_true 20 "the dispatcher crashes" ended "$main"
	wait "$main" 2>/dev/null && die "it ended well"
	return 0
}
verdict() { "$dispatcher" verify --settings "$folder/settings.yaml" 2>"$folder/verify.err" || true; }
journal() { "$dispatcher" log --settings "$folder/settings.yaml"; }
mode() { said '"mode":"'"$1"'"' GET /api/v1/operator/fleet; }
connected() { said '^zub[a-z]*_vehicles_connected 1' GET /metrics; }

# A service with a journal: a vehicle that is released, a supervisor signed on.
service_start "$dispatcher"
service_agents
until_true 20 "the vehicle connects" connected
said '^200' POST /api/v1/operator/sign-on '{"who": "Anna", "vehicles_max": 5, "simulated": true}' || die "sign-on: $(cat "$folder/answer")"
said '^200' POST /api/v1/operator/sign-on '{"who": "Berta", "vehicles_max": 5, "simulated": true}' || die "sign-on"
kill -9 "$main"
wait "$main" 2>/dev/null || true # else the next one finds the journal in use

# 1. A record of the journal ends every replay. The third start holds.
poison=ZUB_CRASH_ON=sign_on:2
run_to_its_end "$crashtest" $poison
run_to_its_end "$crashtest" $poison
service_start "$crashtest" $poison
health=$(ask GET /health)
record=$(sed -n 's/.*hold mode: record \([0-9]*\) (sign_on).*/\1/p' <<<"$health")
[ -n "$record" ] && grep -q '^503.*"holding"' <<<"$health" || die "health: $health"
"$dispatcher" log --settings "$folder/settings.yaml" --from "$record" --most 1 | grep -q Berta || die "record $record is not the one"
spot=$("$ZUB_BIN/sim" fleet --town "$folder/town.zmap" --keys "$folder" --vehicles 1 | sed -n 's/.*depot: "\([0-9.]*\), *\([0-9.]*\)".*/{"lat": \1, "lon": \2}/p')
said '^503' POST /api/v1/requests "{\"from\": ${spot:-{\}}, \"to\": ${spot:-{\}}}" || die "a request in hold mode: $(cat "$folder/answer")"
said '^503' POST /api/v1/operator/sign-on '{"who": "Carla"}' || die "a sign-on in hold mode: $(cat "$folder/answer")"
# the agent is the one of before: it has found this dispatcher by itself, and obeys
until_true 10 "the vehicle is heard again" mode idle
sent=$(date +%s%N)
said '^20' POST /api/v1/operator/standstill '{"by": "Anna", "reason": "the dispatcher holds"}' || die "standstill: $(cat "$folder/answer")"
until_true 10 "the vehicle stands" mode stopped
echo "standstill in hold mode: carried out and known after $((($(date +%s%N) - sent) / 1000000)) ms"
kill "$main"; wait "$main" || die "hold mode does not end well"

# 2. Who may decide: somebody with a key that is listed, and nobody else.
skip() { "$dispatcher" skip --settings "$folder/settings.yaml" "$@" >"$folder/skip.txt" 2>&1; }
skip --why x && die "skipped without a key"
"$dispatcher" decider-key --name Mallory --key "$folder/mallory.key" >/dev/null 2>&1
"$dispatcher" decider-key --settings "$folder/settings.yaml" --name Anna --key "$folder/anna.key" >"$folder/deciders.yaml" 2>"$folder/key.err"
[ "$(stat -c %a "$folder/anna.key")" = 600 ] || die "mode of the key"
grep -q 'deciders.yaml' "$folder/key.err" || die "where is the key listed: $(cat "$folder/key.err")"
"$dispatcher" decider-key --name Anna --key "$folder/anna.key" >/dev/null 2>&1 && die "a key was overwritten"
before=$(verdict)
skip --key "$folder/mallory.key" --why "because" && die "Mallory decided"
grep -q 'Mallory' "$folder/skip.txt" || die "no name: $(cat "$folder/skip.txt")"
chmod 644 "$folder/anna.key"
skip --key "$folder/anna.key" --why "because" && die "with a key that others may read"
chmod 600 "$folder/anna.key"
[ "$(verdict)" = "$before" ] || die "a refused decision changed the journal"
skip --key "$folder/anna.key" --why "ends the program since the update" || die "skip: $(cat "$folder/skip.txt")"
skip --key "$folder/anna.key" --why "again" && die "decided twice"
service_start "$crashtest" $poison
said '^200' GET /health || die "it does not go on: $(cat "$folder/answer")"
said Anna GET /api/v1/operator/supervisors || die "Anna is gone"
grep -q Berta "$folder/answer" && die "the skipped record counts"
journal | grep 'decision.*"by":"Anna"' >/dev/null || die "no decision in the log"

# 3. A live command that ends the process twice is held before it ever gets into the journal.
kill "$main"; wait "$main" || die "it does not end well"
for _ in 1 2; do
	service_start "$crashtest" ZUB_CRASH_ON=bookings_pause
	until_true 20 "the crash" sh -c "curl -s -m 2 -X POST -H 'Authorization: Bearer $(cat "$folder/operator.token")' -H 'Content-Type: application/json' \
		-H 'Idempotency-Key: the-same-one' -d '{\"by\": \"Anna\", \"reason\": \"fog\", \"paused\": true}' $address/api/v1/operator/bookings >/dev/null; ! kill -0 $main 2>/dev/null"
done
service_start "$crashtest" ZUB_CRASH_ON=bookings_pause
said '^503.*(bookings_pause)' GET /health || die "not held: $(cat "$folder/answer")"
kill "$main"; wait "$main" || true
skip --key "$folder/anna.key" --why "the pause ends the program" || die "skip: $(cat "$folder/skip.txt")"
service_start "$crashtest" ZUB_CRASH_ON=bookings_pause
said '^200' GET /health || die "it does not go on: $(cat "$folder/answer")"
said '^503' POST /api/v1/operator/bookings '{"by": "Anna", "reason": "fog", "paused": true}' the-same-one || die "the command is tried again"
kill "$main"; wait "$main" || die "it does not end well"

# 4. What verify says: decisions count and are checked; forged, unlisted and tampered ones are found with their number.
verdict | grep -q '"result":"replayed".*"decisions":2' || die "verify: $(verdict) $(cat "$folder/verify.err")"
mv "$folder/deciders.yaml" "$folder/listed.yaml"
first=$(journal | sed -n 's/^ *\([0-9]*\) .* decision .*/\1/p' | sed -n 1p)
verdict | grep -q "\"result\":\"broken\".*\"first_broken\":$first," || die "nobody is listed, and verify says: $(verdict)"
sed 's/$/ /; s/}/, retired: true}/' "$folder/listed.yaml" >"$folder/deciders.yaml"
verdict | grep -q '"result":"replayed"' || die "a retired person's decisions: $(verdict)"
mv "$folder/listed.yaml" "$folder/deciders.yaml"
echo "hold mode: held, stopped, decided, went on: ok"
