/* https://wiki.openstreetmap.org/wiki/PBF_Format; the schema lies in proto/. */
#include "osm_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "array.h"
#include "fileformat.pb-c.h"
#include "hash.h"
#include "osmformat.pb-c.h"

#define BLOCK_OBJECTS 8000

struct object { /* slices of the block's pools */
	int64_t id;
	struct geo_point point;
	size_t first_tag, n_tags;
	size_t first_ref, n_refs; /* way: node ids; relation: members */
};

struct osm_writer {
	FILE *file;
	char *path, *temporary;
	int code;
	struct err_detail detail;
	enum osm_member_type type; /* of the open block */
	struct object *objects;
	size_t n_objects, cap_objects;
	uint32_t *keys, *values; /* by tag */
	size_t n_tags, cap_keys, cap_values;
	int64_t *refs;
	size_t n_refs, cap_refs;
	int32_t *roles;
	size_t n_roles, cap_roles;
	OSMPBF__Relation__MemberType *types;
	size_t n_types, cap_types;
	ProtobufCBinaryData *strings; /* 0 is "" */
	size_t n_strings, cap_strings;
	uint32_t *slots; /* hash table of string indices + 1 */
	size_t n_slots;
};

static void fail(struct osm_writer *writer, int code)
{
	if (writer->code)
		return;
	writer->code = code;
	if (code == ERR_MEMORY)
		err_set(&writer->detail, code, "%s: out of memory while writing", writer->path);
	else
		err_set(&writer->detail, code, "%s: cannot write: %s", writer->temporary, strerror(errno));
}

/* --- blobs --- */

static void write_bytes(struct osm_writer *writer, const void *bytes, size_t n)
{
	if (!writer->code && fwrite(bytes, 1, n, writer->file) != n)
		fail(writer, errno == ENOSPC ? ERR_DISK_FULL : ERR_IO);
}

static void write_blob(struct osm_writer *writer, char *type, OSMPBF__Blob *blob)
{
	size_t blob_size = osmpbf__blob__get_packed_size(blob);
	OSMPBF__BlobHeader header = OSMPBF__BLOB_HEADER__INIT;
	header.type = type;
	header.datasize = (int32_t)blob_size;
	size_t header_size = osmpbf__blob_header__get_packed_size(&header);
	uint8_t *bytes = malloc(4 + header_size + blob_size);
	if (!bytes) {
		fail(writer, ERR_MEMORY);
		return;
	}
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(header_size >> (24 - 8 * i));
	osmpbf__blob_header__pack(&header, bytes + 4);
	osmpbf__blob__pack(blob, bytes + 4 + header_size);
	write_bytes(writer, bytes, 4 + header_size + blob_size);
	free(bytes);
}

/* Takes `raw`. */
static void write_compressed(struct osm_writer *writer, char *type, uint8_t *raw, size_t n)
{
	uLongf compressed_size = compressBound(n);
	uint8_t *compressed = malloc(compressed_size);
	if (!raw || !compressed || compress2(compressed, &compressed_size, raw, n, 6) != Z_OK) {
		fail(writer, ERR_MEMORY);
	} else {
		OSMPBF__Blob blob = OSMPBF__BLOB__INIT;
		blob.has_raw_size = 1;
		blob.raw_size = (int32_t)n;
		blob.data_case = OSMPBF__BLOB__DATA_ZLIB_DATA;
		blob.zlib_data = (ProtobufCBinaryData){compressed_size, compressed};
		write_blob(writer, type, &blob);
	}
	free(compressed);
	free(raw);
}

static void write_header(struct osm_writer *writer, const char *source, struct geo_point low, struct geo_point high)
{
	OSMPBF__HeaderBlock header = OSMPBF__HEADER_BLOCK__INIT;
	OSMPBF__HeaderBBox box = OSMPBF__HEADER_BBOX__INIT;
	char *features[] = {(char[]){"OsmSchema-V0.6"}, (char[]){"DenseNodes"}};
	char program[] = "Zubringer mapc";
	char *copy = strdup(source);
	box.left = low.lon_e7 * INT64_C(100);
	box.right = high.lon_e7 * INT64_C(100);
	box.bottom = low.lat_e7 * INT64_C(100);
	box.top = high.lat_e7 * INT64_C(100);
	header.bbox = &box;
	header.required_features = features;
	header.n_required_features = 2;
	header.writingprogram = program;
	header.source = copy;
	if (copy) {
		size_t n = osmpbf__header_block__get_packed_size(&header);
		uint8_t *raw = malloc(n);
		if (raw)
			osmpbf__header_block__pack(&header, raw);
		write_compressed(writer, (char[]){"OSMHeader"}, raw, n);
	} else {
		fail(writer, ERR_MEMORY);
	}
	free(copy);
}

/* --- the string table of a block --- */

static int slots_grow(struct osm_writer *writer)
{
	size_t n = writer->n_slots ? writer->n_slots * 2 : 4096;
	uint32_t *slots = calloc(n, sizeof *slots);
	if (!slots)
		return ERR_MEMORY;
	for (uint32_t i = 1; i < writer->n_strings; i++) {
		size_t slot = hash_bytes(writer->strings[i].data, writer->strings[i].len, 0) & (n - 1);
		while (slots[slot])
			slot = (slot + 1) & (n - 1);
		slots[slot] = i + 1;
	}
	free(writer->slots);
	writer->slots = slots;
	writer->n_slots = n;
	return ERR_OK;
}

static uint32_t string_add(struct osm_writer *writer, const char *text, size_t n)
{
	char *copy = malloc(n + 1);
	ProtobufCBinaryData data = {n, (uint8_t *)copy};
	if (!copy || array_push(writer->strings, writer->n_strings, writer->cap_strings, data)) {
		free(copy);
		fail(writer, ERR_MEMORY);
		return 0;
	}
	memcpy(copy, text, n + 1);
	return (uint32_t)writer->n_strings - 1;
}

static uint32_t string_of(struct osm_writer *writer, const char *text)
{
	size_t n = strlen(text);
	if (writer->n_strings == 0)
		string_add(writer, "", 0);
	if (n == 0)
		return 0;
	if (writer->n_strings * 2 >= writer->n_slots && slots_grow(writer)) {
		fail(writer, ERR_MEMORY);
		return 0;
	}
	size_t slot = hash_bytes(text, n, 0) & (writer->n_slots - 1);
	for (; writer->slots[slot]; slot = (slot + 1) & (writer->n_slots - 1)) {
		const ProtobufCBinaryData *data = &writer->strings[writer->slots[slot] - 1];
		if (data->len == n && memcmp(data->data, text, n) == 0)
			return writer->slots[slot] - 1;
	}
	uint32_t added = string_add(writer, text, n);
	if (added)
		writer->slots[slot] = added + 1;
	return added;
}

static void block_clear(struct osm_writer *writer)
{
	for (size_t i = 0; i < writer->n_strings; i++)
		free(writer->strings[i].data);
	writer->n_strings = writer->n_objects = writer->n_tags = writer->n_refs = writer->n_roles = writer->n_types = 0;
	if (writer->slots)
		memset(writer->slots, 0, writer->n_slots * sizeof *writer->slots);
}

/* --- groups --- */

static void pack_block(struct osm_writer *writer, OSMPBF__PrimitiveGroup *group)
{
	OSMPBF__PrimitiveBlock block = OSMPBF__PRIMITIVE_BLOCK__INIT;
	OSMPBF__StringTable table = OSMPBF__STRING_TABLE__INIT;
	table.n_s = writer->n_strings;
	table.s = writer->strings;
	block.stringtable = &table;
	block.n_primitivegroup = 1;
	block.primitivegroup = &group;
	size_t n = osmpbf__primitive_block__get_packed_size(&block);
	uint8_t *raw = malloc(n);
	if (raw)
		osmpbf__primitive_block__pack(&block, raw);
	write_compressed(writer, (char[]){"OSMData"}, raw, n);
}

static void nodes_fill(const struct osm_writer *writer, OSMPBF__DenseNodes *dense)
{
	int64_t id = 0, lat = 0, lon = 0;
	for (size_t i = 0; i < writer->n_objects; i++) {
		const struct object *object = &writer->objects[i];
		dense->id[i] = object->id - id;
		dense->lat[i] = object->point.lat_e7 - lat;
		dense->lon[i] = object->point.lon_e7 - lon;
		id = object->id;
		lat = object->point.lat_e7;
		lon = object->point.lon_e7;
		for (size_t tag = object->first_tag; tag < object->first_tag + object->n_tags; tag++) {
			dense->keys_vals[dense->n_keys_vals++] = (int32_t)writer->keys[tag];
			dense->keys_vals[dense->n_keys_vals++] = (int32_t)writer->values[tag];
		}
		dense->keys_vals[dense->n_keys_vals++] = 0;
	}
	dense->n_id = dense->n_lat = dense->n_lon = writer->n_objects;
	if (writer->n_tags == 0) /* the whole column may be left out */
		dense->n_keys_vals = 0;
}

static void write_nodes(struct osm_writer *writer)
{
	OSMPBF__PrimitiveGroup group = OSMPBF__PRIMITIVE_GROUP__INIT;
	OSMPBF__DenseNodes dense = OSMPBF__DENSE_NODES__INIT;
	int64_t *columns = calloc(writer->n_objects * 3, sizeof *columns);
	dense.keys_vals = calloc(writer->n_objects + 2 * writer->n_tags, sizeof *dense.keys_vals);
	if (columns && dense.keys_vals) {
		dense.id = columns;
		dense.lat = columns + writer->n_objects;
		dense.lon = columns + 2 * writer->n_objects;
		nodes_fill(writer, &dense);
		group.dense = &dense;
		pack_block(writer, &group);
	} else {
		fail(writer, ERR_MEMORY);
	}
	free(columns);
	free(dense.keys_vals);
}

static void refs_delta(struct osm_writer *writer)
{
	for (size_t i = 0; i < writer->n_objects; i++) {
		const struct object *object = &writer->objects[i];
		for (size_t ref = object->n_refs; ref-- > 1;)
			writer->refs[object->first_ref + ref] -= writer->refs[object->first_ref + ref - 1];
	}
}

static void write_ways(struct osm_writer *writer)
{
	OSMPBF__PrimitiveGroup group = OSMPBF__PRIMITIVE_GROUP__INIT;
	OSMPBF__Way *ways = calloc(writer->n_objects, sizeof *ways);
	OSMPBF__Way **pointers = calloc(writer->n_objects, sizeof *pointers);
	if (ways && pointers) {
		refs_delta(writer);
		for (size_t i = 0; i < writer->n_objects; i++) {
			const struct object *object = &writer->objects[i];
			osmpbf__way__init(&ways[i]);
			ways[i].id = object->id;
			ways[i].n_keys = ways[i].n_vals = object->n_tags;
			ways[i].keys = writer->keys + object->first_tag;
			ways[i].vals = writer->values + object->first_tag;
			ways[i].n_refs = object->n_refs;
			ways[i].refs = writer->refs + object->first_ref;
			pointers[i] = &ways[i];
		}
		group.n_ways = writer->n_objects;
		group.ways = pointers;
		pack_block(writer, &group);
	} else {
		fail(writer, ERR_MEMORY);
	}
	free(pointers);
	free(ways);
}

static void write_relations(struct osm_writer *writer)
{
	OSMPBF__PrimitiveGroup group = OSMPBF__PRIMITIVE_GROUP__INIT;
	OSMPBF__Relation *relations = calloc(writer->n_objects, sizeof *relations);
	OSMPBF__Relation **pointers = calloc(writer->n_objects, sizeof *pointers);
	if (relations && pointers) {
		refs_delta(writer);
		for (size_t i = 0; i < writer->n_objects; i++) {
			const struct object *object = &writer->objects[i];
			OSMPBF__Relation *relation = &relations[i];
			osmpbf__relation__init(relation);
			relation->id = object->id;
			relation->n_keys = relation->n_vals = object->n_tags;
			relation->keys = writer->keys + object->first_tag;
			relation->vals = writer->values + object->first_tag;
			relation->n_memids = relation->n_roles_sid = relation->n_types = object->n_refs;
			relation->memids = writer->refs + object->first_ref;
			relation->roles_sid = writer->roles + object->first_ref;
			relation->types = writer->types + object->first_ref;
			pointers[i] = relation;
		}
		group.n_relations = writer->n_objects;
		group.relations = pointers;
		pack_block(writer, &group);
	} else {
		fail(writer, ERR_MEMORY);
	}
	free(pointers);
	free(relations);
}

static void block_write(struct osm_writer *writer)
{
	static void (*const write_type[])(struct osm_writer *) = {
		[OSM_NODE] = write_nodes, [OSM_WAY] = write_ways, [OSM_RELATION] = write_relations};
	if (!writer->code && writer->n_objects > 0)
		write_type[writer->type](writer);
	block_clear(writer);
}

/* --- objects --- */

static struct object *object_add(struct osm_writer *writer, enum osm_member_type type, int64_t id,
				 const struct osm_write_tag *tags, uint32_t n_tags)
{
	if (writer->type != type || writer->n_objects == BLOCK_OBJECTS)
		block_write(writer);
	writer->type = type;
	struct object object = {.id = id, .first_tag = writer->n_tags, .n_tags = n_tags, .first_ref = writer->n_refs};
	if (writer->code || array_push(writer->objects, writer->n_objects, writer->cap_objects, object) ||
	    array_reserve(writer->keys, writer->n_tags + n_tags, writer->cap_keys) ||
	    array_reserve(writer->values, writer->n_tags + n_tags, writer->cap_values)) {
		fail(writer, ERR_MEMORY);
		return NULL;
	}
	for (uint32_t i = 0; i < n_tags; i++) {
		writer->keys[writer->n_tags] = string_of(writer, tags[i].key);
		writer->values[writer->n_tags++] = string_of(writer, tags[i].value);
	}
	return &writer->objects[writer->n_objects - 1];
}

void osm_write_node(struct osm_writer *writer, int64_t id, struct geo_point point, const struct osm_write_tag *tags,
		    uint32_t n_tags)
{
	struct object *object = object_add(writer, OSM_NODE, id, tags, n_tags);
	if (object)
		object->point = point;
}

void osm_write_way(struct osm_writer *writer, int64_t id, const int64_t *refs, uint32_t n_refs,
		   const struct osm_write_tag *tags, uint32_t n_tags)
{
	struct object *object = object_add(writer, OSM_WAY, id, tags, n_tags);
	if (!object)
		return;
	if (array_reserve(writer->refs, writer->n_refs + n_refs, writer->cap_refs)) {
		fail(writer, ERR_MEMORY);
		return;
	}
	memcpy(writer->refs + writer->n_refs, refs, n_refs * sizeof *refs);
	writer->n_refs += n_refs;
	object->n_refs = n_refs;
}

void osm_write_relation(struct osm_writer *writer, int64_t id, const struct osm_write_member *members,
			uint32_t n_members, const struct osm_write_tag *tags, uint32_t n_tags)
{
	static const OSMPBF__Relation__MemberType type_of[] = {[OSM_NODE] = OSMPBF__RELATION__MEMBER_TYPE__NODE,
							       [OSM_WAY] = OSMPBF__RELATION__MEMBER_TYPE__WAY,
							       [OSM_RELATION] =
								       OSMPBF__RELATION__MEMBER_TYPE__RELATION};
	struct object *object = object_add(writer, OSM_RELATION, id, tags, n_tags);
	for (uint32_t i = 0; object && i < n_members; i++) {
		if (array_push(writer->refs, writer->n_refs, writer->cap_refs, members[i].id) ||
		    array_push(writer->roles, writer->n_roles, writer->cap_roles,
			       (int32_t)string_of(writer, members[i].role)) ||
		    array_push(writer->types, writer->n_types, writer->cap_types, type_of[members[i].type])) {
			fail(writer, ERR_MEMORY);
			return;
		}
		object->n_refs++;
	}
}

/* --- life --- */

static void writer_free(struct osm_writer *writer)
{
	block_clear(writer);
	free(writer->objects);
	free(writer->keys);
	free(writer->values);
	free(writer->refs);
	free(writer->roles);
	free(writer->types);
	free(writer->strings);
	free(writer->slots);
	free(writer->temporary);
	free(writer->path);
	free(writer);
}

int osm_write_open(struct osm_writer **ret_writer, const char *path, const char *source, struct geo_point low,
		   struct geo_point high, struct err_detail *detail)
{
	struct osm_writer *writer = calloc(1, sizeof *writer);
	if (!writer)
		return err_set(detail, ERR_MEMORY, "%s: out of memory while writing", path);
	writer->path = strdup(path);
	if (!writer->path || asprintf(&writer->temporary, "%s.tmp", path) < 0) {
		writer->temporary = NULL;
		writer_free(writer);
		return err_set(detail, ERR_MEMORY, "%s: out of memory while writing", path);
	}
	writer->file = fopen(writer->temporary, "wb");
	if (!writer->file) {
		err_set(detail, ERR_IO, "%s: cannot write: %s", writer->temporary, strerror(errno));
		writer_free(writer);
		return ERR_IO;
	}
	write_header(writer, source, low, high);
	*ret_writer = writer;
	return ERR_OK;
}

int osm_write_close(struct osm_writer *writer, struct err_detail *detail)
{
	block_write(writer);
	if (fclose(writer->file))
		fail(writer, errno == ENOSPC ? ERR_DISK_FULL : ERR_IO);
	if (!writer->code && rename(writer->temporary, writer->path))
		fail(writer, ERR_IO);
	int code = writer->code;
	if (code) {
		remove(writer->temporary);
		err_set(detail, code, "%s", writer->detail.text);
	}
	writer_free(writer);
	return code;
}

void osm_write_abandon(struct osm_writer *writer)
{
	if (!writer)
		return;
	fclose(writer->file);
	remove(writer->temporary);
	writer_free(writer);
}
