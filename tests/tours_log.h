/* What a fleet did, written down as it was told, and checked afterwards by the rules alone: every leg takes exactly the
 * fastest way's time, begins where the vehicle is and not before it can leave, vehicles turn only on their way and not
 * before it is decided; every rider gets on once and off once after it at the right places, within the promise; seats,
 * stop times, end of service. The figures are sums over what was driven and visited, not the search's own. */
#ifndef ZUB_TOURS_LOG_H
#define ZUB_TOURS_LOG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tours.h"
#include "units.h"

struct log_row {
	int is_visit;
	struct tours_leg leg;
	struct tours_visit visit;
};

struct log_vehicle {
	uint32_t arc, seats;
	int32_t start, end;
	/* as the check goes on */
	int32_t came, leave;
	uint32_t aboard;
	int is_stop;
};

struct log_rider {
	struct match_request request;
	struct tours_answer answer;
	uint32_t vehicle; /* that it sits, or sat, in; NONE */
	int32_t departure, arrival;
	int is_done;
};

struct log_figures {
	int64_t driving, empty, stopping, wait, ride, trip, late, over, direct;
	uint32_t riders, broken /* promises */, legs, turns;
};

struct tours_log {
	struct match_rules rules;
	uint32_t n_vehicles, n_riders, n, most, n_wrong;
	struct log_vehicle *vehicle;
	struct log_rider *rider;
	struct log_row *row;
	int64_t (*way)(void *context, uint32_t from, uint32_t to); /* ticks, by other means than the search */
	void *context;
	struct log_figures figures;
};

static inline void *log_alloc(size_t n, size_t size)
{
	void *memory = calloc(n + 1, size);
	if (!memory)
		abort();
	return memory;
}

static inline void log_open(struct tours_log *log, const struct match_rules *rules, uint32_t n_vehicles,
			    uint32_t n_riders)
{
	*log = (struct tours_log){.rules = *rules, .n_vehicles = n_vehicles, .n_riders = n_riders};
	log->vehicle = log_alloc(n_vehicles, sizeof *log->vehicle);
	log->rider = log_alloc(n_riders, sizeof *log->rider);
	for (uint32_t r = 0; r < n_riders; r++)
		log->rider[r].vehicle = NONE;
}

static inline void log_close(struct tours_log *log)
{
	free(log->vehicle);
	free(log->rider);
	free(log->row);
}

static inline struct log_row *log_add(struct tours_log *log)
{
	if (log->n == log->most) {
		log->most = 2 * log->most + 1024;
		log->row = realloc(log->row, log->most * sizeof *log->row);
		if (!log->row)
			abort();
	}
	return &log->row[log->n++];
}

static inline void log_drove(void *context, const struct tours_leg *leg)
{
	*log_add(context) = (struct log_row){.leg = *leg};
}

static inline void log_visited(void *context, const struct tours_visit *visit)
{
	*log_add(context) = (struct log_row){.is_visit = 1, .visit = *visit};
}

static inline void log_wrong(struct tours_log *log, const char *what, uint32_t row)
{
	const struct log_row *it = &log->row[row];
	if (log->n_wrong++ < 10)
		fprintf(stderr, "row %u, vehicle %u, rider %d: %s\n", row,
			it->is_visit ? it->visit.vehicle : it->leg.vehicle, it->is_visit ? (int)it->visit.rider : -1,
			what);
}

static inline int64_t log_over(int64_t value, int64_t most)
{
	return value > most ? value - most : 0;
}

static inline void log_leg(struct tours_log *log, uint32_t row)
{
	const struct tours_leg *leg = &log->row[row].leg;
	struct log_vehicle *vehicle = &log->vehicle[leg->vehicle];
	int64_t way = log->way(log->context, leg->from, leg->to);
	if (leg->from != vehicle->arc)
		log_wrong(log, "begins elsewhere", row);
	if (leg->departure < vehicle->leave)
		log_wrong(log, "leaves too early", row);
	if (leg->arrival - leg->departure != way)
		log_wrong(log, "is not the fastest way's time", row);
	if (vehicle->aboard > vehicle->seats)
		log_wrong(log, "more riders than seats", row);
	if (vehicle->aboard && leg->departure != vehicle->leave)
		log_wrong(log, "waits with riders", row);
	if (leg->is_turn && (leg->decided > leg->arrival || way + log->way(log->context, leg->to, leg->was_going) !=
								    log->way(log->context, leg->from, leg->was_going)))
		log_wrong(log, "turns where it never was", row);
	log->figures.driving += way;
	log->figures.empty += vehicle->aboard ? 0 : way;
	log->figures.legs++;
	log->figures.turns += (uint32_t)leg->is_turn;
	vehicle->arc = leg->to;
	vehicle->came = vehicle->leave = leg->arrival;
	vehicle->is_stop = 0;
}

/* The vehicle stands there as it says: for a new stop, or (a pickup) at the stop that it is at. */
static inline void log_stand(struct tours_log *log, uint32_t row)
{
	const struct tours_visit *visit = &log->row[row].visit;
	struct log_vehicle *vehicle = &log->vehicle[visit->vehicle];
	int32_t stop = (int32_t)log->rules.stop;
	if (!vehicle->is_stop) {
		vehicle->is_stop = 1;
		vehicle->leave = vehicle->came + stop;
		log->figures.stopping += stop;
	}
	if (visit->arc != vehicle->arc || visit->arrival != vehicle->came || visit->departure != vehicle->leave)
		log_wrong(log, "stops where, or when, it is not", row);
	if (vehicle->leave > vehicle->end)
		log_wrong(log, "after the end of service", row);
}

static inline void log_pickup(struct tours_log *log, uint32_t row)
{
	const struct tours_visit *visit = &log->row[row].visit;
	struct log_rider *rider = &log->rider[visit->rider];
	if (rider->vehicle != NONE || visit->arc != rider->request.from)
		log_wrong(log, "gets on twice, or elsewhere", row);
	if (visit->departure <= rider->request.time)
		log_wrong(log, "gets on before asking", row);
	if (visit->departure > rider->answer.departure_most) {
		log_wrong(log, "gets on after what was promised", row);
		log->figures.broken++;
	}
	rider->vehicle = visit->vehicle;
	rider->departure = visit->departure;
	log->vehicle[visit->vehicle].aboard++;
}

static inline void log_dropoff(struct tours_log *log, uint32_t row)
{
	const struct tours_visit *visit = &log->row[row].visit;
	struct log_rider *rider = &log->rider[visit->rider];
	struct log_figures *figures = &log->figures;
	int64_t trip = visit->arrival - rider->request.time, direct = rider->answer.direct;
	if (rider->vehicle != visit->vehicle || rider->is_done || visit->arc != rider->request.to)
		log_wrong(log, "gets off elsewhere, or twice", row);
	if (visit->arrival < rider->departure)
		log_wrong(log, "gets off before getting on", row);
	if (visit->arrival > rider->answer.arrival_most) {
		log_wrong(log, "gets off after what was promised", row);
		figures->broken++;
	}
	if (direct != log->way(log->context, rider->request.from, rider->request.to))
		log_wrong(log, "another direct time", row);
	rider->is_done = 1;
	rider->arrival = visit->arrival;
	log->vehicle[visit->vehicle].aboard--;
	figures->riders++;
	figures->wait += rider->departure - rider->request.time;
	figures->over += log_over(rider->departure, (int64_t)rider->request.time + log->rules.wait_most);
	figures->ride += visit->arrival - rider->departure;
	figures->trip += trip;
	figures->direct += direct;
	figures->late += log_over(trip, direct * log->rules.trip_permille / 1000 + log->rules.trip_extra);
}

/* The promise is what the service's rules and the plan at acceptance say. */
static inline int log_promise_ok(const struct tours_log *log, const struct log_rider *rider, int32_t extra)
{
	const struct tours_answer *answer = &rider->answer;
	int64_t departure = (int64_t)rider->request.time + log->rules.wait_most;
	int64_t arrival = (int64_t)rider->request.time + (int64_t)answer->direct * log->rules.trip_permille / 1000 +
			  log->rules.trip_extra;
	departure = departure > answer->departure + extra ? departure : answer->departure + extra;
	arrival = arrival > answer->arrival + extra ? arrival : answer->arrival + extra;
	return answer->departure_most == departure && answer->arrival_most == arrival;
}

/* Checks all rows. Returns how many things are wrong (the first ten are said). */
static inline uint32_t log_check(struct tours_log *log, int32_t promise_extra)
{
	for (uint32_t v = 0; v < log->n_vehicles; v++)
		log->vehicle[v].came = log->vehicle[v].leave = log->vehicle[v].start;
	for (uint32_t i = 0; i < log->n; i++) {
		if (!log->row[i].is_visit) {
			log_leg(log, i);
			continue;
		}
		log_stand(log, i);
		if (log->row[i].visit.is_dropoff)
			log_dropoff(log, i);
		else
			log_pickup(log, i);
	}
	for (uint32_t r = 0; r < log->n_riders; r++)
		if (!log->rider[r].is_done || !log_promise_ok(log, &log->rider[r], promise_extra)) {
			log->n_wrong++;
			fprintf(stderr, "rider %u: never arrives, or another promise\n", r);
		}
	return log->n_wrong;
}

/* Driving and stops, and what riders had in the end. */
static inline int64_t log_cost(const struct tours_log *log)
{
	const struct log_figures *figures = &log->figures;
	return figures->driving + figures->stopping + figures->trip + figures->over +
	       log->rules.late_weight * figures->late;
}

#endif
