// SPDX-License-Identifier: GPL-2.0-only
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "scribble.h"
#include "steps.h"
#include "values.h"
#include "vmcb.h"

#define MAX_GO_ON	3
#define CLEAN_BITS	0xfff

/* Bits of control.int_ctl and .virt_ext */
#define V_IRQ		BIT(8)
#define V_GIF		BIT(9)
#define V_INTR_MASKING	BIT(24)
#define V_GIF_ENABLE	BIT(25)
#define VIRT_EXT_VLS	2ULL

#define MSR_HV_ASSIST_PAGE	0x40000073
#define HV_ASSIST_PAGE_ON	1

#define CPL_USER	3

static const u32 msrs[] = {
	0x10, 0x1b, 0x48, 0x49, 0x174, 0x175, 0x176, 0x1d9, 0x1db, 0x277, 0x6e0, 0xc0000080,
	0xc0000081, 0xc0000082, 0xc0000100, 0xc0000102, 0xc0000103, 0xc0000104, 0xc0010015,
	0xc0010114, 0xc0010117, 0x40000000, 0x12345678,
};

static u64 pick_code(struct rng *rng)
{
	return GPA_CODE + l2_table[rng_below(rng, l2_table_end - l2_table)];
}

/* L2 does something, on its way to the exit. */
static void pick_payload(struct rig *rig, struct rng *rng, void *vmcb12)
{
	u32 msr = msrs[rng_below(rng, ARRAY_SIZE(msrs))];
	u64 value = rng_one_in(rng, 2) ? value_gpa(rng) : value_instead(rng, 0);

	field_set(vmcb12, F_RIP, pick_code(rng));
	memcpy(rig->mem + GPA_MAILBOX + 24, &msr, sizeof(msr));
	memcpy(rig->mem + GPA_MAILBOX + 32, &value, sizeof(value));
}

/* What an L2 that stands at an OUT does next. */
static void change_rip(struct rig *rig, u64 rip)
{
	struct kvm_regs regs;

	if (rig->place != AT_L2 || RIG_IOCTL(rig, KVM_GET_REGS, &regs))
		return;
	regs.rip = rip;
	RIG_IOCTL(rig, KVM_SET_REGS, &regs);
}

static void use_npt(struct rig *rig, void *vmcb12)
{
	if (!(rig->features & SVM_CPUID_NPT))
		return;
	field_set(vmcb12, F_CTL_NESTED_CTL, NESTED_CTL_NP);
	field_set(vmcb12, F_CTL_NESTED_CR3, GPA_NPT_PML4);
}

static void pick_npt(struct rig *rig, struct rng *rng, void *vmcb12)
{
	if (rng_one_in(rng, 2))
		use_npt(rig, vmcb12);
}

/*
 * L2's own page tables: those of long mode, of PAE, or none.  What L2 does is the same
 * in 32 bits.
 */
static void pick_mode(struct rig *rig, struct rng *rng, void *vmcb12)
{
	u64 *pdpt = (u64 *)(rig->mem + GPA_HYPERCALL);

	if (!rng_one_in(rng, 4))
		return;
	field_set(vmcb12, F_EFER, EFER_SVME);
	field_set(vmcb12, F_CS_ATTRIB, SEG_CODE32);
	if (rng_one_in(rng, 4)) {
		field_set(vmcb12, F_CR0, CR0_LONG_MODE & ~CR0_PG);
		return;
	}
	/* What long mode has in its PDPT are reserved bits with PAE. */
	*pdpt = GPA_PD | PTE_P | rng_one_in(rng, 3) * (PTE_W | PTE_U);
	field_set(vmcb12, F_CR3, GPA_HYPERCALL);
}

static void pick_intercepts(struct rng *rng, void *vmcb12)
{
	unsigned int i, keep = rng_below(rng, 3);
	enum vmcb_field_id id;
	u32 more;

	for (i = 0; i < 6; i++) {
		id = F_CTL_INTERCEPT_CR + i;
		/* None, all, or any. */
		more = !keep ? 0 : keep == 1 ? ~0U : rng_next(rng) & rng_next(rng);
		field_set(vmcb12, id, field_get(vmcb12, id) | more);
	}
}

static void pick_int_ctl(struct rng *rng, void *vmcb12)
{
	static const u32 bits[] = { V_IRQ, V_GIF, V_INTR_MASKING, V_GIF_ENABLE, BIT(11), BIT(12),
				    BIT(26), BIT(31) };
	u32 int_ctl = 0, n = rng_below(rng, 4);

	while (n--)
		int_ctl |= bits[rng_below(rng, ARRAY_SIZE(bits))];
	field_set(vmcb12, F_CTL_INT_CTL, int_ctl);
	field_set(vmcb12, F_CTL_INT_VECTOR, CALL_VECTOR);
}

static const u64 homes[] = {
	GPA_VMCB12, GPA_VMCB12, GPA_VMCB12, GPA_VMCB12_ALT, GPA_ANNEX, GPA_ANNEX + 0x1000,
};

void step_prepare(struct rig *rig, struct rng *rng)
{
	void *vmcb12;

	vmm_fill(rig->mem);
	rig->vmcb12 = homes[rng_below(rng, ARRAY_SIZE(homes))];
	vmcb12 = rig_page(rig, rig->vmcb12);
	vmcb_fill(vmcb12);
	pick_npt(rig, rng, vmcb12);
	pick_mode(rig, rng, vmcb12);
	if (rng_one_in(rng, 3))
		field_set(vmcb12, F_CTL_VIRT_EXT, VIRT_EXT_LBR | rng_below(rng, 2) * VIRT_EXT_VLS);
	if (rng_one_in(rng, 2))
		pick_payload(rig, rng, vmcb12);
	if (rng_one_in(rng, 3))
		pick_intercepts(rng, vmcb12);
	if (rng_one_in(rng, 3))
		pick_int_ctl(rng, vmcb12);
	if (rng_one_in(rng, 2))
		field_set(vmcb12, F_CTL_CLEAN,
			  rng_one_in(rng, 2) ? ~0U : rng_next(rng) & CLEAN_BITS);
	if (rng_one_in(rng, 4))
		field_set(vmcb12, F_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
}

void step_go_on(struct rig *rig, struct rng *rng)
{
	unsigned int n = rng_below(rng, MAX_GO_ON + 1);

	while (n-- && rig->place != AT_L1)
		rig_run(rig);
}

void step_anywhere(struct rig *rig, struct rng *rng)
{
	step_prepare(rig, rng);
	if (rng_one_in(rng, 4)) {
		rig_to_l1(rig);
		return;
	}
	/* Stand at an OUT of L2, not behind its exit. */
	if (rng_one_in(rng, 2))
		field_set(rig_page(rig, rig->vmcb12), F_RIP, GPA_OF(l2_twice));
	rig_vmrun(rig);
}

/* Any fields, for up to three VMRUNs. */
static void fields(struct rig *rig, struct rng *rng)
{
	unsigned int rounds = 1 + rng_below(rng, 3);
	void *vmcb12;

	step_prepare(rig, rng);
	vmcb12 = rig_page(rig, rig->vmcb12);
	while (rounds--) {
		rig_to_l1(rig);
		values_change(rng, vmcb12, 0, 1 + rng_below(rng, rng_one_in(rng, 4) ? 12 : 3));
		rig_vmrun(rig);
		step_go_on(rig, rng);
	}
}

static void save_area(struct rig *rig, struct rng *rng)
{
	step_prepare(rig, rng);
	rig_to_l1(rig);
	values_change(rng, rig_page(rig, rig->vmcb12), F_ES_SELECTOR, 1 + rng_below(rng, 3));
	rig_vmrun(rig);
	step_go_on(rig, rng);
}

/* All of it random, but for what lets VMRUN get further than its first check. */
static void garbage(struct rig *rig, struct rng *rng)
{
	unsigned int id;
	void *vmcb12;

	step_prepare(rig, rng);
	rig_to_l1(rig);
	vmcb12 = rig_page(rig, rig->vmcb12);
	for (id = 0; id < NR_FIELDS; id++) {
		if (vmcb_fields[id].size <= sizeof(u64) && rng_one_in(rng, 2))
			field_set(vmcb12, id, value_for(id, rng_next(rng)));
	}
	field_set(vmcb12, F_EFER, EFER_LONG_MODE | EFER_SVME);
	rig_vmrun(rig);
	step_go_on(rig, rng);
}

/* Something to deliver, which may cause another exit. */
static void event_inj(struct rig *rig, struct rng *rng)
{
	void *vmcb12;

	step_prepare(rig, rng);
	rig_to_l1(rig);
	vmcb12 = rig_page(rig, rig->vmcb12);
	field_set(vmcb12, F_CTL_EVENT_INJ, value_event(rng));
	field_set(vmcb12, F_CTL_EVENT_INJ_ERR, rng_next(rng));
	field_set(vmcb12, F_CTL_NEXT_RIP, rng_one_in(rng, 4) ? value_instead(rng, 0) :
		  GPA_OF(l2_exit));
	/* Nested paging lets the delivery fault in L0. */
	if (rng_one_in(rng, 4))
		field_set(vmcb12, F_IDTR_BASE, value_gpa(rng));
	if (rng_one_in(rng, 3)) {
		use_npt(rig, vmcb12);
		*(u64 *)(rig->mem + GPA_NPT_PD) = 0;
	}
	if (rng_one_in(rng, 4))
		field_set(vmcb12, F_CS_BASE, value_instead(rng, 0));
	rig_vmrun(rig);
	step_go_on(rig, rng);
}

static void payload(struct rig *rig, struct rng *rng)
{
	unsigned int rounds = 1 + rng_below(rng, 3);

	step_prepare(rig, rng);
	while (rounds--) {
		rig_to_l1(rig);
		pick_payload(rig, rng, rig_page(rig, rig->vmcb12));
		rig_vmrun(rig);
		step_go_on(rig, rng);
	}
}

/* vmcb12 somewhere else, or nowhere. */
static void address(struct rig *rig, struct rng *rng)
{
	void *page;

	step_prepare(rig, rng);
	rig_to_l1(rig);
	rig->vmcb12 = rng_one_in(rng, 8) ? rng_next(rng) : value_gpa(rng);
	page = rig_page(rig, rig->vmcb12);
	if (page && page != rig->mem + GPA_CODE && page != rig->mem + GPA_PML4)
		vmcb_fill(page);
	rig_vmrun(rig);
	step_go_on(rig, rng);
}

/* What L0 remembers of an address is no longer there. */
static void swap_content(struct rig *rig, struct rng *rng)
{
	u8 page[VMCB_SIZE], *here, *there;

	step_prepare(rig, rng);
	here = rig_page(rig, rig->vmcb12);
	there = rig->mem + GPA_VMCB12_ALT;
	rig_vmrun(rig);
	step_go_on(rig, rng);
	memcpy(page, here, sizeof(page));
	if (here != there)
		memcpy(here, there, sizeof(page));
	values_change(rng, here, 0, 2);
	memcpy(there, page, sizeof(page));
	field_set(here, F_CTL_CLEAN, CLEAN_ALL);
	rig_vmrun(rig);
	step_go_on(rig, rng);
}

static enum annex pick_annex(struct rng *rng)
{
	return rng_one_in(rng, 3) ? ANNEX_READ_ONLY : ANNEX_GONE;
}

static void intercept_more(void *vmcb12, u32 w3)
{
	field_set(vmcb12, F_CTL_INTERCEPT_W3, field_get(vmcb12, F_CTL_INTERCEPT_W3) | w3);
}

/* In the annex, if L1 sees Hyper-V, or nowhere. */
static void set_assist_page(struct rig *rig, bool on)
{
	if (rig->setup.hyperv)
		rig_set_msr(rig, MSR_HV_ASSIST_PAGE,
			    on ? (GPA_ANNEX + 0x3000) | HV_ASSIST_PAGE_ON : 0);
}

/* The memory of vmcb12, of the bitmaps or of the page tables goes. */
static void move_into_annex(struct rig *rig, struct rng *rng)
{
	rig_to_l1(rig);
	step_prepare(rig, rng);
	rig->vmcb12 = GPA_ANNEX;
	vmcb_fill(rig->annex);
	pick_npt(rig, rng, rig->annex);
	if (rng_one_in(rng, 4)) {
		field_set(rig->annex, F_CTL_MSRPM, GPA_ANNEX + 0x4000);
		intercept_more(rig->annex, INTERCEPT3_MSR_PROT);
	}
	if (rng_one_in(rng, 4)) {
		field_set(rig->annex, F_CTL_IOPM, GPA_ANNEX + 0x8000);
		intercept_more(rig->annex, INTERCEPT3_IOIO_PROT);
	}
	if (rng_one_in(rng, 8))
		field_set(rig->annex, F_CTL_NESTED_CR3, GPA_ANNEX + 0xc000);
	if (rng_one_in(rng, 2))
		field_set(rig->annex, F_RIP, GPA_OF(l2_twice));
	set_assist_page(rig, rng_one_in(rng, 3));
}

static void memslot(struct rig *rig, struct rng *rng)
{
	move_into_annex(rig, rng);
	rig_set_annex(rig, pick_annex(rng));
	if (rng_one_in(rng, 2)) {
		/* It stays, and what it points to goes. */
		rig->vmcb12 = GPA_VMCB12;
		memcpy(rig->mem + GPA_VMCB12, rig->annex, VMCB_SIZE);
	}
	rig_vmrun(rig);
	step_go_on(rig, rng);
	rig_set_annex(rig, ANNEX_THERE);
	step_go_on(rig, rng);
}

/* The same while L2 runs: #VMEXIT finds nothing to write to. */
static void memslot_in_l2(struct rig *rig, struct rng *rng)
{
	move_into_annex(rig, rng);
	rig_vmrun(rig);
	rig_set_annex(rig, pick_annex(rng));
	if (rng_one_in(rng, 2))
		change_rip(rig, pick_code(rng));
	rig_run(rig);
	step_go_on(rig, rng);
	rig_set_annex(rig, ANNEX_THERE);
	step_go_on(rig, rng);
}

static void vmload_vmsave(struct rig *rig, struct rng *rng)
{
	static const char * const code[] = { l1_vmload, l1_vmsave };
	unsigned int n = 1 + rng_below(rng, 3);
	const char *next;

	while (n--) {
		vmm_fill(rig->mem);
		next = code[rng_below(rng, ARRAY_SIZE(code))];
		rig_l1(rig, next, rng_one_in(rng, 8) ? rng_next(rng) : value_gpa(rng));
	}
}

static void gif(struct rig *rig, struct rng *rng)
{
	static const char * const code[] = { l1_stgi, l1_clgi, l1_invlpga };
	unsigned int n = 1 + rng_below(rng, 3);
	const char *next;

	while (n--) {
		next = code[rng_below(rng, ARRAY_SIZE(code))];
		rig_l1(rig, next, value_gpa(rng));
	}
	step_prepare(rig, rng);
	rig_vmrun(rig);
	step_go_on(rig, rng);
}

/* SVM's instructions are for CPL 0; KVM looks at the #GP that they get elsewhere. */
static void cpl(struct rig *rig, struct rng *rng)
{
	static const char * const code[] = {
		l1_vmrun, l1_vmload, l1_vmsave, l1_stgi, l1_clgi, l1_invlpga,
	};
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	step_prepare(rig, rng);
	rig_to_l1(rig);
	if (RIG_IOCTL(rig, KVM_GET_SREGS, &sregs) || RIG_IOCTL(rig, KVM_GET_REGS, &regs))
		return;
	sregs.cs.dpl = CPL_USER;
	sregs.cs.selector |= CPL_USER;
	sregs.ss.dpl = CPL_USER;
	sregs.ss.selector |= CPL_USER;
	/* For l1_idle's OUT. */
	regs.rflags |= RFLAGS_IOPL;
	RIG_IOCTL(rig, KVM_SET_SREGS, &sregs);
	RIG_IOCTL(rig, KVM_SET_REGS, &regs);
	rig_l1(rig, code[rng_below(rng, ARRAY_SIZE(code))],
	       rng_one_in(rng, 2) ? rig->vmcb12 : value_gpa(rng));
	step_go_on(rig, rng);
}

void step_change_table(struct rig *rig, struct rng *rng)
{
	static const u64 at[] = {
		GPA_NPT_PML4, GPA_NPT_PDPT, GPA_NPT_PD, GPA_MSRPM, GPA_IOPM,
	};
	u64 *entry = (u64 *)(rig->mem + at[rng_below(rng, 3)]);

	if (rng_one_in(rng, 3))
		entry = (u64 *)(rig->mem + at[3 + rng_below(rng, 2)]) + rng_below(rng, 512);
	if (rng_one_in(rng, 4))
		entry = (u64 *)(rig->mem + GPA_HYPERCALL);
	*entry = rng_one_in(rng, 4) ? 0 : value_instead(rng, *entry);
}

static void tables(struct rig *rig, struct rng *rng)
{
	unsigned int n = 1 + rng_below(rng, 2);

	step_prepare(rig, rng);
	rig_to_l1(rig);
	/* L2's own tables are not L1's here. */
	memcpy(rig->mem + GPA_HYPERCALL, rig->mem + GPA_PML4, 4096);
	field_set(rig_page(rig, rig->vmcb12), F_CR3, GPA_HYPERCALL);
	while (n--)
		step_change_table(rig, rng);
	rig_vmrun(rig);
	step_go_on(rig, rng);
}

/* An L2 that will stand at an OUT; returns its vmcb12. */
static void *prepare_stop(struct rig *rig, struct rng *rng)
{
	void *vmcb12;

	step_prepare(rig, rng);
	rig_to_l1(rig);
	vmcb12 = rig_page(rig, rig->vmcb12);
	field_set(vmcb12, F_RIP, GPA_OF(l2_twice));
	return vmcb12;
}

/* The CPU has translations of L2's addresses; KVM looks at the tables to emulate. */
static void tables_in_l2(struct rig *rig, struct rng *rng)
{
	/* mov %cr4, %rax; mov %rax, %cr4; vmmcall */
	static const u8 emulated[] = { 0x0f, 0x20, 0xe0, 0x0f, 0x22, 0xe0, 0x0f, 0x01, 0xd9 };
	unsigned int n = 1 + rng_below(rng, 3);

	use_npt(rig, prepare_stop(rig, rng));
	rig_vmrun(rig);
	while (n--)
		step_change_table(rig, rng);
	memcpy(rig->mem + GPA_L2_SCRATCH, emulated, sizeof(emulated));
	change_rip(rig, rng_one_in(rng, 2) ? GPA_L2_SCRATCH : pick_code(rng));
	rig_run(rig);
	step_go_on(rig, rng);
}

/* L1 may intercept what comes from the local APIC. */
static void apic_in_l2(struct rig *rig, struct rng *rng)
{
	void *vmcb12 = prepare_stop(rig, rng);

	intercept_more(vmcb12, rng_next(rng) & INTERCEPT3_EVENTS);
	field_set(vmcb12, F_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	rig_vmrun(rig);
	step_apic(rig, rng);
	rig_run(rig);
	step_go_on(rig, rng);
}

/* L1 intercepts all that the VMM may say to be pending. */
static void exception_in_l2(struct rig *rig, struct rng *rng)
{
	field_set(prepare_stop(rig, rng), F_CTL_INTERCEPT_EXC, ~0U);
	rig_vmrun(rig);
	if (rng_one_in(rng, 2))
		step_debug(rig, rng);
	step_exception(rig, rng);
	rig_run(rig);
	step_go_on(rig, rng);
}

/* Enlightened VMCB fields; they mean something where L1 sees Hyper-V. */
static void hyperv(struct rig *rig, struct rng *rng)
{
	unsigned int rounds = 2;
	void *vmcb12;

	step_prepare(rig, rng);
	vmcb12 = rig_page(rig, rig->vmcb12);
	/* They save L0 the merging of bitmaps. */
	intercept_more(vmcb12, INTERCEPT3_MSR_PROT);
	while (rounds--) {
		rig_to_l1(rig);
		field_set(vmcb12, F_CTL_HV_CONTROL, rng_next(rng));
		field_set(vmcb12, F_CTL_HV_VP_ID, rng_below(rng, 3));
		field_set(vmcb12, F_CTL_HV_VM_ID, rng_below(rng, 3));
		field_set(vmcb12, F_CTL_HV_ASSIST_PAGE, value_gpa(rng));
		field_set(vmcb12, F_CTL_CLEAN, rng_next(rng));
		rig_vmrun(rig);
		step_go_on(rig, rng);
	}
}

static void move_cpu(struct rig *rig, struct rng *rng)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);
	cpu_set_t set;

	step_anywhere(rig, rng);
	CPU_ZERO(&set);
	CPU_SET(rng_below(rng, n), &set);
	/* A CPU that is off: the vCPU stays where it is. */
	sched_setaffinity(0, sizeof(set), &set);
	rig_run(rig);
	step_go_on(rig, rng);
}

/* Somebody writes random fields of vmcb12 for a few rounds. */
static void race(struct rig *rig, struct rng *rng, bool by_vcpu)
{
	unsigned int n = 4 + rng_below(rng, 12), rounds = 2 + rng_below(rng, 4), i;
	struct scribbler s;
	enum vmcb_field_id id;
	u64 value;

	step_prepare(rig, rng);
	rig_to_l1(rig);
	if (by_vcpu) {
		/* It sees what the page tables map, no more. */
		rig->vmcb12 = GPA_VMCB12;
		vmcb_fill(rig->mem + GPA_VMCB12);
		if (!rig_get_second(rig))
			return;
	}
	for (i = 0; i < n; i++) {
		do
			id = value_field(rng, 0);
		while (by_vcpu && !scribble_guest_may(id));
		value = field_get(rig_page(rig, rig->vmcb12), id);
		if (rng_one_in(rng, 3))
			value = value_instead(rng, value);
		*scribble_entry(rig, i) = scribble_field(rig->vmcb12, id, value,
							 rng_below(rng, 64));
	}
	scribble_start(&s, rig, n, by_vcpu);
	while (rounds--) {
		rig_vmrun(rig);
		step_go_on(rig, rng);
	}
	scribble_stop(&s);
}

static void race_host(struct rig *rig, struct rng *rng)
{
	race(rig, rng, false);
}

static void race_vcpu(struct rig *rig, struct rng *rng)
{
	race(rig, rng, true);
}

/* For KVM warns of what another step may do then, with and without the series. */
static void end_debug(struct rig *rig)
{
	struct kvm_guest_debug debug = {};

	if (rig->debugged)
		RIG_IOCTL(rig, KVM_SET_GUEST_DEBUG, &debug);
	rig->debugged = false;
}

void step_run(const struct step_kind *kind, struct rig *rig, struct rng *rng)
{
	if (kind->anywhere)
		step_anywhere(rig, rng);
	kind->run(rig, rng);
	if (kind->anywhere) {
		rig_run(rig);
		step_go_on(rig, rng);
	}
	end_debug(rig);
}

const struct step_kind step_kinds[] = {
	{ "fields",		fields, false },
	{ "save-area",		save_area, false },
	{ "garbage",		garbage, false },
	{ "event-inj",		event_inj, false },
	{ "payload",		payload, false },
	{ "address",		address, false },
	{ "swap-content",	swap_content, false },
	{ "memslot",		memslot, false },
	{ "memslot-in-l2",	memslot_in_l2, false },
	{ "vmload-vmsave",	vmload_vmsave, false },
	{ "gif",		gif, false },
	{ "cpl",		cpl, false },
	{ "tables",		tables, false },
	{ "tables-in-l2",	tables_in_l2, false },
	{ "hyperv",		hyperv, false },
	{ "apic-in-l2",		apic_in_l2, false },
	{ "exception-in-l2",	exception_in_l2, false },
	{ "move-cpu",		move_cpu, false },
	{ "race-host",		race_host, false },
	{ "race-vcpu",		race_vcpu, false },
	{ "smi",		step_smi, false },
	{ "smram",		step_smram, false },
	{ "hsave",		step_hsave, false },
	{ "smm-vmcb12",		step_smm_vmcb12, false },
	{ "smm-memslot",	step_smm_memslot, false },
	{ "smm-state",		step_smm_state, false },
	{ "state-again",	step_state_again, true },
	{ "state-other",	step_state_other, true },
	{ "state-changed",	step_state_changed, true },
	{ "sregs",		step_sregs, true },
	{ "regs",		step_regs, true },
	{ "events",		step_events, true },
	{ "msrs",		step_msrs, true },
	{ "debug",		step_debug, true },
	{ "inject",		step_inject, true },
	{ "svme",		step_svme, true },
};

const size_t nr_step_kinds = ARRAY_SIZE(step_kinds);

const struct step_kind *step_of(u64 seed, unsigned int index, struct rng *rng)
{
	/* Stream 0 is for the VM itself. */
	*rng = rng_of(seed, index + 1);
	return &step_kinds[rng_below(rng, nr_step_kinds)];
}
