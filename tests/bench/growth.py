#!/usr/bin/env python3
"""Figures of routes over generated towns from 5,000 to 1,000,000 inhabitants: a table and a plot.

    tests/bench/growth.py [--build build] [--out build/growth] [--most INHABITANTS] [--note "under load"]

Makes the towns, runs bench_route on each and writes growth.jsonl, growth.md and growth.svg to the folder OUT."""
import argparse
import datetime
import json
import math
import os
import subprocess
import sys

SIZES = [5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000]
NAMES = {  # figure: what the plot calls it
    "dijkstra": "Dijkstra",
    "dijkstra_bidirectional": "Dijkstra from both ends",
    "customize": "customisation, one thread",
    "update_100_arcs": "100 arcs changed",
    "query_mean": "query",
    "one_to_500_pinned": "one to 500 pinned places",
    "snap_tree": "nearest four roads",
}
COLORS = ["#b3261e", "#e07b39", "#1b6e3c", "#7a5cc0", "#0b57d0", "#00838f", "#5f6368"]


def run(command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(build, folder, size):
    osm, gtfs, town = (f"{folder}/town.{end}" for end in ("osm.pbf", "zip", "zmap"))
    run([f"{build}/bin/mapc", "synth", "--seed", "7", "--inhabitants", str(size), "--osm", osm, "--gtfs", gtfs])
    run([f"{build}/bin/mapc", "build", "--osm", osm, "-o", town])
    lines = subprocess.run([f"{build}/bench/bench_route", town], check=True, stdout=subprocess.PIPE, text=True).stdout
    row = {"inhabitants": size, "us": {}}
    for line in map(json.loads, lines.splitlines()):
        if "vertices" in line:
            row["vertices"], row["upward_arcs"] = line["vertices"], line["upward_arcs"]
        if "name" in line:
            row["us"][line["name"]] = line.get("us", line.get("ms", 0) * 1000)
    for path in (osm, gtfs, town):
        os.unlink(path)
    return row


def text(value):
    return f"{value / 1000:.3g} ms" if value >= 1000 else f"{value:.3g} us"


def table(rows, head):
    names = list(NAMES) + ["order"]
    out = [head, "", "| inhabitants | states | upward arcs | " + " | ".join(names) + " | query, of Dijkstra |", "| ---: " * (len(names) + 4) + "|"]
    for row in rows:
        us = row["us"]
        cells = [f"{row['inhabitants']:,}", f"{row['vertices']:,}", f"{row['upward_arcs']:,}"] + [text(us[name]) for name in names]
        out.append("| " + " | ".join(cells) + f" | 1/{us['dijkstra'] / us['query_mean']:.0f} |")
    return "\n".join(out) + "\n"


def plot(rows, head):
    width, height, left, top, right, bottom = 860, 520, 70, 50, 210, 50
    xs = [math.log10(row["inhabitants"]) for row in rows]
    values = [row["us"][name] for row in rows for name in NAMES]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    span = max(xs[-1] - xs[0], 0.1)

    def place(x, value):
        return (left + (x - xs[0]) / span * (width - left - right),
                height - bottom - (math.log10(value) - low) / (high - low) * (height - top - bottom))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>', f'<text x="{left}" y="24">{head}</text>']
    for power in range(low, high + 1):
        _, y = place(xs[0], 10 ** power)
        out.append(f'<line x1="{left}" x2="{width - right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>'
                   f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{text(10 ** power)}</text>')
    for row, x in zip(rows, xs):
        px, _ = place(x, 10 ** low)
        out.append(f'<text x="{px:.1f}" y="{height - bottom + 18}" text-anchor="middle">{row["inhabitants"]:,}</text>')
    out.append(f'<text x="{(left + width - right) / 2}" y="{height - 10}" text-anchor="middle">inhabitants of the generated town</text>')
    ends = []
    for (name, title), color in zip(NAMES.items(), COLORS):
        points = [place(x, row["us"][name]) for row, x in zip(rows, xs)]
        out.append(f'<polyline fill="none" stroke="{color}" stroke-width="2" points="' +
                   " ".join(f"{x:.1f},{y:.1f}" for x, y in points) + '"/>')
        ends.append([points[-1][1], title, color])
    ends.sort()
    for i in range(1, len(ends)):  # labels must not overlap
        ends[i][0] = max(ends[i][0], ends[i - 1][0] + 15)
    for y, title, color in ends:
        out.append(f'<text x="{width - right + 8}" y="{y + 4:.1f}" fill="{color}">{title}</text>')
    return "\n".join(out) + "\n</svg>\n"


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    return f"{model}, {os.cpu_count()} cores"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--out", default="build/growth")
    parser.add_argument("--most", type=int, default=SIZES[-1])
    parser.add_argument("--note", default="")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    rows = []
    for size in (size for size in SIZES if size <= options.most):
        rows.append(measure(options.build, options.out, size))
        print(json.dumps(rows[-1]), flush=True)
    if not rows:
        sys.exit("growth: no size is small enough")
    head = f"Routes with turns, generated towns, {datetime.date.today()}, {machine()}" + (f", {options.note}" if options.note else "")
    for name, content in (("growth.jsonl", "".join(json.dumps(row) + "\n" for row in rows)), ("growth.md", table(rows, head)),
                          ("growth.svg", plot(rows, head))):
        with open(f"{options.out}/{name}", "w") as file:
            file.write(content)


main()
