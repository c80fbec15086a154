#!/usr/bin/env bash
# How good the improvement search is: every public instance of ../shared/data, one JSON line each, beside the proven optimum (dial-a-ride) or
# the best known plan (pickup and delivery), and a line with the mean for each kind. Takes instances x SEEDS x SECONDS of processor time;
# two run at once. ZUB_MORE=FOLDER: its pickup-and-delivery instances, too (*.txt), as far as FOLDER.csv (instance,vehicles,distance) knows them;
# for the long routes and the larger instances of the same authors, which are not among the data.
#   bash tests/bench/quality.sh [SECONDS, default 60] [SEEDS, default 3]
set -euo pipefail
export LC_ALL=C.UTF-8
seconds=${1:-60} seeds=${2:-3}
source=$(cd "$(dirname "$0")/../.." && pwd)
sim=$source/build/bin/sim data=${ZUB_DATA:-$source/../shared/data}
[ -x "$sim" ] || { echo "$sim is missing: ./run build" >&2; exit 1; }
[ -d "$data/darp" ] || { echo "skipped: no $data/darp" >&2; exit 77; }
results=$(mktemp "${TMPDIR:-/tmp}/zub-quality-XXXXXX")
trap 'rm -f "$results"' EXIT

one() { # kind file best-cost best-vehicles seed
	local answer cost vehicles
	answer=$("$sim" "${1%_more}" "$2" --seconds "$seconds" --seed "$5") || { echo "{\"bench\":\"$1\",\"instance\":\"$(basename "$2" .txt)\",\"seed\":$5,\"solved\":false}"; return; }
	cost=$(grep -o '"cost":[0-9.]*' <<<"$answer" | cut -d: -f2)
	vehicles=$(grep -o '"vehicles":[0-9]*' <<<"$answer" | cut -d: -f2)
	awk -v kind="$1" -v name="$(basename "$2" .txt)" -v cost="$cost" -v vehicles="$vehicles" -v best="$3" -v least="$4" -v seed="$5" -v seconds="$seconds" \
		'BEGIN { printf "{\"bench\":\"%s\",\"instance\":\"%s\",\"seed\":%d,\"processor_s\":%d,\"cost\":%.4f,\"known_cost\":%.4f,\"gap_percent\":%.4f,\"vehicles\":%d,\"known_vehicles\":%d}\n",
			kind, name, seed, seconds, cost, best, 100 * (cost / best - 1), vehicles, least }'
}
export -f one
export seconds sim

{
	tail -n +2 "$data/darp/optimal.csv" | tr -d '\r' | while IFS=, read -r name vehicles _ _ _ _ cost _; do
		for seed in $(seq "$seeds"); do echo "darp $data/darp/$name.txt $cost $vehicles $seed"; done
	done
	tail -n +2 "$data/pdptw/best_known.csv" | tr -d '\r' | while IFS=, read -r name _ _ _ vehicles cost; do
		for seed in $(seq "$seeds"); do echo "pdptw $data/pdptw/$name.txt $cost $vehicles $seed"; done
	done
	[ -z "${ZUB_MORE:-}" ] || tr -d '\r' <"${ZUB_MORE%/}.csv" | while IFS=, read -r name vehicles cost; do
		for seed in $(seq "$seeds"); do echo "pdptw_more ${ZUB_MORE%/}/$name.txt $cost $vehicles $seed"; done
	done
} | xargs -P 2 -I{} bash -c 'one {}' | tee "$results"

# the gap of a plan with more vehicles says nothing and is left out of the mean
for kind in darp pdptw pdptw_more; do
	grep -q "\"bench\":\"$kind\"" "$results" || continue
	grep "\"bench\":\"$kind\"" "$results" | sed 's/[{}"]//g' | awk -F, -v kind="$kind" '
		{ split("", v); for (i = 1; i <= NF; i++) { at = index($i, ":"); v[substr($i, 1, at - 1)] = substr($i, at + 1) }
		  runs++; if (!("cost" in v)) { unsolved++; next }
		  more = (kind ~ /^pdptw/ && v["vehicles"] > v["known_vehicles"]); worse += more
		  if (!more) { sum += v["gap_percent"]; n++
			name = v["instance"]; if (!(name in best) || v["gap_percent"] < best[name]) best[name] = v["gap_percent"] } }
		END { for (name in best) { if (best[name] > highest) highest = best[name]; if (best[name] < 0.001) reached++; count++ }
		  printf "{\"bench\":\"%s_all\",\"runs\":%d,\"unsolved\":%d,\"more_vehicles_than_known\":%d,\"mean_gap_percent\":%.4f,\"instances\":%d,\"best_seed_equals_known\":%d,\"best_seed_gap_percent_max\":%.4f}\n",
			kind, runs, unsolved, worse, n ? sum / n : 0, count, reached, highest }'
done
