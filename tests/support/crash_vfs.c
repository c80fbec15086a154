#include "crash_vfs.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "rng.h"

#define SECTOR 512
#define WRITE_BACK_PERMILLE 60 /* a write is followed by some early write-back */
#define PATH_BYTES 512
#define FILES_MAX 64

struct sector {
	int64_t number;
	uint8_t *bytes;
};
struct shared { /* one file, however often it is open */
	char path[PATH_BYTES];
	int n_open;
	struct sector *dirty; /* ascending */
	size_t n_dirty, cap_dirty;
	int64_t size; /* as this process sees it */
	int64_t base; /* bytes of the real file that still count: less than its size after a truncate */
};
struct crash_file {
	sqlite3_file file;
	struct shared *shared; /* NULL: a temporary file, passed through */
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs crash_vfs;
static struct shared files[FILES_MAX];
static struct rng rng;
static uint64_t operations, syncs, fail_at, crash_at;
static int crashed;
static volatile sig_atomic_t disk_full; /* may be set by a signal */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- sectors ---- */

static size_t sector_place(const struct shared *shared, int64_t number)
{
	size_t low = 0, high = shared->n_dirty;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (shared->dirty[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct sector *sector_find(const struct shared *shared, int64_t number)
{
	size_t at = sector_place(shared, number);
	return at < shared->n_dirty && shared->dirty[at].number == number ? &shared->dirty[at] : NULL;
}

/* Reads of the real file, zeros beyond what counts of it. */
static int base_read(struct crash_file *file, int64_t at, uint8_t *bytes, int n)
{
	int64_t visible = file->shared->base - at;
	memset(bytes, 0, (size_t)n);
	if (visible <= 0)
		return SQLITE_OK;
	int take = visible < n ? (int)visible : n;
	int result = file->real->pMethods->xRead(file->real, bytes, take, at);
	return result == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : result;
}

static int sector_take(struct crash_file *file, int64_t number, uint8_t **ret_bytes)
{
	struct shared *shared = file->shared;
	size_t at = sector_place(shared, number);
	if (at < shared->n_dirty && shared->dirty[at].number == number) {
		*ret_bytes = shared->dirty[at].bytes;
		return SQLITE_OK;
	}
	if (shared->n_dirty == shared->cap_dirty) {
		size_t cap = shared->cap_dirty ? shared->cap_dirty * 2 : 64;
		struct sector *dirty = realloc(shared->dirty, cap * sizeof *dirty);
		if (!dirty)
			return SQLITE_IOERR_NOMEM;
		shared->dirty = dirty;
		shared->cap_dirty = cap;
	}
	uint8_t *bytes = malloc(SECTOR);
	if (!bytes)
		return SQLITE_IOERR_NOMEM;
	int result = base_read(file, number * SECTOR, bytes, SECTOR);
	if (result) {
		free(bytes);
		return result;
	}
	memmove(&shared->dirty[at + 1], &shared->dirty[at], (shared->n_dirty - at) * sizeof *shared->dirty);
	shared->dirty[at] = (struct sector){number, bytes};
	shared->n_dirty++;
	*ret_bytes = bytes;
	return SQLITE_OK;
}

static int sector_write(struct crash_file *file, const struct sector *sector)
{
	struct shared *shared = file->shared;
	int64_t at = sector->number * SECTOR, n = shared->size - at < SECTOR ? shared->size - at : SECTOR;
	if (n <= 0)
		return SQLITE_OK;
	int result = file->real->pMethods->xWrite(file->real, sector->bytes, (int)n, at);
	if (!result && at + n > shared->base) {
		/* what lies between counts as zeros, and is: the real file ended at `base` or was cut there */
		shared->base = at + n;
	}
	return result;
}

static void sectors_forget(struct shared *shared, size_t from)
{
	for (size_t i = from; i < shared->n_dirty; i++)
		free(shared->dirty[i].bytes);
	shared->n_dirty = from;
}

static int cut_real(struct crash_file *file)
{
	sqlite3_int64 size;
	int result = file->real->pMethods->xFileSize(file->real, &size);
	if (!result && size > file->shared->base)
		result = file->real->pMethods->xTruncate(file->real, file->shared->base);
	return result;
}

/* Writes and drops each dirty sector that `permille` chooses; 1000 = all. */
static int write_back(struct crash_file *file, uint32_t permille)
{
	struct shared *shared = file->shared;
	int result = cut_real(file);
	size_t kept = 0;
	for (size_t i = 0; i < shared->n_dirty; i++) {
		struct sector *sector = &shared->dirty[i];
		if (!result && rng_chance(&rng, permille)) {
			result = sector_write(file, sector);
			if (!result) {
				free(sector->bytes);
				continue;
			}
		}
		shared->dirty[kept++] = *sector;
	}
	shared->n_dirty = kept;
	return result;
}

/* ---- what goes wrong ---- */

static void crash_now(void)
{
	crashed = 1;
	for (int i = 0; i < FILES_MAX; i++)
		sectors_forget(&files[i], 0);
}

/* Each operation asks here first. The lock is held. */
static int operation(struct crash_file *file, int failure)
{
	operations++;
	if (!crashed && crash_at && operations == crash_at) {
		if (file && file->shared)
			write_back(file, rng_below(&rng, 1001));
		crash_now();
	}
	if (crashed)
		return failure;
	return fail_at && operations == fail_at ? failure : SQLITE_OK;
}

/* ---- the file ---- */

static int file_close(sqlite3_file *handle)
{
	struct crash_file *file = (struct crash_file *)handle;
	pthread_mutex_lock(&lock);
	struct shared *shared = file->shared;
	if (shared && --shared->n_open == 0) {
		/* the kernel keeps what was written; only a crash loses it */
		if (!crashed)
			write_back(file, 1000);
		sectors_forget(shared, 0);
		free(shared->dirty);
		memset(shared, 0, sizeof *shared);
	}
	int result = file->real->pMethods->xClose(file->real);
	pthread_mutex_unlock(&lock);
	return result;
}

static int read_locked(struct crash_file *file, uint8_t *bytes, int n, int64_t at)
{
	const struct shared *shared = file->shared;
	int result = operation(file, SQLITE_IOERR_READ);
	if (!result)
		result = base_read(file, at, bytes, n);
	for (int64_t number = at / SECTOR; !result && number * SECTOR < at + n; number++) {
		const struct sector *sector = sector_find(shared, number);
		int64_t from = number * SECTOR > at ? number * SECTOR : at;
		int64_t to = (number + 1) * SECTOR < at + n ? (number + 1) * SECTOR : at + n;
		if (sector)
			memcpy(bytes + (from - at), sector->bytes + (from - number * SECTOR), (size_t)(to - from));
	}
	if (!result && at + n > shared->size) {
		int64_t there = shared->size > at ? shared->size - at : 0;
		memset(bytes + there, 0, (size_t)(n - there));
		result = SQLITE_IOERR_SHORT_READ;
	}
	return result;
}

static int file_read(sqlite3_file *handle, void *bytes, int n, sqlite3_int64 at)
{
	struct crash_file *file = (struct crash_file *)handle;
	if (!file->shared)
		return file->real->pMethods->xRead(file->real, bytes, n, at);
	pthread_mutex_lock(&lock);
	int result = read_locked(file, bytes, n, at);
	pthread_mutex_unlock(&lock);
	return result;
}

static int write_locked(struct crash_file *file, const uint8_t *bytes, int n, int64_t at)
{
	struct shared *shared = file->shared;
	int result = operation(file, SQLITE_IOERR_WRITE);
	if (!result && disk_full && at + n > shared->size)
		result = SQLITE_FULL;
	for (int64_t number = at / SECTOR; !result && number * SECTOR < at + n; number++) {
		int64_t from = number * SECTOR > at ? number * SECTOR : at;
		int64_t to = (number + 1) * SECTOR < at + n ? (number + 1) * SECTOR : at + n;
		uint8_t *sector;
		if (!(result = sector_take(file, number, &sector)))
			memcpy(sector + (from - number * SECTOR), bytes + (from - at), (size_t)(to - from));
	}
	if (result)
		return result;
	if (at + n > shared->size)
		shared->size = at + n;
	if (rng_chance(&rng, WRITE_BACK_PERMILLE))
		write_back(file, rng_below(&rng, 1000));
	return SQLITE_OK;
}

static int file_write(sqlite3_file *handle, const void *bytes, int n, sqlite3_int64 at)
{
	struct crash_file *file = (struct crash_file *)handle;
	if (!file->shared)
		return file->real->pMethods->xWrite(file->real, bytes, n, at);
	pthread_mutex_lock(&lock);
	int result = write_locked(file, bytes, n, at);
	pthread_mutex_unlock(&lock);
	return result;
}

static int file_truncate(sqlite3_file *handle, sqlite3_int64 size)
{
	struct crash_file *file = (struct crash_file *)handle;
	struct shared *shared = file->shared;
	if (!shared)
		return file->real->pMethods->xTruncate(file->real, size);
	pthread_mutex_lock(&lock);
	int result = operation(file, SQLITE_IOERR_TRUNCATE);
	if (!result) {
		sectors_forget(shared, sector_place(shared, (size + SECTOR - 1) / SECTOR));
		const struct sector *last = sector_find(shared, size / SECTOR);
		if (last)
			memset(last->bytes + size % SECTOR, 0, (size_t)(SECTOR - size % SECTOR));
		shared->size = size;
		if (shared->base > size)
			shared->base = size;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

static int file_sync(sqlite3_file *handle, int flags)
{
	struct crash_file *file = (struct crash_file *)handle;
	(void)flags;
	if (!file->shared)
		return SQLITE_OK;
	pthread_mutex_lock(&lock);
	int result = operation(file, SQLITE_IOERR_FSYNC);
	syncs++;
	/* No sync of the real file: the machine itself does not crash in a test. */
	if (!result)
		result = write_back(file, 1000);
	pthread_mutex_unlock(&lock);
	return result;
}

static int file_size(sqlite3_file *handle, sqlite3_int64 *ret_size)
{
	struct crash_file *file = (struct crash_file *)handle;
	if (!file->shared)
		return file->real->pMethods->xFileSize(file->real, ret_size);
	pthread_mutex_lock(&lock);
	*ret_size = file->shared->size;
	pthread_mutex_unlock(&lock);
	return SQLITE_OK;
}

#define REAL(handle) (((struct crash_file *)(handle))->real)

static int file_lock(sqlite3_file *handle, int level)
{
	return REAL(handle)->pMethods->xLock(REAL(handle), level);
}
static int file_unlock(sqlite3_file *handle, int level)
{
	return REAL(handle)->pMethods->xUnlock(REAL(handle), level);
}
static int file_check_lock(sqlite3_file *handle, int *ret_reserved)
{
	return REAL(handle)->pMethods->xCheckReservedLock(REAL(handle), ret_reserved);
}
static int file_control(sqlite3_file *handle, int what, void *argument)
{
	/* the size hint would let the real file grow without a sync */
	if (what == SQLITE_FCNTL_SIZE_HINT || what == SQLITE_FCNTL_CHUNK_SIZE)
		return SQLITE_OK;
	return REAL(handle)->pMethods->xFileControl(REAL(handle), what, argument);
}
static int file_sector_size(sqlite3_file *handle)
{
	return REAL(handle)->pMethods->xSectorSize(REAL(handle));
}
static int file_characteristics(sqlite3_file *handle)
{
	return REAL(handle)->pMethods->xDeviceCharacteristics(REAL(handle));
}
static int file_shm_map(sqlite3_file *handle, int page, int size, int extend, void volatile **ret_memory)
{
	return REAL(handle)->pMethods->xShmMap(REAL(handle), page, size, extend, ret_memory);
}
static int file_shm_lock(sqlite3_file *handle, int offset, int n, int flags)
{
	return REAL(handle)->pMethods->xShmLock(REAL(handle), offset, n, flags);
}
static void file_shm_barrier(sqlite3_file *handle)
{
	REAL(handle)->pMethods->xShmBarrier(REAL(handle));
}
static int file_shm_unmap(sqlite3_file *handle, int delete_it)
{
	return REAL(handle)->pMethods->xShmUnmap(REAL(handle), delete_it);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_lock,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

/* ---- the VFS ---- */

static struct shared *shared_of(const char *path)
{
	struct shared *unused = NULL;
	for (int i = 0; i < FILES_MAX; i++) {
		if (files[i].n_open && !strcmp(files[i].path, path))
			return &files[i];
		if (!files[i].n_open && !unused)
			unused = &files[i];
	}
	return unused;
}

static int open_shared(struct crash_file *file, const char *path)
{
	struct shared *shared = shared_of(path);
	sqlite3_int64 size = 0;
	if (!shared || strlen(path) >= sizeof shared->path)
		return SQLITE_CANTOPEN;
	if (!shared->n_open) {
		int result = file->real->pMethods->xFileSize(file->real, &size);
		if (result)
			return result;
		strcpy(shared->path, path);
		shared->size = shared->base = size;
	}
	shared->n_open++;
	file->shared = shared;
	return SQLITE_OK;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *handle, int flags, int *ret_flags)
{
	struct crash_file *file = (struct crash_file *)handle;
	(void)vfs;
	memset(file, 0, sizeof *file);
	file->real = (sqlite3_file *)(file + 1);
	pthread_mutex_lock(&lock);
	int result = operation(NULL, SQLITE_CANTOPEN);
	if (!result)
		result = real_vfs->xOpen(real_vfs, path, file->real, flags, ret_flags);
	if (!result && path && !(flags & SQLITE_OPEN_DELETEONCLOSE) && (result = open_shared(file, path)))
		file->real->pMethods->xClose(file->real);
	if (!result)
		file->file.pMethods = &methods;
	pthread_mutex_unlock(&lock);
	return result;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
	(void)vfs;
	pthread_mutex_lock(&lock);
	int result = crashed ? SQLITE_IOERR_DELETE : real_vfs->xDelete(real_vfs, path, sync_folder);
	pthread_mutex_unlock(&lock);
	return result;
}

int crash_vfs_register(uint64_t seed, int make_default)
{
	rng_seed(&rng, seed);
	if (real_vfs)
		return SQLITE_OK;
	real_vfs = sqlite3_vfs_find("unix");
	if (!real_vfs)
		return SQLITE_ERROR;
	crash_vfs = *real_vfs;
	crash_vfs.zName = CRASH_VFS_NAME;
	crash_vfs.pNext = NULL;
	crash_vfs.szOsFile = (int)sizeof(struct crash_file) + real_vfs->szOsFile;
	crash_vfs.xOpen = vfs_open;
	crash_vfs.xDelete = vfs_delete;
	return sqlite3_vfs_register(&crash_vfs, make_default);
}

void crash_vfs_crash(void)
{
	pthread_mutex_lock(&lock);
	crash_now();
	pthread_mutex_unlock(&lock);
}

static void from_now(uint64_t *at, uint64_t n)
{
	pthread_mutex_lock(&lock);
	operations = 0;
	*at = n;
	pthread_mutex_unlock(&lock);
}

void crash_vfs_crash_at(uint64_t n)
{
	from_now(&crash_at, n);
}

void crash_vfs_fail_at(uint64_t n)
{
	from_now(&fail_at, n);
}

void crash_vfs_restart(void)
{
	pthread_mutex_lock(&lock);
	crashed = disk_full = 0;
	operations = fail_at = crash_at = 0;
	pthread_mutex_unlock(&lock);
}

int crash_vfs_crashed(void)
{
	return crashed;
}

void crash_vfs_disk_full(int full)
{
	disk_full = full;
}

uint64_t crash_vfs_operations(void)
{
	return operations;
}

uint64_t crash_vfs_syncs(void)
{
	return syncs;
}
