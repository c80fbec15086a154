// link: zub_store
/* How many commits a second the SQLite store takes on this machine and disk: one JSON line for each batch size.
 *   bench_store [FOLDER [SECONDS]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store.h"

#define BODY_BYTES 160 /* about what a vehicle event or a request takes */
#define BATCH_MAX 500

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int fail(const char *what, const struct err_detail *detail)
{
	fprintf(stderr, "bench_store: %s: %s\n", what, detail->text);
	return 1;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Commits of `batch` commands with their outcomes, every fourth command about a new ride (a key to make first). */
static int bench(const char *folder, uint32_t batch, double seconds)
{
	static double latency[1 << 20];
	static struct store_record records[2 * BATCH_MAX];
	static char body[BODY_BYTES];
	char path[512];
	struct store *store;
	struct err_detail detail;
	uint32_t epoch;
	size_t n = 0;
	snprintf(path, sizeof path, "%s/bench-%d-%u.journal", folder, (int)getpid(), batch);
	if (store_open(&store, path, &detail) || store_take_epoch(store, 1, &epoch, &detail))
		return fail(path, &detail);
	double begin = now_s(), last = begin;
	while (last - begin < seconds && n < sizeof latency / sizeof *latency) {
		for (uint32_t i = 0; i < 2 * batch; i++) {
			uint64_t ride = i % 8 == 0 ? 1 + n * batch + i : 0;
			records[i] = (struct store_record){.type = i % 2 ? RECORD_OUTCOME : RECORD_COMMAND,
							   .area = 1,
							   .epoch = epoch,
							   .engine_version = 1,
							   .ride = ride,
							   .body = body,
							   .n = sizeof body};
		}
		if (store_commit(store, records, 2 * batch, n, &detail))
			return fail("commit", &detail);
		double now = now_s();
		latency[n++] = now - last;
		last = now;
	}
	store_close(store);
	qsort(latency, n, sizeof *latency, compare);
	printf("{\"bench\":\"store_commit\",\"store\":\"sqlite\",\"commands_per_commit\":%u,\"commits_per_s\":%.0f,"
	       "\"commands_per_s\":%.0f,"
	       "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f}\n",
	       batch, (double)n / (last - begin), (double)n * batch / (last - begin), latency[n / 2] * 1e3,
	       latency[n * 99 / 100] * 1e3, latency[n - 1] * 1e3);
	static const char *const suffixes[] = {"", "-wal", "-shm", ".keys", ".keys-wal", ".keys-shm", ".lock", ".mark"};
	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		char file[600];
		snprintf(file, sizeof file, "%s%s", path, suffixes[i]);
		unlink(file);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const uint32_t batches[] = {1, 8, 64, BATCH_MAX};
	const char *folder = argc > 1 ? argv[1] : "/tmp";
	double seconds = argc > 2 ? atof(argv[2]) : 3;
	for (size_t i = 0; i < COUNT_OF(batches); i++)
		if (bench(folder, batches[i], seconds))
			return 1;
	return 0;
}
