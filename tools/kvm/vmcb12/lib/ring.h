/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory that perf events write their records into, round and round. */
#ifndef VMCB12_RING_H
#define VMCB12_RING_H

#include <linux/perf_event.h>

#include "defs.h"

struct ring {
	void *map;
	size_t size;		/* of the records: pages, a power of two of them */
	u64 at;			/* the record that was taken last */
	u64 next;		/* the one after it */
};

/* The ring of the event @fd; ends the program if it cannot have one. */
void ring_open(struct ring *r, int fd, size_t size);
void ring_close(struct ring *r);

/* Take the oldest record; false if there is none. */
bool ring_next(struct ring *r, struct perf_event_header *eh);

/* Of the record that was taken last: @len bytes, from @offset on. */
void ring_copy(const struct ring *r, size_t offset, void *to, size_t len);

/* A record which says that the kernel left some out. */
bool ring_lost(const struct perf_event_header *eh);

#endif /* VMCB12_RING_H */
