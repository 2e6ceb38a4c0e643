// SPDX-License-Identifier: GPL-2.0-only
/* SMI and RSM, and what the VMM does to the guest's memory and state in between. */
#include <string.h>

#include "scribble.h"
#include "steps.h"
#include "values.h"
#include "vmcb.h"

#define MAX_WAIT	3
#define MSR_VM_HSAVE_PA	0xc0010117

/* The 64-bit state-save map, and what of it makes RSM go back to L2 or not. */
#define SMRAM_SIZE	0x200

static const u16 smram_qwords[] = {
	0xd0,	/* EFER */
	0xd8,	/* guest flag */
	0xe0,	/* vmcb12's address */
	0xe8,	/* virtual interrupt */
	0xf8,	/* revision */
	0x100,	/* SMBASE */
	0x118, 0x120, 0x128, 0x130, 0x138, 0x140,	/* SSP, PAT, L1's own */
	0x148, 0x150, 0x158,				/* CR4, CR3, CR0 */
	0x160, 0x168, 0x170, 0x178,			/* DR7, DR6, RFLAGS, RIP */
	0x1f8,						/* RAX */
};

/* To the handler's OUT, from L1 or L2; false if the SMI did not come. */
static bool enter_smm(struct rig *rig, struct rng *rng)
{
	unsigned int i;

	step_anywhere(rig, rng);
	if (RIG_IOCTL(rig, KVM_SMI, NULL))
		return false;
	for (i = 0; i < MAX_WAIT && rig->place != AT_SMM; i++)
		rig_run(rig);
	return rig->place == AT_SMM;
}

/* RSM, and what comes after. */
static void leave_smm(struct rig *rig, struct rng *rng)
{
	rig_run(rig);
	step_go_on(rig, rng);
}

static u64 *smram_qword(struct rig *rig, unsigned int offset)
{
	return (u64 *)(rig->mem + GPA_SMRAM + offset);
}

void step_smi(struct rig *rig, struct rng *rng)
{
	if (enter_smm(rig, rng) && rng_one_in(rng, 4))
		RIG_IOCTL(rig, KVM_SMI, NULL);
	leave_smm(rig, rng);
}

void step_smram(struct rig *rig, struct rng *rng)
{
	unsigned int n = 1 + rng_below(rng, 4);
	u64 *qword;

	if (!enter_smm(rig, rng))
		return;
	while (n--) {
		qword = smram_qword(rig, rng_one_in(rng, 4) ? rng_below(rng, SMRAM_SIZE / 8) * 8 :
				    smram_qwords[rng_below(rng, ARRAY_SIZE(smram_qwords))]);
		*qword = value_instead(rng, *qword);
	}
	if (rng_one_in(rng, 3))
		*smram_qword(rig, 0xe0) = value_gpa(rng);
	*smram_qword(rig, 0x148) = value_for(F_CR4, *smram_qword(rig, 0x148));
	leave_smm(rig, rng);
}

/* What RSM has to make L1's state from lies in L1's own memory. */
void step_hsave(struct rig *rig, struct rng *rng)
{
	static const u64 efers[] = { 0, EFER_SVME, EFER_LONG_MODE, EFER_LONG_MODE | EFER_SVME | 1,
				     0x100 | EFER_SVME, 0x400 | EFER_SVME };
	u8 *hsave = rig->mem + GPA_HSAVE;

	if (!enter_smm(rig, rng))
		return;
	if (rng_one_in(rng, 2))
		field_set(hsave, F_EFER, efers[rng_below(rng, ARRAY_SIZE(efers))]);
	else
		values_change(rng, hsave, F_ES_SELECTOR, 1 + rng_below(rng, 3));
	if (rng_one_in(rng, 8))
		memset(hsave + 0x400, rng_next(rng), 0x300);
	field_set(hsave, F_CR4, value_for(F_CR4, field_get(hsave, F_CR4)));
	if (rng_one_in(rng, 8))
		rig_set_msr(rig, MSR_VM_HSAVE_PA, value_gpa(rng));
	leave_smm(rig, rng);
	step_go_on(rig, rng);
}

/* RSM reads vmcb12 again. */
void step_smm_vmcb12(struct rig *rig, struct rng *rng)
{
	struct scribbler s;
	enum vmcb_field_id id = value_field(rng, 0);
	u64 value = rng_next(rng);
	bool racing = rng_one_in(rng, 4);
	u8 *vmcb12;

	if (!enter_smm(rig, rng))
		return;
	vmcb12 = rig_page(rig, rig->vmcb12);
	values_change(rng, vmcb12, 0, 1 + rng_below(rng, 4));
	if (rng_one_in(rng, 4))
		step_change_table(rig, rng);
	if (racing) {
		*scribble_entry(rig, 0) = scribble_field(rig->vmcb12, id, value, 16);
		scribble_start(&s, rig, 1, false);
	}
	leave_smm(rig, rng);
	if (racing)
		scribble_stop(&s);
}

void step_smm_memslot(struct rig *rig, struct rng *rng)
{
	if (rng_one_in(rng, 4)) {
		/* L1's host save area lies there. */
		rig_to_l1(rig);
		rig_set_msr(rig, MSR_VM_HSAVE_PA, GPA_ANNEX + 0x2000);
	}
	if (!enter_smm(rig, rng))
		goto out;
	if (rng_one_in(rng, 2))
		*smram_qword(rig, 0xe0) = GPA_ANNEX;
	rig_set_annex(rig, rng_one_in(rng, 3) ? ANNEX_READ_ONLY : ANNEX_GONE);
	leave_smm(rig, rng);
out:
	rig_set_annex(rig, ANNEX_THERE);
	rig_set_msr(rig, MSR_VM_HSAVE_PA, GPA_HSAVE);
}

/* State that the VMM sets or saves while the vCPU is in SMM. */
void step_smm_state(struct rig *rig, struct rng *rng)
{
	static void (* const change[])(struct rig *rig, struct rng *rng) = {
		step_state_again, step_state_changed, step_sregs, step_events, step_svme, step_msrs,
	};

	if (!enter_smm(rig, rng))
		return;
	change[rng_below(rng, ARRAY_SIZE(change))](rig, rng);
	leave_smm(rig, rng);
}
