/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VM that is tortured: nothing is expected of it.  Every run of a vCPU ends after
 * a short time, whatever state it is in, and there is always a way back to l1_idle.
 */
#ifndef VMCB12_RIG_H
#define VMCB12_RIG_H

#include "fields.h"
#include "guest.h"
#include "leak.h"
#include "rng.h"
#include "tally.h"
#include "vmm.h"

#define ANNEX_SIZE	0x10000
#define GPA_END		(GPA_ANNEX + ANNEX_SIZE)

/* Where the vCPU's last run ended. */
enum place {
	AT_L1,
	AT_L2,
	AT_SMM,
	AT_NO_PLACE,		/* of ours, or its state was changed since */
};

struct rig_counts {
	u64 vmruns;		/* that L1 was told to do */
	u64 resets, vms, vcpus;
	struct tally exits;	/* of KVM_RUN */
	struct tally l2_exits;	/* exit codes that L1 found in vmcb12 */
	struct tally failed;	/* ioctls, by errno */
	struct tally msrs;	/* that KVM refused to set */
};

struct scribbler;

struct rig {
	int kvm;
	u8 *mem;		/* at guest physical 0, and at GPA_ANNEX: */
	u8 *annex;
	struct leak_pages pages;
	struct vmm_setup setup;
	struct vmm vmm;		/* the vCPU that the steps work with */
	struct vmm other;	/* one with another history */
	struct vmm second;	/* one that runs beside it */
	bool has_other, has_second;
	struct scribbler *scribbler;	/* that uses the second, or NULL */
	unsigned int next_id;	/* of a vCPU */
	enum place place;
	bool debugged;		/* the VMM debugs the guest */
	bool down;		/* the last exit was a shutdown: its state is half of one */
	u64 vmcb12;		/* what L1 takes for its next VMRUN */
	u32 features;		/* CPUID 0x8000000a EDX as KVM has them */
	struct kvm_nested_state *state;
	struct kvm_sregs idle;	/* as they were at l1_idle */
	struct rig_counts *counts;
};

/* The header of nested state, and the VMCB that follows it. */
#define RIG_STATE_SIZE	(sizeof(struct kvm_nested_state) + VMCB_SIZE)

/* Memory and a VM; ends the program if there is none to be had. */
void rig_init(struct rig *rig, int kvm, const struct vmm_setup *setup,
	      struct rig_counts *counts);

/* All of it goes; only the page frames' numbers stay. */
void rig_exit(struct rig *rig);

/* How long a run may take, from how long a usual one takes here. */
void rig_calibrate(struct rig *rig);

/* Interrupt this thread's runs of a vCPU now and then, or no longer. */
void rig_ticks(bool on);

/* KVM_RUN until an exit or until the time is up. */
enum place rig_run(struct rig *rig);
enum place rig_run_vcpu(struct rig *rig, struct vmm *vmm);

/* Bring the vCPU to l1_idle: by running it, or else by setting all of its state. */
void rig_to_l1(struct rig *rig);
void rig_reset(struct rig *rig);

/* From l1_idle: let L1 execute @code with RAX = @rax. */
enum place rig_l1(struct rig *rig, const char *code, u64 rax);
enum place rig_vmrun(struct rig *rig);

/* The page of guest memory with that address, or NULL. */
void *rig_page(const struct rig *rig, u64 gpa);

/* Other vCPUs: of the same VM or of another one over the same memory. */
bool rig_get_other(struct rig *rig, bool same_vm);
bool rig_get_second(struct rig *rig);

/* Work with the other one from now on. */
void rig_swap(struct rig *rig);

/* The slot of the annex: there, read-only or gone. */
enum annex { ANNEX_THERE, ANNEX_READ_ONLY, ANNEX_GONE };
void rig_set_annex(struct rig *rig, enum annex how);

/* An ioctl of the vCPU; its failure is counted under @name. */
int rig_ioctl(struct rig *rig, const char *name, unsigned long request, void *arg);
#define RIG_IOCTL(rig, request, arg)	rig_ioctl(rig, #request, request, arg)

void rig_set_msr(struct rig *rig, u32 index, u64 value);

/* To the VM's local APICs, which it has to have. */
void rig_signal_msi(struct rig *rig, struct kvm_msi *msi);

/* The number of an exit in words, or NULL. */
const char *rig_exit_name(u64 reason);

#endif /* VMCB12_RIG_H */
