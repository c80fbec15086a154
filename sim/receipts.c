#include "receipts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

struct receipt {
	uint64_t record;
	uint32_t rider;
	char hash[2 * STORE_HASH_BYTES + 1];
};

struct receipts {
	struct receipt *items;
	size_t n, cap, next;
	struct err_detail *detail;
};

static int by_record(const void *a, const void *b)
{
	const struct receipt *x = a, *y = b;
	return (x->record > y->record) - (x->record < y->record);
}

static int read_receipts(struct receipts *receipts, const char *path)
{
	char line[256], end;
	FILE *file = fopen(path, "r");
	if (!file)
		return err_set(receipts->detail, ERR_IO, "%s: %s", path, strerror(errno));
	int code = ERR_OK;
	while (!code && fgets(line, sizeof line, file)) {
		struct receipt receipt;
		if (sscanf(line, "promise %" SCNu32 " %" SCNu64 " %64[0-9a-f]%c", &receipt.rider, &receipt.record,
			   receipt.hash, &end) == 4 &&
		    end == '\n')
			code = array_push(receipts->items, receipts->n, receipts->cap, receipt);
	}
	fclose(file);
	if (!code && receipts->n)
		qsort(receipts->items, receipts->n, sizeof *receipts->items, by_record);
	return code;
}

static int differs(const struct receipts *receipts, const struct receipt *receipt)
{
	return err_set(receipts->detail, ERR_BROKEN,
		       "rider %" PRIu32 " was promised a ride in record %" PRIu64
		       ", which is not in the journal as it was",
		       receipt->rider, receipt->record);
}

static int each(void *self, const struct store_record *record)
{
	struct receipts *receipts = self;
	char hash[2 * STORE_HASH_BYTES + 1];
	for (int i = 0; i < STORE_HASH_BYTES; i++)
		snprintf(hash + 2 * i, 3, "%02x", record->hash[i]);
	for (; receipts->next < receipts->n && receipts->items[receipts->next].record <= record->sequence;
	     receipts->next++) {
		const struct receipt *receipt = &receipts->items[receipts->next];
		if (receipt->record != record->sequence || strcmp(receipt->hash, hash))
			return differs(receipts, receipt);
	}
	return ERR_OK;
}

int receipts_check(struct store *store, const char *path, uint64_t *ret_n, struct err_detail *detail)
{
	struct receipts receipts = {.detail = detail};
	int code = read_receipts(&receipts, path);
	if (!code)
		code = store_read(store, 1, each, &receipts, detail);
	if (!code && receipts.next < receipts.n)
		code = differs(&receipts, &receipts.items[receipts.next]);
	if (!code)
		*ret_n = receipts.n;
	free(receipts.items);
	return code;
}
