/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's physical memory, shared by the VMM (C) and the payloads (l1.S).
 * Everything is mapped 1:1 in L1 and in L2.
 */
#ifndef VMCB12_GUEST_H
#define VMCB12_GUEST_H

#define GUEST_MEM_SIZE	0x200000

/* What L1 does next: code address, RAX, count; what L2 loads: ECX (+24), EDX:EAX (+32) */
#define GPA_MAILBOX	0x1000
#define GPA_GDT		0x2000
#define GPA_IDT		0x3000
#define GPA_PML4	0x4000
#define GPA_PDPT	0x5000
#define GPA_PD		0x6000
#define GPA_NPT_PML4	0x7000
#define GPA_NPT_PDPT	0x8000
#define GPA_NPT_PD	0x9000
#define GPA_HSAVE	0xa000
#define GPA_VMCB12	0xb000	/* the page under watch */
#define GPA_VMCB12_ALT	0xc000	/* another one, to change the address */
#define GPA_IOPM	0x10000	/* 3 pages */
#define GPA_MSRPM	0x14000	/* 2 pages */
#define GPA_HYPERCALL	0x18000
#define GPA_CODE	0x20000
#define GPA_L1_STACK	0x28000	/* stacks grow down from here */
#define GPA_L2_STACK	0x2c000
#define GPA_L2_SCRATCH	0x2d000
#define GPA_SMBASE	0x30000	/* the CPU's default */
#define GPA_SMM_ENTRY	(GPA_SMBASE + 0x8000)
#define GPA_SMRAM	(GPA_SMBASE + 0xfe00)	/* the state-save map */
#define GPA_SCRIPT	0x40000	/* what a second vCPU writes where */
#define GPA_SAMPLES	0x80000	/* how long each VMRUN took, to the end of memory */
#define GPA_ANNEX	0x200000 /* a memory slot that may go; mapped in no page table */
#define GPA_NOWHERE	0x400000

#define SEL_CODE	0x08
#define SEL_DATA	0x10
#define SEL_TSS		0x18

#define SOFT_INT_VECTOR	0x20
#define CALL_VECTOR	0x21	/* its handler calls L1 */

#define SCRIBBLE_SIZE	32	/* an entry of the script */

/* One port for each place that hands control back to the VMM. */
#define PORT_L1		0x40
#define PORT_L2		0x41
#define PORT_L2_INT	0x42
#define PORT_SMM	0x43

#ifndef __ASSEMBLER__
#include "defs.h"

/* What l1.S provides; offsets from payload_start are offsets from GPA_CODE. */
extern const char payload_start[], payload_end[];
extern const char l1_idle[], l1_vmrun[], l1_vmload[], l1_vmsave[];
extern const char l1_bench[], l1_bench_from[], l1_bench_to[], l1_samples[];
extern const char l2_entry[], l2_exit[], l2_twice[], l2_int[], l2_int_handler[];
extern const char l2_other[], l2_other_int[], l2_iret[];
extern const char l1_stgi[], l1_clgi[], l1_invlpga[], l1_soak[], l1_scribble[];
extern const char l2_exit_too[];
extern const u64 l2_table[], l2_table_end[];	/* offsets from payload_start */
extern const char smm_start[], smm_end[];

#define GPA_OF(symbol)	(GPA_CODE + (u64)((symbol) - payload_start))
#endif

#endif /* VMCB12_GUEST_H */
