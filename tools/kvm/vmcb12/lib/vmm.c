// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"
#include "util.h"
#include "vmcb.h"
#include "vmm.h"

#define MAX_CPUID		256

#define HV_CPUID_SIGNATURE	0x31237648	/* "Hv#1" */
#define HV_NESTED_FEATURES	0x4000000a
#define HV_NESTED_MSR_BITMAP	BIT(19)
#define MSR_HV_GUEST_OS_ID	0x40000000
#define MSR_VM_HSAVE_PA		0xc0010117

/* Userspace's view of the second address space, the one of SMM. */
#define SLOT_SMM		BIT(16)

void *guest_mem_alloc(void)
{
	void *mem = mmap(NULL, GUEST_MEM_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		die(EXIT_INFRA, "cannot map guest memory: %s", strerror(errno));
	/* One that was merged with others could be moved; see also pin_page(). */
	madvise(mem, GUEST_MEM_SIZE, MADV_NOHUGEPAGE);
	madvise(mem, GUEST_MEM_SIZE, MADV_UNMERGEABLE);
	if (mlock(mem, GUEST_MEM_SIZE))
		die(EXIT_REFUSED, "cannot lock guest memory: %s", strerror(errno));
	return mem;
}

static u64 *entry_at(void *mem, unsigned int gpa)
{
	return (u64 *)((char *)mem + gpa);
}

/* One 2 MiB page, 1:1; the user bit is what nested paging walks with. */
static void map_identity(void *mem, unsigned int pml4, unsigned int pdpt, unsigned int pd)
{
	*entry_at(mem, pml4) = pdpt | PTE_P | PTE_W | PTE_U;
	*entry_at(mem, pdpt) = pd | PTE_P | PTE_W | PTE_U;
	*entry_at(mem, pd) = PTE_P | PTE_W | PTE_U | PTE_PS;
}

void vmm_set_gate(void *mem, unsigned int idt, unsigned int vector, u64 handler)
{
	u64 *gate = entry_at(mem, idt + 16 * vector);

	gate[0] = (handler & 0xffff) | SEL_CODE << 16 | 0x8eULL << 40 |
		  (handler >> 16 & 0xffff) << 48;
	gate[1] = handler >> 32;
}

void vmm_fill(void *mem)
{
	map_identity(mem, GPA_PML4, GPA_PDPT, GPA_PD);
	map_identity(mem, GPA_NPT_PML4, GPA_NPT_PDPT, GPA_NPT_PD);
	*entry_at(mem, GPA_GDT + SEL_CODE) = 0x00af9b000000ffffULL;
	*entry_at(mem, GPA_GDT + SEL_DATA) = 0x00cf93000000ffffULL;
	vmm_set_gate(mem, GPA_IDT, SOFT_INT_VECTOR, GPA_OF(l2_int_handler));
	vmm_set_gate(mem, GPA_IDT, CALL_VECTOR, GPA_OF(l2_exit_too));
	memcpy((char *)mem + GPA_CODE, payload_start, payload_end - payload_start);
	memcpy((char *)mem + GPA_SMM_ENTRY, smm_start, smm_end - smm_start);
}

/* @request: which list of leaves; NULL if this kernel has no such list. */
static struct kvm_cpuid2 *get_cpuid(int kvm, unsigned long request)
{
	struct kvm_cpuid2 *cpuid;

	cpuid = xcalloc(1, sizeof(*cpuid) + MAX_CPUID * sizeof(cpuid->entries[0]));
	cpuid->nent = MAX_CPUID;
	if (!ioctl(kvm, request, cpuid))
		return cpuid;
	free(cpuid);
	return NULL;
}

static struct kvm_cpuid2 *supported_cpuid(int kvm)
{
	struct kvm_cpuid2 *cpuid = get_cpuid(kvm, KVM_GET_SUPPORTED_CPUID);

	if (!cpuid)
		die(EXIT_INFRA, "KVM_GET_SUPPORTED_CPUID: %s", strerror(errno));
	return cpuid;
}

static struct kvm_cpuid_entry2 find_leaf(const struct kvm_cpuid2 *cpuid, u32 leaf)
{
	struct kvm_cpuid_entry2 none = {};
	u32 i;

	for (i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == leaf)
			return cpuid->entries[i];
	}
	return none;
}

struct kvm_cpuid_entry2 vmm_cpuid(int kvm, u32 leaf)
{
	struct kvm_cpuid2 *cpuid = supported_cpuid(kvm);
	struct kvm_cpuid_entry2 found = find_leaf(cpuid, leaf);

	free(cpuid);
	return found;
}

bool vmm_hyperv_nested(int kvm)
{
	struct kvm_cpuid2 *cpuid = get_cpuid(kvm, KVM_GET_SUPPORTED_HV_CPUID);
	bool found;

	if (!cpuid)
		return false;
	found = find_leaf(cpuid, HV_NESTED_FEATURES).eax & HV_NESTED_MSR_BITMAP;
	free(cpuid);
	return found;
}

static void drop_leaves(struct kvm_cpuid2 *cpuid, u32 first, u32 last)
{
	u32 i, n = 0;

	for (i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function < first || cpuid->entries[i].function > last)
			cpuid->entries[n++] = cpuid->entries[i];
	}
	cpuid->nent = n;
}

/*
 * Two leaves are enough to make KVM take the guest for a Hyper-V one; they
 * stand in the place of KVM's own.
 */
static void add_hyperv_leaves(struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *e;

	drop_leaves(cpuid, 0x40000000, 0x400000ff);
	e = &cpuid->entries[cpuid->nent];
	memset(e, 0, 2 * sizeof(*e));
	e[0].function = 0x40000000;
	e[0].eax = 0x40000001;
	e[1].function = 0x40000001;
	e[1].eax = HV_CPUID_SIGNATURE;
	cpuid->nent += 2;
}

static void hide_edx(struct kvm_cpuid2 *cpuid, u32 leaf, u32 features)
{
	u32 i;

	for (i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == leaf)
			cpuid->entries[i].edx &= ~features;
	}
}

const char *vmm_set_msr(struct vmm *vmm, u32 index, u64 value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = {
		.head.nmsrs = 1,
		.entry = { .index = index, .data = value },
	};

	if (ioctl(vmm->vcpu, KVM_SET_MSRS, &msrs) != 1)
		return xasprintf("KVM refuses MSR 0x%x", index);
	return NULL;
}

static void set_segment(struct kvm_segment *seg, unsigned int selector, unsigned int type)
{
	seg->selector = selector;
	seg->base = 0;
	seg->limit = 0xffffffff;
	seg->type = type;
	seg->present = 1;
	seg->s = 1;
	seg->g = 1;
}

const char *vmm_set_idle(struct vmm *vmm)
{
	struct kvm_regs regs = {
		.rip = GPA_OF(l1_idle),
		.rsp = GPA_L1_STACK,
		.rflags = RFLAGS_FIXED,
	};
	struct kvm_sregs sregs;

	if (ioctl(vmm->vcpu, KVM_GET_SREGS, &sregs))
		return xasprintf("KVM_GET_SREGS: %s", strerror(errno));

	set_segment(&sregs.cs, SEL_CODE, 0xb);
	sregs.cs.l = 1;
	set_segment(&sregs.ss, SEL_DATA, 0x3);
	sregs.ss.db = 1;
	sregs.ds = sregs.ss;
	sregs.es = sregs.ss;
	sregs.gdt.base = GPA_GDT;
	sregs.gdt.limit = 0x1f;
	sregs.idt.base = GPA_IDT;
	sregs.idt.limit = 0xfff;
	sregs.cr0 = CR0_LONG_MODE;
	sregs.cr3 = GPA_PML4;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LONG_MODE | EFER_SVME;
	if (ioctl(vmm->vcpu, KVM_SET_SREGS, &sregs))
		return xasprintf("KVM_SET_SREGS with EFER.SVME: %s", strerror(errno));
	if (ioctl(vmm->vcpu, KVM_SET_REGS, &regs))
		return xasprintf("KVM_SET_REGS: %s", strerror(errno));
	return vmm_set_msr(vmm, MSR_VM_HSAVE_PA, GPA_HSAVE);
}

static const char *set_cpuid(struct vmm *vmm, int kvm, const struct vmm_setup *setup)
{
	struct kvm_cpuid2 *cpuid = supported_cpuid(kvm);
	const char *error = NULL;

	if (setup->hyperv)
		add_hyperv_leaves(cpuid);
	hide_edx(cpuid, SVM_CPUID, setup->hidden);
	if (setup->no_nx)
		hide_edx(cpuid, FEATURES_CPUID, CPUID_NX);
	if (ioctl(vmm->vcpu, KVM_SET_CPUID2, cpuid))
		error = xasprintf("KVM_SET_CPUID2: %s", strerror(errno));
	free(cpuid);
	if (!error && setup->hyperv)
		error = vmm_set_msr(vmm, MSR_HV_GUEST_OS_ID, 1);
	return error;
}

/* KVM wants a slot in each of its address spaces, and an SMI needs the second. */
const char *vmm_set_memory(struct vmm *vmm, struct kvm_userspace_memory_region region)
{
	if (ioctl(vmm->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return xasprintf("KVM_SET_USER_MEMORY_REGION: %s", strerror(errno));
	if (!vmm->smm)
		return NULL;
	region.slot |= SLOT_SMM;
	if (ioctl(vmm->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return xasprintf("KVM_SET_USER_MEMORY_REGION for SMM: %s", strerror(errno));
	return NULL;
}

static const char *create_vm(struct vmm *vmm, int kvm, void *mem, const struct vmm_setup *setup)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = GUEST_MEM_SIZE,
		.userspace_addr = (u64)mem,
	};

	vmm->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vmm->vm < 0)
		return xasprintf("KVM_CREATE_VM: %s", strerror(errno));
	if (setup->irqchip && ioctl(vmm->vm, KVM_CREATE_IRQCHIP, 0))
		return xasprintf("KVM_CREATE_IRQCHIP: %s", strerror(errno));

	vmm->smm = ioctl(vmm->vm, KVM_CHECK_EXTENSION, KVM_CAP_X86_SMM) > 0;
	return vmm_set_memory(vmm, region);
}

static const char *create_vcpu(struct vmm *vmm, int kvm, unsigned int id)
{
	int size;

	vmm->vcpu = ioctl(vmm->vm, KVM_CREATE_VCPU, id);
	if (vmm->vcpu < 0)
		return xasprintf("KVM_CREATE_VCPU: %s", strerror(errno));

	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size <= 0)
		return xasprintf("KVM_GET_VCPU_MMAP_SIZE: %s", strerror(errno));
	vmm->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vmm->vcpu, 0);
	if (vmm->run == MAP_FAILED)
		return xasprintf("cannot map the vCPU: %s", strerror(errno));
	vmm->run_size = size;
	return NULL;
}

static void init(struct vmm *vmm)
{
	memset(vmm, 0, sizeof(*vmm));
	vmm->vm = -1;
	vmm->vcpu = -1;
	vmm->run = MAP_FAILED;
}

static const char *finish(struct vmm *vmm, int kvm, unsigned int id,
			  const struct vmm_setup *setup)
{
	const char *error = create_vcpu(vmm, kvm, id);

	if (!error)
		error = set_cpuid(vmm, kvm, setup);
	if (!error)
		error = vmm_set_idle(vmm);
	return error;
}

const char *vmm_create_as(struct vmm *vmm, int kvm, void *mem, const struct vmm_setup *setup)
{
	const char *error;

	init(vmm);
	error = create_vm(vmm, kvm, mem, setup);
	if (!error)
		error = finish(vmm, kvm, 0, setup);
	if (error)
		vmm_destroy(vmm);
	return error;
}

const char *vmm_join(struct vmm *vmm, int kvm, const struct vmm *first, unsigned int id,
		     const struct vmm_setup *setup)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	const char *error;

	init(vmm);
	vmm->smm = first->smm;
	/* Each of them closes the VM that it knows. */
	vmm->vm = fcntl(first->vm, F_DUPFD_CLOEXEC, 0);
	if (vmm->vm < 0)
		return xasprintf("cannot share the VM: %s", strerror(errno));
	error = finish(vmm, kvm, id, setup);
	if (!error && ioctl(vmm->vcpu, KVM_SET_MP_STATE, &runnable))
		error = xasprintf("KVM_SET_MP_STATE: %s", strerror(errno));
	if (error)
		vmm_destroy(vmm);
	return error;
}

const char *vmm_create(struct vmm *vmm, int kvm, void *mem, enum vmm_kind kind)
{
	struct vmm_setup setup = {
		.hyperv = kind == VMM_HYPERV,
		.hidden = kind == VMM_NO_NRIPS ? SVM_CPUID_NRIPS : 0,
	};
	const char *error;

	memset(mem, 0, GUEST_MEM_SIZE);
	vmm_fill(mem);
	error = vmm_create_as(vmm, kvm, mem, &setup);
	if (error)
		return error;
	error = vmm_run(vmm, PORT_L1);
	if (error)
		vmm_destroy(vmm);
	return error;
}

void vmm_destroy(struct vmm *vmm)
{
	if (vmm->run != MAP_FAILED)
		munmap(vmm->run, vmm->run_size);
	if (vmm->vcpu >= 0)
		close(vmm->vcpu);
	if (vmm->vm >= 0)
		close(vmm->vm);
	vmm->run = MAP_FAILED;
	vmm->vcpu = -1;
	vmm->vm = -1;
}

static const char *port_name(unsigned int port)
{
	switch (port) {
	case PORT_L1:
		return "L1";
	case PORT_L2:
		return "L2";
	case PORT_L2_INT:
		return "L2's interrupt handler";
	case PORT_SMM:
		return "SMM";
	default:
		return "an unknown port";
	}
}

static const char *run_to_exit(struct vmm *vmm)
{
	while (ioctl(vmm->vcpu, KVM_RUN, 0)) {
		if (errno != EINTR && errno != EAGAIN)
			return xasprintf("KVM_RUN: %s", strerror(errno));
	}
	return NULL;
}

const char *vmm_run_any(struct vmm *vmm)
{
	const char *error = run_to_exit(vmm);

	if (!error && vmm->run->exit_reason != KVM_EXIT_IO)
		error = xasprintf("KVM exit %u instead of an OUT", vmm->run->exit_reason);
	return error;
}

const char *vmm_run(struct vmm *vmm, unsigned int port)
{
	const char *error = run_to_exit(vmm);
	struct kvm_run *run = vmm->run;

	if (error)
		return error;
	if (run->exit_reason != KVM_EXIT_IO)
		return xasprintf("KVM exit %u instead of an OUT by %s", run->exit_reason,
				 port_name(port));
	if (run->io.port != port)
		return xasprintf("OUT by %s instead of %s", port_name(run->io.port),
				 port_name(port));
	return NULL;
}
