// link: zub_compile zub_town_file PkgConfig::zlib
/* The OSM reader: XML and PBF, what is right and what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "osm.h"
#include "osm_bytes.h"
#include "osm_text.h"
#include "units.h"
#include <zlib.h>

static struct osm osm;
static struct err_detail detail;

static int read_bytes(const void *bytes, size_t n)
{
	int code;

	detail.text[0] = '\0';
	code = osm_read(&osm, osm_text_file(bytes, n), &detail);
	unlink(osm_text_path);
	return code;
}

static void read_ok(const char *text)
{
	int code = read_bytes(text, strlen(text));

	if (code)
		print_error("%s\n", detail.text);
	assert_int_equal(code, 0);
}

/* Fails with one line that holds all of these words. */
static void read_fails(const void *bytes, size_t n, const char *const *words)
{
	assert_int_not_equal(read_bytes(bytes, n), 0);
	assert_null(strchr(detail.text, '\n'));
	assert_non_null(strstr(detail.text, osm_text_path));
	for (; *words; words++)
		if (!strstr(detail.text, *words)) {
			print_error("\"%s\" lacks \"%s\"\n", detail.text, *words);
			fail();
		}
}
#define XML_FAILS(text, ...) read_fails(text, strlen(text), (const char *const[]){__VA_ARGS__, NULL})

/* --- XML ---------------------------------------------------------------------------------------------------------- */

static void xml_objects(void **state)
{
	(void)state;
	read_ok("\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?>\n<osm version='0.6'><bounds minlat='0' "
		"minlon='0'/>\n"
		"<node id='7' lat='49.4' lon='8.6' version='-1' changeset='-1' timestamp='1969-12-31T23:59:59Z'/>\n"
		"<node id='-3' lat='-0.00000004' lon='-179.99999996'><tag k='a' v='b &amp; c'/></node>\n"
		"<way id='5' timestamp='2020-01-02T03:04:05Z'><nd ref='7'/><nd ref='-3'/><nd ref='99'/><tag "
		"k='highway' v='service'/></way>\n"
		"<relation id='9'><member type='way' ref='5' role='outer'/><member type='node' ref='7'/>"
		"<member type='relation' ref='123' role='x'/><tag k='type' v='multipolygon'/></relation></osm>");
	assert_int_equal(osm.n_nodes, 2);
	assert_int_equal(osm.node_id[0], -3);
	assert_int_equal(osm.node_point[0].lat_e7, 0);
	assert_int_equal(osm.node_point[0].lon_e7, -1800000000);
	assert_int_equal(osm.node_point[1].lat_e7, 494000000);
	assert_string_equal(osm_tag(&osm, osm.node_tags[0], "a"), "b & c");
	assert_null(osm_tag(&osm, osm.node_tags[1], "a"));
	assert_int_equal(osm.way_first[1], 3);
	assert_int_equal(osm.ref[2], 99);
	assert_int_equal(osm_node(&osm, 7), 1);
	assert_int_equal(osm_node(&osm, 8), NONE);
	assert_int_equal(osm_way(&osm, 5), 0);
	assert_int_equal(osm.n_members, 3);
	assert_int_equal(osm.member_type[2], OSM_RELATION);
	assert_string_equal(osm_text(&osm, osm.member_role[1]), "");
	assert_int_equal(osm.timestamp_s, 1577934245);
	osm_free(&osm);
}

static void xml_order_and_repeats(void **state)
{
	(void)state;
	read_ok("<osm><way id='2'><nd ref='1'/></way><way id='1'><nd ref='3'/><nd ref='2'/></way>"
		"<node id='3' lat='1' lon='1'/><node id='1' lat='1' lon='1'/><node id='3' lat='2' lon='2'/>"
		"<node id='4' visible='false'/><node id='5' action='delete' lat='1' lon='1'><tag k='a' v='b'/></node>"
		"<node id='6' lat='1' lon='1'><tag k='c' v='d'/></node></osm>");
	assert_int_equal(osm.n_nodes, 3);
	assert_int_equal(osm.node_point[1].lat_e7, 20000000); /* the last of an id counts */
	assert_int_equal(osm.way_id[0], 1);
	assert_int_equal(osm.ref[0], 3);
	assert_int_equal(osm.ref[2], 1);
	assert_string_equal(osm_tag(&osm, osm.node_tags[2], "c"), "d");
	assert_null(osm_tag(&osm, osm.node_tags[2], "a"));
	osm_free(&osm);
	read_ok("<osm/>");
	assert_int_equal(osm.n_nodes + osm.n_ways + osm.n_relations, 0);
	osm_free(&osm);
}

static int32_t latitude(const char *text)
{
	char xml[256];

	snprintf(xml, sizeof xml, "<osm><node id='1' lat='%s' lon='0'/></osm>", text);
	if (read_bytes(xml, strlen(xml)))
		return INT32_MIN;
	int32_t lat = osm.node_point[0].lat_e7;

	osm_free(&osm);
	return lat;
}

static void xml_degrees(void **state)
{
	(void)state;
	assert_int_equal(latitude("49.4"), 494000000);
	assert_int_equal(latitude("+49"), 490000000);
	assert_int_equal(latitude("-49.00000005"), -490000001);
	assert_int_equal(latitude("49.00000004"), 490000000);
	assert_int_equal(latitude("49.000000049999999999999"), 490000000);
	assert_int_equal(latitude("49.12345675"), 491234568);
	assert_int_equal(latitude(".5"), 5000000);
	assert_int_equal(latitude("90"), 900000000);
	assert_int_equal(latitude("90.0000001"), INT32_MIN);
	assert_int_equal(latitude("99999999999999999999"), INT32_MIN);
	assert_int_equal(latitude("49,4"), INT32_MIN);
	assert_int_equal(latitude("4 9"), INT32_MIN);
	assert_int_equal(latitude("1.2.3"), INT32_MIN);
	assert_int_equal(latitude("nan"), INT32_MIN);
	assert_int_equal(latitude(""), INT32_MIN);
	assert_int_equal(latitude("-"), INT32_MIN);
}

static void xml_errors(void **state)
{
	(void)state;
	XML_FAILS("<osm>\n<node id='1' lat='49' lon='8'/>\n<node id='x' lat='49' lon='8'/></osm>", "line 3",
		  "id=\"x\"");
	XML_FAILS("<osm><node id='1' lon='8'/></osm>", "line 1", "lat");
	XML_FAILS("<osm><node id='1' lat='91' lon='8'/></osm>", "line 1", "lat=\"91\"");
	XML_FAILS("<osm><node id='99999999999999999999' lat='9' lon='8'/></osm>", "line 1", "id");
	XML_FAILS("<osm>\n<way id='1'><nd/></way></osm>", "line 2", "ref");
	XML_FAILS("<osm><way id='1'><tag k='a'/></way></osm>", "line 1", "tag");
	XML_FAILS("<osm><relation id='1'><member type='tree' ref='1'/></relation></osm>", "tree");
	XML_FAILS("<osmChange><create/></osmChange>", "osmChange", "expected <osm>");
	XML_FAILS("<html></html>", "html");
	XML_FAILS("<osm><node id='1' lat='1' lon='1'></osm>", "line 1", "mismatched");
	XML_FAILS("<osm><node id='1' lat='1'", "line 1");
	XML_FAILS("<osm>", "line 1");
	XML_FAILS("<osm><node id='1' lat='1' lon='1'/></osm><osm/>", "junk");
	XML_FAILS("<osm><node id='1' lat='1' lon='1'><tag k='a' v='\xff'/></node></osm>", "line 1");
	XML_FAILS("<!DOCTYPE osm [<!ENTITY a 'aaaa'>]><osm>&a;</osm>", "document type");
	XML_FAILS("", "empty");
	XML_FAILS("BZh91AY&SY....", "bzip2");
}

static void xml_gzip(void **state)
{
	static const char text[] = "<osm><node id='1' lat='49' lon='8'/><node id='2' lat='49' lon='8'/></osm>";
	uint8_t packed[512];
	z_stream stream = {0};
	size_t n;

	(void)state;
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)text;
	stream.avail_in = sizeof text - 1;
	stream.next_out = packed;
	stream.avail_out = sizeof packed;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	n = stream.total_out;
	deflateEnd(&stream);
	assert_int_equal(read_bytes(packed, n), 0);
	assert_int_equal(osm.n_nodes, 2);
	osm_free(&osm);
	for (size_t cut = 2; cut < n; cut++)
		assert_int_not_equal(read_bytes(packed, cut), 0);
	packed[n - 6] ^= 1; /* the check sum at the end */
	read_fails(packed, n, (const char *const[]){"gzip", NULL});
}

static void missing_file(void **state)
{
	(void)state;
	assert_int_equal(osm_read(&osm, "/nowhere/town.osm.pbf", &detail), ERR_IO);
	assert_string_equal(detail.text, "/nowhere/town.osm.pbf: No such file or directory");
	assert_int_equal(osm_read(&osm, "/tmp", &detail), ERR_IO);
}

/* --- PBF ---------------------------------------------------------------------------------------------------------- */

static void add_header(struct bytes *file, const char *feature)
{
	struct bytes header = {0};

	bytes_block(&header, 4, "OsmSchema-V0.6", 14);
	bytes_block(&header, 4, feature, strlen(feature));
	bytes_raw_blob(file, "OSMHeader", &header);
}

static void add_strings(struct bytes *block, const char *const *strings, size_t n)
{
	struct bytes table = {0};

	for (size_t i = 0; i < n; i++)
		bytes_block(&table, 1, strings[i], strlen(strings[i]));
	bytes_nest(block, 1, &table);
}

static const char *const strings[] = {"", "highway", "service", "stop"};

/* A block of one group (taken) with these strings. */
static void add_data(struct bytes *file, struct bytes *group)
{
	struct bytes block = {0};

	add_strings(&block, strings, 4);
	bytes_nest(&block, 2, group);
	bytes_raw_blob(file, "OSMData", &block);
}

struct dense {
	int64_t id[4], lat[4], lon[4], tags[16];
	size_t n_id, n_lat, n_lon, n_tags;
};

static void add_dense(struct bytes *file, const struct dense *dense)
{
	struct bytes inner = {0}, group = {0};

	bytes_packed(&inner, 1, dense->id, dense->n_id, 1);
	bytes_packed(&inner, 8, dense->lat, dense->n_lat, 1);
	bytes_packed(&inner, 9, dense->lon, dense->n_lon, 1);
	bytes_packed(&inner, 10, dense->tags, dense->n_tags, 0);
	bytes_nest(&group, 2, &inner);
	add_data(file, &group);
}

/* kind 'n' node, 'w' way, 'r' relation with these fields (taken). */
static void add_object(struct bytes *file, char kind, struct bytes *object)
{
	struct bytes group = {0};

	bytes_nest(&group, kind == 'n' ? 1 : kind == 'w' ? 3 : 4, object);
	add_data(file, &group);
}

static void pbf_plain_and_dense_nodes(void **state)
{
	const struct dense dense = {{10, -3}, {494000000, 10}, {86000000, -5}, {1, 2, 0, 0}, 2, 2, 2, 4};
	struct bytes file = {0}, object = {0};

	(void)state;
	add_header(&file, "DenseNodes");
	add_dense(&file, &dense);
	bytes_number(&object, 1, bytes_zigzag(42));
	bytes_packed(&object, 2, (int64_t[]){1}, 1, 0);
	bytes_packed(&object, 3, (int64_t[]){3}, 1, 0);
	bytes_number(&object, 8, bytes_zigzag(-500000000));
	bytes_number(&object, 9, bytes_zigzag(0));
	add_object(&file, 'n', &object);
	bytes_number(&object, 1, 77);
	bytes_packed(&object, 2, (int64_t[]){1}, 1, 0);
	bytes_packed(&object, 3, (int64_t[]){2}, 1, 0);
	bytes_packed(&object, 8, (int64_t[]){10, -3, 1000}, 3, 1);
	add_object(&file, 'w', &object);
	bytes_number(&object, 1, 88);
	bytes_packed(&object, 8, (int64_t[]){3, 0}, 2, 0);
	bytes_packed(&object, 9, (int64_t[]){77, 5}, 2, 1);
	bytes_packed(&object, 10, (int64_t[]){1, 0}, 2, 0);
	add_object(&file, 'r', &object);
	if (read_bytes(file.data, file.n))
		print_error("%s\n", detail.text);
	assert_int_equal(osm.n_nodes, 3);
	assert_int_equal(osm.node_id[0], 7);
	assert_int_equal(osm.node_point[0].lat_e7, 494000010);
	assert_int_equal(osm.node_point[0].lon_e7, 85999995);
	assert_string_equal(osm_tag(&osm, osm.node_tags[1], "highway"), "service");
	assert_null(osm_tag(&osm, osm.node_tags[0], "highway"));
	assert_string_equal(osm_tag(&osm, osm.node_tags[2], "highway"), "stop");
	assert_int_equal(osm.node_point[2].lat_e7, -500000000);
	assert_int_equal(osm.ref[2], 1007);
	assert_int_equal(osm.member_id[1], 82);
	assert_int_equal(osm.member_type[0], OSM_WAY);
	assert_string_equal(osm_text(&osm, osm.member_role[0]), "stop");
	osm_free(&osm);
	free(file.data);
}

static void pbf_zlib_and_granularity(void **state)
{
	struct bytes file = {0}, block = {0}, group = {0}, dense = {0}, blob = {0};
	uLongf n = 1000;
	uint8_t packed[1000];

	(void)state;
	add_header(&file, "DenseNodes");
	bytes_packed(&dense, 1, (int64_t[]){1}, 1, 1);
	bytes_packed(&dense, 8, (int64_t[]){49}, 1, 1);
	bytes_packed(&dense, 9, (int64_t[]){-8}, 1, 1);
	bytes_nest(&group, 2, &dense);
	add_strings(&block, strings, 1);
	bytes_nest(&block, 2, &group);
	bytes_number(&block, 17, 1000000000);
	bytes_number(&block, 19, 500000049);
	bytes_number(&block, 20, (uint64_t)INT64_C(-500000050));
	assert_int_equal(compress(packed, &n, block.data, block.n), Z_OK);
	bytes_number(&blob, 2, block.n);
	bytes_block(&blob, 3, packed, n);
	bytes_blob(&file, "OSMData", &blob);
	free(block.data);
	block = (struct bytes){0};
	bytes_raw_blob(&file, "OSMFuture", &block); /* unknown kinds of blob are passed over */
	assert_int_equal(read_bytes(file.data, file.n), 0);
	assert_int_equal(osm.node_point[0].lat_e7, 495000000);
	assert_int_equal(osm.node_point[0].lon_e7, -85000001);
	osm_free(&osm);
	free(file.data);
}

static void pbf_fails(struct bytes *file, const char *word)
{
	read_fails(file->data, file->n, (const char *const[]){"byte", word, NULL});
	free(file->data);
	*file = (struct bytes){0};
}

static void pbf_wrong_framing(void **state)
{
	static const uint8_t long_header[] = {0, 1, 0, 1, 0}, no_header[] = {0, 0, 0, 0};
	struct bytes file = {0}, content = {0}, blob = {0};

	(void)state;
	bytes_add(&file, "hello, I am a text file", 23);
	pbf_fails(&file, "not OSM PBF");
	bytes_add(&file, long_header, 5);
	pbf_fails(&file, "65537");
	bytes_add(&file, no_header, 4);
	pbf_fails(&file, "0 bytes");
	bytes_add(&file, long_header, 3);
	pbf_fails(&file, "ends");
	add_data(&file, &content);
	pbf_fails(&file, "no OSMHeader");
	add_header(&file, "DenseNodes");
	add_header(&file, "DenseNodes");
	pbf_fails(&file, "second OSMHeader");
	add_header(&file, "LocationsOnWaysRequired");
	pbf_fails(&file, "LocationsOnWaysRequired");
	add_header(&file, "HistoricalInformation");
	pbf_fails(&file, "HistoricalInformation");
	add_header(&file, "DenseNodes");
	bytes_block(&blob, 4, "lzma", 4);
	bytes_blob(&file, "OSMData", &blob);
	pbf_fails(&file, "neither raw nor zlib");
	add_header(&file, "DenseNodes");
	bytes_number(&blob, 2, 100);
	bytes_block(&blob, 3, "no zlib at all", 14);
	bytes_blob(&file, "OSMData", &blob);
	pbf_fails(&file, "zlib");
	add_header(&file, "DenseNodes");
	bytes_number(&blob, 2, 65u << 20);
	bytes_block(&blob, 3, "no zlib at all", 14);
	bytes_blob(&file, "OSMData", &blob);
	pbf_fails(&file, "unpacks");
	add_header(&file, "DenseNodes");
	bytes_add(&content, "\xff\xff\xff\xff", 4);
	bytes_raw_blob(&file, "OSMData", &content);
	pbf_fails(&file, "damaged OSMData");
}

static void dense_fails(const struct dense *dense, const char *word)
{
	struct bytes file = {0};

	add_header(&file, "DenseNodes");
	add_dense(&file, dense);
	pbf_fails(&file, word);
}

static void pbf_wrong_arrays(void **state)
{
	struct bytes file = {0}, object = {0};

	(void)state;
	dense_fails(&(struct dense){{1, 1}, {1}, {1, 1}, {0}, 2, 1, 2, 0}, "2 ids, 1 latitudes, 2 longitudes");
	dense_fails(&(struct dense){{1, 1}, {1, 1}, {1, 1}, {1, 2, 0}, 2, 2, 2, 3}, "end before");
	dense_fails(&(struct dense){{1}, {1}, {1}, {1}, 1, 1, 1, 1}, "within a pair");
	dense_fails(&(struct dense){{1}, {1}, {1}, {1, 9, 0}, 1, 1, 1, 3}, "string 9 of 4");
	dense_fails(&(struct dense){{1}, {1}, {1}, {-1, 1, 0}, 1, 1, 1, 3}, "negative");
	dense_fails(&(struct dense){{1}, {900000001}, {1}, {0}, 1, 1, 1, 0}, "outside the world");
	dense_fails(&(struct dense){{1}, {1}, {INT64_MAX}, {0}, 1, 1, 1, 0}, "outside the world");
	dense_fails(&(struct dense){{INT64_MAX, INT64_MAX}, {1, 1}, {1, 1}, {0}, 2, 2, 2, 0}, "out of range");
	add_header(&file, "DenseNodes");
	bytes_number(&object, 1, 77);
	bytes_packed(&object, 2, (int64_t[]){1, 1}, 2, 0);
	bytes_packed(&object, 3, (int64_t[]){2}, 1, 0);
	add_object(&file, 'w', &object);
	pbf_fails(&file, "2 keys but 1 values");
	add_header(&file, "DenseNodes");
	bytes_number(&object, 1, 88);
	bytes_packed(&object, 8, (int64_t[]){0, 0}, 2, 0);
	bytes_packed(&object, 9, (int64_t[]){77}, 1, 1);
	bytes_packed(&object, 10, (int64_t[]){1, 0}, 2, 0);
	add_object(&file, 'r', &object);
	pbf_fails(&file, "1 members, 2 roles, 2 types");
	add_header(&file, "DenseNodes");
	bytes_number(&object, 1, 88);
	bytes_packed(&object, 8, (int64_t[]){4}, 1, 0);
	bytes_packed(&object, 9, (int64_t[]){77}, 1, 1);
	bytes_packed(&object, 10, (int64_t[]){1}, 1, 0);
	add_object(&file, 'r', &object);
	pbf_fails(&file, "string 4 of 4");
	add_header(&file, "DenseNodes");
	bytes_number(&object, 1, 88);
	bytes_packed(&object, 8, (int64_t[]){0}, 1, 0);
	bytes_packed(&object, 9, (int64_t[]){77}, 1, 1);
	bytes_packed(&object, 10, (int64_t[]){7}, 1, 0);
	add_object(&file, 'r', &object);
	pbf_fails(&file, "member type 7");
}

static void pbf_cut_anywhere(void **state)
{
	const struct dense dense = {{10, -3}, {494000000, 10}, {86000000, -5}, {1, 2, 0, 0}, 2, 2, 2, 4};
	struct bytes file = {0};
	size_t header;

	(void)state;
	add_header(&file, "DenseNodes");
	header = file.n;
	add_dense(&file, &dense);
	for (size_t n = 0; n < file.n; n++) {
		int code = read_bytes(file.data, n);

		assert_true(n == header ? code == 0 : code != 0);
		if (code)
			assert_true(detail.text[0] && !strchr(detail.text, '\n'));
		else
			osm_free(&osm);
	}
	free(file.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xml_objects),
		cmocka_unit_test(xml_order_and_repeats),
		cmocka_unit_test(xml_degrees),
		cmocka_unit_test(xml_errors),
		cmocka_unit_test(xml_gzip),
		cmocka_unit_test(missing_file),
		cmocka_unit_test(pbf_plain_and_dense_nodes),
		cmocka_unit_test(pbf_zlib_and_granularity),
		cmocka_unit_test(pbf_wrong_framing),
		cmocka_unit_test(pbf_wrong_arrays),
		cmocka_unit_test(pbf_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
