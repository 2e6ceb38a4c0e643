/* SPDX-License-Identifier: GPL-2.0-only */
/* What a proof came to: stock against patched. */
#ifndef VMCB12_PROOF_H
#define VMCB12_PROOF_H

#include "inputs.h"

/* A path as each side knows it; NULL if it does not. */
struct paths {
	const json_t *side[NR_SIDES];
};

const struct saved *census_of(const struct inputs *in, enum side_id id);

/* The paths of both sides: stock's, then those that it does not know. */
size_t all_paths(const struct inputs *in, struct paths **all);

/* A path that only the stock kernel was walked on proves nothing of the other. */
bool path_lost(const struct inputs *in, const json_t *stock, const json_t *patched);

/* What "make verdict" said of that selftest, or NULL. */
const char *selftest_word(const struct inputs *in, const char *name);

/* Its last line, or NULL. */
const char *verdict_line(const struct inputs *in);

/*
 * Of the census alone, and of all: what "make verdict" said, but no better than what the
 * reports of the census are.
 */
enum verdict census_verdict(const struct inputs *in);
enum verdict base_verdict(const struct inputs *in);

#endif /* VMCB12_PROOF_H */
