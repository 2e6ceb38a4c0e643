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
	.globl l1_bench, l1_bench_from, l1_bench_to, l1_samples
	.globl l2_entry, l2_exit, l2_twice, l2_int, l2_int_handler
	.globl l2_other, l2_other_int, l2_iret
	.globl l1_stgi, l1_clgi, l1_invlpga, l1_soak, l1_scribble
	.globl l2_exit_too, l2_table, l2_table_end
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

l1_stgi:
	stgi
	jmp	l1_idle

l1_clgi:
	clgi
	jmp	l1_idle

l1_invlpga:
	xorl	%ecx, %ecx
	invlpga	%rax, %ecx
	jmp	l1_idle

/* As often as the mailbox says, VMRUN; the count is there for the VMM to see. */
l1_soak:
	movq	GPA_MAILBOX + 8, %rax
	vmrun	%rax
	decq	GPA_MAILBOX + 16
	jnz	l1_soak
	jmp	l1_idle

/*
 * For a second vCPU: go round the script from RDI to RSI, which has the address of
 * a quadword, what to keep of it, what to put there, and how long to wait then.
 */
l1_scribble:
	movq	%rdi, %rdx
1:	movq	(%rdx), %rax
	movq	(%rax), %rcx
	andq	8(%rdx), %rcx
	orq	16(%rdx), %rcx
	movq	%rcx, (%rax)
	movq	24(%rdx), %rcx
2:	pause
	decq	%rcx
	jnz	2b
	addq	$SCRIBBLE_SIZE, %rdx
	cmpq	%rsi, %rdx
	jb	1b
	jmp	l1_scribble

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

/*
 * What else L2 may do; where L0 and L1 let it go on, it calls L1.  l2_table has the
 * places.  Numbers and values that an instruction takes are in the mailbox.
 */
	.macro	l2_entry_here
	.pushsection .rodata.l2_table, "a"
	.quad	771f - payload_start
	.popsection
771:
	.endm

	.macro	l2_does insn:vararg
	l2_entry_here
	\insn
	jmp	l2_exit
	.endm

	.macro	l2_loads insn:vararg
	l2_entry_here
	movl	GPA_MAILBOX + 24, %ecx
	movl	GPA_MAILBOX + 36, %edx
	movq	GPA_MAILBOX + 32, %rax
	\insn
	jmp	l2_exit
	.endm

	.pushsection .rodata.l2_table, "a"
	.balign	8
l2_table:
	.popsection

l2_exit_too:
	vmmcall
	jmp	l2_exit_too

	l2_does	hlt
	l2_does	cpuid
	l2_does	rdtsc
	l2_does	rdpmc
	l2_does	pause
	l2_does	ud2
	l2_does	int3
	l2_does	int $SOFT_INT_VECTOR
	l2_does	int $CALL_VECTOR
	l2_does	movq %rax, GPA_NOWHERE
	l2_does	outb %al, $PORT_L2
	l2_does	inb $PORT_L2, %al
	l2_does	invlpg GPA_CODE
	l2_does	invd
	l2_does	wbinvd
	l2_does	clts
	l2_does	sgdt GPA_L2_SCRATCH
	l2_does	sidt GPA_L2_SCRATCH
	l2_does	pushfq
	l2_does	sti
	l2_does	cli
	l2_does	stgi
	l2_does	clgi
	l2_does	.byte 0xf1
	l2_loads	rdmsr
	l2_loads	wrmsr
	l2_loads	xsetbv
	l2_loads	vmrun %rax
	l2_loads	vmload %rax
	l2_loads	vmsave %rax
	l2_loads	invlpga %rax, %ecx
	l2_loads	movq %rax, %dr0
	l2_loads	movq %rax, %dr6
	l2_loads	movq %rax, %dr7
	l2_loads	movq %dr7, %rax
	l2_loads	movq %rax, %cr0
	l2_loads	movq %rax, %cr2
	l2_loads	movq %rax, %cr3
	l2_loads	movq %rax, %cr4
	l2_loads	movq %rax, %cr8
	l2_loads	movq %cr0, %rax
	l2_loads	movq %cr8, %rax
	l2_loads	lmsw %ax
	l2_loads	ltr %ax
	l2_loads	jmp *%rax

	.pushsection .rodata.l2_table, "a"
l2_table_end:
	.popsection

/*
 * l1_bench, with the ticks of each round trip in an array of its own.  Nothing that
 * came before RDTSC may still be under way.
 */
l1_samples:
	movq	%rax, %rbx
	movq	GPA_MAILBOX + 16, %rcx
	movl	$GPA_SAMPLES, %esi
1:	lfence
	rdtsc
	shlq	$32, %rdx
	leaq	(%rax, %rdx), %rdi
	movq	%rbx, %rax
	vmrun	%rax
	lfence
	rdtsc
	shlq	$32, %rdx
	addq	%rdx, %rax
	subq	%rdi, %rax
	movq	%rax, (%rsi)
	addq	$8, %rsi
	decq	%rcx
	jnz	1b
	jmp	l1_idle

payload_end:

	.code16
smm_start:
	outb	%al, $PORT_SMM
	rsm
smm_end:

	.section .note.GNU-stack, "", @progbits
