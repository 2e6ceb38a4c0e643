/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Somebody who writes to vmcb12 while another vCPU uses it, by a script in guest
 * memory: a thread of ours, or a second vCPU of L1.
 */
#ifndef VMCB12_SCRIBBLE_H
#define VMCB12_SCRIBBLE_H

#include <pthread.h>

#include "rig.h"

#define SCRIPT_MAX	(4096 / SCRIBBLE_SIZE)

/* An entry, as l1_scribble reads it. */
struct scribble_write {
	u64 gpa;		/* of a quadword */
	u64 keep, put;
	u64 wait;		/* turns of an empty loop, at least one */
};

struct scribbler {
	pthread_t thread;
	struct rig *rig;
	unsigned int n;		/* entries of the script */
	bool by_vcpu;
	bool stop;
};

/* A write of one field of the VMCB at @gpa. */
struct scribble_write scribble_field(u64 gpa, enum vmcb_field_id id, u64 value, u64 wait);

/* What a vCPU of L1 may write: where a stock kernel is known to be hurt, it may not. */
bool scribble_guest_may(enum vmcb_field_id id);

/* The place of entry @i. */
struct scribble_write *scribble_entry(struct rig *rig, unsigned int i);

/*
 * Write the script over and over; @by_vcpu needs rig_get_second().  It stops at the
 * latest when the VM goes.
 */
void scribble_start(struct scribbler *s, struct rig *rig, unsigned int n, bool by_vcpu);
void scribble_stop(struct scribbler *s);

#endif /* VMCB12_SCRIBBLE_H */
