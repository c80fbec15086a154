/* OSM objects from .osm.pbf, .osm, .osm.gz into memory, columns sorted by id; the one reader for all of mapc. */
#ifndef ZUB_OSM_H
#define ZUB_OSM_H

#include "err.h"
#include "geo.h"
#include <stdint.h>

enum osm_member_type { OSM_NODE, OSM_WAY, OSM_RELATION };

struct osm_tags {	   /* tags of one object: pairs of string indices */
	uint32_t first, n; /* into osm.tag_key / tag_value */
};

struct osm {
	uint32_t n_nodes, n_ways, n_relations, n_refs, n_members, n_tags, n_strings;
	int64_t *node_id; /* ascending */
	struct geo_point *node_point;
	struct osm_tags *node_tags;
	int64_t *way_id; /* ascending */
	struct osm_tags *way_tags;
	uint32_t *way_first;  /* [n_ways + 1] into ref */
	int64_t *ref;	      /* node ids */
	int64_t *relation_id; /* ascending */
	struct osm_tags *relation_tags;
	uint32_t *relation_first; /* [n_relations + 1] into member_* */
	int64_t *member_id;
	uint8_t *member_type;	       /* enum osm_member_type */
	uint32_t *member_role;	       /* string */
	uint32_t *tag_key, *tag_value; /* strings */
	uint32_t *string_first;	       /* [n_strings + 1] */
	char *string_bytes;	       /* NUL-terminated each */
	int64_t timestamp_s;	       /* of the newest object or the header, 0 = unknown */
};

/* Errors: ERR_IO, ERR_FORMAT, ERR_TRUNCATED, ERR_MEMORY; detail names file and byte offset (PBF) or line (XML). */
int osm_read(struct osm *osm, const char *path, struct err_detail *detail);
void osm_free(struct osm *osm);
const char *osm_text(const struct osm *osm, uint32_t string);
/* Value of a tag, or NULL. */
const char *osm_tag(const struct osm *osm, struct osm_tags tags, const char *key);
/* Index by id, or NONE. */
uint32_t osm_node(const struct osm *osm, int64_t id);
uint32_t osm_way(const struct osm *osm, int64_t id);

#endif
