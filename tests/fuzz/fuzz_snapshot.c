// link: zub_core zub_route zub_drawn_town
/* A snapshot of a core that has lived, with bytes changed, moved or cut: refused with a reason, or a core that holds
 * together, can be asked everything, and is written and read again as the same. Four bytes of input are one change. */
#include "core_dice.h"

#include "fuzz_file.h"

static struct rig rig;
static uint8_t bytes[2 << 20], changed[2 << 20], again[2 << 20];
static size_t n_bytes;

static void live_once(void)
{
	static struct drawn_town drawn;
	static uint8_t luck[4000];
	uint64_t seed = 7;
	if (n_bytes)
		return;
	for (size_t i = 0; i < sizeof luck; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		luck[i] = (uint8_t)(seed >> 56);
	}
	struct dice d = {.bytes = luck, .n = sizeof luck};
	dice_open(&rig, &drawn);
	while (d.used < d.n) {
		struct command command = dice_command(&rig, &d);
		rig_step(&rig, &command);
	}
	if (core_snapshot(rig.core, bytes, sizeof bytes, &n_bytes))
		__builtin_trap();
}

static size_t change(const uint8_t *data, size_t size)
{
	size_t n = n_bytes;
	memcpy(changed, bytes, n);
	for (; size >= 4; data += 4, size -= 4) {
		size_t at = (data[0] | (size_t)data[1] << 8 | (size_t)(data[2] & 15) << 16) % n;
		if (data[2] >> 4 == 15)
			n = at + 1;
		else if (data[2] >> 4 == 14)
			memmove(changed + at, changed + at + 1, n - at - 1);
		else
			changed[at] = (uint8_t)(data[2] >> 4 > 7 ? data[3] : changed[at] + data[3]);
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena, other;
	struct err_detail detail = {""};
	size_t n_again;
	live_once();
	size_t n = change(data, size);
	struct core *core = rig_core(&rig, &arena);
	int code = core_restore(core, changed, n, &detail);
	fuzz_refused(code, &detail);
	if (!code) {
		struct core *twin = rig_core(&rig, &other);
		if (core_check(core, &detail) || core_snapshot(core, again, sizeof again, &n_again) ||
		    core_restore(twin, again, n_again, &detail) || core_digest(twin) != core_digest(core))
			__builtin_trap();
		arena_close(&other);
	}
	arena_close(&arena);
	return 0;
}
