#include "turns.h"
#include "array.h"
#include "turn_angles.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MOST 64 /* arcs of one restriction via ways */

struct row {
	uint32_t first, n; /* into turns.arcs */
	int32_t cost_ms;   /* -1 forbidden */
	uint8_t mask;
};

struct turns {
	struct build *build;
	const struct roads *roads;
	const struct network *road;
	const struct town_settings *settings;
	struct row *rows;
	size_t n_rows, cap_rows;
	uint32_t *arcs;
	size_t n_arcs, cap_arcs;
	int out_of_memory;
	struct turn_angles angles;
};

static uint32_t time_of(const struct network *network, uint32_t class_index, uint32_t arc)
{
	return network->time_ms[(size_t)class_index * network->n_arcs + arc];
}

/* Classes that may use the arc. */
static unsigned arc_mask(const struct network *network, uint32_t arc)
{
	unsigned mask = 0;

	for (uint32_t c = 0; c < network->n_classes; c++)
		mask |= (time_of(network, c, arc) != TIME_INFINITE ? 1u : 0u) << c;
	return mask;
}

/* Rows for classes that cannot drive the arcs anyway are not written. */
static void add_row(struct turns *turns, const uint32_t *arcs, uint32_t n, int32_t cost_ms, unsigned mask)
{
	struct row row = {(uint32_t)turns->n_arcs, n, cost_ms, 0};

	for (uint32_t i = 0; i < n; i++)
		mask &= arc_mask(turns->road, arcs[i]);
	row.mask = (uint8_t)mask;
	if (!mask || turns->out_of_memory)
		return;
	for (uint32_t i = 0; i < n; i++)
		if (array_push(turns->arcs, turns->n_arcs, turns->cap_arcs, arcs[i]))
			turns->out_of_memory = 1;
	if (array_push(turns->rows, turns->n_rows, turns->cap_rows, row))
		turns->out_of_memory = 1;
}

static void add_pair(struct turns *turns, uint32_t from, uint32_t to, int32_t cost_ms, unsigned mask)
{
	add_row(turns, (uint32_t[]){from, to}, 2, cost_ms, mask);
}

/* --- sorting and merging ------------------------------------------------------------------------------------------ */

static const struct turns *sorted_turns; /* qsort has no context; the compiler is single-threaded */

static int arcs_order(const struct row *a, const struct row *b)
{
	const uint32_t *x = sorted_turns->arcs + a->first, *y = sorted_turns->arcs + b->first;

	for (uint32_t i = 0; i < a->n && i < b->n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return a->n < b->n ? -1 : a->n > b->n;
}

static int row_order(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = arcs_order(a, b);

	if (order)
		return order;
	if (a->cost_ms != b->cost_ms)
		return a->cost_ms < b->cost_ms ? -1 : 1;
	return a->mask < b->mask ? -1 : a->mask > b->mask;
}

/* One forbidden row per sequence; costs only for classes that may turn at all. */
static void merge_rows(struct turns *turns)
{
	size_t n = 0, group = 0;
	unsigned forbidden = 0;

	sorted_turns = turns;
	if (turns->n_rows > 0)
		qsort(turns->rows, turns->n_rows, sizeof *turns->rows, row_order);
	for (size_t i = 0; i < turns->n_rows; i++) {
		struct row row = turns->rows[i];

		if (n == 0 || arcs_order(&turns->rows[group], &row) != 0) {
			group = n;
			forbidden = 0;
		} else if (row.cost_ms == -1 && n > group) {
			turns->rows[group].mask |= row.mask;
			forbidden |= row.mask;
			continue;
		}
		if (row.cost_ms == -1)
			forbidden |= row.mask;
		else
			row.mask &= (uint8_t)~forbidden;
		turns->rows[n] = row;
		n += row.mask != 0 || n == group; /* the head of a group stays for comparison */
	}
	turns->n_rows = n;
}

static uint8_t forbidden_pair(const struct turns *turns, uint32_t from, uint32_t to)
{
	size_t low = 0, high = turns->n_rows;

	while (low < high) { /* first row >= (from, to) */
		size_t middle = low + (high - low) / 2;
		const uint32_t *arcs = turns->arcs + turns->rows[middle].first;

		if (arcs[0] < from || (arcs[0] == from && arcs[1] < to))
			low = middle + 1;
		else
			high = middle;
	}
	if (low < turns->n_rows && turns->rows[low].n == 2 && turns->rows[low].cost_ms == -1) {
		const uint32_t *arcs = turns->arcs + turns->rows[low].first;

		return arcs[0] == from && arcs[1] == to ? turns->rows[low].mask : 0;
	}
	return 0;
}

/* --- restrictions ------------------------------------------------------------------------------------------------- */

struct restriction {
	int64_t id;
	int is_only, is_u_turn;
	unsigned mask;
	uint32_t from[16], to[16], via[CHAIN_MOST]; /* ways */
	uint32_t n_from, n_to, n_via;
	uint32_t via_node; /* network node or NONE */
	int is_incomplete;
};

/* "restriction" or "restriction:bus" of the relation; the classes it is about. */
static const char *restriction_value(const struct turns *turns, struct osm_tags tags, unsigned *ret_mask)
{
	static const char *const modes[] = {"bus", "psv", "motorcar", "motor_vehicle", "vehicle"};
	const struct osm *osm = turns->roads->osm;
	const char *value = osm_tag(osm, tags, "restriction");
	unsigned mask = 0;

	if (value) {
		const char *except = osm_tag(osm, tags, "except");

		for (uint32_t c = 0; c < turns->settings->n_classes; c++)
			mask |= classes_named(except, &turns->settings->classes[c]) ? 0 : 1u << c;
		*ret_mask = mask;
		return value;
	}
	for (size_t i = 0; i < COUNT_OF(modes) && !value; i++) {
		char key[48] = "restriction:";

		value = osm_tag(osm, tags, strcat(key, modes[i]));
		for (uint32_t c = 0; value && c < turns->settings->n_classes; c++)
			mask |= classes_named(modes[i], &turns->settings->classes[c]) ? 1u << c : 0;
	}
	*ret_mask = mask;
	return value;
}

static int read_kind(const char *value, struct restriction *restriction)
{
	static const char *const kinds[] = {"left_turn", "right_turn", "straight_on", "u_turn", "entry", "exit"};
	const char *turn;

	if (strncmp(value, "no_", 3) == 0)
		turn = value + 3;
	else if (strncmp(value, "only_", 5) == 0)
		turn = value + 5;
	else
		return ERR_FORMAT;
	restriction->is_only = value[0] == 'o';
	restriction->is_u_turn = strcmp(turn, "u_turn") == 0;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (strcmp(turn, kinds[i]) == 0)
			return ERR_OK;
	return ERR_FORMAT;
}

static void read_member(const struct turns *turns, uint32_t member, struct restriction *restriction)
{
	const struct osm *osm = turns->roads->osm;
	const char *role = osm_text(osm, osm->member_role[member]);
	uint32_t way = osm->member_type[member] == OSM_WAY ? osm_way(osm, osm->member_id[member]) : NONE;
	uint32_t node = osm->member_type[member] == OSM_NODE ? osm_node(osm, osm->member_id[member]) : NONE;
	int is_from = strcmp(role, "from") == 0, is_to = strcmp(role, "to") == 0, is_via = strcmp(role, "via") == 0;

	if (!is_from && !is_to && !is_via)
		return;
	if (is_from && way != NONE && restriction->n_from < COUNT_OF(restriction->from))
		restriction->from[restriction->n_from++] = way;
	else if (is_to && way != NONE && restriction->n_to < COUNT_OF(restriction->to))
		restriction->to[restriction->n_to++] = way;
	else if (is_via && way != NONE && restriction->n_via < COUNT_OF(restriction->via))
		restriction->via[restriction->n_via++] = way;
	else if (is_via && node != NONE)
		restriction->via_node = turns->roads->node_number[node];
	else
		restriction->is_incomplete = 1;
}

/* May any class use the way? */
static int has_arcs(const struct turns *turns, uint32_t way)
{
	return turns->roads->way_first_arc[way] < turns->roads->way_first_arc[way + 1];
}

static int all_driven(const struct turns *turns, const struct restriction *restriction)
{
	uint32_t n_from = 0, n_to = 0, n_via = 0;

	for (uint32_t i = 0; i < restriction->n_from; i++)
		n_from += (uint32_t)has_arcs(turns, restriction->from[i]);
	for (uint32_t i = 0; i < restriction->n_to; i++)
		n_to += (uint32_t)has_arcs(turns, restriction->to[i]);
	for (uint32_t i = 0; i < restriction->n_via; i++)
		n_via += (uint32_t)has_arcs(turns, restriction->via[i]);
	return n_from && n_to && n_via == restriction->n_via;
}

static int is_to_arc(const struct turns *turns, const struct restriction *restriction, uint32_t arc)
{
	for (uint32_t i = 0; i < restriction->n_to; i++)
		if (arc >= turns->roads->way_first_arc[restriction->to[i]] &&
		    arc < turns->roads->way_first_arc[restriction->to[i] + 1])
			return 1;
	return 0;
}

/* Of the arcs leaving the end of the chain, is this the turn the restriction speaks of? */
static int is_meant(const struct turns *turns, const struct restriction *restriction, const uint32_t *chain, uint32_t n,
		    uint32_t arc)
{
	int is_back = turns->road->reverse_arc[chain[n - 1]] == arc;

	if (!is_to_arc(turns, restriction, arc))
		return 0;
	/* from = to: a U-turn is the way back, anything else is the way on */
	return n > 1 || is_back == (restriction->is_u_turn && restriction->from[0] == restriction->to[0]);
}

static void forbid_next(struct turns *turns, uint32_t *chain, uint32_t n, uint32_t arc, unsigned mask)
{
	chain[n] = arc;
	add_row(turns, chain, n + 1, -1, mask);
}

/* Writes the rows for a chain (from, via ...) that is known to be driven; returns 0 when no turn is meant. */
static int apply_chain(struct turns *turns, const struct restriction *restriction, uint32_t *chain, uint32_t n)
{
	const struct network *road = turns->road;
	uint32_t head = road->head[chain[n - 1]], n_meant = 0, kept[CHAIN_MOST + 2];

	for (uint32_t i = road->first_out[head]; i < road->first_out[head + 1]; i++)
		n_meant += (uint32_t)is_meant(turns, restriction, chain, n, road->out_arc[i]);
	if (n_meant == 0)
		return 0;
	for (uint32_t i = road->first_out[head]; i < road->first_out[head + 1]; i++)
		if (is_meant(turns, restriction, chain, n, road->out_arc[i]) != restriction->is_only)
			forbid_next(turns, chain, n, road->out_arc[i], restriction->mask);
	memcpy(kept, chain, n * sizeof *chain);
	for (uint32_t k = 1; restriction->is_only && k < n; k++) { /* and no leaving the via ways before */
		uint32_t node = road->head[kept[k - 1]];

		for (uint32_t i = road->first_out[node]; i < road->first_out[node + 1]; i++)
			if (road->out_arc[i] != kept[k])
				forbid_next(turns, chain, k, road->out_arc[i], restriction->mask);
		chain[k] = kept[k];
	}
	return 1;
}

static int apply_via_node(struct turns *turns, const struct restriction *restriction)
{
	const struct network *road = turns->road;
	uint32_t chain[CHAIN_MOST + 2], n_into = 0;
	int n_done = 0;

	for (int pass = 0; pass < 2; pass++) /* first count, for "only" needs one clear direction */
		for (uint32_t f = 0; f < restriction->n_from; f++)
			for (uint32_t a = turns->roads->way_first_arc[restriction->from[f]];
			     a < turns->roads->way_first_arc[restriction->from[f] + 1]; a++) {
				if (road->head[a] != restriction->via_node)
					continue;
				n_into += pass == 0;
				chain[0] = a;
				if (pass == 1 && (n_into == restriction->n_from || !restriction->is_only))
					n_done += apply_chain(turns, restriction, chain, 1);
			}
	return n_done;
}

/* Does an arc of the way leave the node? For the last step any "to" way will do. */
static int way_leaves(const struct turns *turns, uint32_t way, uint32_t node)
{
	for (uint32_t a = turns->roads->way_first_arc[way]; a < turns->roads->way_first_arc[way + 1]; a++)
		if (turns->road->tail[a] == node)
			return 1;
	return 0;
}

/* Follows one way from arc on until a node where the next way leaves; appends to chain. 0 = no such node. */
static int follow_way(const struct turns *turns, uint32_t way, uint32_t next_way, uint32_t arc, uint32_t *chain,
		      uint32_t *n)
{
	const struct network *road = turns->road;
	uint32_t first = turns->roads->way_first_arc[way], last = turns->roads->way_first_arc[way + 1];

	for (uint32_t steps = first; steps < last && *n < CHAIN_MOST; steps++) {
		uint32_t next = NONE;

		chain[(*n)++] = arc;
		if (way_leaves(turns, next_way, road->head[arc]))
			return 1;
		for (uint32_t a = first; a < last && next == NONE; a++)
			if (road->tail[a] == road->head[arc] && a != road->reverse_arc[arc])
				next = a;
		if (next == NONE)
			return 0;
		arc = next;
	}
	return 0;
}

/* Extends chain (n arcs) over via ways k .. in order (or the reverse order); 0 = they do not join. */
static int follow_via(const struct turns *turns, const struct restriction *restriction, int reversed, uint32_t k,
		      uint32_t *chain, uint32_t *n)
{
	const struct network *road = turns->road;
	uint32_t n_via = restriction->n_via, way = restriction->via[reversed ? n_via - 1 - k : k], before = *n;
	uint32_t next_way = k + 1 == n_via ? restriction->to[0] : restriction->via[reversed ? n_via - 2 - k : k + 1];

	for (uint32_t a = turns->roads->way_first_arc[way]; a < turns->roads->way_first_arc[way + 1]; a++) {
		if (road->tail[a] != road->head[chain[before - 1]] || a == road->reverse_arc[chain[before - 1]])
			continue;
		*n = before;
		if (follow_way(turns, way, next_way, a, chain, n) &&
		    (k + 1 == n_via || follow_via(turns, restriction, reversed, k + 1, chain, n)))
			return 1;
	}
	*n = before;
	return 0;
}

static int apply_via_ways(struct turns *turns, const struct restriction *restriction)
{
	int n_done = 0;

	for (uint32_t f = 0; f < restriction->n_from; f++)
		for (uint32_t a = turns->roads->way_first_arc[restriction->from[f]];
		     a < turns->roads->way_first_arc[restriction->from[f] + 1]; a++) {
			uint32_t chain[CHAIN_MOST + 2] = {a}, n = 1;

			if (follow_via(turns, restriction, 0, 0, chain, &n) ||
			    (restriction->n_via > 1 && follow_via(turns, restriction, 1, 0, chain, &n)))
				n_done += apply_chain(turns, restriction, chain, n);
		}
	return n_done;
}

static void apply_restriction(struct turns *turns, uint32_t relation)
{
	const struct osm *osm = turns->roads->osm;
	struct report *report = &turns->build->report;
	struct restriction restriction = {.id = osm->relation_id[relation], .via_node = NONE};
	const char *value = restriction_value(turns, osm->relation_tags[relation], &restriction.mask);
	long long id = (long long)restriction.id;
	int n_done;

	if (!value) {
		if (osm_tag(osm, osm->relation_tags[relation], "restriction:conditional"))
			report_add(report, "turn restriction by the hour not read", "relation %lld", id);
		return; /* of other vehicles */
	}
	if (read_kind(value, &restriction)) {
		report_add(report, "turn restriction of an unknown kind", "relation %lld: %.40s", id, value);
		return;
	}
	for (uint32_t i = osm->relation_first[relation]; i < osm->relation_first[relation + 1]; i++)
		read_member(turns, i, &restriction);
	if (restriction.is_incomplete || !restriction.n_from || !restriction.n_to) {
		report_add(report, "turn restriction with members missing from the file", "relation %lld", id);
		return;
	}
	if (!all_driven(turns, &restriction))
		return; /* on ways that no class may use */
	n_done = restriction.n_via > 0		? apply_via_ways(turns, &restriction)
		 : restriction.via_node != NONE ? apply_via_node(turns, &restriction)
						: 0;
	if (n_done == 0)
		report_add(report, "turn restriction without effect: its ways do not meet that way",
			   "relation %lld: %s", id, value);
}

static void add_restrictions(struct turns *turns)
{
	const struct osm *osm = turns->roads->osm;

	for (uint32_t r = 0; r < osm->n_relations; r++) {
		const char *type = osm_tag(osm, osm->relation_tags[r], "type");

		if (type && strcmp(type, "restriction") == 0)
			apply_restriction(turns, r);
	}
}

/* --- the other rows ----------------------------------------------------------------------------------------------- */

static void add_barriers(struct turns *turns)
{
	const struct network *road = turns->road;

	for (uint32_t a = 0; a < road->n_arcs; a++) {
		uint32_t head = road->head[a];

		for (uint32_t i = road->first_out[head]; turns->roads->blocked[head] && i < road->first_out[head + 1];
		     i++)
			if (road->out_arc[i] != road->reverse_arc[a])
				add_pair(turns, a, road->out_arc[i], -1, turns->roads->blocked[head]);
	}
}

/* A row per distinct cost among the classes. */
static void add_cost(struct turns *turns, uint32_t from, uint32_t to, const int64_t *cost_ms, unsigned mask)
{
	for (uint32_t c = 0; c < turns->settings->n_classes; c++) {
		unsigned same = 0;

		if (!(mask >> c & 1))
			continue;
		for (uint32_t k = c; k < turns->settings->n_classes; k++)
			same |= (mask >> k & 1) && cost_ms[k] == cost_ms[c] ? 1u << k : 0;
		if (cost_ms[c] > 0)
			add_pair(turns, from, to, (int32_t)cost_ms[c], same);
		mask &= ~same;
	}
}

/* Waiting at signals, turning left, turning sharply, and what keeps through traffic out of destination-only roads. */
static void add_costs(struct turns *turns)
{
	const struct network *road = turns->road;

	for (uint32_t a = 0; a < road->n_arcs; a++)
		for (uint32_t i = road->first_out[road->head[a]]; i < road->first_out[road->head[a] + 1]; i++) {
			uint32_t b = road->out_arc[i];
			int64_t cost_ms[NETWORK_CLASSES_MAX] = {0};
			int is_left = turn_is_left_across(&turns->angles, a, b);
			int is_sharp = turn_is_sharp(&turns->angles, a, b);

			for (uint32_t c = 0; c < turns->settings->n_classes; c++) {
				const struct class_rules *class_rules = &turns->settings->classes[c];

				cost_ms[c] += road->flags[a] & ARC_SIGNAL ? class_rules->signal_ms : 0;
				cost_ms[c] += is_left ? class_rules->left_ms : 0;
				cost_ms[c] += is_sharp ? class_rules->sharp_ms : 0;
				cost_ms[c] += ~road->flags[a] & road->flags[b] & ARC_PRIVATE
						      ? class_rules->destination_ms
						      : 0;
			}
			add_cost(turns, a, b, cost_ms, 0xff);
		}
}

/* Classes for which nothing but the way back leaves the head of the arc. */
static unsigned dead_end_mask(const struct turns *turns, uint32_t arc)
{
	const struct network *road = turns->road;
	unsigned on = 0;

	for (uint32_t i = road->first_out[road->head[arc]]; i < road->first_out[road->head[arc] + 1]; i++) {
		uint32_t next = road->out_arc[i];

		if (next != road->reverse_arc[arc])
			on |= arc_mask(road, next) & ~(unsigned)forbidden_pair(turns, arc, next);
	}
	return ~on;
}

static void add_u_turns(struct turns *turns)
{
	const struct network *road = turns->road;
	size_t n_rows = turns->n_rows; /* forbidden_pair looks only at these, which are sorted */
	struct turns known = *turns;

	known.n_rows = n_rows;
	for (uint32_t a = 0; a < road->n_arcs; a++) {
		uint32_t back = road->reverse_arc[a];
		int64_t cost_ms[NETWORK_CLASSES_MAX] = {0};
		unsigned dead_end, forbidden = 0;

		if (back == NONE)
			continue;
		known.rows = turns->rows;
		known.arcs = turns->arcs;
		dead_end = dead_end_mask(&known, a);
		for (uint32_t c = 0; c < turns->settings->n_classes; c++) {
			const struct class_rules *class_rules = &turns->settings->classes[c];

			cost_ms[c] = class_rules->u_turn_ms;
			if (class_rules->u_turns == U_TURNS_NEVER ||
			    (class_rules->u_turns == U_TURNS_DEAD_ENDS && !(dead_end >> c & 1)))
				forbidden |= 1u << c;
		}
		add_pair(turns, a, back, -1, forbidden);
		add_cost(turns, a, back, cost_ms, ~forbidden);
	}
}

/* --- columns ------------------------------------------------------------------------------------------------------ */

static int store(struct turns *turns)
{
	struct network *road = &turns->build->town.road;
	size_t n = turns->n_rows, n_arcs = 0;
	uint32_t *first = build_alloc(turns->build, n + 1, sizeof *first);
	uint32_t *arcs = build_alloc(turns->build, turns->n_arcs, sizeof *arcs);
	int32_t *cost = build_alloc(turns->build, n, sizeof *cost);
	uint8_t *mask = build_alloc(turns->build, n, sizeof *mask);
	uint32_t n_kept = 0;

	if (!first || !arcs || !cost || !mask)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &turns->rows[i];

		if (!row->mask)
			continue;
		memcpy(arcs + n_arcs, turns->arcs + row->first, row->n * sizeof *arcs);
		n_arcs += row->n;
		cost[n_kept] = row->cost_ms;
		mask[n_kept] = row->mask;
		first[++n_kept] = (uint32_t)n_arcs;
	}
	road->n_turns = n_kept;
	road->n_turn_arcs = (uint32_t)n_arcs;
	road->turn_first = first;
	road->turn_arcs = arcs;
	road->turn_cost_ms = cost;
	road->turn_mask = mask;
	return ERR_OK;
}

int turns_none(struct build *build, struct network *network)
{
	uint32_t *first = build_alloc(build, 1, sizeof *first);
	int32_t *cost = build_alloc(build, 0, sizeof *cost);

	if (!first || !cost)
		return ERR_MEMORY;
	network->n_turns = network->n_turn_arcs = 0;
	network->turn_first = network->turn_arcs = first;
	network->turn_cost_ms = cost;
	network->turn_mask = (const uint8_t *)cost;
	return ERR_OK;
}

int turns_build(struct build *build, const struct roads *roads, const struct town_settings *settings)
{
	struct turns turns = {.build = build, .roads = roads, .road = &build->town.road, .settings = settings};
	int code = turn_angles_open(&turns.angles, &build->town.road);

	turns.out_of_memory = code;
	add_restrictions(&turns);
	add_barriers(&turns);
	if (!turns.out_of_memory)
		merge_rows(&turns);
	add_u_turns(&turns);
	if (!turns.out_of_memory)
		add_costs(&turns);
	if (!turns.out_of_memory)
		merge_rows(&turns);
	code = turns.out_of_memory ? ERR_MEMORY : store(&turns);
	turn_angles_close(&turns.angles);
	free(turns.rows);
	free(turns.arcs);
	return code;
}
