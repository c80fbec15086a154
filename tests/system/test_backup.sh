#!/usr/bin/env bash
# slow
# A backup made beside the running service; later the machine dies with riders aboard. What is put back from the copy verifies, takes an epoch
# that the vehicles obey, and they go on: who is aboard is brought to the end, new riders are carried. Nothing is ever overwritten; what was
# erased after the backup is erased again.
set -euo pipefail
. "$ZUB_SOURCE/tests/support/service.sh"
dispatcher=$ZUB_BIN/dispatcher
fleet() { # expression over the vehicles v
	ask GET /api/v1/operator/fleet >/dev/null
	python3 -c 'import json, sys; v = json.load(open(sys.argv[1]))["vehicles"]; print(eval(sys.argv[2]))' "$folder/answer" "$1"
}
carried() { curl -sf "$address/metrics" | sed -n 's/^zub[a-z]*_rides_total{state="done"} //p'; }
has_carried() { [ "$(carried)" -ge "$1" ]; }
aboard() { [ "$(fleet 'sum(len(x["aboard"]) for x in v)')" -ge "$1" ]; }
nobody_of() { # rides: none of them is aboard any more
	[ "$(fleet "len({r for x in v for r in x['aboard']} & set('$1'.split()))")" = 0 ]
}

service_make 3 60
service_start "$dispatcher"
service_agents
service_riders 120
until_true 60 "three rides are done" has_carried 3
"$dispatcher" log --settings "$folder/settings.yaml" --personal --most 100000 >"$folder/log.txt"
wish=$(python3 - "$folder/log.txt" <<'PY'
import json, re, sys
line = next(line for line in open(sys.argv[1]) if " request at=" in line)
place = lambda end: {name: int(re.search(rf" {end}\.point\.{name}_e7=(-?\d+)", line).group(1)) / 1e7 for name in ("lat", "lon")}
print(json.dumps({"from": place("from"), "to": place("to"), "name": "Ada", "contact": "0123"}))
PY
)
case $(ask POST /api/v1/requests "$wish") in 20*) ;; *) die "Ada's request: $wish: $(cat "$folder/answer")" ;; esac
"$dispatcher" backup "$folder/copy" --settings "$folder/settings.yaml" || die "no backup beside the running service"
[ "$(stat -c %a "$folder/copy" "$folder/copy.keys" "$folder/copy.state" | tr '\n' ' ')" = "600 600 700 " ] || die "others may read the backup"
"$dispatcher" backup "$folder/copy" --settings "$folder/settings.yaml" 2>/dev/null && die "an older backup was overwritten"
"$dispatcher" restore "$folder/copy" --settings "$folder/settings.yaml" 2>"$folder/err.txt" && die "a running journal was overwritten"
grep -q 'nothing is overwritten' "$folder/err.txt" || die "no hint: $(cat "$folder/err.txt")"
kill -0 "$main" || die "the dispatcher was disturbed"
copied=$(carried)
until_true 60 "five more rides are done" has_carried $((copied + 5))
until_true 60 "somebody is aboard" aboard 1

# the machine dies: journal, keys and state of this place are gone, the vehicles drive on
kill -KILL "$main" "$riders"
wait "$main" "$riders" 2>/dev/null || true
last=$(grep -o '"epoch":[0-9]*' "$folder/answer" | sort -u | tail -n 1 | grep -o '[0-9]*')
mkdir "$folder/away"
mv "$folder"/journal.db* "$folder"/towns "$folder"/dispatcher.key* "$folder"/operator.token* "$folder/away/"
erased=$("$dispatcher" log --settings "$folder/settings.yaml" --set "store=sqlite:$folder/copy" --most 100000 | sed -n 's/.* identity *ride=\([0-9]*\) .*/\1/p' | head -n 1)
[ -n "$erased" ] || die "no identity in the copy"
python3 - "$folder/away/journal.db.keys" "$erased" <<'PY' || die "no key to erase"
import sqlite3, sys
ride = int(sys.argv[2])
with sqlite3.connect(sys.argv[1]) as db:
    changed = db.execute("UPDATE key SET key = NULL, erased_through = 1000000 WHERE ride = ? AND kind = 2", (ride - (ride >> 63 << 64),)).rowcount
sys.exit(changed != 1)
PY

"$dispatcher" restore "$folder/copy" --settings "$folder/settings.yaml" --erased "$folder/away/journal.db" >"$folder/verify.txt" 2>"$folder/restore.txt" ||
	die "restore: $(cat "$folder/restore.txt" "$folder/verify.txt")"
grep -q '"replayed"' "$folder/verify.txt" || die "what was restored is not verified: $(cat "$folder/verify.txt")"
grep -q ' 1 keys .* erased again' "$folder/restore.txt" || die "not erased again: $(cat "$folder/restore.txt")"
"$dispatcher" log --settings "$folder/settings.yaml" --personal --most 100000 >"$folder/log.txt"
grep -q " identity *ride=$erased (erased)" "$folder/log.txt" || die "the name is there again"
grep -q Ada "$folder/log.txt" && die "Ada is told"
epoch=$(sed -n 's/.*epoch \([0-9]*\)$/\1/p' "$folder/restore.txt")
[ "$epoch" -ge "$last" ] || die "epoch $epoch is not above $last"
cmp -s "$folder/dispatcher.key" "$folder/away/dispatcher.key" || die "the dispatcher's key is another one: no vehicle would talk to it"

service_start "$dispatcher"
connected() { [ "$(fleet 'sum(x["connected"] for x in v)')" = 3 ]; }
until_true 30 "all vehicles are back" connected
obeyed() { [ "$(fleet 'min(x["plan"]["epoch"] for x in v if x["plan"]["epoch"])')" -ge "$epoch" ]; }
riding=$(fleet '" ".join(str(r) for x in v for r in x["aboard"])')
mv "$folder/riders.log" "$folder/riders-before.log"
service_riders 120
until_true 90 "who was aboard has got off: $riding" nobody_of "$riding"
now=$(carried)
until_true 60 "new riders are carried" has_carried $((now + 3))
until_true 30 "vehicles follow plans of the new epoch" obeyed
service_stop
"$dispatcher" verify --settings "$folder/settings.yaml" >"$folder/verify.txt" || die "verify: $(cat "$folder/verify.txt")"
grep -q '"replayed"' "$folder/verify.txt" || die "verify: $(cat "$folder/verify.txt")"
echo "backed up after $copied rides, lost, put back (epoch $epoch), riders aboard brought to the end: $riding; goes on, verified"
