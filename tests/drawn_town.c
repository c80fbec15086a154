#include "drawn_town.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

#define ROWS_MAX 256
#define CELL_MM 50000u
#define SHUTTLE_KMH 18u
#define VAN_KMH 36u
#define WALK_MM_PER_S 1300u
#define ARENA_SIZE ((size_t)64 << 20)

static void wrong(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void wrong(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("drawn town: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	abort();
}

struct line {
	const char *text;
	uint32_t n;
};

/* A network under construction: struct network has const columns. Shapes are always two points. */
struct draft {
	struct arena *arena;
	uint32_t n_nodes, n_arcs;
	struct geo_xy *xy; /* of nodes */
	uint32_t *tail, *head, *reverse, *name;
	uint8_t *flags;
};

/* Everything while a town is drawn */
struct pencil {
	struct drawn_town *drawn;
	const struct drawn_options *options;
	uint32_t metres;
	struct line rows[ROWS_MAX];
	uint32_t n_rows;
	char letter_of_node[ROWS_MAX * 64];
	uint32_t *node_of_place; /* [n_rows * ROWS_MAX] */
	struct draft draft;
	uint32_t *string_first;
	char *string_bytes;
};

static void *take(struct arena *arena, size_t count, size_t size)
{
	void *memory = arena_take(arena, count ? count : 1, size);
	if (!memory)
		wrong("too large");
	return memory;
}

/* --- strings ------------------------------------------------------------------------------------------------------ */

#define STRINGS_MAX 65536u
#define STRING_BYTES_MAX (1u << 20)

static uint32_t string(struct pencil *pencil, const char *text)
{
	struct town *town = &pencil->drawn->town;
	for (uint32_t i = 0; i < town->n_strings; i++)
		if (strcmp(pencil->string_bytes + pencil->string_first[i], text) == 0)
			return i;
	size_t n = strlen(text) + 1;
	if (town->n_strings + 1 >= STRINGS_MAX || town->n_string_bytes + n > STRING_BYTES_MAX)
		wrong("too many strings");
	memcpy(pencil->string_bytes + town->n_string_bytes, text, n);
	town->n_string_bytes += (uint32_t)n;
	pencil->string_first[++town->n_strings] = town->n_string_bytes;
	return town->n_strings - 1;
}

static void open_strings(struct pencil *pencil)
{
	struct town *town = &pencil->drawn->town;
	town->string_first = pencil->string_first = take(&pencil->drawn->arena, STRINGS_MAX, sizeof(uint32_t));
	town->string_bytes = pencil->string_bytes = take(&pencil->drawn->arena, STRING_BYTES_MAX, 1);
	string(pencil, "");
}

/* --- the drawing -------------------------------------------------------------------------------------------------- */

static void split_rows(struct pencil *pencil)
{
	for (const char *at = pencil->options->drawing; *at;) {
		size_t n = strcspn(at, "\n");
		if (pencil->n_rows == ROWS_MAX || n > ROWS_MAX)
			wrong("more than %d rows or columns", ROWS_MAX);
		pencil->rows[pencil->n_rows++] = (struct line){.text = at, .n = (uint32_t)n};
		at += n;
		at += *at == '\n';
	}
}

static char sign_at(const struct pencil *pencil, uint32_t row, uint32_t column)
{
	if (row >= pencil->n_rows || column >= pencil->rows[row].n)
		return ' ';
	return pencil->rows[row].text[column];
}

static int is_letter(char sign)
{
	return ((sign >= 'a' && sign <= 'z') || (sign >= 'A' && sign <= 'Z')) && sign != 'v';
}

static void add_node(struct pencil *pencil, uint32_t row, uint32_t column, char sign)
{
	struct draft *draft = &pencil->draft;
	uint32_t node = draft->n_nodes++;
	int64_t mm = (int64_t)pencil->metres * 1000;
	if (node == COUNT_OF(pencil->letter_of_node))
		wrong("too many junctions");
	draft->xy[node] = (struct geo_xy){.x_mm = (int32_t)(column * mm), .y_mm = (int32_t) - (row * mm)};
	pencil->letter_of_node[node] = sign;
	pencil->node_of_place[row * ROWS_MAX + column] = node;
	if (sign == '+')
		return;
	if (pencil->drawn->node_of_letter[(int)sign] != NONE)
		wrong("letter %c stands twice", sign);
	pencil->drawn->node_of_letter[(int)sign] = node;
}

static void find_nodes(struct pencil *pencil)
{
	for (uint32_t row = 0; row < pencil->n_rows; row++) {
		for (uint32_t column = 0; column < pencil->rows[row].n; column++) {
			char sign = sign_at(pencil, row, column);
			if (is_letter(sign) || sign == '+')
				add_node(pencil, row, column, sign);
			else if (!strchr(" -|=:<>^v", sign))
				wrong("row %u, column %u: sign '%c' means nothing", row, column, sign);
		}
	}
	if (!pencil->draft.n_nodes)
		wrong("no junction");
}

static uint32_t add_arc(struct draft *draft, uint32_t tail, uint32_t head, uint32_t name, int no_stopping)
{
	uint32_t arc = draft->n_arcs++;
	draft->tail[arc] = tail;
	draft->head[arc] = head;
	draft->reverse[arc] = NONE;
	draft->name[arc] = name;
	draft->flags[arc] = no_stopping ? ARC_NO_STOPPING : 0;
	return arc;
}

static uint32_t street_name(struct pencil *pencil, uint32_t a, uint32_t b)
{
	char name[3] = {pencil->letter_of_node[a], pencil->letter_of_node[b]};
	return name[0] == '+' || name[1] == '+' ? NONE : string(pencil, name);
}

/* The street that leaves a node to the right or downward, if there is one. The signs: two-way, no stopping, along,
 * against */
static void follow_street(struct pencil *pencil, uint32_t row, uint32_t column, int down, const char signs[4])
{
	uint32_t from = pencil->node_of_place[row * ROWS_MAX + column], start_row = row, start_column = column;
	int no_stopping = 0, along = 1, against = 1;
	for (;;) {
		row += (uint32_t)down;
		column += (uint32_t)!down;
		char sign = sign_at(pencil, row, column);
		if (is_letter(sign) || sign == '+')
			break;
		int nothing = row + column == start_row + start_column + 1;
		if (sign == ' ' || !memchr(signs, sign, 4)) {
			if (nothing)
				return;
			wrong("row %u, column %u: a street ends without a junction", row, column);
		}
		no_stopping |= sign == signs[1];
		against &= sign != signs[2];
		along &= sign != signs[3];
	}
	if (row + column == start_row + start_column + 1)
		return; /* letters side by side are not joined */
	if (!along && !against)
		wrong("row %u, column %u: a street is one-way in both directions", row, column);
	struct draft *draft = &pencil->draft;
	uint32_t to = pencil->node_of_place[row * ROWS_MAX + column], name = street_name(pencil, from, to);
	uint32_t there = along ? add_arc(draft, from, to, name, no_stopping) : NONE;
	uint32_t back = against ? add_arc(draft, to, from, name, no_stopping) : NONE;
	if (there != NONE && back != NONE) {
		draft->reverse[there] = back;
		draft->reverse[back] = there;
	}
}

static void find_streets(struct pencil *pencil)
{
	for (uint32_t row = 0; row < pencil->n_rows; row++) {
		for (uint32_t column = 0; column < pencil->rows[row].n; column++) {
			char sign = sign_at(pencil, row, column);
			if (!is_letter(sign) && sign != '+')
				continue;
			follow_street(pencil, row, column, 0, "-=><");
			follow_street(pencil, row, column, 1, "|:v^");
		}
	}
}

static void open_draft(struct draft *draft, struct arena *arena, uint32_t nodes_max, uint32_t arcs_max)
{
	*draft = (struct draft){.arena = arena};
	draft->xy = take(arena, nodes_max, sizeof *draft->xy);
	draft->tail = take(arena, arcs_max, sizeof *draft->tail);
	draft->head = take(arena, arcs_max, sizeof *draft->head);
	draft->reverse = take(arena, arcs_max, sizeof *draft->reverse);
	draft->name = take(arena, arcs_max, sizeof *draft->name);
	draft->flags = take(arena, arcs_max, sizeof *draft->flags);
}

/* --- from draft to network ---------------------------------------------------------------------------------------- */

struct geo_point drawn_point_of(struct geo_xy xy)
{
	/* 11.1319 mm per 1e-7 degrees in latitude, times cos(49.4 degrees) = 0.65077 in longitude */
	return (struct geo_point){.lat_e7 = (int32_t)(494000000 + (int64_t)xy.y_mm * 10000 / 111319),
				  .lon_e7 = (int32_t)(86800000 + (int64_t)xy.x_mm * 10000 / 72443)};
}

static void set_out_arcs(const struct draft *draft, struct network *network)
{
	uint32_t *first = take(draft->arena, draft->n_nodes + 1, sizeof *first);
	uint32_t *out = take(draft->arena, draft->n_arcs, sizeof *out), n = 0;
	for (uint32_t node = 0; node < draft->n_nodes; node++) {
		first[node] = n;
		for (uint32_t arc = 0; arc < draft->n_arcs; arc++)
			if (draft->tail[arc] == node)
				out[n++] = arc;
	}
	first[draft->n_nodes] = n;
	network->first_out = first;
	network->out_arc = out;
}

static void set_shapes(const struct draft *draft, struct network *network)
{
	struct geo_point *node_point = take(draft->arena, draft->n_nodes, sizeof *node_point);
	uint32_t *first = take(draft->arena, draft->n_arcs + 1, sizeof *first);
	uint32_t *dist = take(draft->arena, draft->n_arcs, sizeof *dist);
	struct geo_xy *xy = take(draft->arena, 2 * draft->n_arcs, sizeof *xy);
	struct geo_point *point = take(draft->arena, 2 * draft->n_arcs, sizeof *point);
	for (uint32_t node = 0; node < draft->n_nodes; node++)
		node_point[node] = drawn_point_of(draft->xy[node]);
	for (uint32_t arc = 0; arc < draft->n_arcs; arc++) {
		xy[2 * arc] = draft->xy[draft->tail[arc]];
		xy[2 * arc + 1] = draft->xy[draft->head[arc]];
		point[2 * arc] = node_point[draft->tail[arc]];
		point[2 * arc + 1] = node_point[draft->head[arc]];
		first[arc + 1] = 2 * (arc + 1);
		dist[arc] = (uint32_t)geo_distance_mm(xy[2 * arc], xy[2 * arc + 1]);
	}
	network->node_point = node_point;
	network->n_shape_points = 2 * draft->n_arcs;
	network->shape_first = first;
	network->shape_xy = xy;
	network->shape_point = point;
	network->dist_mm = dist;
}

/* All nodes that can be reached from a node, or from which it can be reached */
static void reach(const struct draft *draft, uint32_t from, int backward, uint8_t *ret_seen)
{
	memset(ret_seen, 0, draft->n_nodes);
	ret_seen[from] = 1;
	for (int changed = 1; changed;) {
		changed = 0;
		for (uint32_t arc = 0; arc < draft->n_arcs; arc++) {
			uint32_t a = backward ? draft->head[arc] : draft->tail[arc];
			uint32_t b = backward ? draft->tail[arc] : draft->head[arc];
			if (ret_seen[a] && !ret_seen[b])
				ret_seen[b] = 1, changed = 1;
		}
	}
}

/* Marks the nodes of the largest strongly connected part, of equal ones that with the lowest node. */
static uint8_t *main_nodes(const struct draft *draft)
{
	uint8_t *best = take(draft->arena, draft->n_nodes, 1), *done = take(draft->arena, draft->n_nodes, 1);
	uint8_t *to = take(draft->arena, draft->n_nodes, 1), *from = take(draft->arena, draft->n_nodes, 1);
	uint32_t n_best = 0;
	for (uint32_t node = 0; node < draft->n_nodes; node++) {
		if (done[node])
			continue;
		uint32_t n = 0;
		reach(draft, node, 0, to);
		reach(draft, node, 1, from);
		for (uint32_t i = 0; i < draft->n_nodes; i++) {
			from[i] &= to[i];
			done[i] |= from[i];
			n += from[i];
		}
		if (n <= n_best)
			continue;
		n_best = n;
		memcpy(best, from, draft->n_nodes);
	}
	return best;
}

static void set_times(const struct draft *draft, struct network *network, const uint32_t *mm_per_s)
{
	uint32_t *times = take(draft->arena, (size_t)network->n_classes * draft->n_arcs, sizeof *times);
	uint8_t *masks = take(draft->arena, draft->n_arcs, 1), *main = main_nodes(draft);
	for (uint32_t arc = 0; arc < draft->n_arcs; arc++) {
		for (uint32_t c = 0; c < network->n_classes; c++)
			times[c * draft->n_arcs + arc] =
				(uint32_t)(((uint64_t)network->dist_mm[arc] * 1000 + mm_per_s[c] - 1) / mm_per_s[c]);
		if (main[draft->tail[arc]] && main[draft->head[arc]])
			masks[arc] = (uint8_t)((1u << network->n_classes) - 1);
	}
	network->time_ms = times;
	network->main_mask = masks;
}

static uint32_t cell_of(int64_t mm)
{
	return (uint32_t)(mm / CELL_MM);
}

static int touches(const struct draft *draft, uint32_t arc, struct geo_xy origin, uint32_t column, uint32_t row)
{
	struct geo_xy a = draft->xy[draft->tail[arc]], b = draft->xy[draft->head[arc]];
	int32_t x_low = a.x_mm < b.x_mm ? a.x_mm : b.x_mm, x_high = a.x_mm < b.x_mm ? b.x_mm : a.x_mm;
	int32_t y_low = a.y_mm < b.y_mm ? a.y_mm : b.y_mm, y_high = a.y_mm < b.y_mm ? b.y_mm : a.y_mm;
	return cell_of((int64_t)x_low - origin.x_mm) <= column && column <= cell_of((int64_t)x_high - origin.x_mm) &&
	       cell_of((int64_t)y_low - origin.y_mm) <= row && row <= cell_of((int64_t)y_high - origin.y_mm);
}

static void set_grid(const struct draft *draft, struct network *network)
{
	struct geo_xy low = {0, 0}, high = {0, 0};
	for (uint32_t node = 0; node < draft->n_nodes; node++) {
		low.y_mm = draft->xy[node].y_mm < low.y_mm ? draft->xy[node].y_mm : low.y_mm;
		high.x_mm = draft->xy[node].x_mm > high.x_mm ? draft->xy[node].x_mm : high.x_mm;
	}
	network->grid_origin = low;
	network->grid_cell_mm = CELL_MM;
	network->grid_columns = cell_of((int64_t)high.x_mm - low.x_mm) + 1;
	network->grid_rows = cell_of((int64_t)high.y_mm - low.y_mm) + 1;
	network->n_grid_cells = network->grid_columns * network->grid_rows;
	uint32_t *first = take(draft->arena, network->n_grid_cells + 1, sizeof *first), n = 0;
	for (uint32_t cell = 0; cell < network->n_grid_cells; cell++)
		for (uint32_t arc = 0; arc < draft->n_arcs; arc++)
			n += (uint32_t)touches(draft, arc, low, cell % network->grid_columns,
					       cell / network->grid_columns);
	uint32_t *items = take(draft->arena, n, sizeof *items);
	n = 0;
	for (uint32_t cell = 0; cell < network->n_grid_cells; cell++) {
		for (uint32_t arc = 0; arc < draft->n_arcs; arc++)
			if (touches(draft, arc, low, cell % network->grid_columns, cell / network->grid_columns))
				items[n++] = arc;
		first[cell + 1] = n;
	}
	network->grid_first = first;
	network->grid_arc = items;
	network->n_grid_items = n;
}

static void make_network(const struct draft *draft, struct network *network, uint32_t n_classes,
			 const uint32_t *mm_per_s)
{
	uint8_t *kind = take(draft->arena, draft->n_arcs, 1), *speed = take(draft->arena, draft->n_arcs, 1);
	int64_t *way = take(draft->arena, draft->n_arcs, sizeof *way);
	uint32_t *no_turn = take(draft->arena, 1, sizeof *no_turn);
	for (uint32_t arc = 0; arc < draft->n_arcs; arc++) {
		uint32_t reverse = draft->reverse[arc];
		kind[arc] = draft->flags[arc] & ARC_NO_STOPPING ? ROAD_TERTIARY : ROAD_RESIDENTIAL;
		speed[arc] = 50;
		way[arc] = 1 + (reverse < arc ? reverse : arc);
	}
	*network = (struct network){.n_nodes = draft->n_nodes,
				    .n_arcs = draft->n_arcs,
				    .n_classes = n_classes,
				    .tail = draft->tail,
				    .head = draft->head,
				    .reverse_arc = draft->reverse,
				    .name = draft->name,
				    .flags = draft->flags,
				    .kind = kind,
				    .speed_kmh = speed,
				    .osm_way = way,
				    .turn_first = no_turn};
	set_out_arcs(draft, network);
	set_shapes(draft, network);
	set_times(draft, network, mm_per_s);
	set_grid(draft, network);
}

static void make_walk(struct pencil *pencil)
{
	const struct draft *road = &pencil->draft;
	struct draft walk;
	open_draft(&walk, road->arena, road->n_nodes, 2 * road->n_arcs);
	walk.n_nodes = road->n_nodes;
	memcpy(walk.xy, road->xy, road->n_nodes * sizeof *road->xy);
	for (uint32_t arc = 0; arc < road->n_arcs; arc++) {
		if (road->reverse[arc] < arc)
			continue;
		uint32_t there = add_arc(&walk, road->tail[arc], road->head[arc], road->name[arc], 0);
		uint32_t back = add_arc(&walk, road->head[arc], road->tail[arc], road->name[arc], 0);
		walk.reverse[there] = back;
		walk.reverse[back] = there;
	}
	uint32_t mm_per_s = WALK_MM_PER_S;
	make_network(&walk, &pencil->drawn->town.walk, 1, &mm_per_s);
}

/* --- turns -------------------------------------------------------------------------------------------------------- */

static uint32_t arc_between(const struct network *network, uint32_t tail, uint32_t head)
{
	for (uint32_t i = network->first_out[tail]; i < network->first_out[tail + 1]; i++)
		if (network->head[network->out_arc[i]] == head)
			return network->out_arc[i];
	return NONE;
}

#define TURNS_MAX 1024u

static void make_turns(struct pencil *pencil)
{
	struct network *road = &pencil->drawn->town.road;
	struct arena *arena = &pencil->drawn->arena;
	uint32_t *first = take(arena, TURNS_MAX + 1, sizeof *first), *arcs = take(arena, 8 * TURNS_MAX, sizeof *arcs);
	int32_t *cost = take(arena, TURNS_MAX, sizeof *cost);
	uint8_t *mask = take(arena, TURNS_MAX, 1);
	uint32_t n = 0, n_arcs = 0;
	for (const char *at = pencil->options->turns ? pencil->options->turns : ""; *at; at += strspn(at, " \n")) {
		size_t letters = strcspn(at, ": \n");
		if (n == TURNS_MAX || n_arcs + letters > 8 * TURNS_MAX || letters < 3)
			wrong("turns \"%s\": too many, or fewer than three junctions", at);
		for (size_t i = 0; i + 1 < letters; i++)
			arcs[n_arcs++] = drawn_arc(pencil->drawn, at[i], at[i + 1]);
		at += letters;
		cost[n] = *at == ':' ? (int32_t)strtol(at + 1, NULL, 10) : -1;
		mask[n] = 0xff;
		first[++n] = n_arcs;
		at += strcspn(at, " \n");
	}
	road->n_turns = n;
	road->n_turn_arcs = n_arcs;
	road->turn_first = first;
	road->turn_arcs = arcs;
	road->turn_cost_ms = cost;
	road->turn_mask = mask;
}

/* --- classes, needs, rules ---------------------------------------------------------------------------------------- */

static void make_classes(struct pencil *pencil)
{
	struct town *town = &pencil->drawn->town;
	struct arena *arena = &pencil->drawn->arena;
	uint32_t *name = take(arena, 2, 4), *speed = take(arena, 2, 4), *energy = take(arena, 2, 4);
	name[0] = string(pencil, "shuttle");
	name[1] = string(pencil, "van");
	speed[0] = SHUTTLE_KMH;
	speed[1] = VAN_KMH;
	energy[0] = 250;
	energy[1] = 300;
	town->n_classes = pencil->options->van ? 2 : 1;
	town->class_name = name;
	town->class_speed_kmh = speed;
	town->class_wh_per_km = energy;
}

static const struct {
	const char *key, *de, *en;
	uint8_t space[3]; /* seat, wheelchair, luggage */
	uint32_t boarding_ms;
	uint8_t flags;
} need_rows[] = {
	{"seat", "Sitzplatz", "seat", {1, 0, 0}, 5000, NEED_IS_PERSON},
	{"companion", "Begleitperson", "companion", {1, 0, 0}, 5000, NEED_IS_PERSON},
	{"wheelchair", "Rollstuhl", "wheelchair", {0, 1, 0}, 60000, NEED_IS_PERSON | NEED_STEP_FREE},
	{"walker", "Rollator", "walker", {1, 0, 1}, 20000, NEED_IS_PERSON | NEED_STEP_FREE},
	{"pram", "Kinderwagen", "pram", {0, 0, 1}, 15000, NEED_STEP_FREE},
	{"dog", "Assistenzhund", "assistance dog", {0, 0, 0}, 3000, 0},
};

static void make_needs(struct pencil *pencil)
{
	struct town *town = &pencil->drawn->town;
	struct arena *arena = &pencil->drawn->arena;
	uint32_t n = COUNT_OF(need_rows), *space = take(arena, 3, 4), *name = take(arena, n, 4),
		 *de = take(arena, n, 4);
	uint32_t *en = take(arena, n, 4), *boarding = take(arena, n, 4);
	uint8_t *units = take(arena, 3 * n, 1), *flags = take(arena, n, 1);
	space[0] = string(pencil, "seat");
	space[1] = string(pencil, "wheelchair");
	space[2] = string(pencil, "luggage");
	for (uint32_t i = 0; i < n; i++) {
		name[i] = string(pencil, need_rows[i].key);
		de[i] = string(pencil, need_rows[i].de);
		en[i] = string(pencil, need_rows[i].en);
		memcpy(units + 3 * i, need_rows[i].space, 3);
		boarding[i] = need_rows[i].boarding_ms;
		flags[i] = need_rows[i].flags;
	}
	town->n_spaces = 3;
	town->n_needs = n;
	town->space_name = space;
	town->need_name = name;
	town->need_label_de = de;
	town->need_label_en = en;
	town->need_space = units;
	town->need_boarding_ms = boarding;
	town->need_flags = flags;
}

static void make_rules(struct pencil *pencil)
{
	struct town *town = &pencil->drawn->town;
	town->rules = (struct town_rules){
		.pickup_window_ms = 600000,
		.arrival_extra_ms = 600000,
		.arrival_extra_permille = 500,
		.ride_time_extra_ms = 600000,
		.ride_time_permille = 1500,
		.stop_ms = 15000,
		.walk_max_mm = 500000,
		.walk_mm_per_s = WALK_MM_PER_S,
		.no_show_wait_ms = 120000,
		.coming_extra_ms = 120000,
		.prebook_max_ms = 1209600000,
		.wait_max_ms = 3600000,
		.transfer_ms = 120000,
		.fare_cents = 300,
		.service_from_s = 0,
		.service_to_s = 2 * 86400,
	};
	town->name = string(pencil, "Drawn Town");
	town->time_zone = string(pencil, "Etc/GMT-2");
	town->crs = string(pencil, "EPSG:32632");
	town->generated = string(pencil, "drawn for a test");
	town->fallback_name = string(pencil, "Taxi Drawn");
	town->fallback_phone = string(pencil, "+49 0000 1");
	town->phone = string(pencil, "+49 0000 2");
	town->origin = drawn_point_of((struct geo_xy){0, 0});
	town->box_low = town->box_high = town->road.node_point[0];
	for (uint32_t i = 1; i < town->road.n_nodes; i++) {
		struct geo_point p = town->road.node_point[i];
		town->box_low.lat_e7 = p.lat_e7 < town->box_low.lat_e7 ? p.lat_e7 : town->box_low.lat_e7;
		town->box_low.lon_e7 = p.lon_e7 < town->box_low.lon_e7 ? p.lon_e7 : town->box_low.lon_e7;
		town->box_high.lat_e7 = p.lat_e7 > town->box_high.lat_e7 ? p.lat_e7 : town->box_high.lat_e7;
		town->box_high.lon_e7 = p.lon_e7 > town->box_high.lon_e7 ? p.lon_e7 : town->box_high.lon_e7;
	}
}

/* Every named junction can be searched for as "Platz A". */
static void make_addresses(struct pencil *pencil)
{
	struct town *town = &pencil->drawn->town;
	struct arena *arena = &pencil->drawn->arena;
	uint32_t *text = take(arena, 64, 4), *key = take(arena, 64, 4), n = 0;
	struct geo_point *point = take(arena, 64, sizeof *point);
	uint8_t *kind = take(arena, 64, 1);
	for (char low = 'a'; low <= 'z'; low++) {
		for (int upper = 0; upper < 2; upper++) {
			char letter = (char)(upper ? low - 'a' + 'A' : low), words[] = "Platz ?", folded[32];
			uint32_t node = pencil->drawn->node_of_letter[(int)letter];
			if (node == NONE)
				continue;
			words[6] = letter;
			town_fold(words, folded, sizeof folded);
			text[n] = string(pencil, words);
			key[n] = string(pencil, folded);
			point[n] = town->road.node_point[node];
			kind[n++] = ADDRESS_PLACE;
		}
	}
	town->n_addresses = n;
	town->address_text = text;
	town->address_key = key;
	town->address_point = point;
	town->address_kind = kind;
	town->area_first = take(arena, 1, 4);
	town->shape_first = take(arena, 1, 4);
}

/* --- timetable ---------------------------------------------------------------------------------------------------- */

#define TRANSIT_STOPS_MAX 256u
#define TRIPS_MAX 1024u
#define EVENTS_MAX 16384u

struct transit_draft {
	uint32_t *stop_feed, *stop_id, *stop_name, *stop_platform, *stop_parent;
	uint8_t *stop_type, *stop_wheelchair;
	struct geo_point *stop_point;
	struct spot *stop_road, *stop_walk;
	uint32_t *route_feed, *route_agency, *route_id, *route_short_name, *route_long_name, *route_color;
	uint16_t *route_type;
	uint32_t *trip_feed, *trip_id, *trip_route, *trip_service, *trip_headsign, *trip_short_name, *trip_first;
	int32_t *trip_start_s, *arrival, *departure;
	uint8_t *trip_wheelchair, *trip_direction, *pickup, *dropoff;
	uint32_t *time_stop, *sequence, *event_trip;
	uint32_t n_stops, n_routes, n_trips, n_events;
};

/* "08:00[:30]" as seconds; *at moves behind it */
static int32_t parse_time(const char **at)
{
	int hours, minutes, seconds = 0, n = 0, more = 0;
	if (sscanf(*at, "%d:%d%n", &hours, &minutes, &n) != 2)
		wrong("\"%s\" is not a time", *at);
	*at += n;
	if (sscanf(*at, ":%d%n", &seconds, &more) == 1)
		*at += more;
	return hours * 3600 + minutes * 60 + seconds;
}

static uint32_t find_string(const uint32_t *column, uint32_t n, uint32_t wanted)
{
	for (uint32_t i = 0; i < n; i++)
		if (column[i] == wanted)
			return i;
	return NONE;
}

static struct spot spot_at_node(const struct network *network, uint32_t node)
{
	if (network->first_out[node] == network->first_out[node + 1])
		return (struct spot){.arc = NONE};
	return (struct spot){.arc = network->out_arc[network->first_out[node]]};
}

static void add_transit_stop(struct pencil *pencil, struct transit_draft *transit, const char *id, const char *letter)
{
	uint32_t stop = transit->n_stops++, node = drawn_node(pencil->drawn, letter[0]);
	if (stop == TRANSIT_STOPS_MAX)
		wrong("too many timetable stops");
	transit->stop_id[stop] = transit->stop_name[stop] = string(pencil, id);
	transit->stop_parent[stop] = NONE;
	transit->stop_wheelchair[stop] = 1;
	transit->stop_point[stop] = pencil->drawn->town.road.node_point[node];
	transit->stop_road[stop] = spot_at_node(&pencil->drawn->town.road, node);
	transit->stop_walk[stop] = spot_at_node(&pencil->drawn->town.walk, node);
}

static uint32_t route_of(struct pencil *pencil, struct transit_draft *transit, const char *name)
{
	uint32_t id = string(pencil, name), route = find_string(transit->route_id, transit->n_routes, id);
	if (route != NONE)
		return route;
	if (transit->n_routes == TRIPS_MAX)
		wrong("too many routes");
	route = transit->n_routes++;
	transit->route_id[route] = transit->route_short_name[route] = id;
	transit->route_type[route] = 3;
	return route;
}

static const char *add_event(struct pencil *pencil, struct transit_draft *transit, const char *at)
{
	char id[64];
	int n = 0;
	uint32_t event = transit->n_events++, trip = transit->n_trips - 1;
	if (event == EVENTS_MAX || sscanf(at, " %63s %n", id, &n) != 1)
		wrong("timetable: too many stop times, or none at \"%s\"", at);
	at += n;
	transit->time_stop[event] = find_string(transit->stop_id, transit->n_stops, string(pencil, id));
	if (transit->time_stop[event] == NONE)
		wrong("timetable: stop %s is not there", id);
	transit->arrival[event] = transit->departure[event] = parse_time(&at);
	if (*at == '/') {
		at++;
		transit->departure[event] = parse_time(&at);
	}
	transit->event_trip[event] = trip;
	transit->sequence[event] = event - transit->trip_first[trip] + 1;
	transit->trip_first[trip + 1] = event + 1;
	return at;
}

static void add_trip(struct pencil *pencil, struct transit_draft *transit, const char *at, const char *end)
{
	char id[64], route[64];
	int n = 0;
	if (transit->n_trips == TRIPS_MAX || sscanf(at, "trip %63s %63s%n", id, route, &n) != 2)
		wrong("timetable: \"%s\"", at);
	uint32_t trip = transit->n_trips++;
	transit->trip_id[trip] = string(pencil, id);
	transit->trip_route[trip] = route_of(pencil, transit, route);
	transit->trip_start_s[trip] = -1;
	transit->trip_first[trip + 1] = transit->n_events;
	for (at += n; at + strspn(at, " \t") < end;)
		at = add_event(pencil, transit, at);
}

static void parse_timetable(struct pencil *pencil, struct transit_draft *transit)
{
	for (const char *at = pencil->options->timetable ? pencil->options->timetable : ""; *at;) {
		const char *end = at + strcspn(at, "\n");
		char id[64], letter[8];
		at += strspn(at, " \t");
		if (at < end && strncmp(at, "trip ", 5) == 0)
			add_trip(pencil, transit, at, end);
		else if (at < end && sscanf(at, "stop %63s %7s", id, letter) == 2)
			add_transit_stop(pencil, transit, id, letter);
		else if (at < end)
			wrong("timetable: \"%s\"", at);
		at = end + (*end == '\n');
	}
}

static void open_transit(struct arena *arena, struct transit_draft *t)
{
	uint32_t **stops[] = {&t->stop_feed, &t->stop_id, &t->stop_name, &t->stop_platform, &t->stop_parent};
	uint32_t **trips[] = {&t->route_feed,	   &t->route_agency, &t->route_id,	&t->route_short_name,
			      &t->route_long_name, &t->route_color,  &t->trip_feed,	&t->trip_id,
			      &t->trip_route,	   &t->trip_service, &t->trip_headsign, &t->trip_short_name,
			      &t->trip_first};
	uint32_t **events[] = {&t->time_stop, &t->sequence, &t->event_trip};
	uint8_t **flags[] = {&t->stop_type,	 &t->stop_wheelchair, &t->trip_wheelchair,
			     &t->trip_direction, &t->pickup,	      &t->dropoff};
	for (size_t i = 0; i < COUNT_OF(stops); i++)
		*stops[i] = take(arena, TRANSIT_STOPS_MAX, 4);
	for (size_t i = 0; i < COUNT_OF(trips); i++)
		*trips[i] = take(arena, TRIPS_MAX + 1, 4);
	for (size_t i = 0; i < COUNT_OF(events); i++)
		*events[i] = take(arena, EVENTS_MAX, 4);
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		*flags[i] = take(arena, EVENTS_MAX, 1);
	t->stop_point = take(arena, TRANSIT_STOPS_MAX, sizeof *t->stop_point);
	t->stop_road = take(arena, TRANSIT_STOPS_MAX, sizeof *t->stop_road);
	t->stop_walk = take(arena, TRANSIT_STOPS_MAX, sizeof *t->stop_walk);
	t->route_type = take(arena, TRIPS_MAX, sizeof *t->route_type);
	t->trip_start_s = take(arena, TRIPS_MAX, 4);
	t->arrival = take(arena, EVENTS_MAX, 4);
	t->departure = take(arena, EVENTS_MAX, 4);
}

static uint32_t next_day(uint32_t yyyymmdd)
{
	static const uint32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	uint32_t year = yyyymmdd / 10000, month = yyyymmdd / 100 % 100, day = yyyymmdd % 100;
	if (month < 1 || month > 12)
		wrong("first_day %u", yyyymmdd);
	if (day < days[month - 1] + (month == 2 && year % 4 == 0))
		return yyyymmdd + 1;
	return month < 12 ? year * 10000 + (month + 1) * 100 + 1 : (year + 1) * 10000 + 101;
}

static void make_days(struct pencil *pencil)
{
	struct timetable *timetable = &pencil->drawn->town.timetable;
	struct arena *arena = &pencil->drawn->arena;
	uint32_t n = pencil->options->n_days ? pencil->options->n_days : 14;
	uint32_t first = pencil->options->first_day ? pencil->options->first_day : 20220607, known = 20000101;
	uint32_t *yyyymmdd = take(arena, n, 4);
	instant_ms *start = take(arena, n, sizeof *start),
		   instant = INT64_C(946677600000); /* 2000-01-01 00:00 +02:00 */
	if (first < known)
		wrong("first_day %u lies before %u", first, known);
	for (; known != first; known = next_day(known))
		instant += DAY_MS;
	for (uint32_t day = 0; day < n; day++, first = next_day(first)) {
		yyyymmdd[day] = first;
		start[day] = instant + day * DAY_MS;
	}
	uint64_t *runs = take(arena, n / 64 + 1, sizeof *runs);
	for (uint32_t day = 0; day < n; day++)
		runs[day / 64] |= UINT64_C(1) << (day % 64);
	timetable->n_days = n;
	timetable->n_day_words = (n + 63) / 64;
	timetable->day_yyyymmdd = yyyymmdd;
	timetable->day_start = start;
	timetable->service_days = runs;
}

static int event_before(const struct transit_draft *transit, uint32_t a, uint32_t b)
{
	return transit->departure[a] != transit->departure[b] ? transit->departure[a] < transit->departure[b] : a < b;
}

static void make_stop_events(struct pencil *pencil, const struct transit_draft *transit)
{
	struct timetable *timetable = &pencil->drawn->town.timetable;
	uint32_t *first = take(&pencil->drawn->arena, transit->n_stops + 1, 4), n = 0;
	uint32_t *events = take(&pencil->drawn->arena, transit->n_events, 4);
	for (uint32_t stop = 0; stop < transit->n_stops; stop++) {
		for (uint32_t event = 0; event < transit->n_events; event++) {
			if (transit->time_stop[event] != stop)
				continue;
			uint32_t at = n++;
			for (; at > first[stop] && event_before(transit, event, events[at - 1]); at--)
				events[at] = events[at - 1];
			events[at] = event;
		}
		first[stop + 1] = n;
	}
	timetable->stop_first = first;
	timetable->stop_event = events;
}

static const uint32_t *one(struct pencil *pencil, const char *text)
{
	uint32_t *cell = take(&pencil->drawn->arena, 1, 4);
	*cell = string(pencil, text);
	return cell;
}

static void make_feed(struct pencil *pencil)
{
	struct timetable *timetable = &pencil->drawn->town.timetable;
	uint8_t *invented = take(&pencil->drawn->arena, 1, 1);
	*invented = 1;
	timetable->n_feeds = timetable->n_agencies = timetable->n_services = 1;
	timetable->feed_name = one(pencil, "drawn");
	timetable->feed_publisher = one(pencil, "Drawn Transport");
	timetable->feed_version = one(pencil, "1");
	timetable->feed_time_zone = one(pencil, "Etc/GMT-2");
	timetable->feed_invented = invented;
	timetable->agency_feed = timetable->service_feed = one(pencil, "");
	timetable->agency_id = timetable->agency_name = one(pencil, "Drawn Transport");
	timetable->service_id = one(pencil, "daily");
}

static void make_timetable(struct pencil *pencil)
{
	struct transit_draft transit = {0};
	struct timetable *timetable = &pencil->drawn->town.timetable;
	open_transit(&pencil->drawn->arena, &transit);
	parse_timetable(pencil, &transit);
	make_feed(pencil);
	make_days(pencil);
	make_stop_events(pencil, &transit);
#define SHOW(column, field) timetable->column = transit.field
	SHOW(n_stops, n_stops), SHOW(n_routes, n_routes), SHOW(n_trips, n_trips), SHOW(n_stop_times, n_events);
	SHOW(stop_feed, stop_feed), SHOW(stop_id, stop_id), SHOW(stop_name, stop_name),
		SHOW(stop_platform, stop_platform);
	SHOW(stop_parent, stop_parent), SHOW(stop_type, stop_type), SHOW(stop_wheelchair, stop_wheelchair);
	SHOW(stop_point, stop_point), SHOW(stop_road, stop_road), SHOW(stop_walk, stop_walk);
	SHOW(route_feed, route_feed), SHOW(route_agency, route_agency), SHOW(route_id, route_id);
	SHOW(route_short_name, route_short_name), SHOW(route_long_name, route_long_name);
	SHOW(route_type, route_type), SHOW(route_color, route_color);
	SHOW(trip_feed, trip_feed), SHOW(trip_id, trip_id), SHOW(trip_route, trip_route),
		SHOW(trip_service, trip_service);
	SHOW(trip_headsign, trip_headsign), SHOW(trip_short_name, trip_short_name), SHOW(trip_first, trip_first);
	SHOW(trip_start_s, trip_start_s), SHOW(trip_wheelchair, trip_wheelchair), SHOW(trip_direction, trip_direction);
	SHOW(time_stop, time_stop), SHOW(time_sequence, sequence), SHOW(time_arrival_s, arrival);
	SHOW(time_departure_s, departure), SHOW(time_pickup, pickup), SHOW(time_dropoff, dropoff),
		SHOW(event_trip, event_trip);
#undef SHOW
	uint32_t *names = take(&pencil->drawn->arena, TRIPS_MAX, 4);
	timetable_sort(&pencil->drawn->town, names, take(&pencil->drawn->arena, TRIPS_MAX, 4));
	timetable->trip_by_name = names;
}

/* --- virtual stops ------------------------------------------------------------------------------------------------ */

#define STOPS_MAX 256u

struct stop_draft {
	uint32_t *name, *transit;
	struct geo_point *point;
	struct spot *spot, *walk;
	uint8_t *side, *step_free;
	uint32_t n;
};

static const char *add_stop(struct pencil *pencil, struct stop_draft *stops, const char *at)
{
	struct town *town = &pencil->drawn->town;
	char name[32] = "", id[64] = "";
	size_t n = strcspn(at, "?!= \n"), end = strcspn(at, " \n");
	uint32_t stop = stops->n++;
	if (stop == STOPS_MAX || n < 2 || n >= sizeof name)
		wrong("stops: \"%s\"", at);
	memcpy(name, at, n);
	uint32_t arc = drawn_arc(pencil->drawn, at[0], at[1]), length = town->road.dist_mm[arc];
	uint32_t offset = n > 2 ? (uint32_t)strtoul(name + 2, NULL, 10) * 1000 : length / 2;
	if (offset > length)
		wrong("stop %s: the street is %u mm long", name, length);
	stops->name[stop] = string(pencil, name);
	stops->spot[stop] = (struct spot){.arc = arc, .offset_mm = offset};
	stops->point[stop] = network_spot_point(&town->road, stops->spot[stop]);
	uint32_t walk = arc_between(&town->walk, town->road.tail[arc], town->road.head[arc]);
	stops->walk[stop] = (struct spot){.arc = walk, .offset_mm = offset};
	stops->step_free[stop] = at[n] == '?' ? 0 : at[n] == '!' ? 2 : 1;
	stops->transit[stop] = NONE;
	const char *equals = memchr(at, '=', end);
	if (equals && sscanf(equals, "=%63[^ \n]", id) == 1)
		stops->transit[stop] = drawn_transit_stop(pencil->drawn, id);
	return at + end;
}

static void make_stops(struct pencil *pencil)
{
	struct town *town = &pencil->drawn->town;
	struct arena *arena = &pencil->drawn->arena;
	struct stop_draft stops = {.name = take(arena, STOPS_MAX, 4),
				   .transit = take(arena, STOPS_MAX, 4),
				   .point = take(arena, STOPS_MAX, sizeof(struct geo_point)),
				   .spot = take(arena, STOPS_MAX, sizeof(struct spot)),
				   .walk = take(arena, STOPS_MAX, sizeof(struct spot)),
				   .side = take(arena, STOPS_MAX, 1),
				   .step_free = take(arena, STOPS_MAX, 1)};
	const char *at = pencil->options->stops ? pencil->options->stops : "";
	for (at += strspn(at, " \n"); *at; at += strspn(at, " \n"))
		at = add_stop(pencil, &stops, at);
	struct spot *spots = take(arena, (size_t)town->n_classes * stops.n, sizeof *spots);
	for (uint32_t c = 0; c < town->n_classes; c++)
		memcpy(spots + c * stops.n, stops.spot, stops.n * sizeof *spots);
	town->n_stops = stops.n;
	town->stop_name = stops.name;
	town->stop_point = stops.point;
	town->stop_spot = spots;
	town->stop_side = stops.side;
	town->stop_walk = stops.walk;
	town->stop_step_free = stops.step_free;
	town->stop_transit = stops.transit;
}

/* --- profiles of the day ------------------------------------------------------------------------------------------ */

struct profile_draft {
	uint32_t *name, *from, *to, *speed, *permille;
	uint8_t *days, *classes;
};

static void add_profile(struct pencil *pencil, struct profile_draft *draft, uint32_t i, const char *line)
{
	static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	unsigned h[2] = {4, 28}, m[2] = {0, 0}, permille, tertiary;
	char name[16] = "drawn";
	int is_condition = strncmp(line, "condition", 9) == 0, n;
	for (; line[0] > '9' && !is_condition; line += strspn(line + 3, " ") + 3)
		for (uint32_t day = 0; day < 7; day++)
			if (strncmp(line, names[day], 3) == 0)
				draft->days[i] = (uint8_t)(draft->days[i] | 1u << day);
	if (is_condition)
		n = 3 + sscanf(line, "condition %15s %u%*[ ]%u", name, &permille, &tertiary);
	else
		n = sscanf(line, "%u:%u %u:%u %u%*[ ]%u", &h[0], &m[0], &h[1], &m[1], &permille, &tertiary);
	if (n < 5 || (!draft->days[i] && !is_condition))
		wrong("profiles: \"%s\"", line);
	draft->name[i] = string(pencil, name);
	draft->classes[i] = 0xff;
	draft->from[i] = h[0] * 3600 + m[0] * 60;
	draft->to[i] = h[1] * 3600 + m[1] * 60;
	for (uint32_t kind = 0; kind < ROAD_KINDS; kind++)
		draft->permille[i * ROAD_KINDS + kind] = kind == ROAD_TERTIARY && n > 5 ? tertiary : permille;
}

static void make_profiles(struct pencil *pencil)
{
	struct town *town = &pencil->drawn->town;
	struct arena *arena = &pencil->drawn->arena;
	const uint32_t most = TOWN_PROFILES_MAX;
	struct profile_draft draft = {take(arena, most, 4),
				      take(arena, most, 4),
				      take(arena, most, 4),
				      take(arena, most, 4),
				      take(arena, (size_t)most * ROAD_KINDS, 4),
				      take(arena, most, 1),
				      take(arena, most, 1)};
	const char *at = pencil->options->profiles ? pencil->options->profiles : "";
	for (; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		if (town->n_profiles == most)
			wrong("more than %u profiles", most);
		add_profile(pencil, &draft, town->n_profiles++, at);
	}
	town->n_profile_kinds = town->n_profiles * ROAD_KINDS;
	town->profile_name = draft.name;
	town->profile_days = draft.days;
	town->profile_classes = draft.classes;
	town->profile_from_s = draft.from;
	town->profile_to_s = draft.to;
	town->profile_speed_kmh = draft.speed;
	town->profile_permille = draft.permille;
}

/* --- open, close, look up ----------------------------------------------------------------------------------------- */

static void draw(struct pencil *pencil)
{
	const uint32_t mm_per_s[] = {SHUTTLE_KMH * 10000 / 36, VAN_KMH * 10000 / 36};
	struct arena *arena = &pencil->drawn->arena;
	struct town *town = &pencil->drawn->town;
	open_strings(pencil);
	split_rows(pencil);
	uint32_t places = pencil->n_rows * ROWS_MAX;
	pencil->node_of_place = take(arena, places, 4);
	open_draft(&pencil->draft, arena, places, 4 * places);
	find_nodes(pencil);
	find_streets(pencil);
	make_classes(pencil);
	make_network(&pencil->draft, &town->road, town->n_classes, mm_per_s);
	make_walk(pencil);
	make_turns(pencil);
	make_needs(pencil);
	make_rules(pencil);
	make_addresses(pencil);
	make_timetable(pencil);
	make_stops(pencil);
	make_profiles(pencil);
}

void drawn_town_open(struct drawn_town *drawn, const struct drawn_options *options)
{
	struct pencil *pencil = calloc(1, sizeof *pencil);
	*drawn = (struct drawn_town){0};
	if (!pencil || arena_open(&drawn->arena, ARENA_SIZE))
		wrong("out of memory");
	memset(drawn->node_of_letter, 0xff, sizeof drawn->node_of_letter);
	pencil->drawn = drawn;
	pencil->options = options;
	pencil->metres = options->metres_per_char ? options->metres_per_char : 10;
	draw(pencil);
	free(pencil);
}

void drawn_town_plain(struct drawn_town *drawn, const char *drawing)
{
	struct drawn_options options = {.drawing = drawing};
	drawn_town_open(drawn, &options);
}

void drawn_town_close(struct drawn_town *drawn)
{
	arena_close(&drawn->arena);
	*drawn = (struct drawn_town){0};
}

uint32_t drawn_node(const struct drawn_town *drawn, char letter)
{
	uint32_t node = letter > 0 ? drawn->node_of_letter[(int)letter] : NONE;
	if (node == NONE)
		wrong("junction %c is not there", letter);
	return node;
}

uint32_t drawn_arc(const struct drawn_town *drawn, char from, char to)
{
	uint32_t arc = arc_between(&drawn->town.road, drawn_node(drawn, from), drawn_node(drawn, to));
	if (arc == NONE)
		wrong("no street leads from %c straight to %c", from, to);
	return arc;
}

struct spot drawn_spot(const struct drawn_town *drawn, char from, char to, uint32_t metres)
{
	struct spot spot = {.arc = drawn_arc(drawn, from, to), .offset_mm = metres * 1000};
	if (spot.offset_mm > drawn->town.road.dist_mm[spot.arc])
		wrong("the street from %c to %c is shorter than %u m", from, to, metres);
	return spot;
}

struct geo_point drawn_point(const struct drawn_town *drawn, char letter)
{
	return drawn->town.road.node_point[drawn_node(drawn, letter)];
}

struct geo_xy drawn_xy(const struct drawn_town *drawn, char letter)
{
	const struct network *road = &drawn->town.road;
	uint32_t node = drawn_node(drawn, letter);
	for (uint32_t arc = 0; arc < road->n_arcs; arc++) {
		if (road->tail[arc] == node)
			return road->shape_xy[road->shape_first[arc]];
		if (road->head[arc] == node)
			return road->shape_xy[road->shape_first[arc + 1] - 1];
	}
	wrong("junction %c has no street", letter);
}

uint32_t drawn_stop(const struct drawn_town *drawn, const char *name)
{
	for (uint32_t i = 0; i < drawn->town.n_stops; i++)
		if (strcmp(town_text(&drawn->town, drawn->town.stop_name[i]), name) == 0)
			return i;
	wrong("stop %s is not there", name);
}

uint32_t drawn_transit_stop(const struct drawn_town *drawn, const char *id)
{
	const struct timetable *timetable = &drawn->town.timetable;
	for (uint32_t i = 0; i < timetable->n_stops; i++)
		if (strcmp(town_text(&drawn->town, timetable->stop_id[i]), id) == 0)
			return i;
	wrong("timetable stop %s is not there", id);
}

instant_ms drawn_instant(const struct drawn_town *drawn, uint32_t day, const char *time)
{
	if (day >= drawn->town.timetable.n_days)
		wrong("day %u is not in the timetable", day);
	return drawn->town.timetable.day_start[day] + parse_time(&time) * SECOND_MS;
}
