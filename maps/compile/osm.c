#include "osm.h"
#include "array.h"
#include "osm_builder.h"
#include "units.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- builder ------------------------------------------------------------------------------------------------------ */

static int osm_builder_open(struct osm_builder *builder)
{
	*builder = (struct osm_builder){0};
	return text_pool_open(&builder->strings);
}

static void osm_builder_close(struct osm_builder *builder)
{
	free(builder->nodes);
	free(builder->ways);
	free(builder->relations);
	free(builder->refs);
	free(builder->members);
	free(builder->tag_key);
	free(builder->tag_value);
	text_pool_close(&builder->strings);
	*builder = (struct osm_builder){0};
}

static int is_full(size_t n)
{
	return n >= UINT32_MAX - 1;
}

int osm_builder_tag(struct osm_builder *builder, uint32_t key, uint32_t value)
{
	if (is_full(builder->n_tags))
		return ERR_FULL;
	if (array_reserve(builder->tag_key, builder->n_tags + 1, builder->cap_tag_key) ||
	    array_reserve(builder->tag_value, builder->n_tags + 1, builder->cap_tag_value))
		return ERR_MEMORY;
	builder->tag_key[builder->n_tags] = key;
	builder->tag_value[builder->n_tags++] = value;
	return ERR_OK;
}

int osm_builder_ref(struct osm_builder *builder, int64_t node_id)
{
	if (is_full(builder->n_refs))
		return ERR_FULL;
	return array_push(builder->refs, builder->n_refs, builder->cap_refs, node_id);
}

int osm_builder_member(struct osm_builder *builder, struct osm_member member)
{
	if (is_full(builder->n_members))
		return ERR_FULL;
	return array_push(builder->members, builder->n_members, builder->cap_members, member);
}

static struct osm_object new_object(struct osm_builder *builder, int64_t id, size_t order)
{
	struct osm_object object = {.id = id, .order = (uint32_t)order};

	object.tags.first = (uint32_t)builder->tags_from;
	object.tags.n = (uint32_t)(builder->n_tags - builder->tags_from);
	builder->tags_from = builder->n_tags;
	return object;
}

int osm_builder_node(struct osm_builder *builder, int64_t id, struct geo_point point)
{
	struct osm_object object = new_object(builder, id, builder->n_nodes);

	object.point = point;
	if (is_full(builder->n_nodes))
		return ERR_FULL;
	return array_push(builder->nodes, builder->n_nodes, builder->cap_nodes, object);
}

int osm_builder_way(struct osm_builder *builder, int64_t id)
{
	struct osm_object object = new_object(builder, id, builder->n_ways);

	object.first = (uint32_t)builder->refs_from;
	object.n = (uint32_t)(builder->n_refs - builder->refs_from);
	builder->refs_from = builder->n_refs;
	if (is_full(builder->n_ways))
		return ERR_FULL;
	return array_push(builder->ways, builder->n_ways, builder->cap_ways, object);
}

int osm_builder_relation(struct osm_builder *builder, int64_t id)
{
	struct osm_object object = new_object(builder, id, builder->n_relations);

	object.first = (uint32_t)builder->members_from;
	object.n = (uint32_t)(builder->n_members - builder->members_from);
	builder->members_from = builder->n_members;
	if (is_full(builder->n_relations))
		return ERR_FULL;
	return array_push(builder->relations, builder->n_relations, builder->cap_relations, object);
}

void osm_builder_drop(struct osm_builder *builder)
{
	builder->n_tags = builder->tags_from;
	builder->n_refs = builder->refs_from;
	builder->n_members = builder->members_from;
}

void osm_builder_timestamp(struct osm_builder *builder, int64_t timestamp_s)
{
	if (timestamp_s > builder->timestamp_s)
		builder->timestamp_s = timestamp_s;
}

/* --- sorting ------------------------------------------------------------------------------------------------------ */

static int object_order(const void *left, const void *right)
{
	const struct osm_object *a = left, *b = right;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* Sorts by id and keeps the last of each id; returns the new count. Most files are sorted already. */
static size_t sort_objects(struct osm_object *objects, size_t n)
{
	size_t i = 1, n_kept = 0;

	while (i < n && objects[i - 1].id < objects[i].id)
		i++;
	if (i >= n)
		return n;
	qsort(objects, n, sizeof *objects, object_order);
	for (i = 0; i < n; i++)
		if (i + 1 == n || objects[i].id != objects[i + 1].id)
			objects[n_kept++] = objects[i];
	return n_kept;
}

static void *column(size_t n, size_t size)
{
	return calloc(n ? n : 1, size);
}

static int store_nodes(struct osm_builder *builder, struct osm *osm)
{
	size_t n = sort_objects(builder->nodes, builder->n_nodes);

	osm->node_id = column(n, sizeof *osm->node_id);
	osm->node_point = column(n, sizeof *osm->node_point);
	osm->node_tags = column(n, sizeof *osm->node_tags);
	if (!osm->node_id || !osm->node_point || !osm->node_tags)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		osm->node_id[i] = builder->nodes[i].id;
		osm->node_point[i] = builder->nodes[i].point;
		osm->node_tags[i] = builder->nodes[i].tags;
	}
	osm->n_nodes = (uint32_t)n;
	return ERR_OK;
}

static int store_ways(struct osm_builder *builder, struct osm *osm)
{
	size_t n = sort_objects(builder->ways, builder->n_ways);
	uint32_t n_refs = 0;

	osm->way_id = column(n, sizeof *osm->way_id);
	osm->way_tags = column(n, sizeof *osm->way_tags);
	osm->way_first = column(n + 1, sizeof *osm->way_first);
	osm->ref = column(builder->n_refs, sizeof *osm->ref);
	if (!osm->way_id || !osm->way_tags || !osm->way_first || !osm->ref)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct osm_object *way = &builder->ways[i];

		osm->way_id[i] = way->id;
		osm->way_tags[i] = way->tags;
		for (uint32_t k = 0; k < way->n; k++)
			osm->ref[n_refs++] = builder->refs[way->first + k];
		osm->way_first[i + 1] = n_refs;
	}
	osm->n_ways = (uint32_t)n;
	osm->n_refs = n_refs;
	return ERR_OK;
}

static int store_relations(struct osm_builder *builder, struct osm *osm)
{
	size_t n = sort_objects(builder->relations, builder->n_relations), n_members = builder->n_members;

	osm->relation_id = column(n, sizeof *osm->relation_id);
	osm->relation_tags = column(n, sizeof *osm->relation_tags);
	osm->relation_first = column(n + 1, sizeof *osm->relation_first);
	osm->member_id = column(n_members, sizeof *osm->member_id);
	osm->member_type = column(n_members, sizeof *osm->member_type);
	osm->member_role = column(n_members, sizeof *osm->member_role);
	if (!osm->relation_id || !osm->relation_tags || !osm->relation_first || !osm->member_id || !osm->member_type ||
	    !osm->member_role)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct osm_object *relation = &builder->relations[i];

		osm->relation_id[i] = relation->id;
		osm->relation_tags[i] = relation->tags;
		for (uint32_t k = 0; k < relation->n; k++) {
			const struct osm_member *member = &builder->members[relation->first + k];

			osm->member_id[osm->n_members] = member->id;
			osm->member_type[osm->n_members] = member->type;
			osm->member_role[osm->n_members++] = member->role;
		}
		osm->relation_first[i + 1] = osm->n_members;
	}
	osm->n_relations = (uint32_t)n;
	return ERR_OK;
}

/* Sorts and moves everything into *ret_osm; the builder is then empty. */
static int osm_builder_finish(struct osm_builder *builder, struct osm *ret_osm)
{
	struct osm osm = {.timestamp_s = builder->timestamp_s};
	int code = store_nodes(builder, &osm);

	if (!code)
		code = store_ways(builder, &osm);
	if (!code)
		code = store_relations(builder, &osm);
	if (code) {
		osm_free(&osm);
		return code;
	}
	osm.tag_key = builder->tag_key;
	osm.tag_value = builder->tag_value;
	osm.n_tags = (uint32_t)builder->n_tags;
	osm.string_first = builder->strings.first;
	osm.string_bytes = builder->strings.bytes;
	osm.n_strings = (uint32_t)builder->strings.n;
	builder->tag_key = builder->tag_value = NULL;
	builder->strings.first = NULL;
	builder->strings.bytes = NULL;
	osm_builder_close(builder);
	*ret_osm = osm;
	return ERR_OK;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

int osm_utf8(const char *bytes, size_t n)
{
	const unsigned char *p = (const unsigned char *)bytes, *end = n ? p + n : p;

	while (p < end) {
		uint32_t code = *p++, least = 0;
		int more = code < 0x80 ? 0 : code >= 0xf0 ? 3 : code >= 0xe0 ? 2 : 1;

		if (code == 0 || (code >= 0x80 && code < 0xc2) || code > 0xf4 || end - p < more)
			return 0;
		if (more) {
			static const uint32_t leasts[4] = {0, 0x80, 0x800, 0x10000};

			least = leasts[more];
			code &= 0x3fu >> more;
		}
		for (; more > 0; more--) {
			if ((*p & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (*p++ & 0x3f);
		}
		if (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
			return 0;
	}
	return 1;
}

void osm_one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

/* What the first bytes tell: 'x' XML (plain or gzip), 'p' PBF, 'b' bzip2, '7' xz, 'e' empty. */
static int file_kind(const unsigned char *head, size_t n)
{
	size_t i = 0;

	if (n == 0)
		return 'e';
	if (n >= 2 && head[0] == 0x1f && head[1] == 0x8b)
		return 'x';
	if (n >= 3 && memcmp(head, "BZh", 3) == 0)
		return 'b';
	if (n >= 6 && memcmp(head,
			     "\xfd"
			     "7zXZ",
			     5) == 0)
		return '7';
	if (n >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0)
		i = 3;
	while (i < n && (head[i] == ' ' || head[i] == '\t' || head[i] == '\r' || head[i] == '\n'))
		i++;
	return i < n && head[i] == '<' ? 'x' : 'p';
}

static int read_kind(const char *path, int *ret_kind, struct err_detail *detail)
{
	unsigned char head[64];
	FILE *file = fopen(path, "rb");
	size_t n;

	if (!file)
		return err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	n = fread(head, 1, sizeof head, file);
	if (ferror(file)) {
		int reason = errno;

		fclose(file);
		return err_set(detail, ERR_IO, "%s: %s", path, strerror(reason));
	}
	fclose(file);
	*ret_kind = file_kind(head, n);
	return ERR_OK;
}

static int read_into(struct osm_builder *builder, struct osm *osm, int kind, const char *path,
		     struct err_detail *detail)
{
	int code = kind == 'x' ? osm_xml_read(builder, path, detail) : osm_pbf_read(builder, path, detail);

	if (code)
		return code;
	code = osm_builder_finish(builder, osm);
	return code ? err_set(detail, code, "%s: %s", path, err_text(code)) : ERR_OK;
}

int osm_read(struct osm *osm, const char *path, struct err_detail *detail)
{
	struct osm_builder builder;
	int kind = 0, code = read_kind(path, &kind, detail);

	if (code)
		return code;
	if (kind == 'e')
		return err_set(detail, ERR_TRUNCATED, "%s: byte 0: the file is empty, expected OSM PBF or XML", path);
	if (kind == 'b' || kind == '7')
		return err_set(detail, ERR_FORMAT, "%s: byte 0: compressed by %s, expected .osm.pbf, .osm or .osm.gz",
			       path, kind == 'b' ? "bzip2" : "xz");
	if (osm_builder_open(&builder))
		return err_set(detail, ERR_MEMORY, "%s: %s", path, err_text(ERR_MEMORY));
	code = read_into(&builder, osm, kind, path, detail);
	osm_builder_close(&builder);
	return code;
}

void osm_free(struct osm *osm)
{
	free(osm->node_id);
	free(osm->node_point);
	free(osm->node_tags);
	free(osm->way_id);
	free(osm->way_tags);
	free(osm->way_first);
	free(osm->ref);
	free(osm->relation_id);
	free(osm->relation_tags);
	free(osm->relation_first);
	free(osm->member_id);
	free(osm->member_type);
	free(osm->member_role);
	free(osm->tag_key);
	free(osm->tag_value);
	free(osm->string_first);
	free(osm->string_bytes);
	*osm = (struct osm){0};
}

/* --- looking up --------------------------------------------------------------------------------------------------- */

const char *osm_text(const struct osm *osm, uint32_t string)
{
	return string < osm->n_strings ? osm->string_bytes + osm->string_first[string] : "";
}

const char *osm_tag(const struct osm *osm, struct osm_tags tags, const char *key)
{
	for (uint32_t i = tags.first; i < tags.first + tags.n; i++)
		if (strcmp(osm_text(osm, osm->tag_key[i]), key) == 0)
			return osm_text(osm, osm->tag_value[i]);
	return NULL;
}

static uint32_t find_id(const int64_t *ids, uint32_t n, int64_t id)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && ids[low] == id ? low : NONE;
}

uint32_t osm_node(const struct osm *osm, int64_t id)
{
	return find_id(osm->node_id, osm->n_nodes, id);
}

uint32_t osm_way(const struct osm *osm, int64_t id)
{
	return find_id(osm->way_id, osm->n_ways, id);
}
