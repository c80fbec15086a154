#include "pairs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

static int read_header(struct pairs *pairs, const char *text)
{
	if (!strncmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	pairs->by_arc = !strcmp(text, "from_arc,from_mm,to_arc,to_mm");
	return pairs->by_arc || !strcmp(text, "from_lat,from_lon,to_lat,to_lon") ? ERR_OK : ERR_FORMAT;
}

static int read_arcs(const struct network *road, const char *text, struct pair *ret_pair)
{
	uint64_t values[4];
	for (int i = 0; i < 4; i++) {
		char *end;
		if (*text < '0' || *text > '9')
			return ERR_FORMAT;
		values[i] = strtoull(text, &end, 10);
		if (*end != (i < 3 ? ',' : '\0'))
			return ERR_FORMAT;
		text = end + 1;
	}
	for (int i = 0; i < 2; i++) {
		if (values[2 * i] >= road->n_arcs || values[2 * i + 1] > road->dist_mm[values[2 * i]])
			return ERR_RANGE;
		ret_pair->spots[i] = (struct spot){(uint32_t)values[2 * i], (uint32_t)values[2 * i + 1]};
	}
	return ERR_OK;
}

static int read_points(char *text, struct pair *ret_pair)
{
	char *comma = strchr(text, ',');
	comma = comma ? strchr(comma + 1, ',') : NULL;
	if (!comma)
		return ERR_FORMAT;
	*comma = '\0';
	if (geo_parse(text, &ret_pair->points[0]) || geo_parse(comma + 1, &ret_pair->points[1]))
		return ERR_FORMAT;
	ret_pair->spots[0] = ret_pair->spots[1] = (struct spot){NONE, 0};
	return ERR_OK;
}

static int read_row(struct pairs *pairs, const struct network *road, char *text)
{
	struct pair pair = {0};
	if (!*text)
		return ERR_OK;
	int code = pairs->by_arc ? read_arcs(road, text, &pair) : read_points(text, &pair);
	return code ? code : array_push(pairs->rows, pairs->n, pairs->cap, pair);
}

static const char *expected(const struct pairs *pairs, unsigned long line)
{
	if (line == 1)
		return "the header from_lat,from_lon,to_lat,to_lon or from_arc,from_mm,to_arc,to_mm";
	return pairs->by_arc ? "arcs of this town and offsets on them, four whole numbers" : "four numbers in degrees";
}

static int read_lines(struct pairs *pairs, FILE *file, const char *path, const struct network *road,
		      struct err_detail *detail)
{
	char *text = NULL;
	size_t size = 0;
	unsigned long line = 0;
	ssize_t n;
	int code = ERR_OK;
	errno = 0;
	while (!code && (n = getline(&text, &size, file)) >= 0) {
		line++;
		code = strlen(text) == (size_t)n ? ERR_OK : ERR_FORMAT; /* a zero byte would hide what follows */
		text[strcspn(text, "\r\n")] = '\0';
		if (!code)
			code = line == 1 ? read_header(pairs, text) : read_row(pairs, road, text);
	}
	free(text);
	if (code == ERR_MEMORY || (!code && !feof(file)))
		return err_set(detail, code ? code : ERR_IO, "%s: line %lu: %s", path, line,
			       code ? err_text(code) : strerror(errno));
	if (!code && line)
		return ERR_OK;
	return err_set(detail, code ? code : ERR_FORMAT, "%s: line %lu: expected %s", path, line ? line : 1,
		       expected(pairs, line ? line : 1));
}

int pairs_read(struct pairs *ret_pairs, const char *path, const struct network *road, struct err_detail *detail)
{
	FILE *file = fopen(path, "rb");
	memset(ret_pairs, 0, sizeof *ret_pairs);
	if (!file)
		return err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	int code = read_lines(ret_pairs, file, path, road, detail);
	fclose(file);
	if (code)
		pairs_free(ret_pairs);
	return code;
}

void pairs_free(struct pairs *pairs)
{
	free(pairs->rows);
	memset(pairs, 0, sizeof *pairs);
}
