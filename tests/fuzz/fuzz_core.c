// link: zub_core zub_route zub_drawn_town
/* Commands made from the fuzzer's bytes: after each the state holds together (core_rig.h aborts otherwise); at the end
 * a restored core has the same digest. The same bytes, taken as a snapshot, are refused or give a core that holds
 * together. */
#include "core_dice.h"
#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_snapshot(struct rig *rig, const uint8_t *data, size_t size)
{
	struct arena arena;
	struct err_detail detail;
	struct core *core = rig_core(rig, &arena);
	if (!core_restore(core, data, size, &detail) && core_check(core, &detail))
		abort();
	arena_close(&arena);
}

static void restored(struct rig *rig)
{
	static uint8_t bytes[2 << 20];
	struct arena arena;
	struct err_detail detail;
	size_t n;
	struct core *core = rig_core(rig, &arena);
	if (core_snapshot(rig->core, bytes, sizeof bytes, &n) || core_restore(core, bytes, n, &detail) ||
	    core_digest(core) != core_digest(rig->core))
		abort();
	arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct drawn_town drawn;
	static struct rig rig;
	struct dice d = {.bytes = data, .n = size};
	dice_open(&rig, &drawn);
	while (d.used < d.n) {
		struct command command = dice_command(&rig, &d);
		uint8_t record[RECORD_COMMAND_BYTES_MAX];
		size_t n;
		if (!record_command(&command, record, sizeof record, &n))
			rig_step(&rig, &command);
	}
	restored(&rig);
	as_snapshot(&rig, data, size);
	rig_close(&rig);
	drawn_town_close(&drawn);
	return 0;
}
