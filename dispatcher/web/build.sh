#!/usr/bin/env bash
# Builds the pages into build/web (or the folder given). Everything stays inside the checkout: packages, npm's cache, the bundler's.
# Skipped when neither sources nor packages changed since the last build.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:-$root/build/web}
work=$root/build/web-work
mkdir -p "$work"
sum_of() { (cd "$here" && cat "$@" | sha256sum | cut -d' ' -f1); }
packages=$(sum_of package.json package-lock.json)
sources=$(cd "$here" && find src public index.html operator.html planner.html vite.config.js tsconfig.json package-lock.json third-party.txt third-party.mjs -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d' ' -f1)
if [ "$(cat "$out/.built" 2>/dev/null)" = "$sources" ]; then
	echo "pages: unchanged"
	exit 0
fi
command -v npm >/dev/null || { echo "pages: npm is missing (Debian package npm)" >&2; exit 1; }
# One builder at a time; a second one waits and then finds everything done.
exec 9>"$work/lock"
flock 9
cp "$here/package.json" "$here/package-lock.json" "$work/"
if [ "$(cat "$work/.installed" 2>/dev/null)" != "$packages" ]; then
	rm -f "$work/.installed"
	(cd "$work" && npm ci --cache "$root/build/npm-cache" --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null)
	echo "$packages" >"$work/.installed"
fi
rm -rf "$work/page"
mkdir -p "$work/page"
cp -r "$here/src" "$here/public" "$here/index.html" "$here/operator.html" "$here/planner.html" "$here/vite.config.js" "$here/tsconfig.json" "$work/page/"
ln -sfn ../node_modules "$work/page/node_modules"
cp "$work/package.json" "$work/page/"
new=$work/new
rm -rf "$new"
(cd "$work/page" && node ../node_modules/typescript/bin/tsc --noEmit && ZUB_WEB_OUT="$new" ZUB_WEB_CACHE="$work/vite" node ../node_modules/vite/bin/vite.js build --logLevel warn)
node "$here/third-party.mjs" "$here/third-party.txt" "$here/package-lock.json" "$work/node_modules" >"$new/third-party.txt"
find "$new" -type f \( -name '*.js' -o -name '*.mjs' -o -name '*.css' -o -name '*.html' -o -name '*.svg' -o -name '*.txt' \) -exec gzip -9kn {} +
echo "$sources" >"$new/.built"
rm -rf "$out.old"
mkdir -p "$(dirname "$out")"
[ -e "$out" ] && mv "$out" "$out.old"
mv "$new" "$out"
rm -rf "$out.old"
echo "pages: built into $out"
