"""Time per request of `bench match` over fleet sizes (15 requests a vehicle and day) and sizes of the graph (New York, and
what of it lies within some kilometres of its middle; requests within 9 km): a table with fitted exponents.

match_growth.py --build BUILD --data ../shared/data [--fleets 100,1000,10000] [--km 10,20] [--vehicles 1000]"""
import argparse
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


def measure(build, graph, folder, vehicles):
    town = f"{folder}/town.zmap"
    subprocess.run([f"{build}/bin/mapc", "import-dimacs", "--gr", graph[0], "--co", graph[1], "--unit-ms", "100", "-o", town],
                   check=True, stdout=subprocess.DEVNULL)
    run = subprocess.run([f"{build}/bench/bench_match", "--map", town, "--generate", f"{vehicles},{vehicles * 15}"],
                         check=True, capture_output=True, text=True)
    figures = {}
    for line in run.stdout.splitlines():
        row = json.loads(line)
        figures.update(row if row.get("phase", "request") == "request" else {})
    print(f"| {figures['nodes']:,} | {vehicles:,} | {figures['requests']:,} | {figures['mean_us']:.0f} us | {figures['p99_us']:.0f} us | "
          f"{figures['to_idle_share']:.0%} | {figures['plan_stops_mean']:.1f} |", flush=True)
    return figures


def exponent(rows):
    (x1, y1), (x2, y2) = rows[0], rows[-1]
    return math.log(y2 / y1) / math.log(x2 / x1)


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--build", required=True)
    words.add_argument("--data", required=True)
    words.add_argument("--fleets", default="100,1000,10000")
    words.add_argument("--km", default="10,20")
    words.add_argument("--vehicles", type=int, default=1000)
    words = words.parse_args()
    data = os.path.join(words.data, "newyork/matching")
    whole = f"{data}/newyork.gr.gz", f"{data}/newyork.co.gz"
    print("| nodes | vehicles | requests | mean | p99 | to idle vehicles | stops of the plan |\n"
          "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        sizes = []
        for km in words.km.split(",") + [""]:
            graph = cut(data, float(km), f"{folder}/cut") if km else whole
            figures = measure(words.build, graph, folder, words.vehicles)
            sizes.append((figures["nodes"], figures["mean_us"]))
        fleets = []
        for vehicles in map(int, words.fleets.split(",")):
            fleets.append((vehicles, measure(words.build, whole, folder, vehicles)["mean_us"]))
    print(f"\nmean ~ nodes^{exponent(sizes):.2f}, vehicles^{exponent(fleets):.2f}")


main()
