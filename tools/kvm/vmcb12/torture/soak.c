// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1 does nothing but VMRUN, and somebody else changes vmcb12 all the while: a thread
 * of ours and a second vCPU of L1 in turn.  Most of what they write is valid, so that
 * most VMRUNs get far.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scribble.h"
#include "soak.h"
#include "values.h"
#include "vmcb.h"

/* A script lasts for so many VMRUNs. */
#define CHUNK		1000
#define SAY_EVERY	1000

/* As many writes of valid values for each of any value. */
#define VALID_WRITES	7

/* Runs without one VMRUN, before the vCPU is set anew. */
#define MAX_IDLE_RUNS	3

#define CR0_WP		0x10000
#define CR4_PGE		0x80
#define EFER_SCE	1
#define CR3_PWT		8
#define INTERCEPT3_INTR	BIT(0)
#define INTERCEPT3_CPUID BIT(18)
#define V_INTR_MASKING	BIT(24)
#define SEG_CODE64_READ	0xa99

struct valid {
	enum vmcb_field_id id;
	u64 value[2];
};

/* What L2 can be run with, either way; the first is what vmcb12 begins with. */
static const struct valid valid[] = {
	{ F_CTL_INTERCEPT_CR,	{ 0, 0x10001 } },
	{ F_CTL_INTERCEPT_DR,	{ 0, 0xff00ff } },
	{ F_CTL_INTERCEPT_EXC,	{ 0, 0x40 } },
	{ F_CTL_INTERCEPT_W3,	{ INTERCEPT3_SHUTDOWN,
				  INTERCEPT3_SHUTDOWN | INTERCEPT3_INTR | INTERCEPT3_CPUID } },
	{ F_CTL_IOPM,		{ GPA_IOPM, GPA_IOPM + 0x1000 } },
	{ F_CTL_MSRPM,		{ GPA_MSRPM, GPA_MSRPM + 0x1000 } },
	{ F_CTL_TSC_OFFSET,	{ 0, 0x1000000 } },
	{ F_CTL_ASID,		{ 1, 2 } },
	{ F_CTL_TLB_CTL,	{ 0, 1 } },
	{ F_CTL_INT_CTL,	{ 0, V_INTR_MASKING } },
	{ F_CTL_INT_STATE,	{ 0, 1 } },
	{ F_CTL_NESTED_CTL,	{ 0, NESTED_CTL_NP } },
	{ F_CTL_NESTED_CR3,	{ GPA_NPT_PML4, GPA_NPT_PML4 + CR3_PWT } },
	{ F_CTL_EVENT_INJ,	{ 0, EVENT_INJ_VALID | CALL_VECTOR } },
	{ F_CTL_EVENT_INJ,	{ 0, EVENT_INJ_VALID | EVENT_INJ_SOFT | CALL_VECTOR } },
	{ F_CTL_EVENT_INJ_ERR,	{ 0, 0x10 } },
	{ F_CTL_NEXT_RIP,	{ 0, 0 } },
	{ F_CTL_VIRT_EXT,	{ 0, VIRT_EXT_LBR } },
	{ F_CTL_CLEAN,		{ 0, CLEAN_ALL } },
	{ F_ES_LIMIT,		{ 0xffffffff, 0xfffff } },
	{ F_CS_SELECTOR,	{ SEL_CODE, SEL_CODE + 0x10 } },
	{ F_CS_ATTRIB,		{ SEG_CODE64, SEG_CODE64_READ } },
	{ F_CS_BASE,		{ 0, 0x1000 } },
	{ F_SS_ATTRIB,		{ SEG_DATA32, SEG_DATA32 | 0x400 } },
	{ F_DS_LIMIT,		{ 0xffffffff, 0xfffff } },
	{ F_GDTR_LIMIT,		{ 0x1f, 0x3f } },
	{ F_IDTR_LIMIT,		{ 0xfff, 0xffff } },
	{ F_EFER,		{ EFER_LONG_MODE | EFER_SVME,
				  EFER_LONG_MODE | EFER_SVME | EFER_SCE } },
	{ F_CR0,		{ CR0_LONG_MODE, CR0_LONG_MODE | CR0_WP } },
	{ F_CR3,		{ GPA_PML4, GPA_PML4 + CR3_PWT } },
	{ F_CR4,		{ CR4_PAE, CR4_PAE | CR4_PGE } },
	{ F_DR6,		{ DR6_RESET, DR6_RESET | 1 } },
	{ F_DR7,		{ DR7_RESET, DR7_RESET | 0x100 } },
	{ F_RFLAGS,		{ RFLAGS_FIXED, RFLAGS_FIXED | RFLAGS_IF } },
	{ F_RSP,		{ GPA_L2_STACK, GPA_L2_STACK - 0x100 } },
	{ F_RAX,		{ 0, ~0ULL } },
	{ F_CR2,		{ 0, GPA_NOWHERE } },
	{ F_DBGCTL,		{ 0, 1 } },
};

/* RIP is where L2 stops at once, at one of two calls of L1. */
static struct valid rip(void)
{
	return (struct valid){ F_RIP, { GPA_OF(l2_exit), GPA_OF(l2_exit_too) } };
}

static struct valid pick(struct rng *rng)
{
	/* RIP often: it is what most of the patches are about. */
	return rng_one_in(rng, 4) ? rip() : valid[rng_below(rng, ARRAY_SIZE(valid))];
}

static void fill_vmcb12(struct rig *rig)
{
	size_t i;
	void *vmcb12 = rig->mem + GPA_VMCB12;

	vmm_fill(rig->mem);
	vmcb_fill(vmcb12);
	for (i = 0; i < ARRAY_SIZE(valid); i++)
		field_set(vmcb12, valid[i].id, valid[i].value[0]);
	field_set(vmcb12, F_RIP, rip().value[0]);
}

static void put(struct rig *rig, unsigned int *n, struct rng *rng, enum vmcb_field_id id, u64 value)
{
	*scribble_entry(rig, (*n)++) = scribble_field(GPA_VMCB12, id, value, rng_below(rng, 64));
}

/* Returns how many entries it has. */
static unsigned int write_script(struct rig *rig, struct rng *rng, bool by_vcpu)
{
	unsigned int n = 0, i = 0;
	struct valid v;

	while (n + 2 < SCRIPT_MAX) {
		v = pick(rng);
		if (by_vcpu && !scribble_guest_may(v.id))
			continue;
		if (i++ % (VALID_WRITES + 1)) {
			put(rig, &n, rng, v.id, v.value[rng_below(rng, 2)]);
			continue;
		}
		/* Anything, and at once what it was. */
		put(rig, &n, rng, v.id, value_instead(rng, v.value[0]));
		put(rig, &n, rng, v.id, v.value[0]);
	}
	return n;
}

static u64 *mailbox(struct rig *rig)
{
	return (u64 *)(rig->mem + GPA_MAILBOX);
}

static u64 left(struct rig *rig)
{
	return __atomic_load_n(&mailbox(rig)[2], __ATOMIC_RELAXED);
}

/* Let L1 do @n VMRUNs; fewer if it stands still.  Returns how many it did for sure. */
static u64 run_on(struct rig *rig, u64 n)
{
	u64 was, now = n;
	unsigned int idle = 0;

	mailbox(rig)[0] = GPA_OF(l1_soak);
	mailbox(rig)[1] = GPA_VMCB12;
	mailbox(rig)[2] = n;
	do {
		was = now;
		rig_run(rig);
		now = left(rig);
		/* L2 can write there, with a stack like that. */
		if (now > was)
			return n - was;
		idle = now == was ? idle + 1 : 0;
	} while (now && idle < MAX_IDLE_RUNS && rig->vmm.run->exit_reason != KVM_EXIT_SHUTDOWN);
	return n - now;
}

static void run_chunk(struct rig *rig, u64 n)
{
	u64 did;

	rig_to_l1(rig);
	while (n) {
		did = run_on(rig, n);
		rig->counts->vmruns += did;
		n -= did;
		if (n) {
			fill_vmcb12(rig);
			rig_reset(rig);
		}
	}
}

bool soak(struct torture *t, struct rig *rig, u64 vmruns)
{
	u64 *done = &t->counts.vmruns, start, end, chunk = 0;
	struct scribbler s;
	struct rng rng;
	bool by_vcpu;
	char *splat;

	while (*done < vmruns) {
		start = *done;
		end = start + SAY_EVERY < vmruns ? start + SAY_EVERY : vmruns;
		by_vcpu = start / SAY_EVERY % 2;
		while (*done < end) {
			rng = rng_of(t->seed, chunk++);
			rig_to_l1(rig);
			fill_vmcb12(rig);
			scribble_start(&s, rig, write_script(rig, &rng, by_vcpu),
				       by_vcpu && rig_get_second(rig));
			run_chunk(rig, end - *done < CHUNK ? end - *done : CHUNK);
			scribble_stop(&s);
		}
		printf("vmruns %llu\n", *done);
		fflush(stdout);
		splat = torture_splat(t);
		if (splat) {
			printf("splat vmruns %llu: %s\n", *done, splat);
			free(splat);
			return false;
		}
	}
	return true;
}
