#!/bin/bash
# Best insertion on New York: every answer to 5,000 and 2,500 requests, vehicle, positions and cost, equals that of KaRRi;
# the same where the buckets have no room at all; the first ones also by the obvious matcher.
set -eu
data=$ZUB_DATA/newyork/matching
bench=$ZUB_BIN/../bench/bench_match
[ -r "$data/newyork.gr.gz" ] || { echo "skipped: no $data"; exit 77; }
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
"$ZUB_BIN/mapc" import-dimacs --gr "$data/newyork.gr.gz" --co "$data/newyork.co.gz" --len "$data/newyork.length.gr.gz" \
	--unit-ms 100 --len-mm 1000 -o "$folder/newyork.zmap" >/dev/null

# run NAME COUNT [MORE...]: our answers to the first COUNT requests are those of the file
run() {
	local name=$1 count=$2
	shift 2
	"$bench" --map "$folder/newyork.zmap" --vehicles "$data/newyork_1000v_$name.vehicles.csv.gz" \
		--requests "$data/newyork_1000v_$name.requests.csv.gz" --objective loud --json --limit "$count" \
		--costs "$folder/ours.csv" "$@" >"$folder/figures"
	zcat "$data/newyork_1000v_$name.karri.csv.gz" | cut -d, -f1,4- | head -n $((count + 1)) >"$folder/theirs.csv"
	[ "$(wc -l <"$folder/theirs.csv")" = $((count + 1)) ] || { echo "$name: too few rows"; exit 1; }
	cmp "$folder/ours.csv" "$folder/theirs.csv"
	echo "$name: $count answers equal $*"
}

run 5000r 5000
grep -q '"cost_ds":344890606' "$folder/figures"
grep -q '"mean_wait_s":770.4,"mean_ride_s":561.7' "$folder/figures"
run 2500r 2500
run 2500r 600 --loose
run 5000r 12 --twin 12

# With improvement beside the requests: the bench itself fails where anything that was driven is wrong; the same seed gives
# the same day.
improve() {
	"$bench" --map "$folder/newyork.zmap" --vehicles "$data/newyork_1000v_5000r.vehicles.csv.gz" \
		--requests "$data/newyork_1000v_5000r.requests.csv.gz" --json --limit 1200 --improve --steps 1 |
		grep '"improve' | sed 's/,"processor_s":[0-9.]*//'
}
improve >"$folder/once"
improve >"$folder/twice"
cmp "$folder/once" "$folder/twice"
[ "$(grep -c '"riders":1200,"promises_broken":0' "$folder/once")" = 2 ]
grep -q '"realised_cost":0\.' "$folder/once"
echo "improved: $(tail -n 1 "$folder/once")"
