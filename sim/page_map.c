#include "page_map.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "page_html.h"
#include "results.h"

#define MAP_WIDTH 3000 /* units; a unit is some metres in a town of ten kilometres */
#define FLOW_CLASSES 5
#define WAIT_CLASSES 3
#define BUSIEST 12

static const char *const flow_colors[FLOW_CLASSES] = {"#8fc1b5", "#4d9f92", "#1d7d72", "#0b5d57", "#062f2c"};
static const double flow_widths[FLOW_CLASSES] = {5, 8, 12, 17, 24};
static const char *const wait_colors[WAIT_CLASSES] = {"#3b6fd4", "#e8a317", "#b3182a"};
static const double wait_limits_s[WAIT_CLASSES] = {300, 600, INFINITY};

struct road { /* both directions of an arc together */
	uint32_t arc;
	double vehicles, persons;
};
struct map {
	const struct study *study;
	const struct network *network;
	struct geo_point low, high;
	double scale_x, scale_y; /* units per 1e-7 degree */
	int width, height;
	double limits[FLOW_CLASSES]; /* upper ends */
	struct road *roads;	     /* of those driven over */
	size_t n_roads, cap_roads;
	struct results_stop *stops;
};

/* ---- where it lies ---- */

static void widen(struct map *map, struct geo_point point)
{
	if (point.lat_e7 < map->low.lat_e7)
		map->low.lat_e7 = point.lat_e7;
	if (point.lon_e7 < map->low.lon_e7)
		map->low.lon_e7 = point.lon_e7;
	if (point.lat_e7 > map->high.lat_e7)
		map->high.lat_e7 = point.lat_e7;
	if (point.lon_e7 > map->high.lon_e7)
		map->high.lon_e7 = point.lon_e7;
}

/* What was driven over, and who was carried or promised: a wish far outside must not shrink the town to a dot. */
static void find_box(struct map *map)
{
	const struct network *network = map->network;
	map->low = (struct geo_point){INT32_MAX, INT32_MAX};
	map->high = (struct geo_point){INT32_MIN, INT32_MIN};
	for (size_t i = 0; i < map->n_roads; i++)
		for (uint32_t p = network->shape_first[map->roads[i].arc];
		     p < network->shape_first[map->roads[i].arc + 1]; p++)
			widen(map, network->shape_point[p]);
	if (map->low.lat_e7 > map->high.lat_e7) {
		map->low = map->study->town->box_low;
		map->high = map->study->town->box_high;
	}
	int32_t margin_lat = (map->high.lat_e7 - map->low.lat_e7) / 30 + 5000;
	int32_t margin_lon = (map->high.lon_e7 - map->low.lon_e7) / 30 + 5000;
	map->low = (struct geo_point){map->low.lat_e7 - margin_lat, map->low.lon_e7 - margin_lon};
	map->high = (struct geo_point){map->high.lat_e7 + margin_lat, map->high.lon_e7 + margin_lon};
	double middle = ((double)map->low.lat_e7 + map->high.lat_e7) / 2e7 * 3.14159265358979 / 180;
	double wide = (double)(map->high.lon_e7 - map->low.lon_e7), tall = (double)(map->high.lat_e7 - map->low.lat_e7);
	map->width = MAP_WIDTH;
	map->scale_x = MAP_WIDTH / wide;
	map->scale_y = map->scale_x / cos(middle);
	map->height = (int)ceil(tall * map->scale_y);
}

static int x_of(const struct map *map, struct geo_point point)
{
	return (int)lround((point.lon_e7 - map->low.lon_e7) * map->scale_x);
}

static int y_of(const struct map *map, struct geo_point point)
{
	return (int)lround((map->high.lat_e7 - point.lat_e7) * map->scale_y);
}

static int in_box(const struct map *map, struct geo_point point)
{
	return point.lat_e7 >= map->low.lat_e7 && point.lat_e7 <= map->high.lat_e7 && point.lon_e7 >= map->low.lon_e7 &&
	       point.lon_e7 <= map->high.lon_e7;
}

/* ---- lines ---- */

/* Relative steps in whole units; points that fall on the one before are left out. */
static void draw_points(const struct map *map, const struct geo_point *points, uint32_t n, FILE *out)
{
	int x = x_of(map, points[0]), y = y_of(map, points[0]), drawn = 0;
	fprintf(out, "M%d %d", x, y);
	for (uint32_t i = 1; i < n; i++) {
		int dx = x_of(map, points[i]) - x, dy = y_of(map, points[i]) - y;
		if (dx * dx + dy * dy < 9 && i + 1 < n)
			continue;
		fprintf(out, "%s%d%s%d", drawn ? (dx < 0 ? "" : " ") : "l", dx, dy < 0 ? "" : " ", dy);
		drawn = 1;
		x += dx;
		y += dy;
	}
}

static void draw_arc(const struct map *map, uint32_t arc, FILE *out)
{
	const struct network *network = map->network;
	draw_points(map, network->shape_point + network->shape_first[arc],
		    network->shape_first[arc + 1] - network->shape_first[arc], out);
}

/* Of a road with two directions only the lower arc is drawn. */
static int is_first(const struct network *network, uint32_t arc)
{
	return network->reverse_arc[arc] == NONE || network->reverse_arc[arc] > arc;
}

static void draw_streets(const struct map *map, int major, FILE *out)
{
	const struct network *network = map->network;
	fprintf(out, "<path class=\"%s\" d=\"", major ? "major" : "minor");
	for (uint32_t arc = 0; arc < network->n_arcs; arc++) {
		uint8_t kind = network->kind[arc];
		int is_major = kind >= ROAD_MOTORWAY && kind <= ROAD_TERTIARY;
		int shown = is_major || kind == ROAD_RESIDENTIAL || kind == ROAD_LIVING_STREET || kind == ROAD_OTHER;
		if (shown && is_major == major && is_first(network, arc) &&
		    (in_box(map, network->node_point[network->tail[arc]]) ||
		     in_box(map, network->node_point[network->head[arc]])))
			draw_arc(map, arc, out);
	}
	fputs("\"/>\n", out);
}

static void draw_background(const struct map *map, uint8_t kind, const char *name, FILE *out)
{
	const struct town *town = map->study->town;
	fprintf(out, "<path class=\"%s\" d=\"", name);
	for (uint32_t i = 0; i < town->n_shapes; i++) {
		const struct geo_point *points = town->shape_point + town->shape_first[i];
		uint32_t n = town->shape_first[i + 1] - town->shape_first[i];
		int seen = 0;
		for (uint32_t p = 0; p < n && !seen; p++)
			seen = in_box(map, points[p]);
		if (town->shape_kind[i] == kind && seen && n > 1)
			draw_points(map, points, n, out);
	}
	fputs("\"/>\n", out);
}

/* ---- flows ---- */

static int gather_roads(struct map *map)
{
	for (uint32_t arc = 0; arc < map->network->n_arcs; arc++) {
		struct road road = {.arc = arc};
		double vehicles, persons;
		uint32_t back = map->network->reverse_arc[arc];
		if (!is_first(map->network, arc))
			continue;
		results_flow(map->study, arc, &road.vehicles, &road.persons);
		if (back != NONE) {
			results_flow(map->study, back, &vehicles, &persons);
			road.vehicles += vehicles;
			road.persons += persons;
		}
		if (road.vehicles > 0 && array_push(map->roads, map->n_roads, map->cap_roads, road))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

/* Classes double up to the busiest road, in round numbers. */
static void find_limits(struct map *map)
{
	double most = 0;
	for (size_t i = 0; i < map->n_roads; i++)
		most = fmax(most, map->roads[i].vehicles);
	for (int c = FLOW_CLASSES - 2; c >= 0; c--) {
		most /= 2;
		double step = pow(10, floor(log10(most > 1 ? most : 1)));
		map->limits[c] = fmax(1, round(most / step * 2) / 2 * step);
	}
	map->limits[FLOW_CLASSES - 1] = INFINITY;
}

static int flow_class(const struct map *map, double vehicles)
{
	int c = 0;
	while (vehicles > map->limits[c])
		c++;
	return c;
}

static void draw_flows(const struct map *map, FILE *out)
{
	fputs("<g class=\"flows\">", out);
	for (int c = 0; c < FLOW_CLASSES; c++) {
		fprintf(out, "<path stroke=\"%s\" stroke-width=\"%g\" d=\"", flow_colors[c], flow_widths[c]);
		for (size_t i = 0; i < map->n_roads; i++)
			if (flow_class(map, map->roads[i].vehicles) == c)
				draw_arc(map, map->roads[i].arc, out);
		fputs("\"/>\n", out);
	}
	fputs("</g>\n", out);
}

/* ---- stops, and who was refused ---- */

static int wait_class(const struct results_stop *stop)
{
	double wait_s = stop->pickups ? stop->wait_s / (double)stop->pickups : 0;
	int c = 0;
	while (wait_s > wait_limits_s[c])
		c++;
	return c;
}

static void draw_stops(const struct map *map, FILE *out)
{
	const struct town *town = map->study->town;
	fputs("<g class=\"stops\">", out);
	for (uint32_t i = 0; i < town->n_stops; i++) {
		double pickups = (double)map->stops[i].pickups / map->study->sweep->n;
		if (map->stops[i].pickups)
			fprintf(out, "<circle cx=\"%d\" cy=\"%d\" r=\"%.0f\" fill=\"%s\"/>",
				x_of(map, town->stop_point[i]), y_of(map, town->stop_point[i]), 7 + 4 * sqrt(pickups),
				wait_colors[wait_class(&map->stops[i])]);
	}
	fputs("</g>\n", out);
}

static void draw_refused(const struct map *map, FILE *out)
{
	fputs("<path class=\"refused\" d=\"", out);
	const struct day *day = map->study->sweep->runs[0].day;
	for (uint32_t i = 0; day && i < day->n_rides; i++)
		if (day->rides[i].state == RIDE_REFUSED && in_box(map, day->rides[i].trip->from))
			fprintf(out, "M%d %dl22 22m-22 0l22 -22", x_of(map, day->rides[i].trip->from) - 11,
				y_of(map, day->rides[i].trip->from) - 11);
	fputs("\"/>\n", out);
}

/* ---- words ---- */

static void write_legend(const struct map *map, FILE *out)
{
	static const struct words waits[WAIT_CLASSES] = {
		{"Stop: mean wait up to 5 min", "Halt: mittlere Wartezeit bis 5 min"},
		{"5 to 10 min", "5 bis 10 min"},
		{"more than 10 min", "mehr als 10 min"}};
	double low = 0;
	fputs("<ul class=\"legend\">", out);
	for (int c = 0; c < FLOW_CLASSES; c++) {
		fprintf(out,
			"<li><svg class=\"swatch\" viewBox=\"0 0 22 12\" aria-hidden=\"true\"><path d=\"M0 6H22\" "
			"stroke=\"%s\" "
			"stroke-width=\"%g\"/></svg>",
			flow_colors[c], flow_widths[c] / 2.2);
		if (isinf(map->limits[c]))
			fprintf(out, "&gt; %g", low);
		else
			fprintf(out, "%g\xe2\x80\x93%g", low, map->limits[c]);
		if (c == 0)
			html_words(out, (struct words){" vehicles a day", " Fahrzeuge am Tag"});
		fputs("</li>", out);
		low = map->limits[c];
	}
	for (int c = 0; c < WAIT_CLASSES; c++) {
		fprintf(out,
			"<li><svg class=\"swatch\" viewBox=\"0 0 22 12\" aria-hidden=\"true\"><circle cx=\"11\" "
			"cy=\"6\" r=\"5.5\" "
			"fill=\"%s\"/></svg>",
			wait_colors[c]);
		html_words(out, waits[c]);
		fputs("</li>", out);
	}
	fputs("<li><svg class=\"swatch\" viewBox=\"0 0 22 12\" aria-hidden=\"true\"><path d=\"M6 1l10 10m-10 0l10 "
	      "-10\" "
	      "stroke=\"#b3182a\" stroke-width=\"2\"/></svg>",
	      out);
	html_words(out, (struct words){"refused request (first seed)", "abgelehnte Anfrage (erster Seed)"});
	fputs("</li></ul>\n", out);
}

static void write_switches(FILE *out)
{
	static const struct {
		const char *id;
		struct words words;
	} layers[] = {{"show-flows", {"Vehicles on streets", "Fahrzeuge auf Stra\u00dfen"}},
		      {"show-stops", {"Stops and waits", "Halte und Wartezeiten"}},
		      {"show-refused", {"Refused requests", "Abgelehnte Anfragen"}}};
	fputs("<div class=\"map-tools\">", out);
	for (size_t i = 0; i < 3; i++) {
		fprintf(out, "<label><input type=\"checkbox\" id=\"%s\"%s> ", layers[i].id, i < 2 ? " checked" : "");
		html_words(out, layers[i].words);
		fputs("</label>", out);
	}
	fputs("<span class=\"zoom\" hidden><button type=\"button\" data-zoom=\"0.7\" aria-label=\"Zoom in / "
	      "Vergr\u00f6\u00dfern\">+"
	      "</button><button type=\"button\" data-zoom=\"1.43\" aria-label=\"Zoom out / "
	      "Verkleinern\">\u2212</button><button "
	      "type=\"button\" data-zoom=\"0\">",
	      out);
	html_words(out, (struct words){"Whole map", "Ganze Karte"});
	fputs("</button></span></div>\n", out);
}

static void write_drawing(const struct map *map, FILE *out)
{
	write_switches(out);
	fprintf(out,
		"<svg id=\"map\" class=\"map\" viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"map-title\">\n",
		map->width, map->height);
	draw_background(map, MAP_GREEN, "green", out);
	draw_background(map, MAP_WATER, "water", out);
	draw_background(map, MAP_RIVER, "river", out);
	draw_streets(map, 0, out);
	draw_streets(map, 1, out);
	draw_background(map, MAP_RAIL, "rail", out);
	draw_flows(map, out);
	draw_refused(map, out);
	draw_stops(map, out);
	fputs("</svg>\n", out);
}

static int by_vehicles(const void *a, const void *b)
{
	const struct road *x = a, *y = b;
	if (x->vehicles != y->vehicles)
		return x->vehicles < y->vehicles ? 1 : -1;
	return (x->arc > y->arc) - (x->arc < y->arc);
}

static void begin_table(FILE *out, const char *id, struct words title, const struct words *columns, uint32_t n)
{
	fprintf(out,
		"<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"%s\"><table><caption id=\"%s\">",
		id, id);
	html_words(out, title);
	fputs("</caption><thead><tr>", out);
	for (uint32_t i = 0; i < n; i++)
		html_element(out, "th scope=\"col\"", columns[i]);
	fputs("</tr></thead><tbody>\n", out);
}

static int named_before(const struct map *map, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (map->network->name[map->roads[i].arc] == map->network->name[map->roads[index].arc])
			return 1;
	return 0;
}

static void write_busiest_roads(struct map *map, FILE *out)
{
	static const struct words columns[] = {{"Street", "Stra\u00dfe"},
					       {"Vehicles, both ways", "Fahrzeuge, beide Richtungen"},
					       {"Persons aboard", "Personen an Bord"}};
	uint32_t written = 0;
	if (map->n_roads)
		qsort(map->roads, map->n_roads, sizeof *map->roads, by_vehicles);
	begin_table(out, "busiest-roads",
		    (struct words){"Busiest streets (their busiest part, mean of a day)",
				   "Am meisten befahren (st\u00e4rkster Abschnitt, Mittel eines Tages)"},
		    columns, COUNT_OF(columns));
	for (size_t i = 0; i < map->n_roads && written < BUSIEST; i++) {
		uint32_t name = map->network->name[map->roads[i].arc];
		if (name == NONE || !town_text(map->study->town, name)[0] || named_before(map, i))
			continue;
		fputs("<tr><th scope=\"row\">", out);
		html_text(out, town_text(map->study->town, name));
		fputs("</th><td>", out);
		html_number(out, map->roads[i].vehicles, 0);
		fputs("</td><td>", out);
		html_number(out, map->roads[i].persons, 0);
		fputs("</td></tr>\n", out);
		written++;
	}
	fputs("</tbody></table></div>\n", out);
}

static void write_stop_row(const struct map *map, uint32_t stop, FILE *out)
{
	const struct results_stop *it = &map->stops[stop];
	const char *name = town_text(map->study->town, map->study->town->stop_name[stop]);
	double n = map->study->sweep->n;
	fputs("<tr><th scope=\"row\">", out);
	if (name[0])
		html_text(out, name);
	else
		fprintf(out, "%" PRIu32, stop);
	fputs("</th><td>", out);
	html_number(out, (double)it->pickups / n, 1);
	fputs("</td><td>", out);
	html_number(out, (double)it->dropoffs / n, 1);
	fputs("</td><td>", out);
	html_number(out, it->pickups ? it->wait_s / (double)it->pickups / 60 : NAN, 1);
	fputs("</td></tr>\n", out);
}

static void write_busiest_stops(const struct map *map, FILE *out)
{
	static const struct words columns[] = {{"Stop", "Halt"},
					       {"Pickups a day", "Einstiege am Tag"},
					       {"Drop-offs a day", "Ausstiege am Tag"},
					       {"Mean wait, min", "Mittlere Wartezeit, min"}};
	const uint32_t n_stops = map->study->town->n_stops;
	uint8_t *written = calloc((size_t)n_stops + 1, 1);
	begin_table(out, "busiest-stops", (struct words){"Stops with most pickups", "Halte mit den meisten Einstiegen"},
		    columns, COUNT_OF(columns));
	for (uint32_t rank = 0; written && rank < BUSIEST; rank++) {
		uint32_t best = NONE;
		for (uint32_t i = 0; i < n_stops; i++)
			if (!written[i] && map->stops[i].pickups &&
			    (best == NONE || map->stops[i].pickups > map->stops[best].pickups))
				best = i;
		if (best == NONE)
			break;
		written[best] = 1;
		write_stop_row(map, best, out);
	}
	free(written);
	fputs("</tbody></table></div>\n", out);
}

int page_map_write(const struct study *study, FILE *out)
{
	struct map map = {.study = study, .network = &study->town->road};
	map.stops = calloc((size_t)study->town->n_stops + 1, sizeof *map.stops);
	int code = map.stops ? gather_roads(&map) : ERR_MEMORY;
	if (!code) {
		results_stops(study, map.stops);
		find_box(&map);
		find_limits(&map);
		fputs("<figure><figcaption><h3 id=\"map-title\">", out);
		html_words(out, (struct words){"Where the shuttles drove and where riders waited",
					       "Wo die Shuttles fuhren und wo Fahrg\u00e4ste warteten"});
		fputs("</h3></figcaption>\n", out);
		write_drawing(&map, out);
		write_legend(&map, out);
		fputs("<p class=\"attribution\">", out);
		html_text(out, study->attribution);
		fputs("</p></figure>\n<div class=\"two\">", out);
		write_busiest_roads(&map, out);
		write_busiest_stops(&map, out);
		fputs("</div>\n", out);
	}
	free(map.roads);
	free(map.stops);
	return code;
}
