/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two ways to torture have in common. */
#ifndef VMCB12_COMMON_H
#define VMCB12_COMMON_H

#include "rig.h"

#define TORTURE_MAX_STEPS	1000

struct torture {
	int kvm, kmsg;
	u64 seed;		/* the first */
	bool only_some;
	bool chosen[TORTURE_MAX_STEPS];	/* the steps of --only */
	unsigned int steps;	/* a seed has */
	struct rig_counts counts;
};

/*
 * Read the list of --only, such as "0,3,17".  Returns NULL, or what is wrong with
 * it, to be freed.
 */
char *torture_parse_only(struct torture *t, const char *list);

/* Does step @index run? */
bool torture_runs(const struct torture *t, unsigned int index);

/* The head of a splat since the last call, to be freed, or NULL. */
char *torture_splat(const struct torture *t);

#endif /* VMCB12_COMMON_H */
