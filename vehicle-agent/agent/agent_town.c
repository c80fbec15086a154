/* Another town file: every spot is set anew by its raw degrees, as the dispatcher does with its rides. */
#include <string.h>

#include "agent_inner.h"

struct move {
	struct agent *agent;
	const struct town *town;
	agent_spot_on *spot_on;
	void *self;
	struct wire_plan plan; /* with its new places */
	int failed;
};

int agent_wants_town(const struct agent *agent, const struct wire_plan *plan)
{
	return agent_plan_refusal(agent, plan) == WIRE_REFUSED_TOWN;
}

static struct spot spot_by_degrees(struct move *move, struct geo_point point)
{
	struct spot spot = {NONE, 0};

	if (move->spot_on(move->self, point, &spot))
		move->failed = 1;
	return spot;
}

static void move_place(struct move *move, struct wire_place *place)
{
	struct spot spot = spot_by_degrees(move, (struct geo_point){place->lat_e7, place->lon_e7});

	place->arc = spot.arc;
	place->offset_mm = spot.offset_mm;
}

/* A spot of the plan stays the spot of that task, so that a stop it stands at is still that stop. */
static struct spot move_spot(struct move *move, struct spot spot)
{
	const struct agent *agent = move->agent;

	for (uint32_t i = 0; i < agent->plan.n_tasks; i++)
		if (spot_equal(place_spot(&agent->plan.tasks[i].place), spot))
			return place_spot(&move->plan.tasks[i].place);
	if (spot.arc >= agent->town->road.n_arcs)
		return spot;
	return spot_by_degrees(move, network_spot_point(&agent->town->road, spot));
}

static void move_event(struct move *move, struct wire_event *event)
{
	struct spot spot = {NONE, 0};

	if (event->place.arc != NONE)
		(void)move->spot_on(move->self, (struct geo_point){event->place.lat_e7, event->place.lon_e7}, &spot);
	event->place.arc = spot.arc;
	event->place.offset_mm = spot.offset_mm;
}

int agent_set_town(struct agent *agent, const struct town *town, agent_spot_on *spot_on, void *self)
{
	struct move move = {.agent = agent, .town = town, .spot_on = spot_on, .self = self, .plan = agent->plan};
	uint32_t class_index = town_class(town, agent->settings.class_name);
	struct spot stop, errand;

	if (class_index == NONE)
		return ERR_NOT_FOUND;
	for (uint32_t i = 0; i < move.plan.n_tasks; i++)
		move_place(&move, &move.plan.tasks[i].place);
	stop = agent->stop.open ? move_spot(&move, agent->stop.spot) : agent->stop.spot;
	errand = agent->errand ? move_spot(&move, agent->errand_spot) : agent->errand_spot;
	if (move.failed)
		return ERR_RANGE;
	for (uint32_t i = 0; i < agent->n_events; i++)
		move_event(&move, &agent->events[i]);
	agent->stop.spot = stop;
	agent->errand_spot = errand;
	agent->leg_active = 0; /* it sets off anew from where it is */
	memcpy(move.plan.town_hash, town->hash, WIRE_HASH_BYTES);
	move.plan.conditions = move.plan.n_streets =
		0; /* they were of the other town; the next plan names those of this one */
	agent->plan = move.plan;
	agent->town = town;
	agent->class_index = class_index;
	agent->link.need_hello = 1;
	agent->dirty = 1;
	return ERR_OK;
}
