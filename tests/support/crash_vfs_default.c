/* Linked whole into `dispatcher-crashtest`: that program's databases lose what is not synced when it is killed.
 * ZUB_CRASH_SEED chooses what reaches the files early. SIGUSR1: the disk is full; SIGUSR2: there is room again.
 * ZUB_DISK_FULL=1: it is full from the start. */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "crash_vfs.h"

static void fill_disk(int number)
{
	crash_vfs_disk_full(number == SIGUSR1);
}

__attribute__((constructor)) static void use_crash_vfs(void)
{
	const char *given = getenv("ZUB_CRASH_SEED");
	uint64_t seed = (uint64_t)time(NULL);
	if (given)
		seed = strtoull(given, NULL, 10);
	if (crash_vfs_register(seed, 1))
		abort();
	crash_vfs_disk_full(getenv("ZUB_DISK_FULL") != NULL);
	struct sigaction action = {.sa_handler = fill_disk, .sa_flags = SA_RESTART};
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
}
