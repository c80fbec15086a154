/* The generated town as OSM objects. Node ids: vertices, then bends of links, then the rest, then corners of areas. */
#include "synth_town.h"

#include <stdio.h>
#include <string.h>

#define BEND_GAP METRES(70)
#define WAY_LINKS_MAX 12
#define BAND_GAP METRES(120)

struct out {
	struct synth *synth;
	struct osm_writer *writer;
	uint32_t *first_bend; /* by link, +1 */
	uint8_t *is_used;     /* by vertex */
	int64_t bend_base, node_base, area_base, band_base;
	int64_t next_way, next_relation;
	int64_t *refs;
	uint32_t n_refs;
	uint32_t n_band; /* nodes per band: river, railway */
	const char *seed_text;
};

static uint32_t n_bends(const struct synth_link *link)
{
	if (link->kind == STREET_NONE)
		return 0;
	if (link->flags & STREET_LEVEL_CROSSING)
		return 1; /* the node that street and railway share */
	return (uint32_t)(link->length_mm / BEND_GAP);
}

static int64_t vertex_id(uint32_t vertex)
{
	return (int64_t)vertex + 1;
}

/* --- nodes --- */

static void write_vertices(const struct out *out)
{
	const struct synth *synth = out->synth;
	static const struct osm_write_tag signal = {"highway", "traffic_signals"}, end = {"highway", "turning_circle"};
	for (uint32_t vertex = 0; vertex < synth->plane.n_vertices; vertex++) {
		if (!out->is_used[vertex])
			continue;
		uint32_t first = synth->first_at[vertex], n = synth->first_at[vertex + 1] - first;
		int is_end = n == 1 && (synth->links[synth->at[first] / 2].flags & STREET_SPUR) &&
			     synth_draw(synth, vertex) % 2 && synth_is_drivable(&synth->links[synth->at[first] / 2]);
		const struct osm_write_tag *tag = synth->is_signal[vertex] ? &signal : &end;
		osm_write_node(out->writer, vertex_id(vertex),
			       synth_geo(synth_bend(synth, synth->plane.vertices[vertex].point)), tag,
			       synth->is_signal[vertex] || is_end);
	}
}

static void write_bends(const struct out *out)
{
	const struct synth *synth = out->synth;
	static const struct osm_write_tag crossing = {"railway", "level_crossing"};
	for (uint32_t i = 0; i < synth->n_links; i++) {
		const struct synth_link *link = &synth->links[i];
		uint32_t n = n_bends(link);
		for (uint32_t bend = 0; bend < n; bend++)
			osm_write_node(
				out->writer, out->bend_base + out->first_bend[i] + bend,
				synth_geo(synth_link_point(synth, link, (int64_t)(bend + 1) * 1024 / (n + 1), 0)),
				&crossing, (link->flags & STREET_LEVEL_CROSSING) != 0);
	}
}

static int64_t band_x(const struct out *out, uint32_t i)
{
	int64_t half = out->synth->reach * 96 / 100;
	return -half + 2 * half * i / (out->n_band - 1);
}

static void write_rest(const struct out *out)
{
	const struct synth *synth = out->synth;
	for (size_t i = 0; i < synth->n_nodes; i++)
		osm_write_node(out->writer, out->node_base + (int64_t)i, synth_geo(synth->nodes[i].point),
			       synth->tags + synth->nodes[i].first_tag, synth->nodes[i].n_tags);
	for (size_t i = 0; i < synth->n_area_points; i++)
		osm_write_node(out->writer, out->area_base + (int64_t)i, synth_geo(synth->area_points[i]), NULL, 0);
	const int64_t heights[2] = {(synth->river_low + synth->river_high) / 2,
				    (synth->rail_low + synth->rail_high) / 2};
	for (uint32_t band = 0; band < 2; band++)
		for (uint32_t i = 0; i < out->n_band; i++)
			osm_write_node(
				out->writer, out->band_base + band * (int64_t)out->n_band + i,
				synth_geo(synth_bend(synth, (struct plane_point){band_x(out, i), heights[band]})), NULL,
				0);
}

/* --- ways --- */

static const char *highway_of(const struct synth_link *link)
{
	static const char *const values[STREET_KINDS] = {
		[STREET_PRIMARY] = "primary",	      [STREET_SECONDARY] = "secondary",
		[STREET_TERTIARY] = "tertiary",	      [STREET_UNCLASSIFIED] = "unclassified",
		[STREET_RESIDENTIAL] = "residential", [STREET_LIVING] = "living_street",
		[STREET_PEDESTRIAN] = "pedestrian",   [STREET_FOOT] = "footway"};
	return values[link->kind];
}

/* +1: the way runs along the one-way direction, -1: against it, 0: both ways. */
static int way_oneway(const struct synth *synth, uint32_t at)
{
	int oneway = synth->links[at / 2].oneway;
	return at & 1 ? -oneway : oneway;
}

static uint32_t start_of(const struct synth *synth, uint32_t at)
{
	return at & 1 ? synth->links[at / 2].to : synth->links[at / 2].from;
}

static int belongs_on(const struct synth *synth, uint32_t before, uint32_t at)
{
	const struct synth_link *a = &synth->links[before / 2], *b = &synth->links[at / 2];
	return a->kind == b->kind && a->maxspeed == b->maxspeed &&
	       (a->flags & ~STREET_SPUR) == (b->flags & ~STREET_SPUR) &&
	       way_oneway(synth, before) == way_oneway(synth, at) && !synth->is_break[start_of(synth, at)] &&
	       (a->zone == FACE_COUNTRY) == (b->zone == FACE_COUNTRY) &&
	       start_of(synth, at) == start_of(synth, before ^ 1);
}

static uint32_t way_tags(const struct out *out, uint32_t at, struct osm_write_tag *tags, char *speed_text, size_t size)
{
	const struct synth *synth = out->synth;
	const struct synth_link *link = &synth->links[at / 2];
	int oneway = way_oneway(synth, at);
	uint32_t n = 0;
	tags[n++] = (struct osm_write_tag){"highway", highway_of(link)};
	if (synth->street_name[link->street][0])
		tags[n++] = (struct osm_write_tag){"name", synth->street_name[link->street]};
	if (link->maxspeed) {
		snprintf(speed_text, size, "%u", link->maxspeed);
		tags[n++] = (struct osm_write_tag){"maxspeed", speed_text};
		tags[n++] = (struct osm_write_tag){"source:maxspeed", link->maxspeed == 30   ? "DE:zone30"
								      : link->maxspeed == 50 ? "DE:urban"
											     : "DE:rural"};
	}
	if (oneway)
		tags[n++] = (struct osm_write_tag){"oneway", oneway > 0 ? "yes" : "-1"};
	if (link->flags & STREET_BRIDGE)
		tags[n++] = (struct osm_write_tag){"bridge", "yes"};
	if (link->flags & STREET_TUNNEL)
		tags[n++] = (struct osm_write_tag){"tunnel", "yes"};
	if (link->flags & (STREET_BRIDGE | STREET_TUNNEL))
		tags[n++] = (struct osm_write_tag){"layer", link->flags & STREET_BRIDGE ? "1" : "-1"};
	if (synth_is_drivable(link) && link->zone != FACE_COUNTRY && link->kind != STREET_LIVING)
		tags[n++] = (struct osm_write_tag){"sidewalk", "both"};
	return n;
}

static void refs_add(struct out *out, uint32_t at)
{
	const struct synth_link *link = &out->synth->links[at / 2];
	uint32_t n = n_bends(link);
	int64_t base = out->bend_base + out->first_bend[at / 2];
	for (uint32_t i = 0; i < n; i++)
		out->refs[out->n_refs++] = base + (at & 1 ? n - 1 - i : i);
	out->refs[out->n_refs++] = vertex_id(start_of(out->synth, at ^ 1));
}

static void write_street(struct out *out, uint32_t first, uint32_t last)
{
	struct synth *synth = out->synth;
	struct osm_write_tag tags[12];
	char speed_text[8];
	out->n_refs = 0;
	out->refs[out->n_refs++] = vertex_id(start_of(synth, synth->chain[first]));
	for (uint32_t i = first; i < last; i++) {
		refs_add(out, synth->chain[i]);
		synth->links[synth->chain[i] / 2].way = (uint32_t)out->next_way;
	}
	uint32_t n = way_tags(out, synth->chain[first], tags, speed_text, sizeof speed_text);
	osm_write_way(out->writer, out->next_way++, out->refs, out->n_refs, tags, n);
}

static void write_streets(struct out *out)
{
	const struct synth *synth = out->synth;
	for (uint32_t chain = 0; chain < synth->n_chains; chain++) {
		uint32_t first = synth->chain_first[chain], end = synth->chain_first[chain + 1];
		for (uint32_t i = first; i < end; i++)
			if (i + 1 == end || i + 1 - first == WAY_LINKS_MAX ||
			    !belongs_on(synth, synth->chain[i], synth->chain[i + 1])) {
				write_street(out, first, i + 1);
				first = i + 1;
			}
	}
}

static void write_areas(struct out *out)
{
	const struct synth *synth = out->synth;
	for (size_t i = 0; i < synth->n_areas; i++) {
		const struct synth_area *area = &synth->areas[i];
		struct osm_write_tag tags[2] = {{area->key, area->value}, {"name", area->name}};
		out->n_refs = 0;
		for (size_t j = 0; j < area->n_points; j++)
			out->refs[out->n_refs++] = out->area_base + (int64_t)(area->first_point + j);
		out->refs[out->n_refs++] = out->area_base + (int64_t)area->first_point;
		osm_write_way(out->writer, out->next_way++, out->refs, out->n_refs, tags, area->name[0] ? 2 : 1);
	}
}

/* The nodes where streets cross the railway on the level go in between its own, west to east. */
static void write_railway(struct out *out)
{
	const struct synth *synth = out->synth;
	const struct osm_write_tag tags[] = {{"railway", "rail"}, {"usage", "main"}, {"name", "Hauptbahn"}};
	int64_t crossing_x[2 * RADIALS_MAX], crossing_id[2 * RADIALS_MAX];
	uint32_t n = 0, next = 0;
	for (uint32_t i = 0; i < synth->n_links && n < COUNT_OF(crossing_x); i++) {
		const struct synth_link *link = &synth->links[i];
		if (!(link->flags & STREET_LEVEL_CROSSING) || link->kind == STREET_NONE)
			continue;
		int64_t x = (synth->plane.vertices[link->from].point.x + synth->plane.vertices[link->to].point.x) / 2;
		uint32_t at = n++;
		for (; at > 0 && crossing_x[at - 1] > x; at--) {
			crossing_x[at] = crossing_x[at - 1];
			crossing_id[at] = crossing_id[at - 1];
		}
		crossing_x[at] = x;
		crossing_id[at] = out->bend_base + out->first_bend[i];
	}
	out->n_refs = 0;
	for (uint32_t i = 0; i < out->n_band; i++) {
		for (; next < n && crossing_x[next] <= band_x(out, i); next++)
			out->refs[out->n_refs++] = crossing_id[next];
		out->refs[out->n_refs++] = out->band_base + out->n_band + i;
	}
	osm_write_way(out->writer, out->next_way++, out->refs, out->n_refs, tags, COUNT_OF(tags));
}

static void write_river(struct out *out)
{
	const struct osm_write_tag tags[] = {{"waterway", "river"}, {"name", "Selke"}};
	out->n_refs = 0;
	for (uint32_t i = 0; i < out->n_band; i++)
		out->refs[out->n_refs++] = out->band_base + i;
	osm_write_way(out->writer, out->next_way++, out->refs, out->n_refs, tags, COUNT_OF(tags));
}

static void write_restrictions(struct out *out)
{
	const struct synth *synth = out->synth;
	for (size_t i = 0; i < synth->n_restrictions; i++) {
		const struct synth_restriction *it = &synth->restrictions[i];
		const struct osm_write_member members[] = {{OSM_WAY, synth->links[it->from].way, "from"},
							   {OSM_NODE, vertex_id(it->via), "via"},
							   {OSM_WAY, synth->links[it->to].way, "to"}};
		const struct osm_write_tag tags[] = {{"type", "restriction"}, {"restriction", it->kind}};
		osm_write_relation(out->writer, out->next_relation++, members, COUNT_OF(members), tags, COUNT_OF(tags));
	}
}

static void number_nodes(struct out *out)
{
	struct synth *synth = out->synth;
	out->is_used = synth_alloc(synth, synth->plane.n_vertices, 1);
	out->first_bend = synth_alloc(synth, synth->n_links + 1, sizeof *out->first_bend);
	size_t longest = 2;
	for (uint32_t i = 0; i < synth->n_links; i++) {
		uint32_t n = n_bends(&synth->links[i]);
		out->first_bend[i + 1] = out->first_bend[i] + n;
		longest = n > longest ? n : longest;
		if (synth->links[i].kind != STREET_NONE)
			out->is_used[synth->links[i].from] = out->is_used[synth->links[i].to] = 1;
	}
	out->n_band = (uint32_t)(2 * synth->reach / BAND_GAP) + 2;
	out->bend_base = (int64_t)synth->plane.n_vertices + 1;
	out->node_base = out->bend_base + out->first_bend[synth->n_links];
	out->area_base = out->node_base + (int64_t)synth->n_nodes;
	out->band_base = out->area_base + (int64_t)synth->n_area_points;
	size_t n_refs = (longest + 1) * WAY_LINKS_MAX + 1;
	size_t needed[] = {out->n_band + 2 * RADIALS_MAX, 1000};
	for (size_t i = 0; i < COUNT_OF(needed); i++)
		n_refs = needed[i] > n_refs ? needed[i] : n_refs;
	out->refs = synth_alloc(synth, n_refs, sizeof *out->refs);
}

static void corners(struct synth *synth, struct geo_point *ret_low, struct geo_point *ret_high)
{
	struct geo_point low = {INT32_MAX, INT32_MAX}, high = {INT32_MIN, INT32_MIN};
	for (uint32_t vertex = 0; vertex < synth->plane.n_vertices; vertex++) {
		struct geo_point point = synth_geo(synth_bend(synth, synth->plane.vertices[vertex].point));
		low.lat_e7 = point.lat_e7 < low.lat_e7 ? point.lat_e7 : low.lat_e7;
		low.lon_e7 = point.lon_e7 < low.lon_e7 ? point.lon_e7 : low.lon_e7;
		high.lat_e7 = point.lat_e7 > high.lat_e7 ? point.lat_e7 : high.lat_e7;
		high.lon_e7 = point.lon_e7 > high.lon_e7 ? point.lon_e7 : high.lon_e7;
	}
	*ret_low = low;
	*ret_high = high;
}

int synth_write_osm(struct synth *synth, struct err_detail *detail)
{
	struct out out = {.synth = synth, .next_way = 1, .next_relation = 1};
	struct geo_point low, high;
	corners(synth, &low, &high);
	number_nodes(&out);
	const char *source =
		synth_text(synth, "generated by mapc synth, seed %llu", (unsigned long long)synth->options->seed);
	int code = osm_write_open(&synth->osm, synth->options->osm_path, source, low, high, detail);
	if (code)
		return code;
	out.writer = synth->osm;
	write_vertices(&out);
	write_bends(&out);
	write_rest(&out);
	write_streets(&out);
	write_areas(&out);
	write_river(&out);
	write_railway(&out);
	write_restrictions(&out);
	synth->osm = NULL; /* close frees it */
	return osm_write_close(out.writer, detail);
}
