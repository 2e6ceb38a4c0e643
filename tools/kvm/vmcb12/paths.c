// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "paths.h"
#include "util.h"
#include "vmcb.h"

static void *vmcb12_at(struct lab *lab, unsigned int gpa)
{
	return lab->mem + gpa;
}

static void set_segment(void *vmcb, enum vmcb_field_id selector_id, unsigned int selector,
			unsigned int attrib)
{
	/* Selector, attributes, limit and base are neighbours in the table. */
	field_set(vmcb, selector_id, selector);
	field_set(vmcb, selector_id + 1, attrib);
	field_set(vmcb, selector_id + 2, 0xffffffff);
	field_set(vmcb, selector_id + 3, 0);
}

/* A 64-bit L2 at l2_entry; L1 intercepts no more than it must. */
static void fill_vmcb12(void *vmcb)
{
	memset(vmcb, 0, VMCB_SIZE);
	field_set(vmcb, F_CTL_INTERCEPT_W3, INTERCEPT3_SHUTDOWN);
	field_set(vmcb, F_CTL_INTERCEPT_W4, INTERCEPT4_VMRUN | INTERCEPT4_VMMCALL);
	field_set(vmcb, F_CTL_IOPM, GPA_IOPM);
	field_set(vmcb, F_CTL_MSRPM, GPA_MSRPM);
	field_set(vmcb, F_CTL_ASID, 1);

	set_segment(vmcb, F_ES_SELECTOR, SEL_DATA, SEG_DATA32);
	set_segment(vmcb, F_CS_SELECTOR, SEL_CODE, SEG_CODE64);
	set_segment(vmcb, F_SS_SELECTOR, SEL_DATA, SEG_DATA32);
	set_segment(vmcb, F_DS_SELECTOR, SEL_DATA, SEG_DATA32);
	field_set(vmcb, F_GDTR_BASE, GPA_GDT);
	field_set(vmcb, F_GDTR_LIMIT, 0x1f);
	field_set(vmcb, F_IDTR_BASE, GPA_IDT);
	field_set(vmcb, F_IDTR_LIMIT, 0xfff);
	field_set(vmcb, F_EFER, EFER_LONG_MODE | EFER_SVME);
	field_set(vmcb, F_CR0, CR0_LONG_MODE);
	field_set(vmcb, F_CR3, GPA_PML4);
	field_set(vmcb, F_CR4, CR4_PAE);
	field_set(vmcb, F_DR6, DR6_RESET);
	field_set(vmcb, F_DR7, DR7_RESET);
	field_set(vmcb, F_RFLAGS, RFLAGS_FIXED);
	field_set(vmcb, F_RIP, GPA_OF(l2_entry));
	field_set(vmcb, F_RSP, GPA_L2_STACK);
	field_set(vmcb, F_G_PAT, PAT_RESET);
}

static void fill_clean(void *vmcb)
{
	field_set(vmcb, F_CTL_CLEAN, CLEAN_ALL);
}

/* Let L1 leave l1_idle, with an instruction that takes the VMCB in RAX. */
static const char *run_l1(struct lab *lab, struct vmm *vmm, const char *code, unsigned int vmcb_gpa,
			  unsigned int port)
{
	u64 mailbox[2] = { GPA_OF(code), vmcb_gpa };

	memcpy(lab->mem + GPA_MAILBOX, mailbox, sizeof(mailbox));
	return vmm_run(vmm, port);
}

static const char *vmrun(struct lab *lab, struct vmm *vmm)
{
	return run_l1(lab, vmm, l1_vmrun, GPA_VMCB12, PORT_L2);
}

static const char *vmexit(struct lab *lab, struct vmm *vmm)
{
	(void)lab;
	return vmm_run(vmm, PORT_L1);
}

/*
 * What may fetch from vmcb12 on an entry to L2, on one kernel or another.
 * nested_svm_vmrun() is here because compilers inline the copy of the save area
 * into it.
 */
static const char * const entry_snapshot[] = {
	"nested_svm_vmrun",
	"nested_svm_copy_vmcb12_to_cache",
	"nested_copy_vmcb_control_to_cache",
	"__nested_copy_vmcb_control_to_cache",
	"nested_copy_vmcb_save_to_cache",
	"__nested_copy_vmcb_save_to_cache",
	NULL
};

/* Everywhere else there is nothing to read in vmcb12. */
static const char * const no_snapshot[] = { NULL };

const struct path paths[] = {
	{
		.name		= "vmrun-dirty",
		.what		= "VMRUN, all clean bits clear",
		.act		= vmrun,
		.leave		= vmexit,
		.snapshot	= entry_snapshot,
		.control	= F_RIP,
	}, {
		.name		= "vmrun-clean",
		.what		= "VMRUN of the same vmcb12, all clean bits set",
		.fill		= fill_clean,
		.act		= vmrun,
		.leave		= vmexit,
		.snapshot	= entry_snapshot,
		.control	= F_RIP,
	}, {
		.name		= "vmexit",
		.what		= "#VMEXIT by VMMCALL",
		.enter		= vmrun,
		.act		= vmexit,
		.snapshot	= no_snapshot,
		.control	= F_CTL_EXIT_CODE,
		.control_is_write = true,
	},
};

const size_t nr_paths = ARRAY_SIZE(paths);

const struct path *path_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < nr_paths; i++) {
		if (!strcmp(paths[i].name, name))
			return &paths[i];
	}
	return NULL;
}

void lab_init(struct lab *lab, int kvm)
{
	unsigned int kind;

	memset(lab, 0, sizeof(*lab));
	lab->kvm = kvm;
	lab->mem = guest_mem_alloc();
	lab->svm_features = vmm_cpuid(kvm, SVM_CPUID).edx;
	for (kind = 0; kind < NR_VMM_KINDS; kind++)
		lab->vmm_missing[kind] = vmm_create(&lab->vmm[kind], kvm, lab->mem, kind);
	if (lab->vmm_missing[VMM_PLAIN])
		die(EXIT_INFRA, "cannot run L1: %s", lab->vmm_missing[VMM_PLAIN]);
}

void lab_exit(struct lab *lab)
{
	unsigned int kind;

	for (kind = 0; kind < NR_VMM_KINDS; kind++)
		vmm_destroy(&lab->vmm[kind]);
	close(lab->kvm);
}

void lab_reset(struct lab *lab, enum vmm_kind kind)
{
	vmm_destroy(&lab->vmm[kind]);
	lab->vmm_missing[kind] = vmm_create(&lab->vmm[kind], lab->kvm, lab->mem, kind);
}

const char *path_missing(const struct lab *lab, const struct path *path)
{
	if (lab->vmm_missing[path->vmm])
		return lab->vmm_missing[path->vmm];
	return path->missing ? path->missing(lab) : NULL;
}

const char *path_enter(struct lab *lab, const struct path *path)
{
	void *vmcb12 = vmcb12_at(lab, GPA_VMCB12);

	fill_vmcb12(vmcb12);
	if (path->fill)
		path->fill(vmcb12);
	return path->enter ? path->enter(lab, &lab->vmm[path->vmm]) : NULL;
}

const char *path_act(struct lab *lab, const struct path *path)
{
	return path->act(lab, &lab->vmm[path->vmm]);
}

const char *path_leave(struct lab *lab, const struct path *path)
{
	return path->leave ? path->leave(lab, &lab->vmm[path->vmm]) : NULL;
}
