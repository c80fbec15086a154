#include "gtfs_source.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "array.h"
#include "units.h"

struct gtfs_source {
	char *path;
	zip_t *zip; /* NULL: a folder */
};

/* Where the bytes of one table come from. */
struct stream {
	zip_file_t *in_zip;
	FILE *in_folder;
};

struct reader {
	const struct gtfs_table *table;
	void *context;
	struct err_detail *detail;
	struct csv_parser csv;
	struct gtfs_row row;
	const char *names[GTFS_COLUMNS_MAX + 1];
	uint32_t n_columns;
	uint32_t n_header;   /* fields of the header; 0 = header not yet read */
	uint32_t *column_of; /* [n_header] which wanted column a field is, or NONE */
	size_t n_column_of, cap_column_of;
	char *bytes; /* the fields of the present row, each NUL-terminated */
	size_t n_bytes, cap_bytes;
	size_t *starts; /* where each field starts in bytes */
	size_t n_starts, cap_starts;
	uint32_t line;
	int result;
};

int gtfs_source_open(struct gtfs_source **ret_source, const char *path, struct err_detail *detail)
{
	struct stat about;
	if (stat(path, &about))
		return err_set(detail, ERR_IO, "%s: %s (expected a GTFS zip or folder)", path, strerror(errno));
	struct gtfs_source *source = calloc(1, sizeof *source);
	if (!source || !(source->path = strdup(path))) {
		free(source);
		return err_set(detail, ERR_MEMORY, "%s: out of memory", path);
	}
	if (!S_ISDIR(about.st_mode)) {
		int code = 0;
		source->zip = zip_open(path, ZIP_RDONLY, &code);
		if (!source->zip) {
			zip_error_t error;
			zip_error_init_with_code(&error, code);
			err_set(detail, ERR_FORMAT, "%s: %s (expected a GTFS zip or folder)", path,
				zip_error_strerror(&error));
			zip_error_fini(&error);
			gtfs_source_close(source);
			return ERR_FORMAT;
		}
	}
	*ret_source = source;
	return 0;
}

void gtfs_source_close(struct gtfs_source *source)
{
	if (!source)
		return;
	if (source->zip)
		zip_discard(source->zip);
	free(source->path);
	free(source);
}

static int stream_open(struct stream *stream, const struct gtfs_source *source, const char *table, int *ret_found,
		       struct err_detail *detail)
{
	*ret_found = 0;
	if (source->zip) {
		/* Some publishers zip a folder: the table's name counts, not where it lies. */
		zip_int64_t index = zip_name_locate(source->zip, table, ZIP_FL_NODIR);
		if (index < 0)
			return 0;
		stream->in_zip = zip_fopen_index(source->zip, (zip_uint64_t)index, 0);
		if (!stream->in_zip)
			return err_set(detail, ERR_FORMAT, "%s: %s: %s", source->path, table,
				       zip_strerror(source->zip));
	} else {
		char path[4096];
		int n = snprintf(path, sizeof path, "%s/%s", source->path, table);
		if (n < 0 || (size_t)n >= sizeof path)
			return err_set(detail, ERR_RANGE, "%s/%s: the path is too long", source->path, table);
		stream->in_folder = fopen(path, "rb");
		if (!stream->in_folder && errno == ENOENT)
			return 0;
		if (!stream->in_folder)
			return err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	}
	*ret_found = 1;
	return 0;
}

static void stream_close(struct stream *stream)
{
	if (stream->in_zip)
		zip_fclose(stream->in_zip);
	if (stream->in_folder)
		fclose(stream->in_folder);
}

/* 0 and *ret_n = 0 at the end. */
static int stream_read(struct stream *stream, const struct reader *reader, char *bytes, size_t most, size_t *ret_n)
{
	if (stream->in_zip) {
		zip_int64_t n = zip_fread(stream->in_zip, bytes, most);
		if (n < 0)
			return err_set(reader->detail, ERR_TRUNCATED, "%s: %s near line %u: damaged: %s",
				       reader->row.path, reader->table->name, reader->line,
				       zip_error_strerror(zip_file_get_error(stream->in_zip)));
		*ret_n = (size_t)n;
		return 0;
	}
	*ret_n = fread(bytes, 1, most, stream->in_folder);
	if (*ret_n == 0 && ferror(stream->in_folder))
		return err_set(reader->detail, ERR_IO, "%s: %s: %s", reader->row.path, reader->table->name,
			       strerror(errno));
	return 0;
}

/* Bytes of the UTF-8 character at text, 0 when it is none (overlong, surrogate, beyond U+10FFFF, NUL, cut). */
static size_t utf8_length(const unsigned char *text, size_t n)
{
	unsigned char lead = text[0];
	if (lead < 0x80)
		return lead != 0;
	size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
	if (lead < 0xC2 || lead > 0xF4 || length > n)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xC0) != 0x80)
			return 0;
	if ((lead == 0xE0 && text[1] < 0xA0) || (lead == 0xED && text[1] > 0x9F) || (lead == 0xF0 && text[1] < 0x90) ||
	    (lead == 0xF4 && text[1] > 0x8F))
		return 0;
	return length;
}

static void append_utf8(struct reader *reader, const unsigned char *text, size_t n)
{
	char *to = reader->bytes + reader->n_bytes;
	for (size_t i = 0; i < n;) {
		size_t length = utf8_length(text + i, n - i);
		if (length == 0) {
			*to++ = '?';
			i++;
			reader->row.n_repaired++;
			continue;
		}
		memcpy(to, text + i, length);
		to += length;
		i += length;
	}
	*to++ = '\0';
	reader->n_bytes = (size_t)(to - reader->bytes);
}

static void on_field(void *text, size_t n, void *context)
{
	struct reader *reader = context;
	if (reader->result)
		return;
	if (reader->n_bytes + n + 1 > GTFS_ROW_BYTES_MAX) {
		reader->result = err_set(reader->detail, ERR_RANGE, "%s: %s line %u: a row of more than %u bytes",
					 reader->row.path, reader->table->name, reader->line, GTFS_ROW_BYTES_MAX);
		return;
	}
	if (array_reserve(reader->bytes, reader->n_bytes + n + 1, reader->cap_bytes) ||
	    array_push(reader->starts, reader->n_starts, reader->cap_starts, reader->n_bytes)) {
		reader->result = err_set(reader->detail, ERR_MEMORY, "%s: %s: out of memory", reader->row.path,
					 reader->table->name);
		return;
	}
	append_utf8(reader, text, n);
}

static uint32_t wanted_column(const struct reader *reader, const char *name)
{
	for (uint32_t i = 0; i < reader->n_columns; i++)
		if (strcmp(reader->names[i], name) == 0)
			return i;
	return NONE;
}

static int take_header(struct reader *reader)
{
	for (size_t i = 0; i < reader->n_starts; i++) {
		uint32_t column = wanted_column(reader, reader->bytes + reader->starts[i]);
		if (column != NONE && reader->row.present[column])
			column = NONE; /* named twice: the first counts */
		if (column != NONE)
			reader->row.present[column] = 1;
		if (array_push(reader->column_of, reader->n_column_of, reader->cap_column_of, column))
			return err_set(reader->detail, ERR_MEMORY, "%s: %s: out of memory", reader->row.path,
				       reader->table->name);
	}
	reader->n_header = (uint32_t)reader->n_starts;
	for (uint32_t i = 0; i < reader->n_columns; i++)
		if (reader->table->columns[i][0] == '*' && !reader->row.present[i])
			return err_set(reader->detail, ERR_FORMAT, "%s: %s line %u: expected a column %s in the header",
				       reader->row.path, reader->table->name, reader->line, reader->names[i]);
	return 0;
}

static int take_row(struct reader *reader)
{
	struct gtfs_row *row = &reader->row;
	for (uint32_t i = 0; i < reader->n_columns; i++)
		row->field[i] = "";
	row->n_spare = 0;
	for (size_t i = 0; i < reader->n_starts; i++) {
		if (i >= reader->n_header)
			row->n_spare++;
		else if (reader->column_of[i] != NONE)
			row->field[reader->column_of[i]] = reader->bytes + reader->starts[i];
	}
	row->line = reader->line;
	return reader->table->row(reader->context, row);
}

static void on_row(int end, void *context)
{
	struct reader *reader = context;
	(void)end;
	if (!reader->result)
		reader->result = reader->n_header ? take_row(reader) : take_header(reader);
	reader->n_bytes = 0;
	reader->n_starts = 0;
	reader->row.n_repaired = 0;
}

static void *limited_realloc(void *memory, size_t size)
{
	return size > GTFS_ROW_BYTES_MAX ? NULL : realloc(memory, size);
}

static int feed_csv(struct reader *reader, const char *bytes, size_t n)
{
	size_t used = csv_parse(&reader->csv, bytes, n, on_field, on_row, reader);
	if (reader->result || used == n)
		return reader->result;
	return err_set(reader->detail, ERR_RANGE, "%s: %s line %u: a row of more than %u bytes", reader->row.path,
		       reader->table->name, reader->line, GTFS_ROW_BYTES_MAX);
}

/* Fed line by line, since libcsv does not count lines. */
static int feed_lines(struct reader *reader, const char *bytes, size_t n)
{
	while (n > 0) {
		const char *newline = memchr(bytes, '\n', n);
		size_t length = newline ? (size_t)(newline - bytes) + 1 : n;
		int result = feed_csv(reader, bytes, length);
		if (result)
			return result;
		if (newline)
			reader->line++;
		bytes += length;
		n -= length;
	}
	return 0;
}

static int read_all(struct reader *reader, struct stream *stream)
{
	static const char mark[3] = {(char)0xEF, (char)0xBB, (char)0xBF};
	char bytes[65536];
	size_t held = 0, n = 0;
	/* The byte-order mark may come in pieces. */
	while (held < sizeof mark) {
		int result = stream_read(stream, reader, bytes + held, sizeof bytes - held, &n);
		if (result)
			return result;
		if (n == 0)
			break;
		held += n;
	}
	size_t skip = held >= sizeof mark && memcmp(bytes, mark, sizeof mark) == 0 ? sizeof mark : 0;
	int result = feed_lines(reader, bytes + skip, held - skip);
	while (!result) {
		result = stream_read(stream, reader, bytes, sizeof bytes, &n);
		if (result || n == 0)
			break;
		result = feed_lines(reader, bytes, n);
	}
	return result;
}

static int finish(struct reader *reader)
{
	/* Strict only here: quotes inside a field are common in real feeds, a field that never ends is damage. */
	csv_set_opts(&reader->csv, CSV_STRICT | CSV_STRICT_FINI);
	if (csv_fini(&reader->csv, on_field, on_row, reader))
		return err_set(reader->detail, ERR_TRUNCATED, "%s: %s line %u: ends inside a quoted field",
			       reader->row.path, reader->table->name, reader->line);
	if (reader->result)
		return reader->result;
	if (!reader->n_header)
		return err_set(reader->detail, ERR_FORMAT, "%s: %s: empty; expected a header with the column %s",
			       reader->row.path, reader->table->name, reader->names[0]);
	return 0;
}

static int reader_open(struct reader *reader, const struct gtfs_source *source, const struct gtfs_table *table)
{
	reader->table = table;
	reader->line = 1;
	for (uint32_t i = 0; table->columns[i] && i < GTFS_COLUMNS_MAX; i++) {
		reader->names[i] = table->columns[i] + (table->columns[i][0] == '*');
		reader->n_columns = i + 1;
	}
	reader->row.path = source->path;
	reader->row.table = table->name;
	reader->row.names = reader->names;
	if (csv_init(&reader->csv, 0))
		return err_set(reader->detail, ERR_MEMORY, "%s: %s: out of memory", source->path, table->name);
	csv_set_realloc_func(&reader->csv, limited_realloc);
	return 0;
}

int gtfs_source_read(struct gtfs_source *source, const struct gtfs_table *table, void *context, int *ret_found,
		     struct err_detail *detail)
{
	struct stream stream = {0};
	int found = 0;
	int result = stream_open(&stream, source, table->name, &found, detail);
	if (ret_found)
		*ret_found = found;
	if (result || !found)
		return result;
	struct reader reader = {.context = context, .detail = detail};
	result = reader_open(&reader, source, table);
	if (!result)
		result = read_all(&reader, &stream);
	if (!result)
		result = finish(&reader);
	csv_free(&reader.csv);
	free(reader.column_of);
	free(reader.bytes);
	free(reader.starts);
	stream_close(&stream);
	return result;
}
