// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a command on a host that is not as vmcb12-census needs it:
 *
 *   handicap user CMD...         as a user that is not root
 *   handicap breakpoints CMD...  with all debug registers of CPU 0 taken
 *   handicap write FILE TEXT CMD...  with TEXT written to FILE, e.g. a sysctl
 */
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY		65534
#define DEBUG_REGS	4

static long long watched[DEBUG_REGS];

static void fail(const char *what)
{
	perror(what);
	exit(3);
}

static void become_nobody(void)
{
	if (setgid(NOBODY) || setuid(NOBODY))
		fail("setuid");
}

/* The events stay open over exec. */
static void take_breakpoints(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_len = HW_BREAKPOINT_LEN_8,
	};
	int i;

	for (i = 0; i < DEBUG_REGS; i++) {
		attr.bp_addr = (unsigned long)&watched[i];
		if (syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0) < 0)
			fail("perf_event_open");
	}
}

static void write_file(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(file);
	close(fd);
}

int main(int argc, char **argv)
{
	char **cmd = argv + 2;

	if (argc > 2 && !strcmp(argv[1], "user")) {
		become_nobody();
	} else if (argc > 2 && !strcmp(argv[1], "breakpoints")) {
		take_breakpoints();
	} else if (argc > 4 && !strcmp(argv[1], "write")) {
		write_file(argv[2], argv[3]);
		cmd = argv + 4;
	} else {
		fprintf(stderr, "usage: handicap user|breakpoints|write FILE TEXT CMD...\n");
		return 2;
	}
	execv(cmd[0], cmd);
	fail(cmd[0]);
}
