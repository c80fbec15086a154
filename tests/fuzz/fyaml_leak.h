#pragma once
/* libfyaml 0.7.12 (Debian 12) forgets 4 KiB for each scalar of many pieces (fy_atom_format_text grows its list and
 * never frees it; found by fuzz_town_settings). Nothing of ours: leaks within the library alone are left out of the
 * fuzzers of YAML. That we close every document is held by the unit tests, which run under LeakSanitizer without this.
 */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so\n";
}
