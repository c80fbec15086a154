#!/usr/bin/env bash
# slow
# A new town file while rides are under way: the dispatcher swaps to it at SIGHUP, running agents take it up by themselves and go on, rides
# are done before and after; and what the journal then holds is verified and replayed the same.
set -euo pipefail
. "$ZUB_SOURCE/tests/support/service.sh"
service_make 2 60 9000
printf 'rules: {pickup_window: 9 min}\nstops: {spacing_m: 170}\nclasses: [{name: shuttle, speed_kmh: 35, private_roads: true}]\n' >"$folder/other.yaml"
"$ZUB_BIN/mapc" build --osm "$folder/t.osm.pbf" --gtfs "$folder/t.zip" --town "$folder/other.yaml" -o "$folder/other.zmap" >"$folder/mapc.log" 2>&1 ||
	die "mapc: $(cat "$folder/mapc.log")"
cmp -s "$folder/town.zmap" "$folder/other.zmap" && die "the two towns are the same"
cp "$folder/town.zmap" "$folder/first.zmap"
service_start "$dispatcher"
service_agents
service_riders 60

carried() { curl -sf "$address/metrics" | sed -n 's/^zubringer_rides_total{state="done"} //p'; }
more_rides() { # at least two more are done
	local from end=$((SECONDS + 40))
	from=$(carried)
	until [ "$(carried)" -ge $((from + 2)) ]; do
		[ $SECONDS -lt $end ] || die "no more rides are done $1"
		sleep 0.2
	done
}
swap() { # file: by rename, as mapc itself does
	cp "$folder/$1" "$folder/town.part"
	mv "$folder/town.part" "$folder/town.zmap"
	kill -HUP "$main"
}
more_rides "on the first town"
round=0
for file in other.zmap first.zmap other.zmap; do
	round=$((round + 1))
	swap $file
	for number in $(seq $vehicles); do
		for _ in $(seq 100); do [ "$(grep -c 'counts from now on' "$folder/vehicle-$number.log")" -ge $round ] && break; sleep 0.1; done
		[ "$(grep -c 'counts from now on' "$folder/vehicle-$number.log")" = $round ] || die "vehicle $number did not take town $round"
	done
	[ "$(grep -c 'town swapped' "$folder/dispatcher.log")" = $round ] || die "the dispatcher did not swap to town $round"
	more_rides "after swap $round"
done
for pid in "${pids[@]:1}"; do kill -0 "$pid" 2>/dev/null || die "process $pid has ended"; done
service_stop

"$ZUB_BIN/dispatcher" log --settings "$folder/settings.yaml" --most 1000000 >"$folder/journal.txt"
refusals=$(grep -c 'vehicle_plan_ack .*refusal=2' "$folder/journal.txt" || true)
[ "$refusals" -le 4 ] || die "$refusals plans were refused for their town"
service_is_replayed --towns "$folder/towns"
"$ZUB_BIN/sim" replay "$folder/journal.db" --town "$folder/first.zmap" --unfinished >/dev/null 2>"$folder/err.txt" && die "replayed without the towns"
grep -q -e '--towns' "$folder/err.txt" || die "no hint: $(cat "$folder/err.txt")"
echo "three town swaps under way: $(grep -c ' command ' "$folder/journal.txt") commands, $refusals refusals, replayed the same"
