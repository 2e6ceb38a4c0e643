// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does an interrupt of the host get through to this CPU while it runs a guest
 * that has interrupts disabled?  The guest counts down and ends; a timer of the
 * host has to stop it long before.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "check.h"

#define GUEST_CODE	0x1000
#define GUEST_SIZE	0x2000

/* Real mode: mov $400000000, %ecx; loopl .; out %al, $1 */
static const u8 count_down[] = {
	0x66, 0xb9, 0x00, 0x84, 0xd7, 0x17, 0x67, 0xe2, 0xfd, 0xe6, 0x01,
};

static void on_alarm(int sig)
{
	(void)sig;	/* KVM_RUN ends with EINTR */
}

static int checked(int ret, const char *what)
{
	if (ret < 0)
		die(EXIT_INFRA, "%s: %s", what, strerror(errno));
	return ret;
}

/* Return a vCPU that is about to count down. */
static int make_vcpu(int kvm)
{
	int vm = checked(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	struct kvm_userspace_memory_region slot = { .memory_size = GUEST_SIZE };
	struct kvm_regs regs = { .rip = GUEST_CODE, .rflags = 0x2 };
	struct kvm_sregs sregs;
	void *mem;
	int vcpu;

	mem = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		die(EXIT_INFRA, "mmap: %s", strerror(errno));
	memcpy((u8 *)mem + GUEST_CODE, count_down, sizeof(count_down));
	slot.userspace_addr = (unsigned long)mem;
	checked(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");

	vcpu = checked(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	checked(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	checked(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	checked(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	return vcpu;
}

int main(void)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 10000 } };
	struct sigaction action = { .sa_handler = on_alarm };
	int vcpu = make_vcpu(check_open_kvm());
	bool ok;

	checked(sigaction(SIGALRM, &action, NULL), "sigaction");
	checked(setitimer(ITIMER_REAL, &soon, NULL), "setitimer");
	ok = ioctl(vcpu, KVM_RUN, 0) < 0 && errno == EINTR;
	return check_result("host interrupt, guest with IF clear", ok);
}
