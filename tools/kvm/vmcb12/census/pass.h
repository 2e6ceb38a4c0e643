/* SPDX-License-Identifier: GPL-2.0-only */
/* One pass: walk the paths again and again, each time with other bytes under watch. */
#ifndef VMCB12_PASS_H
#define VMCB12_PASS_H

#include "defs.h"
#include "paths.h"
#include "result.h"
#include "watch.h"

#define GRANULE		8	/* the most that one breakpoint can watch */

/* What is watched at a time. */
struct unit {
	unsigned int offset;
	unsigned int len;
};

/* The code addresses that touched one unit in one round, in order. */
struct seq {
	u64 *ip;
	size_t nr;
};

/* One address of the page. */
struct mapping {
	const char *prefix;	/* of the names of the fields */
	u64 base;
};

/* The outcome of one pass: a seq for each path, unit and round. */
struct pass {
	const struct mapping *mapping;
	const struct unit *unit;
	size_t nr_units;
	bool *wanted;		/* for each path and unit: is it worth a walk? */
	bool warm_up;		/* walk once before the first round */
	unsigned int rounds;
	struct seq *seq;
};

struct walker {
	struct census *census;
	struct lab *lab;
	struct watch watch;
	u64 phys;		/* the frame of the page, which must not change */
};

struct pass *pass_new(const struct census *census, const struct mapping *mapping,
		      const struct unit *unit, size_t nr_units, unsigned int rounds);
void pass_free(const struct census *census, struct pass *pass);

/* Walk the paths that want it, with every unit under watch once. */
void pass_run(struct walker *w, struct pass *pass, enum watch_mode mode);

bool *wanted_at(const struct pass *pass, size_t path, size_t unit);
struct seq *seq_at(const struct pass *pass, size_t path, size_t unit, unsigned int round);
bool seq_has(const struct seq *seq, u64 ip);

/* Did the path touch the unit in any round? */
bool touched(const struct pass *pass, size_t path, size_t unit);

#endif /* VMCB12_PASS_H */
