// link: zub_core zub_route zub_drawn_town
/* Thousands of random commands, many of them wrong: after each one every invariant holds; now and then the core is
 * replaced by one restored from its snapshot, and both answer alike; a second run gives the same digests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_dice.h"
#include "hash.h"
#include "record.h"

static uint8_t bytes[8 << 20], again[8 << 20];

static void restore(struct rig *rig)
{
	size_t n, m;
	struct arena arena;
	struct err_detail detail;
	assert_int_equal(core_snapshot(rig->core, bytes, sizeof bytes, &n), 0);
	assert_int_equal(core_snapshot(rig->core, again, n - 1, &m), ERR_FULL);
	assert_int_equal(n, m);
	struct core *restored = rig_core(rig, &arena);
	if (core_restore(restored, bytes, n, &detail))
		fail_msg("%s", detail.text);
	assert_true(core_digest(restored) == core_digest(rig->core));
	assert_true(core_due(restored) == core_due(rig->core));
	arena_close(&rig->arena);
	rig->arena = arena;
	rig->core = restored;
}

/* Damaged snapshots are refused, or give a core that holds together. */
static void damage(struct rig *rig, struct dice *d)
{
	size_t n;
	struct arena arena;
	struct err_detail detail;
	assert_int_equal(core_snapshot(rig->core, bytes, sizeof bytes, &n), 0);
	struct core *other = rig_core(rig, &arena);
	size_t cut = dice(d, 2) ? n : (size_t)rng_next(&d->rng) % n;
	bytes[rng_next(&d->rng) % n] ^= (uint8_t)(1 + dice(d, 255));
	assert_int_not_equal(core_restore(other, bytes, cut, &detail), 0);
	arena_close(&arena);
}

static uint64_t play(uint64_t seed, uint32_t n, int restoring)
{
	struct drawn_town drawn;
	static struct rig rig;
	struct dice d = {0};
	uint64_t sum = 0;
	rng_seed(&d.rng, seed);
	dice_open(&rig, &drawn);
	rig.logging = getenv("ZUB_TRACE") != NULL;
	for (uint32_t i = 0; i < n; i++) {
		struct command command = dice_command(&rig, &d);
		uint8_t record[RECORD_COMMAND_BYTES_MAX];
		size_t size;
		/* what the journal cannot hold never reaches the core */
		if (record_command(&command, record, sizeof record, &size))
			continue;
		rig_step(&rig, &command);
		sum = hash_u64(sum ^ core_digest(rig.core));
		if (restoring && i % 64 == 63)
			restore(&rig);
		if (restoring && i % 512 == 511)
			damage(&rig, &d);
	}
	const struct core_figures *f = core_figures(rig.core);
	if (restoring)
		printf("seed %llu: asked %llu offered %llu promised %llu done %llu broken %llu no-show %llu\n",
		       (unsigned long long)seed, (unsigned long long)f->asked, (unsigned long long)f->offered,
		       (unsigned long long)f->promised, (unsigned long long)f->done, (unsigned long long)f->broken,
		       (unsigned long long)f->no_show);
	rig_close(&rig);
	drawn_town_close(&drawn);
	return sum;
}

static void sequences(void **state)
{
	(void)state;
	const char *text = getenv("ZUB_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
	for (uint64_t s = seed; s < seed + 10; s++)
		(void)play(s, 3000, 1);
}

static void same_twice(void **state)
{
	(void)state;
	for (uint64_t s = 100; s < 103; s++)
		assert_true(play(s, 1500, 0) == play(s, 1500, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sequences), cmocka_unit_test(same_twice)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
