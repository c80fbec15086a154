// link: zub_export zub_store zub_core zub_drawn_town
/* Small groups stay hidden; a ride whose keys are erased is still counted, and nothing else of it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drawn_town.h"
#include "export_day.h"
#include "export_groups.h"
#include "record.h"
#include "store.h"

static void test_a_client_is_one_person(void **state)
{
	(void)state;
	struct group_item items[] = {
		{{1, 0, 0, 0, 0}, 7}, {{2, -1, 0, 0, 0}, 9}, {{1, 0, 0, 0, 0}, 7},  {{1, 0, 0, 0, 0}, 8},
		{{1, 0, 0, 0, 0}, 0}, {{1, 0, 0, 0, 0}, 0},  {{2, -1, 0, 0, 1}, 9},
	};
	struct group groups[7];
	assert_int_equal(groups_of(items, 7, groups), 3);
	assert_int_equal(groups[0].n, 5);
	assert_int_equal(groups[0].people, 4); /* 7, 8 and two callers */
	assert_int_equal(groups[1].key.what, 2);
	assert_int_equal(groups[1].people, 1);
	assert_int_equal(groups[2].key.d, 1);
	assert_int_equal(groups_of(items, 0, groups), 0);
}

static void test_a_single_hidden_group_hides_another(void **state)
{
	(void)state;
	uint8_t shown[4];
	groups_shown((const uint32_t[]){40, 2, 9, 0}, 4, shown); /* 2 alone would be the total less the others */
	assert_memory_equal(shown, ((uint8_t[]){1, 0, 0, 1}), 4);
	groups_shown((const uint32_t[]){40, 2, 4, 30}, 4, shown); /* two hidden ones, together six */
	assert_memory_equal(shown, ((uint8_t[]){1, 0, 0, 1}), 4);
	groups_shown((const uint32_t[]){40, 5, 9, 30}, 4, shown);
	assert_memory_equal(shown, ((uint8_t[]){1, 1, 1, 1}), 4);
	groups_shown((const uint32_t[]){3, 0, 0, 0}, 4, shown);
	assert_memory_equal(shown, ((uint8_t[]){0, 1, 1, 1}), 4);
}

/* ---- a journal written by hand ---- */

static uint8_t bytes[RECORD_COMMAND_BYTES_MAX];

static void append(struct store *store, uint32_t epoch, const struct command *command, const struct update *updates,
		   uint32_t n)
{
	static uint8_t outcome[16384];
	size_t n_command, n_outcome;
	assert_int_equal(record_command(command, bytes, sizeof bytes, &n_command), ERR_OK);
	assert_int_equal(record_updates(updates, n, outcome, sizeof outcome, &n_outcome), ERR_OK);
	struct store_record records[2] = {{.type = RECORD_COMMAND,
					   .area = 1,
					   .epoch = epoch,
					   .engine_version = 1,
					   .ride = record_ride(command),
					   .at = command->at,
					   .body = bytes,
					   .n = (uint32_t)n_command},
					  {.type = RECORD_OUTCOME,
					   .area = 1,
					   .epoch = epoch,
					   .engine_version = 1,
					   .at = command->at,
					   .body = outcome,
					   .n = (uint32_t)n_outcome}};
	assert_int_equal(store_commit(store, records, 2, 1, NULL), ERR_OK);
}

static void ask(struct store *store, uint32_t epoch, uint64_t ride, instant_ms at, const struct town *town)
{
	struct command request = {.kind = CMD_REQUEST, .at = at};
	struct update refused[2] = {{.kind = UPD_RIDE}, {.kind = UPD_RESULT}};
	request.request.ride = ride;
	request.request.client = ride;
	request.request.from.point = town->stop_point[0];
	request.request.to.point = town->stop_point[1];
	request.request.need_count[0] = 2;
	refused[0].ride = (struct upd_ride){.ride = ride,
					    .state = RIDE_REFUSED,
					    .refusal = REFUSAL_NO_TIME,
					    .earliest_pickup = INSTANT_NONE,
					    .latest_pickup = INSTANT_NONE,
					    .latest_arrival = INSTANT_NONE,
					    .planned_pickup = INSTANT_NONE,
					    .planned_dropoff = INSTANT_NONE};
	refused[1].result = (struct upd_result){
		.command_kind = CMD_REQUEST, .ride = ride, .refusal = REFUSAL_NO_TIME, .would_work_at = INSTANT_NONE};
	append(store, epoch, &request, refused, 2);
}

static int give(void *self, const uint8_t hash[TOWN_HASH_BYTES], const struct town **ret_town,
		struct err_detail *detail)
{
	(void)hash;
	(void)detail;
	*ret_town = self;
	return ERR_OK;
}

static char *whole(const char *folder, const char *name)
{
	static char text[65536];
	char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof text - 1, file)] = 0;
	fclose(file);
	return text;
}

static uint32_t lines(const char *text)
{
	uint32_t n = 0;
	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void test_erased_rides_are_counted_only(void **state)
{
	(void)state;
	struct drawn_town drawn;
	struct store *store;
	struct export_report report;
	struct err_detail detail = {""};
	uint32_t epoch, today;
	char folder[] = "/tmp/zub-export-XXXXXX", line[64];
	assert_non_null(mkdtemp(folder));
	drawn_town_open(&drawn, &(struct drawn_options){.drawing = "A----B----C", .stops = "AB BC"});
	assert_int_equal(store_open(&store, "memory:", &detail), ERR_OK);
	assert_int_equal(store_take_epoch(store, 1, &epoch, &detail), ERR_OK);
	struct command start = {.kind = CMD_START, .at = 1780000000000};
	struct update ok = {.kind = UPD_RESULT, .result = {.command_kind = CMD_START, .would_work_at = INSTANT_NONE}};
	core_settings_default(&start.start.settings);
	append(store, epoch, &start, &ok, 1);
	for (uint64_t ride = 1; ride <= 6; ride++)
		ask(store, epoch, 1000000 + ride, start.at + (instant_ms)ride, &drawn.town);
	town_service_day(&drawn.town, start.at, &today);

	assert_int_equal(export_day(store, give, &drawn.town, today, folder, &report, &detail), ERR_OK);
	assert_int_equal(report.rides, 6);
	assert_int_equal(report.refused, 6);
	assert_non_null(strstr(whole(folder, "refusals.csv"), "no_time,from,N"));
	assert_non_null(strstr(whole(folder, "waits.csv"), ",6,6,0,"));

	assert_int_equal(store_erase(store, 1000002, ERASE_ALL, &detail), ERR_OK);
	assert_int_equal(store_erase(store, 1000005, ERASE_ALL, &detail), ERR_OK);
	assert_int_equal(export_day(store, give, &drawn.town, today, folder, &report, &detail), ERR_OK);
	assert_int_equal(report.rides, 6);
	assert_int_equal(report.erased, 2);
	assert_int_equal(report.refused, 6);
	const char *refusals = whole(folder, "refusals.csv"); /* four are too few to be placed */
	assert_null(strstr(refusals, "no_time,from,N"));
	assert_non_null(strstr(refusals, "no_time,from,,6"));
	assert_non_null(strstr(refusals, "no_time,all,,6"));
	assert_non_null(strstr(whole(folder, "waits.csv"), "hidden"));
	assert_int_equal(lines(whole(folder, "rides.csv")), 7);
	store_close(store);
	drawn_town_close(&drawn);
	snprintf(line, sizeof line, "rm -r %s", folder);
	assert_int_equal(system(line), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_client_is_one_person),
		cmocka_unit_test(test_a_single_hidden_group_hides_another),
		cmocka_unit_test(test_erased_rides_are_counted_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
