/* SPDX-License-Identifier: GPL-2.0-only */
/* The smallest VMM that can run an L1: a vCPU, a memory slot, no devices. */
#ifndef VMCB12_VMM_H
#define VMCB12_VMM_H

#include <linux/kvm.h>

#include "defs.h"

enum vmm_kind {
	VMM_PLAIN,
	VMM_HYPERV,		/* the enlightenments of Hyper-V in CPUID and MSRs */
	VMM_NO_NRIPS,		/* no NRIP save in CPUID */
	NR_VMM_KINDS
};

struct vmm {
	int vm;
	int vcpu;
	struct kvm_run *run;
	size_t run_size;
	bool smm;		/* the kernel can inject SMIs */
};

/* What a VM of another kind than the usual ones is made of. */
struct vmm_setup {
	bool hyperv;		/* as VMM_HYPERV */
	bool irqchip;		/* KVM's own interrupt controllers */
	bool no_nx;		/* no NX in CPUID */
	u32 hidden;		/* not in CPUID 0x8000000a EDX */
};

/* Guest memory, for all VMs of this process: locked, never in a huge page. */
void *guest_mem_alloc(void);

/*
 * Make a VM with its vCPU at l1_idle.  Returns NULL, or why this kernel cannot
 * make a VM of that kind.
 */
const char *vmm_create(struct vmm *vmm, int kvm, void *mem, enum vmm_kind kind);
void vmm_destroy(struct vmm *vmm);

/* Put the payloads and the tables where they belong, and touch nothing else. */
void vmm_fill(void *mem);

/* The same as vmm_create(), but the memory stays as it is and nothing has run yet. */
const char *vmm_create_as(struct vmm *vmm, int kvm, void *mem, const struct vmm_setup *setup);

/* Another vCPU of the same VM, which ends with the last of its vCPUs. */
const char *vmm_join(struct vmm *vmm, int kvm, const struct vmm *first, unsigned int id,
		     const struct vmm_setup *setup);

/* Add, change or (size 0) delete a memory slot. */
const char *vmm_set_memory(struct vmm *vmm, struct kvm_userspace_memory_region region);

/* The registers of a vCPU that is about to enter l1_idle. */
const char *vmm_set_idle(struct vmm *vmm);

const char *vmm_set_msr(struct vmm *vmm, u32 index, u64 value);

/* A present 64-bit interrupt gate in the IDT at @idt. */
void vmm_set_gate(void *mem, unsigned int idt, unsigned int vector, u64 handler);

/* Run to the next OUT.  Returns NULL, or how it went wrong. */
const char *vmm_run(struct vmm *vmm, unsigned int port);

/* The same, and vmm->run->io.port says whose OUT it is. */
const char *vmm_run_any(struct vmm *vmm);

/* The registers of a CPUID leaf as the guests see it; zeroes if there is none. */
struct kvm_cpuid_entry2 vmm_cpuid(int kvm, u32 leaf);

/* Does KVM offer L1 Hyper-V's enlightenments of nested virtualisation? */
bool vmm_hyperv_nested(int kvm);

#endif /* VMCB12_VMM_H */
