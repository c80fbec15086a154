// link: zub_sim zub_store
/* What riders were told (riders.log) against a journal of two records: a receipt that is not of it never holds. */
#include "fuzz_file.h"
#include "receipts.h"
#include "store.h"

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
	if (store_commit(store, records, 2, 0, &detail))
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
	if (!code && n) /* nobody guesses a hash */
		__builtin_trap();
	close(file.fd);
	return 0;
}
