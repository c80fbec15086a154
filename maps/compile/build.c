#include "build.h"
#include "array.h"
#include "text_pool.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct build_strings {
	struct text_pool pool;
};

static uint32_t report_kind(struct report *report, const char *kind)
{
	uint32_t k = 0;

	while (k < report->n_kinds && strncmp(report->kinds[k].kind, kind, sizeof report->kinds[k].kind - 1) != 0)
		k++;
	if (k < report->n_kinds)
		return k;
	if (k == REPORT_KINDS_MAX)
		return k - 1; /* the last kind then gathers the rest: still counted */
	snprintf(report->kinds[k].kind, sizeof report->kinds[k].kind, "%s", kind);
	report->n_kinds++;
	return k;
}

void report_add(struct report *report, const char *kind, const char *format, ...)
{
	uint32_t k = report_kind(report, kind);
	uint32_t count = report->kinds[k].count++;

	if (count < REPORT_EXAMPLES) {
		char *text = report->kinds[k].example[count];
		va_list list;

		va_start(list, format);
		vsnprintf(text, sizeof report->kinds[k].example[count], format, list);
		va_end(list);
		for (; *text; text++) /* texts from files stay on one line */
			*text = (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text;
	}
}

void report_print(const struct report *report, FILE *out)
{
	for (uint32_t k = 0; k < report->n_kinds; k++) {
		uint32_t n = report->kinds[k].count < REPORT_EXAMPLES ? report->kinds[k].count : REPORT_EXAMPLES;

		fprintf(out, "%u x %s: ", report->kinds[k].count, report->kinds[k].kind);
		for (uint32_t i = 0; i < n; i++)
			fprintf(out, "%s%s", i ? "; " : "", report->kinds[k].example[i]);
		fprintf(out, "%s\n", report->kinds[k].count > n ? "; ..." : "");
	}
}

int build_open(struct build *build)
{
	*build = (struct build){0};
	build->strings = calloc(1, sizeof *build->strings);
	if (!build->strings || text_pool_open(&build->strings->pool)) {
		free(build->strings);
		build->strings = NULL;
		return ERR_MEMORY;
	}
	return ERR_OK;
}

void build_close(struct build *build)
{
	for (size_t i = 0; i < build->n_blocks; i++)
		free(build->blocks[i]);
	free(build->blocks);
	if (build->strings)
		text_pool_close(&build->strings->pool);
	free(build->strings);
	if (build->projection)
		projection_close(build->projection);
	*build = (struct build){0};
}

int build_own(struct build *build, void *memory)
{
	if (!memory)
		return ERR_OK;
	if (array_push(build->blocks, build->n_blocks, build->cap_blocks, memory)) {
		free(memory);
		return ERR_MEMORY;
	}
	return ERR_OK;
}

void *build_alloc(struct build *build, size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	return !memory || build_own(build, memory) ? NULL : memory;
}

uint32_t build_string(struct build *build, const char *text)
{
	return text_pool_put(&build->strings->pool, text, strlen(text));
}

const char *build_text(const struct build *build, uint32_t string)
{
	return text_pool_text(&build->strings->pool, string);
}

/* Once texts can be asked for. */
static int sort_trips(struct build *build)
{
	struct timetable *timetable = &build->town.timetable;
	uint32_t n = timetable->n_trips;
	uint32_t *trips = build_alloc(build, n, sizeof *trips), *scratch = n ? malloc(n * sizeof *scratch) : NULL;
	if (n && trips && scratch)
		timetable_sort(&build->town, trips, scratch);
	timetable->trip_by_name = trips;
	free(scratch);
	return n && (!trips || !scratch) ? ERR_MEMORY : ERR_OK;
}

int build_finish_strings(struct build *build)
{
	struct text_pool *pool = &build->strings->pool;
	uint32_t *first = pool->first;
	char *bytes = pool->bytes;

	build->town.n_strings = (uint32_t)pool->n;
	build->town.n_string_bytes = (uint32_t)pool->n_bytes;
	build->town.string_first = first;
	build->town.string_bytes = bytes;
	pool->first = NULL;
	pool->bytes = NULL;
	text_pool_close(pool);
	free(build->strings);
	build->strings = NULL;
	if (build_own(build, first)) {
		free(bytes);
		return ERR_MEMORY;
	}
	return build_own(build, bytes) ? ERR_MEMORY : sort_trips(build);
}
