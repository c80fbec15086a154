#include "export_table.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "http_json.h"

#define PATH_BYTES 4096

FILE *table_file(const char *folder, const char *name, struct err_detail *detail)
{
	char path[PATH_BYTES];
	FILE *file = NULL;
	int n = snprintf(path, sizeof path, "%s/%s", folder, name);
	if (n > 0 && (size_t)n < sizeof path) {
		unlink(path);
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		file = fd >= 0 ? fdopen(fd, "w") : NULL;
		if (fd >= 0 && !file)
			close(fd);
	}
	if (!file)
		err_set(detail, ERR_IO, "%s/%s: %s", folder, name, strerror(errno));
	return file;
}

static FILE *open_part(const struct table *table, const char *folder, const char *end, struct err_detail *detail)
{
	char name[64];
	snprintf(name, sizeof name, "%s.%s", table->kind->name, end);
	return table_file(folder, name, detail);
}

static void tell_columns(const struct table *table, FILE *readme)
{
	fprintf(readme, "\n%s.csv%s%s%s: %s\n", table->kind->name, table->geo ? ", " : "",
		table->geo ? table->kind->name : "", table->geo ? ".geojson" : "", table->kind->meaning);
	for (uint32_t i = 0; i < table->kind->n_columns; i++)
		fprintf(readme, "  %-18s %s\n", table->kind->columns[i].name, table->kind->columns[i].meaning);
}

static void geo_begin(struct table *table, const struct town *town)
{
	json_t *text = json_string(town_text(town, town->attribution));
	char *attribution = text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
	fprintf(table->geo, "{\"type\":\"FeatureCollection\",\"name\":\"%s\",\"attribution\":%s,\"features\":[",
		table->kind->name, attribution ? attribution : "\"\"");
	table->failed |= !attribution;
	free(attribution);
	json_decref(text);
}

int table_open(struct table *table, const struct table_kind *kind, const char *folder, const struct town *town,
	       int has_places, FILE *readme, struct err_detail *detail)
{
	*table = (struct table){.kind = kind, .properties = json_object()};
	table->failed = !table->properties;
	table->csv = open_part(table, folder, "csv", detail);
	if (table->csv && has_places)
		table->geo = open_part(table, folder, "geojson", detail);
	if (!table->csv || (has_places && !table->geo)) {
		if (table->csv)
			fclose(table->csv);
		json_decref(table->properties);
		return ERR_IO;
	}
	for (uint32_t i = 0; i < kind->n_columns; i++)
		fprintf(table->csv, "%s%s", i ? "," : "", kind->columns[i].name);
	fputs("\r\n", table->csv);
	if (table->geo)
		geo_begin(table, town);
	tell_columns(table, readme);
	return ERR_OK;
}

/* RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe before it. */
static void put_text(FILE *csv, const char *text)
{
	int risky = *text && strchr("=+-@\t\r", *text);
	if (!risky && !strpbrk(text, ",\"\r\n")) {
		fputs(text, csv);
		return;
	}
	fputs(risky ? "\"'" : "\"", csv);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', csv);
		fputc(*text, csv);
	}
	fputc('"', csv);
}

void table_cell(struct table *table, json_t *value)
{
	assert(table->at < table->kind->n_columns);
	if (table->at)
		fputc(',', table->csv);
	if (json_is_string(value))
		put_text(table->csv, json_string_value(value));
	else if (json_is_integer(value))
		fprintf(table->csv, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		fprintf(table->csv, "%.10g", json_real_value(value));
	table->failed |= !value || json_object_set_new(table->properties, table->kind->columns[table->at].name, value);
	table->at++;
}

static int put_feature(struct table *table, json_t *geometry)
{
	json_t *feature =
		json_pack("{s:s,s:o*,s:O}", "type", "Feature", "geometry", geometry, "properties", table->properties);
	if (!feature)
		return ERR_MEMORY;
	fputs(table->n_rows ? ",\n" : "\n", table->geo);
	int failed = json_dumpf(feature, table->geo, JSON_COMPACT | JSON_REAL_PRECISION(10));
	json_decref(feature);
	return failed ? ERR_IO : ERR_OK;
}

void table_row(struct table *table, json_t *geometry)
{
	assert(table->at == table->kind->n_columns);
	fputs("\r\n", table->csv);
	if (table->geo)
		table->failed |= put_feature(table, geometry ? geometry : json_null());
	else
		json_decref(geometry);
	json_object_clear(table->properties);
	table->at = 0;
	table->n_rows++;
}

int table_close(struct table *table, struct err_detail *detail)
{
	int failed = table->failed;
	if (table->geo) {
		fputs("\n]}\n", table->geo);
		failed |= ferror(table->geo) || fclose(table->geo);
	}
	failed |= ferror(table->csv) || fclose(table->csv);
	json_decref(table->properties);
	return failed ? err_set(detail, ERR_IO, "%s: could not be written", table->kind->name) : ERR_OK;
}

/* ---- geometries ---- */

static json_t *position(struct geo_point point)
{
	return json_pack("[o,o]", http_json_degrees(point.lon_e7), http_json_degrees(point.lat_e7));
}

json_t *table_point(struct geo_point point)
{
	return json_pack("{s:s,s:o}", "type", "Point", "coordinates", position(point));
}

json_t *table_line(struct geo_point a, struct geo_point b)
{
	return json_pack("{s:s,s:[o,o]}", "type", "LineString", "coordinates", position(a), position(b));
}

json_t *table_square(const struct town *town, struct day_cell cell)
{
	struct geo_point a = day_cell_corner(town, cell),
			 c = day_cell_corner(town, (struct day_cell){cell.north + 1, cell.east + 1});
	struct geo_point b = {a.lat_e7, c.lon_e7}, d = {c.lat_e7, a.lon_e7};
	return json_pack("{s:s,s:[[o,o,o,o,o]]}", "type", "Polygon", "coordinates", position(a), position(b),
			 position(c), position(d), position(a));
}

struct geo_point table_middle(const struct town *town, struct day_cell cell)
{
	struct geo_point a = day_cell_corner(town, cell),
			 c = day_cell_corner(town, (struct day_cell){cell.north + 1, cell.east + 1});
	return (struct geo_point){a.lat_e7 + (c.lat_e7 - a.lat_e7) / 2, a.lon_e7 + (c.lon_e7 - a.lon_e7) / 2};
}
