#include "story.h"

#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "record.h"

#define UPDATES_MAX 8192
#define ENOUGH (-1)

/* ---- where it begins: records are in the order of time ---- */
static int take_time(void *self, const struct store_record *record)
{
	*(instant_ms *)self = record->at;
	return ENOUGH;
}

static int first_since(struct store *store, instant_ms at, uint64_t *ret_sequence)
{
	uint8_t hash[STORE_HASH_BYTES];
	uint64_t low = 1, high, digest;
	int code = store_head(store, &high, hash, &digest, NULL);
	while (!code && low < high) {
		uint64_t middle = low + (high - low) / 2;
		instant_ms found = INSTANT_NONE;
		code = store_read(store, middle, take_time, &found, NULL);
		code = code == ENOUGH ? ERR_OK : code;
		if (found < at)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_sequence = low;
	return code;
}

/* ---- reading on ---- */
struct reading {
	uint64_t ride, left;
	host_story_each *each;
	void *arg;
	struct update *updates;
};

static uint64_t ride_of_command(const struct command *command)
{
	if (command->kind == CMD_COMING || command->kind == CMD_NO_SHOW_UNDO)
		return command->ride.ride;
	return record_ride(command);
}

static uint64_t ride_of_update(const struct update *update)
{
	switch (update->kind) {
	case UPD_RIDE:
		return update->ride.ride;
	case UPD_NOTICE:
		return update->notice.ride;
	case UPD_CASE:
		return update->case_.ride;
	case UPD_OUTCOME:
		return update->outcome.ride;
	default:
		return 0;
	}
}

static void give_command(const struct reading *reading, const struct store_record *record, struct host_story *line)
{
	struct command command;
	if (record->ride && record->ride != reading->ride)
		return;
	if (record_read_command(record->body, record->n, &command, NULL) || ride_of_command(&command) != reading->ride)
		return;
	line->command = &command;
	reading->each(reading->arg, line);
}

static void give_updates(const struct reading *reading, const struct store_record *record, struct host_story *line)
{
	uint32_t n = 0;
	if (record_read_updates(record->body, record->n, reading->updates, UPDATES_MAX, &n, NULL))
		return;
	for (uint32_t i = 0; i < n; i++) {
		line->update = &reading->updates[i];
		if (ride_of_update(line->update) == reading->ride)
			reading->each(reading->arg, line);
	}
}

static void give_identity(const struct reading *reading, const struct store_record *record, struct host_story *line)
{
	char *text = record->ride == reading->ride ? strndup(record->body, record->n) : NULL;
	line->identity_json = text;
	if (text)
		reading->each(reading->arg, line);
	free(text);
}

static int read_one(void *self, const struct store_record *record)
{
	struct reading *reading = self;
	struct host_story line = {.sequence = record->sequence, .at = record->at};
	if (!reading->left--)
		return ENOUGH;
	if (record->erased)
		return ERR_OK;
	if (record->type == RECORD_COMMAND)
		give_command(reading, record, &line);
	else if (record->type == RECORD_OUTCOME)
		give_updates(reading, record, &line);
	else if (record->type == RECORD_IDENTITY)
		give_identity(reading, record, &line);
	return ERR_OK;
}

int story_read(struct store *store, uint64_t ride, instant_ms asked_at, host_story_each *each, void *arg)
{
	struct reading reading = {.ride = ride, .left = STORY_RECORDS_MAX, .each = each, .arg = arg};
	uint64_t from = 1;
	reading.updates = malloc(UPDATES_MAX * sizeof *reading.updates);
	if (!reading.updates)
		return ERR_MEMORY;
	int code = first_since(store, asked_at, &from);
	if (!code)
		code = store_read(store, from, read_one, &reading, NULL);
	free(reading.updates);
	return code == ENOUGH ? ERR_FULL : code;
}
