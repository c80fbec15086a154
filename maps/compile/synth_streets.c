/* From the final plan to streets: what is not connected is dropped, then speeds, one-way streets that leave everything
 * reachable, traffic signals, turn restrictions. */
#include "synth_town.h"

#include <string.h>

#define ONEWAY_PERMILLE 145 /* aimed at, of drivable links */
#define JUNCTIONS_PER_RESTRICTION 90

static uint8_t zone_of(const struct plane *plane, uint32_t edge)
{
	uint8_t zone = FACE_COUNTRY;
	for (uint32_t side = 0; side < 2; side++) {
		uint32_t face = plane->halves[2 * edge + side].face;
		uint8_t kind = face == NONE ? FACE_COUNTRY : plane->faces[face].kind;
		if (kind == FACE_PARK)
			kind = FACE_INNER;
		if (kind < FACE_RIVER && kind > zone)
			zone = kind;
	}
	return zone;
}

static void link_add(struct synth *synth, struct synth_link link)
{
	const struct plane_vertex *vertices = synth->plane.vertices;
	link.length_mm = (uint32_t)plane_distance(vertices[link.from].point, vertices[link.to].point);
	link.way = NONE;
	SYNTH_PUSH(synth, synth->links, synth->n_links, synth->cap_links, link);
}

/* Bridges and underpasses lie between faces of no zone of their own: they take the zone of the town around. */
static void links_gather(struct synth *synth)
{
	struct plane *plane = &synth->plane;
	for (uint32_t edge = 0; edge < plane->n_edges; edge++) {
		const struct plane_edge *it = &plane->edges[edge];
		if (it->kind == STREET_NONE)
			continue;
		struct synth_link link = {.from = plane->halves[2 * edge].tail,
					  .to = plane->halves[2 * edge + 1].tail,
					  .street = it->street,
					  .kind = it->kind,
					  .flags = it->flags,
					  .zone = zone_of(plane, edge)};
		if (it->flags & (STREET_BRIDGE | STREET_TUNNEL))
			link.zone = FACE_INNER;
		link_add(synth, link);
	}
	for (size_t i = 0; i < synth->n_spurs; i++) {
		struct synth_link link = synth->spurs[i];
		if (link.street == NONE)
			link.street = synth->n_streets++;
		link_add(synth, link);
	}
}

static void links_index(struct synth *synth)
{
	size_t n = synth->plane.n_vertices;
	synth->first_at = synth_alloc(synth, n + 2, sizeof *synth->first_at);
	synth->at = synth_alloc(synth, 2 * synth->n_links, sizeof *synth->at);
	uint32_t *first = synth->first_at + 1; /* filled one ahead, then it is where it belongs */
	for (uint32_t i = 0; i < synth->n_links; i++) {
		first[synth->links[i].from + 1]++;
		first[synth->links[i].to + 1]++;
	}
	for (size_t i = 1; i <= n; i++)
		first[i] += first[i - 1];
	for (uint32_t i = 0; i < synth->n_links; i++) {
		synth->at[first[synth->links[i].from]++] = 2 * i;
		synth->at[first[synth->links[i].to]++] = 2 * i + 1;
	}
}

static uint32_t far_end(const struct synth *synth, uint32_t at)
{
	const struct synth_link *link = &synth->links[at / 2];
	return at & 1 ? link->from : link->to;
}

/* Drops drivable links that no drivable way connects with the market, and footpaths that lost their street. */
static void drop_loose(struct synth *synth)
{
	size_t n = synth->plane.n_vertices;
	uint8_t *is_seen = synth_alloc(synth, n, 1);
	uint32_t *queue = synth_alloc(synth, n, sizeof *queue), n_queue = 0;
	queue[n_queue++] = synth->centre;
	is_seen[synth->centre] = 1;
	for (uint32_t i = 0; i < n_queue; i++)
		for (uint32_t j = synth->first_at[queue[i]]; j < synth->first_at[queue[i] + 1]; j++) {
			uint32_t next = far_end(synth, synth->at[j]);
			if (is_seen[next] || !synth_is_drivable(&synth->links[synth->at[j] / 2]))
				continue;
			is_seen[next] = 1;
			queue[n_queue++] = next;
		}
	uint8_t *is_foot = synth_alloc(synth, n, 1);
	for (size_t i = 0; i < synth->n_links; i++) {
		struct synth_link *link = &synth->links[i];
		if (synth_is_drivable(link) && !is_seen[link->from])
			link->kind = STREET_NONE;
		if (link->kind == STREET_FOOT && (is_seen[link->from] || is_seen[link->to]))
			is_foot[link->from] = is_foot[link->to] = 1;
	}
	for (size_t i = 0; i < synth->n_links; i++)
		if (synth->links[i].kind == STREET_FOOT && !is_foot[synth->links[i].from] &&
		    !is_foot[synth->links[i].to])
			synth->links[i].kind = STREET_NONE;
}

/* Within sight of the halts at both ends of the railway drivers go slowly. */
static int is_by_halt(const struct synth *synth, struct plane_point point)
{
	struct plane_point halt = {synth->radius + METRES(1450), synth->rail_low};
	point.x = point.x < 0 ? -point.x : point.x;
	return plane_distance(point, halt) < METRES(350);
}

static uint8_t speed_of(const struct synth *synth, const struct synth_link *link)
{
	struct plane_point a = synth->plane.vertices[link->from].point, b = synth->plane.vertices[link->to].point;
	int64_t away = plane_distance(a, (struct plane_point){0, 0});
	switch (link->kind) {
	case STREET_PRIMARY:
	case STREET_SECONDARY:
		if (link->zone != FACE_COUNTRY || is_by_halt(synth, a) || is_by_halt(synth, b))
			return 50;
		return away < synth->radius + METRES(600) || link->kind == STREET_SECONDARY ? 70 : 100;
	case STREET_TERTIARY:
		return link->zone == FACE_OLD ? 30 : 50;
	case STREET_UNCLASSIFIED:
		return 50;
	case STREET_RESIDENTIAL:
		return 30;
	default:
		return 0; /* living streets and footpaths carry no figure */
	}
}

/* The market is for people on foot: lanes that end there lose their last piece, the way through stays. Some lanes of
 * the old town are living streets. */
static void kinds(struct synth *synth)
{
	for (size_t i = 0; i < synth->n_links; i++) {
		struct synth_link *link = &synth->links[i];
		int is_market = link->from == synth->centre || link->to == synth->centre;
		if (link->kind == STREET_RESIDENTIAL && is_market)
			link->kind = STREET_PEDESTRIAN;
		else if (link->kind == STREET_RESIDENTIAL && link->zone == FACE_OLD &&
			 synth_draw(synth, link->street) % 4 == 0)
			link->kind = STREET_LIVING;
		link->maxspeed = speed_of(synth, link);
	}
}

/* --- one-way streets --- */

struct components {
	uint32_t *index, *low, *stack, *work, *next; /* by vertex */
	uint8_t *is_stacked;
	uint32_t *component;
	uint32_t n_index, n_stack, n_components;
};

static int may_leave(const struct synth *synth, uint32_t at)
{
	const struct synth_link *link = &synth->links[at / 2];
	return synth_is_drivable(link) && link->oneway != (at & 1 ? 1 : -1);
}

static void component_close(struct components *it, uint32_t vertex)
{
	uint32_t popped;
	do {
		popped = it->stack[--it->n_stack];
		it->is_stacked[popped] = 0;
		it->component[popped] = it->n_components;
	} while (popped != vertex);
	it->n_components++;
}

static void component_enter(const struct synth *synth, struct components *it, uint32_t vertex)
{
	it->index[vertex] = it->low[vertex] = ++it->n_index;
	it->stack[it->n_stack++] = vertex;
	it->is_stacked[vertex] = 1;
	it->next[vertex] = synth->first_at[vertex];
}

/* Tarjan's strongly connected components (1972), with its own stack. */
static void component_search(const struct synth *synth, struct components *it, uint32_t start)
{
	uint32_t depth = 0;
	it->work[depth++] = start;
	component_enter(synth, it, start);
	while (depth > 0) {
		uint32_t vertex = it->work[depth - 1];
		if (it->next[vertex] == synth->first_at[vertex + 1]) {
			if (it->low[vertex] == it->index[vertex])
				component_close(it, vertex);
			if (--depth > 0 && it->low[vertex] < it->low[it->work[depth - 1]])
				it->low[it->work[depth - 1]] = it->low[vertex];
			continue;
		}
		uint32_t at = synth->at[it->next[vertex]++], other = far_end(synth, at);
		if (!may_leave(synth, at))
			continue;
		if (it->index[other] == 0) {
			component_enter(synth, it, other);
			it->work[depth++] = other;
		} else if (it->is_stacked[other] && it->index[other] < it->low[vertex]) {
			it->low[vertex] = it->index[other];
		}
	}
}

/* Opens one-way streets between different components until all is one. Returns how many were opened. */
static uint32_t open_unreachable(struct synth *synth, struct components *it)
{
	size_t n = synth->plane.n_vertices;
	memset(it->index, 0, n * sizeof *it->index);
	it->n_index = it->n_components = 0;
	for (uint32_t vertex = 0; vertex < n; vertex++)
		if (it->index[vertex] == 0)
			component_search(synth, it, vertex);
	uint32_t n_opened = 0;
	for (size_t i = 0; i < synth->n_links; i++) {
		struct synth_link *link = &synth->links[i];
		if (link->oneway && it->component[link->from] != it->component[link->to]) {
			link->oneway = 0;
			n_opened++;
		}
	}
	return n_opened;
}

static void components_open(struct synth *synth, struct components *it)
{
	size_t n = synth->plane.n_vertices;
	uint32_t **const columns[] = {&it->index, &it->low, &it->stack, &it->work, &it->next, &it->component};
	for (size_t i = 0; i < COUNT_OF(columns); i++)
		*columns[i] = synth_alloc(synth, n, sizeof(uint32_t));
	it->is_stacked = synth_alloc(synth, n, 1);
}

/* How likely a street is one-way in this round, permille. */
static uint32_t oneway_chance(const struct synth_link *link, uint32_t round)
{
	static const uint32_t chance[] = {
		[FACE_VILLAGE] = 0, [FACE_SUBURB] = 30, [FACE_INNER] = 150, [FACE_OLD] = 580, [FACE_INDUSTRY] = 0};
	if ((link->kind != STREET_RESIDENTIAL && link->kind != STREET_LIVING) || link->flags ||
	    link->zone >= COUNT_OF(chance))
		return 0;
	return chance[link->zone] * (2 + round) / 2;
}

static uint32_t count_permille(const struct synth *synth)
{
	uint32_t n = 0, n_oneway = 0;
	for (size_t i = 0; i < synth->n_links; i++) {
		n += synth_is_drivable(&synth->links[i]) != 0;
		n_oneway += synth->links[i].oneway != 0;
	}
	return n ? n_oneway * 1000 / n : 0;
}

static void oneways(struct synth *synth)
{
	struct components components = {0};
	components_open(synth, &components);
	for (uint32_t round = 0; round < 12 && count_permille(synth) < ONEWAY_PERMILLE; round++) {
		for (size_t i = 0; i < synth->n_links; i++) {
			struct synth_link *link = &synth->links[i];
			uint64_t drawn = synth_draw(synth, link->street * 16 + round);
			if (link->oneway || drawn % 1000 >= oneway_chance(link, round))
				continue;
			struct plane_point a = synth->plane.vertices[link->from].point,
					   b = synth->plane.vertices[link->to].point;
			int is_along = drawn >> 20 & 1; /* all links of a street point the same way */
			int points_east = a.x != b.x ? a.x < b.x : a.y < b.y;
			link->oneway = points_east == is_along ? 1 : -1;
		}
		while (open_unreachable(synth, &components))
			;
	}
}

/* --- junctions --- */

static uint32_t degree(const struct synth *synth, uint32_t vertex, uint8_t kind_last)
{
	uint32_t n = 0;
	for (uint32_t j = synth->first_at[vertex]; j < synth->first_at[vertex + 1]; j++) {
		const struct synth_link *link = &synth->links[synth->at[j] / 2];
		n += synth_is_drivable(link) && link->kind <= kind_last;
	}
	return n;
}

static void signals(struct synth *synth)
{
	synth->is_signal = synth_alloc(synth, synth->plane.n_vertices, 1);
	for (uint32_t vertex = 0; vertex < synth->plane.n_vertices; vertex++) {
		uint32_t n = degree(synth, vertex, STREET_LAST_DRIVABLE),
			 n_main = degree(synth, vertex, STREET_TERTIARY);
		synth->n_junctions += n >= 3;
		int is_town = 0;
		for (uint32_t j = synth->first_at[vertex]; j < synth->first_at[vertex + 1]; j++)
			is_town |= synth->links[synth->at[j] / 2].zone >= FACE_SUBURB;
		if (is_town && n_main >= 3 && n >= 3)
			synth->is_signal[vertex] = rng_chance(&synth->rng, n >= 4 ? 600 : 300) != 0;
	}
}

/* Sine of the turn from coming along `a` into leaving along `b`, per 1000; > 0 = left. */
static int64_t turn_sine(const struct synth *synth, uint32_t from, uint32_t via, uint32_t to)
{
	const struct plane_vertex *vertices = synth->plane.vertices;
	struct plane_point a = vertices[from].point, o = vertices[via].point, b = vertices[to].point;
	int64_t cross = (o.x - a.x) * (b.y - o.y) - (o.y - a.y) * (b.x - o.x);
	int64_t lengths = plane_distance(a, o) * plane_distance(o, b);
	return lengths ? cross / (lengths / 1000 + 1) : 0;
}

static void restriction_add(struct synth *synth, uint32_t from_at, uint32_t to_at, uint32_t vertex, const char *kind)
{
	struct synth_restriction restriction = {kind, from_at / 2, vertex, to_at / 2};
	SYNTH_PUSH(synth, synth->restrictions, synth->n_restrictions, synth->cap_restrictions, restriction);
	synth->is_break[vertex] = 1;
}

/* Which ways out a rule is about: sine of the turn, per 1000, from..to; straight on also needs a way ahead. */
struct rule {
	const char *kind;
	int64_t sine_low, sine_high;
};

static int is_ruled(const struct synth *synth, const struct rule *rule, uint32_t from, uint32_t vertex, uint32_t to)
{
	const struct plane_vertex *vertices = synth->plane.vertices;
	struct plane_point a = vertices[far_end(synth, from)].point, o = vertices[vertex].point;
	struct plane_point b = vertices[far_end(synth, to)].point;
	int64_t sine = turn_sine(synth, far_end(synth, from), vertex, far_end(synth, to));
	int is_ahead = (o.x - a.x) * (b.x - o.x) + (o.y - a.y) * (b.y - o.y) > 0;
	return to / 2 != from / 2 && sine >= rule->sine_low && sine <= rule->sine_high &&
	       (is_ahead || rule->sine_low * rule->sine_high > 0);
}

/* One rule out of one street, where all four streets can be driven both ways. */
static int restrict_turn(struct synth *synth, uint32_t vertex)
{
	static const struct rule rules[] = {{"no_left_turn", 700, 1100},
					    {"no_left_turn", 700, 1100},
					    {"no_right_turn", -1100, -700},
					    {"only_straight_on", -350, 350}};
	uint32_t first = synth->first_at[vertex], n = synth->first_at[vertex + 1] - first;
	if (n < 4 || n != degree(synth, vertex, STREET_LAST_DRIVABLE) || synth->is_break[vertex])
		return 0;
	for (uint32_t i = 0; i < n; i++)
		if (synth->links[synth->at[first + i] / 2].oneway ||
		    (synth->links[synth->at[first + i] / 2].flags & STREET_SPUR))
			return 0;
	uint32_t from = synth->at[first + rng_below(&synth->rng, n)];
	const struct rule *rule = &rules[rng_below(&synth->rng, COUNT_OF(rules))];
	for (uint32_t i = 0; i < n; i++)
		if (is_ruled(synth, rule, from, vertex, synth->at[first + i])) {
			restriction_add(synth, from, synth->at[first + i], vertex, rule->kind);
			return 1;
		}
	return 0;
}

/* One per so many junctions, signalled ones first, the others as the seed has it. */
static void restrictions(struct synth *synth)
{
	uint32_t n = (uint32_t)synth->plane.n_vertices, wanted = synth->n_junctions / JUNCTIONS_PER_RESTRICTION + 1;
	synth->is_break = synth_alloc(synth, n, 1);
	uint32_t start = rng_below(&synth->rng, n);
	for (uint32_t i = 0; i < n && synth->n_restrictions < wanted / 2; i++)
		if (synth->is_signal[(start + i) % n])
			restrict_turn(synth, (start + i) % n);
	for (uint32_t i = 0; i < 50 * n && synth->n_restrictions < wanted; i++)
		restrict_turn(synth, rng_below(&synth->rng, n));
}

/* --- chains --- */

/* An unused link of the same street at the vertex, as 2 * link + (1 when entered at its to); NONE = the street ends. */
static uint32_t chain_next(const struct synth *synth, const uint8_t *is_used, uint32_t vertex, uint32_t street)
{
	for (uint32_t j = synth->first_at[vertex]; j < synth->first_at[vertex + 1]; j++) {
		uint32_t at = synth->at[j];
		const struct synth_link *link = &synth->links[at / 2];
		if (link->street == street && link->kind != STREET_NONE && !is_used[at / 2])
			return at;
	}
	return NONE;
}

static uint32_t chain_degree(const struct synth *synth, uint32_t vertex, uint32_t street)
{
	uint32_t n = 0;
	for (uint32_t j = synth->first_at[vertex]; j < synth->first_at[vertex + 1]; j++) {
		const struct synth_link *link = &synth->links[synth->at[j] / 2];
		n += link->street == street && link->kind != STREET_NONE;
	}
	return n;
}

static void chain_walk(struct synth *synth, uint8_t *is_used, uint32_t vertex, uint32_t street)
{
	synth->chain_first[synth->n_chains++] = synth->n_chain;
	for (uint32_t at = chain_next(synth, is_used, vertex, street); at != NONE;
	     at = chain_next(synth, is_used, vertex, street)) {
		is_used[at / 2] = 1;
		synth->chain[synth->n_chain++] = at;
		vertex = far_end(synth, at);
	}
}

/* Orders the links of each street end to end; rounds 0: from the ends, 1: what is left are circles. */
static void chains(struct synth *synth)
{
	uint8_t *is_used = synth_alloc(synth, synth->n_links, 1);
	synth->chain = synth_alloc(synth, synth->n_links, sizeof *synth->chain);
	synth->chain_first = synth_alloc(synth, synth->n_links + 1, sizeof *synth->chain_first);
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < synth->n_links; i++) {
			const struct synth_link *link = &synth->links[i];
			if (link->kind == STREET_NONE || is_used[i])
				continue;
			if (round == 1 || chain_degree(synth, link->from, link->street) == 1)
				chain_walk(synth, is_used, link->from, link->street);
			else if (chain_degree(synth, link->to, link->street) == 1)
				chain_walk(synth, is_used, link->to, link->street);
		}
	synth->chain_first[synth->n_chains] = synth->n_chain;
}

void synth_streets(struct synth *synth)
{
	links_gather(synth);
	links_index(synth);
	drop_loose(synth);
	kinds(synth);
	drop_loose(synth); /* what only the market's lanes reached */
	oneways(synth);
	signals(synth);
	restrictions(synth);
	chains(synth);
}
