/* SPDX-License-Identifier: GPL-2.0-only */
/* What was done and what came of it; none of it is right or wrong. */
#ifndef VMCB12_TALLY_H
#define VMCB12_TALLY_H

#include <jansson.h>

#include "defs.h"

#define TALLY_MAX	160

struct tally_row {
	const char *what;	/* lives as long as the program */
	u64 value;		/* exit reason, exit code or errno */
	u64 count;
};

/* Counters that come into being when they are first used. */
struct tally {
	struct tally_row row[TALLY_MAX];
	size_t nr;
	u64 other;		/* what found no room */
};

void tally_add(struct tally *tally, const char *what, u64 value);

/* An object "what value": count; @name makes the text of a value, if not NULL. */
json_t *tally_json(const struct tally *tally, const char *(*name)(u64 value));

#endif /* VMCB12_TALLY_H */
