// SPDX-License-Identifier: GPL-2.0-only
/*
 * State that userspace sets or saves.  These steps take the vCPU as it is: in L1, in
 * L2, or in SMM.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "steps.h"
#include "values.h"
#include "vmcb.h"

#define MSR_EFER	0xc0000080
#define MSR_PAT		0x277

/* The local APIC: its address, registers, and what enables it. */
#define APIC_BASE	0xfee00000
#define APIC_SPIV	0xf0
#define APIC_ENABLED	BIT(8)
#define APIC_ISR	0x100
#define APIC_ISR_SIZE	0x80

/* Delivery modes of its messages */
enum {
	APIC_FIXED	= 0,
	APIC_SMI	= 2,
	APIC_NMI	= 4,
	APIC_INIT	= 5,
	APIC_STARTUP	= 6,
	APIC_EXTINT	= 7,
};

#define STATE_FLAGS	(KVM_STATE_NESTED_GUEST_MODE | KVM_STATE_NESTED_RUN_PENDING | \
			 KVM_STATE_NESTED_GIF_SET)

static bool get_state(struct rig *rig)
{
	memset(rig->state, 0, RIG_STATE_SIZE);
	rig->state->size = RIG_STATE_SIZE;
	return !RIG_IOCTL(rig, KVM_GET_NESTED_STATE, rig->state);
}

static void set_state(struct rig *rig)
{
	RIG_IOCTL(rig, KVM_SET_NESTED_STATE, rig->state);
	rig->place = AT_NO_PLACE;
}

static void *state_vmcb(struct rig *rig)
{
	return rig->state->data.svm[0].vmcb12;
}

/* Save and restore, in place, with or without a life in between. */
void step_state_again(struct rig *rig, struct rng *rng)
{
	if (!get_state(rig))
		return;
	if (rng_one_in(rng, 3))
		rig_run(rig);
	if (rng_one_in(rng, 3))
		step_change_table(rig, rng);
	set_state(rig);
	if (rng_one_in(rng, 4))
		set_state(rig);
}

static void change_header(struct rng *rng, struct kvm_nested_state *state)
{
	switch (rng_below(rng, 5)) {
	case 0:
		state->flags ^= 1U << rng_below(rng, 16);
		break;
	case 1:
		state->flags = rng_next(rng) & STATE_FLAGS;
		break;
	case 2:
		state->format = rng_below(rng, 3);
		break;
	case 3:
		/* Never more than there is. */
		state->size = rng_one_in(rng, 2) ? sizeof(*state) :
			      rng_below(rng, RIG_STATE_SIZE + 1);
		break;
	default:
		state->hdr.svm.vmcb_pa = value_gpa(rng);
	}
}

/* What L1 and L2 are about to do, and no random field would be likely to say. */
static void change_plans(struct rng *rng, struct kvm_nested_state *state, void *vmcb)
{
	switch (rng_below(rng, 3)) {
	case 0:
		/* VMRUN is done, and L2 has not run yet. */
		state->flags |= KVM_STATE_NESTED_RUN_PENDING;
		break;
	case 1:
		field_set(vmcb, F_CTL_EVENT_INJ, value_event(rng));
		break;
	default:
		/* L1 has page tables of PAE, for itself and for L2. */
		field_set(vmcb, F_EFER, EFER_SVME);
		field_set(vmcb, F_CTL_NESTED_CR3, GPA_NPT_PDPT);
		field_set(vmcb, F_CTL_NESTED_CTL, NESTED_CTL_NP);
	}
}

void step_state_changed(struct rig *rig, struct rng *rng)
{
	struct kvm_nested_state *state = rig->state;

	if (!get_state(rig))
		return;
	if (!(state->flags & KVM_STATE_NESTED_GUEST_MODE) && rng_one_in(rng, 2)) {
		/* What a vCPU in L2 would have said. */
		state->flags |= KVM_STATE_NESTED_GUEST_MODE;
		state->size = RIG_STATE_SIZE;
		state->hdr.svm.vmcb_pa = rig->vmcb12;
		vmcb_fill(state_vmcb(rig));
		field_set(state_vmcb(rig), F_CTL_INTERCEPT_W4, INTERCEPT4_VMRUN);
	}
	if (rng_one_in(rng, 2))
		change_header(rng, state);
	if (rng_one_in(rng, 2))
		values_change(rng, state_vmcb(rig), 0, 1 + rng_below(rng, 4));
	if (rng_one_in(rng, 2))
		values_change(rng, state_vmcb(rig), F_ES_SELECTOR, 1 + rng_below(rng, 3));
	if (rng_one_in(rng, 2))
		change_plans(rng, state, state_vmcb(rig));
	set_state(rig);
	/* Saved before it has run. */
	if (rng_one_in(rng, 2))
		get_state(rig);
}

/* What else a vCPU needs to take the place of another. */
static void move_state(struct rig *rig, struct rng *rng, struct kvm_sregs *sregs,
		       struct kvm_regs *regs)
{
	if (rng_one_in(rng, 2))
		RIG_IOCTL(rig, KVM_SET_SREGS, sregs);
	set_state(rig);
	if (rng_one_in(rng, 2))
		RIG_IOCTL(rig, KVM_SET_SREGS, sregs);
	if (!rng_one_in(rng, 4))
		RIG_IOCTL(rig, KVM_SET_REGS, regs);
}

/* Go on as another vCPU, which may have run an L2 of its own. */
void step_state_other(struct rig *rig, struct rng *rng)
{
	bool same_vm = rng_one_in(rng, 2), lived = rng_one_in(rng, 2);
	struct kvm_nested_state *state;
	struct kvm_sregs sregs = {};
	struct kvm_regs regs = {};
	enum place place = rig->place;
	u64 vmcb12 = rig->vmcb12;

	if (!get_state(rig) || !rig_get_other(rig, same_vm))
		return;
	RIG_IOCTL(rig, KVM_GET_SREGS, &sregs);
	RIG_IOCTL(rig, KVM_GET_REGS, &regs);
	/* Bringing the other one to a place of its own takes the buffer. */
	state = malloc(RIG_STATE_SIZE);
	if (!state)
		return;
	memcpy(state, rig->state, RIG_STATE_SIZE);
	rig_swap(rig);
	if (lived) {
		rig->vmcb12 = GPA_VMCB12_ALT;
		vmcb_fill(rig->mem + GPA_VMCB12_ALT);
		rig_vmrun(rig);
		rig->vmcb12 = vmcb12;
	}
	memcpy(rig->state, state, RIG_STATE_SIZE);
	free(state);
	move_state(rig, rng, &sregs, &regs);
	/* Both claim to be the same for a while. */
	if (rng_one_in(rng, 3)) {
		rig_run(rig);
		rig_swap(rig);
		rig->place = place;
	}
}

static void change_sregs(struct rng *rng, struct kvm_sregs *sregs)
{
	struct kvm_segment *segment = &sregs->cs + rng_below(rng, 8);
	unsigned char *byte = (unsigned char *)segment + rng_below(rng, sizeof(*segment));

	switch (rng_below(rng, 9)) {
	case 0:
		sregs->cr0 = value_instead(rng, sregs->cr0);
		break;
	case 1:
		sregs->cr3 = value_instead(rng, sregs->cr3);
		break;
	case 2:
		sregs->cr4 = value_instead(rng, sregs->cr4);
		break;
	case 3:
		sregs->efer = value_instead(rng, sregs->efer);
		break;
	case 4:
		sregs->efer ^= EFER_SVME;
		break;
	case 5:
		sregs->cr8 = rng_below(rng, 17);
		break;
	case 6:
		sregs->cr2 = value_instead(rng, sregs->cr2);
		break;
	case 7:
		sregs->interrupt_bitmap[0] |= 1ULL << rng_below(rng, 64);
		break;
	default:
		*byte = rng_next(rng);
	}
}

void step_sregs(struct rig *rig, struct rng *rng)
{
	unsigned int n = 1 + rng_below(rng, 2);
	struct kvm_sregs sregs;

	if (RIG_IOCTL(rig, KVM_GET_SREGS, &sregs))
		return;
	while (n--)
		change_sregs(rng, &sregs);
	sregs.cr4 = value_for(F_CR4, sregs.cr4);
	RIG_IOCTL(rig, KVM_SET_SREGS, &sregs);
	rig->place = AT_NO_PLACE;
}

void step_regs(struct rig *rig, struct rng *rng)
{
	struct kvm_regs regs;
	__u64 *reg = (__u64 *)&regs + rng_below(rng, sizeof(regs) / sizeof(*reg));

	if (RIG_IOCTL(rig, KVM_GET_REGS, &regs))
		return;
	*reg = value_instead(rng, *reg);
	RIG_IOCTL(rig, KVM_SET_REGS, &regs);
	rig->place = AT_NO_PLACE;
}

static u8 pick_vector(struct rng *rng)
{
	switch (rng_below(rng, 8)) {
	case 0:
		return rng_next(rng);
	case 1:
	case 2:
		return VECTOR_DB;
	case 3:
	case 4:
		return VECTOR_PF;
	default:
		return rng_below(rng, 32);
	}
}

/* KVM warns of a payload with another exception, if L1 intercepts that one. */
static bool may_have_payload(u8 vector)
{
	return vector == VECTOR_DB || vector == VECTOR_PF;
}

static void change_exception(struct rng *rng, struct kvm_vcpu_events *events)
{
	events->exception.injected = rng_below(rng, 2);
	events->exception.pending = !events->exception.injected;
	events->exception.nr = pick_vector(rng);
	events->exception.has_error_code = rng_below(rng, 2);
	events->exception.error_code = rng_next(rng);
	if (rng_one_in(rng, 2))
		return;
	events->flags |= KVM_VCPUEVENT_VALID_PAYLOAD;
	events->exception_has_payload = may_have_payload(events->exception.nr) && rng_below(rng, 2);
	events->exception_payload = value_instead(rng, 0);
}

static void change_events(struct rng *rng, struct kvm_vcpu_events *events)
{
	switch (rng_below(rng, 8)) {
	case 0:
	case 1:
		change_exception(rng, events);
		break;
	case 2:
		events->interrupt.injected = 1;
		events->interrupt.soft = rng_below(rng, 2);
		events->interrupt.nr = rng_one_in(rng, 2) ? CALL_VECTOR : rng_next(rng);
		break;
	case 3:
		events->nmi.injected = rng_below(rng, 2);
		events->nmi.pending = rng_below(rng, 2);
		events->nmi.masked = rng_below(rng, 2);
		events->flags |= KVM_VCPUEVENT_VALID_NMI_PENDING;
		break;
	case 4:
		events->interrupt.shadow = rng_below(rng, 4);
		events->flags |= KVM_VCPUEVENT_VALID_SHADOW;
		break;
	case 5:
	case 6:
		events->smi.smm = rng_below(rng, 2);
		events->smi.pending = rng_below(rng, 2);
		events->smi.smm_inside_nmi = rng_below(rng, 2);
		events->smi.latched_init = rng_below(rng, 2);
		events->flags |= KVM_VCPUEVENT_VALID_SMM;
		break;
	default:
		events->triple_fault.pending = 1;
		events->flags |= KVM_VCPUEVENT_VALID_TRIPLE_FAULT;
	}
	if (rng_one_in(rng, 16))
		events->flags |= 1U << rng_below(rng, 32);
}

void step_events(struct rig *rig, struct rng *rng)
{
	unsigned int n = 1 + rng_below(rng, 2);
	struct kvm_vcpu_events events = {};

	if (RIG_IOCTL(rig, KVM_GET_VCPU_EVENTS, &events))
		return;
	while (n--)
		change_events(rng, &events);
	RIG_IOCTL(rig, KVM_SET_VCPU_EVENTS, &events);
	rig->place = AT_NO_PLACE;
}

/* An exception alone, which the next KVM_RUN takes to L1 if L1 intercepts it. */
void step_exception(struct rig *rig, struct rng *rng)
{
	struct kvm_vcpu_events events = {};

	if (RIG_IOCTL(rig, KVM_GET_VCPU_EVENTS, &events))
		return;
	change_exception(rng, &events);
	RIG_IOCTL(rig, KVM_SET_VCPU_EVENTS, &events);
	rig->place = AT_NO_PLACE;
}

static u64 pick_msr_value(struct rng *rng, u32 msr)
{
	/* Few values are valid ones. */
	if (msr == MSR_PAT)
		return rng_one_in(rng, 2) ? PAT_RESET : value_instead(rng, PAT_RESET);
	return rng_one_in(rng, 2) ? value_gpa(rng) : value_instead(rng, 0);
}

void step_msrs(struct rig *rig, struct rng *rng)
{
	static const u32 msrs[] = {
		0xc0010117,	/* VM_HSAVE_PA */
		0xc0010114,	/* VM_CR */
		MSR_EFER,
		0x1d9,		/* DEBUGCTL */
		MSR_PAT,
		0xc0000104,	/* TSC_RATIO */
		0x9e,		/* SMBASE */
		0x10,		/* TSC */
		0x1b,		/* APIC_BASE */
		0x48,		/* SPEC_CTRL */
		0x174, 0x175, 0x176, 0x6e0, 0xda0,
		0xc0000081, 0xc0000082, 0xc0000100, 0xc0000102, 0xc0000103, 0xc0010015,
		0x40000000, 0x40000001, 0x40000073,
	};
	unsigned int n = 1 + rng_below(rng, 3);
	u64 value;
	u32 msr;

	while (n--) {
		msr = msrs[rng_below(rng, ARRAY_SIZE(msrs))];
		value = pick_msr_value(rng, msr);
		/* In SMM CR4.PAE is clear, see value_for(). */
		if (msr == MSR_EFER)
			value &= ~EFER_LME;
		rig_set_msr(rig, msr, value);
	}
	rig->place = AT_NO_PLACE;
}

void step_debug(struct rig *rig, struct rng *rng)
{
	struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE };
	struct kvm_debugregs regs = {};
	unsigned int i = rng_below(rng, 4);

	RIG_IOCTL(rig, KVM_GET_DEBUGREGS, &regs);
	regs.dr7 = rng_one_in(rng, 2) ? DR7_RESET | DR7_GD : value_instead(rng, regs.dr7);
	if (rng_one_in(rng, 2))
		regs.dr6 = value_instead(rng, regs.dr6);
	regs.db[i] = rng_one_in(rng, 2) ? GPA_OF(l2_exit) : value_instead(rng, 0);
	RIG_IOCTL(rig, KVM_SET_DEBUGREGS, &regs);
	if (rng_one_in(rng, 2)) {
		debug.control |= rng_next(rng) & (KVM_GUESTDBG_SINGLESTEP | 0xff0000);
		for (i = 0; i < 8; i++)
			debug.arch.debugreg[i] = value_instead(rng, GPA_OF(l2_exit));
		RIG_IOCTL(rig, KVM_SET_GUEST_DEBUG, &debug);
		rig->debugged = true;
	}
	rig->place = AT_NO_PLACE;
}

/* From outside: interrupts, NMIs, INIT and SIPI, or a request for a window. */
void step_inject(struct rig *rig, struct rng *rng)
{
	struct kvm_interrupt irq = {
		.irq = rng_one_in(rng, 2) ? CALL_VECTOR : rng_below(rng, 256),
	};
	struct kvm_mp_state state = { .mp_state = rng_below(rng, 10) };

	switch (rng_below(rng, 4)) {
	case 0:
		RIG_IOCTL(rig, KVM_NMI, NULL);
		break;
	case 1:
		RIG_IOCTL(rig, KVM_SET_MP_STATE, &state);
		break;
	case 2:
		rig->vmm.run->request_interrupt_window = 1;
		rig_run(rig);
		rig->vmm.run->request_interrupt_window = 0;
		break;
	default:
		RIG_IOCTL(rig, KVM_INTERRUPT, &irq);
	}
	if (rng_one_in(rng, 2))
		RIG_IOCTL(rig, KVM_NMI, NULL);
	rig->place = AT_NO_PLACE;
}

/* Enabled, and with no interrupt in service that would keep back others. */
static bool enable_apic(struct rig *rig)
{
	struct kvm_lapic_state apic;
	u32 *spiv = (u32 *)(apic.regs + APIC_SPIV);

	if (!rig->setup.irqchip || RIG_IOCTL(rig, KVM_GET_LAPIC, &apic))
		return false;
	*spiv |= APIC_ENABLED;
	memset(apic.regs + APIC_ISR, 0, APIC_ISR_SIZE);
	return !RIG_IOCTL(rig, KVM_SET_LAPIC, &apic);
}

/* A message to KVM's local APIC: an interrupt, SMI, NMI, INIT or start-up; or the like. */
void step_apic(struct rig *rig, struct rng *rng)
{
	static const u8 modes[] = {
		APIC_FIXED, APIC_FIXED, APIC_FIXED, APIC_SMI, APIC_NMI, APIC_INIT, APIC_INIT,
		APIC_STARTUP, APIC_EXTINT,
	};
	struct kvm_msi msi = {
		.address_lo = APIC_BASE,
		.data = modes[rng_below(rng, ARRAY_SIZE(modes))] << 8 | CALL_VECTOR,
	};

	if (!enable_apic(rig)) {
		step_inject(rig, rng);
		return;
	}
	rig_signal_msi(rig, &msi);
	rig->place = AT_NO_PLACE;
}

/* EFER.SVME off, which ends all that is nested, and on again. */
void step_svme(struct rig *rig, struct rng *rng)
{
	struct kvm_sregs sregs;

	if (RIG_IOCTL(rig, KVM_GET_SREGS, &sregs))
		return;
	sregs.efer &= ~EFER_SVME;
	if (rng_one_in(rng, 2))
		RIG_IOCTL(rig, KVM_SET_SREGS, &sregs);
	else
		rig_set_msr(rig, MSR_EFER, sregs.efer);
	if (rng_one_in(rng, 2))
		rig_run(rig);
	sregs.efer |= EFER_SVME;
	RIG_IOCTL(rig, KVM_SET_SREGS, &sregs);
	if (rng_one_in(rng, 2) && get_state(rig))
		set_state(rig);
	rig->place = AT_NO_PLACE;
}
