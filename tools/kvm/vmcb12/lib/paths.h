/* SPDX-License-Identifier: GPL-2.0-only */
/* The paths that consume vmcb12, and how to walk each of them once. */
#ifndef VMCB12_PATHS_H
#define VMCB12_PATHS_H

#include "defs.h"
#include "fields.h"
#include "vmm.h"

/* The guest, and what KVM offers it. */
struct lab {
	int kvm;
	unsigned char *mem;
	struct vmm vmm[NR_VMM_KINDS];
	const char *vmm_missing[NR_VMM_KINDS];
	u32 svm_features;	/* CPUID 0x8000000a EDX as L1 sees it */
	struct kvm_nested_state *state;
	const char *tracing_missing;
};

struct path {
	const char *name;
	const char *what;	/* for people */
	enum vmm_kind vmm;
	bool traced;		/* with KVM's tracepoints on */

	/* NULL, or why the path cannot be walked here. */
	const char *(*missing)(const struct lab *lab);

	/* Change the usual vmcb12 to what the path needs. */
	void (*fill)(void *vmcb12);

	/*
	 * One round.  Only what happens in act() counts; enter() leads there
	 * and leave() brings L1 back to l1_idle.  Each returns NULL, or how it
	 * went wrong.
	 */
	const char *(*enter)(struct lab *lab, struct vmm *vmm);
	const char *(*act)(struct lab *lab, struct vmm *vmm);
	const char *(*leave)(struct lab *lab, struct vmm *vmm);

	/* Functions that may fetch, up to a NULL. */
	const char * const *snapshot;

	/*
	 * An access that KVM cannot do without on this path.  If it is not seen,
	 * the watching does not work, and zero fetches prove nothing.
	 */
	enum vmcb_field_id control;	/* NR_FIELDS: there is none */
	bool control_is_write;
};

extern const struct path paths[];
extern const size_t nr_paths;

const struct path *path_by_name(const char *name);

void lab_init(struct lab *lab, int kvm);
void lab_exit(struct lab *lab);

/* Make the VM of a path anew, after a round of it went wrong. */
void lab_reset(struct lab *lab, enum vmm_kind kind);

/* NULL, or why the path cannot be walked here. */
const char *path_missing(const struct lab *lab, const struct path *path);

/* Write the path's vmcb12 and walk up to act(). */
const char *path_enter(struct lab *lab, const struct path *path);
const char *path_act(struct lab *lab, const struct path *path);
const char *path_leave(struct lab *lab, const struct path *path);

#endif /* VMCB12_PATHS_H */
