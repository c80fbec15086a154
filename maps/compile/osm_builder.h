/* Shared by the two OSM readers (private): takes objects in file order, then sorts them into struct osm. */
#ifndef ZUB_OSM_BUILDER_H
#define ZUB_OSM_BUILDER_H

#include "osm.h"
#include "text_pool.h"

struct osm_object {
	int64_t id;
	uint32_t order; /* in the file: of the same id the last counts */
	struct osm_tags tags;
	struct geo_point point; /* nodes */
	uint32_t first, n;	/* ways: refs; relations: members */
};

struct osm_member {
	int64_t id;
	uint32_t role;
	uint8_t type;
};

struct osm_builder {
	struct osm_object *nodes, *ways, *relations;
	size_t n_nodes, cap_nodes, n_ways, cap_ways, n_relations, cap_relations;
	int64_t *refs;
	size_t n_refs, cap_refs;
	struct osm_member *members;
	size_t n_members, cap_members;
	uint32_t *tag_key, *tag_value;
	size_t n_tags, cap_tag_key, cap_tag_value;
	struct text_pool strings;
	int64_t timestamp_s;
	/* start of the object being read */
	size_t tags_from, refs_from, members_from;
};

/* Tags, refs and members come before the object that they belong to. Errors: ERR_MEMORY, ERR_FULL (2^32 items). */
int osm_builder_tag(struct osm_builder *builder, uint32_t key, uint32_t value);
int osm_builder_ref(struct osm_builder *builder, int64_t node_id);
int osm_builder_member(struct osm_builder *builder, struct osm_member member);
int osm_builder_node(struct osm_builder *builder, int64_t id, struct geo_point point);
int osm_builder_way(struct osm_builder *builder, int64_t id);
int osm_builder_relation(struct osm_builder *builder, int64_t id);
/* Forgets what was collected for an object that is not wanted. */
void osm_builder_drop(struct osm_builder *builder);
void osm_builder_timestamp(struct osm_builder *builder, int64_t timestamp_s);

/* Is it UTF-8 without NUL? */
int osm_utf8(const char *bytes, size_t n);

/* Puts '?' for control characters: text from a file stays one line in a message. */
void osm_one_line(char *text);

int osm_pbf_read(struct osm_builder *builder, const char *path, struct err_detail *detail);
int osm_xml_read(struct osm_builder *builder, const char *path, struct err_detail *detail);

#endif
