/* What each vehicle class may do on an OSM way or past an OSM node, how fast, and what people on foot may do.
 * Access follows the OSM hierarchy (the most specific key that is set wins): access, vehicle, motor_vehicle, motorcar,
 * and for classes with bus_lanes also psv, bus. */
#ifndef ZUB_CLASSES_H
#define ZUB_CLASSES_H

#include "network.h"
#include "osm.h"
#include <stdint.h>

enum highway { /* OSM highway=*; links count as their road */
	       HIGHWAY_NONE,
	       HIGHWAY_MOTORWAY,
	       HIGHWAY_TRUNK,
	       HIGHWAY_PRIMARY,
	       HIGHWAY_SECONDARY,
	       HIGHWAY_TERTIARY,
	       HIGHWAY_UNCLASSIFIED,
	       HIGHWAY_RESIDENTIAL,
	       HIGHWAY_LIVING_STREET,
	       HIGHWAY_SERVICE,
	       HIGHWAY_TRACK,
	       HIGHWAY_PEDESTRIAN,
	       HIGHWAY_BUSWAY,
	       HIGHWAY_ROAD,
	       HIGHWAY_FOOTWAY,
	       HIGHWAY_PATH,
	       HIGHWAY_CYCLEWAY,
	       HIGHWAY_BRIDLEWAY,
	       HIGHWAY_STEPS,
	       HIGHWAY_PLATFORM,
	       HIGHWAY_CORRIDOR,
	       HIGHWAYS
};

enum u_turns { U_TURNS_DEAD_ENDS, U_TURNS_EVERYWHERE, U_TURNS_NEVER };

struct class_rules {
	char name[32];
	uint32_t highways;	    /* bit per enum highway */
	int64_t speed_kmh;	    /* cap */
	int64_t road_speed_max_kmh; /* not allowed where the legal speed is higher */
	int64_t wh_per_km;
	int64_t bus_lanes;     /* may do what buses may */
	int64_t private_roads; /* may enter private roads */
	char u_turns_word[16];
	enum u_turns u_turns;
	int64_t u_turn_ms;	   /* what a U-turn costs where it is allowed */
	int64_t signal_ms;	   /* mean wait at traffic signals */
	int64_t left_ms, sharp_ms; /* of turns left across oncoming traffic, of sharp ones */
	int64_t destination_ms;	   /* entering a destination-only road: keeps through traffic out */
};

struct way_rules {
	enum highway highway;
	uint8_t kind;	      /* enum road_kind */
	uint8_t allowed[2];   /* bit per class; 0 along the way, 1 against it */
	uint8_t flags[2];     /* enum arc_flag */
	uint8_t speed_kmh[2]; /* legal, or assumed where nobody says */
};

/* Number of the highway value ("primary_link" counts as primary), HIGHWAY_NONE when it is none for us. */
enum highway classes_highway(const char *text);

/* is_urban: a guess from what lies around, used only where no tag tells. */
void classes_road(const struct osm *osm, struct osm_tags tags, const struct class_rules *classes, uint32_t n_classes,
		  int is_urban, struct way_rules *ret_rules);
/* People: allowed bit 0. */
void classes_walk(const struct osm *osm, struct osm_tags tags, struct way_rules *ret_rules);
/* Classes that may not pass a node (a gate, a bollard, ...). */
uint8_t classes_blocked(const struct osm *osm, struct osm_tags tags, const struct class_rules *classes,
			uint32_t n_classes);
/* Are people kept from passing the node? */
int classes_walk_blocked(const struct osm *osm, struct osm_tags tags);
/* Does a list of vehicle kinds like "psv;bicycle" name one that the class is? */
int classes_named(const char *list, const struct class_rules *class_rules);

#endif
