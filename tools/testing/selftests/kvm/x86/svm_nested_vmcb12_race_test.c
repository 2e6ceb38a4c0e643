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
#include <stdint.h>
#include <sys/mman.h>

#include <linux/compiler.h>
#include <linux/kernel.h>

#include "kvm_util.h"
#include "processor.h"
#include "svm_util.h"
#include "test_util.h"

#define NR_VMRUNS		2000
#define INT_NR			0x20
#define L2_STACK_SIZE		64

static const struct {
	const char *name;
	uint32_t event;
	uint8_t vector;
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
static uint64_t return_rip;
static uint64_t l2_rip;

/* How the vCPUs of L1 talk to each other. */
static uint64_t nr_writes;
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
	l2_rip = (uint64_t)l2_code_a;
	vmmcall();
}

static void l2_code_b(void)
{
	l2_rip = (uint64_t)l2_code_b;
	vmmcall();
}

static void l2_code_next(void)
{
	l2_rip = (uint64_t)l2_code_next;
	vmmcall();
}

static const char *l2_place(uint64_t rip)
{
	if (rip == (uint64_t)l2_code_a)
		return "A";
	if (rip == (uint64_t)l2_code_b)
		return "B";
	if (rip == (uint64_t)l2_code_next)
		return "next_rip";
	return "none of L2's entry points";
}

static void l1_write_rip(struct svm_test_data *svm)
{
	uint64_t i;

	while (!READ_ONCE(done)) {
		WRITE_ONCE(svm->vmcb->save.rip,
			   (uint64_t)(nr_writes & 1 ? l2_code_a : l2_code_b));
		WRITE_ONCE(nr_writes, nr_writes + 1);

		/* Vary the time between writes, lest the vCPUs run in step. */
		for (i = nr_writes % 61; i; i--)
			barrier();
	}

	GUEST_DONE();
}

static void l1_vmrun(struct svm_test_data *svm, uint64_t idt, uint64_t nr)
{
	unsigned long l2_stack[L2_STACK_SIZE];
	struct vmcb *vmcb = svm->vmcb;
	uint64_t next_rip = 0;
	uint64_t i;

	if (cases[nr].nrips)
		next_rip = (uint64_t)l2_code_next;

	generic_svm_setup(svm, l2_code_a, &l2_stack[L2_STACK_SIZE]);
	vmcb->save.idtr.base = idt;

	while (!READ_ONCE(nr_writes))
		cpu_relax();

	for (i = 0; i < NR_VMRUNS; i++) {
		/* Have the host unmap the IDT. */
		GUEST_SYNC(i);

		nr_events = 0;
		return_rip = 0;
		l2_rip = 0;

		vmcb->save.rip = (uint64_t)l2_code_a;
		vmcb->save.rsp = (uint64_t)&l2_stack[L2_STACK_SIZE];
		vmcb->control.next_rip = next_rip;
		vmcb->control.event_inj = cases[nr].vector | cases[nr].event | SVM_EVTINJ_VALID;
		vmcb->control.clean = 0;
		run_guest(vmcb, svm->vmcb_gpa);

		__GUEST_ASSERT(vmcb->control.exit_code == SVM_EXIT_VMMCALL,
			       "VMRUN %lu: expected #VMEXIT for VMMCALL, got 0x%x, info1 = 0x%lx, info2 = 0x%lx",
			       i, vmcb->control.exit_code,
			       vmcb->control.exit_info_1, vmcb->control.exit_info_2);
		__GUEST_ASSERT(nr_events == 1,
			       "VMRUN %lu: event delivered %u times, L2 went on at %s",
			       i, nr_events, l2_place(l2_rip));
		__GUEST_ASSERT(next_rip ? return_rip == next_rip :
			       return_rip == (uint64_t)l2_code_a ||
			       return_rip == (uint64_t)l2_code_b,
			       "VMRUN %lu: bad return address 0x%lx, %s",
			       i, return_rip, l2_place(return_rip));
		__GUEST_ASSERT(l2_rip == return_rip,
			       "VMRUN %lu: return address is %s, but L2 went on at %s",
			       i, l2_place(return_rip), l2_place(l2_rip));
	}

	WRITE_ONCE(done, true);
	GUEST_DONE();
}

/* Discard the page, so that KVM has to map it anew, then put the IDT back. */
static void unmap_idt(struct kvm_vm *vm, vm_vaddr_t idt)
{
	void *hva = addr_gva2hva(vm, idt);
	int r;

	r = madvise(hva, getpagesize(), MADV_DONTNEED);
	TEST_ASSERT(!r, __KVM_SYSCALL_ERROR("madvise()", r));
	memcpy(hva, addr_gva2hva(vm, vm->arch.idt), getpagesize());
}

static void *run_writer(void *arg)
{
	struct kvm_vcpu *vcpu = arg;
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT_EQ(get_ucall(vcpu, &uc), UCALL_DONE);

	return NULL;
}

static void run_vmruns(struct kvm_vcpu *vcpu, vm_vaddr_t idt)
{
	struct ucall uc;

	for (;;) {
		vcpu_run(vcpu);

		switch (get_ucall(vcpu, &uc)) {
		case UCALL_SYNC:
			unmap_idt(vcpu->vm, idt);
			break;
		case UCALL_ABORT:
			REPORT_GUEST_ASSERT(uc);
			/* NOT REACHED */
		case UCALL_DONE:
			return;
		default:
			TEST_FAIL("Unknown ucall 0x%lx.", uc.cmd);
		}
	}
}

static void run_test(unsigned int nr)
{
	struct kvm_vcpu *vcpus[2];
	vm_vaddr_t svm, idt;
	pthread_t writer;
	struct kvm_vm *vm;

	pr_info("Running %s\n", cases[nr].name);

	vm = vm_create_with_vcpus(ARRAY_SIZE(vcpus), l1_vmrun, vcpus);
	vcpu_arch_set_entry_point(vcpus[1], l1_write_rip);
	if (!cases[nr].nrips)
		vcpu_clear_cpuid_feature(vcpus[0], X86_FEATURE_NRIPS);

	vm_install_exception_handler(vm, cases[nr].vector, l2_event_handler);

	vcpu_alloc_svm(vm, &svm);
	idt = vm_vaddr_alloc_page(vm);
	vcpu_args_set(vcpus[0], 3, svm, idt, nr);
	vcpu_args_set(vcpus[1], 1, svm);

	TEST_ASSERT_EQ(pthread_create(&writer, NULL, run_writer, vcpus[1]), 0);
	run_vmruns(vcpus[0], idt);
	TEST_ASSERT_EQ(pthread_join(writer, NULL), 0);

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
