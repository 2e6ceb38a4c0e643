// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-rsm: what KVM makes of guest memory that changes while SMM interrupts L2.
 *
 * An SMI while L2 runs makes KVM leave L2 and save L1's state in the host save
 * area, a page of guest memory since 5.15.  RSM takes L1's state from there, and
 * vmcb12 from its own page.  The VMM changes one of them in between, and RSM has to
 * refuse what VMRUN would have refused, and to ignore what the CPU doesn't go by.  If
 * vmcb12 or SMRAM is invalid, L1 shuts down and sees no #VMEXIT, though it intercepts
 * L2's shutdown.  What L1 intercepts by its MSR bitmap still leaves to L1 after RSM.  The
 * same is done with a vCPU that was restored while in SMM, i.e. that has not executed the
 * VMRUN that RSM returns to.  An RSM that is refused must not have loaded L1's state.
 *
 * After SMI, RSM and #VMEXIT, L1 has the CR0, CR4 and EFER that it had.
 *
 * Then userspace takes the vCPU out of L2.  It goes on with L2's registers, on the
 * VMCB of L1, which has to have what KVM's MMU needs.
 *
 * Last, userspace restores an L1 whose CR3 can't be loaded when L2 exits, and runs the
 * vCPU after that, an L2 with nested paging, of which KVM has to emulate an instruction,
 * and an L2 whose CR3 can't be loaded.
 *
 * For test kernels only: a kernel that enters L2 without a check may not survive.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/utsname.h>

#include "guest.h"
#include "paths.h"
#include "setup.h"
#include "util.h"
#include "vmcb.h"

static const char usage[] =
	"Usage: vmcb12-rsm [OPTION]\n"
	"Change guest memory while SMM interrupts L2, and tell what RSM makes of it, as KTAP.\n"
	"For test kernels only: one that enters L2 without a check may not survive.\n\n"
	"  --timeout S      give up after S seconds (60)\n"
	"  --series         the kernel has the series: do what a stock one may not survive\n"
	"  --help\n\n"
	"Exit status: 0 RSM refuses what it has to refuse and nothing else, 1 it does not,\n"
	"2 wrong command line or something is missing here, 3 it could not be tried,\n"
	"124 timeout.\n";

#define INSN_OUTSB	0x6e
#define MSR_STAR	0xc0000081
#define MSRPM_SIZE	0x2000
/* Of the 64-bit state-save map. */
#define GPA_SMRAM_CS_ATTRIB	(GPA_SMRAM + 0x12)
#define GPA_SMRAM_EFER		(GPA_SMRAM + 0xd0)
#define GPA_SMRAM_CR4		(GPA_SMRAM + 0x148)
#define GPA_SMRAM_CR3		(GPA_SMRAM + 0x150)
#define GPA_SMRAM_CR0		(GPA_SMRAM + 0x158)

#define SMRAM_CODE32		0xc09b

static bool has_series;

struct rsm_case {
	const char *name;
	bool refuse;		/* RSM must not return to L2 */
	bool late;		/* RSM may have loaded L1's state by then */
	bool unsafe;		/* for a stock kernel without nested paging */
	const char *skip;	/* why not, on a kernel without the host save area */

	/* Before the vCPU runs; returns NULL, or how it went wrong. */
	const char *(*prepare)(struct lab *lab);

	/* Change the usual vmcb12, in the place of what the path of RSM does. */
	void (*fill)(void *vmcb12);

	/* In L1's memory, while the vCPU is in SMM. */
	void (*change)(unsigned char *mem);

	/* Go on with another vCPU; returns NULL, or how it went wrong. */
	const char *(*restore)(struct lab *lab);
};

static void change_field(void *page, enum vmcb_field_id id, u64 clear, u64 set)
{
	field_set(page, id, (field_get(page, id) & ~clear) | set);
}

static void no_svme(unsigned char *mem)
{
	change_field(mem + GPA_HSAVE, F_EFER, EFER_SVME, 0);
}

static void reserved_efer(unsigned char *mem)
{
	change_field(mem + GPA_HSAVE, F_EFER, 0, EFER_RESERVED);
}

static void no_paging(unsigned char *mem)
{
	change_field(mem + GPA_HSAVE, F_CR0, CR0_PG, 0);
}

static void reserved_cr4(unsigned char *mem)
{
	change_field(mem + GPA_HSAVE, F_CR4, 0, CR4_RESERVED);
}

static void virtual_8086(unsigned char *mem)
{
	change_field(mem + GPA_HSAVE, F_RFLAGS, 0, RFLAGS_VM);
}

static void reserved_smram_cr4(unsigned char *mem)
{
	/* 5.10 to 6.1 ignore the upper half. */
	*(u32 *)(mem + GPA_SMRAM_CR4) |= 1u << 31;
}

static void no_asid(unsigned char *mem)
{
	field_set(mem + GPA_VMCB12, F_CTL_ASID, 0);
}

static void l2_no_svme(unsigned char *mem)
{
	change_field(mem + GPA_VMCB12, F_EFER, EFER_SVME, 0);
}

/* In long mode, the checks of VMRUN would find it before CR3 is loaded. */
static void l2_reserved_cr3(unsigned char *mem)
{
	change_field(mem + GPA_VMCB12, F_EFER, EFER_LONG_MODE, 0);
	change_field(mem + GPA_VMCB12, F_CR3, 0, CR3_RESERVED);
}

/* RSM takes L2's registers from vmcb12 first, and then these from SMRAM. */
static void l2_code32(unsigned char *mem)
{
	field_set(mem + GPA_VMCB12, F_CS_ATTRIB, SEG_CODE32);
	*(u16 *)(mem + GPA_SMRAM_CS_ATTRIB) = SMRAM_CODE32;
}

static void l2_no_paging(unsigned char *mem)
{
	l2_code32(mem);
	change_field(mem + GPA_VMCB12, F_CR0, CR0_PG, 0);
	*(u64 *)(mem + GPA_SMRAM_CR0) &= ~CR0_PG;
}

static void l2_pae_paging(unsigned char *mem)
{
	u64 pdpt[4] = { GPA_PD | PTE_P };

	l2_code32(mem);
	memcpy(mem + GPA_L2_SCRATCH, pdpt, sizeof(pdpt));
	field_set(mem + GPA_VMCB12, F_CR3, GPA_L2_SCRATCH);
	change_field(mem + GPA_VMCB12, F_EFER, EFER_LME, 0);
	*(u64 *)(mem + GPA_SMRAM_CR3) = GPA_L2_SCRATCH;
	*(u64 *)(mem + GPA_SMRAM_EFER) &= ~EFER_LME;
}

/* What a VMM saves of a vCPU in SMM, beside memory. */
struct saved_vcpu {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_vcpu_events events;
};

static const char *save_vcpu(struct vmm *vmm, struct saved_vcpu *saved)
{
	/* Complete the OUT that brought us here. */
	vmm->run->immediate_exit = 1;
	if (!ioctl(vmm->vcpu, KVM_RUN, 0) || errno != EINTR)
		return xasprintf("KVM_RUN with immediate_exit: %s", strerror(errno));
	vmm->run->immediate_exit = 0;
	if (ioctl(vmm->vcpu, KVM_GET_REGS, &saved->regs) ||
	    ioctl(vmm->vcpu, KVM_GET_SREGS, &saved->sregs) ||
	    ioctl(vmm->vcpu, KVM_GET_VCPU_EVENTS, &saved->events))
		return xasprintf("cannot save the vCPU: %s", strerror(errno));
	saved->events.flags = KVM_VCPUEVENT_VALID_SMM;
	return NULL;
}

/* A vCPU of another VM, which has never executed VMRUN, goes on with RSM. */
static const char *restore_vcpu(struct lab *lab)
{
	struct vmm *vmm = &lab->vmm[VMM_PLAIN];
	struct saved_vcpu saved;
	const char *error = save_vcpu(vmm, &saved);
	void *mem;

	if (error)
		return error;
	mem = xcalloc(1, GUEST_MEM_SIZE);
	memcpy(mem, lab->mem, GUEST_MEM_SIZE);
	lab_reset(lab, VMM_PLAIN);
	memcpy(lab->mem, mem, GUEST_MEM_SIZE);
	free(mem);
	if (lab->vmm_missing[VMM_PLAIN])
		return lab->vmm_missing[VMM_PLAIN];
	if (ioctl(vmm->vcpu, KVM_SET_SREGS, &saved.sregs) ||
	    ioctl(vmm->vcpu, KVM_SET_REGS, &saved.regs) ||
	    ioctl(vmm->vcpu, KVM_SET_VCPU_EVENTS, &saved.events))
		return xasprintf("cannot restore the vCPU: %s", strerror(errno));
	return NULL;
}

/* KVM's own EFER.NX, without nested paging, is nothing that L1 has set. */
static const char *hide_nx(struct lab *lab)
{
	const struct vmm_setup no_nx = { .no_nx = true };
	struct vmm *vmm = &lab->vmm[VMM_PLAIN];
	const char *error;

	vmm_destroy(vmm);
	error = vmm_create_as(vmm, lab->kvm, lab->mem, &no_nx);
	return error ? error : vmm_run(vmm, PORT_L1);
}

/* L1 intercepts all MSRs, and KVM does not intercept MSR_STAR. */
static void fill_rdmsr(void *vmcb12)
{
	path_by_name("rsm")->fill(vmcb12);
	change_field(vmcb12, F_CTL_INTERCEPT_W3, 0, INTERCEPT3_MSR_PROT);
}

/*
 * L2 reads the MSR in the place of its VMMCALL, and gets to L1 in no other way.  Nothing
 * on the way there changes RCX.
 */
static const char *l2_reads_msr(struct lab *lab)
{
	static const u8 rdmsr_nop[] = { 0x0f, 0x32, 0x90 };
	struct vmm *vmm = &lab->vmm[VMM_PLAIN];
	struct kvm_regs regs;

	memset(lab->mem + GPA_MSRPM, 0xff, MSRPM_SIZE);
	memcpy(lab->mem + GPA_OF(l2_exit), rdmsr_nop, sizeof(rdmsr_nop));
	if (ioctl(vmm->vcpu, KVM_GET_REGS, &regs))
		return xasprintf("KVM_GET_REGS: %s", strerror(errno));
	regs.rcx = MSR_STAR;
	if (ioctl(vmm->vcpu, KVM_SET_REGS, &regs))
		return xasprintf("KVM_SET_REGS: %s", strerror(errno));
	return NULL;
}

#define NOT_IN_MEMORY "L1's state is not in guest memory"
#define NO_SHUTDOWN "RSM has no shutdown there"
#define UNSAFE "a stock kernel may not survive without nested paging"

static const struct rsm_case cases[] = {
	{ .name = "unchanged" },
	{ .name = "unchanged-no-nx", .prepare = hide_nx },
	{ .name = "host-save-efer-svme", .refuse = true, .skip = NOT_IN_MEMORY, .change = no_svme },
	{ .name = "host-save-efer-reserved", .refuse = true, .skip = NOT_IN_MEMORY,
	  .change = reserved_efer },
	{ .name = "host-save-cr0-pg", .refuse = true, .skip = NOT_IN_MEMORY, .change = no_paging },
	{ .name = "host-save-cr4-reserved", .refuse = true, .skip = NOT_IN_MEMORY,
	  .change = reserved_cr4 },
	{ .name = "host-save-rflags-vm", .refuse = true, .skip = NOT_IN_MEMORY,
	  .change = virtual_8086 },
	{ .name = "vmcb12-asid", .refuse = true, .change = no_asid },
	{ .name = "vmcb12-efer-svme", .refuse = true, .change = l2_no_svme },
	{ .name = "vmcb12-cr3", .refuse = true, .late = true, .skip = NO_SHUTDOWN,
	  .change = l2_reserved_cr3 },
	{ .name = "smram-cr4-reserved", .refuse = true, .late = true, .skip = NO_SHUTDOWN,
	  .change = reserved_smram_cr4 },
	{ .name = "vmcb12-cr0-pg", .unsafe = true, .change = l2_no_paging },
	{ .name = "vmcb12-efer-lme", .unsafe = true, .change = l2_pae_paging },
	{ .name = "msr-bitmap", .prepare = l2_reads_msr, .fill = fill_rdmsr },
	{ .name = "restored", .restore = restore_vcpu },
	{ .name = "msr-bitmap-restored", .prepare = l2_reads_msr, .fill = fill_rdmsr,
	  .restore = restore_vcpu },
};

/* Does this kernel keep L1's state in guest memory while the vCPU is in SMM? */
static bool uses_host_save(const struct lab *lab)
{
	return field_get(lab->mem + GPA_HSAVE, F_EFER) & EFER_SVME;
}

static bool in_l2(struct lab *lab)
{
	lab->state->size = sizeof(*lab->state) + VMCB_SIZE;
	if (ioctl(lab->vmm[VMM_PLAIN].vcpu, KVM_GET_NESTED_STATE, lab->state))
		die(EXIT_INFRA, "KVM_GET_NESTED_STATE: %s", strerror(errno));
	return lab->state->flags & KVM_STATE_NESTED_GUEST_MODE;
}

static struct kvm_sregs get_sregs(const struct lab *lab)
{
	struct kvm_sregs sregs;

	if (ioctl(lab->vmm[VMM_PLAIN].vcpu, KVM_GET_SREGS, &sregs))
		die(EXIT_INFRA, "KVM_GET_SREGS: %s", strerror(errno));
	return sregs;
}

/* KVM's MMU goes by EFER.LMA, and the CPU by what EFER.LMA has to follow from. */
static const char *check_lma(struct lab *lab)
{
	struct kvm_sregs sregs = get_sregs(lab);

	if (!(sregs.efer & EFER_LMA) || ((sregs.efer & EFER_LME) && (sregs.cr0 & CR0_PG)))
		return NULL;
	return "L2 has EFER.LMA without EFER.LME and CR0.PG";
}

/* An RSM that fails leaves the vCPU with the registers of SMM, which has no IDT. */
static bool l1_is_loaded(struct lab *lab)
{
	return get_sregs(lab).idt.base;
}

/* What came of RSM, for people; *@refused says whether KVM refused it. */
static const char *outcome(struct lab *lab, const struct path *rsm, bool *refused)
{
	const struct kvm_run *run = lab->vmm[VMM_PLAIN].run;
	const char *error = path_act(lab, rsm);

	*refused = error && !in_l2(lab) && (run->exit_reason == KVM_EXIT_SHUTDOWN ||
					    run->exit_reason == KVM_EXIT_INTERNAL_ERROR);
	if (!error)
		error = check_lma(lab);
	if (!error)
		error = path_leave(lab, rsm);
	return error ? error : "L2 goes on, and leaves to L1";
}

/* Without nested paging, KVM's own page tables are at stake. */
static bool nested_paging(void)
{
	FILE *file = fopen("/sys/module/kvm_amd/parameters/npt", "r");
	int value = file ? getc(file) : EOF;

	if (file)
		fclose(file);
	return value == 'Y' || value == '1';
}

/* May the kernel be shown what only the series is safe with? */
static bool safe_here(void)
{
	return has_series || nested_paging();
}

/* A VM that has not seen what came before; returns NULL, or why there is none. */
static const char *new_vm(struct lab *lab)
{
	lab_reset(lab, VMM_PLAIN);
	return lab->vmm_missing[VMM_PLAIN];
}

/* Returns false if KVM did what it must not do; ends the program if nothing was done. */
static bool try_case(struct lab *lab, const struct path *rsm, const struct rsm_case *c, int n)
{
	struct path enter = *rsm;
	const char *error, *what;
	bool refuse = c->refuse, refused, ok;

	if (c->unsafe && !safe_here()) {
		printf("ok %d %s # SKIP %s\n", n, c->name, UNSAFE);
		return true;
	}
	error = new_vm(lab);
	if (!error && c->prepare)
		error = c->prepare(lab);
	if (c->fill)
		enter.fill = c->fill;
	if (!error)
		error = path_enter(lab, &enter);
	if (error)
		die(EXIT_INFRA, "%s: %s", c->name, error);
	if (c->skip && !uses_host_save(lab)) {
		printf("ok %d %s # SKIP %s\n", n, c->name, c->skip);
		return true;
	}
	/* Without it, only the vCPU that has executed VMRUN has L1's state. */
	if (c->restore && !uses_host_save(lab))
		refuse = true;
	if (c->change)
		c->change(lab->mem);
	error = c->restore ? c->restore(lab) : NULL;
	if (error)
		die(EXIT_INFRA, "%s: %s", c->name, error);
	what = outcome(lab, rsm, &refused);
	ok = refused == refuse && (refused || !strncmp(what, "L2 goes on", 10));
	if (ok && refused && !c->late && l1_is_loaded(lab)) {
		ok = false;
		what = "RSM fails when it has loaded L1's state";
	}
	printf("%sok %d %s # %s\n", ok ? "" : "not ", n, c->name, what);
	return ok;
}

static struct kvm_run *stuck;

static void stop_run(int signal)
{
	(void)signal;
	stuck->immediate_exit = 1;
}

/*
 * KVM_RUN may never come back: the CPU can take the same fault for ever.  What counts
 * is the time that it takes it for, not how long this CPU had something else to do.
 */
static int run_briefly(struct vmm *vmm)
{
	static const struct itimerval once = { .it_value.tv_sec = 3 }, off;
	struct sigaction action = { .sa_handler = stop_run };
	int error;

	stuck = vmm->run;
	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &once, NULL);
	error = ioctl(vmm->vcpu, KVM_RUN, 0);
	setitimer(ITIMER_PROF, &off, NULL);
	vmm->run->immediate_exit = 0;
	return error;
}

/* All of KVM's page tables go, and the next KVM_RUN has new ones. */
static const char *renew_memory(struct vmm *vmm, const struct lab *lab)
{
	struct kvm_userspace_memory_region region = { .userspace_addr = (u64)lab->mem };
	const char *error = vmm_set_memory(vmm, region);

	region.memory_size = GUEST_MEM_SIZE;
	return error ? error : vmm_set_memory(vmm, region);
}

/* L2 stands at an OUT; KVM_SET_NESTED_STATE says that there is no L2. */
static bool try_left(struct lab *lab, const char *name, bool new_root, int n)
{
	struct kvm_nested_state none = {
		.flags = KVM_STATE_NESTED_GIF_SET,
		.format = KVM_STATE_NESTED_FORMAT_SVM,
		.size = sizeof(none),
	};
	struct vmm *vmm = &lab->vmm[VMM_PLAIN];
	const char *error;
	bool ok;

	error = new_vm(lab);
	if (!error)
		error = path_enter(lab, path_by_name("set-nested-state"));
	if (!error && new_root)
		error = renew_memory(vmm, lab);
	if (!error && new_root)
		error = vmm_run(vmm, PORT_L2);
	if (!error && ioctl(vmm->vcpu, KVM_SET_NESTED_STATE, &none))
		error = strerror(errno);
	if (error)
		die(EXIT_INFRA, "%s: %s", name, error);
	ok = !run_briefly(vmm) && vmm->run->exit_reason == KVM_EXIT_IO;
	printf("%sok %d %s # the vCPU %s\n", ok ? "" : "not ", n, name,
	       ok ? "goes on" : "makes no progress");
	return ok;
}

/* L1 with PAE paging and a PDPTE that is not valid, but for none of its own memory. */
static void lose_cr3(struct lab *lab)
{
	void *l1 = lab->state->data.svm[0].vmcb12;
	u64 pdpt[] = { GPA_PD | PTE_P, 0, 0, ~0ULL };

	memcpy(lab->mem + GPA_L2_SCRATCH, pdpt, sizeof(pdpt));
	change_field(l1, F_EFER, EFER_LONG_MODE, 0);
	field_set(l1, F_CR3, GPA_L2_SCRATCH);
}

/*
 * L2 goes on from its OUT to a VMMCALL, which leaves to L1.  With @again, userspace then
 * runs the vCPU once more, and the page tables of L1's last run are gone.
 */
static bool try_lost_cr3(struct lab *lab, const char *name, bool again, int n)
{
	const struct path *restore = path_by_name("set-nested-state");
	struct vmm *vmm = &lab->vmm[VMM_PLAIN];
	const char *error, *what;
	bool ok;

	if (!safe_here()) {
		printf("ok %d %s # SKIP %s\n", n, name, UNSAFE);
		return true;
	}
	error = new_vm(lab);
	if (!error)
		error = path_enter(lab, restore);
	if (!error) {
		lose_cr3(lab);
		error = path_act(lab, restore);
	}
	if (!error && again)
		error = renew_memory(vmm, lab);
	if (error)
		die(EXIT_INFRA, "%s: %s", name, error);
	ok = !run_briefly(vmm) && vmm->run->exit_reason == KVM_EXIT_SHUTDOWN;
	what = ok ? "shuts down" : "goes on";
	if (ok && again) {
		ok = !run_briefly(vmm);
		what = ok ? "runs and exits again" : "makes no progress";
	}
	printf("%sok %d %s # the vCPU %s\n", ok ? "" : "not ", n, name, what);
	return ok;
}

/* Is this kernel of that release, or of a newer one? */
static bool release_from(int major, int minor, int sublevel)
{
	int has_major, has_minor, has_sublevel = 0;
	struct utsname uts;

	if (uname(&uts) ||
	    sscanf(uts.release, "%d.%d.%d", &has_major, &has_minor, &has_sublevel) < 2)
		return false;
	if (has_major != major)
		return has_major > major;
	if (has_minor != minor)
		return has_minor > minor;
	return has_sublevel >= sublevel;
}

/* Upstream that is 232f75d3b4b5 and, in 5.17 and 5.15.25, e1779c2714c3. */
static bool sets_up_nested_mmu(void)
{
	return has_series || release_from(5, 17, 0) ||
	       (release_from(5, 15, 25) && !release_from(5, 16, 0));
}

/* What L1 has after an SMI in L2, RSM and #VMEXIT.  The LTS series leave it alone. */
static bool try_l1_registers(struct lab *lab, const struct path *rsm, int n)
{
	struct kvm_sregs before, after;
	const char *error;
	bool ok;

	if (!release_from(7, 1, 0)) {
		printf("ok %d l1-registers # SKIP known: no series for this line saves L1's\n", n);
		return true;
	}
	error = new_vm(lab);
	if (!error) {
		before = get_sregs(lab);
		error = path_enter(lab, rsm);
	}
	if (!error)
		error = path_act(lab, rsm);
	if (!error)
		error = path_leave(lab, rsm);
	if (error)
		die(EXIT_INFRA, "l1-registers: %s", error);
	after = get_sregs(lab);
	ok = after.cr0 == before.cr0 && after.cr4 == before.cr4 && after.efer == before.efer;
	printf("%sok %d l1-registers # CR0, CR4, EFER %llx %llx %llx, were %llx %llx %llx\n",
	       ok ? "" : "not ", n, after.cr0, after.cr4, after.efer,
	       before.cr0, before.cr4, before.efer);
	return ok;
}

/* Registers of L2, on a vCPU that has not run it; its nested state is in lab->state. */
static const char *move_l2(struct lab *lab, const struct path *path)
{
	const char *error = new_vm(lab);

	if (!error)
		error = path_enter(lab, path);
	if (!error && !in_l2(lab))
		error = "the vCPU is not in L2";
	return error ? error : restore_vcpu(lab);
}

/* A vCPU that has not run L2 goes on with it, and with an OUTS, which KVM emulates. */
static const char *restore_l2(struct lab *lab, const struct path *path)
{
	struct vmm *vmm = &lab->vmm[VMM_PLAIN];
	struct kvm_regs regs;
	const char *error;

	error = move_l2(lab, path);
	if (error)
		return error;
	if (ioctl(vmm->vcpu, KVM_GET_REGS, &regs))
		return xasprintf("KVM_GET_REGS: %s", strerror(errno));
	lab->mem[regs.rip] = INSN_OUTSB;
	regs.rdx = PORT_L2;
	regs.rsi = regs.rip;
	if (ioctl(vmm->vcpu, KVM_SET_REGS, &regs) ||
	    ioctl(vmm->vcpu, KVM_SET_NESTED_STATE, lab->state))
		return xasprintf("cannot restore L2: %s", strerror(errno));
	return NULL;
}

static bool try_restored_l2(struct lab *lab, int n)
{
	const struct path *path = path_by_name("vmexit-npt");
	const struct kvm_run *run = lab->vmm[VMM_PLAIN].run;
	const char *skip = path_missing(lab, path), *error;
	bool ok;

	if (!skip && !sets_up_nested_mmu())
		skip = "a stock kernel before 5.15.25 does not survive it";
	if (skip) {
		printf("ok %d restored-l2 # SKIP %s\n", n, skip);
		return true;
	}
	error = restore_l2(lab, path);
	if (error)
		die(EXIT_INFRA, "restored-l2: %s", error);
	ok = !run_briefly(&lab->vmm[VMM_PLAIN]) && run->exit_reason == KVM_EXIT_IO &&
	     run->io.port == PORT_L2;
	printf("%sok %d restored-l2 # the OUTS of L2 %s\n", ok ? "" : "not ", n,
	       ok ? "gets out" : "does not get out");
	return ok;
}

/* KVM_SET_SREGS takes any CR3 for a vCPU that does not use paging. */
static const char *set_bad_cr3(struct vmm *vmm)
{
	struct kvm_sregs sregs;

	if (ioctl(vmm->vcpu, KVM_GET_SREGS, &sregs))
		return xasprintf("KVM_GET_SREGS: %s", strerror(errno));
	sregs.cr0 &= ~CR0_PG;
	sregs.efer &= ~EFER_LONG_MODE;
	sregs.cs.l = 0;
	sregs.cr3 |= CR3_RESERVED;
	if (ioctl(vmm->vcpu, KVM_SET_SREGS, &sregs))
		return xasprintf("KVM_SET_SREGS: %s", strerror(errno));
	return NULL;
}

/* If KVM_SET_NESTED_STATE doesn't take an L2, the vCPU is to stay in L1. */
static bool try_refused_l2(struct lab *lab, int n)
{
	struct vmm *vmm = &lab->vmm[VMM_PLAIN];
	bool refused, enters, ok;
	const char *error;

	error = move_l2(lab, path_by_name("set-nested-state"));
	if (!error)
		error = set_bad_cr3(vmm);
	if (error)
		die(EXIT_INFRA, "refused-l2: %s", error);
	refused = ioctl(vmm->vcpu, KVM_SET_NESTED_STATE, lab->state);
	if (refused && errno != EINVAL)
		die(EXIT_INFRA, "refused-l2: KVM_SET_NESTED_STATE: %s", strerror(errno));
	enters = in_l2(lab);
	ok = refused != enters;
	printf("%sok %d refused-l2 # KVM_SET_NESTED_STATE %s, the vCPU is in L%d\n",
	       ok ? "" : "not ", n, refused ? "fails" : "succeeds", enters ? 2 : 1);
	return ok;
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "series", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	unsigned int timeout = 60;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 't':
			timeout = option_number("timeout", optarg, 3600);
			break;
		case 's':
			has_series = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_OK);
		default:
			die(EXIT_REFUSED, "see vmcb12-rsm --help");
		}
	}
	if (optind < argc)
		die(EXIT_REFUSED, "'%s' is no option; see vmcb12-rsm --help", argv[optind]);
	setup_timeout(timeout);
}

int main(int argc, char **argv)
{
	const struct path *rsm = path_by_name("rsm");
	const char *missing;
	struct lab lab;
	bool ok = true;
	size_t i;

	read_options(argc, argv);
	/* What is known when a kernel does not survive. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	lab_init(&lab, setup_kvm());
	missing = path_missing(&lab, rsm);
	if (missing)
		die(EXIT_REFUSED, "%s", missing);
	printf("KTAP version 1\n1..%zu\n", ARRAY_SIZE(cases) + 7);
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		ok &= try_case(&lab, rsm, &cases[i], i + 1);
	ok &= try_left(&lab, "left", false, ++i);
	ok &= try_left(&lab, "left-new-root", true, ++i);
	ok &= try_lost_cr3(&lab, "l1-cr3", false, ++i);
	ok &= try_lost_cr3(&lab, "l1-cr3-again", true, ++i);
	ok &= try_restored_l2(&lab, ++i);
	ok &= try_refused_l2(&lab, ++i);
	ok &= try_l1_registers(&lab, rsm, ++i);
	lab_exit(&lab);
	return ok ? EXIT_OK : EXIT_RULE;
}
