// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walk a path once for each place in time at which a field can be written:
 * before the path begins, right after each of the kernel's accesses, and when
 * the path has come to its end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "flipdev.h"
#include "flips.h"
#include "guest.h"
#include "kmsg.h"
#include "util.h"
#include "vmcb.h"

#define NO_FLIP		(-1)
#define LATE		0x10000		/* more accesses than there can be */
#define MAX_STOPS	4
#define MAX_TRIES	8
#define SAME		3		/* walks that show a change */

/* One walk, as it is asked for and as it went. */
struct walk {
	enum vmcb_field_id id;
	int nth;			/* or NO_FLIP, or LATE */
	u64 old, new;
	struct vmcb12_flip_result result;
	struct observed state;
	const char *error;		/* the path did not go its usual way */
};

const char *outcome_name(enum outcome outcome)
{
	static const char * const names[] = {
		[OUTCOME_OLD]	= "old",
		[OUTCOME_NEW]	= "new",
		[OUTCOME_TORN]	= "torn",
	};

	return names[outcome];
}

/*
 * Values that KVM and the CPU accept wherever possible, so that L2 runs and its
 * state tells.  What is not here gets its low bit changed.
 */
static const u64 flip_bits[NR_FIELDS] = {
	[F_CTL_IOPM]		= 0x1000,
	[F_CTL_MSRPM]		= 0x1000,
	[F_CTL_TSC_OFFSET]	= 0x1000,
	[F_CTL_ASID]		= 0x3,
	[F_CTL_AVIC_BAR]	= 0x1000,
	[F_CTL_AVIC_BACKING]	= 0x1000,
	[F_CTL_AVIC_LOGICAL]	= 0x1000,
	[F_CTL_AVIC_PHYSICAL]	= 0x1000,
	[F_CTL_NESTED_CR3]	= 0x1000,
	[F_CTL_INT_CTL]		= BIT(24),	/* V_INTR_MASKING */
	[F_CTL_CLEAN]		= CLEAN_ALL,
	[F_ES_SELECTOR]		= 0x10,
	[F_CS_SELECTOR]		= 0x10,
	[F_SS_SELECTOR]		= 0x10,
	[F_DS_SELECTOR]		= 0x10,
	/* The bit that is for software. */
	[F_ES_ATTRIB]		= 0x100,
	[F_CS_ATTRIB]		= 0x100,
	[F_SS_ATTRIB]		= 0x100,
	[F_DS_ATTRIB]		= 0x100,
	[F_ES_LIMIT]		= 0x10000,
	[F_CS_LIMIT]		= 0x10000,
	[F_SS_LIMIT]		= 0x10000,
	[F_DS_LIMIT]		= 0x10000,
	[F_ES_BASE]		= 0x10000,
	[F_CS_BASE]		= 0x10000,
	[F_SS_BASE]		= 0x10000,
	[F_DS_BASE]		= 0x10000,
	[F_FS_BASE]		= 0x10000,
	[F_GS_BASE]		= 0x10000,
	[F_GDTR_BASE]		= 0x10000,
	[F_LDTR_BASE]		= 0x10000,
	[F_IDTR_BASE]		= 0x10000,
	[F_TR_BASE]		= 0x10000,
	[F_GDTR_LIMIT]		= 0x20,
	[F_IDTR_LIMIT]		= 0x1000,
	[F_CPL]			= 0x3,
	[F_CR4]			= 0x80,		/* PGE */
	[F_CR3]			= 0x18,		/* PCD, PWT */
	[F_CR0]			= 0x10000,	/* WP */
	[F_DR7]			= 0x200,	/* GE */
	/* The upper half is for --host-dr6: it can bring a host down. */
	[F_DR6]			= 0x1,
	[F_RSP]			= 0x100,
	[F_RAX]			= 0x5a5a,
	[F_G_PAT]		= 0x6,
	[F_BR_FROM]		= 0x1000,
	[F_BR_TO]		= 0x1000,
	[F_CR2]			= 0x1000,
};

static u64 other_value(const struct flipper *f, enum vmcb_field_id id, u64 old)
{
	u64 entry = GPA_OF(l2_entry);

	if (id == F_DR6 && f->host_dr6)
		return old ^ DR6_RESERVED;
	if (id == F_RIP)
		return old == entry ? (u64)GPA_OF(l2_twice) : entry;
	/* An interrupt of a device, since a software interrupt may be lost without NRIPS. */
	if (id == F_CTL_EVENT_INJ)
		return old ? 0 : EVENT_INJ_VALID | SOFT_INT_VECTOR;
	return old ^ (flip_bits[id] ? flip_bits[id] : 1);
}

static struct vmm *vmm_of(const struct flipper *f, const struct path *path)
{
	return &f->lab->vmm[path->vmm];
}

/* From wherever L2 stopped to L1, however often L2 stops on the way. */
static void go_back_to_l1(struct flipper *f, const struct path *path, struct walk *w)
{
	struct vmm *vmm = vmm_of(f, path);
	const struct kvm_run *run = vmm->run;
	const char *error = w->error;
	unsigned int i;

	if (!error)
		error = path_leave(f->lab, path);
	for (i = 0; error && i < MAX_STOPS && run->exit_reason == KVM_EXIT_IO &&
	     run->io.port != PORT_L1; i++)
		error = vmm_run(vmm, PORT_L1);
	if (error && !w->error)
		w->error = error;
}

static void observe_records(struct observed *o, struct recorder *rec)
{
	struct record last[RECORD_MAX_EVENTS] = {}, one;
	const struct record_event *event;
	size_t i, field;
	char *who;

	while (record_next(rec, &one) > 0)
		last[one.event - rec->event] = one;
	/* The same names always, as zeroes if the tracepoint was not reached. */
	for (i = 0; i < rec->nr_events; i++) {
		event = &rec->event[i];
		who = xasprintf("trace.%s", event->name);
		for (field = 0; field < event->nr_fields; field++)
			observe_value(o, who, event->field[field].name,
				      record_value(&last[i], &event->field[field]));
		free(who);
	}
}

/* They stay on for the whole path: switching them takes many times a walk. */
static void tracepoints_on(struct recorder *rec)
{
	if (!record_on(rec, "kvm_nested_vmenter"))
		record_on(rec, "kvm_nested_vmrun");	/* before 6.3 */
	record_on(rec, "kvm_nested_intercepts");
}

/* With a breakpoint in L1's DR7, KVM may load the guest's DR6 into the CPU. */
static const char *enable_breakpoint(const struct vmm *vmm)
{
	struct kvm_debugregs d;

	if (ioctl(vmm->vcpu, KVM_GET_DEBUGREGS, &d))
		return xasprintf("KVM_GET_DEBUGREGS: %s", strerror(errno));
	d.dr7 |= DR7_L0;
	if (ioctl(vmm->vcpu, KVM_SET_DEBUGREGS, &d))
		return xasprintf("KVM_SET_DEBUGREGS: %s", strerror(errno));
	return NULL;
}

/* @w: id and nth are given.  Returns NULL, or why the walk could not begin. */
static const char *walk(struct flipper *f, const struct path *path, struct walk *w)
{
	unsigned char *vmcb12 = f->lab->mem + GPA_VMCB12;
	const struct vmcb_field *field = &vmcb_fields[w->id];
	const char *error;

	memset(&w->state, 0, sizeof(w->state));
	memset(&w->result, 0, sizeof(w->result));
	error = path_enter(f->lab, path);
	if (!error && f->host_dr6)
		error = enable_breakpoint(vmm_of(f, path));
	if (error)
		return error;

	w->old = field_get(vmcb12, w->id);
	w->new = other_value(f, w->id, w->old);
	if (w->nth == 0)
		field_set(vmcb12, w->id, w->new);
	else if (w->nth > 0)
		flipdev_arm(f->dev, vmcb12 + field->offset, field->size, w->nth, w->new);
	w->error = path_act(f->lab, path);
	if (w->nth > 0)
		w->result = flipdev_disarm(f->dev);
	if (w->nth > 0 && !w->result.flipped)
		field_set(vmcb12, w->id, w->new);

	observe_vcpu(&w->state, f->lab, vmm_of(f, path), "l2");
	go_back_to_l1(f, path, w);
	observe_vcpu(&w->state, f->lab, vmm_of(f, path), "l1");
	observe_vmcb12(&w->state, f->lab);
	observe_records(&w->state, &f->rec);
	return NULL;
}

/* Once without a write, so that the next walk finds the same as all others. */
static const char *warm_up(struct flipper *f, const struct path *path, struct observed *state)
{
	struct walk w = { .id = F_RIP, .nth = NO_FLIP };
	const char *error = walk(f, path, &w);

	*state = w.state;
	return error ? error : w.error;
}

static const char *fresh_vm(struct flipper *f, const struct path *path)
{
	struct observed state = {};
	const char *error;

	lab_reset(f->lab, path->vmm);
	error = path_missing(f->lab, path);
	if (!error)
		error = warm_up(f, path, &state);
	observed_free(&state);
	return error;
}

/*
 * What is not as in @ref, in a new VM and without a write, is the work of an
 * interrupt that came at another moment, and from then on no sign of a write.
 */
static void learn_noise(struct flipper *f, const struct observed *ref, const struct observed *now)
{
	const struct observation *o;
	size_t i = 0;

	while ((o = observed_diff(ref, now, &f->noise, NULL, &i)))
		names_add(&f->noise, o->name);
}

/* A write can leave its traces in the VM; then only a new one will do. */
static const char *settle(struct flipper *f, const struct path *path, const struct observed *ref)
{
	struct observed state = {};
	const char *error;
	bool clean;

	clean = !warm_up(f, path, &state) && observed_same(ref, &state, &f->noise, NULL);
	observed_free(&state);
	if (clean)
		return NULL;
	/* The first walk of a VM differs from all others. */
	error = fresh_vm(f, path);
	if (!error)
		error = warm_up(f, path, &state);
	if (!error)
		learn_noise(f, ref, &state);
	observed_free(&state);
	return error;
}

static void take_log(struct flipper *f, struct flip *flip)
{
	char *line;

	while ((line = kmsg_next(f->kmsg))) {
		flip->log = xrealloc(flip->log, (flip->nr_logs + 1) * sizeof(*flip->log));
		flip->log[flip->nr_logs++] = line;
	}
}

static void take_changes(struct flip *flip, const struct observed *ref,
			 const struct observed *now, const struct names *skip, const char *own)
{
	const struct observation *o;
	struct change *change;
	size_t i = 0;

	while ((o = observed_diff(ref, now, skip, own, &i))) {
		flip->change = xrealloc(flip->change,
					(flip->nr_changes + 1) * sizeof(*flip->change));
		change = &flip->change[flip->nr_changes++];
		change->name = o->name;
		change->old = ref->item[o - now->item].value;
		change->new = o->value;
	}
}

/* Where the list has a field as KVM checked or traced it, and as L2 had it. */
static void take_values(struct flip *flip, enum vmcb_field_id id, const struct observed *now)
{
	static const struct {
		enum vmcb_field_id id;
		const char *name;
	} traced[] = {
		{ F_RIP,	"trace.kvm_nested_vmenter.nested_rip" },
		{ F_RIP,	"trace.kvm_nested_vmrun.nested_rip" },
		{ F_CR3,	"trace.kvm_nested_vmenter.guest_cr3" },
	};
	const char *name = vmcb_fields[id].name;
	char *item;
	size_t i;

	if (!strncmp(name, "save.", 5)) {
		item = xasprintf("l2.%s", name + 5);
		flip->has_used = observed_get(now, item, &flip->used);
	} else {
		item = xasprintf("l2.copy.%s", name);
		flip->has_record = observed_get(now, item, &flip->record);
	}
	free(item);
	for (i = 0; i < ARRAY_SIZE(traced) && !flip->has_record; i++) {
		if (traced[i].id == id)
			flip->has_record = observed_get(now, traced[i].name, &flip->record);
	}
	observed_get(now, "vmcb12.control.exit_code", &flip->exit_code);
}

/*
 * What the path looks like without a write.  A tick of the host can get in
 * between, so that it has to look like that twice.
 */
static const char *reference(struct flipper *f, const struct path *path, struct observed *ref)
{
	struct observed again = {};
	const struct observation *o = NULL;
	const char *error = warm_up(f, path, ref);
	unsigned int try;
	size_t i;

	for (try = 0; !error && try < MAX_TRIES; try++) {
		error = warm_up(f, path, &again);
		i = 0;
		o = error ? NULL : observed_diff(ref, &again, &f->noise, NULL, &i);
		observed_free(ref);
		*ref = again;
		memset(&again, 0, sizeof(again));
		if (!o)
			return error;
	}
	return error ? error : xasprintf("%s varies without a write", o->name);
}

/* Everything about one field while it is being flipped. */
struct trial {
	struct flipper *f;
	const struct path *path;
	const struct observed *ref;	/* without a write */
	struct observed before;		/* with a write before the path */
	struct flip_field *field;
	char *own;			/* the field's own item in vmcb12 */
	bool written_back;		/* KVM writes it on #VMEXIT, so it tells */
};

/* A write that stays in vmcb12 because KVM does not overwrite it is L1's own affair. */
static const char *skipped(const struct trial *t)
{
	return t->written_back ? NULL : t->own;
}

static bool same(const struct trial *t, const struct observed *a, const struct observed *b)
{
	return observed_same(a, b, &t->f->noise, skipped(t));
}

static void take_flip(struct trial *t, struct flip *flip, const struct walk *w)
{
	flip->nth = w->nth;
	take_changes(flip, t->ref, &w->state, &t->f->noise, skipped(t));
	take_values(flip, t->field->id, &w->state);
	if (!flip->nr_changes)
		flip->outcome = OUTCOME_OLD;
	else if (!w->nth || same(t, &t->before, &w->state))
		flip->outcome = OUTCOME_NEW;
	else
		flip->outcome = OUTCOME_TORN;
}

/* Walk, and leave the VM as if nothing had been. */
static const char *try_once(struct trial *t, struct walk *w)
{
	const char *error = walk(t->f, t->path, w);

	if (error)
		return error;
	if (w->nth > 0 && w->nth != LATE && !w->result.flipped)
		error = xasprintf("%s is not accessed as often as before",
				  vmcb_fields[w->id].name);
	else if (w->error || !same(t, t->ref, &w->state))
		error = settle(t->f, t->path, t->ref);
	return error;
}

/*
 * Write after the @nth access, or LATE.  A change counts when it has been seen
 * SAME times: what a write causes is there every time, and what a tick of the host
 * causes is not.  So one walk without a change is enough to know that there is none.
 */
static const char *flip_once(struct trial *t, int nth, struct flip *flip)
{
	struct walk w[MAX_TRIES];
	const char *error = NULL;
	int n, i, seen = 0, last = 0;

	for (n = 0; !error && seen < SAME && n < MAX_TRIES; n++) {
		last = n;
		memset(&w[n], 0, sizeof(w[n]));
		w[n].id = t->field->id;
		w[n].nth = nth;
		error = try_once(t, &w[n]);
		seen = same(t, t->ref, &w[n].state) ? SAME : 1;
		for (i = 0; i < n; i++)
			seen += same(t, &w[i].state, &w[n].state);
	}
	if (!error && seen < SAME)
		error = xasprintf("%s: the outcome varies", vmcb_fields[t->field->id].name);
	take_flip(t, flip, &w[last]);
	take_log(t->f, flip);
	if (!nth) {
		t->before = w[last].state;
		memset(&w[last].state, 0, sizeof(w[last].state));
	}
	while (n--)
		observed_free(&w[n].state);
	return error;
}

/*
 * The first walk writes when all is over.  It counts the accesses, and shows
 * whether KVM overwrites the field later.
 */
static const char *probe(struct trial *t)
{
	struct walk w = { .id = t->field->id, .nth = LATE };
	const char *error = walk(t->f, t->path, &w);
	u64 ref = 0, now = 0;

	if (error)
		return error;
	t->field->old = w.old;
	t->field->new = w.new;
	t->field->fetches = w.result.hits;
	memcpy(t->field->ip, w.result.ip, sizeof(t->field->ip));
	observed_get(t->ref, t->own, &ref);
	observed_get(&w.state, t->own, &now);
	t->written_back = now == ref;
	if (w.error || !same(t, t->ref, &w.state))
		error = settle(t->f, t->path, t->ref);
	observed_free(&w.state);
	return error;
}

static const char *flip_all(struct trial *t)
{
	struct flip_field *field = t->field;
	const char *error = NULL;
	unsigned int i;

	if (field->fetches > VMCB12_FLIP_MAX_HITS)
		return xasprintf("%s is accessed more than %d times", vmcb_fields[field->id].name,
				 VMCB12_FLIP_MAX_HITS);
	/* Before the path, after each access, late. */
	field->nr_flips = field->fetches + 2;
	field->flip = xcalloc(field->nr_flips, sizeof(*field->flip));
	for (i = 0; !error && i < field->nr_flips; i++)
		error = flip_once(t, i > field->fetches ? LATE : (int)i, &field->flip[i]);
	field->flip[field->nr_flips - 1].late = true;
	field->flip[field->nr_flips - 1].nth = field->nr_flips - 1;
	return error;
}

static bool logged(const struct flip_field *field)
{
	size_t i;

	for (i = 0; i < field->nr_flips; i++) {
		if (field->flip[i].nr_logs)
			return true;
	}
	return false;
}

/*
 * The rule: what is written after the first fetch changes nothing.  Where not
 * even a write before the path changes anything, that is no news.
 */
static void judge_field(struct flip_field *field)
{
	bool visible = false;
	size_t i;

	field->verdict = VERDICT_OK;
	for (i = 0; i < field->nr_flips; i++) {
		if (field->flip[i].outcome == OUTCOME_OLD)
			continue;
		visible = true;
		if (field->flip[i].nth)
			field->verdict = VERDICT_FAIL;
	}
	if (logged(field)) {
		field->verdict = VERDICT_FAIL;
		field->reason = xasprintf("the kernel logged a warning");
	} else if (!visible) {
		field->verdict = VERDICT_SKIP;
		field->reason = xasprintf("a write before the path has no visible effect either");
	}
}

/* Adds the field to @fp only if the path accesses it. */
static const char *flip_field(struct flipper *f, struct flip_path *fp, enum vmcb_field_id id,
			      const struct observed *ref)
{
	struct flip_field field = { .id = id };
	struct trial t = { .f = f, .path = fp->path, .ref = ref, .field = &field };
	const char *error;

	t.own = xasprintf("vmcb12.%s", vmcb_fields[id].name);
	error = probe(&t);
	if (!error && field.fetches) {
		error = flip_all(&t);
		judge_field(&field);
		fp->field = xrealloc(fp->field, (fp->nr_fields + 1) * sizeof(*fp->field));
		fp->field[fp->nr_fields++] = field;
	}
	observed_free(&t.before);
	free(t.own);
	return error;
}

/* A breakpoint watches 1, 2, 4 or 8 bytes. */
static bool can_flip(const struct flipper *f, enum vmcb_field_id id)
{
	unsigned int size = vmcb_fields[id].size;

	return size <= sizeof(u64) && !(size & (size - 1)) &&
	       (f->only == NR_FIELDS || f->only == id);
}

static const char *flip_fields(struct flipper *f, struct flip_path *fp)
{
	struct observed ref = {};
	enum vmcb_field_id id;
	const char *error;

	if (fp->path->traced)
		tracepoints_on(&f->rec);
	error = fresh_vm(f, fp->path);
	if (!error)
		error = reference(f, fp->path, &ref);
	for (id = 0; !error && id < NR_FIELDS; id++) {
		if (can_flip(f, id))
			error = flip_field(f, fp, id, &ref);
	}
	observed_free(&ref);
	record_off(&f->rec);
	return error;
}

/* To be freed. */
static char *noise_text(const struct names *noise)
{
	char *text = xasprintf("%s", "not looked at, as it varies without a write:"), *longer;
	size_t i;

	for (i = 0; i < noise->nr; i++) {
		longer = xasprintf("%s %s", text, noise->name[i]);
		free(text);
		text = longer;
	}
	return text;
}

void flip_path(struct flipper *f, struct flip_path *fp)
{
	const char *missing = path_missing(f->lab, fp->path), *error;
	size_t i;

	fp->verdict = VERDICT_SKIP;
	if (missing) {
		fp->reason = xasprintf("%s", missing);
		return;
	}
	error = flip_fields(f, fp);
	for (i = 0; i < fp->nr_fields; i++)
		fp->verdict = worse(fp->verdict, fp->field[i].verdict);
	if (error) {
		fp->verdict = worse(fp->verdict, VERDICT_INCONCLUSIVE);
		fp->reason = xasprintf("%s", error);
		lab_reset(f->lab, fp->path->vmm);
	} else if (!fp->nr_fields) {
		fp->verdict = VERDICT_INCONCLUSIVE;
		fp->reason = xasprintf("no field was fetched");
	} else if (f->noise.nr) {
		fp->reason = noise_text(&f->noise);
	}
	names_free(&f->noise);
}
