/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the kernel's direct map shows a page of ours. */
#ifndef VMCB12_PHYSMAP_H
#define VMCB12_PHYSMAP_H

#include "defs.h"

struct phys_range {
	u64 phys;
	u64 virt;
	u64 size;
};

struct physmap {
	struct phys_range *range;
	size_t nr;
};

/*
 * Take the direct map's ranges from the head of /proc/kcore.  Returns NULL, or
 * what is wrong with it.
 */
const char *physmap_parse(struct physmap *pm, const void *head, size_t len);

/* 0 if no range holds @phys. */
u64 physmap_virt(const struct physmap *pm, u64 phys);

/* Read /proc/kcore; ends the program when that is not allowed. */
void physmap_load(struct physmap *pm);
void physmap_free(struct physmap *pm);

/* The physical address behind @p in this process, 0 if it is hidden. */
u64 phys_of(const void *p);

/* Keep the page at @page in its frame until the program ends. */
void pin_page(void *page);

#endif /* VMCB12_PHYSMAP_H */
