// link: zub_sim zub_store
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "receipts.h"

static char path[] = "/tmp/zub-receipts-XXXXXX";
static struct store *store;
static char hashes[3][65];

static int each(void *self, const struct store_record *record)
{
	(void)self;
	for (int i = 0; i < STORE_HASH_BYTES; i++)
		snprintf(hashes[record->sequence - 1] + 2 * i, 3, "%02x", record->hash[i]);
	return 0;
}

static int open_store(void **state)
{
	(void)state;
	uint32_t epoch;
	assert_int_equal(store_open(&store, "memory:", NULL), 0);
	assert_int_equal(store_take_epoch(store, 1, &epoch, NULL), 0);
	struct store_record records[3] = {0};
	for (int i = 0; i < 3; i++)
		records[i] = (struct store_record){
			.type = RECORD_DECISION, .area = 1, .epoch = epoch, .engine_version = 1, .body = "{}", .n = 2};
	assert_int_equal(store_commit(store, records, 3, 7, NULL), 0);
	assert_int_equal(store_read(store, 1, each, NULL, NULL), 0);
	int file = mkstemp(path);
	assert_true(file >= 0);
	close(file);
	return 0;
}

static int close_store(void **state)
{
	(void)state;
	store_close(store);
	unlink(path);
	return 0;
}

static int check(const char *text, uint64_t *ret_n, struct err_detail *detail)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return receipts_check(store, path, ret_n, detail);
}

static void holds_what_stands(void **state)
{
	(void)state;
	uint64_t n = 0;
	char text[400];
	snprintf(text, sizeof text, "from 1 seed 1 per_hour 2\n5 secret\npromise 5 3 %s\npromise 2 1 %s\n", hashes[2],
		 hashes[0]);
	assert_int_equal(check(text, &n, NULL), 0);
	assert_int_equal(n, 2);
}

static void finds_what_was_lost_or_changed(void **state)
{
	(void)state;
	uint64_t n = 0;
	char text[400];
	struct err_detail detail;
	snprintf(text, sizeof text, "promise 4 2 %s\n", hashes[0]); /* another record stands there */
	assert_int_equal(check(text, &n, &detail), ERR_BROKEN);
	assert_non_null(strstr(detail.text, "rider 4 was promised a ride in record 2"));
	snprintf(text, sizeof text, "promise 1 4 %s\n", hashes[2]); /* beyond the end: lost */
	assert_int_equal(check(text, &n, &detail), ERR_BROKEN);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(holds_what_stands),
					   cmocka_unit_test(finds_what_was_lost_or_changed)};
	return cmocka_run_group_tests(tests, open_store, close_store);
}
