#include "places.h"
#include "array.h"
#include <stdlib.h>
#include <string.h>

#define SAME_MM 300000u /* the same name nearer than this is the same place */
#define SAME_STREET_MM 1500000u
#define KEY_BYTES 256

struct place {
	uint32_t text, key; /* strings of the build */
	struct geo_point point;
	uint8_t kind;
	uint32_t detail; /* string: what tells it from others of its name (suburb, town), or NONE */
};

struct places {
	struct build *build;
	const struct osm *osm;
	struct place *items;
	size_t n, cap;
};

static int in_box(const struct town *town, struct geo_point p)
{
	return p.lat_e7 >= town->box_low.lat_e7 && p.lat_e7 <= town->box_high.lat_e7 &&
	       p.lon_e7 >= town->box_low.lon_e7 && p.lon_e7 <= town->box_high.lon_e7;
}

static int add(struct places *places, const char *text, struct geo_point point, enum address_kind kind,
	       const char *tell_apart)
{
	struct place place = {.point = point, .kind = (uint8_t)kind, .detail = NONE};

	if (!*text || strlen(text) > 200 || !in_box(&places->build->town, point))
		return ERR_OK;
	place.text = build_string(places->build, text);
	if (tell_apart && *tell_apart)
		place.detail = build_string(places->build, tell_apart);
	if (place.text == NONE)
		return ERR_MEMORY;
	return array_push(places->items, places->n, places->cap, place);
}

/* Middle of the known nodes of a way (a closing node counts once). 0 = no node known. */
static int way_middle(const struct osm *osm, uint32_t way, struct geo_point *ret_point)
{
	int64_t lat = 0, lon = 0, n = 0;
	uint32_t first = osm->way_first[way], last = osm->way_first[way + 1];

	if (last - first > 1 && osm->ref[first] == osm->ref[last - 1])
		last--;
	for (uint32_t i = first; i < last; i++) {
		uint32_t node = osm_node(osm, osm->ref[i]);

		if (node == NONE)
			continue;
		lat += osm->node_point[node].lat_e7;
		lon += osm->node_point[node].lon_e7;
		n++;
	}
	if (n > 0)
		*ret_point = (struct geo_point){(int32_t)(lat / n), (int32_t)(lon / n)};
	return n > 0;
}

static const char *first_tag(const struct osm *osm, struct osm_tags tags, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *value = osm_tag(osm, tags, keys[i]);

		if (value)
			return value;
	}
	return NULL;
}

/* --- one object --------------------------------------------------------------------------------------------------- */

static int add_house(struct places *places, struct osm_tags tags, struct geo_point point)
{
	static const char *const streets[] = {"addr:street", "addr:place"};
	static const char *const details[] = {"addr:suburb", "addr:city", "addr:postcode"};
	const char *number = osm_tag(places->osm, tags, "addr:housenumber");
	const char *street = number ? first_tag(places->osm, tags, streets, COUNT_OF(streets)) : NULL;
	char text[208];

	if (!street || snprintf(text, sizeof text, "%s %s", street, number) >= (int)sizeof text)
		return ERR_OK;
	return add(places, text, point, ADDRESS_HOUSE, first_tag(places->osm, tags, details, COUNT_OF(details)));
}

static int is_stop(const struct osm *osm, struct osm_tags tags)
{
	const char *highway = osm_tag(osm, tags, "highway"), *railway = osm_tag(osm, tags, "railway"),
		   *transport = osm_tag(osm, tags, "public_transport");

	return (highway && strcmp(highway, "bus_stop") == 0) ||
	       (railway && (strcmp(railway, "station") == 0 || strcmp(railway, "halt") == 0 ||
			    strcmp(railway, "tram_stop") == 0)) ||
	       (transport && (strcmp(transport, "station") == 0 || strcmp(transport, "stop_position") == 0 ||
			      strcmp(transport, "platform") == 0));
}

static int add_named(struct places *places, struct osm_tags tags, struct geo_point point)
{
	static const char *const keys[] = {"amenity", "shop", "tourism", "leisure", "place", "office", "healthcare"};
	const char *name = osm_tag(places->osm, tags, "name");

	if (!name)
		return ERR_OK;
	if (is_stop(places->osm, tags))
		return add(places, name, point, ADDRESS_STOP, NULL);
	if (!first_tag(places->osm, tags, keys, COUNT_OF(keys)))
		return ERR_OK;
	return add(places, name, point, ADDRESS_PLACE, NULL);
}

static int add_object(struct places *places, struct osm_tags tags, struct geo_point point)
{
	int code = add_house(places, tags, point);

	return code ? code : add_named(places, tags, point);
}

static int add_objects(struct places *places)
{
	const struct osm *osm = places->osm;
	int code = ERR_OK;

	for (uint32_t v = 0; v < osm->n_nodes && !code; v++)
		if (osm->node_tags[v].n > 0)
			code = add_object(places, osm->node_tags[v], osm->node_point[v]);
	for (uint32_t w = 0; w < osm->n_ways && !code; w++) {
		struct geo_point point;

		if (osm->way_tags[w].n > 0 && way_middle(osm, w, &point))
			code = add_object(places, osm->way_tags[w], point);
	}
	for (uint32_t r = 0; r < osm->n_relations && !code;
	     r++) { /* a building with a courtyard: its first way will do */
		struct geo_point point;
		uint32_t way = NONE;

		for (uint32_t i = osm->relation_first[r]; i < osm->relation_first[r + 1] && way == NONE; i++)
			way = osm->member_type[i] == OSM_WAY ? osm_way(osm, osm->member_id[i]) : NONE;
		if (way != NONE && osm_tag(osm, osm->relation_tags[r], "addr:housenumber") &&
		    way_middle(osm, way, &point))
			code = add_house(places, osm->relation_tags[r], point);
	}
	return code;
}

/* --- streets ------------------------------------------------------------------------------------------------------ */

struct street_arc {
	uint32_t name, arc;
};

static int street_order(const void *left, const void *right)
{
	const struct street_arc *a = left, *b = right;

	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	return a->arc < b->arc ? -1 : a->arc > b->arc;
}

static struct geo_point arc_middle(const struct network *network, uint32_t arc)
{
	struct spot spot = {arc, network->dist_mm[arc] / 2};

	return network_spot_point(network, spot);
}

/* One entry for each group of arcs of a name that lie far from the others of that name. */
static int add_street(struct places *places, const struct network *network, const struct street_arc *arcs, size_t n)
{
	struct geo_point *centres = NULL;
	size_t n_centres = 0, cap = 0;
	int code = ERR_OK;

	for (size_t i = 0; i < n && !code; i++) {
		struct geo_point point = arc_middle(network, arcs[i].arc);
		size_t k = 0;

		while (k < n_centres && geo_rough_mm(point, centres[k]) > SAME_STREET_MM)
			k++;
		if (k < n_centres)
			continue;
		code = array_push(centres, n_centres, cap, point);
		if (!code) {
			char text[208];

			snprintf(text, sizeof text, "%s", build_text(places->build, arcs[i].name));
			code = add(places, text, point, ADDRESS_STREET, NULL);
		}
	}
	free(centres);
	return code;
}

static int add_streets(struct places *places, const struct network *network)
{
	struct street_arc *arcs = NULL;
	size_t n = 0, cap = 0, first = 0;
	int code = ERR_OK;

	for (uint32_t a = 0; a < network->n_arcs && !code; a++) {
		struct street_arc item = {network->name[a], a};

		if (item.name != NONE && (network->reverse_arc[a] == NONE || network->reverse_arc[a] > a))
			code = array_push(arcs, n, cap, item);
	}
	if (!code && n > 0)
		qsort(arcs, n, sizeof *arcs, street_order);
	for (size_t i = 1; i <= n && !code; i++)
		if (i == n || arcs[i].name != arcs[first].name) {
			code = add_street(places, network, arcs + first, i - first);
			first = i;
		}
	free(arcs);
	return code;
}

/* --- the same name twice ------------------------------------------------------------------------------------------ */

static int name_order(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->text != b->text)
		return a->text < b->text ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->point.lat_e7 != b->point.lat_e7)
		return a->point.lat_e7 < b->point.lat_e7 ? -1 : 1;
	if (a->point.lon_e7 != b->point.lon_e7)
		return a->point.lon_e7 < b->point.lon_e7 ? -1 : 1;
	return a->detail < b->detail ? -1 : a->detail > b->detail;
}

static uint32_t same_mm(const struct place *place)
{
	return place->kind == ADDRESS_STREET ? SAME_STREET_MM : SAME_MM;
}

/* Drops what is named alike and near; of a group [first, last) of one text and kind keeps the rest. */
static size_t keep_distinct(struct place *items, size_t first, size_t last, size_t n_kept)
{
	size_t from = n_kept;

	for (size_t i = first; i < last; i++) {
		size_t k = from;

		while (k < n_kept && geo_rough_mm(items[k].point, items[i].point) > same_mm(&items[i]))
			k++;
		if (k == n_kept)
			items[n_kept++] = items[i];
	}
	return n_kept;
}

static void drop_same(struct places *places)
{
	size_t first = 0, n_kept = 0;

	if (places->n > 0)
		qsort(places->items, places->n, sizeof *places->items, name_order);
	for (size_t i = 1; i <= places->n; i++)
		if (i == places->n || places->items[i].text != places->items[first].text ||
		    places->items[i].kind != places->items[first].kind) {
			n_kept = keep_distinct(places->items, first, i, n_kept);
			first = i;
		}
	places->n = n_kept;
}

/* Nearest named town, village or suburb: tells apart streets of the same name. */
static uint32_t nearest_settlement(const struct places *places, const uint32_t *settlements, size_t n,
				   struct geo_point point)
{
	uint64_t best_mm = UINT64_MAX;
	uint32_t best = NONE;

	for (size_t i = 0; i < n; i++) {
		uint64_t mm = geo_rough_mm(places->osm->node_point[settlements[i]], point);

		if (mm < best_mm) {
			best_mm = mm;
			best = settlements[i];
		}
	}
	return best;
}

static int add_detail(struct places *places, struct place *place, const uint32_t *settlements, size_t n)
{
	const char *detail = build_text(places->build, place->detail);
	uint32_t node = place->detail == NONE ? nearest_settlement(places, settlements, n, place->point) : NONE;
	char text[512];

	if (node != NONE)
		detail = osm_tag(places->osm, places->osm->node_tags[node], "name");
	if (!*detail)
		return ERR_OK;
	snprintf(text, sizeof text, "%.200s (%.100s)", build_text(places->build, place->text), detail);
	place->text = build_string(places->build, text);
	return place->text == NONE ? ERR_MEMORY : ERR_OK;
}

static int find_settlements(const struct osm *osm, uint32_t **ret_nodes, size_t *ret_n)
{
	uint32_t *nodes = NULL;
	size_t n = 0, cap = 0;

	for (uint32_t v = 0; v < osm->n_nodes; v++) {
		const char *place = osm->node_tags[v].n > 0 ? osm_tag(osm, osm->node_tags[v], "place") : NULL;

		if (!place || !osm_tag(osm, osm->node_tags[v], "name") ||
		    (strcmp(place, "suburb") != 0 && strcmp(place, "village") != 0 && strcmp(place, "town") != 0 &&
		     strcmp(place, "hamlet") != 0))
			continue;
		if (array_push(nodes, n, cap, v)) {
			free(nodes);
			return ERR_MEMORY;
		}
	}
	*ret_nodes = nodes;
	*ret_n = n;
	return ERR_OK;
}

static int tell_apart(struct places *places)
{
	uint32_t *settlements;
	size_t n, first = 0;
	int code = find_settlements(places->osm, &settlements, &n);

	if (code)
		return code;
	for (size_t i = 1; i <= places->n && !code; i++) {
		if (i < places->n && places->items[i].text == places->items[first].text &&
		    places->items[i].kind == places->items[first].kind)
			continue;
		for (size_t k = first; i - first > 1 && k < i && !code; k++)
			code = add_detail(places, &places->items[k], settlements, n);
		first = i;
	}
	free(settlements);
	return code;
}

/* --- columns ------------------------------------------------------------------------------------------------------ */

static const struct build *sorted_build; /* qsort has no context */

static int key_order(const void *left, const void *right)
{
	const struct place *a = left, *b = right;
	int order = strcmp(build_text(sorted_build, a->key), build_text(sorted_build, b->key));

	return order ? order : name_order(left, right);
}

static int make_keys(struct places *places)
{
	for (size_t i = 0; i < places->n; i++) {
		char key[KEY_BYTES];

		town_fold(build_text(places->build, places->items[i].text), key, sizeof key);
		places->items[i].key = build_string(places->build, key);
		if (places->items[i].key == NONE)
			return ERR_MEMORY;
	}
	sorted_build = places->build;
	if (places->n > 0)
		qsort(places->items, places->n, sizeof *places->items, key_order);
	return ERR_OK;
}

static int store(const struct places *places)
{
	struct build *build = places->build;
	uint32_t *text = build_alloc(build, places->n, sizeof *text), *key = build_alloc(build, places->n, sizeof *key);
	struct geo_point *point = build_alloc(build, places->n, sizeof *point);
	uint8_t *kind = build_alloc(build, places->n, sizeof *kind);

	if (!text || !key || !point || !kind)
		return ERR_MEMORY;
	for (size_t i = 0; i < places->n; i++) {
		text[i] = places->items[i].text;
		key[i] = places->items[i].key;
		point[i] = places->items[i].point;
		kind[i] = places->items[i].kind;
	}
	build->town.n_addresses = (uint32_t)places->n;
	build->town.address_text = text;
	build->town.address_key = key;
	build->town.address_point = point;
	build->town.address_kind = kind;
	return ERR_OK;
}

int places_build(struct build *build, const struct osm *osm)
{
	struct places places = {.build = build, .osm = osm};
	int code = add_objects(&places);

	if (!code)
		code = add_streets(&places, &build->town.road);
	if (!code) {
		drop_same(&places);
		code = tell_apart(&places);
	}
	if (!code)
		code = make_keys(&places);
	if (!code)
		code = store(&places);
	free(places.items);
	return code;
}
