#!/usr/bin/env bash
# Every test. Called by ./run test [--fast]; packages are there. Prints one line a part, keeps logs in build/logs.
set -uo pipefail
cd "$(dirname "$0")/.."
fast=0
[ "${1:-}" = --fast ] && fast=1
logs=$PWD/build/logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0
export LC_ALL=C.UTF-8

part() { # name command...
	local name=$1 start=$SECONDS status=0
	shift
	"$@" >"$logs/$name.log" 2>&1 || status=$?
	grep -a -E '^skipped|\*\*\*Skipped' "$logs/$name.log" | sort -u | sed 's/^/    /'
	case $status in
	0) passed=$((passed + 1)); printf 'ok       %-28s %4d s\n' "$name" $((SECONDS - start)) ;;
	77) skipped=$((skipped + 1)); printf 'skipped  %-28s %s\n' "$name" "$(tail -n 1 "$logs/$name.log")" ;;
	*) failed=$((failed + 1)); printf 'FAILED   %-28s %4d s; the end of build/logs/%s.log:\n' "$name" $((SECONDS - start)) "$name"; tail -n 40 "$logs/$name.log" | sed 's/^/    /' ;;
	esac
}

configure() { # folder options...
	local folder=$1
	shift
	cmake -S . -B "$folder" -G Ninja "$@"
}
build_in() { ninja -C "$1" "${@:2}"; }
ctest_in() { # what tests leave out they say aloud, also when they pass
	local status=0
	(cd "$1" && ctest --output-on-failure --no-tests=error -j2 "${@:2}") || status=$?
	grep -a -h '^skipped' "$1/Testing/Temporary/LastTest.log"
	return $status
}

format_is_right() {
	git ls-files '*.c' '*.h' | grep -v -e generated | xargs clang-format --dry-run -Werror
}

fuzz_one() { # target seconds
	local target=$1 seconds=$2 name corpus bad=0
	name=$(basename "$target")
	corpus=build/fuzz/corpus/$name
	mkdir -p "$corpus"
	local seeds=()
	[ -d "tests/fuzz/corpus/$name" ] && seeds=("tests/fuzz/corpus/$name")
	(cd build/fuzz && nice -n 19 "fuzz/$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -artifact_prefix="$logs/" -print_final_stats=1 \
		"corpus/$name" "${seeds[@]/#/../../}") >"$logs/$name.log" 2>&1 || { bad=1; echo "$name crashed:"; tail -n 30 "$logs/$name.log"; }
	echo "$name: $(grep -a -o 'cov: [0-9]* ft: [0-9]*' "$logs/$name.log" | tail -n 1), $(grep -a 'number_of_executed_units' "$logs/$name.log" | tr -dc 0-9) runs in $seconds s"
	return $bad
}

fuzz_all() ( # seconds each; two at a time, and in a shell of its own: it waits for nobody else's children
	local target running=0 bad=0
	for target in build/fuzz/fuzz/fuzz_*; do
		[ -x "$target" ] || continue
		[ $running -lt 2 ] || { wait -n || bad=1; running=$((running - 1)); }
		fuzz_one "$target" "$1" &
		running=$((running + 1))
	done
	for (( ; running > 0; running--)); do wait -n || bad=1; done
	exit $bad
)

part configure configure build
part build build_in build all tests
part headers build_in build all_verify_interface_header_sets
if [ $fast = 1 ]; then
	part tests ctest_in build -LE slow
else
	part tests ctest_in build -LE 'slow|live|browser'
	part pages bash dispatcher/web/build.sh
	part format format_is_right
	part clang-configure configure build/clang -DCMAKE_C_COMPILER=clang
	part clang-build build_in build/clang all tests
	part sanitize-configure configure build/sanitize -DZUB_SANITIZE=ON
	part sanitize-build build_in build/sanitize all tests
	part sanitize-tests ctest_in build/sanitize -LE 'slow|live|browser'
	part core-twin ctest_in build -R test_core_twin # all its searches; under the sanitizers a quarter
	# once, and under the sanitizers; the examples build programs of their own
	part slow-tests ctest_in build/sanitize -L slow -E test_examples
	part examples ctest_in build -R test_examples
	part fuzz-configure configure build/fuzz -DZUB_FUZZ=ON -DZUB_SANITIZE=ON -DCMAKE_C_COMPILER=clang
	part fuzz-build build_in build/fuzz fuzzers
	# the live runs mostly wait for the clock: the fuzzers take what is left of the cores meanwhile
	bash tests/live.sh >"$logs/live.out" 2>&1 &
	live=$!
	part fuzz fuzz_all "${ZUB_FUZZ_SECONDS:-60}"
	part live-tests bash -c "tail --pid=$live -f /dev/null; cat '$logs/live.out'; grep -q '^live: all right' '$logs/live.out'"
	sed -n 's/^\(generated\|heidelberg\|kaiserslautern\|kill\) /    &/p' "$logs/live.out"
	grep -a ' runs in ' "$logs/fuzz.log" | sed 's/^/    /'
fi
sed -n 's/^.*[0-9]*% tests passed, .*$/    &/p' "$logs"/*tests.log 2>/dev/null
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
