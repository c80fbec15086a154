#!/usr/bin/env bash
# cmake --install puts programs, settings, unit, user and folders where they belong; the unit is right in systemd's eyes and leaves the
# dispatcher nothing but its state, its settings and the network.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
die() { echo "FAILED: $*"; exit 1; }
prefix=$folder/usr
cmake --install "$ZUB_BIN/.." --prefix "$prefix" >"$folder/install.txt" || die "install: $(tail -n 3 "$folder/install.txt")"
for program in dispatcher mapc sim vehicle-agent; do "$prefix/bin/$program" --version >/dev/null || die "$program does not run"; done
unit=$prefix/lib/systemd/system/zubringer.service
grep -qF "ExecStart=$prefix/bin/dispatcher run" "$unit" || die "the unit starts another program"
grep -q '@' <(grep -v SystemCallFilter "$unit") && die "a path is missing in the unit"
"$prefix/bin/dispatcher" check-settings --settings "$prefix/share/doc/zubringer/dispatcher.yaml" >"$folder/settings.txt" 2>"$folder/errors.txt" || true
grep -q '^store: sqlite:/var/lib/zubringer/journal.db' "$folder/settings.txt" || die "the example settings are not understood: $(cat "$folder/errors.txt")"
grep -q 'dispatcher.yaml:' "$folder/errors.txt" && die "the example settings are wrong: $(cat "$folder/errors.txt")"

if command -v systemd-analyze >/dev/null; then
	systemd-analyze verify --man=no "$unit" >"$folder/verify.txt" 2>&1 || die "systemd-analyze verify: $(cat "$folder/verify.txt")"
	grep -F zubringer.service "$folder/verify.txt" && die "systemd-analyze finds fault with the unit"
	systemd-analyze security --offline=yes --no-pager --threshold=20 "$unit" >"$folder/security.txt" 2>&1 ||
		die "the unit leaves too much open: $(tail -n 1 "$folder/security.txt")"
	tail -n 1 "$folder/security.txt"
else
	echo "skipped: systemd-analyze verify: systemd is not installed"
fi
if command -v systemd-sysusers >/dev/null && [ "$(id -u)" = 0 ]; then
	mkdir -p "$folder/root/etc"
	systemd-sysusers --root="$folder/root" "$prefix/lib/sysusers.d/zubringer.conf" >/dev/null || die "systemd-sysusers"
	grep -q '^zubringer:.*:/var/lib/zubringer:/usr/sbin/nologin' "$folder/root/etc/passwd" || die "no user, or one who may log in"
	systemd-tmpfiles --root="$folder/root" --create "$prefix/lib/tmpfiles.d/zubringer.conf" >/dev/null || die "systemd-tmpfiles"
	[ "$(stat -c %a "$folder/root/var/lib/zubringer" "$folder/root/etc/zubringer" | tr '\n' ' ')" = "700 750 " ] || die "folders"
else
	echo "skipped: systemd-sysusers: not installed, or not root"
fi
echo "installed, unit verified"
