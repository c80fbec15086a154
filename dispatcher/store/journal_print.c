/* `dispatcher log`: the journal for people. */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "journal.h"
#include "record.h"

#define LINE_BYTES 8192
#define UPDATES_MAX 8192
#define STOP_READING (-1)

struct printing {
	FILE *out;
	uint64_t left;
	int personal;
	struct update *updates;
	char *line;
};

static void print_head(const struct printing *printing, const struct store_record *record, const char *type)
{
	char day[32] = "";
	time_t seconds = (time_t)(record->at / 1000 - (record->at % 1000 < 0));
	struct tm tm;
	if (gmtime_r(&seconds, &tm))
		strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(printing->out, "%8" PRIu64 " %s.%03dZ %u.%u %02x%02x%02x%02x %-8s", record->sequence, day,
		(int)(((record->at % 1000) + 1000) % 1000), record->area, record->epoch, record->hash[0],
		record->hash[1], record->hash[2], record->hash[3], type);
}

static void print_command(const struct printing *printing, const struct store_record *record)
{
	struct command command;
	struct err_detail detail;
	print_head(printing, record, "command");
	if (record_read_command(record->body, record->n, &command, &detail)) {
		fprintf(printing->out, " unreadable: %s\n", detail.text);
		return;
	}
	record_print_command(&command, printing->personal, printing->line, LINE_BYTES);
	fprintf(printing->out, " %s\n", printing->line);
}

static void print_outcome(const struct printing *printing, const struct store_record *record)
{
	struct err_detail detail;
	uint32_t n = 0;
	int code = record_read_updates(record->body, record->n, printing->updates, UPDATES_MAX, &n, &detail);
	print_head(printing, record, "outcome");
	if (code) {
		fprintf(printing->out, " unreadable: %s\n", detail.text);
		return;
	}
	fprintf(printing->out, " %u update%s\n", n, n == 1 ? "" : "s");
	for (uint32_t i = 0; i < n; i++) {
		record_print_update(&printing->updates[i], printing->line, LINE_BYTES);
		fprintf(printing->out, "         %s\n", printing->line);
	}
}

/* JSON of a person: quoted byte by byte where it could disturb a terminal. */
static void print_json(const struct printing *printing, const struct store_record *record, const char *type, int shown)
{
	const unsigned char *text = record->body;
	print_head(printing, record, type);
	if (record->ride)
		fprintf(printing->out, " ride=%" PRIu64, record->ride);
	fputc(' ', printing->out);
	for (uint32_t i = 0; shown && i < record->n; i++)
		if (text[i] < 0x20 || text[i] == 0x7f)
			fprintf(printing->out, "\\x%02x", text[i]);
		else
			fputc(text[i], printing->out);
	fputs(shown ? "\n" : "(sealed)\n", printing->out);
}

static int print_record(void *self, const struct store_record *record)
{
	struct printing *printing = self;
	if (!printing->left--)
		return STOP_READING;
	if (record->erased) {
		print_head(printing, record, record->type == RECORD_IDENTITY ? "identity" : "command");
		fprintf(printing->out, " ride=%" PRIu64 " (erased)\n", record->ride);
	} else if (record->type == RECORD_COMMAND) {
		print_command(printing, record);
	} else if (record->type == RECORD_OUTCOME) {
		print_outcome(printing, record);
	} else if (record->type == RECORD_IDENTITY) {
		print_json(printing, record, "identity", printing->personal);
	} else {
		print_json(printing, record, "decision", 1);
	}
	return ferror(printing->out) ? ERR_IO : ERR_OK;
}

int journal_print(struct store *store, uint64_t from, uint64_t most, int personal, FILE *out, struct err_detail *detail)
{
	struct printing printing = {.out = out, .left = most, .personal = personal};
	printing.updates = malloc(UPDATES_MAX * sizeof *printing.updates);
	printing.line = malloc(LINE_BYTES);
	int code = printing.updates && printing.line ? store_read(store, from, print_record, &printing, detail)
						     : err_set(detail, ERR_MEMORY, "journal: out of memory");
	free(printing.updates);
	free(printing.line);
	if (code == ERR_IO && ferror(out))
		return err_set(detail, ERR_IO, "journal: the output does not take it");
	return code == STOP_READING ? ERR_OK : code;
}
