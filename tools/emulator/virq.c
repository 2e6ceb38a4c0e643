// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does this CPU deliver a virtual interrupt to an L2 that is entered with IF
 * set, before L2's first instruction?
 */
#include "check.h"

#define V_IRQ		BIT(8)
#define V_INTR_PRIO_1	BIT(16)

int main(void)
{
	struct lab lab;
	void *vmcb12;

	lab_init(&lab, check_open_kvm());
	/* Nothing may interrupt the delivery. */
	check_warm_up(&lab, 0);

	vmcb12 = check_prepare(&lab);
	field_set(vmcb12, F_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	field_set(vmcb12, F_CTL_INT_CTL, V_IRQ | V_INTR_PRIO_1);
	field_set(vmcb12, F_CTL_INT_VECTOR, SOFT_INT_VECTOR);
	return check_l2_result(&lab, "virtual interrupt",
			       vmm_run(&lab.vmm[VMM_PLAIN], PORT_L2_INT));
}
