/* OSM PBF: https://wiki.openstreetmap.org/wiki/PBF_Format. Everything read is untrusted: each count and index is
 * checked. */
#include "fileformat.pb-c.h"
#include "osm_builder.h"
#include "osmformat.pb-c.h"
#include "units.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define HEADER_BYTES_MOST (64u << 10)
#define BLOB_BYTES_MOST (64u << 20)
#define POOL_CHUNK ((size_t)4 << 20)
#define POOL_BYTES_MOST ((size_t)2 << 30)

/* --- memory for unpacked messages: handed out from chunks, freed all at once -------------------------------------- */

struct pool {
	ProtobufCAllocator allocator;
	struct pool_chunk {
		struct pool_chunk *next;
		size_t size, used;
	} * chunks;
	size_t size;
};

static void *pool_take(void *data, size_t size)
{
	struct pool *pool = data;
	struct pool_chunk *chunk = pool->chunks;
	size_t need = (size + 15) & ~(size_t)15, head = (sizeof *chunk + 15) & ~(size_t)15;

	if (size > POOL_BYTES_MOST)
		return NULL;
	if (!chunk || chunk->size - chunk->used < need) {
		size_t bytes = head + (need > POOL_CHUNK ? need : POOL_CHUNK);

		if (pool->size + bytes > POOL_BYTES_MOST || !(chunk = malloc(bytes)))
			return NULL;
		*chunk = (struct pool_chunk){pool->chunks, bytes, head};
		pool->chunks = chunk;
		pool->size += bytes;
	}
	chunk->used += need;
	return (char *)chunk + chunk->used - need;
}

static void pool_give(void *data, void *memory)
{
	(void)data;
	(void)memory; /* freed with its chunk */
}

static void pool_open(struct pool *pool)
{
	*pool = (struct pool){.allocator = {pool_take, pool_give, NULL}};
	pool->allocator.allocator_data = pool;
}

/* Keeps one chunk, so that the next block does not start with malloc. */
static void pool_reset(struct pool *pool)
{
	while (pool->chunks && pool->chunks->next) {
		struct pool_chunk *next = pool->chunks->next;

		free(pool->chunks);
		pool->chunks = next;
	}
	pool->size = 0;
	if (pool->chunks) {
		pool->size = pool->chunks->size;
		pool->chunks->used = (sizeof *pool->chunks + 15) & ~(size_t)15;
	}
}

static void pool_close(struct pool *pool)
{
	pool_reset(pool);
	free(pool->chunks);
	pool->chunks = NULL;
}

/* --- the file as blobs -------------------------------------------------------------------------------------------- */

struct pbf {
	struct osm_builder *builder;
	FILE *file;
	const char *path;
	uint64_t offset; /* of the blob being read, for messages */
	uint64_t next;	 /* bytes read so far */
	uint8_t *bytes;	 /* the blob as it lies in the file */
	size_t cap_bytes;
	uint8_t *raw; /* the blob unpacked */
	size_t cap_raw;
	struct pool pool;
	const OSMPBF__PrimitiveBlock *block;
	uint32_t *strings; /* [block's string count] its number in the builder, NONE = not yet taken over */
	size_t cap_strings;
	struct err_detail *detail;
};

static int __attribute__((format(printf, 3, 4))) fail(struct pbf *pbf, int code, const char *format, ...)
{
	char text[256];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	osm_one_line(text);
	return err_set(pbf->detail, code, "%s: byte %llu: %s", pbf->path, (unsigned long long)pbf->offset, text);
}

static int grow(void **memory, size_t *cap, size_t need)
{
	void *moved;

	if (need <= *cap)
		return ERR_OK;
	moved = realloc(*memory, need);
	if (!moved)
		return ERR_MEMORY;
	*memory = moved;
	*cap = need;
	return ERR_OK;
}

/* Reads n bytes into pbf->bytes. */
static int read_bytes(struct pbf *pbf, size_t n, const char *what)
{
	size_t got;

	if (grow((void **)&pbf->bytes, &pbf->cap_bytes, n ? n : 1))
		return fail(pbf, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
	got = fread(pbf->bytes, 1, n, pbf->file);
	pbf->next += got;
	if (got < n && ferror(pbf->file))
		return fail(pbf, ERR_IO, "%s", strerror(errno));
	if (got < n)
		return fail(pbf, ERR_TRUNCATED, "the file ends within %s: expected %zu bytes, got %zu", what, n, got);
	return ERR_OK;
}

/* The 4 bytes before each blob header; *ret_size 0 = end of file. */
static int read_size(struct pbf *pbf, uint32_t *ret_size)
{
	uint8_t head[4];
	size_t got = fread(head, 1, sizeof head, pbf->file);

	pbf->offset = pbf->next;
	pbf->next += got;
	*ret_size = 0;
	if (got == 0 && !ferror(pbf->file))
		return ERR_OK;
	if (ferror(pbf->file))
		return fail(pbf, ERR_IO, "%s", strerror(errno));
	if (got < sizeof head)
		return fail(pbf, ERR_TRUNCATED, "the file ends within the length of a blob header");
	*ret_size = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
	if (*ret_size == 0 || *ret_size > HEADER_BYTES_MOST)
		return fail(pbf, ERR_FORMAT, "blob header of %u bytes, expected 1 to %u: not OSM PBF, or damaged",
			    *ret_size, HEADER_BYTES_MOST);
	return ERR_OK;
}

enum blob_kind { BLOB_END, BLOB_HEADER, BLOB_DATA, BLOB_OTHER };

static int read_header(struct pbf *pbf, uint32_t size, enum blob_kind *ret_kind, uint32_t *ret_size)
{
	OSMPBF__BlobHeader *header;
	int code = read_bytes(pbf, size, "a blob header");

	if (code)
		return code;
	pool_reset(&pbf->pool);
	header = osmpbf__blob_header__unpack(&pbf->pool.allocator, size, pbf->bytes);
	if (!header)
		return fail(pbf, ERR_FORMAT, "not a blob header: not OSM PBF, or damaged");
	if (header->datasize < 0 || (uint32_t)header->datasize > BLOB_BYTES_MOST)
		return fail(pbf, ERR_FORMAT, "blob of %d bytes, expected at most %u", header->datasize,
			    BLOB_BYTES_MOST);
	*ret_kind = strcmp(header->type, "OSMHeader") == 0 ? BLOB_HEADER
		    : strcmp(header->type, "OSMData") == 0 ? BLOB_DATA
							   : BLOB_OTHER;
	*ret_size = (uint32_t)header->datasize;
	return ERR_OK;
}

static int inflate_blob(struct pbf *pbf, const OSMPBF__Blob *blob, size_t *ret_n)
{
	uLongf n = blob->has_raw_size ? (uLongf)(uint32_t)blob->raw_size : 0;
	int code;

	if (!blob->has_raw_size || blob->raw_size < 0 || (uint32_t)blob->raw_size > BLOB_BYTES_MOST)
		return fail(pbf, ERR_FORMAT, "blob unpacks to %d bytes, expected 0 to %u",
			    blob->has_raw_size ? blob->raw_size : -1, BLOB_BYTES_MOST);
	if (grow((void **)&pbf->raw, &pbf->cap_raw, n + 1))
		return fail(pbf, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
	code = uncompress(pbf->raw, &n, blob->zlib_data.data, (uLong)blob->zlib_data.len);
	if (code != Z_OK || n != (uLongf)(uint32_t)blob->raw_size)
		return fail(pbf, ERR_FORMAT, "damaged zlib data in a blob (%s)",
			    code == Z_OK ? "wrong size" : zError(code));
	*ret_n = n;
	return ERR_OK;
}

/* Unpacks the blob in pbf->bytes into pbf->raw. */
static int open_blob(struct pbf *pbf, uint32_t size, size_t *ret_n)
{
	OSMPBF__Blob *blob;

	pool_reset(&pbf->pool);
	blob = osmpbf__blob__unpack(&pbf->pool.allocator, size, pbf->bytes);
	if (!blob)
		return fail(pbf, ERR_FORMAT, "damaged blob");
	if (blob->data_case == OSMPBF__BLOB__DATA_ZLIB_DATA)
		return inflate_blob(pbf, blob, ret_n);
	if (blob->data_case != OSMPBF__BLOB__DATA_RAW)
		return fail(pbf, ERR_FORMAT, "blob is neither raw nor zlib (data field %d): write the file with zlib",
			    (int)blob->data_case);
	if (grow((void **)&pbf->raw, &pbf->cap_raw, blob->raw.len + 1))
		return fail(pbf, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
	if (blob->raw.len > 0)
		memcpy(pbf->raw, blob->raw.data, blob->raw.len);
	*ret_n = blob->raw.len;
	return ERR_OK;
}

/* --- what the blobs hold ------------------------------------------------------------------------------------------ */

static int take_header(struct pbf *pbf, size_t n)
{
	static const char *const known[] = {"OsmSchema-V0.6", "DenseNodes"};
	OSMPBF__HeaderBlock *header;

	pool_reset(&pbf->pool);
	header = osmpbf__header_block__unpack(&pbf->pool.allocator, n, pbf->raw);
	if (!header)
		return fail(pbf, ERR_FORMAT, "damaged OSMHeader");
	for (size_t i = 0; i < header->n_required_features; i++) {
		const char *feature = header->required_features[i];

		if (strcmp(feature, known[0]) != 0 && strcmp(feature, known[1]) != 0)
			return fail(pbf, ERR_VERSION,
				    "the file requires the feature \"%.60s\", which is not known here", feature);
	}
	if (header->has_osmosis_replication_timestamp)
		osm_builder_timestamp(pbf->builder, header->osmosis_replication_timestamp);
	return ERR_OK;
}

/* Number in the builder of string i of the block. */
static int take_string(struct pbf *pbf, uint64_t i, uint32_t *ret_string)
{
	const OSMPBF__StringTable *table = pbf->block->stringtable;

	if (i >= table->n_s)
		return fail(pbf, ERR_FORMAT, "string %llu of %zu in a block", (unsigned long long)i, table->n_s);
	if (pbf->strings[i] == NONE) {
		const char *text = (const char *)table->s[i].data;
		size_t n = table->s[i].len;

		if (!osm_utf8(text, n))
			return fail(pbf, ERR_FORMAT, "string %llu of a block is not UTF-8", (unsigned long long)i);
		pbf->strings[i] = text_pool_put(&pbf->builder->strings, n ? text : "", n);
		if (pbf->strings[i] == NONE)
			return fail(pbf, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
	}
	*ret_string = pbf->strings[i];
	return ERR_OK;
}

static int take_tag(struct pbf *pbf, uint64_t key, uint64_t value)
{
	uint32_t k, v;
	int code = take_string(pbf, key, &k);

	if (!code)
		code = take_string(pbf, value, &v);
	if (!code && (code = osm_builder_tag(pbf->builder, k, v)))
		return fail(pbf, code, "%s", err_text(code));
	return code;
}

static int take_tags(struct pbf *pbf, const uint32_t *keys, size_t n_keys, const uint32_t *values, size_t n_values)
{
	int code = ERR_OK;

	if (n_keys != n_values)
		return fail(pbf, ERR_FORMAT, "%zu keys but %zu values of an object", n_keys, n_values);
	for (size_t i = 0; i < n_keys && !code; i++)
		code = take_tag(pbf, keys[i], values[i]);
	return code;
}

static void take_timestamp(struct pbf *pbf, int64_t timestamp)
{
	int64_t ms;

	if (!__builtin_mul_overflow(timestamp, (int64_t)pbf->block->date_granularity, &ms))
		osm_builder_timestamp(pbf->builder, ms / 1000);
}

static void take_info(struct pbf *pbf, const OSMPBF__Info *info)
{
	if (info && info->has_timestamp)
		take_timestamp(pbf, info->timestamp);
}

/* value * granularity + offset is in 1e-9 degrees. */
static int to_e7(struct pbf *pbf, int64_t value, int64_t offset, int64_t most_e7, int32_t *ret_e7)
{
	int64_t nano;

	if (__builtin_mul_overflow(value, (int64_t)pbf->block->granularity, &nano) ||
	    __builtin_add_overflow(nano, offset, &nano) || nano > most_e7 * 100 || nano < -most_e7 * 100)
		return fail(pbf, ERR_RANGE, "a node lies outside the world");
	*ret_e7 = (int32_t)((nano + (nano < 0 ? -50 : 50)) / 100);
	return ERR_OK;
}

static int take_node(struct pbf *pbf, int64_t id, int64_t lat, int64_t lon)
{
	struct geo_point point;
	int code = to_e7(pbf, lat, pbf->block->lat_offset, INT64_C(900000000), &point.lat_e7);

	if (!code)
		code = to_e7(pbf, lon, pbf->block->lon_offset, INT64_C(1800000000), &point.lon_e7);
	if (!code && (code = osm_builder_node(pbf->builder, id, point)))
		return fail(pbf, code, "%s", err_text(code));
	return code;
}

static int take_plain_nodes(struct pbf *pbf, const OSMPBF__PrimitiveGroup *group)
{
	int code = ERR_OK;

	for (size_t i = 0; i < group->n_nodes && !code; i++) {
		const OSMPBF__Node *node = group->nodes[i];

		code = take_tags(pbf, node->keys, node->n_keys, node->vals, node->n_vals);
		if (!code)
			code = take_node(pbf, node->id, node->lat, node->lon);
		take_info(pbf, node->info);
	}
	return code;
}

/* Adds the delta; ERR_FORMAT when the sum does not fit. */
static int add_delta(struct pbf *pbf, int64_t *value, int64_t delta)
{
	if (__builtin_add_overflow(*value, delta, value))
		return fail(pbf, ERR_FORMAT, "numbers run out of range in a block");
	return ERR_OK;
}

/* Tags of one dense node: key, value, ..., 0. Advances *at. */
static int take_dense_tags(struct pbf *pbf, const OSMPBF__DenseNodes *dense, size_t *at)
{
	int code = ERR_OK;

	while (*at < dense->n_keys_vals && dense->keys_vals[*at] != 0 && !code) {
		if (*at + 1 >= dense->n_keys_vals)
			return fail(pbf, ERR_FORMAT, "tags of the dense nodes end within a pair");
		if (dense->keys_vals[*at] < 0 || dense->keys_vals[*at + 1] < 0)
			return fail(pbf, ERR_FORMAT, "negative string number in dense nodes");
		code = take_tag(pbf, (uint64_t)dense->keys_vals[*at], (uint64_t)dense->keys_vals[*at + 1]);
		*at += 2;
	}
	if (!code && dense->n_keys_vals > 0 && *at >= dense->n_keys_vals)
		return fail(pbf, ERR_FORMAT, "tags of the dense nodes end before the nodes do");
	(*at)++;
	return code;
}

static int take_dense_times(struct pbf *pbf, const OSMPBF__DenseInfo *info)
{
	int64_t timestamp = 0;
	int code = ERR_OK;

	if (!info)
		return ERR_OK;
	for (size_t i = 0; i < info->n_timestamp && !code; i++) {
		code = add_delta(pbf, &timestamp, info->timestamp[i]);
		if (!code)
			take_timestamp(pbf, timestamp);
	}
	return code;
}

static int take_dense(struct pbf *pbf, const OSMPBF__DenseNodes *dense)
{
	int64_t id = 0, lat = 0, lon = 0;
	size_t at = 0;
	int code;

	if (dense->n_id != dense->n_lat || dense->n_id != dense->n_lon)
		return fail(pbf, ERR_FORMAT, "dense nodes with %zu ids, %zu latitudes, %zu longitudes", dense->n_id,
			    dense->n_lat, dense->n_lon);
	code = take_dense_times(pbf, dense->denseinfo);
	for (size_t i = 0; i < dense->n_id && !code; i++) {
		code = add_delta(pbf, &id, dense->id[i]);
		if (!code)
			code = add_delta(pbf, &lat, dense->lat[i]);
		if (!code)
			code = add_delta(pbf, &lon, dense->lon[i]);
		if (!code && dense->n_keys_vals > 0)
			code = take_dense_tags(pbf, dense, &at);
		if (!code)
			code = take_node(pbf, id, lat, lon);
	}
	return code;
}

static int take_way(struct pbf *pbf, const OSMPBF__Way *way)
{
	int64_t ref = 0;
	int code = take_tags(pbf, way->keys, way->n_keys, way->vals, way->n_vals);

	for (size_t i = 0; i < way->n_refs && !code; i++) {
		code = add_delta(pbf, &ref, way->refs[i]);
		if (!code && (code = osm_builder_ref(pbf->builder, ref)))
			return fail(pbf, code, "%s", err_text(code));
	}
	if (!code && (code = osm_builder_way(pbf->builder, way->id)))
		return fail(pbf, code, "%s", err_text(code));
	take_info(pbf, way->info);
	return code;
}

static int take_member(struct pbf *pbf, const OSMPBF__Relation *relation, size_t i, int64_t id)
{
	struct osm_member member = {.id = id};
	int code;

	if (relation->roles_sid[i] < 0)
		return fail(pbf, ERR_FORMAT, "negative string number in relation %lld", (long long)relation->id);
	if (relation->types[i] < 0 || (int)relation->types[i] > OSM_RELATION)
		return fail(pbf, ERR_FORMAT, "member type %d in relation %lld", (int)relation->types[i],
			    (long long)relation->id);
	member.type = (uint8_t)relation->types[i]; /* the numbers are the same: node, way, relation */
	code = take_string(pbf, (uint64_t)relation->roles_sid[i], &member.role);
	if (!code && (code = osm_builder_member(pbf->builder, member)))
		return fail(pbf, code, "%s", err_text(code));
	return code;
}

static int take_relation(struct pbf *pbf, const OSMPBF__Relation *relation)
{
	int64_t id = 0;
	int code = take_tags(pbf, relation->keys, relation->n_keys, relation->vals, relation->n_vals);

	if (!code && (relation->n_memids != relation->n_roles_sid || relation->n_memids != relation->n_types))
		return fail(pbf, ERR_FORMAT, "relation %lld with %zu members, %zu roles, %zu types",
			    (long long)relation->id, relation->n_memids, relation->n_roles_sid, relation->n_types);
	for (size_t i = 0; i < relation->n_memids && !code; i++) {
		code = add_delta(pbf, &id, relation->memids[i]);
		if (!code)
			code = take_member(pbf, relation, i, id);
	}
	if (!code && (code = osm_builder_relation(pbf->builder, relation->id)))
		return fail(pbf, code, "%s", err_text(code));
	take_info(pbf, relation->info);
	return code;
}

static int take_group(struct pbf *pbf, const OSMPBF__PrimitiveGroup *group)
{
	int code = take_plain_nodes(pbf, group);

	if (!code && group->dense)
		code = take_dense(pbf, group->dense);
	for (size_t i = 0; i < group->n_ways && !code; i++)
		code = take_way(pbf, group->ways[i]);
	for (size_t i = 0; i < group->n_relations && !code; i++)
		code = take_relation(pbf, group->relations[i]);
	return code;
}

static int take_data(struct pbf *pbf, size_t n)
{
	int code = ERR_OK;
	size_t n_strings;

	pool_reset(&pbf->pool);
	pbf->block = osmpbf__primitive_block__unpack(&pbf->pool.allocator, n, pbf->raw);
	if (!pbf->block)
		return fail(pbf, ERR_FORMAT, "damaged OSMData block");
	if (pbf->block->granularity <= 0 || pbf->block->date_granularity <= 0)
		return fail(pbf, ERR_RANGE, "block with granularity %d and %d ms, expected at least 1",
			    pbf->block->granularity, pbf->block->date_granularity);
	n_strings = pbf->block->stringtable->n_s;
	if (grow((void **)&pbf->strings, &pbf->cap_strings, (n_strings + 1) * sizeof *pbf->strings))
		return fail(pbf, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
	for (size_t i = 0; i < n_strings; i++)
		pbf->strings[i] = NONE;
	for (size_t i = 0; i < pbf->block->n_primitivegroup && !code; i++)
		code = take_group(pbf, pbf->block->primitivegroup[i]);
	return code;
}

/* Reads the next blob; *ret_kind BLOB_END at the end of the file. */
static int read_blob(struct pbf *pbf, int is_first, enum blob_kind *ret_kind)
{
	uint32_t size;
	size_t n = 0;
	int code = read_size(pbf, &size);

	if (code)
		return code;
	*ret_kind = BLOB_END;
	if (size == 0)
		return is_first ? fail(pbf, ERR_TRUNCATED, "the file is empty") : ERR_OK;
	code = read_header(pbf, size, ret_kind, &size);
	if (code)
		return code;
	if (is_first != (*ret_kind == BLOB_HEADER))
		return fail(pbf, ERR_FORMAT, is_first ? "the first blob is no OSMHeader" : "a second OSMHeader");
	code = read_bytes(pbf, size, "a blob");
	if (code || *ret_kind == BLOB_OTHER)
		return code;
	code = open_blob(pbf, size, &n);
	if (code)
		return code;
	return *ret_kind == BLOB_HEADER ? take_header(pbf, n) : take_data(pbf, n);
}

int osm_pbf_read(struct osm_builder *builder, const char *path, struct err_detail *detail)
{
	struct pbf pbf = {.builder = builder, .path = path, .detail = detail};
	enum blob_kind kind = BLOB_OTHER;
	int code, is_first = 1;

	pbf.file = fopen(path, "rb");
	if (!pbf.file)
		return err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	pool_open(&pbf.pool);
	do {
		code = read_blob(&pbf, is_first, &kind);
		is_first = 0;
	} while (!code && kind != BLOB_END);
	pool_close(&pbf.pool);
	free(pbf.bytes);
	free(pbf.raw);
	free(pbf.strings);
	fclose(pbf.file);
	return code;
}
