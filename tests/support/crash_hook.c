/* Linked into `dispatcher-crashtest` only (--wrap=core_step): with ZUB_CRASH_ON=KIND[:N] in the environment the process
 * ends, as by a bug, while it applies the N-th command of that kind (first: 1), live or replayed. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

void __real_core_step(struct core *core, const struct command *command, struct updates *updates);
void __wrap_core_step(struct core *core, const struct command *command, struct updates *updates);

void __wrap_core_step(struct core *core, const struct command *command, struct updates *updates)
{
	static unsigned long seen;
	const char *wished = getenv("ZUB_CRASH_ON"), *colon = wished ? strchr(wished, ':') : NULL;
	if (wished) {
		const char *name = core_command_name(command->kind);
		size_t n = colon ? (size_t)(colon - wished) : strlen(wished);
		unsigned long at = colon ? strtoul(colon + 1, NULL, 10) : 1;
		if (strlen(name) == n && !strncmp(name, wished, n) && ++seen == at)
			abort();
	}
	__real_core_step(core, command, updates);
}
