/* Projections in PostGIS: schema NAME_map, EPSG:4326, spatial indexes, views that open in QGIS. Written in the
 * transaction of the commit they show; `progress` holds that commit's last sequence. Who may read them is the
 * operator's to grant (GRANT USAGE ON SCHEMA, GRANT SELECT ON ALL TABLES IN SCHEMA ...): they hold no identity, need or
 * address. */
#include "project.h"

#include <inttypes.h>
#include <string.h>

#include "store_postgres.h"

#define COPY_BYTES (1u << 20)
#define SRID 4326
#define EWKB_LINE_SRID 0x20000002u
#define EWKB_POINT_SRID 0x20000001u

/* Pairs of arrays of 1e-7 degrees become points. */
#define POINT(lon, lat) "ST_SetSRID(ST_MakePoint(" lon " / 1e7::float8, " lat " / 1e7::float8), 4326)"

static const char *const project_texts[PG_STATEMENTS] = {
	[PG_PROGRESS_GET] = "SELECT sequence FROM progress",
	[PG_PROGRESS_PUT] = "UPDATE progress SET sequence = $1::int8, town = $2::int8",
	[PG_TOWN_LOADED] = "SELECT number FROM town WHERE hash = $1::bytea",
	[PG_TOWN_PUT] =
		"INSERT INTO town (number, hash, name, time_zone, attribution) SELECT coalesce(max(number), 0) + 1, "
		"$1::bytea, $2::text, $3::text, $4::text FROM town RETURNING number",
	[PG_VEHICLES_PUT] =
		"INSERT INTO vehicle SELECT number, name, class, service, mode, link_up, standstill, supervisor, "
		"aboard, "
		"battery_permille, plan_epoch, plan_version, tasks, anchor_at, last_contact, " POINT(
			"lon",
			"lat") " FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::int2[], $6::bool[], "
			       "$7::bool[], $8::text[], "
			       "$9::int2[], $10::int2[], $11::int8[], $12::int8[], $13::int4[], $14::timestamptz[], "
			       "$15::timestamptz[], "
			       "$16::int4[], $17::int4[]) AS t (number, name, class, service, mode, link_up, "
			       "standstill, supervisor, aboard, "
			       "battery_permille, plan_epoch, plan_version, tasks, anchor_at, last_contact, lon, lat) "
			       "ON CONFLICT (number) DO UPDATE SET name = EXCLUDED.name, class = EXCLUDED.class, "
			       "service = EXCLUDED.service, "
			       "mode = EXCLUDED.mode, link_up = EXCLUDED.link_up, standstill = EXCLUDED.standstill, "
			       "supervisor = "
			       "EXCLUDED.supervisor, aboard = EXCLUDED.aboard, battery_permille = "
			       "EXCLUDED.battery_permille, plan_epoch = "
			       "EXCLUDED.plan_epoch, plan_version = EXCLUDED.plan_version, tasks = EXCLUDED.tasks, "
			       "anchor_at = "
			       "EXCLUDED.anchor_at, last_contact = EXCLUDED.last_contact, geom = EXCLUDED.geom",
	[PG_RIDES_PUT] =
		"INSERT INTO ride AS r SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], "
		"$5::int8[], "
		"$6::int2[], $7::bool[], $8::int4[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], "
		"$12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::bool[], $16::int4[], $17::int4[]) "
		"ON CONFLICT (ride) DO UPDATE SET state = EXCLUDED.state, refusal = EXCLUDED.refusal, cause = "
		"EXCLUDED.cause, "
		"vehicle = EXCLUDED.vehicle, party = EXCLUDED.party, prebooked = EXCLUDED.prebooked, reassigned = "
		"EXCLUDED.reassigned, asked_at = EXCLUDED.asked_at, promised_at = EXCLUDED.promised_at, closed_at = "
		"EXCLUDED.closed_at, earliest_pickup = EXCLUDED.earliest_pickup, latest_pickup = "
		"EXCLUDED.latest_pickup, "
		"latest_arrival = EXCLUDED.latest_arrival, kept = coalesce(EXCLUDED.kept, r.kept), pickup_late_ms = "
		"coalesce(EXCLUDED.pickup_late_ms, r.pickup_late_ms), arrival_late_ms = "
		"coalesce(EXCLUDED.arrival_late_ms, "
		"r.arrival_late_ms)",
	[PG_VISITS_PUT] = "INSERT INTO visit SELECT ride, kind, vehicle, state, stop, planned_at, promised_from, "
			  "promised_to, arrived_at, "
			  "done_at, " POINT("lon", "lat") " FROM unnest($1::text[], $2::text[], $3::int8[], "
							  "$4::text[], $5::int8[], $6::timestamptz[], "
							  "$7::timestamptz[], $8::timestamptz[], $9::timestamptz[], "
							  "$10::timestamptz[], $11::int4[], $12::int4[]) AS t "
							  "(ride, kind, vehicle, state, stop, planned_at, "
							  "promised_from, promised_to, arrived_at, done_at, lon, lat) "
							  "ON CONFLICT (ride, kind) DO UPDATE SET vehicle = "
							  "EXCLUDED.vehicle, state = EXCLUDED.state, stop = "
							  "EXCLUDED.stop, planned_at = EXCLUDED.planned_at, "
							  "promised_from = EXCLUDED.promised_from, promised_to = "
							  "EXCLUDED.promised_to, arrived_at = EXCLUDED.arrived_at, "
							  "done_at = EXCLUDED.done_at, geom = EXCLUDED.geom",
	[PG_RIDES_FORGET] = "DELETE FROM ride WHERE ride = ANY ($1::text[])",
};

const char *project_text(int statement)
{
	return project_texts[statement];
}

static const char map_schema[] =
	"CREATE TABLE town (number int8 PRIMARY KEY, hash bytea NOT NULL UNIQUE, name text NOT NULL, time_zone text "
	"NOT "
	"NULL, attribution text NOT NULL);"
	"CREATE TABLE progress (one boolean PRIMARY KEY DEFAULT true CHECK (one), sequence int8 NOT NULL, town int8) "
	"WITH (fillfactor = 50);"
	"CREATE TABLE road (town int8 NOT NULL REFERENCES town ON DELETE CASCADE, arc int8 NOT NULL, name text NOT "
	"NULL, "
	"kind int2 NOT NULL, speed_kmh int2 NOT NULL, dist_mm int8 NOT NULL, one_way boolean NOT NULL, osm_way int8 "
	"NOT "
	"NULL, geom geometry(LineString, 4326) NOT NULL, PRIMARY KEY (town, arc));"
	"CREATE TABLE stop (town int8 NOT NULL REFERENCES town ON DELETE CASCADE, stop int8 NOT NULL, name text NOT "
	"NULL, "
	"step_free boolean, transit boolean NOT NULL, geom geometry(Point, 4326) NOT NULL, PRIMARY KEY (town, stop));"
	"CREATE TABLE vehicle (number int8 PRIMARY KEY, name text NOT NULL, class text NOT NULL, service text NOT "
	"NULL, "
	"mode int2 NOT NULL, link_up boolean NOT NULL, standstill boolean NOT NULL, supervisor text NOT NULL, aboard "
	"int2 "
	"NOT NULL, battery_permille int2 NOT NULL, plan_epoch int8 NOT NULL, plan_version int8 NOT NULL, tasks int4 "
	"NOT "
	"NULL, anchor_at timestamptz, last_contact timestamptz, geom geometry(Point, 4326));"
	"CREATE TABLE ride (ride text PRIMARY KEY, state text NOT NULL, refusal text NOT NULL, cause text NOT NULL, "
	"vehicle int8, party int2 NOT NULL, prebooked boolean NOT NULL, reassigned int4 NOT NULL, asked_at "
	"timestamptz, "
	"promised_at timestamptz, closed_at timestamptz, earliest_pickup timestamptz, latest_pickup timestamptz, "
	"latest_arrival timestamptz, kept boolean, pickup_late_ms int4, arrival_late_ms int4);"
	"CREATE TABLE visit (ride text NOT NULL REFERENCES ride ON DELETE CASCADE, kind text NOT NULL, vehicle int8, "
	"state "
	"text NOT NULL, stop int8, planned_at timestamptz, promised_from timestamptz, promised_to timestamptz, "
	"arrived_at "
	"timestamptz, done_at timestamptz, geom geometry(Point, 4326) NOT NULL, PRIMARY KEY (ride, kind));"
	"CREATE INDEX road_geom ON road USING gist (geom);"
	"CREATE INDEX stop_geom ON stop USING gist (geom);"
	"CREATE INDEX vehicle_geom ON vehicle USING gist (geom);"
	"CREATE INDEX visit_geom ON visit USING gist (geom);"
	"CREATE INDEX ride_asked_at ON ride (asked_at);"
	"CREATE INDEX visit_vehicle ON visit (vehicle, planned_at);"
	"CREATE VIEW roads AS SELECT arc AS id, name, kind, speed_kmh, dist_mm, one_way, osm_way, geom FROM road WHERE "
	"town "
	"= (SELECT town FROM progress);"
	"CREATE VIEW stops AS SELECT stop AS id, name, step_free, transit, geom FROM stop WHERE town = (SELECT town "
	"FROM "
	"progress);"
	"CREATE VIEW vehicles AS SELECT number AS id, name, class, service, link_up, standstill, supervisor, aboard, "
	"battery_permille / 10.0 AS battery_percent, tasks, anchor_at, last_contact, geom FROM vehicle;"
	"CREATE VIEW visits_ahead AS SELECT ride || ' ' || kind AS id, * FROM visit WHERE state IN ('planned', "
	"'arrived');"
	"CREATE VIEW visits_done AS SELECT ride || ' ' || kind AS id, * FROM visit WHERE state = 'done';"
	"CREATE VIEW rides AS SELECT ride AS id, r.*, p.planned_at AS planned_pickup, p.done_at AS boarded_at, "
	"d.planned_at "
	"AS planned_dropoff, d.done_at AS alighted_at, ST_MakeLine(p.geom, d.geom)::geometry(LineString, 4326) AS geom "
	"FROM ride r LEFT JOIN visit p USING (ride) LEFT JOIN visit d USING (ride) WHERE (p.kind = 'pickup' OR p.kind "
	"IS "
	"NULL) AND (d.kind = 'dropoff' OR d.kind IS NULL);"
	"INSERT INTO progress (sequence) VALUES (0);"
	"COMMENT ON TABLE town IS 'Town files that the journal names; number: of this table only';"
	"COMMENT ON TABLE progress IS 'The last record these tables show; behind head.sequence of the journal: make "
	"them anew with dispatcher project';"
	"COMMENT ON TABLE road IS 'Directed road arcs of each town file; distances in mm, geom WGS 84';"
	"COMMENT ON TABLE stop IS 'Virtual stops of each town file; step_free NULL = unknown, transit: serves public "
	"transport';"
	"COMMENT ON TABLE vehicle IS 'Vehicles as last known; geom: where at anchor_at, on the road';"
	"COMMENT ON TABLE ride IS 'Rides by their random numbers, without identity, needs or addresses; kept NULL = "
	"not known yet';"
	"COMMENT ON TABLE visit IS 'Where and when a vehicle stops for a ride: one pickup, one dropoff each; state "
	"planned, arrived, done or dropped';"
	"COMMENT ON VIEW roads IS 'Roads of the present town, for maps';"
	"COMMENT ON VIEW stops IS 'Virtual stops of the present town, for maps';"
	"COMMENT ON VIEW vehicles IS 'Vehicles on the map';"
	"COMMENT ON VIEW visits_ahead IS 'Stop visits still to come';"
	"COMMENT ON VIEW visits_done IS 'Stop visits that have been';"
	"COMMENT ON VIEW rides IS 'Rides as lines from pickup to drop-off, with planned and true times';";

/* ---- making and finding ---- */

static int create(struct postgres_store *store, struct err_detail *detail)
{
	int code = postgres_run(&store->pg, "BEGIN", PG_WAIT_LONG_MS, detail);
	if (!code && !store->postgis[0])
		code = postgres_run(&store->pg, "CREATE EXTENSION postgis SCHEMA public", PG_WAIT_LONG_MS, detail);
	if (!code)
		code = store_postgres_find_postgis(store, detail);
	if (!code)
		code = store_postgres_format(store, detail,
					     "DROP SCHEMA IF EXISTS %1$s_map CASCADE; CREATE SCHEMA %1$s_map; "
					     "SET LOCAL search_path = %1$s_map, %2$s");
	if (!code)
		code = postgres_run(&store->pg, map_schema, PG_WAIT_LONG_MS, detail);
	if (!code)
		code = store_postgres_format(
			store, detail,
			"CREATE VIEW tracks AS SELECT vehicle || ' ' || at AS id, vehicle, "
			"to_timestamp(at / 1000.0) AS at, mode, "
			"battery_permille, speed_mm_s, " POINT(
				"lon_e7", "lat_e7") "::geometry(Point, 4326) AS geom FROM "
						    "%1$s.telemetry; COMMENT ON VIEW tracks IS "
						    "'Raw reports of vehicles, as long as they are kept'");
	if (!code)
		code = postgres_run(&store->pg, "COMMIT", PG_WAIT_LONG_MS, detail);
	if (!code)
		return store_postgres_format(store, detail, "SET search_path = %1$s, %1$s_keys, %1$s_map, %2$s");
	if (store->pg.conn)
		postgres_run(&store->pg, "ROLLBACK", PG_WAIT_MS, NULL);
	return code;
}

static int progress_get(struct postgres_store *store, uint64_t *ret_sequence, struct err_detail *detail)
{
	struct pg_call call;
	PGresult *result;
	pg_call(&call, PG_PROGRESS_GET, &store->bytes);
	int code = postgres_query(&store->pg, &call, PG_WAIT_MS, &result, detail);
	if (code)
		return code;
	*ret_sequence = PQntuples(result) == 1 ? postgres_u64(result, 0, 0) : UINT64_MAX;
	PQclear(result);
	return ERR_OK;
}

/* A new journal gets projections where PostGIS is to be had; an old one keeps those that are in step with it. */
int project_find(struct postgres_store *store, struct err_detail *detail)
{
	struct store_head head;
	uint64_t sequence = 0;
	int code = store_postgres_head(store, &head, detail);
	if (code)
		return code;
	code = progress_get(store, &sequence, detail);
	if (code == ERR_NOT_FOUND && !head.sequence)
		code = create(store, detail);
	if (code == ERR_UNAVAILABLE || code == ERR_MEMORY)
		return code;
	store->projects = !code && sequence == head.sequence;
	return ERR_OK;
}

int project_reset(void *self, struct err_detail *detail)
{
	struct postgres_store *store = self;
	store->projects = store->town_loaded = 0;
	int code = create(store, detail);
	/* a rebuild that is cut off is seen by its progress: no need to wait for the disk in between */
	return code ? code : postgres_run(&store->pg, "SET synchronous_commit = off", PG_WAIT_MS, detail);
}

/* ---- the town ---- */

static void put_little_endian(struct pg_bytes *to, uint64_t value, int n)
{
	uint8_t bytes[8];
	for (int i = 0; i < n; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	pg_put(to, bytes, (size_t)n);
}

static void put_degrees(struct pg_bytes *to, int32_t e7)
{
	double degrees = e7 / 1e7;
	uint64_t bits;
	memcpy(&bits, &degrees, sizeof bits);
	put_little_endian(to, bits, 8);
}

static void put_geometry_head(struct pg_bytes *to, uint32_t type, uint32_t n_bytes)
{
	pg_put_u32(to, n_bytes);
	pg_put(to, "\1", 1); /* little-endian */
	put_little_endian(to, type, 4);
	put_little_endian(to, SRID, 4);
}

static void put_road(struct pg_bytes *to, const struct town *town, uint32_t number, uint32_t arc)
{
	const struct network *road = &town->road;
	uint32_t first = road->shape_first[arc], n = road->shape_first[arc + 1] - first;
	pg_put_u16(to, 9);
	pg_item_u64(to, number);
	pg_item_u64(to, arc);
	pg_item_text(to, town_text(town, road->name[arc]));
	pg_item_i16(to, road->kind[arc]);
	pg_item_i16(to, road->speed_kmh[arc]);
	pg_item_u64(to, road->dist_mm[arc]);
	pg_item_bool(to, road->reverse_arc[arc] == NONE);
	pg_item_u64(to, (uint64_t)road->osm_way[arc]);
	put_geometry_head(to, EWKB_LINE_SRID, 13 + 16 * n);
	put_little_endian(to, n, 4);
	for (uint32_t i = first; i < first + n; i++) {
		put_degrees(to, road->shape_point[i].lon_e7);
		put_degrees(to, road->shape_point[i].lat_e7);
	}
}

static void put_stop(struct pg_bytes *to, const struct town *town, uint32_t number, uint32_t stop)
{
	pg_put_u16(to, 6);
	pg_item_u64(to, number);
	pg_item_u64(to, stop);
	pg_item_text(to, town_text(town, town->stop_name[stop]));
	if (town->stop_step_free[stop])
		pg_item_bool(to, town->stop_step_free[stop] == 1);
	else
		pg_item_null(to);
	pg_item_bool(to, town->stop_transit[stop] != NONE);
	put_geometry_head(to, EWKB_POINT_SRID, 25);
	put_degrees(to, town->stop_point[stop].lon_e7);
	put_degrees(to, town->stop_point[stop].lat_e7);
}

typedef void put_row(struct pg_bytes *to, const struct town *town, uint32_t number, uint32_t index);

static int copy_rows(struct postgres_store *store, const char *sql, const struct town *town, put_row *put, uint32_t n,
		     struct err_detail *detail)
{
	struct pg_bytes *to = &store->bytes;
	int code = postgres_copy_begin(&store->pg, sql, detail);
	pg_bytes_clear(to);
	for (uint32_t i = 0; i < n && !code; i++) {
		put(to, town, store->town_number, i);
		if (to->n < COPY_BYTES && i + 1 < n)
			continue;
		code = postgres_copy_rows(&store->pg, to, detail);
		pg_bytes_clear(to);
	}
	return code ? code : postgres_copy_end(&store->pg, PG_WAIT_LONG_MS, detail);
}

static int town_number(struct postgres_store *store, struct pg_call *call, int *ret_found, struct err_detail *detail)
{
	PGresult *result;
	int code = postgres_query(&store->pg, call, PG_WAIT_MS, &result, detail);
	if (code)
		return code;
	*ret_found = PQntuples(result) == 1;
	if (*ret_found)
		store->town_number = (uint32_t)postgres_u64(result, 0, 0);
	PQclear(result);
	return ERR_OK;
}

static int town_put(struct postgres_store *store, const struct town *town, struct err_detail *detail)
{
	const char *const words[] = {town_text(town, town->name), town_text(town, town->time_zone),
				     town_text(town, town->attribution)};
	struct pg_call call;
	int found;
	int code = postgres_run(
		&store->pg,
		"BEGIN; DELETE FROM town WHERE number <> ALL (SELECT town FROM progress WHERE town IS NOT NULL)",
		PG_WAIT_LONG_MS, detail);
	if (code)
		return code;
	pg_call(&call, PG_TOWN_PUT, &store->bytes);
	pg_outside(&call, town->hash, TOWN_HASH_BYTES);
	for (int i = 0; i < 3; i++)
		pg_outside(&call, words[i], strlen(words[i]));
	if (!(code = town_number(store, &call, &found, detail)))
		code = copy_rows(store, "COPY road FROM STDIN (FORMAT binary)", town, put_road, town->road.n_arcs,
				 detail);
	if (!code)
		code = copy_rows(store, "COPY stop FROM STDIN (FORMAT binary)", town, put_stop, town->n_stops, detail);
	if (!code)
		code = postgres_run(&store->pg, "COMMIT", PG_WAIT_LONG_MS, detail);
	else if (store->pg.conn)
		postgres_run(&store->pg, "ROLLBACK", PG_WAIT_MS, NULL);
	return code;
}

int project_prepare(struct postgres_store *store, const struct project_rows *changes, struct err_detail *detail)
{
	const struct town *town = changes->town;
	struct pg_call call;
	int found = 0;
	if (store->town_loaded && !memcmp(store->town_hash, town->hash, TOWN_HASH_BYTES))
		return ERR_OK;
	pg_call(&call, PG_TOWN_LOADED, &store->bytes);
	pg_outside(&call, town->hash, TOWN_HASH_BYTES);
	int code = town_number(store, &call, &found, detail);
	if (!code && !found)
		code = town_put(store, town, detail);
	if (code)
		return code;
	memcpy(store->town_hash, town->hash, TOWN_HASH_BYTES);
	store->town_loaded = 1;
	return ERR_OK;
}

/* ---- rides, visits, vehicles ---- */

#define COLUMN(type, rows, count, put)                               \
	do {                                                         \
		pg_array(call, type, (uint32_t)(count));             \
		for (size_t i = 0; i < (count); i++) {               \
			const __typeof__(*(rows)) *row = &(rows)[i]; \
			put;                                         \
		}                                                    \
		pg_array_end(call);                                  \
	} while (0)

static void item_ride(struct pg_bytes *to, uint64_t ride)
{
	char text[24];
	snprintf(text, sizeof text, "%" PRIu64, ride);
	pg_item_text(to, text);
}

static void item_index(struct pg_bytes *to, uint32_t value, uint32_t nothing)
{
	if (value == nothing)
		pg_item_null(to);
	else
		pg_item_u64(to, value);
}

static void item_known(struct pg_bytes *to, int known, int32_t value)
{
	if (known)
		pg_item_i32(to, value);
	else
		pg_item_null(to);
}

static int send_rides(struct postgres_store *store, const struct project_rows *changes, struct err_detail *detail)
{
	struct pg_bytes *to = &store->bytes;
	struct pg_call one, *call = &one;
	const struct project_ride *rides = changes->rides;
	size_t n = changes->n_rides;
	pg_call(call, PG_RIDES_PUT, to);
	COLUMN(PG_TEXT, rides, n, item_ride(to, row->ride));
	COLUMN(PG_TEXT, rides, n, pg_item_text(to, row->state));
	COLUMN(PG_TEXT, rides, n, pg_item_text(to, row->refusal));
	COLUMN(PG_TEXT, rides, n, pg_item_text(to, row->cause));
	COLUMN(PG_INT8, rides, n, item_index(to, row->vehicle, 0));
	COLUMN(PG_INT2, rides, n, pg_item_i16(to, row->party));
	COLUMN(PG_BOOL, rides, n, pg_item_bool(to, row->prebooked));
	COLUMN(PG_INT4, rides, n, pg_item_i32(to, (int32_t)row->n_reassigned));
	COLUMN(PG_TIMESTAMPTZ, rides, n, pg_item_instant(to, row->asked_at));
	COLUMN(PG_TIMESTAMPTZ, rides, n, pg_item_instant(to, row->promised_at));
	COLUMN(PG_TIMESTAMPTZ, rides, n, pg_item_instant(to, row->closed_at));
	COLUMN(PG_TIMESTAMPTZ, rides, n, pg_item_instant(to, row->earliest_pickup));
	COLUMN(PG_TIMESTAMPTZ, rides, n, pg_item_instant(to, row->latest_pickup));
	COLUMN(PG_TIMESTAMPTZ, rides, n, pg_item_instant(to, row->latest_arrival));
	COLUMN(PG_BOOL, rides, n, row->kept < 0 ? pg_item_null(to) : pg_item_bool(to, row->kept));
	COLUMN(PG_INT4, rides, n, item_known(to, row->kept >= 0, row->pickup_late_ms));
	COLUMN(PG_INT4, rides, n, item_known(to, row->kept >= 0, row->arrival_late_ms));
	return postgres_pipe_call(&store->pg, call, detail);
}

/* A ride has a visit of its pickup and one of its drop-off once there is a promise. */
struct visit {
	const struct project_ride *of;
	int is_dropoff;
};

static const char *visit_state(const struct visit *visit)
{
	const struct project_ride *ride = visit->of;
	if ((visit->is_dropoff ? ride->alighted_at : ride->boarded_at) != INSTANT_NONE)
		return "done";
	if (ride->closed_at != INSTANT_NONE)
		return "dropped";
	return !visit->is_dropoff && ride->at_stop_at != INSTANT_NONE ? "arrived" : "planned";
}

static int send_visits_of(struct postgres_store *store, const struct visit *visits, size_t n, struct err_detail *detail)
{
	struct pg_bytes *to = &store->bytes;
	struct pg_call one, *call = &one;
	pg_call(call, PG_VISITS_PUT, to);
	COLUMN(PG_TEXT, visits, n, item_ride(to, row->of->ride));
	COLUMN(PG_TEXT, visits, n, pg_item_text(to, row->is_dropoff ? "dropoff" : "pickup"));
	COLUMN(PG_INT8, visits, n, item_index(to, row->of->vehicle, 0));
	COLUMN(PG_TEXT, visits, n, pg_item_text(to, visit_state(row)));
	COLUMN(PG_INT8, visits, n,
	       item_index(to, row->is_dropoff ? row->of->dropoff_stop : row->of->pickup_stop, NONE));
	COLUMN(PG_TIMESTAMPTZ, visits, n,
	       pg_item_instant(to, row->is_dropoff ? row->of->planned_dropoff : row->of->planned_pickup));
	COLUMN(PG_TIMESTAMPTZ, visits, n,
	       pg_item_instant(to, row->is_dropoff ? INSTANT_NONE : row->of->earliest_pickup));
	COLUMN(PG_TIMESTAMPTZ, visits, n,
	       pg_item_instant(to, row->is_dropoff ? row->of->latest_arrival : row->of->latest_pickup));
	COLUMN(PG_TIMESTAMPTZ, visits, n,
	       pg_item_instant(to, row->is_dropoff ? row->of->alighted_at : row->of->at_stop_at));
	COLUMN(PG_TIMESTAMPTZ, visits, n,
	       pg_item_instant(to, row->is_dropoff ? row->of->alighted_at : row->of->boarded_at));
	COLUMN(PG_INT4, visits, n, pg_item_i32(to, row->is_dropoff ? row->of->dropoff.lon_e7 : row->of->pickup.lon_e7));
	COLUMN(PG_INT4, visits, n, pg_item_i32(to, row->is_dropoff ? row->of->dropoff.lat_e7 : row->of->pickup.lat_e7));
	return postgres_pipe_call(&store->pg, call, detail);
}

#define VISITS_AT_ONCE 256

static int send_visits(struct postgres_store *store, const struct project_rows *changes, struct err_detail *detail)
{
	struct visit visits[VISITS_AT_ONCE];
	size_t n = 0;
	int code = ERR_OK;
	for (size_t i = 0; i < changes->n_rides && !code; i++) {
		if (!changes->rides[i].has_places)
			continue;
		visits[n++] = (struct visit){&changes->rides[i], 0};
		visits[n++] = (struct visit){&changes->rides[i], 1};
		if (n < VISITS_AT_ONCE)
			continue;
		code = send_visits_of(store, visits, n, detail);
		n = 0;
	}
	return n && !code ? send_visits_of(store, visits, n, detail) : code;
}

static int send_vehicles(struct postgres_store *store, const struct project_rows *changes, struct err_detail *detail)
{
	struct pg_bytes *to = &store->bytes;
	struct pg_call one, *call = &one;
	const struct project_vehicle *vehicles = changes->vehicles;
	size_t n = changes->n_vehicles;
	pg_call(call, PG_VEHICLES_PUT, to);
	COLUMN(PG_INT8, vehicles, n, pg_item_u64(to, row->number));
	COLUMN(PG_TEXT, vehicles, n, pg_item_text(to, row->name));
	COLUMN(PG_TEXT, vehicles, n, pg_item_text(to, row->class_name));
	COLUMN(PG_TEXT, vehicles, n, pg_item_text(to, row->service));
	COLUMN(PG_INT2, vehicles, n, pg_item_i16(to, row->mode));
	COLUMN(PG_BOOL, vehicles, n, pg_item_bool(to, row->link_up));
	COLUMN(PG_BOOL, vehicles, n, pg_item_bool(to, row->standstill));
	COLUMN(PG_TEXT, vehicles, n, pg_item_text(to, row->supervisor));
	COLUMN(PG_INT2, vehicles, n, pg_item_i16(to, row->n_aboard));
	COLUMN(PG_INT2, vehicles, n, pg_item_i16(to, (int16_t)row->battery_permille));
	COLUMN(PG_INT8, vehicles, n, pg_item_u64(to, row->plan_epoch));
	COLUMN(PG_INT8, vehicles, n, pg_item_u64(to, row->plan_version));
	COLUMN(PG_INT4, vehicles, n, pg_item_i32(to, (int32_t)row->n_tasks));
	COLUMN(PG_TIMESTAMPTZ, vehicles, n, pg_item_instant(to, row->anchor_at));
	COLUMN(PG_TIMESTAMPTZ, vehicles, n, pg_item_instant(to, row->last_contact));
	COLUMN(PG_INT4, vehicles, n, item_known(to, row->has_place, row->place.lon_e7));
	COLUMN(PG_INT4, vehicles, n, item_known(to, row->has_place, row->place.lat_e7));
	return postgres_pipe_call(&store->pg, call, detail);
}

static int send_progress(struct postgres_store *store, uint64_t sequence, struct err_detail *detail)
{
	struct pg_call call;
	pg_call(&call, PG_PROGRESS_PUT, &store->bytes);
	pg_u64(&call, sequence);
	pg_u64(&call, store->town_number);
	return postgres_pipe_call(&store->pg, &call, detail);
}

int project_send(struct postgres_store *store, const struct project_rows *changes, uint64_t sequence,
		 struct err_detail *detail)
{
	int code = changes->n_vehicles ? send_vehicles(store, changes, detail) : ERR_OK;
	if (!code && changes->n_rides)
		code = send_rides(store, changes, detail);
	if (!code && changes->n_rides)
		code = send_visits(store, changes, detail);
	return code ? code : send_progress(store, sequence, detail);
}

/* ---- rebuilding ---- */

static int rebuild_end(struct postgres_store *store, struct err_detail *detail)
{
	struct store_head head;
	uint64_t sequence;
	int code = postgres_run(&store->pg, "SET synchronous_commit = on", PG_WAIT_MS, detail);
	if (!code)
		code = postgres_run(&store->pg, "UPDATE progress SET sequence = sequence", PG_WAIT_LONG_MS, detail);
	if (!code)
		code = progress_get(store, &sequence, detail);
	if (!code)
		code = store_postgres_head(store, &head, detail);
	if (!code)
		store->projects = sequence == head.sequence;
	return code;
}

int project_write(void *self, const struct project_rows *changes, struct err_detail *detail)
{
	struct postgres_store *store = self;
	if (!changes)
		return rebuild_end(store, detail);
	int code = project_prepare(store, changes, detail);
	if (!code)
		code = postgres_pipe_begin(&store->pg, detail);
	if (!code)
		code = project_send(store, changes, changes->sequence, detail);
	if (!code)
		code = postgres_pipe_end(&store->pg, detail);
	return code ? code : postgres_pipe_finish(&store->pg, PG_WAIT_LONG_MS, detail);
}

int project_forget(struct postgres_store *store, const uint64_t *rides, uint32_t n, struct err_detail *detail)
{
	struct pg_call call;
	pg_call(&call, PG_RIDES_FORGET, &store->bytes);
	pg_array(&call, PG_TEXT, n);
	for (uint32_t i = 0; i < n; i++)
		item_ride(&store->bytes, rides[i]);
	pg_array_end(&call);
	return postgres_query(&store->pg, &call, PG_WAIT_LONG_MS, NULL, detail);
}
