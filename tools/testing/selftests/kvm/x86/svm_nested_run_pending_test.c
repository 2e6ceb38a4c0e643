// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restore a vCPU that has executed nested VMRUN and has not run L2 yet.
 *
 * L1's VMRUN injects a software interrupt into L2.  The vCPU that goes on with
 * that has never run before, it is one of the same VM or of a new one.  L1 must
 * not see a difference: L2's handler runs before L2 executes anything else, with
 * the return address that L1 wants.
 *
 * In a new VM the delivery is interrupted by page faults that are none of L1's
 * business, as KVM has yet to map every page, and KVM has to inject the event
 * a second time.
 *
 * Few things stop a vCPU at that place, and none does so for sure.  Have L2 exit
 * to userspace instead, and put the event and "run pending" into what was saved.
 */
#include <linux/compiler.h>

#include "kvm_util.h"
#include "processor.h"
#include "svm_util.h"
#include "test_util.h"

#define INT_NR			0x20

/* L2 exits to userspace, and to L1 with HLT if the event is lost. */
static __attribute__((naked)) void l2_code(void)
{
	asm("outb %al, $0x80\n\t"
	    "hlt");
}

static __attribute__((naked)) void l2_int_handler(void)
{
	asm("vmmcall");
}

static u64 return_rip;

static void l1_vmrun(struct svm_test_data *svm, gva_t idt)
{
	struct vmcb *vmcb = svm->vmcb;

	generic_svm_setup(svm, l2_code);
	vmcb->save.idtr.base = idt;
	vmcb->save.idtr.limit = PAGE_SIZE - 1;
	vmcb->control.intercept |= BIT(INTERCEPT_HLT);

	/* Have KVM map it, for what that is worth. */
	READ_ONCE(*(u8 *)idt);

	run_guest(vmcb, svm->vmcb_gpa);

	GUEST_ASSERT_EQ(vmcb->control.exit_code, SVM_EXIT_VMMCALL);
	GUEST_ASSERT_EQ(*(u64 *)vmcb->save.rsp, return_rip);
	GUEST_DONE();
}

static void run_until_io(struct kvm_vcpu *vcpu)
{
	vcpu_run(vcpu);
	TEST_ASSERT(vcpu->run->exit_reason == KVM_EXIT_IO, "Unexpected exit reason %u",
		    vcpu->run->exit_reason);
}

static void expect_done(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	run_until_io(vcpu);
	if (get_ucall(vcpu, &uc) == UCALL_ABORT)
		REPORT_GUEST_ASSERT(uc);
	TEST_ASSERT(uc.cmd == UCALL_DONE, "Unexpected ucall 0x%lx",
		    (unsigned long)uc.cmd);
}

/* Inject an event before L2's next instruction. */
static void make_run_pending(struct kvm_vm *vm, struct kvm_x86_state *state,
			     bool has_nrips)
{
	struct vmcb *vmcb12 = (struct vmcb *)state->nested.data.svm;

	TEST_ASSERT(state->nested.flags & KVM_STATE_NESTED_GUEST_MODE,
		    "L2 doesn't run, flags 0x%x", state->nested.flags);

	state->nested.flags |= KVM_STATE_NESTED_RUN_PENDING;
	vmcb12->control.event_inj = INT_NR | SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_SOFT;
	vmcb12->control.next_rip = has_nrips ? state->regs.rip + 0x1000 : 0;

	return_rip = has_nrips ? vmcb12->control.next_rip : state->regs.rip;
	sync_global_to_guest(vm, return_rip);
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

	pr_info("Restoring to a new vCPU of %s VM, %s NRIPS\n",
		new_vm ? "a new" : "the same", has_nrips ? "with" : "without");

	vm = vm_create_with_one_vcpu(&vcpu, l1_vmrun);
	if (!has_nrips)
		vcpu_clear_cpuid_feature(vcpu, X86_FEATURE_NRIPS);

	idt = vm_alloc_page(vm);
	set_gate(vm, idt);
	vcpu_alloc_svm(vm, &svm_gva);
	vcpu_args_set(vcpu, 2, svm_gva, idt);

	run_until_io(vcpu);
	state = vcpu_save_state(vcpu);
	make_run_pending(vm, state, has_nrips);

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

	expect_done(vcpu);
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
