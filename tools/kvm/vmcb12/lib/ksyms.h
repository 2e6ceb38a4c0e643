/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel code addresses to names, from /proc/kallsyms. */
#ifndef VMCB12_KSYMS_H
#define VMCB12_KSYMS_H

#include <stdio.h>

#include "defs.h"

struct ksym {
	u64 addr;
	char *name;
	char *module;		/* NULL: in the kernel image */
};

struct ksyms {
	struct ksym *sym;	/* by address */
	size_t nr;
};

/* Returns the number of code symbols; addresses that are hidden do not count. */
size_t ksyms_parse(struct ksyms *ks, FILE *f);
void ksyms_free(struct ksyms *ks);

/*
 * The function that holds the instruction *before* @ip: a data breakpoint is
 * a trap and reports the instruction after the access.  NULL if unknown.
 */
const struct ksym *ksyms_find(const struct ksyms *ks, u64 ip);

/* "function+0x10" of @ip, or "unknown+0x..." with all of it; to be freed. */
char *ksyms_where(const struct ksyms *ks, u64 ip);

#endif /* VMCB12_KSYMS_H */
