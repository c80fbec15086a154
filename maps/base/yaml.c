#include "yaml.h"

#include <assert.h>
#include <errno.h>
#include <libfyaml.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "geo.h"

struct yaml {
	char name[256];
	char *text; /* libfyaml borrows the input until the document is destroyed */
	struct fy_diag *diag;
	struct fy_document *document;
	yaml_teller tell;
	void *tell_self;
};

static int first_error(struct yaml *yaml, struct err_detail *detail)
{
	void *previous = NULL;
	struct fy_diag_error *error = yaml->diag ? fy_diag_errors_iterate(yaml->diag, &previous) : NULL;
	if (error && error->msg)
		return err_set(detail, ERR_FORMAT, "%s:%d:%d: %s", yaml->name, error->line, error->column, error->msg);
	return err_set(detail, ERR_FORMAT, "%s: not a YAML document", yaml->name);
}

/* Length of the UTF-8 character at p, 0 = not UTF-8 (or NUL). */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	size_t length = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
	if (*p == 0 || length > n)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
	    (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return length;
}

/* libfyaml 0.7 takes other bytes as they come and can even loop on them for ever (found by fuzzing). */
static int check_utf8(const char *text, size_t n, const char *name, struct err_detail *detail)
{
	int line = 1, column = 1;
	for (size_t i = 0; i < n;) {
		size_t length = utf8_length((const unsigned char *)text + i, n - i);
		if (!length)
			return err_set(detail, ERR_FORMAT, "%s:%d:%d: not UTF-8", name, line, column);
		line += text[i] == '\n';
		column = text[i] == '\n' ? 1 : column + 1;
		i += length;
	}
	return ERR_OK;
}

int yaml_open_text(struct yaml **ret_yaml, const char *text, size_t n, const char *name, struct err_detail *detail)
{
	int wrong = check_utf8(text, n, name, detail);
	if (wrong)
		return wrong;
	struct yaml *yaml = calloc(1, sizeof *yaml);
	if (!yaml)
		return err_set(detail, ERR_MEMORY, "%s: out of memory", name);
	snprintf(yaml->name, sizeof yaml->name, "%s", name);
	yaml->text = malloc(n + 1);
	struct fy_diag_cfg diag_settings;
	fy_diag_cfg_default(&diag_settings);
	diag_settings.fp = NULL;
	yaml->diag = fy_diag_create(&diag_settings);
	if (!yaml->text || !yaml->diag) {
		yaml_close(yaml);
		return err_set(detail, ERR_MEMORY, "%s: out of memory", name);
	}
	memcpy(yaml->text, text, n);
	yaml->text[n] = 0;
	fy_diag_set_collect_errors(yaml->diag, true);
	struct fy_parse_cfg settings = {.flags = FYPCF_QUIET | FYPCF_RESOLVE_DOCUMENT, .diag = yaml->diag};
	yaml->document = fy_document_build_from_string(&settings, yaml->text, n);
	if (!yaml->document && strspn(yaml->text, " \t\r\n") == n)
		yaml->document = fy_document_build_from_string(&settings, "{}", 2);
	if (!yaml->document) {
		int code = first_error(yaml, detail);
		yaml_close(yaml);
		return code;
	}
	*ret_yaml = yaml;
	return ERR_OK;
}

int yaml_open(struct yaml **ret_yaml, const char *path, struct err_detail *detail)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	char *text = NULL;
	size_t n = 0, size = 0, got;
	do {
		if (size - n < 65536) {
			size += 262144;
			char *moved = realloc(text, size);
			if (!moved || size > (size_t)64 << 20) {
				free(moved ? moved : text);
				fclose(file);
				return err_set(detail, ERR_MEMORY, "%s: larger than 64 MiB", path);
			}
			text = moved;
		}
		got = fread(text + n, 1, size - n, file);
		n += got;
	} while (got > 0);
	int failed = ferror(file);
	fclose(file);
	int code = failed ? err_set(detail, ERR_IO, "%s: cannot be read", path)
			  : yaml_open_text(ret_yaml, text, n, path, detail);
	free(text);
	return code;
}

void yaml_close(struct yaml *yaml)
{
	if (!yaml)
		return;
	fy_document_destroy(yaml->document);
	if (yaml->diag)
		fy_diag_destroy(yaml->diag);
	free(yaml->text);
	free(yaml);
}

struct fy_node *yaml_root(const struct yaml *yaml)
{
	return fy_document_root(yaml->document);
}

/* The first token within a node: collections have none of their own. */
static struct fy_token *token_of(struct fy_node *node, int depth)
{
	if (!node || depth > 16)
		return NULL;
	if (fy_node_is_scalar(node))
		return fy_node_get_scalar_token(node);
	if (fy_node_is_mapping(node)) {
		void *previous = NULL;
		struct fy_node_pair *pair = fy_node_mapping_iterate(node, &previous);
		return pair ? token_of(fy_node_pair_key(pair), depth + 1) : NULL;
	}
	return token_of(fy_node_sequence_get_by_index(node, 0), depth + 1);
}

static int fail_text(const struct yaml *yaml, struct fy_node *node, int code, struct err_detail *detail,
		     const char *text)
{
	struct fy_token *token = token_of(node, 0);
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	if (mark)
		return err_set(detail, code, "%s:%d:%d: %s", yaml->name, mark->line + 1, mark->column + 1, text);
	return err_set(detail, code, "%s: %s", yaml->name, text);
}

int yaml_fail(const struct yaml *yaml, struct fy_node *node, int code, struct err_detail *detail, const char *format,
	      ...)
{
	char text[384];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return fail_text(yaml, node, code, detail, text);
}

void yaml_tell(struct yaml *yaml, yaml_teller tell, void *self)
{
	yaml->tell = tell;
	yaml->tell_self = self;
}

uint32_t yaml_line(struct fy_node *node)
{
	struct fy_token *token = token_of(node, 0);
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	return mark ? (uint32_t)mark->line + 1 : 0;
}

struct fy_node *yaml_get(struct fy_node *mapping, const char *key)
{
	return mapping && fy_node_is_mapping(mapping) ? fy_node_mapping_lookup_by_string(mapping, key, FY_NT) : NULL;
}

uint32_t yaml_count(struct fy_node *sequence)
{
	if (!sequence || !fy_node_is_sequence(sequence))
		return 0;
	int n = fy_node_sequence_item_count(sequence);
	return n > 0 ? (uint32_t)n : 0;
}

struct fy_node *yaml_item(struct fy_node *sequence, uint32_t index)
{
	return index < yaml_count(sequence) ? fy_node_sequence_get_by_index(sequence, (int)index) : NULL;
}

int yaml_keys(const struct yaml *yaml, struct fy_node *mapping, const char *const *keys, uint32_t n,
	      struct err_detail *detail)
{
	if (!mapping || !fy_node_is_mapping(mapping))
		return yaml_fail(yaml, mapping, ERR_FORMAT, detail, "expected a mapping (key: value)");
	void *previous = NULL;
	struct fy_node_pair *pair;
	while ((pair = fy_node_mapping_iterate(mapping, &previous))) {
		struct fy_node *key = fy_node_pair_key(pair);
		const char *text = fy_node_get_scalar0(key);
		uint32_t i = 0;
		while (i < n && (!text || strcmp(text, keys[i])))
			i++;
		if (i == n)
			return yaml_fail(yaml, key, ERR_FORMAT, detail, "unknown key \"%s\"", text ? text : "?");
	}
	return ERR_OK;
}

static int parse_int(const char *text, int64_t *ret_value)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (end == text || *end || errno)
		return ERR_FORMAT;
	*ret_value = value;
	return ERR_OK;
}

static int parse_permille(const char *text, int64_t *ret_value)
{
	int negative = *text == '-';
	text += negative;
	int64_t value = 0;
	int places = -1, digits = 0;
	for (; *text; text++) {
		if (*text == '.' && places < 0) {
			places = 0;
			continue;
		}
		if (*text < '0' || *text > '9' || places == 3 || value > INT64_MAX / 100000)
			return ERR_FORMAT;
		value = value * 10 + (*text - '0');
		digits++;
		places += places >= 0;
	}
	for (int i = places < 0 ? 0 : places; i < 3; i++)
		value *= 10;
	*ret_value = negative ? -value : value;
	return digits ? ERR_OK : ERR_FORMAT;
}

static int parse_duration(const char *text, int64_t *ret_value)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", SECOND_MS}, {"min", MINUTE_MS}, {"h", HOUR_MS}, {"d", DAY_MS}};
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (end == text || errno || value < 0)
		return ERR_FORMAT;
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (!strcmp(end, units[i].unit) && value <= INT64_MAX / units[i].ms) {
			*ret_value = value * units[i].ms;
			return ERR_OK;
		}
	}
	return ERR_FORMAT;
}

/* Days since 1970-01-01 of a civil date (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int parse_instant(const char *text, int64_t *ret_value)
{
	int y, mo, d, h, mi, s = 0, n = 0, zone_h = 0, zone_m = 0;
	if (sscanf(text, "%4d-%2d-%2d%*1[T ]%2d:%2d%n", &y, &mo, &d, &h, &mi, &n) < 5 || n == 0)
		return ERR_FORMAT;
	text += n;
	if (sscanf(text, ":%2d%n", &s, &n) == 1)
		text += n;
	int sign = 0;
	if (*text == '+' || *text == '-') {
		sign = *text == '+' ? 1 : -1;
		if (sscanf(text + 1, "%2d:%2d%n", &zone_h, &zone_m, &n) != 2)
			return ERR_FORMAT;
		text += 1 + n;
	} else if (*text == 'Z') {
		text++;
	} else {
		return ERR_FORMAT;
	}
	if (*text || mo < 1 || mo > 12 || d < 1 || d > 31 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59 ||
	    zone_h < 0 || zone_h > 14 || zone_m < 0 || zone_m > 59)
		return ERR_FORMAT;
	*ret_value = days_of(y, mo, d) * DAY_MS + h * HOUR_MS + mi * MINUTE_MS + s * SECOND_MS -
		     sign * (zone_h * HOUR_MS + zone_m * MINUTE_MS);
	return ERR_OK;
}

static int parse_time(const char *text, int64_t *ret_value)
{
	int h, m, n = 0;
	if (sscanf(text, "%2d:%2d%n", &h, &m, &n) != 2 || text[n] || h < 0 || m < 0 || m > 59)
		return ERR_FORMAT;
	*ret_value = h * 3600 + m * 60;
	return ERR_OK;
}

static const char *const type_words[] = {
	[YAML_TEXT] = "text",
	[YAML_INT] = "a whole number",
	[YAML_BOOL] = "true or false",
	[YAML_PERMILLE] = "a number with at most three decimals",
	[YAML_DURATION] = "a duration such as 90 s, 5 min, 2 h",
	[YAML_INSTANT] = "an instant such as 2026-06-03T06:00:00+02:00",
	[YAML_TIME] = "a time such as 05:30",
	[YAML_POINT] = "a point as latitude,longitude",
};

static int parse_number(const char *text, enum yaml_type type, int64_t *ret_value)
{
	switch (type) {
	case YAML_INT:
		return parse_int(text, ret_value);
	case YAML_PERMILLE:
		return parse_permille(text, ret_value);
	case YAML_DURATION:
		return parse_duration(text, ret_value);
	case YAML_INSTANT:
		return parse_instant(text, ret_value);
	case YAML_TIME:
		return parse_time(text, ret_value);
	case YAML_BOOL:
		*ret_value = !strcmp(text, "true");
		return *ret_value || !strcmp(text, "false") ? ERR_OK : ERR_FORMAT;
	default:
		return ERR_FORMAT;
	}
}

int yaml_parse(const char *text, enum yaml_type type, int64_t low, int64_t high, void *ret_value, size_t size,
	       struct err_detail *detail)
{
	if (type == YAML_TEXT) {
		size_t n = strlen(text);
		if (n >= size)
			return err_set(detail, ERR_RANGE, "longer than %zu bytes", size - 1);
		if (n == 0 && !high)
			return err_set(detail, ERR_RANGE, "must not be empty");
		memset(ret_value, 0, size);
		memcpy(ret_value, text, n);
		return ERR_OK;
	}
	if (type == YAML_POINT) {
		struct geo_point point;
		if (geo_parse(text, &point))
			return err_set(detail, ERR_FORMAT, "\"%.60s\" is not %s", text, type_words[type]);
		memcpy(ret_value, &point, sizeof point);
		return ERR_OK;
	}
	int64_t value;
	if (parse_number(text, type, &value))
		return err_set(detail, ERR_FORMAT, "\"%.60s\" is not %s", text, type_words[type]);
	if (value < low || value > high)
		return err_set(detail, ERR_RANGE, "%.60s is out of range (%lld to %lld%s)", text, (long long)low,
			       (long long)high,
			       type == YAML_DURATION   ? " ms"
			       : type == YAML_PERMILLE ? " thousandths"
			       : type == YAML_TIME     ? " s"
						       : "");
	memcpy(ret_value, &value, sizeof value);
	return ERR_OK;
}

int yaml_scalar(const struct yaml *yaml, struct fy_node *node, enum yaml_type type, int64_t low, int64_t high,
		void *ret_value, size_t size, struct err_detail *detail)
{
	const char *text = node && fy_node_is_scalar(node) ? fy_node_get_scalar0(node) : NULL;
	if (!text)
		return yaml_fail(yaml, node, ERR_FORMAT, detail, "expected %s", type_words[type]);
	struct err_detail inner;
	int code = yaml_parse(text, type, low, high, ret_value, size, &inner);
	return code ? fail_text(yaml, node, code, detail, inner.text) : ERR_OK;
}

void yaml_defaults(const struct yaml_setting *table, uint32_t n, void *settings)
{
	for (uint32_t i = 0; i < n; i++) {
		int code = yaml_parse(table[i].fallback, table[i].type, table[i].low, table[i].high,
				      (char *)settings + table[i].offset, table[i].size, NULL);
		assert(code == ERR_OK);
	}
}

static void format_duration(int64_t ms, char *text, size_t size)
{
	int64_t unit = ms % HOUR_MS == 0     ? HOUR_MS
		       : ms % MINUTE_MS == 0 ? MINUTE_MS
		       : ms % SECOND_MS == 0 ? SECOND_MS
					     : 1;
	const char *name = unit == HOUR_MS ? "h" : unit == MINUTE_MS ? "min" : unit == SECOND_MS ? "s" : "ms";
	if (!ms)
		snprintf(text, size, "0 s");
	else
		snprintf(text, size, "%lld %s", (long long)(ms / unit), name);
}

static void format_instant(int64_t at, char *text, size_t size)
{
	time_t seconds = (time_t)(at / SECOND_MS);
	struct tm tm;
	if (!gmtime_r(&seconds, &tm) || !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, size, "%lld ms", (long long)at);
}

void yaml_format(const struct yaml_setting *row, const void *settings, char *text, size_t size)
{
	const void *at = (const char *)settings + row->offset;
	struct geo_point point;
	int64_t value = 0;
	if (row->type == YAML_TEXT) {
		snprintf(text, size, "%s", (const char *)at);
		return;
	}
	if (row->type == YAML_POINT) {
		memcpy(&point, at, sizeof point);
		snprintf(text, size, "%.7f,%.7f", point.lat_e7 / 1e7, point.lon_e7 / 1e7);
		return;
	}
	memcpy(&value, at, sizeof value);
	if (row->type == YAML_BOOL)
		snprintf(text, size, "%s", value ? "true" : "false");
	else if (row->type == YAML_PERMILLE)
		snprintf(text, size, "%g", (double)value / 1000);
	else if (row->type == YAML_DURATION)
		format_duration(value, text, size);
	else if (row->type == YAML_INSTANT)
		format_instant(value, text, size);
	else if (row->type == YAML_TIME)
		snprintf(text, size, "%02lld:%02lld", (long long)(value / 3600), (long long)(value / 60 % 60));
	else
		snprintf(text, size, "%lld", (long long)value);
}

static void format_limit(const struct yaml_setting *row, int64_t value, char *text, size_t size)
{
	struct yaml_setting at_once = *row;
	at_once.offset = 0;
	yaml_format(&at_once, &value, text, size);
}

static void put_takes(FILE *out, const struct yaml_setting *row)
{
	char low[64], high[64];
	if (row->type == YAML_TEXT) {
		fputs(row->high ? "text, may be empty" : "text", out);
		return;
	}
	if (row->type == YAML_BOOL || row->type == YAML_INSTANT || row->type == YAML_POINT) {
		fputs(type_words[row->type], out);
		return;
	}
	format_limit(row, row->low, low, sizeof low);
	format_limit(row, row->high, high, sizeof high);
	fprintf(out, "%s to %s", low, high);
}

static void put_help(FILE *out, const char *text)
{
	for (; *text; text++)
		fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
}

void yaml_manual(FILE *out, const struct yaml_setting *table, uint32_t n)
{
	fputs("| name | takes | default | meaning |\n| --- | --- | --- | --- |\n", out);
	for (uint32_t i = 0; i < n; i++) {
		fprintf(out, "| `%s` | ", table[i].name);
		put_takes(out, &table[i]);
		fprintf(out, *table[i].fallback ? " | `%s` | " : " |%s | ", table[i].fallback);
		put_help(out, table[i].help);
		fputs(" |\n", out);
	}
}

static int read_group(const struct yaml *yaml, struct fy_node *mapping, const char *prefix,
		      const struct yaml_setting *table, uint32_t n, void *settings, const char *const *also,
		      uint32_t n_also, struct err_detail *detail);

static int told(const struct yaml *yaml, int code, const struct err_detail *detail)
{
	if (yaml->tell && detail)
		yaml->tell(yaml->tell_self, detail->text);
	return code;
}

static int read_pair(const struct yaml *yaml, struct fy_node *key, struct fy_node *value, const char *name,
		     const struct yaml_setting *table, uint32_t n, void *settings, struct err_detail *detail)
{
	size_t length = strlen(name);
	for (uint32_t i = 0; i < n; i++) {
		if (!strcmp(table[i].name, name)) {
			struct err_detail inner;
			int code = yaml_scalar(yaml, value, table[i].type, table[i].low, table[i].high,
					       (char *)settings + table[i].offset, table[i].size, &inner);
			return code ? told(yaml, err_set(detail, code, "%s (%s)", inner.text, name), detail) : ERR_OK;
		}
		if (!strncmp(table[i].name, name, length) && table[i].name[length] == '.' && value &&
		    fy_node_is_mapping(value))
			return read_group(yaml, value, name, table, n, settings, NULL, 0, detail);
	}
	return told(yaml, yaml_fail(yaml, key, ERR_FORMAT, detail, "unknown setting \"%s\"", name), detail);
}

static int read_group(const struct yaml *yaml, struct fy_node *mapping, const char *prefix,
		      const struct yaml_setting *table, uint32_t n, void *settings, const char *const *also,
		      uint32_t n_also, struct err_detail *detail)
{
	if (!mapping || !fy_node_is_mapping(mapping))
		return told(yaml, yaml_fail(yaml, mapping, ERR_FORMAT, detail, "expected a mapping (key: value)"),
			    detail);
	void *previous = NULL;
	struct fy_node_pair *pair;
	int first = ERR_OK;
	while ((pair = fy_node_mapping_iterate(mapping, &previous))) {
		struct fy_node *key = fy_node_pair_key(pair);
		const char *text = fy_node_get_scalar0(key);
		char name[128];
		if (!text ||
		    snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", text) >= (int)sizeof name)
			return told(yaml, yaml_fail(yaml, key, ERR_FORMAT, detail, "not a name of a setting"), detail);
		uint32_t i = 0;
		while (i < n_also && strcmp(also[i], name))
			i++;
		if (i < n_also)
			continue;
		int code = read_pair(yaml, key, fy_node_pair_value(pair), name, table, n, settings, detail);
		if (code && !yaml->tell)
			return code;
		first = first ? first : code;
	}
	return first;
}

int yaml_read_settings(const struct yaml *yaml, struct fy_node *mapping, const struct yaml_setting *table, uint32_t n,
		       void *settings, const char *const *also, uint32_t n_also, struct err_detail *detail)
{
	return read_group(yaml, mapping, "", table, n, settings, also, n_also, detail);
}
