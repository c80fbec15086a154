/* Who watches which vehicle. Handing over is accepted by the one who takes, never assumed. */
#include "state.h"

uint32_t supervision_find(const struct core *core, const char *who)
{
	char name[CORE_WHO_MAX];
	core_text(name, sizeof name, who);
	for (uint32_t i = 0; name[0] && i < core->n_supervisors; i++)
		if (strncmp(core->supervisors[i].who, name, CORE_WHO_MAX) == 0)
			return i;
	return NONE;
}

static uint32_t watched_by(const struct core *core, const char *who)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < core->n_vehicles; i++)
		n += strncmp(core->vehicles[i].supervisor, who, CORE_WHO_MAX) == 0;
	return n;
}

static int may_watch(const struct core *core, uint32_t supervisor, uint32_t vehicle)
{
	const struct core_supervisor *s = &core->supervisors[supervisor];
	if (s->handing_to[0] || (s->simulated && !core->vehicles[vehicle].simulated))
		return 0;
	return watched_by(core, s->who) < s->vehicles_max;
}

void supervision_assign(struct core *core, uint32_t slot)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	if (vehicle->supervisor[0] || vehicle->released_until <= core->now)
		return;
	for (uint32_t i = 0; i < core->n_supervisors; i++) {
		if (!may_watch(core, i, slot))
			continue;
		memcpy(vehicle->supervisor, core->supervisors[i].who, sizeof vehicle->supervisor);
		core->vehicles_more[slot].unwatched_at = INSTANT_NONE;
		case_end(core, CASE_UNSUPERVISED, 0, vehicle->number, CASE_HOME_BY_SHUTTLE, "watched again");
		vehicle_say(core, slot);
		time_vehicle(core, slot);
		return;
	}
}

static void assign_all(struct core *core)
{
	for (uint32_t i = 0; i < core->n_vehicles; i++)
		supervision_assign(core, core->vehicle_order[i]);
}

static void say_duty(struct core *core, const char *who, const char *to, int on)
{
	struct upd_duty *say = &core_say(core, UPD_DUTY)->duty;
	core_text(say->who, sizeof say->who, who);
	core_text(say->to, sizeof say->to, to);
	say->on = on != 0;
	say->n_on_duty = core->n_supervisors;
}

int supervision_sign_on(struct core *core, const struct cmd_duty *duty)
{
	if (!duty->who[0] || !duty->vehicles_max)
		return ERR_RANGE;
	uint32_t i = supervision_find(core, duty->who);
	if (i != NONE && duty->vehicles_max < watched_by(core, core->supervisors[i].who))
		return ERR_CONFLICT;
	if (i == NONE) {
		if (core->n_supervisors == core->supervisors_max)
			return ERR_FULL;
		i = core->n_supervisors++;
		memset(&core->supervisors[i], 0, sizeof core->supervisors[i]);
		core_text(core->supervisors[i].who, CORE_WHO_MAX, duty->who);
		core->supervisors[i].since = core->now;
		core->supervisors[i].simulated = duty->simulated != 0;
	} else if (core->supervisors[i].simulated != (duty->simulated != 0)) {
		return ERR_CONFLICT;
	}
	core->supervisors[i].vehicles_max = duty->vehicles_max;
	memset(core->supervisors[i].handing_to, 0, CORE_WHO_MAX);
	core_touch(core, ITEM_SUPERVISOR, i);
	say_duty(core, core->supervisors[i].who, "", 1);
	assign_all(core);
	return ERR_OK;
}

static void leave(struct core *core, uint32_t i)
{
	for (uint32_t k = i; k < core->n_supervisors; k++)
		core_touch(core, ITEM_SUPERVISOR, k);
	core->n_supervisors--;
	memmove(core->supervisors + i, core->supervisors + i + 1,
		(core->n_supervisors - i) * sizeof core->supervisors[0]);
	memset(core->supervisors + core->n_supervisors, 0, sizeof core->supervisors[0]);
}

/* Nobody took them: no new promises, a case, and after a while waiting riders go elsewhere. */
static void unwatch(struct core *core, const char *who)
{
	for (uint32_t i = 0; i < core->n_vehicles; i++) {
		uint32_t slot = core->vehicle_order[i];
		struct core_vehicle *vehicle = &core->vehicles[slot];
		if (strncmp(vehicle->supervisor, who, CORE_WHO_MAX) != 0)
			continue;
		memset(vehicle->supervisor, 0, sizeof vehicle->supervisor);
		vehicle_say(core, slot);
		if (vehicle->n_tasks || vehicle->n_aboard) {
			(void)case_new(core, CASE_UNSUPERVISED, 0, vehicle->number, "nobody is signed on for it");
			core->vehicles_more[slot].unwatched_at = core->now;
		}
		time_vehicle(core, slot);
	}
}

int supervision_sign_off(struct core *core, const struct cmd_duty *duty)
{
	uint32_t i = supervision_find(core, duty->who);
	if (i == NONE)
		return ERR_NOT_FOUND;
	struct core_supervisor *s = &core->supervisors[i];
	core_touch(core, ITEM_SUPERVISOR, i);
	if (duty->to[0] && watched_by(core, s->who)) {
		uint32_t to = supervision_find(core, duty->to);
		if (to == NONE || to == i)
			return ERR_NOT_FOUND;
		memcpy(s->handing_to, core->supervisors[to].who, CORE_WHO_MAX);
		say_duty(core, s->who, s->handing_to, 1); /* on duty until the other accepts */
		return ERR_OK;
	}
	char who[CORE_WHO_MAX];
	memcpy(who, s->who, sizeof who);
	leave(core, i);
	unwatch(core, who);
	say_duty(core, who, "", 0);
	return ERR_OK;
}

/* `who` accepts what `to` (or, when empty, the first who asked) hands over. */
int supervision_accept(struct core *core, const struct cmd_duty *duty)
{
	uint32_t taker = supervision_find(core, duty->who), giver = NONE;
	if (taker == NONE)
		return ERR_NOT_FOUND;
	for (uint32_t i = 0; i < core->n_supervisors && giver == NONE; i++)
		if (strncmp(core->supervisors[i].handing_to, core->supervisors[taker].who, CORE_WHO_MAX) == 0 &&
		    (!duty->to[0] || supervision_find(core, duty->to) == i))
			giver = i;
	if (giver == NONE)
		return ERR_CONFLICT;
	const struct core_supervisor *from = &core->supervisors[giver], *to = &core->supervisors[taker];
	if (watched_by(core, from->who) + watched_by(core, to->who) > to->vehicles_max)
		return ERR_FULL;
	char gone[CORE_WHO_MAX], takes[CORE_WHO_MAX];
	memcpy(gone, from->who, sizeof gone);
	memcpy(takes, to->who, sizeof takes);
	for (uint32_t v = 0; to->simulated && v < core->n_vehicles; v++)
		if (!core->vehicles[v].simulated && strncmp(core->vehicles[v].supervisor, gone, CORE_WHO_MAX) == 0)
			return ERR_DENIED;
	for (uint32_t v = 0; v < core->n_vehicles; v++) {
		if (strncmp(core->vehicles[v].supervisor, gone, CORE_WHO_MAX) != 0)
			continue;
		memcpy(core->vehicles[v].supervisor, takes, sizeof takes);
		vehicle_say(core, v);
	}
	leave(core, giver);
	say_duty(core, gone, takes, 0);
	assign_all(core);
	return ERR_OK;
}

int supervision_approval(struct core *core, const struct cmd_approval *approval)
{
	uint32_t slot = core_slot(core, approval->vehicle);
	core->result.vehicle = approval->vehicle;
	if (slot == NONE)
		return ERR_NOT_FOUND;
	if (supervision_find(core, approval->by) == NONE)
		return ERR_DENIED;
	struct core_vehicle *vehicle = &core->vehicles[slot];
	if (!approval->request || core->vehicles_more[slot].approval_request != approval->request)
		return ERR_CONFLICT;
	core_touch_vehicle(core, slot);
	core->vehicles_more[slot].approval_request = 0;
	struct upd_approval *say = &core_say(core, UPD_APPROVAL)->approval;
	say->vehicle = vehicle->number;
	say->reply.request = approval->request;
	say->reply.granted = approval->granted != 0;
	core_text(say->reply.by, sizeof say->reply.by, approval->by);
	const char *note = approval->reason[0] ? approval->reason : approval->granted ? "granted" : "denied";
	case_end(core, CASE_APPROVAL, 0, vehicle->number, CASE_HOME_BY_SHUTTLE, note);
	for (uint32_t i = 0; i < vehicle->n_aboard; i++)
		case_end(core, CASE_APPROVAL, vehicle->aboard[i], vehicle->number, CASE_HOME_BY_SHUTTLE, note);
	return ERR_OK;
}
