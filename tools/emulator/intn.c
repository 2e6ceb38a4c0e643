// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does this CPU report in EXITINTINFO an INT n of L2's own whose delivery exits?
 * L0 has to map L2's IDT first, and then it injects what EXITINTINFO says.  The
 * event before that was another one.
 */
#include "check.h"

#define GPA_COLD_IDT	0x1e000
#define OTHER_VECTOR	(SOFT_INT_VECTOR + 1)

int main(void)
{
	struct lab lab;
	void *vmcb12;

	lab_init(&lab, check_open_kvm());
	vmm_set_gate(lab.mem, GPA_IDT, OTHER_VECTOR, GPA_OF(l2_int_handler));
	/* External: KVM drops a software interrupt that is not the one at RIP. */
	check_warm_up(&lab, EVENT_INJ_VALID | OTHER_VECTOR);

	vmcb12 = check_prepare(&lab);
	vmm_set_gate(lab.mem, GPA_COLD_IDT, SOFT_INT_VECTOR, GPA_OF(l2_int_handler));
	field_set(vmcb12, F_IDTR_BASE, GPA_COLD_IDT);
	field_set(vmcb12, F_RIP, GPA_OF(l2_int));
	return check_l2_result(&lab, "INT n, interrupted",
			       vmm_run(&lab.vmm[VMM_PLAIN], PORT_L2_INT));
}
