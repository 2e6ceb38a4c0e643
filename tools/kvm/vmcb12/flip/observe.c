// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest.h"
#include "observe.h"
#include "util.h"
#include "vmcb.h"

#define NESTED_STATE_SIZE	(sizeof(struct kvm_nested_state) + VMCB_SIZE)
#define CONTROL_AREA_SIZE	0x400

static bool is_name(const char *name, const char *who, const char *what)
{
	size_t len = strlen(who);

	return !strncmp(name, who, len) && name[len] == '.' && !strcmp(name + len + 1, what);
}

/*
 * Names are made once and live as long as the program, so that they can be
 * compared as pointers.  They mostly come in the order in which they came last.
 */
static const char *intern(const char *who, const char *what)
{
	static char **known;
	static size_t nr, next;
	size_t i;

	for (i = 0; i < nr; i++, next++) {
		if (next >= nr)
			next = 0;
		if (is_name(known[next], who, what))
			return known[next++];
	}
	known = xrealloc(known, (nr + 1) * sizeof(*known));
	known[nr] = xasprintf("%s.%s", who, what);
	next = nr + 1;
	return known[nr++];
}

void observe_value(struct observed *o, const char *who, const char *what, u64 value)
{
	if (o->nr % 64 == 0)
		o->item = xrealloc(o->item, (o->nr + 64) * sizeof(*o->item));
	o->item[o->nr].name = intern(who, what);
	o->item[o->nr++].value = value;
}

void observed_free(struct observed *o)
{
	free(o->item);
	memset(o, 0, sizeof(*o));
}

static void vcpu_get(const struct vmm *vmm, unsigned long request, void *to, const char *name)
{
	if (ioctl(vmm->vcpu, request, to) < 0)
		die(EXIT_INFRA, "%s: %s", name, strerror(errno));
}

static void observe_regs(struct observed *o, const struct vmm *vmm, const char *who)
{
	static const char * const names[] = {
		"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp", "r8", "r9", "r10",
		"r11", "r12", "r13", "r14", "r15", "rip", "rflags",
	};
	/* struct kvm_regs has these members, in this order. */
	union {
		struct kvm_regs regs;
		u64 value[ARRAY_SIZE(names)];
	} u;
	size_t i;

	vcpu_get(vmm, KVM_GET_REGS, &u.regs, "KVM_GET_REGS");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		observe_value(o, who, names[i], u.value[i]);
}

static void observe_segment(struct observed *o, const char *who, const char *name,
			    const struct kvm_segment *s)
{
	char *segment = xasprintf("%s.%s", who, name);

	observe_value(o, segment, "selector", s->selector);
	/* Packed as in the VMCB. */
	observe_value(o, segment, "attrib", s->type | s->s << 4 | s->dpl << 5 | s->present << 7 |
		      s->avl << 8 | s->l << 9 | s->db << 10 | s->g << 11);
	observe_value(o, segment, "limit", s->limit);
	observe_value(o, segment, "base", s->base);
	free(segment);
}

static void observe_table(struct observed *o, const char *who, const char *name,
			  const struct kvm_dtable *t)
{
	char *table = xasprintf("%s.%s", who, name);

	observe_value(o, table, "limit", t->limit);
	observe_value(o, table, "base", t->base);
	free(table);
}

static void observe_sregs(struct observed *o, const struct vmm *vmm, const char *who)
{
	struct kvm_sregs s;

	vcpu_get(vmm, KVM_GET_SREGS, &s, "KVM_GET_SREGS");
	observe_segment(o, who, "es", &s.es);
	observe_segment(o, who, "cs", &s.cs);
	observe_segment(o, who, "ss", &s.ss);
	observe_segment(o, who, "ds", &s.ds);
	observe_segment(o, who, "fs", &s.fs);
	observe_segment(o, who, "gs", &s.gs);
	observe_segment(o, who, "ldtr", &s.ldt);
	observe_segment(o, who, "tr", &s.tr);
	observe_table(o, who, "gdtr", &s.gdt);
	observe_table(o, who, "idtr", &s.idt);
	observe_value(o, who, "cr0", s.cr0);
	observe_value(o, who, "cr2", s.cr2);
	observe_value(o, who, "cr3", s.cr3);
	observe_value(o, who, "cr4", s.cr4);
	observe_value(o, who, "cr8", s.cr8);
	observe_value(o, who, "efer", s.efer);
}

static void observe_debugregs(struct observed *o, const struct vmm *vmm, const char *who)
{
	struct kvm_debugregs d;

	vcpu_get(vmm, KVM_GET_DEBUGREGS, &d, "KVM_GET_DEBUGREGS");
	observe_value(o, who, "dr6", d.dr6);
	observe_value(o, who, "dr7", d.dr7);
}

/* What VMLOAD loads, and what goes with nested paging and LBR virtualisation. */
static void observe_msrs(struct observed *o, const struct vmm *vmm, const char *who)
{
	static const struct {
		const char *name;
		u32 index;
	} msrs[] = {
		{ "star",		0xc0000081 },
		{ "lstar",		0xc0000082 },
		{ "cstar",		0xc0000083 },
		{ "sfmask",		0xc0000084 },
		{ "kernel_gs_base",	0xc0000102 },
		{ "sysenter_cs",	0x174 },
		{ "sysenter_esp",	0x175 },
		{ "sysenter_eip",	0x176 },
		{ "g_pat",		0x277 },
		{ "dbgctl",		0x1d9 },
		{ "br_from",		0x1db },
		{ "br_to",		0x1dc },
		{ "last_excp_from",	0x1dd },
		{ "last_excp_to",	0x1de },
	};
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} one;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		memset(&one, 0, sizeof(one));
		one.head.nmsrs = 1;
		one.entry.index = msrs[i].index;
		/* One that this kernel does not know is not the guest's either. */
		if (ioctl(vmm->vcpu, KVM_GET_MSRS, &one) == 1)
			observe_value(o, who, msrs[i].name, one.entry.data);
	}
}

/* Is L2 in charge, and if so, the control area that KVM copied. */
static void observe_nested(struct observed *o, const struct vmm *vmm, const char *who)
{
	struct kvm_nested_state *state = xcalloc(1, NESTED_STATE_SIZE);
	char *control = xasprintf("%s.copy", who);
	enum vmcb_field_id id;
	bool l2;

	state->size = NESTED_STATE_SIZE;
	vcpu_get(vmm, KVM_GET_NESTED_STATE, state, "KVM_GET_NESTED_STATE");
	l2 = state->flags & KVM_STATE_NESTED_GUEST_MODE;
	observe_value(o, who, "guest_mode", l2);
	for (id = 0; id < NR_FIELDS && vmcb_fields[id].offset < CONTROL_AREA_SIZE; id++) {
		if (vmcb_fields[id].size <= sizeof(u64))
			observe_value(o, control, vmcb_fields[id].name,
				      l2 ? field_get(state->data.svm, id) : 0);
	}
	free(control);
	free(state);
}

/* The return address that an interrupt handler of L2 finds on its stack. */
static void observe_frame(struct observed *o, const struct lab *lab, const struct vmm *vmm,
			  const char *who)
{
	struct kvm_regs regs;
	u64 address = 0;

	vcpu_get(vmm, KVM_GET_REGS, &regs, "KVM_GET_REGS");
	if (vmm->run->exit_reason == KVM_EXIT_IO && vmm->run->io.port == PORT_L2_INT &&
	    regs.rsp < GUEST_MEM_SIZE - sizeof(address))
		memcpy(&address, lab->mem + regs.rsp, sizeof(address));
	observe_value(o, who, "return_address", address);
}

void observe_vcpu(struct observed *o, const struct lab *lab, const struct vmm *vmm,
		  const char *who)
{
	const struct kvm_run *run = vmm->run;

	/* Where it stopped: at which OUT, or why else. */
	observe_value(o, who, "kvm_exit", run->exit_reason);
	observe_value(o, who, "port", run->exit_reason == KVM_EXIT_IO ? run->io.port : 0);
	observe_regs(o, vmm, who);
	observe_sregs(o, vmm, who);
	observe_debugregs(o, vmm, who);
	observe_msrs(o, vmm, who);
	observe_nested(o, vmm, who);
	observe_frame(o, lab, vmm, who);
}

void observe_vmcb12(struct observed *o, const struct lab *lab)
{
	enum vmcb_field_id id;

	for (id = 0; id < NR_FIELDS; id++) {
		if (vmcb_fields[id].size <= sizeof(u64))
			observe_value(o, "vmcb12", vmcb_fields[id].name,
				      field_get(lab->mem + GPA_VMCB12, id));
	}
}

bool observed_get(const struct observed *o, const char *name, u64 *value)
{
	size_t i;

	for (i = 0; i < o->nr; i++) {
		if (!strcmp(o->item[i].name, name)) {
			*value = o->item[i].value;
			return true;
		}
	}
	return false;
}

void names_add(struct names *names, const char *name)
{
	names->name = xrealloc(names->name, (names->nr + 1) * sizeof(*names->name));
	names->name[names->nr++] = name;
}

void names_free(struct names *names)
{
	free(names->name);
	memset(names, 0, sizeof(*names));
}

static bool named(const struct names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->nr; i++) {
		if (!strcmp(names->name[i], name))
			return true;
	}
	return false;
}

/* Lists of one path have the same names in the same order. */
const struct observation *observed_diff(const struct observed *a, const struct observed *b,
					const struct names *skip, const char *own, size_t *i)
{
	const struct observation *x, *y;

	for (; *i < a->nr && *i < b->nr; (*i)++) {
		x = &a->item[*i];
		y = &b->item[*i];
		if ((x->name != y->name || x->value != y->value) &&
		    (!own || strcmp(y->name, own)) && !named(skip, y->name)) {
			(*i)++;
			return y;
		}
	}
	return NULL;
}

bool observed_same(const struct observed *a, const struct observed *b,
		   const struct names *skip, const char *own)
{
	size_t i = 0;

	return !observed_diff(a, b, skip, own, &i);
}
