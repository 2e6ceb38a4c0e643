// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does this CPU report in EXITINTINFO an INT n of L2's own whose delivery exits?
 * L0 has to map L2's IDT first, and then it injects what EXITINTINFO says.  The
 * event before that was another one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "guest.h"
#include "paths.h"
#include "util.h"
#include "vmcb.h"

#define GPA_COLD_IDT	0x1e000
#define OTHER_VECTOR	(SOFT_INT_VECTOR + 1)

static void *gate(struct lab *lab, unsigned int idt, unsigned int vector)
{
	return lab->mem + idt + 16 * vector;
}

/* L1 injects an event that is not the one of the test. */
static const char *other_event(struct lab *lab)
{
	const struct path *path = path_by_name("vmrun-soft-int");
	const char *error = path_enter(lab, path);

	memcpy(gate(lab, GPA_IDT, OTHER_VECTOR), gate(lab, GPA_IDT, SOFT_INT_VECTOR), 16);
	/* External: KVM drops a software interrupt that is not the one at RIP. */
	field_set(lab->mem + GPA_VMCB12, F_CTL_EVENT_INJ, EVENT_INJ_VALID | OTHER_VECTOR);
	if (!error)
		error = path_act(lab, path);
	return error ? error : path_leave(lab, path);
}

int main(void)
{
	u64 mailbox[2] = { GPA_OF(l1_vmrun), GPA_VMCB12 };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	const char *error;
	struct lab lab;
	void *vmcb12;

	if (kvm < 0)
		die(EXIT_REFUSED, "cannot open /dev/kvm");
	lab_init(&lab, kvm);
	error = other_event(&lab);
	if (!error)
		error = path_enter(&lab, path_by_name("vmrun-dirty"));
	if (error)
		die(EXIT_INFRA, "%s", error);

	vmcb12 = lab.mem + GPA_VMCB12;
	memcpy(lab.mem + GPA_MAILBOX, mailbox, sizeof(mailbox));
	memcpy(gate(&lab, GPA_COLD_IDT, SOFT_INT_VECTOR), gate(&lab, GPA_IDT, SOFT_INT_VECTOR), 16);
	field_set(vmcb12, F_IDTR_BASE, GPA_COLD_IDT);
	field_set(vmcb12, F_RIP, GPA_OF(l2_int));
	error = vmm_run(&lab.vmm[VMM_PLAIN], PORT_L2_INT);
	printf("1..1\n%sok 1 INT n, interrupted\n", error ? "not " : "");
	if (error)
		printf("# %s; exit code 0x%llx\n", error, field_get(vmcb12, F_CTL_EXIT_CODE));
	lab_exit(&lab);
	return !!error;
}
