/* SPDX-License-Identifier: GPL-2.0-only */
/* Hardware breakpoints on kernel addresses, through perf. */
#ifndef VMCB12_WATCH_H
#define VMCB12_WATCH_H

#include "defs.h"
#include "ring.h"

#define WATCH_SLOTS	4	/* the debug registers of x86 */

enum watch_mode {
	WATCH_RW,		/* x86 has no read-only data breakpoint */
	WATCH_W,
};

/* One access by the kernel on behalf of this thread. */
struct watch_hit {
	u64 ip;		/* the instruction after the access */
	u64 addr;		/* start of the watched range */
};

struct watch {
	int ring_fd;
	struct ring ring;
	int bp[WATCH_SLOTS];
	unsigned int nr_bp;
	unsigned int slots;	/* how many breakpoints are free here */
};

/* @probe: any address that may be watched, to count the free slots. */
void watch_init(struct watch *w, u64 probe);
void watch_exit(struct watch *w);

/* Watch @len (1, 2, 4 or 8) bytes at @addr; at most w->slots at a time. */
void watch_add(struct watch *w, u64 addr, unsigned int len, enum watch_mode mode);
void watch_clear(struct watch *w);

/*
 * Take the accesses since the last call, oldest first.  At most @max are
 * stored.  Returns how many there were, or -1 if the kernel lost some.
 */
int watch_drain(struct watch *w, struct watch_hit *hit, size_t max);

#endif /* VMCB12_WATCH_H */
