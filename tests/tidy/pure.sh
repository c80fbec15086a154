#!/bin/bash
# A pure library calls nothing but itself, other pure libraries and a few harmless functions of libc: no clock, no file, no
# socket, no allocation. Usage: pure.sh LIBRARY.a [OTHER_PURE.a ...]; the others are where its symbols may come from.
set -u
library=$1
shift
[ -f "$library" ] || { echo "$library: not built"; exit 1; }

# __cpu_model: which vector instructions the processor has (maps/route); the results are the same with all of them
allowed='memcpy memmove memset memcmp memchr bcmp strlen strnlen strcmp strncmp strchr strrchr strspn strcspn strstr
	qsort bsearch vsnprintf snprintf __vsnprintf_chk __snprintf_chk __memcpy_chk __memset_chk __memmove_chk
	__assert_fail __stack_chk_fail abort _GLOBAL_OFFSET_TABLE_
	__cpu_model __cpu_indicator_init
	__udivti3 __umodti3 __divti3 __modti3 __udivmodti4 __popcountdi2'
# Whoever wants memory is given an arena from outside; only the base itself may get one from the system.
allocating='^(arena_open|array_grow)$'
if [ "$(basename "$library")" = libzub_base.a ]; then
	allowed="$allowed malloc realloc calloc free"
	allocating='^$'
fi
instrumentation='^(__asan_|__ubsan_|__sanitizer_|__sancov_|__gcov_|__llvm_|__start___|__stop___)'

defined() {
	for file in "$@"; do
		[ -f "$file" ] && nm --defined-only --extern-only "$file" 2>/dev/null | awk 'NF == 3 { print $3 }'
	done
}
{
	tr -s ' \t\n' '\n' <<<"$allowed"
	defined "$library"
	defined "$@" | grep -Ev "$allocating"
} | sort -u >"$(dirname "$library")/pure_allowed.$$"
wrong=$(nm --undefined-only --print-file-name "$library" 2>/dev/null | while read -r place _ symbol; do
	object=${place%:}
	echo "$symbol ${object##*:}"
done | sort -u | join -v 1 - "$(dirname "$library")/pure_allowed.$$" | grep -Ev "$instrumentation")
rm -f "$(dirname "$library")/pure_allowed.$$"
[ -z "$wrong" ] && exit 0
while read -r symbol object; do
	echo "$(basename "$library"): $object calls $symbol, which a pure library may not"
done <<<"$wrong"
exit 1
