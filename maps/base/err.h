/* Error codes and their texts: one table for all of Zubringer.
 * A function that can fail returns 0 (ERR_OK) or one of these; results come back through ret_* arguments, which stay
 * untouched on failure. Functions that read input also take a `struct err_detail *` (may be NULL), which then says
 * what was wrong, where (file, line or byte offset) and what was expected. */
#ifndef ZUB_ERR_H
#define ZUB_ERR_H

#include <stddef.h>

#define ERR_TABLE(X)                                      \
	X(ERR_OK, "ok")                                   \
	X(ERR_USAGE, "wrong use")                         \
	X(ERR_MEMORY, "out of memory")                    \
	X(ERR_IO, "cannot read or write")                 \
	X(ERR_DISK_FULL, "no space left for writing")     \
	X(ERR_FORMAT, "not in the expected format")       \
	X(ERR_TRUNCATED, "ends too early")                \
	X(ERR_VERSION, "made by another version")         \
	X(ERR_CHECKSUM, "damaged: checksum differs")      \
	X(ERR_RANGE, "value out of range")                \
	X(ERR_FULL, "full: capacity reached")             \
	X(ERR_NOT_FOUND, "not found")                     \
	X(ERR_EXISTS, "exists already")                   \
	X(ERR_CONFLICT, "contradicts the present state")  \
	X(ERR_GONE, "no longer available")                \
	X(ERR_UNREACHABLE, "no way leads there")          \
	X(ERR_DENIED, "not allowed")                      \
	X(ERR_BUSY, "busy: try again")                    \
	X(ERR_UNAVAILABLE, "not available at the moment") \
	X(ERR_STALE, "older than what is known")          \
	X(ERR_BROKEN, "an invariant does not hold")       \
	X(ERR_INTERRUPTED, "stopped before the end")

enum err {
#define X(code, text) code,
	ERR_TABLE(X)
#undef X
		ERR_COUNT
};

struct err_detail {
	char text[512];
};

/* The text of a code; never NULL. */
const char *err_text(int code);

/* Formats into detail (when not NULL) and returns code, so that `return err_set(detail, ERR_FORMAT, "...")` reads well.
 * The text is one line: control characters become spaces. */
int err_set(struct err_detail *detail, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
