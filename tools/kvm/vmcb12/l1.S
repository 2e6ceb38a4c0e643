/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs in L1, in L2 and in SMM.  Each of them does one thing that L0 has to
 * emulate and then an OUT, which brings the VMM back: between two OUTs lies
 * exactly one step of a path.  L1 does not intercept L2's OUT.
 */
#include "guest.h"

	.section .rodata
	.code64

	.globl payload_start, payload_end
	.globl l1_idle, l1_vmrun, l1_vmload, l1_vmsave
	.globl l1_bench, l1_bench_from, l1_bench_to
	.globl l2_entry, l2_exit, l2_twice, l2_int, l2_int_handler
	.globl l2_other, l2_other_int, l2_iret
	.globl smm_start, smm_end

payload_start:

l1_idle:
	outb	%al, $PORT_L1
	movq	GPA_MAILBOX + 8, %rax
	jmp	*GPA_MAILBOX

l1_vmrun:
	vmrun	%rax
	jmp	l1_idle

l1_vmload:
	vmload	%rax
	jmp	l1_idle

l1_vmsave:
	vmsave	%rax
	jmp	l1_idle

/*
 * As often as the mailbox says, VMRUN of an L2 that stands on a VMMCALL and stays
 * there; leaves the least number of TSC ticks that a round trip took, from the first
 * RDTSC to the second.
 */
l1_bench:
	movq	%rax, %rbx
	movq	GPA_MAILBOX + 16, %rcx
	movq	$-1, %rsi
l1_bench_from:
	rdtsc
	shlq	$32, %rdx
	leaq	(%rax, %rdx), %rdi
	movq	%rbx, %rax
	vmrun	%rax
l1_bench_to:
	rdtsc
	shlq	$32, %rdx
	addq	%rdx, %rax
	subq	%rdi, %rax
	cmpq	%rsi, %rax
	cmovb	%rax, %rsi
	decq	%rcx
	jnz	l1_bench_from
	movq	%rsi, GPA_MAILBOX + 16
	jmp	l1_idle

/* What happens to L2 while it stands at the first OUT ends at the second. */
l2_twice:
	outb	%al, $PORT_L2
l2_entry:
	outb	%al, $PORT_L2
l2_exit:
	vmmcall
	jmp	l2_entry

l2_int:
	int	$SOFT_INT_VECTOR

l2_int_handler:
	outb	%al, $PORT_L2_INT
	vmmcall
	jmp	l2_int_handler

/* Where L2 goes on when somebody changes its RIP; with an INT of its own, or without. */
l2_other_int:
	int	$SOFT_INT_VECTOR
l2_other:
	outb	%al, $PORT_L2
	vmmcall
	jmp	l2_other

l2_iret:
	outb	%al, $PORT_L2_INT
	iretq

payload_end:

	.code16
smm_start:
	outb	%al, $PORT_SMM
	rsm
smm_end:

	.section .note.GNU-stack, "", @progbits
