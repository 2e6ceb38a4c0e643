// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guest.h"
#include "paths.h"
#include "tracing.h"
#include "util.h"
#include "vmcb.h"

/* The header, and the VMCB that follows it. */
#define NESTED_STATE_SIZE	(sizeof(struct kvm_nested_state) + VMCB_SIZE)

static void fill_clean(void *vmcb)
{
	field_set(vmcb, F_CTL_CLEAN, CLEAN_ALL);
}

/* No VMRUN takes ASID 0. */
static void fill_invalid(void *vmcb)
{
	field_set(vmcb, F_CTL_ASID, 0);
}

static void fill_npt(void *vmcb)
{
	field_set(vmcb, F_CTL_NESTED_CTL, NESTED_CTL_NP);
	field_set(vmcb, F_CTL_NESTED_CR3, GPA_NPT_PML4);
}

static void fill_lbr(void *vmcb)
{
	field_set(vmcb, F_CTL_VIRT_EXT, VIRT_EXT_LBR);
}

/*
 * L2 stands on an INT of the same vector: when L0 has to inject once more, KVM
 * without NRIPS finds the event's return address only by decoding one.
 */
static void fill_soft_int(void *vmcb)
{
	field_set(vmcb, F_RIP, GPA_OF(l2_int));
	field_set(vmcb, F_CTL_EVENT_INJ, EVENT_INJ_VALID | EVENT_INJ_SOFT | SOFT_INT_VECTOR);
	field_set(vmcb, F_CTL_NEXT_RIP, GPA_OF(l2_int_handler));
}

/* L2 stops a second time, so that what happens between the stops can count. */
static void fill_twice(void *vmcb)
{
	field_set(vmcb, F_RIP, GPA_OF(l2_twice));
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

static const char *vmrun_fails(struct lab *lab, struct vmm *vmm)
{
	return run_l1(lab, vmm, l1_vmrun, GPA_VMCB12, PORT_L1);
}

static const char *vmrun_soft_int(struct lab *lab, struct vmm *vmm)
{
	return run_l1(lab, vmm, l1_vmrun, GPA_VMCB12, PORT_L2_INT);
}

static const char *vmload(struct lab *lab, struct vmm *vmm)
{
	return run_l1(lab, vmm, l1_vmload, GPA_VMCB12, PORT_L1);
}

static const char *vmsave(struct lab *lab, struct vmm *vmm)
{
	return run_l1(lab, vmm, l1_vmsave, GPA_VMCB12, PORT_L1);
}

static const char *vmexit(struct lab *lab, struct vmm *vmm)
{
	(void)lab;
	return vmm_run(vmm, PORT_L1);
}

/* KVM remembers the last address of a vmcb12 and trusts clean bits only there. */
static const char *run_other_vmcb12(struct lab *lab, struct vmm *vmm)
{
	const char *error;

	vmcb_fill(lab->mem + GPA_VMCB12_ALT);
	error = run_l1(lab, vmm, l1_vmrun, GPA_VMCB12_ALT, PORT_L2);
	return error ? error : vmexit(lab, vmm);
}

static const char *smi(struct lab *lab, struct vmm *vmm)
{
	(void)lab;
	if (ioctl(vmm->vcpu, KVM_SMI))
		return xasprintf("KVM_SMI: %s", strerror(errno));
	return vmm_run(vmm, PORT_SMM);
}

static const char *rsm(struct lab *lab, struct vmm *vmm)
{
	(void)lab;
	return vmm_run(vmm, PORT_L2);
}

static const char *vmrun_smi(struct lab *lab, struct vmm *vmm)
{
	const char *error = vmrun(lab, vmm);
	void *vmcb12 = lab->mem + GPA_VMCB12;

	if (!error)
		error = smi(lab, vmm);
	/* RSM has to read vmcb12 again: it is not what it was. */
	field_set(vmcb12, F_RSP, field_get(vmcb12, F_RSP) - 16);
	field_set(vmcb12, F_CTL_CLEAN, CLEAN_NONE);
	return error;
}

static const char *rsm_vmexit(struct lab *lab, struct vmm *vmm)
{
	const char *error = rsm(lab, vmm);

	return error ? error : vmexit(lab, vmm);
}

static const char *get_state(struct lab *lab, struct vmm *vmm)
{
	lab->state->size = NESTED_STATE_SIZE;
	if (ioctl(vmm->vcpu, KVM_GET_NESTED_STATE, lab->state))
		return xasprintf("KVM_GET_NESTED_STATE: %s", strerror(errno));
	return NULL;
}

/* KVM puts part of the work off until the vCPU runs again. */
static const char *set_state(struct lab *lab, struct vmm *vmm)
{
	if (ioctl(vmm->vcpu, KVM_SET_NESTED_STATE, lab->state))
		return xasprintf("KVM_SET_NESTED_STATE: %s", strerror(errno));
	return vmm_run(vmm, PORT_L2);
}

static const char *vmrun_get_state(struct lab *lab, struct vmm *vmm)
{
	const char *error = vmrun(lab, vmm);

	return error ? error : get_state(lab, vmm);
}

static const char *need_npt(const struct lab *lab)
{
	return lab->svm_features & SVM_CPUID_NPT ? NULL : "KVM offers L1 no nested paging";
}

static const char *need_lbrv(const struct lab *lab)
{
	return lab->svm_features & SVM_CPUID_LBRV ? NULL : "KVM offers L1 no LBR virtualisation";
}

static const char *need_smm(const struct lab *lab)
{
	return lab->vmm[VMM_PLAIN].smm ? NULL : "the kernel has no CONFIG_KVM_SMM";
}

static const char *need_state(const struct lab *lab)
{
	return ioctl(lab->kvm, KVM_CHECK_EXTENSION, KVM_CAP_NESTED_STATE) > 0 ? NULL :
		"KVM cannot save nested state";
}

static const char *need_tracing(const struct lab *lab)
{
	return lab->tracing_missing;
}

/* With virtual VMLOAD and VMSAVE the CPU does the work, and KVM sees none of it. */
static const char *need_no_vls(const struct lab *lab)
{
	char *vls = read_line("/sys/module/kvm_amd/parameters/vls");
	bool on = vls && (*vls == '1' || *vls == 'Y');

	(void)lab;
	free(vls);
	return on ? "the CPU emulates VMLOAD and VMSAVE (kvm_amd.vls=1)" : NULL;
}

static const char *need_hyperv(const struct lab *lab)
{
	return vmm_hyperv_nested(lab->kvm) ? NULL : "KVM offers L1 no Hyper-V enlightenments";
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
	/* before 5.16 */
	"nested_load_control_from_vmcb12",
	"load_nested_vmcb_control",
	"copy_vmcb_control_area",
	NULL
};

/* VMLOAD has no check to get round, so it may copy straight from the guest. */
static const char * const vmload_snapshot[] = {
	"svm_copy_vmloadsave_state",
	"vmload_vmsave_interception",
	"vmload_interception",
	"nested_svm_vmloadsave",
	NULL
};

/* Everywhere else there is nothing to read in vmcb12. */
static const char * const no_snapshot[] = { NULL };

#define VMRUN_PATH				\
	.act		= vmrun,		\
	.leave		= vmexit,		\
	.snapshot	= entry_snapshot,	\
	.control	= F_RIP

#define VMEXIT_PATH				\
	.enter		= vmrun,		\
	.act		= vmexit,		\
	.snapshot	= no_snapshot,		\
	.control	= F_CTL_EXIT_CODE,	\
	.control_is_write = true

const struct path paths[] = {
	{
		.name		= "vmrun-dirty",
		.what		= "VMRUN, all clean bits clear",
		VMRUN_PATH,
	}, {
		.name		= "vmrun-clean",
		.what		= "VMRUN of the same vmcb12, all clean bits set",
		.fill		= fill_clean,
		VMRUN_PATH,
	}, {
		.name		= "vmrun-moved",
		.what		= "VMRUN of another vmcb12 than before, all clean bits set",
		.fill		= fill_clean,
		.enter		= run_other_vmcb12,
		VMRUN_PATH,
	}, {
		.name		= "vmrun-invalid",
		.what		= "VMRUN that fails its consistency checks",
		.fill		= fill_invalid,
		.act		= vmrun_fails,
		.snapshot	= entry_snapshot,
		.control	= F_CTL_EXIT_CODE,
		.control_is_write = true,
	}, {
		.name		= "vmrun-npt",
		.what		= "VMRUN, L1 uses nested paging",
		.missing	= need_npt,
		.fill		= fill_npt,
		VMRUN_PATH,
	}, {
		.name		= "vmrun-soft-int",
		.what		= "VMRUN that injects a software interrupt",
		.fill		= fill_soft_int,
		.act		= vmrun_soft_int,
		.leave		= vmexit,
		.snapshot	= entry_snapshot,
		.control	= F_RIP,
	}, {
		.name		= "vmrun-lbr",
		.what		= "VMRUN, L1 uses LBR virtualisation",
		.missing	= need_lbrv,
		.fill		= fill_lbr,
		VMRUN_PATH,
	}, {
		.name		= "vmrun-hyperv",
		.what		= "VMRUN, L1 is told that it runs on Hyper-V",
		.vmm		= VMM_HYPERV,
		.missing	= need_hyperv,
		.act		= vmrun,
		.leave		= vmexit,
		.snapshot	= entry_snapshot,
		.control	= F_CTL_HV_CONTROL,
	}, {
		.name		= "vmrun-traced",
		.what		= "VMRUN with KVM's tracepoints on",
		.traced		= true,
		.missing	= need_tracing,
		VMRUN_PATH,
	}, {
		.name		= "vmexit",
		.what		= "#VMEXIT by VMMCALL",
		VMEXIT_PATH,
	}, {
		.name		= "vmexit-npt",
		.what		= "#VMEXIT, L1 uses nested paging",
		.missing	= need_npt,
		.fill		= fill_npt,
		VMEXIT_PATH,
	}, {
		.name		= "vmexit-lbr",
		.what		= "#VMEXIT, L1 uses LBR virtualisation",
		.missing	= need_lbrv,
		.fill		= fill_lbr,
		VMEXIT_PATH,
	}, {
		.name		= "vmexit-hyperv",
		.what		= "#VMEXIT, L1 is told that it runs on Hyper-V",
		.vmm		= VMM_HYPERV,
		.missing	= need_hyperv,
		VMEXIT_PATH,
	}, {
		.name		= "vmexit-traced",
		.what		= "#VMEXIT with KVM's tracepoints on",
		.traced		= true,
		.missing	= need_tracing,
		VMEXIT_PATH,
	}, {
		.name		= "smi",
		.what		= "SMI while L2 runs",
		.missing	= need_smm,
		.fill		= fill_twice,
		.enter		= vmrun,
		.act		= smi,
		.leave		= rsm_vmexit,
		.snapshot	= no_snapshot,
		.control	= F_CTL_EXIT_CODE,
		.control_is_write = true,
	}, {
		.name		= "rsm",
		.what		= "RSM back into L2, vmcb12 changed meanwhile",
		.missing	= need_smm,
		.fill		= fill_twice,
		.enter		= vmrun_smi,
		.act		= rsm,
		.leave		= vmexit,
		.snapshot	= entry_snapshot,
		.control	= F_RIP,
	}, {
		.name		= "get-nested-state",
		.what		= "KVM_GET_NESTED_STATE while L2 runs",
		.missing	= need_state,
		.enter		= vmrun,
		.act		= get_state,
		.leave		= vmexit,
		.snapshot	= no_snapshot,
		.control	= NR_FIELDS,
	}, {
		.name		= "set-nested-state",
		.what		= "KVM_SET_NESTED_STATE back into L2, and its first run",
		.missing	= need_state,
		.fill		= fill_twice,
		.enter		= vmrun_get_state,
		.act		= set_state,
		.leave		= vmexit,
		.snapshot	= no_snapshot,
		.control	= NR_FIELDS,
	}, {
		.name		= "vmload",
		.what		= "VMLOAD, emulated by KVM",
		.missing	= need_no_vls,
		.enter		= vmsave,
		.act		= vmload,
		.snapshot	= vmload_snapshot,
		.control	= F_STAR,
	}, {
		.name		= "vmsave",
		.what		= "VMSAVE, emulated by KVM",
		.missing	= need_no_vls,
		.act		= vmsave,
		.snapshot	= no_snapshot,
		.control	= F_STAR,
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
	lab->state = xcalloc(1, NESTED_STATE_SIZE);
	lab->tracing_missing = tracing_missing();
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
	free(lab->state);
	close(lab->kvm);
}

void lab_reset(struct lab *lab, enum vmm_kind kind)
{
	vmm_destroy(&lab->vmm[kind]);
	lab->vmm_missing[kind] = vmm_create(&lab->vmm[kind], lab->kvm, lab->mem, kind);
}

const char *path_missing(const struct lab *lab, const struct path *path)
{
	const char *missing = path->missing ? path->missing(lab) : NULL;

	return missing ? missing : lab->vmm_missing[path->vmm];
}

const char *path_enter(struct lab *lab, const struct path *path)
{
	void *vmcb12 = lab->mem + GPA_VMCB12;

	vmcb_fill(vmcb12);
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
