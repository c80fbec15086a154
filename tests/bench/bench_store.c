// link: zub_store
/* How many commits a second the stores take on this machine and disk: one JSON line for each batch size. PostgreSQL
 * only when ZUB_POSTGRES names a database of a server. bench_store [FOLDER [SECONDS]] */
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
static int bench(const char *name, const char *url, uint32_t batch, double seconds)
{
	static double latency[1 << 20];
	static struct store_record records[2 * BATCH_MAX];
	static char body[BODY_BYTES];
	struct store *store;
	struct err_detail detail;
	uint32_t epoch;
	size_t n = 0;
	if (store_open(&store, url, &detail) || store_take_epoch(store, 1, &epoch, &detail))
		return fail(name, &detail);
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
		int code;
		while ((code = store_commit(store, records, 2 * batch, n, &detail)) == ERR_UNAVAILABLE)
			; /* no answer yet */
		if (code)
			return fail("commit", &detail);
		double now = now_s();
		latency[n++] = now - last;
		last = now;
	}
	store_close(store);
	qsort(latency, n, sizeof *latency, compare);
	printf("{\"bench\":\"store_commit\",\"store\":\"%s\",\"commands_per_commit\":%u,\"commits_per_s\":%.0f,"
	       "\"commands_per_s\":%.0f,"
	       "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f}\n",
	       name, batch, (double)n / (last - begin), (double)n * batch / (last - begin), latency[n / 2] * 1e3,
	       latency[n * 99 / 100] * 1e3, latency[n - 1] * 1e3);
	return 0;
}

static int bench_sqlite(const char *folder, uint32_t batch, double seconds)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".keys", ".keys-wal", ".keys-shm", ".lock", ".mark"};
	char path[512], file[600];
	snprintf(path, sizeof path, "%s/bench-%d-%u.journal", folder, (int)getpid(), batch);
	int failed = bench("sqlite", path, batch, seconds);
	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		snprintf(file, sizeof file, "%s%s", path, suffixes[i]);
		unlink(file);
	}
	return failed;
}

static int bench_postgres(const char *database, uint32_t batch, double seconds)
{
	char url[512];
	snprintf(url, sizeof url, "%s&schema=bench_%d_%u", database, (int)getpid(), batch);
	return bench("postgresql", url, batch, seconds);
}

int main(int argc, char **argv)
{
	static const uint32_t batches[] = {1, 8, 64, BATCH_MAX};
	const char *folder = argc > 1 ? argv[1] : "/tmp";
	double seconds = argc > 2 ? atof(argv[2]) : 3;
	const char *database = getenv("ZUB_POSTGRES");
	for (size_t i = 0; i < COUNT_OF(batches); i++)
		if (bench_sqlite(folder, batches[i], seconds) ||
		    (database && bench_postgres(database, batches[i], seconds)))
			return 1;
	return 0;
}
