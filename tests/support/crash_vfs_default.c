/* Linked whole into `dispatcher-crashtest`: that program's databases lose what is not synced when it is killed.
 * ZUB_CRASH_SEED chooses what reaches the files early. */
#include <stdlib.h>
#include <time.h>

#include "crash_vfs.h"

__attribute__((constructor)) static void use_crash_vfs(void)
{
	const char *given = getenv("ZUB_CRASH_SEED");
	uint64_t seed = (uint64_t)time(NULL);
	if (given)
		seed = strtoull(given, NULL, 10);
	if (crash_vfs_register(seed, 1))
		abort();
}
