/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a vCPU and of vmcb12 as a list of named values. */
#ifndef VMCB12_OBSERVE_H
#define VMCB12_OBSERVE_H

#include "paths.h"

struct observation {
	const char *name;
	u64 value;
};

struct observed {
	struct observation *item;
	size_t nr;
};

/*
 * Add the state of the vCPU: registers, segments, debug registers, MSRs, and
 * for an L2 its vmcb12 as KVM keeps it.  @who becomes part of the names.
 */
void observe_vcpu(struct observed *o, const struct lab *lab, const struct vmm *vmm,
		  const char *who);

/* Add vmcb12 in L1's memory. */
void observe_vmcb12(struct observed *o, const struct lab *lab);

void observe_value(struct observed *o, const char *who, const char *what, u64 value);
void observed_free(struct observed *o);

/* The value called @name; false if there is none. */
bool observed_get(const struct observed *o, const char *name, u64 *value);

/* Names of items that do not count. */
struct names {
	const char **name;
	size_t nr;
};

void names_add(struct names *names, const char *name);
void names_free(struct names *names);

/*
 * The next item of @b, from *@i on, that is not the same in @a, or NULL.  Items
 * named in @skip do not count, nor does the one called @own, which may be NULL.
 */
const struct observation *observed_diff(const struct observed *a, const struct observed *b,
					const struct names *skip, const char *own, size_t *i);
bool observed_same(const struct observed *a, const struct observed *b,
		   const struct names *skip, const char *own);

#endif /* VMCB12_OBSERVE_H */
