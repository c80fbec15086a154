/* What needs a person. A case stays open until somebody closes it, or what it is about has ended by itself. */
#include "state.h"

static void case_say(struct core *core, uint32_t i)
{
	const struct core_case *c = &core->cases[i];
	struct upd_case *say = &core_say(core, UPD_CASE)->case_;
	core_touch(core, ITEM_CASE, i);
	say->case_id = c->case_id;
	say->ride = c->ride;
	say->vehicle = c->vehicle;
	say->kind = c->kind;
	say->outcome = c->outcome;
	memcpy(say->owner, c->owner, sizeof say->owner);
}

static int is_open(const struct core_case *c)
{
	return c->outcome == CASE_OPEN && c->closed_at == INSTANT_NONE;
}

static uint32_t open_cases(const struct core *core)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < core->n_cases; i++)
		n += (uint32_t)is_open(&core->cases[i]);
	return n;
}

/* No more promises while people have no room for what may come of them. */
int case_full(const struct core *core)
{
	return core->n_cases == core->settings.cases_max && open_cases(core) > core->settings.cases_max / 4 * 3;
}

/* A free place: a new one, else the case that was closed longest ago; NONE = all are open. */
static uint32_t case_place(struct core *core)
{
	if (core->n_cases < core->settings.cases_max)
		return core->n_cases++;
	uint32_t oldest = NONE;
	for (uint32_t i = 0; i < core->n_cases; i++)
		if (!is_open(&core->cases[i]) &&
		    (oldest == NONE || core->cases[i].case_id < core->cases[oldest].case_id))
			oldest = i;
	return oldest;
}

int case_new(struct core *core, uint8_t kind, uint64_t ride, uint32_t vehicle, const char *note)
{
	for (uint32_t i = 0; i < core->n_cases; i++) {
		const struct core_case *c = &core->cases[i];
		if (is_open(c) && c->kind == kind && c->ride == ride && (ride || c->vehicle == vehicle))
			return ERR_OK;
	}
	uint32_t i = case_place(core);
	if (i == NONE)
		return ERR_FULL;
	struct core_case *c = &core->cases[i];
	memset(c, 0, sizeof *c);
	c->case_id = ++core->next_case;
	c->ride = ride;
	c->vehicle = vehicle;
	c->kind = kind;
	c->opened_at = core->now;
	c->closed_at = INSTANT_NONE;
	core_text(c->note, sizeof c->note, note);
	case_say(core, i);
	return ERR_OK;
}

/* kind CASE_KINDS: all of the ride's. outcome CASE_OPEN: closed without one, it is over. */
void case_end(struct core *core, uint8_t kind, uint64_t ride, uint32_t vehicle, uint8_t outcome, const char *note)
{
	for (uint32_t i = 0; i < core->n_cases; i++) {
		struct core_case *c = &core->cases[i];
		if (!is_open(c) || c->ride != ride || (kind != CASE_KINDS && c->kind != kind) ||
		    (!ride && c->vehicle != vehicle))
			continue;
		c->outcome = outcome;
		c->closed_at = core->now;
		if (note[0])
			core_text(c->note, sizeof c->note, note);
		case_say(core, i);
	}
}

int case_open_for(const struct core *core, uint64_t ride)
{
	for (uint32_t i = 0; i < core->n_cases; i++)
		if (is_open(&core->cases[i]) && core->cases[i].ride == ride)
			return 1;
	return 0;
}

/* cmd_case.ride names the ride, or, for a case about a vehicle alone, its case_id. */
static int named(const struct core_case *c, uint64_t number)
{
	return is_open(c) && number && (c->ride == number || (!c->ride && c->case_id == number));
}

int case_own(struct core *core, const struct cmd_case *command)
{
	int found = 0;
	core->result.ride = command->ride;
	if (!command->who[0])
		return ERR_RANGE;
	for (uint32_t i = 0; i < core->n_cases; i++) {
		if (!named(&core->cases[i], command->ride))
			continue;
		found = 1;
		core_text(core->cases[i].owner, CORE_WHO_MAX, command->who);
		case_say(core, i);
	}
	uint32_t slot = core_ride_slot(core, command->ride);
	if (found && slot != NONE) {
		core_text(core->rides[slot].owner, CORE_WHO_MAX, command->who);
		core_touch_ride(core, slot);
	}
	return found ? ERR_OK : ERR_NOT_FOUND;
}

/* A person says how the rider got home. */
static void close_ride(struct core *core, uint32_t slot, const struct cmd_case *command)
{
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	core_touch_ride(core, slot);
	core_text(ride->owner, CORE_WHO_MAX, command->who);
	ride->case_outcome = command->outcome;
	more->needs_case = 0;
	int helped_elsewhere = command->outcome == CASE_HOME_BY_FALLBACK || command->outcome == CASE_HOME_OTHERWISE ||
			       command->outcome == CASE_RIDER_DECLINED;
	if (ride->state == RIDE_ABOARD && helped_elsewhere) { /* taken out of a vehicle that cannot go on */
		ride_taken_out(core, slot, command->who);
	} else if ((ride->state == RIDE_PROMISED || ride->state == RIDE_AT_STOP) && helped_elsewhere) {
		ride_outcome(core, slot, 0, CAUSE_OPERATOR);
		ride_leave_plan(core, slot);
		ride->state = RIDE_BROKEN;
	}
	if (ride->state == RIDE_BROKEN)
		ride->closed_at = core->now;
	ride_say(core, slot);
}

int case_close(struct core *core, const struct cmd_case *command)
{
	int found = 0;
	core->result.ride = command->ride;
	if (!command->who[0] || command->outcome <= CASE_OPEN || command->outcome > CASE_SETTLED)
		return ERR_RANGE;
	for (uint32_t i = 0; i < core->n_cases; i++) {
		struct core_case *c = &core->cases[i];
		if (!named(c, command->ride))
			continue;
		if (c->ride && command->outcome == CASE_SETTLED)
			return ERR_RANGE; /* somebody must say how the rider got home */
		found = 1;
		c->outcome = command->outcome;
		c->closed_at = core->now;
		core_text(c->owner, CORE_WHO_MAX, command->who);
		core_text(c->note, CORE_REASON_MAX, command->note);
		case_say(core, i);
	}
	uint32_t slot = core_ride_slot(core, command->ride);
	if (!found)
		return ERR_NOT_FOUND;
	if (slot != NONE)
		close_ride(core, slot, command);
	return ERR_OK;
}
