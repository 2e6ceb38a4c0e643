/* SPDX-License-Identifier: GPL-2.0-only */
/* Events that L1 injects while vmcb12's RIP changes, and what became of them. */
#ifndef VMCB12_EFFECTS_H
#define VMCB12_EFFECTS_H

#include "module/vmcb12-flip.h"
#include "paths.h"
#include "record.h"

/* One kind of event, in one setting. */
struct effect_case {
	const char *name;
	const char *what;	/* for people */
	u32 event_inj;
	enum vmm_kind vmm;
	u64 cs_base;
	bool int_at_b;		/* L2 has an INT of its own at B */
	bool idt_mapped;	/* nothing interrupts the delivery */
};

extern const struct effect_case effect_cases[];
extern const size_t nr_effect_cases;

/* When RIP is written. */
enum effect_when {
	EFFECT_NEVER,
	EFFECT_BEFORE,			/* before VMRUN */
	EFFECT_AFTER_1,			/* right after the first fetch, and so on */
};

/* One injection. */
struct effect_trial {
	unsigned int when;
	struct vmcb12_flip_result fetches;
	unsigned int delivered;		/* how often */
	char *ret;			/* where the handler returned to; NULL: there was none */
	char *on;			/* where L2 went on; NULL: nowhere */
	unsigned int interrupted;	/* deliveries that a nested page fault interrupted */
	unsigned int injections;	/* events that KVM injected itself */
	u64 exit_code;			/* of vmcb12, after all */
	char **log;			/* warnings of the kernel's */
	size_t nr_logs;
	const char *error;		/* the trial went wrong */
};

struct effect {
	const struct effect_case *c;
	struct effect_trial *trial;
	size_t nr_trials;
};

struct effects {
	struct lab *lab;
	int dev;		/* of the module vmcb12-flip */
	int kmsg;
	struct recorder rec;
};

/* Switch on what is recorded; ends the program if that cannot be done. */
void effects_init(struct effects *e, struct lab *lab);
void effects_exit(struct effects *e);

/* Inject the event once for each place in time. */
void effect_try(struct effects *e, struct effect *effect);

#endif /* VMCB12_EFFECTS_H */
