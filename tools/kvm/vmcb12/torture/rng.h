/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers of a step.  Each step has a stream of its own, known by the seed
 * and its place in the sequence: what other steps take, or whether they run at all,
 * makes no difference to it.
 */
#ifndef VMCB12_RNG_H
#define VMCB12_RNG_H

#include "defs.h"

struct rng {
	u64 state;
};

static inline u64 rng_next(struct rng *rng)
{
	u64 x;

	rng->state += 0x9e3779b97f4a7c15ULL;
	x = rng->state;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static inline struct rng rng_of(u64 seed, u64 index)
{
	struct rng rng = { .state = seed };

	rng.state = rng_next(&rng) ^ index;
	rng.state = rng_next(&rng);
	return rng;
}

/* 0 to @n - 1. */
static inline unsigned int rng_below(struct rng *rng, unsigned int n)
{
	return rng_next(rng) % n;
}

/* True once in @n times. */
static inline bool rng_one_in(struct rng *rng, unsigned int n)
{
	return !rng_below(rng, n);
}

#endif /* VMCB12_RNG_H */
