/* Seeded random numbers, the same on every machine: xoshiro256** seeded by splitmix64 (Blackman, Vigna 2018). */
#ifndef ZUB_RNG_H
#define ZUB_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state[4];
};
void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
/* Uniform in 0 .. n - 1, without bias; n > 0. */
uint32_t rng_below(struct rng *rng, uint32_t n);
/* Uniform in low .. high, both included. */
int64_t rng_between(struct rng *rng, int64_t low, int64_t high);
/* Non-zero with probability permille / 1000. */
int rng_chance(struct rng *rng, uint32_t permille);

#endif
