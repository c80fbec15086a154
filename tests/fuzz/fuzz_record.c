// link: zub_core
/* Any bytes as a record: read or refused, never beyond a bound; what is read is written back as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "record.h"

#define UPDATES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void command_once(const uint8_t *data, size_t size)
{
	struct command command;
	struct err_detail detail;
	uint8_t bytes[RECORD_COMMAND_BYTES_MAX];
	char line[512];
	size_t n = 0;
	if (record_read_command(data, size, &command, &detail))
		return;
	if (record_command(&command, bytes, sizeof bytes, &n) || n != size || memcmp(bytes, data, n))
		abort();
	record_print_command(&command, 1, line, sizeof line);
	record_ride(&command);
}

static void updates_once(const uint8_t *data, size_t size)
{
	static struct update updates[UPDATES_MAX];
	static uint8_t bytes[UPDATES_MAX * RECORD_UPDATE_BYTES_MAX];
	struct err_detail detail;
	char line[512];
	uint32_t n_updates = 0;
	size_t n = 0;
	if (record_read_updates(data, size, updates, UPDATES_MAX, &n_updates, &detail))
		return;
	if (record_updates(updates, n_updates, bytes, sizeof bytes, &n) || n != size || memcmp(bytes, data, n))
		abort();
	for (uint32_t i = 0; i < n_updates; i++)
		record_print_update(&updates[i], line, sizeof line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	command_once(data, size);
	updates_once(data, size);
	return 0;
}
