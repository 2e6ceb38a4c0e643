// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does this CPU deliver a virtual interrupt to an L2 that is entered with IF
 * set, before L2's first instruction?
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "guest.h"
#include "paths.h"
#include "util.h"
#include "vmcb.h"

#define RFLAGS_IF	BIT(9)
#define V_IRQ		BIT(8)
#define V_INTR_PRIO_1	BIT(16)

/* Touch what the delivery needs, so that nothing interrupts it. */
static const char *warm_up(struct lab *lab)
{
	const struct path *path = path_by_name("vmrun-soft-int");
	const char *error = path_enter(lab, path);

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
	error = warm_up(&lab);
	if (!error)
		error = path_enter(&lab, path_by_name("vmrun-dirty"));
	if (error)
		die(EXIT_INFRA, "%s", error);

	vmcb12 = lab.mem + GPA_VMCB12;
	memcpy(lab.mem + GPA_MAILBOX, mailbox, sizeof(mailbox));
	field_set(vmcb12, F_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	field_set(vmcb12, F_CTL_INT_CTL, V_IRQ | V_INTR_PRIO_1);
	field_set(vmcb12, F_CTL_INT_VECTOR, SOFT_INT_VECTOR);
	error = vmm_run(&lab.vmm[VMM_PLAIN], PORT_L2_INT);
	printf("1..1\n%sok 1 virtual interrupt\n", error ? "not " : "");
	if (error)
		printf("# %s; exit code 0x%llx\n", error, field_get(vmcb12, F_CTL_EXIT_CODE));
	lab_exit(&lab);
	return !!error;
}
