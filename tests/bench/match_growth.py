"""Time per request of `bench match` over fleet sizes (15 requests a vehicle and day) and sizes of the graph: generated towns (mapc
synth) with their turn rules and as streets alone, New York and what of it lies within some kilometres of its middle;
places within 2 km of the middle (trips alike everywhere) and within 9 km (trips grow with the town). A table with fitted exponents.

match_growth.py --build BUILD --data ../shared/data [--fleets 100,1000,10000] [--km 10,20] [--vehicles 1000]
                [--inhabitants 10000,100000,1000000]"""
import argparse
import csv
import gzip
import json
import math
import os
import subprocess
import tempfile


def lines(path, letter):
    with gzip.open(path, "rt") as file:
        return [[int(value) for value in line.split()[1:]] for line in file if line[0] == letter]


def cut(data, km, stem):
    points = {row[0]: row[1:] for row in lines(f"{data}/newyork.co.gz", "v")}
    lon, lat = (sorted(point[i] for point in points.values())[len(points) // 2] for i in (0, 1))
    inside = [v for v, (x, y) in points.items() if ((x - lon) * 0.75) ** 2 + (y - lat) ** 2 <= (km / 111 * 1e6) ** 2]
    number = {v: i + 1 for i, v in enumerate(inside)}
    arcs = [row for row in lines(f"{data}/newyork.gr.gz", "a") if row[0] in number and row[1] in number]
    with open(f"{stem}.gr", "w") as file:
        file.write(f"p sp {len(inside)} {len(arcs)}\n")
        file.writelines(f"a {number[tail]} {number[head]} {time}\n" for tail, head, time in arcs)
    with open(f"{stem}.co", "w") as file:
        file.write(f"p aux sp co {len(inside)}\n")
        file.writelines(f"v {number[v]} {points[v][0]} {points[v][1]}\n" for v in inside)
    return f"{stem}.gr", f"{stem}.co"


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def imported(build, graph, town):
    run(f"{build}/bin/mapc", "import-dimacs", "--gr", graph[0], "--co", graph[1], "--unit-ms", "100", "-o", town)
    return town


def generated(build, folder, inhabitants):
    """The town with turn rules, and its streets alone."""
    stem = f"{folder}/{inhabitants}"
    run(f"{build}/bin/mapc", "synth", "--seed", "7", "--inhabitants", inhabitants, "--osm", f"{stem}.osm.pbf", "--gtfs", f"{stem}.zip")
    run(f"{build}/bin/mapc", "build", "--osm", f"{stem}.osm.pbf", "-o", f"{stem}.zmap")
    run(f"{build}/bin/mapc", "export", f"{stem}.zmap", "--class", "shuttle", "--nodes", f"{stem}.nodes", "--arcs", f"{stem}.arcs",
        "--turns", f"{stem}.turns")
    with open(f"{stem}.nodes", newline="") as nodes, open(f"{stem}.arcs", newline="") as arcs:
        nodes, arcs = list(csv.DictReader(nodes)), list(csv.DictReader(arcs))
    with open(f"{stem}.gr", "w") as file:
        file.write(f"p sp {len(nodes)} {len(arcs)}\n")
        file.writelines(f"a {int(arc['tail']) + 1} {int(arc['head']) + 1} {max(1, round(int(arc['time_ms']) / 100))}\n" for arc in arcs)
    with open(f"{stem}.co", "w") as file:
        file.write(f"p aux sp co {len(nodes)}\n")
        file.writelines(f"v {int(node['node']) + 1} {float(node['lon']) * 1e6:.0f} {float(node['lat']) * 1e6:.0f}\n" for node in nodes)
    return f"{stem}.zmap", imported(build, (f"{stem}.gr", f"{stem}.co"), f"{stem}.streets.zmap")


def measure(build, name, town, vehicles, within=9):
    figures = {}
    for line in run(f"{build}/bench/bench_match", "--map", town, "--generate", f"{vehicles},{vehicles * 15}", "--within", str(within)).splitlines():
        row = json.loads(line)
        figures.update(row if row.get("phase", "request") == "request" else {})
    print(f"| {name} | {figures['nodes']:,} | {within} km | {figures['mean_ride_s']:.0f} s | {vehicles:,} | {figures['mean_us']:.0f} us | "
          f"{figures['p99_us']:.0f} us | {figures['to_idle_share']:.0%} | {figures['plan_stops_mean']:.1f} |", flush=True)
    return figures["nodes"], figures["mean_us"]


def exponent(rows):
    """The slope of a straight line through the logarithms."""
    x, y = ([math.log(row[i]) for row in rows] for i in (0, 1))
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    return sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y)) / sum((a - x_mean) ** 2 for a in x)


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--build", required=True)
    words.add_argument("--data", required=True)
    words.add_argument("--fleets", default="100,1000,10000")
    words.add_argument("--km", default="10,20")
    words.add_argument("--inhabitants", default="10000,100000,1000000")
    words.add_argument("--vehicles", type=int, default=1000)
    words = words.parse_args()
    data = os.path.join(words.data, "newyork/matching")
    whole = f"{data}/newyork.gr.gz", f"{data}/newyork.co.gz"
    print("| graph | nodes | places within | mean ride | vehicles | mean | p99 | to idle vehicles | stops of the plan |\n"
          "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    fits = []
    with tempfile.TemporaryDirectory() as folder:
        towns = [(f"town of {int(n):,}", *generated(words.build, folder, n)) for n in words.inhabitants.split(",")]
        whole = imported(words.build, whole, f"{folder}/whole.zmap")
        cuts = [(f"New York, {km} km around", imported(words.build, cut(data, float(km), f"{folder}/cut"), f"{folder}/{km}.zmap"))
                for km in words.km.split(",")]
        for within in (2, 9):
            def sizes(graphs):
                return [measure(words.build, name, town, words.vehicles, within) for name, town in graphs]
            streets = sizes([(f"{name}, streets alone", plain) for name, _, plain in towns])
            turns = sizes([(f"{name}, turn rules", town) for name, town, _ in towns])
            york = sizes(cuts + [("New York", whole)])
            fits += [f"places within {within} km: nodes^{exponent(streets + york[-1:]):.2f} over the towns' streets and New York, "
                     f"^{exponent(york):.2f} over New York and its cuts, ^{exponent(streets):.2f} over the towns' streets, "
                     f"^{exponent(turns):.2f} over the towns with turn rules"]
        fleets = [(vehicles, measure(words.build, "New York", whole, vehicles)[1]) for vehicles in map(int, words.fleets.split(","))]
    print(f"\nmean ~ vehicles^{exponent(fleets):.2f}; " + "; ".join(fits))


main()
