// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"
#include "util.h"

#define LOG_LEVEL_MASK		7
#define LOG_LEVEL_WARNING	4

/* What says nothing of KVM, by how it begins. */
static const char * const clocks[] = {
	/* of every new vCPU, if the host's TSC was calibrated anew since KVM looked */
	"user requested TSC rate below hardware speed",
	/* of a machine that is busy */
	"hrtimer: interrupt took ",
	"perf: interrupt took too long ",
	"clocksource: ",
};

static bool is_of_clocks(const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		if (!strncmp(text, clocks[i], strlen(clocks[i])))
			return true;
	}
	return false;
}

int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

char *kmsg_next(int fd)
{
	char record[8192], *text;
	ssize_t n;

	for (;;) {
		n = fd < 0 ? -1 : read(fd, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE && fd >= 0)
			continue;	/* the log went round */
		if (n <= 0)
			return NULL;
		/* "level,sequence,time,flags;text\n continuation" */
		record[n] = '\0';
		text = strchr(record, ';');
		if (!text || (strtoul(record, NULL, 10) & LOG_LEVEL_MASK) > LOG_LEVEL_WARNING)
			continue;
		text++;
		text[strcspn(text, "\n")] = '\0';
		if (is_of_clocks(text))
			continue;
		return xasprintf("%s", text);
	}
}
