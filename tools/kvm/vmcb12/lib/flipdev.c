// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "flipdev.h"
#include "util.h"

#define DEVICE	"/dev/vmcb12-flip"

/*
 * The first perf event of all waits for an RCU grace period, and so would each
 * arming; one that never fires keeps perf going until this process ends.
 */
static void keep_perf_on(void)
{
	struct perf_event_attr attr = {
		.type	= PERF_TYPE_SOFTWARE,
		.config	= PERF_COUNT_SW_DUMMY,
		.size	= sizeof(attr),
	};

	/* Without it, arming takes longer. */
	syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

int flipdev_open(void)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		die(EXIT_REFUSED, "no " DEVICE ": load vmcb12-flip.ko, on a test kernel only");
	if (fd < 0)
		die(EXIT_REFUSED, "cannot open " DEVICE ": %s", strerror(errno));
	keep_perf_on();
	return fd;
}

void flipdev_arm(int fd, const void *target, unsigned int size, unsigned int nth, u64 value)
{
	struct vmcb12_flip_arm arm = {
		.addr = (u64)target,
		.value = value,
		.size = size,
		.nth = nth,
	};

	if (ioctl(fd, VMCB12_FLIP_ARM, &arm))
		die(errno == ENOSPC ? EXIT_REFUSED : EXIT_INFRA,
		    "cannot set a hardware breakpoint: %s", strerror(errno));
}

struct vmcb12_flip_result flipdev_disarm(int fd)
{
	struct vmcb12_flip_result result;

	if (ioctl(fd, VMCB12_FLIP_DISARM, &result))
		die(EXIT_INFRA, "cannot disarm " DEVICE ": %s", strerror(errno));
	return result;
}
