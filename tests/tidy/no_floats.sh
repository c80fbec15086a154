#!/bin/bash
# Pure libraries decide with integers: every source must compile without floating-point registers.
# Usage: no_floats.sh SOURCE_DIR "SOURCE;..." "INCLUDE_DIR;..."
set -u
command -v gcc >/dev/null || { echo "skipped: no gcc"; exit 77; }
includes=()
IFS=';' read -ra folders <<<"$3"
for folder in "${folders[@]}"; do
	[ -n "$folder" ] && includes+=(-I "$folder")
done
IFS=';' read -ra sources <<<"$2"
failed=0
for source in "${sources[@]}"; do
	[[ $source == /* ]] || source=$1/$source
	# -Os: with other optimisation glibc's stdlib.h has inline functions that return doubles
	if ! gcc -std=gnu11 -Os -mgeneral-regs-only -D_GNU_SOURCE -DZUB_VERSION='""' "${includes[@]}" -c "$source" -o /dev/null; then
		echo "$source: uses floating point"
		failed=1
	fi
done
exit $failed
