// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel module vmcb12-flip, in a VM: it does what it says, refuses what it
 * must, and unloads cleanly whatever became of its user.
 *
 * The kernel reads memory through its direct map for process_vm_readv(), which
 * takes no KVM.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flipdev.h"
#include "guest.h"
#include "paths.h"
#include "setup.h"
#include "util.h"

#define DEVICE		"/dev/vmcb12-flip"
#define MODULE		"vmcb12_flip"
#define PARAMETER	"i_know_this_writes_to_guest_memory=1"
#define PAGE_SIZE_4K	4096
#define UNLOAD_TRIES	100

static int tests, failed;
static const char *module_file;

static void result(const char *name, bool ok)
{
	tests++;
	failed += !ok;
	printf("%sok %d %s\n", ok ? "" : "not ", tests, name);
	fflush(stdout);
}

static void result_skip(const char *name, const char *reason)
{
	tests++;
	printf("ok %d %s # SKIP %s\n", tests, name, reason);
	fflush(stdout);
}

static int load(const char *parameters)
{
	int fd = open(module_file, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		die(EXIT_REFUSED, "cannot open %s: %s", module_file, strerror(errno));
	ret = syscall(SYS_finit_module, fd, parameters, 0) ? errno : 0;
	close(fd);
	return ret;
}

static int unload(void)
{
	return syscall(SYS_delete_module, MODULE, O_NONBLOCK) ? errno : 0;
}

/* Files of a process that was killed are closed a moment later. */
static bool unload_soon(void)
{
	int i, error = unload();

	for (i = 0; error && i < UNLOAD_TRIES; i++) {
		usleep(20000);
		error = unload();
	}
	return !error && access(DEVICE, F_OK);
}

static void *new_page(void)
{
	void *p = mmap(NULL, PAGE_SIZE_4K, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die(EXIT_INFRA, "cannot map memory: %s", strerror(errno));
	memset(p, 0, PAGE_SIZE_4K);
	return p;
}

/* Have the kernel read 8 bytes at @p through its direct map. */
static u64 kernel_reads(const u64 *p)
{
	u64 value = 0;
	struct iovec to = { .iov_base = &value, .iov_len = sizeof(value) };
	struct iovec from = { .iov_base = (void *)p, .iov_len = sizeof(value) };

	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != sizeof(value))
		die(EXIT_INFRA, "process_vm_readv: %s", strerror(errno));
	return value;
}

static void test_refusal(void)
{
	result("does not load without its parameter", load("") == EPERM && access(DEVICE, F_OK));
	result("loads with it", !load(PARAMETER) && !access(DEVICE, F_OK));
}

static void test_flip(void)
{
	u64 *p = new_page();
	struct vmcb12_flip_result res;
	int fd = flipdev_open();
	u64 first, second;

	*p = 1;
	flipdev_arm(fd, p, sizeof(*p), 1, 2);
	first = kernel_reads(p);
	second = kernel_reads(p);
	res = flipdev_disarm(fd);
	result("writes right after the first read", first == 1 && second == 2 && *p == 2);
	result("counts and names the reads", res.flipped && res.hits >= 2 && res.ip[0] >> 63);

	*p = 1;
	flipdev_arm(fd, p, sizeof(*p), 0, 2);
	kernel_reads(p);
	res = flipdev_disarm(fd);
	result("only counts if told so", !res.flipped && res.hits && *p == 1);

	flipdev_arm(fd, p, sizeof(*p), 1, 2);
	*p = 3;
	res = flipdev_disarm(fd);
	kernel_reads(p);
	result("minds no access of userspace's, nor any once disarmed", !res.hits && *p == 3);
	close(fd);
	munmap(p, PAGE_SIZE_4K);
}

static int try_arm(int fd, u64 addr, u32 size)
{
	struct vmcb12_flip_arm arm = { .addr = addr, .size = size, .nth = 1 };

	return ioctl(fd, VMCB12_FLIP_ARM, &arm) ? errno : 0;
}

static void test_bad_requests(void)
{
	void *p = new_page(), *read_only = new_page();
	int fd = flipdev_open();

	mprotect(read_only, PAGE_SIZE_4K, PROT_READ);
	result("refuses odd sizes and addresses",
	       try_arm(fd, (u64)p, 0) == EINVAL && try_arm(fd, (u64)p, 3) == EINVAL &&
	       try_arm(fd, (u64)p, 16) == EINVAL && try_arm(fd, (u64)p + 4, 8) == EINVAL);
	result("refuses memory that the caller cannot write",
	       try_arm(fd, 0, 8) == EFAULT && try_arm(fd, (u64)read_only, 8) == EFAULT &&
	       try_arm(fd, 0xffff888000001000ULL, 8) == EFAULT);
	result("refuses to arm twice", !try_arm(fd, (u64)p, 8) && try_arm(fd, (u64)p, 8) == EBUSY);
	result("does not unload while armed", unload() != 0);
	close(fd);
	munmap(p, PAGE_SIZE_4K);
	munmap(read_only, PAGE_SIZE_4K);
}

static void test_privilege(void)
{
	int status = 0, fd;
	pid_t pid;

	chmod(DEVICE, 0666);
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(2);
		fd = open(DEVICE, O_RDWR);
		_exit(fd < 0 && errno == EPERM ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	result("opens for root only, whatever the mode", !status);
}

/* The page is gone from the process, but must not become somebody else's. */
static void test_target_gone(void)
{
	int fd = flipdev_open(), i;
	void *p = new_page(), *others[64];
	bool clean = true;

	flipdev_arm(fd, p, 8, 1, ~0ULL);
	munmap(p, PAGE_SIZE_4K);
	for (i = 0; i < 64; i++) {
		others[i] = new_page();
		kernel_reads(others[i]);
	}
	for (i = 0; i < 64; i++) {
		clean = clean && !*(u64 *)others[i];
		munmap(others[i], PAGE_SIZE_4K);
	}
	result("target unmapped: nobody else's page is written", clean && !flipdev_disarm(fd).hits);
	close(fd);
	result("target unmapped: unloads", unload_soon());
}

static void kill_and_unload(pid_t pid, const char *name)
{
	int status;

	result("loads again", !load(PARAMETER));
	kill(pid, SIGCONT);
	usleep(500000);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	result(name, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && unload_soon());
}

/* Wait until the module is there. */
static void wait_for_go(void)
{
	raise(SIGSTOP);
}

static void test_killed(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		void *p = new_page();
		int fd;

		wait_for_go();
		fd = flipdev_open();
		flipdev_arm(fd, p, 8, 1000000, 1);
		for (;;)
			kernel_reads(p);
	}
	waitpid(pid, &status, WUNTRACED);
	kill_and_unload(pid, "process killed while armed: unloads");
}

static void test_vm_killed(void)
{
	const struct path *path = path_by_name("vmrun-dirty");
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct lab lab;
		int fd;

		wait_for_go();
		lab_init(&lab, setup_kvm());
		fd = flipdev_open();
		flipdev_arm(fd, lab.mem + GPA_VMCB12 + vmcb_fields[F_RIP].offset, 8, 1U << 31, 1);
		while (!path_enter(&lab, path) && !path_act(&lab, path) && !path_leave(&lab, path))
			;
		_exit(1);
	}
	waitpid(pid, &status, WUNTRACED);
	kill_and_unload(pid, "VM killed while it runs and is watched: unloads");
}

static int set_online(unsigned int cpu, bool online)
{
	char *file = xasprintf("/sys/devices/system/cpu/cpu%u/online", cpu);
	int fd = open(file, O_WRONLY | O_CLOEXEC), ret = -1;

	if (fd >= 0) {
		ret = write(fd, online ? "1" : "0", 1) == 1 ? 0 : -1;
		close(fd);
	}
	free(file);
	return ret;
}

static int run_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/*
 * The CPU that it runs on is taken away from an armed thread.  What the kernel
 * patches for the breakpoint it patches while it has one CPU: see vmcb12-race.
 */
static void test_cpu_offline(void)
{
	const char *name = "CPU switched off under an armed thread: still flips";
	u64 *p = new_page();
	struct vmcb12_flip_result res;
	bool moved;
	int fd;

	if (sysconf(_SC_NPROCESSORS_CONF) < 2) {
		result_skip(name, "there is one CPU only");
		return;
	}
	result("loads again", !load(PARAMETER));
	fd = flipdev_open();
	flipdev_arm(fd, p, sizeof(*p), 3, 7);
	moved = !set_online(1, true) && !run_on(1);
	kernel_reads(p);
	moved = moved && !set_online(1, false) && sched_getcpu() == 0;
	kernel_reads(p);
	result("CPU switched off: not flipped too early", moved && *p == 0);
	kernel_reads(p);
	res = flipdev_disarm(fd);
	result(name, moved && *p == 7 && res.flipped && res.hits == 3);
	close(fd);
	result("CPU switched off: unloads", unload_soon());
	munmap(p, PAGE_SIZE_4K);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		die(EXIT_REFUSED, "usage: %s vmcb12-flip.ko", argv[0]);
	module_file = argv[1];
	setup_timeout(120);
	puts("KTAP version 1");

	test_refusal();
	test_flip();
	test_bad_requests();
	test_privilege();
	test_target_gone();
	test_killed();
	test_vm_killed();
	test_cpu_offline();
	printf("1..%d\n", tests);
	return failed ? EXIT_RULE : EXIT_OK;
}
