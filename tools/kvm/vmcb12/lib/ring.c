// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "ring.h"
#include "util.h"

#define HEAD_PAGE	4096

void ring_open(struct ring *r, int fd, size_t size)
{
	memset(r, 0, sizeof(*r));
	r->size = size;
	r->map = mmap(NULL, HEAD_PAGE + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r->map == MAP_FAILED)
		die(EXIT_REFUSED, "cannot map the perf ring: %s", strerror(errno));
}

void ring_close(struct ring *r)
{
	munmap(r->map, HEAD_PAGE + r->size);
}

bool ring_next(struct ring *r, struct perf_event_header *eh)
{
	struct perf_event_mmap_page *page = r->map;

	/* What was taken last is not needed any more. */
	__atomic_store_n(&page->data_tail, r->next, __ATOMIC_RELEASE);
	if (r->next >= __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE))
		return false;
	r->at = r->next;
	ring_copy(r, 0, eh, sizeof(*eh));
	r->next += eh->size;
	return true;
}

/* A record may go round the end of the ring. */
void ring_copy(const struct ring *r, size_t offset, void *to, size_t len)
{
	const char *data = (const char *)r->map + HEAD_PAGE;
	size_t off = (r->at + offset) % r->size, first = r->size - off;

	if (first > len)
		first = len;
	memcpy(to, data + off, first);
	memcpy((char *)to + first, data, len - first);
}

bool ring_lost(const struct perf_event_header *eh)
{
	return eh->type == PERF_RECORD_LOST || eh->type == PERF_RECORD_THROTTLE;
}
