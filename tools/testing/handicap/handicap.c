// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a command on a host that is not as vmcb12-census needs it:
 *
 *   handicap user CMD...         as a user that is not root
 *   handicap breakpoints CMD...  with all debug registers of CPU 0 taken
 *   handicap write FILE TEXT CMD...  with TEXT written to FILE, e.g. a sysctl
 *   handicap mask FILE CMD...    with /dev/null in the place of FILE
 *   handicap move CMD...         while the page that it watches is moved again and again
 *   handicap loose CMD...        without vmsplice(), by which it holds that page
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY		65534
#define DEBUG_REGS	4

#define PAGE_SIZE	4096
#define PAGE_SHIFT	12
#define PFN_MASK	0x007fffffffffffffULL
#define SOFT_OFFLINE	"/sys/devices/system/memory/soft_offline_page"

/* As in guest.h of the census. */
#define GUEST_MEM_SIZE	0x200000
#define GPA_VMCB12	0xb000

/* A frame that was left is not used again. */
#define MAX_MOVES	100
#define MOVE_EVERY_US	20000

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

static void mask(const char *file)
{
	if (unshare(CLONE_NEWNS) || mount("/dev/null", file, NULL, MS_BIND, NULL))
		fail(file);
}

static void forbid_vmsplice(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_vmsplice, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = filter };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		fail("seccomp");
}

/* The address of vmcb12 in that process, 0 if it has no such memory (yet). */
static unsigned long vmcb12_of(pid_t pid)
{
	unsigned long start, end, found = 0;
	char name[64], line[256];
	FILE *maps;

	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	maps = fopen(name, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && end - start == GUEST_MEM_SIZE)
			found = start + GPA_VMCB12;
	}
	if (maps)
		fclose(maps);
	return found;
}

static unsigned long long frame_of(pid_t pid, unsigned long address)
{
	unsigned long long entry = 0;
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/pagemap", pid);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		return 0;
	if (pread(fd, &entry, sizeof(entry), address / PAGE_SIZE * sizeof(entry)) < 0)
		entry = 0;
	close(fd);
	return entry & PFN_MASK;
}

/* Have the kernel put the page into another frame, as if this one became bad. */
static bool offline(int fd, unsigned long long frame)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "0x%llx", frame << PAGE_SHIFT);

	return pwrite(fd, text, len, 0) == len;
}

/* Run the command, and end as it does. */
static int move_while(char **cmd)
{
	int fd = open(SOFT_OFFLINE, O_WRONLY), status, moved = 0, stayed = 0;
	unsigned long long frame;
	pid_t pid;

	if (fd < 0)
		fail(SOFT_OFFLINE);
	pid = fork();
	if (!pid) {
		execv(cmd[0], cmd);
		fail(cmd[0]);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		usleep(MOVE_EVERY_US);
		frame = moved < MAX_MOVES ? frame_of(pid, vmcb12_of(pid)) : 0;
		if (!frame)
			continue;
		if (offline(fd, frame))
			moved++;
		else
			stayed++;
	}
	printf("handicap: the page was moved %d times and stayed %d times\n", moved, stayed);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

int main(int argc, char **argv)
{
	char **cmd = argv + 2;

	if (argc > 2 && !strcmp(argv[1], "move"))
		return move_while(cmd);
	if (argc > 2 && !strcmp(argv[1], "user")) {
		become_nobody();
	} else if (argc > 2 && !strcmp(argv[1], "breakpoints")) {
		take_breakpoints();
	} else if (argc > 4 && !strcmp(argv[1], "write")) {
		write_file(argv[2], argv[3]);
		cmd = argv + 4;
	} else if (argc > 3 && !strcmp(argv[1], "mask")) {
		mask(argv[2]);
		cmd = argv + 3;
	} else if (argc > 2 && !strcmp(argv[1], "loose")) {
		forbid_vmsplice();
	} else {
		fprintf(stderr, "usage: handicap user|breakpoints|move|loose CMD...\n"
			"       handicap write FILE TEXT CMD...\n"
			"       handicap mask FILE CMD...\n");
		return 2;
	}
	execv(cmd[0], cmd);
	fail(cmd[0]);
}
