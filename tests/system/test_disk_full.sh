#!/usr/bin/env bash
# slow
# The disk fills up under a running service: the dispatcher holds and says so, promises nothing, but the supervisor's standstill reaches
# every vehicle within a second; with room again it goes on, and nothing that was promised is lost.
set -euo pipefail
. "$ZUB_SOURCE/tests/support/service.sh"
[ -x "$crashtest" ] || { echo "skipped: no dispatcher-crashtest"; exit 77; } # its disk is full after SIGUSR1
service_make 3 20 9000
service_start "$crashtest"
service_agents
service_riders 240 # so many that plans can be made better

cat >"$folder/story.py" <<'PY'
import json, os, re, signal, sys, time, urllib.request, urllib.error
address, token, dispatcher, vehicles = sys.argv[1], open(sys.argv[2]).read().strip(), int(sys.argv[3]), int(sys.argv[4])
address = address if address.startswith("http") else "http://" + address

def ask(path, body=None):
    request = urllib.request.Request(address + path, None if body is None else json.dumps(body).encode(), {"Authorization": "Bearer " + token,
        "Content-Type": "application/json", "Idempotency-Key": "story-%f" % time.time()})
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")

def until(what, seconds, test):
    end = time.time() + seconds
    while time.time() < end:
        if test():
            return
        time.sleep(0.1)
    sys.exit("not within %d s: %s" % (seconds, what))

def expect(what, true):
    if not true:
        sys.exit("not so: " + what)

def metrics():
    with urllib.request.urlopen(address + "/metrics", timeout=5) as reply:
        return reply.read().decode()

def fleet():
    status, answer = ask("/api/v1/operator/fleet")
    return answer["vehicles"] if status == 200 else []

def rides():
    status, answer = ask("/api/v1/operator/rides")
    return {ride["ride"]: ride["state"] for ride in answer["rides"]} if status == 200 else {}

until("two vehicles drive", 120, lambda: sum(v["mode"] == "driving" for v in fleet()) >= 2)
expect("healthy", ask("/health")[0] == 200)
promised = [ride for ride, state in rides().items() if state in ("promised", "at_stop", "aboard")]
expect("somebody has a promise", promised)
until("plans are improved", 60, lambda: "zubringer_improve_rounds_total 0" not in metrics())

os.kill(dispatcher, signal.SIGUSR1)  # the disk is full
until("it says that it holds", 5, lambda: ask("/health")[0] == 503)
print("health:", ask("/health")[1])
expect("no promise while it holds", ask("/api/v1/requests", {"from": {"lat": 0, "lon": 0}, "to": {"lat": 0, "lon": 0}})[0] == 503)
time.sleep(2)
open(sys.argv[5], "w").write(ask("/health")[1]["now"])
sent = time.time()
status, answer = ask("/api/v1/operator/standstill", {"by": "Anna", "reason": "disk full, smoke in the server room"})
expect("standstill is sent at once: %d %s" % (status, answer), status == 202 and time.time() - sent < 1)
time.sleep(3)
expect("it still holds", ask("/health")[0] == 503)
os.kill(dispatcher, 0)

os.kill(dispatcher, signal.SIGUSR2)  # there is room again
until("it goes on", 10, lambda: ask("/health")[0] == 200)
until("every vehicle is known to stand", 10, lambda: [v["mode"] == "stopped" and v["standstill"] for v in fleet()] == [True] * vehicles)
after = rides()
expect("no promise is lost", not [ride for ride in promised if ride not in after])
for vehicle in fleet():
    status, answer = ask("/api/v1/operator/vehicles/%d/resume" % vehicle["vehicle"], {"by": "Simulated supervisor", "reason": "all clear"})
    expect("resume: %d %s" % (status, answer), status == 200)
until("they drive again", 60, lambda: any(v["mode"] == "driving" for v in fleet()))
# better plans are looked for as before; one that was on its way into the journal has been answered
looked = lambda what="rounds": int(re.search(r'\nzubringer_improve_%s_total (\d+)' % what, metrics()).group(1))
rounds = looked()
until("plans are improved again", 60, lambda: looked() > rounds + 3)
proposed = looked("proposals")
until("the core takes better plans", 120, lambda: looked("proposals") > proposed and looked("taken") > 0)
print("improvement:", {what: looked(what) for what in ("rounds", "proposals", "taken")})
carried = lambda: int(re.search(r'\nzubringer_rides_total\{state="done"\} (\d+)', metrics()).group(1))
before = carried()
until("rides are carried out again", 120, lambda: carried() > before)
PY
python3 "$folder/story.py" "$address" "$folder/operator.token" "$main" $vehicles "$folder/sent_at" || die "the story went otherwise"
[ "$(stat -c %a "$folder/riders.log")" = 600 ] || die "others may read the riders' secrets"
service_stop

# What the vehicles themselves noted: the order was carried out within a second of its being sent (ten seconds of service).
"$ZUB_BIN/dispatcher" log --settings "$folder/settings.yaml" --most 1000000 >"$folder/journal.txt"
python3 - "$folder/journal.txt" $vehicles $speed "$folder/sent_at" <<'PY' || die "a vehicle did not stop in time: $(grep -m 3 " vehicle_order " "$folder/journal.txt")"
import datetime, re, sys
text, vehicles, speed = open(sys.argv[1]).read(), int(sys.argv[2]), int(sys.argv[3])
sent = datetime.datetime.fromisoformat(open(sys.argv[4]).read().replace("Z", "+00:00")).timestamp() * 1000
order = re.search(r"vehicle_order at=(\d+) key=\w+ order=(\d+) kind=1 already_sent=1", text)
done = {}
for vehicle, at, kind, ride in re.findall(r"vehicle_event at=\d+ vehicle=(\d+) event\.boot=\d+ event\.sequence=\d+ event\.at=(\d+) event\.kind=(\d+) event\.ride=(\d+)", text):
    if kind == "16" and ride == order.group(2):
        done.setdefault(int(vehicle), int(at))
late = {vehicle: round((at - sent) / speed) for vehicle, at in done.items()}
print("stopped after wall ms:", late)
sys.exit(len(done) != vehicles or max(late.values()) > 1000)
PY
service_is_replayed --town "$folder/town.zmap"
echo "holds on a full disk, stops, goes on: ok"
