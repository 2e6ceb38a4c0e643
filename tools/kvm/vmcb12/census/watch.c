// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"
#include "watch.h"

#define RING_SIZE	(16 * 4096)

static int perf_open(struct perf_event_attr *attr)
{
	attr->size = sizeof(*attr);
	attr->sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_ADDR;
	attr->sample_period = 1;
	attr->exclude_user = 1;
	attr->exclude_hv = 1;
	return syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static int open_bp(u64 addr, unsigned int len, enum watch_mode mode)
{
	struct perf_event_attr attr = {
		.type		= PERF_TYPE_BREAKPOINT,
		.bp_type	= mode == WATCH_W ? HW_BREAKPOINT_W : HW_BREAKPOINT_RW,
		.bp_addr	= addr,
		.bp_len		= len,
	};

	return perf_open(&attr);
}

/*
 * One event that never fires owns the ring, and all breakpoints write into it:
 * closing a breakpoint then frees its debug register at once, which it does not
 * while a mapping of its own is left.
 */
static void open_ring(struct watch *w)
{
	struct perf_event_attr attr = {
		.type	= PERF_TYPE_SOFTWARE,
		.config	= PERF_COUNT_SW_DUMMY,
	};

	w->ring_fd = perf_open(&attr);
	if (w->ring_fd < 0)
		die(EXIT_REFUSED, "perf events are not available: %s", strerror(errno));
	ring_open(&w->ring, w->ring_fd, RING_SIZE);
}

void watch_init(struct watch *w, u64 probe)
{
	int fd;

	memset(w, 0, sizeof(*w));
	open_ring(w);

	while (w->slots < WATCH_SLOTS) {
		fd = open_bp(probe, 8, WATCH_RW);
		if (fd < 0)
			break;
		w->bp[w->nr_bp++] = fd;
		w->slots++;
	}
	if (!w->slots && errno == ENOSPC)
		die(EXIT_REFUSED, "all hardware breakpoints are taken, by perf or a debugger");
	if (!w->slots)
		die(EXIT_REFUSED, "hardware breakpoints on kernel memory are not available: %s",
		    strerror(errno));
	watch_clear(w);
}

void watch_exit(struct watch *w)
{
	watch_clear(w);
	ring_close(&w->ring);
	close(w->ring_fd);
}

void watch_add(struct watch *w, u64 addr, unsigned int len, enum watch_mode mode)
{
	int fd = open_bp(addr, len, mode);

	if (fd < 0)
		die(errno == ENOSPC ? EXIT_REFUSED : EXIT_INFRA,
		    "cannot set a hardware breakpoint: %s", strerror(errno));
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, w->ring_fd))
		die(EXIT_INFRA, "cannot join perf events: %s", strerror(errno));
	w->bp[w->nr_bp++] = fd;
}

void watch_clear(struct watch *w)
{
	while (w->nr_bp)
		close(w->bp[--w->nr_bp]);
}

int watch_drain(struct watch *w, struct watch_hit *hit, size_t max)
{
	struct perf_event_header eh;
	bool lost = false;
	size_t n = 0;

	while (ring_next(&w->ring, &eh)) {
		if (eh.type == PERF_RECORD_SAMPLE) {
			if (n < max)
				ring_copy(&w->ring, sizeof(eh), &hit[n], sizeof(hit[n]));
			n++;
		}
		lost |= ring_lost(&eh);
	}
	return lost || n > max ? -1 : (int)n;
}
