/* SPDX-License-Identifier: GPL-2.0-only */
/* From the accesses of a pass to fetches and writes per field. */
#ifndef VMCB12_COUNT_H
#define VMCB12_COUNT_H

#include "pass.h"

/* Two passes over the same units: all accesses, and the writes. */
struct pair {
	struct pass *rw;
	struct pass *w;
};

struct counts {
	unsigned int fetches;
	unsigned int writes;
	bool varies;
	bool read_back;
};

void pair_new(const struct census *census, struct pair *pair, const struct mapping *mapping,
	      const struct unit *unit, size_t nr_units);
void pair_free(const struct census *census, struct pair *pair);

/* The unit is worth a walk of the path. */
void pair_want(struct pair *pair, size_t path, size_t unit);
void pair_run(struct walker *w, struct pair *pair);

/* The worst of all rounds. */
struct counts count_unit(const struct pair *pair, size_t path, size_t unit);

bool within(const struct unit *inner, const struct unit *outer);

/* Does the path have to be walked again with each byte of the unit by itself? */
bool need_bytes(const struct pair *fields, size_t path, size_t unit);

/* Add the fields that the path touched to its result. */
void collect_path(struct path_result *res, size_t path, const struct pair *fields,
		  const struct pair *bytes);

#endif /* VMCB12_COUNT_H */
