/* xoshiro256** 1.0 and splitmix64: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", 2018. */
#include "rng.h"

#include <assert.h>

static uint64_t splitmix(uint64_t *state)
{
	uint64_t value = (*state += UINT64_C(0x9e3779b97f4a7c15));
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

static uint64_t rotate_left(uint64_t value, int by)
{
	return (value << by) | (value >> (64 - by));
}

void rng_seed(struct rng *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		rng->state[i] = splitmix(&seed);
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t *state = rng->state;
	uint64_t result = rotate_left(state[1] * 5, 7) * 9;
	uint64_t shifted = state[1] << 17;
	state[2] ^= state[0];
	state[3] ^= state[1];
	state[1] ^= state[2];
	state[0] ^= state[3];
	state[2] ^= shifted;
	state[3] = rotate_left(state[3], 45);
	return result;
}

/* Uniform in 0 .. n - 1; n = 0 means all 64 bits. Draws from the part beyond the last full multiple of n are thrown
 * away. */
static uint64_t below(struct rng *rng, uint64_t n)
{
	if (!n)
		return rng_next(rng);
	uint64_t skip = -n % n; /* 2^64 mod n */
	uint64_t drawn;
	do
		drawn = rng_next(rng);
	while (drawn < skip);
	return drawn % n;
}

uint32_t rng_below(struct rng *rng, uint32_t n)
{
	assert(n > 0);
	return (uint32_t)below(rng, n);
}

int64_t rng_between(struct rng *rng, int64_t low, int64_t high)
{
	assert(low <= high);
	uint64_t width = (uint64_t)high - (uint64_t)low + 1; /* 0 for the whole range */
	return (int64_t)((uint64_t)low + below(rng, width));
}

int rng_chance(struct rng *rng, uint32_t permille)
{
	return rng_below(rng, 1000) < permille;
}
