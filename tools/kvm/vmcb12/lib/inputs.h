/* SPDX-License-Identifier: GPL-2.0-only */
/* The directory that a proof leaves: build/report/NAME. */
#ifndef VMCB12_INPUTS_H
#define VMCB12_INPUTS_H

#include "defs.h"
#include "saved.h"

enum side_id {
	STOCK,
	PATCHED,
	NR_SIDES
};

extern const char * const side_names[NR_SIDES];

struct selftest {
	char *name;
	enum verdict verdict;
	char *reason;		/* after the "#" of its result; may be empty */
	char *output;		/* may be empty */
};

/* What one boot left; texts are NULL if there is no such file. */
struct side {
	struct saved census;
	struct saved npt0;	/* with kvm_amd.npt=0; its root is NULL if there is none */
	struct selftest *test;
	size_t nr_tests;
	char *command;
	const char *emulator;	/* NULL: not known to be one */
	char *date;
};

struct inputs {
	const char *name;
	struct side side[NR_SIDES];
	json_t *verdict;	/* verdict.json: what "make verdict" said last, or NULL */
	char *soaked;		/* or NULL */
};

/* @dir is changed (a slash at its end goes) and kept. */
void inputs_load(struct inputs *in, char *dir);
void inputs_free(struct inputs *in);

/* The tests alone, of the KTAP in @dir; none if there is no such file. */
void side_load_selftests(struct side *side, const char *dir);

/* @in with the census of npt=0 in the place of the other; not to be freed. */
bool inputs_npt0(const struct inputs *in, struct inputs *npt0);

const struct selftest *selftest_find(const struct side *side, const char *name);

/*
 * Verdicts are the worst of what a report says and what its counts say, so that
 * one that was made by hand or by another version cannot look better than it is.
 */
enum verdict field_verdict(const struct saved *s, const json_t *field);
enum verdict path_verdict(const struct saved *s, const json_t *path);
enum verdict side_verdict(const struct side *side);

#endif /* VMCB12_INPUTS_H */
