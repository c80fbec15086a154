#include "town_layout.h"

#include <string.h>

#define AT(member) offsetof(struct town, member)
#define NOT 0

/* clang-format off */
#define WORD(member) {.name = #member, .offset = AT(member)}
/* clang-format on */
#define NETWORK_WORDS(net)                                                                                         \
	WORD(net.n_nodes), WORD(net.n_arcs), WORD(net.n_classes), WORD(net.n_shape_points), WORD(net.n_turns),     \
		WORD(net.n_turn_arcs), WORD(net.n_grid_cells), WORD(net.n_grid_items), WORD(net.grid_origin.x_mm), \
		WORD(net.grid_origin.y_mm), WORD(net.grid_cell_mm), WORD(net.grid_columns), WORD(net.grid_rows)

/* Order is format: append only, with a new TOWN_VERSION. */
const struct town_word town_words[] = {
	WORD(n_strings),
	WORD(n_string_bytes),
	WORD(name),
	WORD(time_zone),
	WORD(crs),
	WORD(generated),
	WORD(attribution),
	WORD(phone),
	WORD(fallback_name),
	WORD(fallback_phone),
	WORD(privacy_text),
	WORD(imprint_text),
	WORD(origin.lat_e7),
	WORD(origin.lon_e7),
	WORD(box_low.lat_e7),
	WORD(box_low.lon_e7),
	WORD(box_high.lat_e7),
	WORD(box_high.lon_e7),
	WORD(rules.pickup_window_ms),
	WORD(rules.arrival_extra_ms),
	WORD(rules.arrival_extra_permille),
	WORD(rules.ride_time_extra_ms),
	WORD(rules.ride_time_permille),
	WORD(rules.stop_ms),
	WORD(rules.walk_max_mm),
	WORD(rules.walk_mm_per_s),
	WORD(rules.no_show_wait_ms),
	WORD(rules.coming_extra_ms),
	WORD(rules.prebook_max_ms),
	WORD(rules.wait_max_ms),
	WORD(rules.transfer_ms),
	WORD(rules.fare_cents),
	WORD(rules.door_to_door),
	WORD(rules.service_from_s),
	WORD(rules.service_to_s),
	WORD(n_classes),
	WORD(n_spaces),
	WORD(n_needs),
	WORD(n_stops),
	WORD(n_addresses),
	WORD(n_area_rings),
	WORD(n_area_points),
	WORD(n_shapes),
	WORD(n_shape_points),
	NETWORK_WORDS(road),
	NETWORK_WORDS(walk),
	WORD(timetable.n_feeds),
	WORD(timetable.n_agencies),
	WORD(timetable.n_stops),
	WORD(timetable.n_routes),
	WORD(timetable.n_trips),
	WORD(timetable.n_stop_times),
	WORD(timetable.n_services),
	WORD(timetable.n_days),
	WORD(timetable.n_transfers),
	WORD(timetable.n_day_words),
	WORD(road.n_order),
	WORD(road.n_up),
	WORD(road.up_work),
	WORD(road.up_depth),
	WORD(walk.n_order),
	WORD(walk.n_up),
	WORD(walk.up_work),
	WORD(walk.up_depth),
	WORD(n_profiles),
	WORD(n_profile_kinds),
};
const uint32_t town_n_words = COUNT_OF(town_words);

#define COLUMN(id_, member, rows_, plus_, times_, check_, limit_)                                               \
	{                                                                                                       \
		.id = (id_), .name = #member, .element_size = sizeof *((struct town *)0)->member,               \
		.offset = AT(member), .rows = AT(rows_), .times = (times_), .plus = (plus_), .check = (check_), \
		.limit = (limit_)                                                                               \
	}
#define PLAIN(id, member, rows) COLUMN(id, member, rows, 0, NOT, CHECK_ANY, 0)
#define BELOW(id, member, rows, limit) COLUMN(id, member, rows, 0, NOT, CHECK_BELOW, limit)
#define POINT(id, member, rows) COLUMN(id, member, rows, 0, NOT, CHECK_POINT, 0)
#define INDEX(id, member, rows, limit) COLUMN(id, member, rows, 0, NOT, CHECK_INDEX, AT(limit))
#define OR_NONE(id, member, rows, limit) COLUMN(id, member, rows, 0, NOT, CHECK_INDEX_OR_NONE, AT(limit))
#define FIRST(id, member, rows, limit) COLUMN(id, member, rows, 1, NOT, CHECK_FIRST, AT(limit))
#define TEXT(id, member, rows) OR_NONE(id, member, rows, n_strings)
#define SPOT(id, member, rows, net) COLUMN(id, member, rows, 0, NOT, CHECK_SPOT, AT(net))

#define NETWORK_COLUMNS(id, net)                                                                                      \
	POINT(id + 0, net.node_point, net.n_nodes), FIRST(id + 1, net.first_out, net.n_nodes, net.n_arcs),            \
		INDEX(id + 2, net.out_arc, net.n_arcs, net.n_arcs), INDEX(id + 3, net.tail, net.n_arcs, net.n_nodes), \
		INDEX(id + 4, net.head, net.n_arcs, net.n_nodes),                                                     \
		OR_NONE(id + 5, net.reverse_arc, net.n_arcs, net.n_arcs), PLAIN(id + 6, net.dist_mm, net.n_arcs),     \
		COLUMN(id + 7, net.time_ms, net.n_arcs, 0, AT(net.n_classes), CHECK_ANY, 0),                          \
		PLAIN(id + 8, net.main_mask, net.n_arcs), PLAIN(id + 9, net.flags, net.n_arcs),                       \
		BELOW(id + 10, net.kind, net.n_arcs, ROAD_KINDS), PLAIN(id + 11, net.speed_kmh, net.n_arcs),          \
		TEXT(id + 12, net.name, net.n_arcs), PLAIN(id + 13, net.osm_way, net.n_arcs),                         \
		FIRST(id + 14, net.shape_first, net.n_arcs, net.n_shape_points),                                      \
		POINT(id + 15, net.shape_point, net.n_shape_points),                                                  \
		COLUMN(id + 16, net.shape_xy, net.n_shape_points, 0, NOT, CHECK_XY, 0),                               \
		FIRST(id + 17, net.turn_first, net.n_turns, net.n_turn_arcs),                                         \
		INDEX(id + 18, net.turn_arcs, net.n_turn_arcs, net.n_arcs),                                           \
		PLAIN(id + 19, net.turn_cost_ms, net.n_turns), PLAIN(id + 20, net.turn_mask, net.n_turns),            \
		FIRST(id + 21, net.grid_first, net.n_grid_cells, net.n_grid_items),                                   \
		INDEX(id + 22, net.grid_arc, net.n_grid_items, net.n_arcs)

/* That the neighbours above make a chordal graph is for maps/route to check when it opens the order. */
#define ORDER_COLUMNS(id, net)                                                                                  \
	INDEX(id + 0, net.order, net.n_order, net.n_order), FIRST(id + 1, net.up_first, net.n_order, net.n_up), \
		INDEX(id + 2, net.up_head, net.n_up, net.n_order)

#define TT(member) timetable.member

const struct town_column town_columns[] = {
	FIRST(10, string_first, n_strings, n_string_bytes),
	PLAIN(11, string_bytes, n_string_bytes),

	TEXT(20, class_name, n_classes),
	PLAIN(21, class_speed_kmh, n_classes),
	PLAIN(22, class_wh_per_km, n_classes),

	TEXT(30, space_name, n_spaces),
	TEXT(31, need_name, n_needs),
	TEXT(32, need_label_de, n_needs),
	TEXT(33, need_label_en, n_needs),
	COLUMN(34, need_space, n_needs, 0, AT(n_spaces), CHECK_ANY, 0),
	PLAIN(35, need_boarding_ms, n_needs),
	PLAIN(36, need_flags, n_needs),

	TEXT(40, stop_name, n_stops),
	POINT(41, stop_point, n_stops),
	COLUMN(42, stop_spot, n_stops, 0, AT(n_classes), CHECK_SPOT, AT(road)),
	BELOW(43, stop_side, n_stops, 2),
	SPOT(44, stop_walk, n_stops, walk),
	BELOW(45, stop_step_free, n_stops, 3),
	OR_NONE(46, stop_transit, n_stops, TT(n_stops)),

	TEXT(50, address_text, n_addresses),
	TEXT(51, address_key, n_addresses),
	POINT(52, address_point, n_addresses),
	BELOW(53, address_kind, n_addresses, ADDRESS_PLACE + 1),

	FIRST(60, area_first, n_area_rings, n_area_points),
	POINT(61, area_point, n_area_points),

	BELOW(70, shape_kind, n_shapes, MAP_BUILT + 1),
	FIRST(71, shape_first, n_shapes, n_shape_points),
	POINT(72, shape_point, n_shape_points),

	TEXT(80, profile_name, n_profiles),
	PLAIN(81, profile_days, n_profiles),
	PLAIN(82, profile_from_s, n_profiles),
	PLAIN(83, profile_to_s, n_profiles),
	PLAIN(84, profile_speed_kmh, n_profiles),
	PLAIN(85, profile_permille, n_profile_kinds),
	PLAIN(86, profile_classes, n_profiles),

	NETWORK_COLUMNS(100, road),
	NETWORK_COLUMNS(200, walk),

	TEXT(300, TT(feed_name), TT(n_feeds)),
	TEXT(301, TT(feed_publisher), TT(n_feeds)),
	TEXT(302, TT(feed_version), TT(n_feeds)),
	TEXT(303, TT(feed_time_zone), TT(n_feeds)),
	BELOW(304, TT(feed_invented), TT(n_feeds), 2),

	INDEX(310, TT(agency_feed), TT(n_agencies), TT(n_feeds)),
	TEXT(311, TT(agency_id), TT(n_agencies)),
	TEXT(312, TT(agency_name), TT(n_agencies)),

	INDEX(320, TT(stop_feed), TT(n_stops), TT(n_feeds)),
	TEXT(321, TT(stop_id), TT(n_stops)),
	TEXT(322, TT(stop_name), TT(n_stops)),
	TEXT(323, TT(stop_platform), TT(n_stops)),
	OR_NONE(324, TT(stop_parent), TT(n_stops), TT(n_stops)),
	BELOW(325, TT(stop_type), TT(n_stops), 5),
	BELOW(326, TT(stop_wheelchair), TT(n_stops), 3),
	POINT(327, TT(stop_point), TT(n_stops)),
	SPOT(328, TT(stop_road), TT(n_stops), road),
	SPOT(329, TT(stop_walk), TT(n_stops), walk),

	INDEX(340, TT(route_feed), TT(n_routes), TT(n_feeds)),
	OR_NONE(341, TT(route_agency), TT(n_routes), TT(n_agencies)),
	TEXT(342, TT(route_id), TT(n_routes)),
	TEXT(343, TT(route_short_name), TT(n_routes)),
	TEXT(344, TT(route_long_name), TT(n_routes)),
	PLAIN(345, TT(route_type), TT(n_routes)),
	PLAIN(346, TT(route_color), TT(n_routes)),

	INDEX(350, TT(trip_feed), TT(n_trips), TT(n_feeds)),
	TEXT(351, TT(trip_id), TT(n_trips)),
	INDEX(352, TT(trip_route), TT(n_trips), TT(n_routes)),
	INDEX(353, TT(trip_service), TT(n_trips), TT(n_services)),
	TEXT(354, TT(trip_headsign), TT(n_trips)),
	TEXT(355, TT(trip_short_name), TT(n_trips)),
	PLAIN(356, TT(trip_start_s), TT(n_trips)),
	BELOW(357, TT(trip_wheelchair), TT(n_trips), 3),
	BELOW(358, TT(trip_direction), TT(n_trips), 2),
	FIRST(359, TT(trip_first), TT(n_trips), TT(n_stop_times)),

	INDEX(370, TT(time_stop), TT(n_stop_times), TT(n_stops)),
	PLAIN(371, TT(time_sequence), TT(n_stop_times)),
	PLAIN(372, TT(time_arrival_s), TT(n_stop_times)),
	PLAIN(373, TT(time_departure_s), TT(n_stop_times)),
	BELOW(374, TT(time_pickup), TT(n_stop_times), 4),
	BELOW(375, TT(time_dropoff), TT(n_stop_times), 4),

	INDEX(380, TT(service_feed), TT(n_services), TT(n_feeds)),
	TEXT(381, TT(service_id), TT(n_services)),
	COLUMN(382, TT(service_days), TT(n_services), 0, AT(TT(n_day_words)), CHECK_ANY, 0),
	PLAIN(383, TT(day_yyyymmdd), TT(n_days)),
	PLAIN(384, TT(day_start), TT(n_days)),

	INDEX(390, TT(transfer_from), TT(n_transfers), TT(n_stops)),
	INDEX(391, TT(transfer_to), TT(n_transfers), TT(n_stops)),
	PLAIN(392, TT(transfer_s), TT(n_transfers)),
	PLAIN(393, TT(transfer_type), TT(n_transfers)),

	FIRST(400, TT(stop_first), TT(n_stops), TT(n_stop_times)),
	INDEX(401, TT(stop_event), TT(n_stop_times), TT(n_stop_times)),
	INDEX(402, TT(event_trip), TT(n_stop_times), TT(n_trips)),
	INDEX(403, TT(trip_by_name), TT(n_trips), TT(n_trips)),

	ORDER_COLUMNS(500, road),
	ORDER_COLUMNS(510, walk),
};
const uint32_t town_n_columns = COUNT_OF(town_columns);

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "columns are mapped as they lie in the file");
_Static_assert(sizeof(struct town_header) == 64 && sizeof(struct town_section) == 32, "file format");
_Static_assert(sizeof(struct spot) == 8 && sizeof(struct geo_point) == 8 && sizeof(struct geo_xy) == 8, "file format");
_Static_assert(sizeof(void *) == sizeof(const uint32_t *), "columns are set through void pointers");

uint32_t town_number(const struct town *town, size_t offset)
{
	uint32_t number;
	memcpy(&number, (const char *)town + offset, sizeof number);
	return number;
}

uint64_t town_column_count(const struct town *town, const struct town_column *column)
{
	uint64_t count = (uint64_t)town_number(town, column->rows) + column->plus;
	if (column->times && __builtin_mul_overflow(count, town_number(town, column->times), &count))
		return UINT64_MAX;
	return count;
}

const void *town_column_data(const struct town *town, const struct town_column *column)
{
	const void *data;
	memcpy(&data, (const char *)town + column->offset, sizeof data);
	return data;
}

void town_column_set(struct town *town, const struct town_column *column, const void *data)
{
	memcpy((char *)town + column->offset, &data, sizeof data);
}
