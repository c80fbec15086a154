#include "gtfs_write.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "array.h"

struct table {
	char name[64];
	char *text;
	size_t n, cap;
	int is_in_row;
};

struct gtfs_writer {
	struct table *tables;
	size_t n_tables, cap_tables;
	int code;
};

int gtfs_write_open(struct gtfs_writer **ret_writer)
{
	struct gtfs_writer *writer = calloc(1, sizeof *writer);
	if (!writer)
		return ERR_MEMORY;
	*ret_writer = writer;
	return ERR_OK;
}

void gtfs_write_abandon(struct gtfs_writer *writer)
{
	if (!writer)
		return;
	for (size_t i = 0; i < writer->n_tables; i++)
		free(writer->tables[i].text);
	free(writer->tables);
	free(writer);
}

static void append(struct gtfs_writer *writer, const char *bytes, size_t n)
{
	struct table *table = writer->n_tables ? &writer->tables[writer->n_tables - 1] : NULL;
	if (writer->code || !table)
		return;
	writer->code = array_reserve(table->text, table->n + n, table->cap);
	if (writer->code)
		return;
	memcpy(table->text + table->n, bytes, n);
	table->n += n;
}

void gtfs_write_table(struct gtfs_writer *writer, const char *name, const char *columns)
{
	struct table table = {0};
	snprintf(table.name, sizeof table.name, "%s.txt", name);
	if (!writer->code)
		writer->code = array_push(writer->tables, writer->n_tables, writer->cap_tables, table);
	append(writer, columns, strlen(columns));
	append(writer, "\r\n", 2);
}

static void separate(struct gtfs_writer *writer)
{
	if (writer->code || writer->n_tables == 0)
		return;
	if (writer->tables[writer->n_tables - 1].is_in_row)
		append(writer, ",", 1);
	writer->tables[writer->n_tables - 1].is_in_row = 1;
}

void gtfs_write_text(struct gtfs_writer *writer, const char *text)
{
	separate(writer);
	if (!text[strcspn(text, ",\"\r\n")]) {
		append(writer, text, strlen(text));
		return;
	}
	append(writer, "\"", 1);
	for (const char *at = text; *at; at++)
		append(writer, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
	append(writer, "\"", 1);
}

void gtfs_write_format(struct gtfs_writer *writer, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	gtfs_write_text(writer, text);
}

void gtfs_write_number(struct gtfs_writer *writer, int64_t number)
{
	gtfs_write_format(writer, "%lld", (long long)number);
}

void gtfs_write_time(struct gtfs_writer *writer, int32_t seconds)
{
	gtfs_write_format(writer, "%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

void gtfs_write_degrees(struct gtfs_writer *writer, int32_t degrees_e7)
{
	uint32_t size = degrees_e7 < 0 ? 0u - (uint32_t)degrees_e7 : (uint32_t)degrees_e7;
	gtfs_write_format(writer, "%s%u.%07u", degrees_e7 < 0 ? "-" : "", size / 10000000u, size % 10000000u);
}

void gtfs_write_end_row(struct gtfs_writer *writer)
{
	append(writer, "\r\n", 2);
	if (writer->n_tables)
		writer->tables[writer->n_tables - 1].is_in_row = 0;
}

/* 1980-01-01, the earliest a zip can say, free of time zones: no clock gets into the bytes. */
static int zip_tables(const struct gtfs_writer *writer, zip_t *zip)
{
	for (size_t i = 0; i < writer->n_tables; i++) {
		const struct table *table = &writer->tables[i];
		zip_source_t *source = zip_source_buffer(zip, table->text, table->n, 0);
		if (!source)
			return -1;
		zip_int64_t index = zip_file_add(zip, table->name, source, ZIP_FL_ENC_UTF_8);
		if (index < 0) {
			zip_source_free(source);
			return -1;
		}
		if (zip_file_set_dostime(zip, (zip_uint64_t)index, 0, (1 << 5) | 1, 0) ||
		    zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_DEFLATE, 6))
			return -1;
	}
	return 0;
}

static int zip_write(const struct gtfs_writer *writer, const char *path, struct err_detail *detail)
{
	int zip_code = 0;
	zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &zip_code);
	if (!zip) {
		zip_error_t error;
		zip_error_init_with_code(&error, zip_code);
		err_set(detail, ERR_IO, "%s: cannot write: %s", path, zip_error_strerror(&error));
		zip_error_fini(&error);
		return ERR_IO;
	}
	if (zip_tables(writer, zip) == 0 && zip_close(zip) == 0)
		return ERR_OK;
	err_set(detail, ERR_IO, "%s: cannot write: %s", path, zip_strerror(zip));
	zip_discard(zip);
	return ERR_IO;
}

int gtfs_write_close(struct gtfs_writer *writer, const char *path, struct err_detail *detail)
{
	int code = writer->code;
	char *temporary = NULL;
	if (code || asprintf(&temporary, "%s.tmp", path) < 0) {
		gtfs_write_abandon(writer);
		return err_set(detail, ERR_MEMORY, "%s: out of memory while writing", path);
	}
	remove(temporary);
	code = zip_write(writer, temporary, detail);
	if (!code && rename(temporary, path))
		code = err_set(detail, ERR_IO, "%s: cannot rename to it: %s", path, strerror(errno));
	if (code)
		remove(temporary);
	free(temporary);
	gtfs_write_abandon(writer);
	return code;
}
