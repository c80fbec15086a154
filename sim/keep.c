#include "keep.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "hash.h"

#define GROUP_RECORDS 2000

struct keep {
	struct store *to;
	struct store_record *records; /* bodies owned */
	size_t n, cap;
	uint32_t epoch;
	uint64_t digest; /* after the newest whole commit */
	struct err_detail *detail;
};

static void drop(struct keep *keep)
{
	for (size_t i = 0; i < keep->n; i++)
		free((void *)(uintptr_t)keep->records[i].body);
	keep->n = 0;
}

static int write_group(struct keep *keep)
{
	if (!keep->n)
		return ERR_OK;
	int code = store_commit(keep->to, keep->records, (uint32_t)keep->n, keep->digest, keep->detail);
	drop(keep);
	return code;
}

/* The target lives through the same epochs. */
static int reach_epoch(struct keep *keep, const struct store_record *record)
{
	int code = keep->epoch < record->epoch ? write_group(keep) : ERR_OK;
	if (!code && keep->epoch < record->epoch)
		code = store_raise_epoch(keep->to, record->area, record->epoch, &keep->epoch, keep->detail);
	return code;
}

static int each(void *self, const struct store_record *record)
{
	struct keep *keep = self;
	if (record->erased)
		return err_set(keep->detail, ERR_GONE, "record %llu is erased", (unsigned long long)record->sequence);
	int code = reach_epoch(keep, record);
	if (code)
		return code;
	struct store_record copy = *record;
	void *body = malloc(record->n + 1);
	copy.body = body;
	if (!body || array_push(keep->records, keep->n, keep->cap, copy)) {
		free(body);
		return err_set(keep->detail, ERR_MEMORY, "journal: out of memory");
	}
	memcpy(body, record->body, record->n);
	if (!record->commit_end)
		return ERR_OK;
	keep->digest = record->digest;
	return keep->n >= GROUP_RECORDS ? write_group(keep) : ERR_OK;
}

int keep_journal(struct store *from, struct store *to, struct err_detail *detail)
{
	struct keep keep = {.to = to, .detail = detail};
	uint8_t hash[STORE_HASH_BYTES];
	uint64_t sequence, digest = 0;
	int code = store_head(to, &sequence, hash, &digest, detail);
	if (!code && sequence)
		code = err_set(detail, ERR_EXISTS, "the journal file has records already");
	if (!code)
		code = store_read(from, 1, each, &keep, detail);
	if (!code)
		code = write_group(&keep);
	drop(&keep);
	free(keep.records);
	return code;
}

static int add(void *self, const struct store_record *record)
{
	uint64_t *hash = self;
	*hash = hash_bytes(record->body, record->n, hash_u64(*hash ^ record->type));
	return ERR_OK;
}

int keep_hash(struct store *store, uint64_t *ret_hash, struct err_detail *detail)
{
	uint64_t hash = 1;
	int code = store_read(store, 1, add, &hash, detail);
	if (!code)
		*ret_hash = hash;
	return code;
}
