/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that somebody holds after their only mapping has gone.  A map of vmcb12 that
 * KVM does not undo leaves no message, but its page is never freed.
 */
#ifndef VMCB12_LEAK_H
#define VMCB12_LEAK_H

#include "defs.h"

struct leak_page {
	u64 gpa;
	u64 pfn;
};

struct leak_pages {
	struct leak_page *page;
	size_t nr, cap;
};

/*
 * By its /proc/kpageflags and its mappings: is it anonymous memory that nobody has?
 * The kernel forgets that a page was anonymous when it is freed.
 */
bool leak_is(u64 flags, u64 mapcount);

/* Note the frames of the memory that guests see at @gpa; ends the program if hidden. */
void leak_note(struct leak_pages *pages, const void *mem, size_t size, u64 gpa);
void leak_free(struct leak_pages *pages);

/* The first of them that is held after the memory was unmapped, or NULL. */
const struct leak_page *leak_find(const struct leak_pages *pages);

/* Hold a page and find it, and find nothing once it is let go; or end the program. */
void leak_control(void);

#endif /* VMCB12_LEAK_H */
