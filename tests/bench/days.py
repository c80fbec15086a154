#!/usr/bin/env python3
"""What improvement beside the loop brings over insertion alone: simulated days, the same seed with and without, a JSON line per figure
with the mean change in percent and its 95 % interval over the pairs.

    tests/bench/days.py --build build --data ../shared/data --out build/days [--pairs 10] [heidelberg] [newyork] [ahead]

heidelberg: sim/scenarios/heidelberg.yaml, on the map and timetable of DATA. newyork: Manhattan below 96th Street from the DIMACS graph
of DATA as OSM streets, sim/scenarios/newyork.yaml, and real taxi trips of DATA (places and persons as they were; when they ask is drawn
anew, another draw for each seed). ahead: the same, but a fifth book ahead, by 61 minutes or more (nobody who leaves in the first
66 minutes does)."""
import argparse
import csv
import gzip
import json
import math
import os
import random
import subprocess

FIGURES = ("promised", "rides", "driven_km", "wait_average", "in_vehicle_time_average", "promises_broken")
T_95 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
RING = [(40.700, -74.020), (40.712, -73.975), (40.735, -73.970), (40.785, -73.938), (40.800, -73.970), (40.760, -74.008)]
REQUESTS, SECONDS = 1000, 4 * 3600
AHEAD, AHEAD_LEAST = 0.275, 3660  # of those who leave after 66 minutes (a fifth of all); by so much at least


def inside(lat, lon):
    odd = False
    for (a_lat, a_lon), (b_lat, b_lon) in zip(RING, RING[1:] + RING[:1]):
        if (a_lat > lat) != (b_lat > lat) and lon < a_lon + (lat - a_lat) / (b_lat - a_lat) * (b_lon - a_lon):
            odd = not odd
    return odd


def rows(path, letter):
    with gzip.open(path, "rt") as file:
        return [[int(value) for value in line.split()[1:]] for line in file if line[0] == letter]


def streets(data, path):
    """The arcs between nodes of the ring, both directions as one two-way street, with the graph's own speeds."""
    at = {row[0]: (row[2] / 1e6, row[1] / 1e6) for row in rows(f"{data}/newyork/matching/newyork.co.gz", "v")}
    at = {node: point for node, point in at.items() if inside(*point)}
    times, lengths = (rows(f"{data}/newyork/matching/newyork{kind}.gr.gz", "a") for kind in ("", ".length"))
    with open(path, "w") as file:
        file.write('<osm version="0.6">\n')
        file.writelines(f'<node id="{node}" lat="{lat}" lon="{lon}"/>\n' for node, (lat, lon) in sorted(at.items()))
        for number, ((tail, head, time), (_, _, meters)) in enumerate(zip(times, lengths), 1):
            if tail < head and tail in at and head in at:
                kmh = max(10, min(50, round(meters / (time / 10) * 3.6)))
                file.write(f'<way id="{number}"><nd ref="{tail}"/><nd ref="{head}"/><tag k="highway" v="residential"/>'
                           f'<tag k="maxspeed" v="{kmh}"/></way>\n')
        file.write("</osm>\n")


def taxi_trips(data):
    with gzip.open(f"{data}/newyork/nyc_tlc_trips_2009_2016_sample.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            ends = [(float(row[f"{end}_lat"]), float(row[f"{end}_lon"])) for end in ("pickup", "dropoff")]
            if all(inside(*end) for end in ends) and math.dist(*ends) > 0.008:
                yield ends, min(max(int(row["passengers"]), 1), 4)


def wish(draw, ahead):
    """When somebody asks, and for when he wishes to leave (the same: now)."""
    leave = draw.randrange(SECONDS)
    books = leave >= AHEAD_LEAST + 300 and draw.random() < ahead
    return (draw.randrange(leave - AHEAD_LEAST), leave) if books else (leave, leave)


def newyork(build, data, out, ahead=0.0):
    town = f"{out}/newyork.zmap"
    streets(data, f"{out}/newyork.osm")
    subprocess.run([f"{build}/bin/mapc", "build", "--osm", f"{out}/newyork.osm", "--date", "20260105", "-o", town],
                   check=True, stdout=subprocess.DEVNULL)
    trips = list(taxi_trips(data))

    def more(seed):
        draw = random.Random(seed)
        path = f"{out}/trips-{seed}{'-ahead' if ahead else ''}.csv"
        asks = sorted(wish(draw, ahead) + (draw.randrange(len(trips)),) for _ in range(REQUESTS))
        with open(path, "w") as file:
            file.write("ask_at,from_lat,from_lon,to_lat,to_lon,persons,time_kind,time\n")
            for at, leave, which in asks:
                ((a, b), (c, d)), persons = trips[which]
                when = f"leave_at,{leave}" if leave > at else "now,"
                file.write(f"{at},{a:.6f},{b:.6f},{c:.6f},{d:.6f},{persons},{when}\n")
        return ["--set", f"trips={os.path.abspath(path)}"]

    return town, "newyork", more


def heidelberg(build, data, out):
    town = f"{out}/heidelberg.zmap"
    subprocess.run([f"{build}/bin/mapc", "build", "--osm", f"{data}/heidelberg/heidelberg.test.pbf", "--gtfs",
                    f"{data}/heidelberg/vrn_gtfs_cut.zip", "-o", town], check=True, stdout=subprocess.DEVNULL)
    return town, "heidelberg", lambda seed: []


def day(build, out, which, made, seed, period):
    town, scenario, more = made
    folder = f"{out}/{which}-{seed}-{period.replace(' ', '')}"
    here = os.path.dirname(os.path.abspath(__file__))
    subprocess.run([f"{build}/bin/sim", "run", f"{here}/../../sim/scenarios/{scenario}.yaml", "--town", os.path.abspath(town),
                    "--out", folder, "--seeds", f"{seed}..{seed}", "--set", f"improve.period={period}"] + more(seed),
                   check=True, stdout=subprocess.DEVNULL)
    with open(f"{folder}/figures.json") as file:
        answer = json.load(file)
    return (answer["runs"][0] if "runs" in answer else answer)["figures"]


def compare(which, pairs):
    for name in FIGURES:
        without, with_it = ([side[name] for side in sides] for sides in zip(*pairs))
        line = {"bench": "days", "day": which, "figure": name, "pairs": len(pairs),
                "insertion": sum(without) / len(pairs), "improved": sum(with_it) / len(pairs)}
        if min(without) > 0:
            change = [100 * (b / a - 1) for a, b in zip(without, with_it)]
            mean = sum(change) / len(change)
            half = T_95[len(change)] * math.sqrt(sum((x - mean) ** 2 for x in change) / (len(change) - 1) / len(change))
            line.update({"change_percent": round(mean, 2), "low": round(mean - half, 2), "high": round(mean + half, 2)})
        print(json.dumps(line), flush=True)


DAYS = {"heidelberg": heidelberg, "newyork": newyork,
        "ahead": lambda build, data, out: newyork(build, data, out, AHEAD)}


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--build", default="build")
    words.add_argument("--data", default="../shared/data")
    words.add_argument("--out", default="build/days")
    words.add_argument("--pairs", type=int, default=10, choices=sorted(T_95))
    words.add_argument("--period", default="15 s")
    words.add_argument("which", nargs="*", choices=sorted(DAYS))
    given = words.parse_args()
    os.makedirs(given.out, exist_ok=True)
    for which in given.which or DAYS:
        made = DAYS[which](given.build, given.data, given.out)
        pairs = [[day(given.build, given.out, which, made, seed, period) for period in ("0 s", given.period)]
                 for seed in range(1, given.pairs + 1)]
        compare(which, pairs)


main()
