/* An SQLite VFS for tests: what was written but not yet synced stays in this process's memory, so that killing the
 * process loses it, as a power cut would. Some of it reaches the file early, at random and sector by sector, as a
 * kernel writes back.
 *
 * In a program: link zub_crash_vfs_default and every database opened afterwards uses it; kill -9 is the power cut.
 * (Another process must not read such a database meanwhile.) In a test: crash_vfs_register, then
 * "sqlite:PATH?vfs=crash". */
#ifndef ZUB_CRASH_VFS_H
#define ZUB_CRASH_VFS_H

#include <stdint.h>

#define CRASH_VFS_NAME "crash"

/* Once for each process. Not 0: SQLite refused. */
int crash_vfs_register(uint64_t seed, int make_default);

/* The power cut: a random part of what was not synced is written, the rest forgotten; from now on every operation fails
 * until all files are closed and crash_vfs_restart is called. */
void crash_vfs_crash(void);
/* Crashes by itself at the n-th operation from now (0 = never). */
void crash_vfs_crash_at(uint64_t n);
void crash_vfs_restart(void);
int crash_vfs_crashed(void);

/* The n-th operation from now fails once (0 = none). */
void crash_vfs_fail_at(uint64_t n);
/* Writes that would make one of the files longer fail with "disk full" while `full`. */
void crash_vfs_disk_full(int full);
/* Operations (open, read, write, truncate, sync) since the last call of fail_at, crash_at or restart. */
uint64_t crash_vfs_operations(void);
uint64_t crash_vfs_syncs(void);

#endif
