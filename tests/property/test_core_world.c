// link: zub_core zub_route zub_drawn_town
/* Days of a small town, driven by robots that do what they are told: nobody is lost, every promise is kept although
 * some riders never come, and a core restored from a snapshot goes on exactly alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_rig.h"
#include "rng.h"

static const char *const city = "A-----B-----C-----D-----M\n"
				"|     |     |     |     |\n"
				"|     |     |     |     |\n"
				"E-----F-----G>>>>>H-----N\n"
				"|     |     |     |     |\n"
				"|     |     |     |     |\n"
				"I-----J-----K-----L-----O\n"
				"|     |     |     |     |\n"
				"|     |     |     |     |\n"
				"P-----Q<<<<<R-----S-----T\n";
static const char *const streets[] = {"AB", "BC", "CD", "DM", "EF", "FG", "HN", "IJ", "JK", "KL",
				      "LO", "PQ", "RS", "ST", "AE", "EI", "IP", "BF", "FJ", "JQ",
				      "CG", "GK", "KR", "DH", "HL", "LS", "MN", "NO", "OT"};

struct day {
	uint32_t vehicles, requests_per_hour, hours, no_show_permille, cancel_permille;
	int doors;
};

static struct place random_place(struct rig *rig, struct rng *rng)
{
	const char *street = streets[rng_below(rng, COUNT_OF(streets))];
	return rng_chance(rng, 500) ? rig_place(rig, street[0], street[1]) : rig_place(rig, street[1], street[0]);
}

static void random_request(struct rig *rig, struct rng *rng, const struct day *day)
{
	struct command command = rig_request_command(rig, random_place(rig, rng), random_place(rig, rng));
	uint64_t ride = command.request.ride;
	command.request.need_count[0] = (uint8_t)(1 + rng_below(rng, 2));
	command.request.walk_max_mm = day->doors ? 0 : 400000;
	if (rng_chance(rng, 100))
		command.request.need_count[2] = 1;
	if (rng_chance(rng, 200)) {
		command.request.time_kind = (uint8_t)(1 + rng_below(rng, 2));
		command.request.time = rig->now + rng_between(rng, 20, 150) * MINUTE_MS;
	}
	if (rng_chance(rng, day->no_show_permille) && rig->n_no_shows < COUNT_OF(rig->no_shows))
		rig->no_shows[rig->n_no_shows++] = ride;
	if (rig_step(rig, &command).code)
		return;
	const struct core_ride *r = core_ride(rig->core, ride);
	rig_run(rig, rig->now + rng_between(rng, 1, 40) * SECOND_MS);
	r = core_ride(rig->core, ride);
	if (!r || r->state != RIDE_OFFERED || rng_chance(rng, 100))
		return; /* lets it expire */
	if (rig_accept(rig, ride, (uint8_t)rng_below(rng, r->n_offers)).code)
		(void)rig_accept(rig, ride, 0);
}

static void random_cancel(struct rig *rig, struct rng *rng)
{
	uint32_t n = core_n_rides(rig->core);
	if (!n)
		return;
	struct command command = {.kind = CMD_CANCEL};
	command.cancel.ride = core_ride_at(rig->core, rng_below(rng, n))->ride;
	rig_step(rig, &command);
}

/* Both directions of: same bytes, same digest; and the restored one takes over. */
static void swap_for_restored(struct rig *rig)
{
	static uint8_t bytes[4 << 20], again[4 << 20];
	size_t n, m;
	struct arena arena;
	struct err_detail detail;
	assert_int_equal(core_snapshot(rig->core, bytes, sizeof bytes, &n), 0);
	struct core *restored = rig_core(rig, &arena);
	if (core_restore(restored, bytes, n, &detail))
		fail_msg("%s", detail.text);
	assert_true(core_digest(restored) == core_digest(rig->core));
	assert_true(core_due(restored) == core_due(rig->core));
	assert_int_equal(core_check(restored, &detail), 0);
	assert_int_equal(core_snapshot(restored, again, sizeof again, &m), 0);
	assert_int_equal(n, m);
	assert_memory_equal(bytes, again, n);
	/* one goes on, the other is asked the same, once */
	struct command command = {.kind = CMD_TICK, .at = rig->now + 1000};
	struct updates updates = {calloc(core_updates_max(restored), sizeof(struct update)), 0,
				  core_updates_max(restored)};
	core_step(restored, &command, &updates);
	rig_tick(rig, rig->now + 1000);
	assert_int_equal(updates.n, rig->updates.n);
	for (uint32_t i = 0; i < updates.n; i++)
		assert_memory_equal(&updates.items[i], &rig->updates.items[i], sizeof updates.items[i]);
	assert_true(core_digest(restored) == core_digest(rig->core));
	free(updates.items);
	arena_close(&rig->arena);
	rig->arena = arena;
	rig->core = restored;
}

static void run_day(uint64_t seed, const struct day *day)
{
	struct drawn_town drawn;
	static struct rig rig;
	struct rng rng;
	rng_seed(&rng, seed);
	drawn_town_open(&drawn, &(struct drawn_options){
					.drawing = city, .metres_per_char = 60, .stops = "AB CD EF JK LO RS HN IP DH"});
	drawn.town.rules.door_to_door = (uint32_t)day->doors;
	rig_open(&rig, &drawn, NULL);
	rig.logging = getenv("ZUB_TRACE") != NULL;
	rig.print_broken = 1;
	rig_sign_on(&rig, "Anna", RIG_VEHICLES_MAX);
	for (uint32_t v = 1; v <= day->vehicles; v++) {
		const char *street = streets[rng_below(&rng, COUNT_OF(streets))];
		assert_int_equal(rig_vehicle(&rig, v, street[0], street[1]), 0);
	}
	instant_ms end = rig.start + (instant_ms)day->hours * HOUR_MS;
	while (rig.now < end) {
		rig_run(&rig, rig.now + rng_between(&rng, 1, 2 * 3600 / day->requests_per_hour) * SECOND_MS);
		random_request(&rig, &rng, day);
		if (rng_chance(&rng, day->cancel_permille))
			random_cancel(&rig, &rng);
		if (rng_chance(&rng, 50))
			swap_for_restored(&rig);
	}
	rig_run(&rig, end + 3 * HOUR_MS);
	const struct core_figures *f = core_figures(rig.core);
	printf("seed %llu: asked %llu promised %llu done %llu shared %llu cancelled %llu no-show %llu expired %llu "
	       "gone %llu refused %llu "
	       "kept %llu broken %llu wait %llu s, empty %llu %%\n",
	       (unsigned long long)seed, (unsigned long long)f->asked, (unsigned long long)f->promised,
	       (unsigned long long)f->done, (unsigned long long)f->shared, (unsigned long long)f->cancelled,
	       (unsigned long long)f->no_show, (unsigned long long)f->expired, (unsigned long long)f->gone,
	       (unsigned long long)f->refused, (unsigned long long)f->kept, (unsigned long long)f->broken,
	       (unsigned long long)(f->wait_n ? f->wait_ms_sum / f->wait_n / 1000 : 0),
	       (unsigned long long)(100 * f->empty_mm / (f->empty_mm + f->loaded_mm + 1)));
	if (f->broken && rig.logging)
		printf("%s", rig.log);
	assert_int_equal(f->broken, 0);
	for (uint32_t i = 0; i < core_n_rides(rig.core); i++) {
		const struct core_ride *ride = core_ride_at(rig.core, i);
		if (ride->closed_at == INSTANT_NONE) {
			printf("%s", rig.log);
			fail_msg("ride %d is left %s by vehicle %u, planned %lld, robots %d %d %d %d", (int)ride->ride,
				 core_ride_state_name(ride->state), ride->vehicle,
				 (long long)(ride->planned_pickup - rig.now) / 1000, rig.robots[0].state,
				 rig.robots[1].state, rig.robots[2].state, rig.robots[3].state);
		}
	}
	rig_close(&rig);
	drawn_town_close(&drawn);
}

static void days(void **state)
{
	(void)state;
	const char *text = getenv("ZUB_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
	for (uint64_t s = seed; s < seed + 6; s++) {
		run_day(s, &(struct day){.vehicles = 3, .requests_per_hour = 12, .hours = 5, .doors = 1});
		run_day(s, &(struct day){.vehicles = 4,
					 .requests_per_hour = 30,
					 .hours = 5,
					 .doors = 1,
					 .no_show_permille = 60,
					 .cancel_permille = 100});
		run_day(s, &(struct day){.vehicles = 4,
					 .requests_per_hour = 40,
					 .hours = 5,
					 .no_show_permille = 60,
					 .cancel_permille = 50});
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(days)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
