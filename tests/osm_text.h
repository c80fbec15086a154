/* Small OSM towns written in the test itself. Needs cmocka.h and the compiler's headers before it. */
#ifndef ZUB_TESTS_OSM_TEXT_H
#define ZUB_TESTS_OSM_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char osm_text_path[] = "/tmp/zub-osm-text-XXXXXX";

/* Writes bytes to a file of its own; the name is valid until the next call. */
static inline const char *osm_text_file(const void *bytes, size_t n)
{
	int fd;

	strcpy(osm_text_path, "/tmp/zub-osm-text-XXXXXX");
	fd = mkstemp(osm_text_path);
	assert_true(fd >= 0);
	assert_true(write(fd, bytes, n) == (ssize_t)n);
	close(fd);
	return osm_text_path;
}

static inline void osm_text_append(char *text, size_t size, const char *more)
{
	size_t n = strlen(text);

	assert_true(n + strlen(more) < size);
	strcpy(text + n, more);
}

/* "k=v|k=v" as tag elements. */
static inline void osm_text_tags(char *text, size_t size, const char *tags)
{
	while (*tags) {
		size_t n = strcspn(tags, "|"), k = strcspn(tags, "=");
		char line[512];

		assert_true(k < n);
		snprintf(line, sizeof line, "<tag k='%.*s' v='%.*s'/>", (int)k, tags, (int)(n - k - 1), tags + k + 1);
		osm_text_append(text, size, line);
		tags += n + (tags[n] == '|');
	}
}

#endif
