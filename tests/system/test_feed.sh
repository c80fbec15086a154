#!/usr/bin/env bash
# slow
# A train is late: a served GTFS-Realtime feed is polled by the real dispatcher, the ride tied to the train moves with it, boards and journeys
# show it, all of it outlives kill -9 and is replayed the same. A feed that is garbled, too large, refused, silent or stale harms nothing.
# The messages are made here, by hand, not by our own encoder.
set -euo pipefail
. "$ZUB_SOURCE/tests/support/service.sh"
service_make 1 60 9000
feed_port=$(free_port)
echo "feeds: {trip_updates: \"t=http://127.0.0.1:$feed_port/trip-updates.pb\", poll: 200 ms, timeout: 500 ms, bytes_max: 100000, expire: 10 min, least: 0 s}" \
	>>"$folder/settings.yaml"
service_start "$dispatcher"
service_agents

cat >"$folder/rider.py" <<'PY'
import http.server, json, os, signal, subprocess, sys, threading, time, urllib.error, urllib.parse, urllib.request
from datetime import datetime, timezone
folder, address, feed_port, pid = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
token = open(folder + "/operator.token").read().strip()
keys = 0

def call(path, body=None):
    global keys
    keys += 1
    headers = {"Authorization": "Bearer " + token, "Zubringer-Client": "test"}
    data = None
    if body is not None:
        headers |= {"Content-Type": "application/json", "Idempotency-Key": f"key-of-feed-test-{keys}"}
        data = json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        text = answer.read().decode()
        return json.loads(text) if answer.headers["Content-Type"].startswith("application/json") else text

def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()

def until(what, look, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = look()
            if found:
                return found
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.05)
    sys.exit("not seen: " + what)

def must(what, right):
    if not right:
        sys.exit("wrong: " + what)

# ---- the transport company ----
def number(n):
    n &= (1 << 64) - 1
    out = b""
    while True:
        out += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if not n:
            return out
def field(no, value):
    if isinstance(value, int):
        return number(no << 3) + number(value)
    value = value.encode() if isinstance(value, str) else value
    return number(no << 3 | 2) + number(len(value)) + value
def message(at, trips):
    out = field(1, field(1, "2.0") + field(3, int(at)))
    for i, (key, late, cancelled) in enumerate(trips):
        trip = field(1, key["trip_id"]) + field(3, key["service_date"].replace("-", "")) + (field(4, 3) if cancelled else b"")
        stop = b"" if cancelled else field(2, field(1, key["stop_sequence"]) + field(2, field(1, late)) + field(3, field(1, late)))
        out += field(2, field(1, str(i)) + field(3, field(1, trip) + stop))
    return out
class Company(http.server.BaseHTTPRequestHandler):
    body, status, silent, asked, unchanged = b"", 200, 0, 0, 0
    def do_GET(self):
        Company.asked += 1
        if Company.silent:
            time.sleep(Company.silent)
        tag = f'"{hash(Company.body)}"'
        if Company.status == 200 and self.headers.get("If-None-Match") == tag:
            Company.unchanged += 1
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(Company.status)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(Company.body)))
        if Company.status == 302:
            self.send_header("Location", "file:///etc/passwd")
        self.end_headers()
        try:
            self.wfile.write(Company.body)
        except OSError:
            pass
    def log_message(self, *ignored):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", feed_port), Company)
threading.Thread(target=server.serve_forever, daemon=True).start()

def now():
    return instant(call("/health")["now"])
def feed_is(status):
    return until("feed " + status, lambda: call("/health")["feeds"][0]["status"] == status)
def publish(*trips):
    Company.body = message(now(), trips)

# ---- the day ----
publish()
feed_is("ok")
call("/api/v1/operator/sign-on", {"who": "Anna", "simulated": True})
call("/api/v1/operator/vehicles/1/release", {"by": "Anna", "approval": "test", "until": datetime.fromtimestamp(now() + 86400, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")})
until("the shuttle", lambda: call("/api/v1/operator/fleet")["vehicles"][0]["connected"])
stops = [stop for stop in call("/api/v1/stops")["stops"] if stop["departures"]]
def board(stop, kind):
    at = datetime.fromtimestamp(now(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return call(f"/api/v1/departures?stop={stop['stop']}&kind={kind}&after={at}")["departures"]
def row(stop, kind, key):
    return next((item for item in board(stop, kind) if item["connection"] == key), None)

def book():
    for stop in stops:
        far = max(stops, key=lambda other: abs(other["lat"] - stop["lat"]) + abs(other["lon"] - stop["lon"]))
        for train in board(stop, "arrivals"):
            if not 14 * 60 < instant(train["planned"]) - now() < 30 * 60:
                continue
            answer = call("/api/v1/requests", {"from": {"stop": stop["stop"]}, "to": {"stop": far["stop"]}, "connection": train["connection"]})
            if answer["ride"]["state"]["code"] == "offered":
                return stop, train, call(f"/api/v1/rides/{answer['ride']['secret']}/accept", {"offer": 0})["ride"]
    sys.exit("no train to tie a ride to")
stop, train, ride = book()
key, secret = train["connection"], ride["secret"]
must("on time at first", train["late_s"] == 0 and ride["connection"]["late_s"] == 0)
def ride_now():
    return call("/api/v1/rides/" + secret)["ride"]
def edges(ride):
    return [instant(ride["promise"][name]) for name in ("earliest_pickup", "latest_pickup", "latest_arrival")]
promised = edges(ride)

LATE = 420
publish((key, LATE, False))
until("the late train on the board", lambda: row(stop, "arrivals", key)["late_s"] == LATE)
until("the promise moves", lambda: edges(ride_now())[0] > promised[0])
moved = edges(ride_now())
must("it moves as a whole", len({round(b - a) for a, b in zip(promised, moved)}) == 1 and 0 < moved[0] - promised[0] <= LATE)
must("nobody is there before the train", moved[0] >= instant(train["planned"]) + LATE)
must("the ride shows it", ride_now()["connection"]["late_s"] == LATE and ride_now()["cause"]["code"] == "late_trip")
def pickup():
    plan = call("/api/v1/operator/fleet")["vehicles"][0]["plan"]
    return next(instant(task["begin"]) for task in plan["tasks"] if task["kind"] == "pickup")
until("the plan follows", lambda: pickup() >= moved[0] - 1)

# a second train is cancelled; nothing is asked twice as long as nothing changes
other = next(item for item in board(stop, "departures") if item["connection"]["trip_id"] != key["trip_id"] and instant(item["planned"]) > now() + 600)
publish((key, LATE, False), (other["connection"], 0, True))
until("the cancelled one", lambda: row(stop, "departures", other["connection"])["cancelled"])
changes = lambda: int(next(line for line in call("/metrics").splitlines() if line.startswith("zubringer_feed_changes_total{")).split()[-1])
before, asked, unchanged = changes(), Company.asked, Company.unchanged
until("polls", lambda: Company.asked > asked + 4)
must("nothing new is nothing", changes() == before and Company.unchanged > unchanged + 2)

# journeys know both: none takes the cancelled train, the late one at its live time
point = lambda place: f"{place['lat']},{place['lon']}"
ways = call("/api/v1/journeys?" + urllib.parse.urlencode({"from": point(stop), "to": point(max(stops, key=lambda s: abs(s["lat"] - stop["lat"]))),
    "time": datetime.fromtimestamp(instant(other["planned"]) - 60, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")}))["journeys"]
must("there are ways", len(ways) > 0)
for way in ways:
    for leg in way["legs"]:
        must("no way by the cancelled train", not (leg["mode"] == "ride" and leg["ride"]["line"] == other["line"] and leg["ride"]["planned_departs"] == other["planned"]))

# kill -9: the journal knows
os.kill(pid, signal.SIGKILL)
Company.body = b""  # and the feed is silent when the next one starts
open(folder + "/killed", "w").close()
until("the restart", lambda: os.path.exists(folder + "/again") and call("/health"))
must("the board after the restart", row(stop, "arrivals", key)["late_s"] == LATE and row(stop, "departures", other["connection"])["cancelled"])
must("the promise after the restart", edges(ride_now()) == moved)

# ---- hostile company ----
for status, what in (("garbled", b"\xff" * 5000), ("garbled", b"x" * 200000), ("garbled", b"\x0a\x05ab")):
    Company.body = what
    feed_is(status)
    publish((key, LATE, False), (other["connection"], 0, True))
    feed_is("ok")
for status in (500, 404, 302):
    Company.status = status
    feed_is("unreachable")
    Company.status = 200
    feed_is("ok")
Company.silent = 1.5
feed_is("unreachable")
began = time.monotonic()
for _ in range(20):
    call("/health")
must("the loop does not wait for the feed", time.monotonic() - began < 2)
Company.silent = 0
feed_is("ok")
must("all of that changed nothing", edges(ride_now()) == moved and row(stop, "departures", other["connection"])["cancelled"])

# ---- home ----
def carried():
    publish((key, LATE, False))
    here = ride_now()
    if here["state"]["code"] == "at_stop" and now() > moved[0]:
        try:
            call(f"/api/v1/rides/{secret}/board", {"code": here["boarding_code"]})
        except urllib.error.HTTPError:
            pass
    must("the ride goes on: " + here["state"]["code"], here["state"]["code"] in ("promised", "at_stop", "aboard", "done"))
    return here["state"]["code"] == "done"
until("home", carried, 60)
must("picked up in time", moved[0] <= instant(ride_now()["boarded_at"]) and instant(ride_now()["at_stop_at"]) <= moved[1])
must("the train runs again once the feed no longer says otherwise", until("expiry", lambda: publish() or not row(stop, "departures", other["connection"]) or
    not row(stop, "departures", other["connection"])["cancelled"], 30))
Company.body = message(now() - 3600, [(key, LATE, False)])
feed_is("stale")
print(f"late by {LATE} s, promise moved by {moved[0] - promised[0]:.0f} s, {Company.asked} polls, {Company.unchanged} of them unchanged")
PY
python3 "$folder/rider.py" "$folder" "$address" "$feed_port" "$main" >"$folder/rider.log" 2>&1 &
rider=$!
pids+=("$rider")
while kill -0 "$rider" 2>/dev/null && [ ! -e "$folder/killed" ]; do sleep 0.1; done
if [ -e "$folder/killed" ]; then
	service_start "$dispatcher"
	touch "$folder/again"
fi
wait "$rider" || die "the rider: $(cat "$folder/rider.log")"
service_stop
service_is_replayed --town "$folder/town.zmap"
grep -q '"followed_late_train":1,' "$folder/replay.txt" || die "no ride followed its train: $(cat "$folder/replay.txt")"
grep -q '"broken":0,' "$folder/replay.txt" || die "a promise broke: $(cat "$folder/replay.txt")"
echo "$(cat "$folder/rider.log"); replayed the same"
