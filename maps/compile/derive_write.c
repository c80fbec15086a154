/* Invents times for the courses and writes the feed, which says in its first line that they are invented. */
#include "derive_model.h"

#include "gtfs_write.h"
#include "units.h"

#define BUS_MM_PER_S 5556   /* 20 km/h */
#define RAIL_MM_PER_S 22222 /* 80 km/h */
#define DETOUR_PERCENT 130
#define DWELL_S 20
#define RAIL_DWELL_S 60
#define RAIL_HEADWAY_S 3600u
#define LAST_DEPARTURE_S (23 * 3600 + 1800)
#define LONG_LINE_STOPS 15

static const struct service {
	const char *id, *days;
	char letter;
	int32_t first_s;
	uint32_t stretch_halves; /* of the headway */
} services[] = {
	{"working-days", "1,1,1,1,1,0,0", 'w', 5 * 3600, 2},
	{"saturdays", "0,0,0,0,0,1,0", 's', 5 * 3600, 3},
	{"sundays", "0,0,0,0,0,0,1", 'u', 7 * 3600, 4},
};

static int is_rail(const struct derive_line *line)
{
	return line->type == 2;
}

/* Seconds from the first stop to stop i, whole minutes. */
static int32_t run_seconds(const struct derive *derive, const struct derive_course *course, uint32_t to)
{
	int rail = is_rail(&derive->lines[course->line]);
	uint64_t speed = rail ? RAIL_MM_PER_S : BUS_MM_PER_S, ms = 0;
	for (uint32_t i = 0; i < to; i++) {
		uint64_t mm = geo_rough_mm(derive->stops[derive->called[course->first + i]].point,
					   derive->stops[derive->called[course->first + i + 1]].point);
		ms += mm * DETOUR_PERCENT * 10 / speed + (rail ? RAIL_DWELL_S : DWELL_S) * 1000u;
	}
	return (int32_t)((ms + 30000) / 60000 * 60);
}

static uint32_t headway(const struct derive *derive, const struct derive_course *course, const struct service *service)
{
	const struct derive_line *line = &derive->lines[course->line];
	if (is_rail(line))
		return RAIL_HEADWAY_S;
	uint32_t base = derive->options->headway_s ? derive->options->headway_s : 1200;
	uint32_t sharing = (line->n_courses + 1) / 2; /* half of them run either way */
	uint32_t seconds = base * sharing * service->stretch_halves / 2;
	return line->longest < LONG_LINE_STOPS ? seconds * 2 : seconds;
}

/* Courses of a line, and lines, are spread over the hour. */
static uint32_t offset(const struct derive *derive, uint32_t course_index, uint32_t headway_s)
{
	const struct derive_course *course = &derive->courses[course_index];
	uint32_t before = 0, n = derive->lines[course->line].n_courses;
	for (uint32_t i = 0; i < course_index; i++)
		before += derive->courses[i].line == course->line;
	uint64_t spread = (uint64_t)headway_s * before / n + (uint64_t)course->line * 420;
	return (uint32_t)(spread % headway_s / 60 * 60);
}

static void trip_id(struct gtfs_writer *writer, const struct derive *derive, const struct derive_course *course,
		    char letter, uint32_t run)
{
	gtfs_write_format(writer, "%s.%lld%s.%c%03u", derive->lines[course->line].ref, (long long)course->relation,
			  course->is_return ? "r" : "", letter, run);
}

/* Calls `each` with every departure of a course on a service. */
typedef void each_run(struct gtfs_writer *writer, const struct derive *derive, const struct derive_course *course,
		      const struct service *service, uint32_t run, int32_t departs_s);

static void runs(struct gtfs_writer *writer, const struct derive *derive, uint32_t course_index,
		 const struct service *service, each_run *each)
{
	uint32_t seconds = headway(derive, &derive->courses[course_index], service), run = 1;
	int32_t at = service->first_s + (int32_t)offset(derive, course_index, seconds);
	while (at <= LAST_DEPARTURE_S) {
		int quiet = !is_rail(&derive->lines[derive->courses[course_index].line]) &&
			    (at < 6 * 3600 || at >= 20 * 3600);
		each(writer, derive, &derive->courses[course_index], service, run++, at);
		at += (int32_t)(quiet ? seconds * 2 : seconds);
	}
}

static void all_runs(struct gtfs_writer *writer, const struct derive *derive, each_run *each)
{
	for (uint32_t course = 0; course < derive->n_courses; course++)
		for (size_t service = 0; service < COUNT_OF(services); service++)
			runs(writer, derive, course, &services[service], each);
}

static void route_id(struct gtfs_writer *writer, const struct derive *derive, uint32_t line)
{
	gtfs_write_format(writer, "%u-%s", derive->lines[line].type, derive->lines[line].ref);
}

static void trip_row(struct gtfs_writer *writer, const struct derive *derive, const struct derive_course *course,
		     const struct service *service, uint32_t run, int32_t departs_s)
{
	(void)departs_s;
	route_id(writer, derive, course->line);
	gtfs_write_text(writer, service->id);
	trip_id(writer, derive, course, service->letter, run);
	gtfs_write_text(writer, course->headsign);
	gtfs_write_end_row(writer);
}

static void time_rows(struct gtfs_writer *writer, const struct derive *derive, const struct derive_course *course,
		      const struct service *service, uint32_t run, int32_t departs_s)
{
	for (uint32_t i = 0; i < course->n; i++) {
		int32_t at = departs_s + run_seconds(derive, course, i);
		trip_id(writer, derive, course, service->letter, run);
		gtfs_write_time(writer, at);
		gtfs_write_time(writer, at);
		gtfs_write_text(writer, derive->stops[derive->called[course->first + i]].id);
		gtfs_write_number(writer, i + 1);
		gtfs_write_end_row(writer);
	}
}

static void write_head(struct gtfs_writer *writer, const struct derive_options *options)
{
	gtfs_write_table(writer, "feed_info",
			 "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date,feed_end_date,feed_version");
	gtfs_write_text(
		writer, GTFS_INVENTED
		" all times made up by mapc derive-timetable; stops and courses (c) OpenStreetMap contributors");
	gtfs_write_text(writer, "https://www.openstreetmap.org/copyright");
	gtfs_write_text(writer, "de");
	gtfs_write_number(writer, options->first_yyyymmdd);
	gtfs_write_number(writer, options->last_yyyymmdd);
	gtfs_write_format(writer, "invented-%u", options->first_yyyymmdd);
	gtfs_write_end_row(writer);
	gtfs_write_table(writer, "agency", "agency_id,agency_name,agency_url,agency_timezone");
	gtfs_write_text(writer, "invented");
	gtfs_write_text(writer, GTFS_INVENTED " no operator, times made up");
	gtfs_write_text(writer, "https://www.openstreetmap.org/copyright");
	gtfs_write_text(writer, options->time_zone ? options->time_zone : "Europe/Berlin");
	gtfs_write_end_row(writer);
	gtfs_write_table(writer, "calendar",
			 "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date");
	for (size_t i = 0; i < COUNT_OF(services); i++) {
		gtfs_write_text(writer, services[i].id);
		for (int day = 0; day < 7; day++)
			gtfs_write_number(writer, services[i].days[2 * day] == '1');
		gtfs_write_number(writer, options->first_yyyymmdd);
		gtfs_write_number(writer, options->last_yyyymmdd);
		gtfs_write_end_row(writer);
	}
}

static void stop_row(struct gtfs_writer *writer, const char *id, const char *name, struct geo_point point, int type)
{
	gtfs_write_text(writer, id);
	gtfs_write_text(writer, name);
	gtfs_write_degrees(writer, point.lat_e7);
	gtfs_write_degrees(writer, point.lon_e7);
	gtfs_write_number(writer, type);
}

static void write_stops(struct gtfs_writer *writer, const struct derive *derive)
{
	char id[32];
	gtfs_write_table(
		writer, "stops",
		"stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,wheelchair_boarding,platform_code");
	for (size_t i = 0; i < derive->n_areas; i++) {
		snprintf(id, sizeof id, "area%lld", (long long)derive->areas[i].relation);
		stop_row(writer, id, derive->areas[i].name, derive->areas[i].point, 1);
		gtfs_write_text(writer, "");
		gtfs_write_number(writer, 0);
		gtfs_write_text(writer, "");
		gtfs_write_end_row(writer);
	}
	for (size_t i = 0; i < derive->n_stops; i++) {
		const struct derive_stop *stop = &derive->stops[i];
		id[0] = '\0';
		if (stop->area != NONE)
			snprintf(id, sizeof id, "area%lld", (long long)derive->areas[stop->area].relation);
		stop_row(writer, stop->id, stop->name, stop->point, 0);
		gtfs_write_text(writer, id);
		gtfs_write_number(writer, stop->wheelchair);
		gtfs_write_text(writer, stop->platform);
		gtfs_write_end_row(writer);
	}
}

static void write_routes(struct gtfs_writer *writer, const struct derive *derive)
{
	gtfs_write_table(writer, "routes",
			 "route_id,agency_id,route_short_name,route_long_name,route_type,route_color");
	for (uint32_t i = 0; i < derive->n_lines; i++) {
		if (derive->lines[i].n_courses == 0)
			continue;
		route_id(writer, derive, i);
		gtfs_write_text(writer, "invented");
		gtfs_write_text(writer, derive->lines[i].ref);
		gtfs_write_text(writer, derive->lines[i].name);
		gtfs_write_number(writer, derive->lines[i].type);
		gtfs_write_text(writer, derive->lines[i].color);
		gtfs_write_end_row(writer);
	}
}

int derive_write(const struct derive *derive, struct err_detail *detail)
{
	struct gtfs_writer *writer = NULL;
	if (gtfs_write_open(&writer))
		return err_set(detail, ERR_MEMORY, "%s: out of memory", derive->options->gtfs_path);
	write_head(writer, derive->options);
	write_stops(writer, derive);
	write_routes(writer, derive);
	gtfs_write_table(writer, "trips", "route_id,service_id,trip_id,trip_headsign");
	all_runs(writer, derive, trip_row);
	gtfs_write_table(writer, "stop_times", "trip_id,arrival_time,departure_time,stop_id,stop_sequence");
	all_runs(writer, derive, time_rows);
	return gtfs_write_close(writer, derive->options->gtfs_path, detail);
}
