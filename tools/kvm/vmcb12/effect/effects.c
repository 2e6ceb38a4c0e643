// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1 injects an event into L2, which stands at A.  The CPU cannot read the IDT,
 * since L0 has not mapped its page yet, so that L0 has to inject the event once
 * more.  Right after one of L0's fetches of RIP from vmcb12, it becomes B.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "effects.h"
#include "flipdev.h"
#include "guest.h"
#include "kmsg.h"
#include "util.h"
#include "vmcb.h"

#define GPA_COLD_IDT	0x1e000
#define MAX_STOPS	8

#define BP_VECTOR	3
#define OF_VECTOR	4
#define EXIT_NPF	0x400

#define EVENT_INTN	(EVENT_INJ_VALID | EVENT_INJ_SOFT | SOFT_INT_VECTOR)
#define EVENT_BP	(EVENT_INJ_VALID | EVENT_INJ_EXEPT | BP_VECTOR)
#define EVENT_OF	(EVENT_INJ_VALID | EVENT_INJ_EXEPT | OF_VECTOR)

const struct effect_case effect_cases[] = {
	{ .name = "int", .what = "INT 0x20", .event_inj = EVENT_INTN },
	{ .name = "bp", .what = "#BP", .event_inj = EVENT_BP },
	{ .name = "of", .what = "#OF", .event_inj = EVENT_OF },
	{ .name = "int-at-b", .what = "INT 0x20, INT 0x20 at B", .event_inj = EVENT_INTN,
	  .int_at_b = true },
	{ .name = "int-mapped", .what = "INT 0x20, IDT mapped", .event_inj = EVENT_INTN,
	  .idt_mapped = true },
	{ .name = "int-hidden", .what = "INT 0x20, NRIPS hidden", .event_inj = EVENT_INTN,
	  .vmm = VMM_NO_NRIPS },
	{ .name = "bp-hidden", .what = "#BP, NRIPS hidden", .event_inj = EVENT_BP,
	  .vmm = VMM_NO_NRIPS },
	{ .name = "of-hidden", .what = "#OF, NRIPS hidden", .event_inj = EVENT_OF,
	  .vmm = VMM_NO_NRIPS },
	{ .name = "int-at-b-hidden", .what = "INT 0x20, NRIPS hidden, INT 0x20 at B",
	  .event_inj = EVENT_INTN, .vmm = VMM_NO_NRIPS, .int_at_b = true },
	{ .name = "int-mapped-hidden", .what = "INT 0x20, NRIPS hidden, IDT mapped",
	  .event_inj = EVENT_INTN, .vmm = VMM_NO_NRIPS, .idt_mapped = true },
	{ .name = "int-csbase", .what = "INT 0x20, CS base 0x1000", .event_inj = EVENT_INTN,
	  .cs_base = 0x1000 },
	{ .name = "bp-csbase", .what = "#BP, CS base 0x1000", .event_inj = EVENT_BP,
	  .cs_base = 0x1000 },
	{ .name = "of-csbase", .what = "#OF, CS base 0x1000", .event_inj = EVENT_OF,
	  .cs_base = 0x1000 },
	{ .name = "int-csbase-hidden", .what = "INT 0x20, NRIPS hidden, CS base 0x1000",
	  .event_inj = EVENT_INTN, .vmm = VMM_NO_NRIPS, .cs_base = 0x1000 },
	{ .name = "bp-csbase-hidden", .what = "#BP, NRIPS hidden, CS base 0x1000",
	  .event_inj = EVENT_BP, .vmm = VMM_NO_NRIPS, .cs_base = 0x1000 },
	{ .name = "of-csbase-hidden", .what = "#OF, NRIPS hidden, CS base 0x1000",
	  .event_inj = EVENT_OF, .vmm = VMM_NO_NRIPS, .cs_base = 0x1000 },
};

const size_t nr_effect_cases = ARRAY_SIZE(effect_cases);

static const char *const recorded[] = { "kvm_exit", "kvm_inj_virq", "kvm_inj_exception" };

static u64 place_a(void)
{
	return GPA_OF(l2_entry);
}

static u64 place_b(const struct effect_case *c)
{
	return c->int_at_b ? GPA_OF(l2_other_int) : GPA_OF(l2_other);
}

/* A and B are the names; an instruction behind them is A+n or B+n. */
static char *place_name(const struct effect_case *c, u64 address)
{
	u64 a = address - place_a(), b = address - place_b(c);

	if (b < 8)
		return b ? xasprintf("B+%llu", b) : xasprintf("B");
	if (a < 8)
		return a ? xasprintf("A+%llu", a) : xasprintf("A");
	return xasprintf("0x%llx", address);
}

/* A log that cannot be read has no warnings. */
static int open_log(void)
{
	static const char line[] = "<4>vmcb12-effect: this log is read\n";
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC), log = kmsg_open();
	bool written = fd >= 0 && write(fd, line, sizeof(line) - 1) > 0;
	char *text = kmsg_next(log);

	if (!written || !text || strcmp(text, "vmcb12-effect: this log is read"))
		die(EXIT_REFUSED, "cannot read back what is written to /dev/kmsg");
	free(text);
	close(fd);
	return log;
}

void effects_init(struct effects *e, struct lab *lab)
{
	size_t i;

	memset(e, 0, sizeof(*e));
	e->lab = lab;
	e->dev = flipdev_open();
	e->kmsg = open_log();
	for (i = 0; i < ARRAY_SIZE(recorded); i++) {
		if (!record_on(&e->rec, recorded[i]))
			die(EXIT_REFUSED, "no tracepoint %s", recorded[i]);
	}
}

void effects_exit(struct effects *e)
{
	record_off(&e->rec);
	close(e->kmsg);
	close(e->dev);
}

static void set_up_l2(struct lab *lab, unsigned int idt, u32 event_inj)
{
	u64 mailbox[2] = { GPA_OF(l1_vmrun), GPA_VMCB12 };
	void *vmcb12 = lab->mem + GPA_VMCB12;

	path_enter(lab, path_by_name("vmrun-dirty"));
	memcpy(lab->mem + GPA_MAILBOX, mailbox, sizeof(mailbox));
	vmm_set_gate(lab->mem, idt, BP_VECTOR, GPA_OF(l2_iret));
	vmm_set_gate(lab->mem, idt, OF_VECTOR, GPA_OF(l2_iret));
	vmm_set_gate(lab->mem, idt, SOFT_INT_VECTOR, GPA_OF(l2_iret));
	field_set(vmcb12, F_IDTR_BASE, idt);
	field_set(vmcb12, F_RIP, place_a());
	field_set(vmcb12, F_CTL_NEXT_RIP, place_a());
	field_set(vmcb12, F_CTL_EVENT_INJ, event_inj);
}

/* L2 has stopped at an OUT: note what it shows. */
static const char *take_stop(struct effects *e, const struct vmm *vmm,
			     const struct effect_case *c, struct effect_trial *t)
{
	struct kvm_regs regs;
	u64 ret;

	if (ioctl(vmm->vcpu, KVM_GET_REGS, &regs))
		return xasprintf("KVM_GET_REGS: %s", strerror(errno));
	switch (vmm->run->io.port) {
	case PORT_L2_INT:
		if (regs.rsp > GUEST_MEM_SIZE - sizeof(ret))
			return xasprintf("L2's RSP is 0x%llx", regs.rsp);
		memcpy(&ret, e->lab->mem + regs.rsp, sizeof(ret));
		if (!t->delivered++)
			t->ret = place_name(c, ret);
		return NULL;
	case PORT_L2:
		if (!t->on)
			t->on = place_name(c, regs.rip);
		return NULL;
	default:
		return xasprintf("OUT to port 0x%x", vmm->run->io.port);
	}
}

/* From L2's first stop, or L1's, to L1's. */
static const char *go_to_l1(struct effects *e, struct vmm *vmm, const struct effect_case *c,
			    struct effect_trial *t)
{
	const char *error = NULL;
	unsigned int i;

	for (i = 0; !error && i < MAX_STOPS; i++) {
		if (vmm->run->io.port == PORT_L1)
			return NULL;
		error = take_stop(e, vmm, c, t);
		if (!error)
			error = vmm_run_any(vmm);
	}
	return error ? error : "L2 does not come to an end";
}

/*
 * Everything that L2 needs, but the other IDT, is mapped by an interrupt of a
 * device, which no kernel loses.
 */
static const char *warm_up(struct effects *e, struct vmm *vmm, const struct effect_case *c)
{
	struct effect_trial t = {};
	const char *error;

	set_up_l2(e->lab, GPA_IDT, EVENT_INJ_VALID | SOFT_INT_VECTOR);
	error = vmm_run_any(vmm);
	if (!error)
		error = go_to_l1(e, vmm, c, &t);
	if (!error && t.delivered != 1)
		error = xasprintf("an external interrupt was delivered %u times", t.delivered);
	free(t.ret);
	free(t.on);
	return error;
}

static u64 recorded_value(const struct record *rec, const char *name)
{
	const struct record_field *field = record_field(rec->event, name);

	return field ? record_value(rec, field) : 0;
}

/* EXITINTINFO says that an event was on its way. */
static bool is_interrupted(const struct record *rec)
{
	return recorded_value(rec, "exit_reason") == EXIT_NPF &&
	       recorded_value(rec, "intr_info") & EVENT_INJ_VALID;
}

static void take_records(struct effects *e, struct effect_trial *t)
{
	struct record rec;
	int ret;

	while ((ret = record_next(&e->rec, &rec))) {
		if (ret < 0)
			t->error = "perf lost records";
		else if (rec.event != &e->rec.event[0])
			t->injections++;
		else if (is_interrupted(&rec))
			t->interrupted++;
	}
}

static void drop_records(struct effects *e)
{
	struct record rec;

	while (record_next(&e->rec, &rec))
		;
}

static void take_log(struct effects *e, struct effect_trial *t)
{
	char *line;

	while ((line = kmsg_next(e->kmsg))) {
		t->log = xrealloc(t->log, (t->nr_logs + 1) * sizeof(*t->log));
		t->log[t->nr_logs++] = line;
	}
}

/* RIP is under watch up to L2's first stop; KVM writes to it on #VMEXIT. */
static void inject(struct effects *e, struct vmm *vmm, const struct effect_case *c,
		   struct effect_trial *t)
{
	const struct vmcb_field *rip = &vmcb_fields[F_RIP];
	unsigned int nth = t->when < EFFECT_AFTER_1 ? 0 : t->when - EFFECT_AFTER_1 + 1;
	unsigned char *vmcb12 = e->lab->mem + GPA_VMCB12;

	set_up_l2(e->lab, c->idt_mapped ? GPA_IDT : GPA_COLD_IDT, c->event_inj);
	field_set(vmcb12, F_CS_BASE, c->cs_base);
	drop_records(e);
	if (t->when == EFFECT_BEFORE)
		field_set(vmcb12, F_RIP, place_b(c));
	flipdev_arm(e->dev, vmcb12 + rip->offset, rip->size, nth, place_b(c));
	t->error = vmm_run_any(vmm);
	t->fetches = flipdev_disarm(e->dev);
	if (!t->error)
		t->error = go_to_l1(e, vmm, c, t);
	t->exit_code = field_get(vmcb12, F_CTL_EXIT_CODE);
	take_records(e, t);
	take_log(e, t);
	if (!t->error && nth && !t->fetches.flipped)
		t->error = "RIP is not fetched as often as before";
}

/* In a VM of its own, so that no trial finds anything of another one. */
static void try_once(struct effects *e, const struct effect_case *c, struct effect_trial *t)
{
	struct vmm *vmm = &e->lab->vmm[c->vmm];

	lab_reset(e->lab, c->vmm);
	t->error = e->lab->vmm_missing[c->vmm];
	if (!t->error)
		t->error = warm_up(e, vmm, c);
	if (!t->error)
		inject(e, vmm, c, t);
}

void effect_try(struct effects *e, struct effect *effect)
{
	struct effect_trial *t;
	unsigned int fetches = 0;

	do {
		effect->trial = xrealloc(effect->trial,
					 (effect->nr_trials + 1) * sizeof(*effect->trial));
		t = &effect->trial[effect->nr_trials];
		memset(t, 0, sizeof(*t));
		t->when = effect->nr_trials++;
		try_once(e, effect->c, t);
		if (t->when == EFFECT_NEVER)
			fetches = t->fetches.hits;
		if (fetches > VMCB12_FLIP_MAX_HITS)
			t->error = "RIP is fetched too often";
	} while (!t->error && effect->nr_trials < EFFECT_AFTER_1 + fetches);
}
