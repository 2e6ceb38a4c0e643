/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of VMCB fields. */
#ifndef VMCB12_FIELDS_H
#define VMCB12_FIELDS_H

#include "defs.h"

#define VMCB_SIZE	4096

/* Which clean bit lets the CPU keep its cached copy of the field. */
enum vmcb_group {
	GROUP_NONE,
	GROUP_INTERCEPTS,
	GROUP_PERM_MAP,
	GROUP_ASID,
	GROUP_INTR,
	GROUP_NPT,
	GROUP_CR,
	GROUP_DR,
	GROUP_DT,
	GROUP_SEG,
	GROUP_CR2,
	GROUP_LBR,
	GROUP_AVIC,
	GROUP_CET,
	GROUP_SOFTWARE,
};

#define FIELD(id, ...)	F_##id,
enum vmcb_field_id {
#include "fields-table.h"
	NR_FIELDS
};

#undef FIELD

struct vmcb_field {
	const char *name;
	u16 offset;
	u16 size;
	enum vmcb_group group;
};

extern const struct vmcb_field vmcb_fields[NR_FIELDS];

/* The field that owns the byte at @offset, NR_FIELDS if none does. */
enum vmcb_field_id field_at(unsigned int offset);

/* The field called @name, NR_FIELDS if there is none. */
enum vmcb_field_id field_by_name(const char *name);

const char *group_name(enum vmcb_group group);

/* Store and load a field of at most 8 bytes in a VMCB in our own memory. */
void field_set(void *vmcb, enum vmcb_field_id id, u64 value);
u64 field_get(const void *vmcb, enum vmcb_field_id id);

#endif /* VMCB12_FIELDS_H */
