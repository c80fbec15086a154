/* Reading YAML 1.2 files (libfyaml) with errors by file, line and column: the settings of programs, towns, fleets,
 * scenarios. Two ways: tables of settings (yaml_read_settings), and walking nodes for lists. Unknown and repeated keys
 * are errors. */
#ifndef ZUB_YAML_H
#define ZUB_YAML_H

#include "err.h"
#include "units.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct yaml;	/* one file */
struct fy_node; /* a node of it; borrowed until yaml_close */

/* Errors: ERR_IO, ERR_FORMAT (with line and column). An empty file is an empty mapping. */
int yaml_open(struct yaml **ret_yaml, const char *path, struct err_detail *detail);
/* The same from text; `name` stands in messages. */
int yaml_open_text(struct yaml **ret_yaml, const char *text, size_t n, const char *name, struct err_detail *detail);
void yaml_close(struct yaml *yaml);
/* From now on yaml_read_settings tells each error ("file:line:column: message") and goes on; it still returns the first
 * one. */
typedef void (*yaml_teller)(void *self, const char *text);
void yaml_tell(struct yaml *yaml, yaml_teller tell, void *self);
struct fy_node *yaml_root(const struct yaml *yaml);

/* "file:line:column: message" into detail; returns code. */
int yaml_fail(const struct yaml *yaml, struct fy_node *node, int code, struct err_detail *detail, const char *format,
	      ...) __attribute__((format(printf, 5, 6)));

/* Line of a node, from 1; 0 = unknown. */
uint32_t yaml_line(struct fy_node *node);
/* Value of a key in a mapping, or NULL. */
struct fy_node *yaml_get(struct fy_node *mapping, const char *key);
/* Items of a sequence; 0 when node is NULL or no sequence. */
uint32_t yaml_count(struct fy_node *sequence);
struct fy_node *yaml_item(struct fy_node *sequence, uint32_t index);
/* ERR_FORMAT when the mapping has a key that is not in `keys` (n of them), or node is no mapping. */
int yaml_keys(const struct yaml *yaml, struct fy_node *mapping, const char *const *keys, uint32_t n,
	      struct err_detail *detail);

/* How a scalar is written and kept. All numbers are int64 in C unless said. */
enum yaml_type {
	YAML_TEXT,     /* char[size] */
	YAML_INT,      /* int64_t */
	YAML_BOOL,     /* true, false -> int64_t 1, 0 */
	YAML_PERMILLE, /* decimal with at most 3 places, 1.5 -> 1500 */
	YAML_DURATION, /* "90 s", "250 ms", "5 min", "2 h", "14 d" -> ms */
	YAML_INSTANT,  /* 2026-06-03T06:00:00Z (or +02:00) -> ms since 1970 */
	YAML_TIME,     /* "05:30", "26:15" -> seconds of the service day */
	YAML_POINT     /* "49.4,8.7" -> struct geo_point */
};
int yaml_scalar(const struct yaml *yaml, struct fy_node *node, enum yaml_type type, int64_t low, int64_t high,
		void *ret_value, size_t size, struct err_detail *detail);
/* The same from plain text (command line); message without place. */
int yaml_parse(const char *text, enum yaml_type type, int64_t low, int64_t high, void *ret_value, size_t size,
	       struct err_detail *detail);

/* One row of a table of settings; nested keys are written with dots ("http.port"). */
struct yaml_setting {
	const char *name;
	enum yaml_type type;
	int64_t low, high;    /* in the unit kept; for text: high = 1 when it may be empty */
	const char *fallback; /* default, as it would be written */
	size_t offset, size;  /* in the struct that is filled */
	int reloadable;
	const char *help;
};
/* Sets all defaults. The defaults must be valid: anything else is an assert. */
void yaml_defaults(const struct yaml_setting *table, uint32_t n, void *settings);
/* One setting as it would be written. */
void yaml_format(const struct yaml_setting *row, const void *settings, char *text, size_t size);
/* The manual page of a table, as a table in Markdown: name, what it takes, default, meaning. */
void yaml_manual(FILE *out, const struct yaml_setting *table, uint32_t n);
/* Fills from the mapping; what is not named keeps its value. `also`: keys at the top that the caller reads himself. */
int yaml_read_settings(const struct yaml *yaml, struct fy_node *mapping, const struct yaml_setting *table, uint32_t n,
		       void *settings, const char *const *also, uint32_t n_also, struct err_detail *detail);

#endif
