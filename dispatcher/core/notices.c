/* Telling riders: each notice is queued, sent, acknowledged or failed; a failed one is somebody's task. */
#include "state.h"

static void notice_say(struct core *core, uint32_t i)
{
	const struct core_notice *n = &core->notices[i];
	core_touch(core, ITEM_NOTICE, i);
	core_say(core, UPD_NOTICE)->notice = (struct upd_notice){n->notice, n->ride, n->kind, n->state, n->about};
}

/* Nobody waits for an answer to it any more. */
static int is_over(const struct core *core, const struct core_notice *notice)
{
	uint32_t ride = core_ride_slot(core, notice->ride);
	return notice->state >= NOTICE_ACKNOWLEDGED || ride == NONE || !ride_open(core->rides[ride].state);
}

/* Places are taken in turn, the number says which; numbers whose place still holds what must reach an open ride's rider
 * are left out. NONE = all do. */
static uint32_t notice_place(struct core *core)
{
	const uint32_t most = core->settings.notices_max;
	if (core->n_notices < most) {
		core->next_notice++;
		return core->n_notices++;
	}
	for (uint32_t k = 0; k < most; k++) {
		uint32_t i = (uint32_t)((core->next_notice + k) % most);
		if (!is_over(core, &core->notices[i]))
			continue;
		core->next_notice += k + 1;
		return i;
	}
	return NONE;
}

void notice_new(struct core *core, uint8_t kind, uint32_t ride, instant_ms about)
{
	uint32_t i = notice_place(core);
	if (i == NONE) { /* somebody must tell the rider */
		(void)case_new(core, CASE_NOTICE_FAILED, core->rides[ride].ride, core->rides[ride].vehicle,
			       core_notice_name(kind));
		return;
	}
	core->notices[i] = (struct core_notice){.notice = core->next_notice,
						.ride = core->rides[ride].ride,
						.kind = kind,
						.state = NOTICE_QUEUED,
						.made_at = core->now,
						.about = about};
	notice_say(core, i);
}

int notice_state(struct core *core, const struct cmd_notice_state *command)
{
	if (command->state > NOTICE_FAILED)
		return ERR_RANGE;
	if (!command->notice || command->notice > core->next_notice)
		return ERR_NOT_FOUND;
	uint32_t i = (uint32_t)((command->notice - 1) % core->settings.notices_max);
	if (i >= core->n_notices || core->notices[i].notice != command->notice)
		return ERR_GONE;
	struct core_notice *notice = &core->notices[i];
	core->result.ride = notice->ride;
	if (command->state == notice->state)
		return ERR_OK;
	if (command->state < notice->state || notice->state == NOTICE_ACKNOWLEDGED)
		return ERR_STALE;
	notice->state = command->state;
	notice_say(core, i);
	uint32_t ride = core_ride_slot(core, notice->ride);
	if (command->state == NOTICE_FAILED && ride != NONE && ride_open(core->rides[ride].state))
		(void)case_new(core, CASE_NOTICE_FAILED, notice->ride, core->rides[ride].vehicle,
			       core_notice_name(notice->kind));
	return ERR_OK;
}
