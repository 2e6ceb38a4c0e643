// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "fields.h"
#include "guest.h"
#include "vmcb.h"

static void set_segment(void *vmcb, enum vmcb_field_id selector_id, unsigned int selector,
			unsigned int attrib)
{
	/* Selector, attributes, limit and base are neighbours in the table. */
	field_set(vmcb, selector_id, selector);
	field_set(vmcb, selector_id + 1, attrib);
	field_set(vmcb, selector_id + 2, 0xffffffff);
	field_set(vmcb, selector_id + 3, 0);
}

void vmcb_fill(void *vmcb)
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
