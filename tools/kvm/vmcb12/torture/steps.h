/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations that a seed is a sequence of. */
#ifndef VMCB12_STEPS_H
#define VMCB12_STEPS_H

#include "rig.h"
#include "rng.h"

struct step_kind {
	const char *name;
	void (*run)(struct rig *rig, struct rng *rng);
	bool anywhere;		/* begins in L1 or in L2, as it comes */
};

extern const struct step_kind step_kinds[];
extern const size_t nr_step_kinds;

/* What step @index of @seed is, and the numbers that are left for it. */
const struct step_kind *step_of(u64 seed, unsigned int index, struct rng *rng);

void step_run(const struct step_kind *kind, struct rig *rig, struct rng *rng);

/* Write vmcb12 anew: valid, but of many kinds. */
void step_prepare(struct rig *rig, struct rng *rng);

/* Let the vCPU run a few times, wherever that leads. */
void step_go_on(struct rig *rig, struct rng *rng);

/* Be in L1 or in L2. */
void step_anywhere(struct rig *rig, struct rng *rng);

/* Change an entry of a table: of L1's for L2, or of L2's own. */
void step_change_table(struct rig *rig, struct rng *rng);

/* By SMI: steps-smm.c */
void step_smi(struct rig *rig, struct rng *rng);
void step_smram(struct rig *rig, struct rng *rng);
void step_hsave(struct rig *rig, struct rng *rng);
void step_smm_vmcb12(struct rig *rig, struct rng *rng);
void step_smm_memslot(struct rig *rig, struct rng *rng);
void step_smm_state(struct rig *rig, struct rng *rng);

/* By ioctl, wherever the vCPU is: steps-state.c */
void step_state_again(struct rig *rig, struct rng *rng);
void step_state_other(struct rig *rig, struct rng *rng);
void step_state_changed(struct rig *rig, struct rng *rng);
void step_sregs(struct rig *rig, struct rng *rng);
void step_regs(struct rig *rig, struct rng *rng);
void step_events(struct rig *rig, struct rng *rng);
void step_exception(struct rig *rig, struct rng *rng);
void step_msrs(struct rig *rig, struct rng *rng);
void step_debug(struct rig *rig, struct rng *rng);
void step_inject(struct rig *rig, struct rng *rng);
void step_apic(struct rig *rig, struct rng *rng);
void step_svme(struct rig *rig, struct rng *rng);

#endif /* VMCB12_STEPS_H */
