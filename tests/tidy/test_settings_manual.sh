#!/usr/bin/env bash
# The manual pages of settings are what the programs print from their tables, and every setting has a meaning.
set -euo pipefail
cd "${ZUB_SOURCE:?}"
status=0
check() { # program file
	"$ZUB_BIN/$1" settings >"$work/manual.md"
	if ! diff -u "$2" "$work/manual.md"; then
		echo "$2 is not what the program prints: build/bin/$1 settings >$2"
		status=1
	fi
	if grep -nE '^\| `[^`]*` \|.*\| +\|$' "$2"; then
		echo "$2: these have no meaning"
		status=1
	fi
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
check dispatcher dispatcher/settings.md
check mapc maps/compile/settings.md
check sim sim/settings.md

# A scenario plans as the live service does: what both may choose of the core has one default.
usual() { sed -n 's/^| `\(\(core\|cost\|fair\|improve\)\.[^`]*\)` | [^|]* | `\([^`]*\)`.*/\1\t\3/p' "$1" | sort; }
usual sim/settings.md >"$work/sim"
[ "$(grep -c '^cost' "$work/sim")" = 4 ] || { echo "sim/settings.md: where are the weights?"; status=1; }
join -t $'\t' "$work/sim" <(usual dispatcher/settings.md) | while IFS=$'\t' read -r name here there; do
	[ "$here" = "$there" ] || { echo "$name: $here in scenarios, $there in the live service"; exit 1; }
done || status=1
exit $status
