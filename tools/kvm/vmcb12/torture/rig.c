// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "kcov.h"
#include "rig.h"
#include "scribble.h"
#include "util.h"
#include "vmcb.h"

#define SLOT_ANNEX	1
#define MAX_VCPUS	8
#define MSR_SMBASE	0x9e
#define MSR_VM_CR	0xc0010114

/* A run ends at the second tick, so it has at least one whole period. */
#define MAX_TICKS	2
#define MIN_TICK_US	2000
#define MAX_TICK_US	100000

/* L2 has to stop often before a way of its own back to L1 is given up. */
#define MAX_STOPS	3

static unsigned int tick_us = MAX_TICK_US;
static int ticks;
static struct kvm_run *running;

/* The vCPU does not enter its guest if this comes just before KVM_RUN. */
static void on_tick(int sig)
{
	struct kvm_run *run = __atomic_load_n(&running, __ATOMIC_RELAXED);

	(void)sig;
	__atomic_fetch_add(&ticks, 1, __ATOMIC_RELAXED);
	if (run)
		run->immediate_exit = 1;
}

void rig_ticks(bool on)
{
	struct itimerval period = {};
	/* KVM_RUN ends all the same; what is printed meanwhile does not. */
	struct sigaction action = { .sa_handler = on_tick, .sa_flags = SA_RESTART };

	if (on) {
		sigaction(SIGALRM, &action, NULL);
		period.it_interval.tv_usec = tick_us;
		period.it_value.tv_usec = tick_us;
	}
	setitimer(ITIMER_REAL, &period, NULL);
}

static u64 now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

void rig_calibrate(struct rig *rig)
{
	u64 start;

	vmcb_fill(rig->mem + GPA_VMCB12);
	rig_vmrun(rig);
	rig_to_l1(rig);
	start = now_us();
	rig_vmrun(rig);
	rig_to_l1(rig);
	tick_us = 5 * (now_us() - start);
	if (tick_us < MIN_TICK_US)
		tick_us = MIN_TICK_US;
	if (tick_us > MAX_TICK_US)
		tick_us = MAX_TICK_US;
}

static enum place place_of(const struct kvm_run *run)
{
	if (run->exit_reason != KVM_EXIT_IO)
		return AT_NO_PLACE;
	switch (run->io.port) {
	case PORT_L1:
		return AT_L1;
	case PORT_L2:
	case PORT_L2_INT:
		return AT_L2;
	case PORT_SMM:
		return AT_SMM;
	default:
		return AT_NO_PLACE;
	}
}

/* Returns 0, or the errno of a KVM_RUN that did not fail for want of time only. */
static int run_for_a_while(struct vmm *vmm)
{
	int end = __atomic_load_n(&ticks, __ATOMIC_RELAXED) + MAX_TICKS, error;

	__atomic_store_n(&running, vmm->run, __ATOMIC_SEQ_CST);
	do {
		vmm->run->immediate_exit = 0;
		error = ioctl(vmm->vcpu, KVM_RUN, 0) ? errno : 0;
	} while ((error == EINTR || error == EAGAIN) &&
		 __atomic_load_n(&ticks, __ATOMIC_RELAXED) < end);
	__atomic_store_n(&running, NULL, __ATOMIC_SEQ_CST);
	kcov_collect();
	return error;
}

enum place rig_run_vcpu(struct rig *rig, struct vmm *vmm)
{
	int error = run_for_a_while(vmm);

	if (error) {
		tally_add(&rig->counts->failed, "KVM_RUN", error);
		return AT_NO_PLACE;
	}
	tally_add(&rig->counts->exits, "", vmm->run->exit_reason);
	return place_of(vmm->run);
}

static void count_l2_exit(struct rig *rig)
{
	void *vmcb12 = rig_page(rig, rig->vmcb12);

	if (vmcb12)
		tally_add(&rig->counts->l2_exits, "", field_get(vmcb12, F_CTL_EXIT_CODE));
}

enum place rig_run(struct rig *rig)
{
	enum place before = rig->place;

	/* An RSM that fails leaves EFER.LME without CR4.PAE, see value_for(). */
	if (rig->down) {
		rig_reset(rig);
		return rig->place;
	}
	rig->place = rig_run_vcpu(rig, &rig->vmm);
	rig->down = rig->vmm.run->exit_reason == KVM_EXIT_SHUTDOWN;
	if (rig->place == AT_L1 && before == AT_L2)
		count_l2_exit(rig);
	return rig->place;
}

int rig_ioctl(struct rig *rig, const char *name, unsigned long request, void *arg)
{
	int ret = ioctl(rig->vmm.vcpu, request, arg), error = errno;

	kcov_collect();
	if (ret < 0) {
		tally_add(&rig->counts->failed, name, error);
		errno = error;
	}
	return ret;
}

void rig_set_msr(struct rig *rig, u32 index, u64 value)
{
	char *error = (char *)vmm_set_msr(&rig->vmm, index, value);

	kcov_collect();
	if (error)
		tally_add(&rig->counts->msrs, "", index);
	free(error);
}

void rig_signal_msi(struct rig *rig, struct kvm_msi *msi)
{
	int ret = ioctl(rig->vmm.vm, KVM_SIGNAL_MSI, msi), error = errno;

	kcov_collect();
	if (ret < 0)
		tally_add(&rig->counts->failed, "KVM_SIGNAL_MSI", error);
}

void *rig_page(const struct rig *rig, u64 gpa)
{
	gpa &= ~0xfffULL;
	if (gpa < GUEST_MEM_SIZE)
		return rig->mem + gpa;
	if (gpa - GPA_ANNEX < ANNEX_SIZE)
		return rig->annex + (gpa - GPA_ANNEX);
	return NULL;
}

static const char *set_annex(struct rig *rig, struct vmm *vmm, enum annex how)
{
	struct kvm_userspace_memory_region region = {
		.slot = SLOT_ANNEX,
		.guest_phys_addr = GPA_ANNEX,
		.memory_size = how == ANNEX_GONE ? 0 : ANNEX_SIZE,
		.userspace_addr = (u64)rig->annex,
		.flags = how == ANNEX_READ_ONLY ? KVM_MEM_READONLY : 0,
	};

	return vmm_set_memory(vmm, region);
}

void rig_set_annex(struct rig *rig, enum annex how)
{
	struct vmm *vmm[] = { &rig->vmm, rig->has_other ? &rig->other : NULL };
	char *error;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vmm) && vmm[i]; i++) {
		/* KVM changes no flags of a slot that is there. */
		free((char *)set_annex(rig, vmm[i], ANNEX_GONE));
		error = how == ANNEX_GONE ? NULL : (char *)set_annex(rig, vmm[i], how);
		if (error)
			tally_add(&rig->counts->failed, "KVM_SET_USER_MEMORY_REGION", errno);
		free(error);
	}
	kcov_collect();
}

/* All that SREGS and REGS do not set; whatever of it a kernel does not know. */
static void set_rest(struct rig *rig)
{
	struct kvm_vcpu_events events = {
		.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW |
			 (rig->vmm.smm ? KVM_VCPUEVENT_VALID_SMM : 0),
	};
	struct kvm_debugregs debugregs = { .dr6 = DR6_RESET, .dr7 = DR7_RESET };
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_guest_debug debug = {};

	memset(rig->state, 0, sizeof(*rig->state));
	rig->state->flags = KVM_STATE_NESTED_GIF_SET;
	rig->state->format = KVM_STATE_NESTED_FORMAT_SVM;
	rig->state->size = sizeof(*rig->state);
	RIG_IOCTL(rig, KVM_SET_VCPU_EVENTS, &events);
	RIG_IOCTL(rig, KVM_SET_NESTED_STATE, rig->state);
	RIG_IOCTL(rig, KVM_SET_DEBUGREGS, &debugregs);
	RIG_IOCTL(rig, KVM_SET_GUEST_DEBUG, &debug);
	RIG_IOCTL(rig, KVM_SET_MP_STATE, &runnable);
	rig_set_msr(rig, MSR_VM_CR, 0);
	if (rig->vmm.smm)
		rig_set_msr(rig, MSR_SMBASE, GPA_SMBASE);
}

/* A signal interrupts KVM_CREATE_VM, and with KASAN there is always one. */
static const char *create_vm(struct rig *rig, struct vmm *vmm)
{
	const char *error;
	sigset_t tick, before;

	sigemptyset(&tick);
	sigaddset(&tick, SIGALRM);
	sigprocmask(SIG_BLOCK, &tick, &before);
	error = vmm_create_as(vmm, rig->kvm, rig->mem, &rig->setup);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

static char *make_vm(struct rig *rig, struct vmm *vmm)
{
	struct kvm_enable_cap payload = { .cap = KVM_CAP_EXCEPTION_PAYLOAD, .args = { 1 } };
	struct kvm_enable_cap triple = { .cap = KVM_CAP_X86_TRIPLE_FAULT_EVENT, .args = { 1 } };
	const char *error = create_vm(rig, vmm);

	if (error)
		return (char *)error;
	rig->counts->vms++;
	rig->counts->vcpus++;
	/* Kernels that do not know one of them have less to go wrong. */
	ioctl(vmm->vm, KVM_ENABLE_CAP, &payload);
	ioctl(vmm->vm, KVM_ENABLE_CAP, &triple);
	kcov_collect();
	error = set_annex(rig, vmm, ANNEX_THERE);
	if (error)
		vmm_destroy(vmm);
	return (char *)error;
}

static void drop_vms(struct rig *rig)
{
	if (rig->scribbler)
		scribble_stop(rig->scribbler);
	vmm_destroy(&rig->vmm);
	if (rig->has_other)
		vmm_destroy(&rig->other);
	if (rig->has_second)
		vmm_destroy(&rig->second);
	rig->has_other = false;
	rig->has_second = false;
	kcov_collect();
}

/* A VM at l1_idle; who gets none cannot go on. */
static void need_vm(struct rig *rig)
{
	char *error = make_vm(rig, &rig->vmm);

	if (error)
		die(EXIT_INFRA, "%s", error);
	rig->next_id = 1;
	rig->down = false;
	if (ioctl(rig->vmm.vcpu, KVM_GET_SREGS, &rig->idle))
		die(EXIT_INFRA, "KVM_GET_SREGS: %s", strerror(errno));
	rig->place = rig_run_vcpu(rig, &rig->vmm);
}

/* The state first that forbids other state. */
static bool reset_vcpu(struct rig *rig)
{
	char *error;

	rig->down = false;
	set_rest(rig);
	if (RIG_IOCTL(rig, KVM_SET_SREGS, &rig->idle))
		return false;
	error = (char *)vmm_set_idle(&rig->vmm);
	kcov_collect();
	free(error);
	return !error && rig_run(rig) == AT_L1;
}

void rig_reset(struct rig *rig)
{
	vmm_fill(rig->mem);
	rig->counts->resets++;
	/* Twice, as an exit that userspace has to complete takes the first run. */
	if (reset_vcpu(rig) || reset_vcpu(rig))
		return;
	drop_vms(rig);
	need_vm(rig);
}

void rig_to_l1(struct rig *rig)
{
	unsigned int stops;

	for (stops = 0; rig->place != AT_L1 && stops < MAX_STOPS; stops++) {
		if (rig->place == AT_NO_PLACE)
			break;
		rig_run(rig);
	}
	if (rig->place != AT_L1)
		rig_reset(rig);
}

enum place rig_l1(struct rig *rig, const char *code, u64 rax)
{
	u64 mailbox[2] = { GPA_OF(code), rax };

	rig_to_l1(rig);
	memcpy(rig->mem + GPA_MAILBOX, mailbox, sizeof(mailbox));
	return rig_run(rig);
}

enum place rig_vmrun(struct rig *rig)
{
	rig->counts->vmruns++;
	return rig_l1(rig, l1_vmrun, rig->vmcb12);
}

static bool join(struct rig *rig, struct vmm *vmm)
{
	char *error;

	if (rig->next_id == MAX_VCPUS)
		return false;
	error = (char *)vmm_join(vmm, rig->kvm, &rig->vmm, rig->next_id++, &rig->setup);
	kcov_collect();
	rig->counts->vcpus += !error;
	free(error);
	return !error;
}

bool rig_get_other(struct rig *rig, bool same_vm)
{
	char *error;

	if (rig->has_other)
		return true;
	if (same_vm) {
		rig->has_other = join(rig, &rig->other);
	} else {
		error = make_vm(rig, &rig->other);
		rig->has_other = !error;
		free(error);
	}
	return rig->has_other;
}

bool rig_get_second(struct rig *rig)
{
	if (!rig->has_second)
		rig->has_second = join(rig, &rig->second);
	return rig->has_second;
}

void rig_swap(struct rig *rig)
{
	struct vmm vmm;

	if (rig->down)
		rig_reset(rig);
	vmm = rig->vmm;
	rig->vmm = rig->other;
	rig->other = vmm;
	rig->place = AT_NO_PLACE;
}

void rig_init(struct rig *rig, int kvm, const struct vmm_setup *setup,
	      struct rig_counts *counts)
{
	memset(rig, 0, sizeof(*rig));
	rig->kvm = kvm;
	rig->setup = *setup;
	rig->counts = counts;
	rig->vmcb12 = GPA_VMCB12;
	rig->features = vmm_cpuid(kvm, SVM_CPUID).edx & ~setup->hidden;
	rig->state = xcalloc(1, RIG_STATE_SIZE);
	rig->mem = guest_mem_alloc();
	rig->annex = mmap(NULL, ANNEX_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
	if (rig->annex == MAP_FAILED)
		die(EXIT_INFRA, "cannot map guest memory: %s", strerror(errno));
	leak_note(&rig->pages, rig->mem, GUEST_MEM_SIZE, 0);
	leak_note(&rig->pages, rig->annex, ANNEX_SIZE, GPA_ANNEX);
	vmm_fill(rig->mem);
	need_vm(rig);
}

void rig_exit(struct rig *rig)
{
	drop_vms(rig);
	munmap(rig->mem, GUEST_MEM_SIZE);
	munmap(rig->annex, ANNEX_SIZE);
	free(rig->state);
}

const char *rig_exit_name(u64 reason)
{
	static const char * const names[] = {
		[KVM_EXIT_UNKNOWN]		= "unknown",
		[KVM_EXIT_EXCEPTION]		= "exception",
		[KVM_EXIT_IO]			= "io",
		[KVM_EXIT_HYPERCALL]		= "hypercall",
		[KVM_EXIT_DEBUG]		= "debug",
		[KVM_EXIT_HLT]			= "hlt",
		[KVM_EXIT_MMIO]			= "mmio",
		[KVM_EXIT_IRQ_WINDOW_OPEN]	= "irq-window",
		[KVM_EXIT_SHUTDOWN]		= "shutdown",
		[KVM_EXIT_FAIL_ENTRY]		= "fail-entry",
		[KVM_EXIT_INTR]			= "intr",
		[KVM_EXIT_INTERNAL_ERROR]	= "internal-error",
		[KVM_EXIT_SYSTEM_EVENT]		= "system-event",
		[KVM_EXIT_HYPERV]		= "hyperv",
	};

	return reason < ARRAY_SIZE(names) ? names[reason] : NULL;
}
