"""The figures of a `sim run` folder once more, from rides.csv and vehicles.csv alone, by their written definitions."""
import csv, json, math, sys
from datetime import datetime

folder = sys.argv[1]
figures = json.load(open(f"{folder}/figures.json"))
rides = list(csv.DictReader(open(f"{folder}/rides.csv")))
vehicles = list(csv.DictReader(open(f"{folder}/vehicles.csv")))
bad = []


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None


def div(a, b):
    return a / b if b else None


def nearest_rank(values, p):
    return sorted(values)[max(0, math.ceil(p / 100 * len(values)) - 1)] if values else None


def wait(ride):
    return max(0, seconds(ride["boarded_at"]) - seconds(ride["wished_at"]))


def together(a, b):
    return (a is not b and a["vehicle"] == b["vehicle"] and seconds(a["boarded_at"]) < seconds(b["alighted_at"])
            and seconds(b["boarded_at"]) < seconds(a["alighted_at"]))


def of(group, cars, carried):
    count = lambda state: sum(r["state"] == state for r in group)
    done = [r for r in group if r["state"] == "done"]
    boarded = [r for r in group if r["boarded_at"]]
    named = [r for r in boarded if not r["tie"] and r["time_kind"] != "arrive_by"]
    promised = [r for r in group if r["promised_at"]]
    waits = [wait(r) for r in boarded]
    kept = sum(r["promise"] == "kept" for r in promised)
    broken = sum(r["promise"] == "broken" and r["cause"] not in ("rider_late", "operator") for r in promised)
    requests = len(group) - count("outside_map")
    aboard = sum(seconds(r["alighted_at"]) - seconds(r["boarded_at"]) for r in done)
    to_trip = [r for r in done if r["tie"] == "to_trip" and r["trip_at"]]
    result = {
        "requests": requests, "rejections": count("refused"), "rejection_rate": div(count("refused"), requests),
        "choice_share": div(sum(int(r["offers"]) > 1 for r in group), sum(int(r["offers"]) > 0 for r in group)),
        "offers_not_taken": count("expired"), "promised": len(promised), "promised_share": div(len(promised), requests),
        "rides": len(done), "persons": sum(int(r["persons"]) for r in done), "cancelled": count("cancelled"),
        "no_shows": count("no_show"), "no_show_rate": div(count("no_show"), len(promised)), "promises_broken": broken,
        "promises_kept_share": div(kept, kept + broken), "wait_average": div(sum(waits), len(waits)),
        "wait_begin_average": div(sum(max(0, wait(r) - float(r["boarding_s"])) for r in named), len(named)),
        "wait_median": nearest_rank(waits, 50), "wait_p95": nearest_rank(waits, 95), "wait_max": max(waits, default=None),
        "pickup_late_average": div(sum(max(0, seconds(r["at_stop_at"]) - seconds(r["latest_pickup"])) for r in boarded if r["at_stop_at"]), len(boarded)),
        "in_vehicle_time_average": div(aboard, len(done)), "detour_factor": div(aboard, sum(float(r["direct_s"]) for r in done)),
        "walk_average": div(sum(float(r["walk_m"]) for r in done), len(done)),
        "direct_distance_average": div(sum(float(r["direct_m"]) for r in done), len(done)),
        "shared_share": div(sum(any(together(r, o) for o in carried) for r in done), len(done)),
        "prebooked_share": div(sum(r["prebooked"] == "1" for r in promised), len(promised)),
        "tied_rides": sum(r["tie"] != "" for r in done),
        "connections_missed_share": div(sum(seconds(r["alighted_at"]) > seconds(r["trip_at"]) for r in to_trip), len(to_trip)),
    }
    if cars:
        total = lambda name: sum(float(v[name]) for v in cars)
        driving = total("driving_empty_s") + total("driving_loaded_s")
        service = driving + total("idle_s") + total("at_stop_s") + total("charging_s") + total("cleaning_s")
        result |= {
            "vehicles": len(cars), "vehicle_hours": service / 3600, "rides_per_vehicle_hour": div(len(done), service / 3600),
            "driven_km": total("driven_km"), "empty_km": total("empty_km"), "empty_ratio": div(total("empty_km"), total("driven_km")),
            "passenger_km": total("passenger_km"), "occupancy": div(total("passenger_km"), total("driven_km")),
            "direct_per_driven": div(sum(float(r["direct_m"]) * int(r["persons"]) for r in done) / 1000, total("driven_km")),
            "driving_share": div(driving, service), "idle_share": div(total("idle_s"), service),
            "charging_share": div(total("charging_s"), service), "cleaning_share": div(total("cleaning_s"), service),
            "down_share": div(total("down_s"), service + total("down_s")),
        }
    return result


def compare(where, mine, theirs):
    for name, value in mine.items():
        other = theirs[name]
        if (value is None) != (other is None) or (value is not None and abs(value - other) > 1e-6 * max(1, abs(value))):
            bad.append(f"{where} {name}: {other}, from the rides {value}")


def mean(values):
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


seeds = figures["seeds"]
by_seed = {s: [r for r in rides if r["seed"] == str(s)] for s in seeds}
carried = {s: [r for r in by_seed[s] if r["boarded_at"] and r["alighted_at"]] for s in seeds}
overall = {s: of(by_seed[s], [v for v in vehicles if v["seed"] == str(s)], carried[s]) for s in seeds}
for run in figures["runs"]:
    compare(f"seed {run['seed']}", overall[run["seed"]], run["figures"])
    if run["checker"] != "nothing wrong":
        bad.append(f"seed {run['seed']}: {run['checker']}")
missing = set(figures["definitions"]) - set(overall[seeds[0]]) - {"outside_map"}
if missing:
    bad.append(f"figures that nobody recomputes: {missing}")

T95 = {1: 12.7062, 2: 4.3027, 3: 3.1824, 9: 2.2622}
for name, spread in figures["overall"].items():
    values = [run["figures"][name] for run in figures["runs"] if run["figures"][name] is not None]
    if len(values) != spread["n"] or (len(values) > 1 and len(values) - 1 not in T95):
        bad.append(f"{name}: n {spread['n']}")
    elif len(values) > 1:
        middle = sum(values) / len(values)
        half = T95[len(values) - 1] * math.sqrt(sum((v - middle) ** 2 for v in values) / (len(values) - 1) / len(values))
        if abs(spread["mean"] - middle) > 1e-6 * max(1, abs(middle)) or abs(spread["high"] - middle - half) > 1e-4 * max(1, half):
            bad.append(f"{name}: {spread}, but {middle} +- {half}")

for hour in figures["by_hour"]:
    groups = {s: [r for r in by_seed[s] if int(r["hour"]) == int(hour["hour"])] for s in seeds}
    each = [of(groups[s], [], carried[s]) for s in seeds]
    compare(f"hour {hour['hour']}", {k: mean([e[k] for e in each]) for k in each[0]}, {k: v["mean"] for k, v in hour["figures"].items()})
for need in figures["by_need"]:
    has = lambda r: (need["need"] in [n.split(":")[0] for n in r["needs"].split()] if need["need"] != "none"
                     else all(n.split(":")[0] == "seat" for n in r["needs"].split()))
    each = [of([r for r in by_seed[s] if has(r)], [], carried[s]) for s in seeds]
    compare(f"need {need['need']}", {k: mean([e[k] for e in each]) for k in each[0]}, {k: v["mean"] for k, v in need["figures"].items()})
for name in ("requests", "rides", "driven_km", "empty_km", "passenger_km", "vehicle_hours"):
    parts = sum(h["figures"][name]["mean"] for h in figures["by_hour"])
    if abs(parts - figures["overall"][name]["mean"]) > 1e-6 * max(1, parts):
        bad.append(f"{name}: the hours add up to {parts}, overall {figures['overall'][name]['mean']}")

for name in ("stops", "flows"):
    geo = json.load(open(f"{folder}/{name}.geojson"))
    if not geo["features"] or not geo["attribution"] or geo["attribution"] != figures["attribution"] or geo["simulated"] is not True or geo["town_hash"] != figures["town_hash"]:
        bad.append(f"{name}.geojson: not whole")
flows = json.load(open(f"{folder}/flows.geojson"))["features"]
for name, figure in (("vehicles", "driven_km"), ("persons", "passenger_km")):  # what drove over the streets is what the vehicles drove
    km = sum(f["properties"][name] * f["properties"]["length_m"] for f in flows) / 1000
    if abs(km - figures["overall"][figure]["mean"]) > 0.002 * km:
        bad.append(f"flows: {km} km of {name}, {figure} {figures['overall'][figure]['mean']}")
page = open(f"{folder}/report.html", encoding="utf-8").read()
for wanted in (figures["attribution"], figures["town_hash"], figures["scenario_hash"], "Content-Security-Policy"):
    if wanted not in page:
        bad.append(f"report.html: no {wanted}")
if "http://" in page or "https://" in page or "src=" in page:
    bad.append("report.html asks for something from outside")
print("\n".join(bad[:20]))
sys.exit(bool(bad))
