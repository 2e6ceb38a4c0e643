/* SPDX-License-Identifier: GPL-2.0-only */
/* What was measured, and what it means. */
#ifndef VMCB12_RESULT_H
#define VMCB12_RESULT_H

#include "defs.h"
#include "fields.h"
#include "ksyms.h"
#include "paths.h"

enum verdict {
	VERDICT_SKIP,		/* from no news to bad news */
	VERDICT_OK,
	VERDICT_INCONCLUSIVE,
	VERDICT_FAIL,
};

/* The accesses of one instruction to one field. */
struct access {
	u64 ip;		/* the instruction after it */
	bool write;
	unsigned int count;	/* per round */
	const char *symbol;
	const char *module;	/* NULL: the kernel image, or unknown */
	u64 offset;	/* of ip in symbol */
};

/* One field on one path, or a run of bytes that no field claims. */
struct field_result {
	enum vmcb_field_id id;	/* NR_FIELDS: unclaimed */
	const char *mapping;	/* prefix of the name: which mapping of the page */
	char *name;
	unsigned int offset;
	unsigned int size;
	unsigned int fetches;	/* of its most fetched byte, in one round */
	unsigned int writes;
	bool varies;		/* not the same in every round */
	bool read_back;		/* fetched after KVM wrote it */
	struct access *access;
	size_t nr_access;
	enum verdict verdict;
	char *reason;
};

struct path_result {
	const struct path *path;
	unsigned int rounds;
	struct field_result *field;	/* those that were touched, by offset */
	size_t nr_fields;
	enum verdict verdict;
	char *reason;
};

struct census {
	struct path_result *path;
	size_t nr_paths;
	unsigned int rounds;
	enum vmcb_field_id only;	/* NR_FIELDS: the whole page */
	enum verdict verdict;
};

const char *verdict_name(enum verdict verdict);

/* The verdict on both together: SKIP only if nothing was tried. */
enum verdict worse(enum verdict a, enum verdict b);

/* Name the code addresses. */
void census_resolve(struct census *census, const struct ksyms *ks);

/* Apply the rule: give each field, each path and the census its verdict. */
void census_judge(struct census *census);

#endif /* VMCB12_RESULT_H */
