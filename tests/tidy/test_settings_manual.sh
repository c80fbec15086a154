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
exit $status
