/* SPDX-License-Identifier: GPL-2.0-only */
/* What a census has measured, and what it means. */
#ifndef VMCB12_RESULT_H
#define VMCB12_RESULT_H

#include "defs.h"
#include "fields.h"
#include "paths.h"
#include "verdict.h"

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

#endif /* VMCB12_RESULT_H */
