// link: zub_sim zub_store
/* What riders were told (riders.log) against a journal of two records: a receipt that is not of it never holds. */
#include "fuzz_file.h"
#include "receipts.h"
#include "store.h"

static char hashes[2][2 * STORE_HASH_BYTES + 1];

static int keep_hash(void *self, const struct store_record *record)
{
	(void)self;
	for (int i = 0; i < STORE_HASH_BYTES; i++)
		snprintf(hashes[record->sequence % 2] + 2 * i, 3, "%02x", record->hash[i]);
	return 0;
}

static struct store *journal(void)
{
	static struct store *store;
	struct err_detail detail;
	uint32_t epoch;
	if (store)
		return store;
	if (store_open(&store, "memory:", &detail) || store_take_epoch(store, 1, &epoch, &detail))
		__builtin_trap();
	struct store_record records[2];
	for (int i = 0; i < 2; i++)
		records[i] = (struct store_record){
			.type = RECORD_DECISION, .area = 1, .epoch = epoch, .engine_version = 1, .body = "{}", .n = 2};
	if (store_commit(store, records, 2, 0, &detail) || store_read(store, 1, keep_hash, NULL, &detail))
		__builtin_trap();
	return store;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err_detail detail = {""};
	uint64_t n = 0;
	struct fuzz_file file = fuzz_file(data, size);
	int code = receipts_check(journal(), file.path, &n, &detail);
	fuzz_refused(code, &detail);
	if (!code && n && !memmem(data, size, hashes[0], sizeof hashes[0] - 1) &&
	    !memmem(data, size, hashes[1], sizeof hashes[1] - 1))
		__builtin_trap(); /* holds, and no hash of the journal stands in it */
	close(file.fd);
	return 0;
}
