/* From OSM ways to the road and the walk network: ways are cut where they meet, and become arcs. */
#ifndef ZUB_ROADS_H
#define ZUB_ROADS_H

#include "build.h"
#include "classes.h"
#include "osm.h"
#include "town_settings.h"

/* What later steps need to find their way back from the network to OSM. */
struct roads {
	const struct osm *osm;
	uint32_t *ref_node;	 /* [osm->n_refs] index of the node, NONE = not in the file */
	uint32_t *node_number;	 /* [osm->n_nodes] network node, NONE = none */
	uint32_t *way_first_arc; /* [osm->n_ways + 1] arcs of a way follow each other: along, against, along, ... */
	uint8_t *blocked;	 /* [network nodes] classes that may not pass (gates, bollards) */
	struct way_rules *rules; /* [osm->n_ways] */
};

/* Opens build->projection at the median of the street nodes (or the middle of the service area). ERR_FORMAT: no
 * streets. */
int roads_project(struct build *build, const struct osm *osm, const struct town_settings *settings,
		  struct err_detail *detail);
/* Fills build->town.road but for turns and main_mask, and *ret_roads (close it). */
int roads_build(struct build *build, const struct osm *osm, const struct town_settings *settings,
		struct roads *ret_roads, struct err_detail *detail);
void roads_close(struct roads *roads);
/* Fills build->town.walk with everything. */
int roads_build_walk(struct build *build, const struct osm *osm, const struct town_settings *settings,
		     struct err_detail *detail);
/* Box of the arcs in a main part: town.box_low, box_high. */
void roads_box(struct build *build);

#endif
