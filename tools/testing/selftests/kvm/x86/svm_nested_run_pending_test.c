// SPDX-License-Identifier: GPL-2.0-only
/*
 * Save and restore a vCPU between nested VMRUN and the first run of L2.
 *
 * L1 injects a software interrupt into L2.  Userspace stops the vCPU when VMRUN
 * has been executed, and goes on with another vCPU that has never run, of the
 * same VM or of a new one.  L1 must not see a difference: L2's handler runs
 * before L2 executes anything else, with the return address that L1 wants.
 *
 * In a new VM the delivery is interrupted by page faults that are none of L1's
 * business, as KVM has yet to map every page, and KVM has to inject the event
 * a second time.
 */
#include <linux/compiler.h>

#include "kvm_util.h"
#include "processor.h"
#include "svm_util.h"
#include "test_util.h"

#define INT_NR			0x20
#define MAX_STEPS		1000

/* L2 ends with HLT if the event is lost, and with VMMCALL if it isn't. */
extern const char l2_code[], l2_int_handler[];
asm(".pushsection .text\n"
    "l2_code: hlt\n"
    "l2_int_handler: vmmcall\n"
    ".popsection");

static void l1_vmrun(struct svm_test_data *svm, gva_t idt)
{
	struct vmcb *vmcb = svm->vmcb;
	u64 return_rip = (u64)l2_code;

	generic_svm_setup(svm, (void *)l2_code);
	vmcb->save.idtr.base = idt;
	vmcb->control.intercept |= BIT(INTERCEPT_HLT);
	vmcb->control.event_inj = INT_NR | SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_SOFT;
	if (this_cpu_has(X86_FEATURE_NRIPS)) {
		return_rip += 0x1000;
		vmcb->control.next_rip = return_rip;
	}

	/* Have KVM map it, for what that is worth. */
	READ_ONCE(*(u8 *)idt);

	GUEST_SYNC(0);
	run_guest(vmcb, svm->vmcb_gpa);

	__GUEST_ASSERT(vmcb->control.exit_code == SVM_EXIT_VMMCALL,
		       "Expected VMMCALL of L2's handler, got exit code 0x%lx",
		       (unsigned long)vmcb->control.exit_code);
	GUEST_ASSERT_EQ(*(u64 *)vmcb->save.rsp, return_rip);
	GUEST_DONE();
}

static void expect_ucall(struct kvm_vcpu *vcpu, u64 cmd)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_IO);
	if (get_ucall(vcpu, &uc) == UCALL_ABORT)
		REPORT_GUEST_ASSERT(uc);
	TEST_ASSERT(uc.cmd == cmd, "Unexpected ucall 0x%lx", (unsigned long)uc.cmd);
}

/* Stop where L2's RIP is the vCPU's, but L2 hasn't executed anything yet. */
static void step_over_vmrun(struct kvm_vcpu *vcpu)
{
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP,
	};
	struct kvm_regs regs;
	int steps = 0;

	vcpu_guest_debug_set(vcpu, &debug);
	do {
		TEST_ASSERT(steps++ < MAX_STEPS, "No VMRUN in %d steps", MAX_STEPS);
		vcpu_run(vcpu);
		TEST_ASSERT_KVM_EXIT_REASON(vcpu, KVM_EXIT_DEBUG);
		vcpu_regs_get(vcpu, &regs);
	} while (regs.rip != (u64)l2_code);
}

static void set_gate(struct kvm_vm *vm, gva_t idt)
{
	u16 *gate = addr_gva2hva(vm, idt + INT_NR * 16);
	u64 offset = (u64)l2_int_handler;

	gate[0] = offset;
	gate[1] = 0x8;
	gate[2] = 0x8e00;
	gate[3] = offset >> 16;
	gate[4] = offset >> 32;
	gate[5] = offset >> 48;
}

static void run_test(bool new_vm, bool has_nrips)
{
	struct kvm_x86_state *state;
	struct kvm_vcpu *vcpu;
	gva_t svm_gva, idt;
	struct kvm_vm *vm;
	u16 flags;

	pr_info("Restoring to a new vCPU of %s VM, %s NRIPS\n",
		new_vm ? "a new" : "the same", has_nrips ? "with" : "without");

	vm = vm_create_with_one_vcpu(&vcpu, l1_vmrun);
	if (!has_nrips)
		vcpu_clear_cpuid_feature(vcpu, X86_FEATURE_NRIPS);

	idt = vm_alloc_page(vm);
	set_gate(vm, idt);
	vcpu_alloc_svm(vm, &svm_gva);
	vcpu_args_set(vcpu, 2, svm_gva, idt);

	expect_ucall(vcpu, UCALL_SYNC);
	step_over_vmrun(vcpu);

	state = vcpu_save_state(vcpu);
	flags = KVM_STATE_NESTED_GUEST_MODE | KVM_STATE_NESTED_RUN_PENDING;
	TEST_ASSERT((state->nested.flags & flags) == flags,
		    "L2 isn't about to run, flags 0x%x", state->nested.flags);

	if (new_vm) {
		kvm_vm_release(vm);
		vcpu = vm_recreate_with_one_vcpu(vm);
	} else {
		vcpu = vm_vcpu_add(vm, 1, l1_vmrun);
	}
	if (!has_nrips)
		vcpu_clear_cpuid_feature(vcpu, X86_FEATURE_NRIPS);
	vcpu_load_state(vcpu, state);
	kvm_x86_state_cleanup(state);

	expect_ucall(vcpu, UCALL_DONE);
	kvm_vm_free(vm);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_cpu_has(X86_FEATURE_SVM));
	TEST_REQUIRE(kvm_cpu_has(X86_FEATURE_NRIPS));
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_NESTED_STATE));

	run_test(true, true);
	run_test(true, false);
	run_test(false, true);
	run_test(false, false);

	return 0;
}
