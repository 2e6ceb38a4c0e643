/* SPDX-License-Identifier: GPL-2.0-only */
/* Bits of control registers, page tables and VMCB fields, and the usual VMCB. */
#ifndef VMCB12_VMCB_H
#define VMCB12_VMCB_H

#include "defs.h"

#define CR0_LONG_MODE		0x80000033ULL	/* PG, NE, ET, MP, PE */
#define CR0_PG			0x80000000ULL
#define CR4_PAE			0x20ULL
#define CR3_RESERVED		0x1000000000000000ULL
#define CR4_RESERVED		0x8000000000000000ULL
#define EFER_LONG_MODE		0x500ULL	/* LMA, LME */
#define EFER_LME		0x100ULL
#define EFER_LMA		0x400ULL
#define EFER_SVME		0x1000ULL
#define EFER_RESERVED		0x8000000000000000ULL
#define RFLAGS_FIXED		0x2ULL
#define RFLAGS_IF		0x200ULL
#define RFLAGS_IOPL		0x3000ULL
#define RFLAGS_VM		0x20000ULL
#define DR6_RESET		0xffff0ff0ULL
#define DR7_RESET		0x400ULL
#define DR7_L0			0x1
#define DR7_GD			0x2000ULL
#define DR6_RESERVED		0x100000000ULL	/* the lowest of bits 63:32 */
#define PAT_RESET		0x0007040600070406ULL

#define PTE_P			0x1ULL
#define PTE_W			0x2ULL
#define PTE_U			0x4ULL
#define PTE_PS			0x80ULL

/* Attributes as the VMCB packs them: the descriptor's, without the gap. */
#define SEG_CODE64		0xa9b
#define SEG_CODE32		0xc9b
#define SEG_DATA32		0xc93

#define INTERCEPT3_EVENTS	0xfU	/* INTR, NMI, SMI, INIT */
#define INTERCEPT3_IOIO_PROT	BIT(27)
#define INTERCEPT3_MSR_PROT	BIT(28)
#define INTERCEPT3_SHUTDOWN	BIT(31)
#define INTERCEPT4_VMRUN	BIT(0)
#define INTERCEPT4_VMMCALL	BIT(1)

#define VECTOR_DB		1
#define VECTOR_PF		14

#define CLEAN_NONE		0
#define CLEAN_ALL		0xffffffffU

#define NESTED_CTL_NP		1ULL
#define VIRT_EXT_LBR		1ULL

#define EVENT_INJ_VALID		BIT(31)
#define EVENT_INJ_INTR		(0U << 8)
#define EVENT_INJ_NMI		(2U << 8)
#define EVENT_INJ_EXEPT		(3U << 8)
#define EVENT_INJ_SOFT		(4U << 8)

/* CPUID 1 ECX */
#define CPUID_HYPERVISOR	BIT(31)

/* CPUID 0x80000001 ECX */
#define CPUID_SVM		BIT(2)

/* CPUID 0x8000000a EDX */
#define FEATURES_CPUID		0x80000001
#define CPUID_NX		BIT(20)	/* EDX */
#define SVM_CPUID		0x8000000a
#define SVM_CPUID_NPT		BIT(0)
#define SVM_CPUID_LBRV		BIT(1)
#define SVM_CPUID_NRIPS		BIT(3)
#define SVM_CPUID_TSC_RATE	BIT(4)
#define SVM_CPUID_VMCB_CLEAN	BIT(5)
#define SVM_CPUID_PAUSE_FILTER	BIT(10)
#define SVM_CPUID_VLS		BIT(15)
#define SVM_CPUID_VGIF		BIT(16)
#define SVM_CPUID_VNMI		BIT(25)

/* A 64-bit L2 at l2_entry; L1 intercepts no more than it must. */
void vmcb_fill(void *vmcb);

#endif /* VMCB12_VMCB_H */
