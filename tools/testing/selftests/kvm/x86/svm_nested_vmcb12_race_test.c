// SPDX-License-Identifier: GPL-2.0-only
/*
 * Race vmcb12 against nested VMRUN.
 *
 * One vCPU of L1 executes VMRUN to inject a software interrupt or exception
 * into L2, while another one keeps changing the RIP in vmcb12 from A to B and
 * back.  The page of L2's IDT is never mapped by KVM at that time, i.e. the
 * delivery is interrupted by a page fault that is none of L1's business, and
 * KVM has to inject the event a second time.
 *
 * Whether VMRUN loads A or B is up to the race.  But it has to be one of them,
 * for all that VMRUN does, and thus L1 must observe that
 *
 *  - L2's handler runs exactly once, before L2 executes anything else;
 *  - the return address is vmcb12's next_rip, or A or B if L1 has no NRIPS;
 *  - L2 resumes at the return address.
 */
#include <pthread.h>
#include <sys/mman.h>

#include <linux/compiler.h>
#include <linux/kernel.h>

#include "kvm_util.h"
#include "processor.h"
#include "svm_util.h"
#include "test_util.h"

#define NR_VMRUNS		2000
#define INT_NR			0x20

static const struct {
	const char *name;
	u32 event;
	u8 vector;
	bool nrips;
} cases[] = {
	{
		.name = "INTn with NRIPS",
		.event = SVM_EVTINJ_TYPE_SOFT,
		.vector = INT_NR,
		.nrips = true,
	},
	{
		.name = "INTn without NRIPS",
		.event = SVM_EVTINJ_TYPE_SOFT,
		.vector = INT_NR,
		.nrips = false,
	},
	{
		.name = "#BP with NRIPS",
		.event = SVM_EVTINJ_TYPE_EXEPT,
		.vector = BP_VECTOR,
		.nrips = true,
	},
};

/* Owned by the vCPU that executes VMRUN, i.e. by L1 and by its L2. */
static unsigned int nr_events;
static u64 return_rip;
static u64 l2_rip;

/* How the vCPUs of L1 talk to each other. */
static u64 nr_writes;
static bool done;

static void l2_event_handler(struct ex_regs *regs)
{
	nr_events++;
	return_rip = regs->rip;
}

/*
 * L2 reports where it runs.  vmcb12 doesn't tell, as the other vCPU overwrites
 * the RIP of the #VMEXIT.
 */
static void l2_code_a(void)
{
	l2_rip = (u64)l2_code_a;
	vmmcall();
}

static void l2_code_b(void)
{
	l2_rip = (u64)l2_code_b;
	vmmcall();
}

static void l2_code_next(void)
{
	l2_rip = (u64)l2_code_next;
	vmmcall();
}

static const char *l2_place(u64 rip)
{
	if (rip == (u64)l2_code_a)
		return "A";
	if (rip == (u64)l2_code_b)
		return "B";
	if (rip == (u64)l2_code_next)
		return "next_rip";
	return "none of L2's entry points";
}

static void l1_write_rip(struct svm_test_data *svm)
{
	u64 nr, i;

	for (nr = 1; !READ_ONCE(done); nr++) {
		WRITE_ONCE(svm->vmcb->save.rip,
			   (u64)(nr & 1 ? l2_code_b : l2_code_a));
		WRITE_ONCE(nr_writes, nr);

		/* Vary the time between writes, lest the vCPUs run in step. */
		for (i = nr % 61; i; i--)
			barrier();
	}

	GUEST_DONE();
}

static void l1_vmrun(struct svm_test_data *svm, u64 idt, u64 nr)
{
	struct vmcb *vmcb = svm->vmcb;
	u64 next_rip = 0;
	u64 rsp;
	u64 i;

	if (cases[nr].nrips)
		next_rip = (u64)l2_code_next;

	generic_svm_setup(svm, l2_code_a);
	vmcb->save.idtr.base = idt;
	rsp = vmcb->save.rsp;

	while (!READ_ONCE(nr_writes))
		cpu_relax();

	for (i = 0; i < NR_VMRUNS; i++) {
		nr_events = 0;
		return_rip = 0;
		l2_rip = 0;

		vmcb->save.rip = (u64)l2_code_a;
		vmcb->save.rsp = rsp;
		vmcb->control.next_rip = next_rip;
		vmcb->control.event_inj = cases[nr].vector | cases[nr].event | SVM_EVTINJ_VALID;
		vmcb->control.clean = 0;
		run_guest(vmcb, svm->vmcb_gpa);

		GUEST_ASSERT_EQ(vmcb->control.exit_code, SVM_EXIT_VMMCALL);
		GUEST_SYNC(i);
	}

	WRITE_ONCE(done, true);
	GUEST_DONE();
}

/* Discard the page, so that KVM has to map it anew, then put the IDT back. */
static void unmap_idt(struct kvm_vcpu *vcpu, gva_t idt)
{
	void *hva = addr_gva2hva(vcpu->vm, idt);
	struct kvm_sregs sregs;

	kvm_madvise(hva, getpagesize(), MADV_DONTNEED);

	vcpu_sregs_get(vcpu, &sregs);
	memcpy(hva, addr_gva2hva(vcpu->vm, sregs.idt.base), getpagesize());
}

static void check_vmrun(struct kvm_vm *vm, unsigned int nr, u64 vmrun)
{
	bool expected;

	sync_global_from_guest(vm, nr_events);
	sync_global_from_guest(vm, return_rip);
	sync_global_from_guest(vm, l2_rip);

	TEST_ASSERT(nr_events == 1,
		    "VMRUN %lu: event delivered %u times, L2 went on at %s",
		    vmrun, nr_events, l2_place(l2_rip));

	if (cases[nr].nrips)
		expected = return_rip == (u64)l2_code_next;
	else
		expected = return_rip == (u64)l2_code_a || return_rip == (u64)l2_code_b;
	TEST_ASSERT(expected, "VMRUN %lu: bad return address 0x%lx, %s",
		    vmrun, return_rip, l2_place(return_rip));

	TEST_ASSERT(l2_rip == return_rip,
		    "VMRUN %lu: return address is %s, but L2 went on at %s",
		    vmrun, l2_place(return_rip), l2_place(l2_rip));
}

static void *run_writer(void *arg)
{
	struct kvm_vcpu *vcpu = arg;
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_DONE, "Unexpected ucall %lu", uc.cmd);

	return NULL;
}

static void run_vmruns(struct kvm_vcpu *vcpu, unsigned int nr, gva_t idt)
{
	struct ucall uc;

	for (;;) {
		unmap_idt(vcpu, idt);
		vcpu_run(vcpu);

		switch (get_ucall(vcpu, &uc)) {
		case UCALL_SYNC:
			check_vmrun(vcpu->vm, nr, uc.args[1]);
			break;
		case UCALL_ABORT:
			REPORT_GUEST_ASSERT(uc);
			/* NOT REACHED */
		case UCALL_DONE:
			return;
		default:
			TEST_FAIL("Unknown ucall %lu", uc.cmd);
		}
	}
}

static void run_test(unsigned int nr)
{
	struct kvm_vcpu *vcpus[2];
	pthread_t writer;
	struct kvm_vm *vm;
	gva_t svm, idt;

	pr_info("Running %s\n", cases[nr].name);

	vm = vm_create(ARRAY_SIZE(vcpus));
	vcpus[0] = vm_vcpu_add(vm, 0, l1_vmrun);
	vcpus[1] = vm_vcpu_add(vm, 1, l1_write_rip);
	if (!cases[nr].nrips)
		vcpu_clear_cpuid_feature(vcpus[0], X86_FEATURE_NRIPS);

	vm_install_exception_handler(vm, cases[nr].vector, l2_event_handler);

	vcpu_alloc_svm(vm, &svm);
	idt = vm_alloc_page(vm);
	vcpu_args_set(vcpus[0], 3, svm, idt, nr);
	vcpu_args_set(vcpus[1], 1, svm);

	kvm_pthread_create(&writer, NULL, run_writer, vcpus[1]);
	run_vmruns(vcpus[0], nr, idt);
	kvm_pthread_join(writer, NULL);

	sync_global_from_guest(vm, nr_writes);
	pr_info("%u VMRUNs raced %lu writes of RIP\n", NR_VMRUNS, nr_writes);

	kvm_vm_free(vm);
}

int main(int argc, char *argv[])
{
	unsigned int i;

	TEST_REQUIRE(kvm_cpu_has(X86_FEATURE_SVM));
	TEST_REQUIRE(kvm_cpu_has(X86_FEATURE_NRIPS));

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		run_test(i);

	return 0;
}
