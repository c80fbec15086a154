/* Houses with addresses, places with names, the shapes of the map's background. */
#include "synth_town.h"

#include <stdio.h>
#include <string.h>

#define INHABITANTS_PER_ADDRESS 5
#define NUMBERS_MAX 2000

/* Houses per length of street against the suburb's, permille. */
static uint32_t house_weight(const struct synth_link *link)
{
	static const uint32_t weights[] = {
		[FACE_COUNTRY] = 0, [FACE_VILLAGE] = 650,  [FACE_SUBURB] = 1000, [FACE_INNER] = 1500,
		[FACE_OLD] = 2000,  [FACE_INDUSTRY] = 150, [FACE_PARK] = 0};
	if (link->kind == STREET_NONE || link->kind == STREET_FOOT || link->zone >= COUNT_OF(weights) ||
	    (link->flags & ~STREET_SPUR))
		return 0;
	return link->kind <= STREET_SECONDARY ? weights[link->zone] / 2 : weights[link->zone];
}

static const char *number_text(struct synth *synth, const char **texts, uint32_t number)
{
	if (number >= NUMBERS_MAX)
		number = NUMBERS_MAX - 1;
	if (!texts[number])
		texts[number] = synth_text(synth, "%u", number);
	return texts[number];
}

struct housing {
	uint64_t weight_total, houses, carried; /* carried: of the fraction of a house left over */
	const char **numbers;
	uint32_t next[2]; /* house numbers: left odd, right even */
};

/* Even numbers stand on the right of the street as it is walked from its beginning. */
static void houses_along(struct synth *synth, struct housing *housing, uint32_t at)
{
	const struct synth_link *link = &synth->links[at / 2];
	const char *street = synth->street_name[link->street];
	housing->carried += (uint64_t)link->length_mm * house_weight(link) * housing->houses;
	uint64_t n = housing->carried / housing->weight_total;
	housing->carried %= housing->weight_total;
	for (uint64_t i = 0; i < n; i++) {
		int is_right = (int)(i & 1);
		int64_t part = (int64_t)((2 * i + 1) * 1024 / (2 * n)),
			aside = METRES(9) + (int64_t)rng_below(&synth->rng, 6000);
		int is_backward = (int)(at & 1);
		uint32_t number = housing->next[is_right];
		housing->next[is_right] += 2;
		synth_node_add(synth,
			       synth_link_point(synth, link, is_backward ? 1024 - part : part,
						is_right != is_backward ? aside : -aside),
			       "addr:street", street, "addr:housenumber", number_text(synth, housing->numbers, number),
			       "addr:city", synth->town_name, NULL);
	}
}

static void houses(struct synth *synth)
{
	struct housing housing = {.houses = synth->options->inhabitants / INHABITANTS_PER_ADDRESS};
	housing.numbers = synth_alloc(synth, NUMBERS_MAX, sizeof *housing.numbers);
	for (size_t i = 0; i < synth->n_links; i++)
		housing.weight_total += (uint64_t)synth->links[i].length_mm * house_weight(&synth->links[i]);
	for (uint32_t chain = 0; housing.weight_total && chain < synth->n_chains; chain++) {
		housing.next[0] = 1;
		housing.next[1] = 2;
		for (uint32_t i = synth->chain_first[chain]; i < synth->chain_first[chain + 1]; i++)
			houses_along(synth, &housing, synth->chain[i]);
	}
}

/* --- places --- */

struct place_kind {
	const char *key, *value, *format; /* %s: the street */
	uint32_t inhabitants_each;	  /* one per so many, at least one */
	uint8_t zone_low, zone_high;	  /* enum face_kind */
};

static const struct place_kind place_kinds[] = {
	{"amenity", "townhall", "Rathaus %s", 2000000, FACE_OLD, FACE_OLD},
	{"amenity", "hospital", "Klinikum %s", 90000, FACE_SUBURB, FACE_INNER},
	{"amenity", "school", "Schule %s", 6000, FACE_VILLAGE, FACE_INNER},
	{"amenity", "kindergarten", "Kindertagesstätte %s", 3500, FACE_VILLAGE, FACE_INNER},
	{"amenity", "university", "Hochschule %s", 150000, FACE_INNER, FACE_INNER},
	{"shop", "supermarket", "Supermarkt %s", 4000, FACE_VILLAGE, FACE_INNER},
	{"shop", "bakery", "Bäckerei %s", 3500, FACE_VILLAGE, FACE_OLD},
	{"amenity", "pharmacy", "Apotheke %s", 4500, FACE_SUBURB, FACE_OLD},
	{"amenity", "doctors", "Ärztehaus %s", 5000, FACE_SUBURB, FACE_OLD},
	{"amenity", "place_of_worship", "Kirche %s", 7000, FACE_VILLAGE, FACE_OLD},
	{"amenity", "restaurant", "Gasthaus %s", 2500, FACE_VILLAGE, FACE_OLD},
	{"amenity", "library", "Bücherei %s", 40000, FACE_INNER, FACE_OLD},
	{"amenity", "theatre", "Theater %s", 120000, FACE_OLD, FACE_OLD},
	{"amenity", "social_facility", "Seniorenheim %s", 9000, FACE_SUBURB, FACE_INNER},
	{"leisure", "sports_centre", "Sportzentrum %s", 20000, FACE_SUBURB, FACE_SUBURB},
	{"leisure", "swimming_pool", "Hallenbad %s", 60000, FACE_SUBURB, FACE_INNER},
	{"office", "company", "Werk %s", 12000, FACE_INDUSTRY, FACE_INDUSTRY},
};

static void place_add(struct synth *synth, const struct place_kind *kind)
{
	for (int attempt = 0; attempt < 400; attempt++) {
		const struct synth_link *link = &synth->links[rng_below(&synth->rng, (uint32_t)synth->n_links)];
		if (house_weight(link) == 0 || link->zone < kind->zone_low || link->zone > kind->zone_high ||
		    link->length_mm < 30000)
			continue;
		int64_t aside = METRES(16) + (int64_t)rng_below(&synth->rng, 9000);
		if (rng_chance(&synth->rng, 500))
			aside = -aside;
		char name[128];
		snprintf(name, sizeof name, kind->format, synth->street_name[link->street]);
		synth_node_add(synth, synth_link_point(synth, link, rng_between(&synth->rng, 300, 724), aside),
			       kind->key, kind->value, "name", synth_text(synth, "%s", name), "addr:city",
			       synth->town_name, NULL);
		return;
	}
}

static void places(struct synth *synth)
{
	for (size_t i = 0; i < COUNT_OF(place_kinds); i++) {
		uint32_t n = synth->options->inhabitants / place_kinds[i].inhabitants_each;
		for (uint32_t j = 0; j < (n ? n : 1); j++)
			place_add(synth, &place_kinds[i]);
	}
	const char *note =
		synth_text(synth, "generated by mapc synth, seed %llu", (unsigned long long)synth->options->seed);
	synth_node_add(synth, synth_bend(synth, (struct plane_point){0, 0}), "place",
		       synth->options->inhabitants < 100000 ? "town" : "city", "name", synth->town_name, "population",
		       synth_text(synth, "%u", synth->options->inhabitants), "generated", note, NULL);
	for (uint32_t i = 0; i < synth->n_villages; i++)
		synth_node_add(synth, synth_bend(synth, synth->villages[i].point), "place", "village", "name",
			       synth->villages[i].name, "generated", note, NULL);
}

/* --- background --- */

/* A band across the whole plan as a polygon with enough points to bend. */
static void river(struct synth *synth)
{
	struct plane_point points[2 * 160];
	size_t n = COUNT_OF(points) / 2;
	int64_t half =
		(int64_t)geo_sqrt((uint64_t)(synth->reach * synth->reach - synth->river_high * synth->river_high));
	for (size_t i = 0; i < n; i++) {
		int64_t x = -half + 2 * half * (int64_t)i / (int64_t)(n - 1);
		points[i] = (struct plane_point){x, synth->river_low + METRES(6)};
		points[2 * n - 1 - i] = (struct plane_point){x, synth->river_high - METRES(6)};
	}
	synth_area_add(synth, "natural", "water", "", points, 2 * n);
}

static void built(struct synth *synth)
{
	struct plane_point points[96];
	for (uint32_t i = 0; i < COUNT_OF(points); i++)
		points[i] = synth_polar((uint32_t)(i * (UINT64_C(4294967296) / COUNT_OF(points))),
					synth->radius * 102 / 100);
	synth_area_add(synth, "landuse", "residential", synth->town_name, points, COUNT_OF(points));
	for (uint32_t i = 0; i < synth->n_villages; i++) {
		struct plane_point ring[24];
		for (uint32_t j = 0; j < COUNT_OF(ring); j++) {
			ring[j] = synth_polar((uint32_t)(j * (UINT64_C(4294967296) / COUNT_OF(ring))), METRES(310));
			ring[j].x += synth->villages[i].point.x;
			ring[j].y += synth->villages[i].point.y;
		}
		synth_area_add(synth, "landuse", "residential", synth->villages[i].name, ring, COUNT_OF(ring));
	}
}

/* A rounded shape around a point: radii drawn at random, then evened out with their neighbours. */
static void wood(struct synth *synth, struct plane_point at, int64_t size)
{
	struct plane_point points[40];
	int64_t radii[COUNT_OF(points)];
	const size_t n = COUNT_OF(points);
	for (size_t i = 0; i < n; i++)
		radii[i] = size * rng_between(&synth->rng, 400, 1600) / 1000;
	for (int round = 0; round < 3; round++) {
		int64_t first = radii[0], before = radii[n - 1];
		for (size_t i = 0; i < n; i++) {
			int64_t here = radii[i];
			radii[i] = (before + 2 * here + (i + 1 == n ? first : radii[i + 1])) / 4;
			before = here;
		}
	}
	for (size_t i = 0; i < n; i++) {
		points[i] = synth_polar((uint32_t)(i * (UINT64_C(4294967296) / n)), radii[i]);
		points[i].x += at.x;
		points[i].y += at.y;
	}
	synth_area_add(synth, "natural", "wood", "", points, n);
}

/* Woods between the roads out, off the river and the railway. */
static void woods(struct synth *synth)
{
	uint32_t wanted = 6 + (uint32_t)(synth->reach / METRES(1200));
	for (uint32_t i = 0; i < wanted; i++) {
		int64_t away = rng_between(&synth->rng, synth->radius + METRES(900), synth->reach - METRES(300));
		int64_t size = rng_between(&synth->rng, METRES(180), METRES(520));
		struct plane_point at = synth_polar((uint32_t)rng_next(&synth->rng), away);
		if (at.y < synth->river_low - METRES(700) || at.y > synth->rail_high + METRES(700))
			wood(synth, at, size);
	}
}

static void works(struct synth *synth)
{
	struct plane *plane = &synth->plane;
	struct plane_point points[96];
	for (uint32_t face = 0; face < plane->n_faces; face++) {
		if (plane->faces[face].kind != FACE_INDUSTRY)
			continue;
		plane_load(plane, face);
		if (plane->n_ring > COUNT_OF(points))
			continue;
		for (size_t i = 0; i < plane->n_ring; i++)
			points[i] = plane_tail(plane, plane->ring[i]);
		synth_area_add(synth, "landuse", "industrial", "", points, plane->n_ring);
	}
}

static void park_names(struct synth *synth)
{
	static const char *const kinds[] = {"Stadtpark",  "Volkspark",	   "Rosengarten",
					    "Bürgerpark", "Schlossgarten", "Lindenpark"};
	uint32_t n = 0;
	for (size_t i = 0; i < synth->n_areas; i++)
		if (strcmp(synth->areas[i].value, "park") == 0) {
			uint32_t round = n / (uint32_t)COUNT_OF(kinds);
			const char *kind = kinds[n++ % COUNT_OF(kinds)];
			snprintf(synth->areas[i].name, sizeof synth->areas[i].name, round ? "%s %u" : "%s", kind,
				 round + 1);
		}
}

void synth_places(struct synth *synth)
{
	built(synth);
	works(synth);
	woods(synth);
	river(synth);
	park_names(synth);
	houses(synth);
	places(synth);
}
