/* SPDX-License-Identifier: GPL-2.0-only */
/* Values that are worth trying. */
#ifndef VMCB12_VALUES_H
#define VMCB12_VALUES_H

#include "fields.h"
#include "rng.h"

/* Another value in the place of @now: a neighbour, a boundary, or anything. */
u64 value_instead(struct rng *rng, u64 now);

/*
 * What of @value may be stored in a field.  With EFER.LME, but neither CR0.PG nor
 * CR4.PAE, a guest takes QEMU's TCG down with it: its #VMEXIT then restores no CR0.
 */
u64 value_for(enum vmcb_field_id id, u64 value);

/* A physical address of the guest: with something behind it, or with nothing. */
u64 value_gpa(struct rng *rng);

/* An event to inject, as EVENTINJ has it: of any type, and delivery may work or not. */
u32 value_event(struct rng *rng);

/* A field of a VMCB of at most 8 bytes, from @first on. */
enum vmcb_field_id value_field(struct rng *rng, enum vmcb_field_id first);

/* Change so many fields of a VMCB. */
void values_change(struct rng *rng, void *vmcb, enum vmcb_field_id first, unsigned int n);

#endif /* VMCB12_VALUES_H */
