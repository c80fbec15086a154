#!/usr/bin/env bash
# The browser's driver (playwright-core, axe-core) inside the checkout, once for all browser tests.
set -euo pipefail
source=${ZUB_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$source/build/browser-work
mkdir -p "$work"
exec 9>"$work/lock"
flock 9
sum=$(sha256sum <"$source/tests/browser/package-lock.json")
if [ "$(cat "$work/.installed" 2>/dev/null)" != "$sum" ]; then
	cp "$source/tests/browser/package.json" "$source/tests/browser/package-lock.json" "$work/"
	(cd "$work" && npm ci --cache "$source/build/npm-cache" --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
	echo "$sum" >"$work/.installed"
fi
cp "$source"/tests/browser/*.mjs "$work/"
