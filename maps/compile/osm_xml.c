/* OSM XML (.osm, .osm.gz): https://wiki.openstreetmap.org/wiki/OSM_XML. Plain and gzip alike come through zlib. */
#include "osm_builder.h"
#include "units.h"
#include <errno.h>
#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#define XML_CHUNK (1 << 18)

struct xml {
	struct osm_builder *builder;
	XML_Parser parser;
	const char *path;
	unsigned depth;
	char object; /* 'n', 'w', 'r' while inside one, else 0 */
	int is_deleted;
	int64_t id;
	struct geo_point point;
	int code;
	struct err_detail *detail;
};

static void __attribute__((format(printf, 3, 4))) fail(struct xml *xml, int code, const char *format, ...)
{
	char text[256];
	va_list list;

	if (xml->code)
		return;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	osm_one_line(text);
	xml->code = err_set(xml->detail, code, "%s: line %lu: %s", xml->path,
			    (unsigned long)XML_GetCurrentLineNumber(xml->parser), text);
	XML_StopParser(xml->parser, XML_FALSE);
}

static void check(struct xml *xml, int code)
{
	if (code)
		fail(xml, code, "%s", err_text(code));
}

static const char *attribute(const XML_Char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i]; i += 2)
		if (strcmp(attributes[i], name) == 0)
			return attributes[i + 1];
	return NULL;
}

static int64_t number(struct xml *xml, const XML_Char **attributes, const char *name)
{
	const char *text = attribute(attributes, name);
	char *end = NULL;
	long long value;

	errno = 0;
	value = text ? strtoll(text, &end, 10) : 0;
	if (!text || end == text || *end || errno)
		fail(xml, ERR_FORMAT, "%s=\"%.40s\", expected a whole number", name, text ? text : "");
	return value;
}

/* Decimal degrees to 1e-7 degrees, rounded; no locale. Returns 0 on success. */
static int parse_e7(const char *text, int64_t most, int32_t *ret_e7)
{
	int negative = *text == '-', n_digits = 0;
	int64_t value = 0, scale = 0;

	text += *text == '-' || *text == '+';
	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !scale); text++) {
		if (*text == '.') {
			scale = 1;
			continue;
		}
		n_digits++;
		if (scale > 100000000)
			continue; /* beyond the 8th decimal */
		value = value * 10 + (*text - '0');
		scale *= 10;
		if (!scale && value > 1000)
			return ERR_RANGE;
	}
	if (*text || n_digits == 0)
		return ERR_FORMAT;
	for (scale = scale ? scale : 1; scale < 100000000; scale *= 10)
		value *= 10;
	value = (value + (scale > 100000000 ? 50 : 5)) / (scale > 100000000 ? 100 : 10);
	if (value > most)
		return ERR_RANGE;
	*ret_e7 = (int32_t)(negative ? -value : value);
	return ERR_OK;
}

static int32_t degrees(struct xml *xml, const XML_Char **attributes, const char *name, int64_t most)
{
	const char *text = attribute(attributes, name);
	int32_t value = 0;

	if (!text || parse_e7(text, most, &value))
		fail(xml, ERR_FORMAT, "%s=\"%.40s\", expected degrees from -%d to %d", name, text ? text : "",
		     (int)(most / 10000000), (int)(most / 10000000));
	return value;
}

static void take_timestamp(struct xml *xml, const char *text)
{
	struct tm tm = {0};

	if (text && strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		osm_builder_timestamp(xml->builder, timegm(&tm));
}

static void start_object(struct xml *xml, char object, const XML_Char **attributes)
{
	const char *visible = attribute(attributes, "visible"), *action = attribute(attributes, "action");

	xml->object = object;
	xml->id = number(xml, attributes, "id");
	xml->is_deleted = (visible && strcmp(visible, "false") == 0) || (action && strcmp(action, "delete") == 0);
	if (object == 'n' && !xml->is_deleted) {
		xml->point.lat_e7 = degrees(xml, attributes, "lat", INT64_C(900000000));
		xml->point.lon_e7 = degrees(xml, attributes, "lon", INT64_C(1800000000));
	}
	take_timestamp(xml, attribute(attributes, "timestamp"));
}

static uint32_t text_of(struct xml *xml, const char *text)
{
	uint32_t string = text_pool_put(&xml->builder->strings, text, strlen(text));

	if (string == NONE)
		fail(xml, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
	return string;
}

static void take_tag(struct xml *xml, const XML_Char **attributes)
{
	const char *k = attribute(attributes, "k"), *v = attribute(attributes, "v");
	uint32_t key, value;

	if (!k || !v) {
		fail(xml, ERR_FORMAT, "a tag without k or v");
		return;
	}
	key = text_of(xml, k);
	value = text_of(xml, v);
	if (!xml->code)
		check(xml, osm_builder_tag(xml->builder, key, value));
}

static void take_member(struct xml *xml, const XML_Char **attributes)
{
	static const char *const types[] = {"node", "way", "relation"};
	const char *type = attribute(attributes, "type"), *role = attribute(attributes, "role");
	struct osm_member member = {.id = number(xml, attributes, "ref"), .type = 0};

	while (member.type < COUNT_OF(types) && (!type || strcmp(type, types[member.type]) != 0))
		member.type++;
	if (member.type == COUNT_OF(types)) {
		fail(xml, ERR_FORMAT, "member type \"%.40s\", expected node, way or relation", type ? type : "");
		return;
	}
	member.role = text_of(xml, role ? role : "");
	if (!xml->code)
		check(xml, osm_builder_member(xml->builder, member));
}

static void start_inside(struct xml *xml, const XML_Char *name, const XML_Char **attributes)
{
	if (strcmp(name, "tag") == 0)
		take_tag(xml, attributes);
	else if (xml->object == 'w' && strcmp(name, "nd") == 0)
		check(xml, osm_builder_ref(xml->builder, number(xml, attributes, "ref")));
	else if (xml->object == 'r' && strcmp(name, "member") == 0)
		take_member(xml, attributes);
}

static void XMLCALL start_element(void *data, const XML_Char *name, const XML_Char **attributes)
{
	struct xml *xml = data;

	if (xml->code)
		return;
	xml->depth++;
	if (xml->depth == 1 && strcmp(name, "osm") != 0)
		fail(xml, ERR_FORMAT, "the root element is <%.40s>, expected <osm>", name);
	else if (xml->depth == 2 && strcmp(name, "node") == 0)
		start_object(xml, 'n', attributes);
	else if (xml->depth == 2 && strcmp(name, "way") == 0)
		start_object(xml, 'w', attributes);
	else if (xml->depth == 2 && strcmp(name, "relation") == 0)
		start_object(xml, 'r', attributes);
	else if (xml->depth == 3 && xml->object)
		start_inside(xml, name, attributes);
}

static void XMLCALL end_element(void *data, const XML_Char *name)
{
	struct xml *xml = data;

	(void)name;
	if (xml->code)
		return;
	if (xml->depth-- != 2 || !xml->object)
		return;
	if (xml->is_deleted)
		osm_builder_drop(xml->builder);
	else if (xml->object == 'n')
		check(xml, osm_builder_node(xml->builder, xml->id, xml->point));
	else if (xml->object == 'w')
		check(xml, osm_builder_way(xml->builder, xml->id));
	else
		check(xml, osm_builder_relation(xml->builder, xml->id));
	xml->object = 0;
}

/* OSM files have no document type; entities of one could blow up to any size. */
static void XMLCALL start_doctype(void *data, const XML_Char *name, const XML_Char *system, const XML_Char *public,
				  int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	fail(data, ERR_FORMAT, "a document type declaration, expected none in OSM XML");
}

static int feed(struct xml *xml, gzFile file)
{
	for (;;) {
		void *buffer = XML_GetBuffer(xml->parser, XML_CHUNK);
		int n, code;

		if (!buffer)
			return err_set(xml->detail, ERR_MEMORY, "%s: %s", xml->path, err_text(ERR_MEMORY));
		n = gzread(file, buffer, XML_CHUNK);
		if (n < XML_CHUNK) {
			const char *message = gzerror(file, &code);

			if (n < 0 || (code != Z_OK && code != Z_STREAM_END))
				return err_set(xml->detail, code == Z_BUF_ERROR ? ERR_TRUNCATED : ERR_FORMAT,
					       "%s: line %lu: damaged or cut gzip data (%s)", xml->path,
					       (unsigned long)XML_GetCurrentLineNumber(xml->parser), message);
		}
		if (XML_ParseBuffer(xml->parser, n, n == 0) == XML_STATUS_ERROR && !xml->code)
			return err_set(xml->detail,
				       XML_GetErrorCode(xml->parser) == XML_ERROR_NO_ELEMENTS ? ERR_TRUNCATED
											      : ERR_FORMAT,
				       "%s: line %lu, column %lu: %s", xml->path,
				       (unsigned long)XML_GetCurrentLineNumber(xml->parser),
				       (unsigned long)XML_GetCurrentColumnNumber(xml->parser) + 1,
				       XML_ErrorString(XML_GetErrorCode(xml->parser)));
		if (xml->code || n == 0)
			return xml->code;
	}
}

int osm_xml_read(struct osm_builder *builder, const char *path, struct err_detail *detail)
{
	struct xml xml = {.builder = builder, .path = path, .detail = detail};
	gzFile file = gzopen(path, "rb");
	int code;

	if (!file)
		return err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	xml.parser = XML_ParserCreate(NULL);
	if (!xml.parser) {
		gzclose(file);
		return err_set(detail, ERR_MEMORY, "%s: %s", path, err_text(ERR_MEMORY));
	}
	gzbuffer(file, XML_CHUNK);
	XML_SetUserData(xml.parser, &xml);
	XML_SetElementHandler(xml.parser, start_element, end_element);
	XML_SetStartDoctypeDeclHandler(xml.parser, start_doctype);
	code = feed(&xml, file);
	XML_ParserFree(xml.parser);
	gzclose(file);
	return code;
}
