/* SPDX-License-Identifier: GPL-2.0-only */
/* What KVM's tracepoints record about this thread's vCPU, value by value. */
#ifndef VMCB12_RECORD_H
#define VMCB12_RECORD_H

#include "defs.h"
#include "ring.h"

#define RECORD_MAX_FIELDS	24
#define RECORD_MAX_EVENTS	4

struct record_field {
	char name[32];
	unsigned int offset;
	unsigned int size;
};

struct record_event {
	const char *name;
	unsigned int id;
	int fd;
	struct record_field field[RECORD_MAX_FIELDS];
	size_t nr_fields;
};

/* All events write into the ring of the first, so that their order is known. */
struct recorder {
	struct record_event event[RECORD_MAX_EVENTS];
	size_t nr_events;
	struct ring ring;
};

struct record {
	const struct record_event *event;
	unsigned char raw[256];
};

/* Switch @name on as well; false if this kernel has no such tracepoint. */
bool record_on(struct recorder *r, const char *name);
void record_off(struct recorder *r);

/* The field called @name, or NULL. */
const struct record_field *record_field(const struct record_event *event, const char *name);
u64 record_value(const struct record *rec, const struct record_field *field);

/* Take the oldest record: 1, or 0 if there is none, or -1 if the kernel lost some. */
int record_next(struct recorder *r, struct record *rec);

#endif /* VMCB12_RECORD_H */
