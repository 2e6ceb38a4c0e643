/* SPDX-License-Identifier: GPL-2.0-only */
/* One write to a field of vmcb12 at a time, and what came of it. */
#ifndef VMCB12_FLIPS_H
#define VMCB12_FLIPS_H

#include "module/vmcb12-flip.h"
#include "observe.h"
#include "record.h"
#include "verdict.h"

/* The vCPU's state and vmcb12 afterwards, compared with that of other walks. */
enum outcome {
	OUTCOME_OLD,		/* as without a write */
	OUTCOME_NEW,		/* as if the write had come before the path began */
	OUTCOME_TORN,		/* neither */
};

/* One value that is not what it is without a write. */
struct change {
	const char *name;
	u64 old;
	u64 new;
};

struct flip {
	unsigned int nth;	/* after which access; 0: before the path began */
	bool late;		/* there was no such access: written when L2 had stopped */
	enum outcome outcome;
	bool has_record, has_used;
	u64 record;		/* the field as KVM checked or traced it */
	u64 used;		/* the field as L2 had it */
	u64 exit_code;		/* of vmcb12, after all */
	struct change *change;
	size_t nr_changes;
	char **log;		/* warnings of the kernel's */
	size_t nr_logs;
};

struct flip_field {
	enum vmcb_field_id id;
	u64 old;		/* in vmcb12 */
	u64 new;		/* what is written */
	unsigned int fetches;
	u64 ip[VMCB12_FLIP_MAX_HITS];
	struct flip *flip;
	size_t nr_flips;
	enum verdict verdict;
	char *reason;
};

struct flip_path {
	const struct path *path;
	struct flip_field *field;
	size_t nr_fields;
	enum verdict verdict;
	char *reason;
};

struct flipper {
	struct lab *lab;
	int dev;
	int kmsg;
	struct recorder rec;		/* on a traced path */
	enum vmcb_field_id only;	/* NR_FIELDS: all that are fetched */
	struct names noise;		/* what varies on this path without a write */
	bool host_dr6;			/* the upper half of DR6, with a breakpoint in L1's DR7 */
};

const char *outcome_name(enum outcome outcome);

/* Flip every field that the path fetches, after each of the fetches. */
void flip_path(struct flipper *f, struct flip_path *fp);

#endif /* VMCB12_FLIPS_H */
