// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "fields.h"

#define FIELD(id, name, offset, size, group)	\
	[F_##id] = { name, offset, size, GROUP_##group },
const struct vmcb_field vmcb_fields[NR_FIELDS] = {
#include "fields-table.h"
};

#undef FIELD

enum vmcb_field_id field_at(unsigned int offset)
{
	unsigned int id;

	for (id = 0; id < NR_FIELDS; id++) {
		if (offset - vmcb_fields[id].offset < vmcb_fields[id].size)
			break;
	}
	return id;
}

enum vmcb_field_id field_by_name(const char *name)
{
	unsigned int id;

	for (id = 0; id < NR_FIELDS; id++) {
		if (!strcmp(vmcb_fields[id].name, name))
			break;
	}
	return id;
}

const char *group_name(enum vmcb_group group)
{
	static const char * const names[] = {
		[GROUP_NONE]		= "none",
		[GROUP_INTERCEPTS]	= "intercepts",
		[GROUP_PERM_MAP]	= "perm_map",
		[GROUP_ASID]		= "asid",
		[GROUP_INTR]		= "intr",
		[GROUP_NPT]		= "npt",
		[GROUP_CR]		= "cr",
		[GROUP_DR]		= "dr",
		[GROUP_DT]		= "dt",
		[GROUP_SEG]		= "seg",
		[GROUP_CR2]		= "cr2",
		[GROUP_LBR]		= "lbr",
		[GROUP_AVIC]		= "avic",
		[GROUP_CET]		= "cet",
		[GROUP_SOFTWARE]	= "software",
	};

	return names[group];
}

/* x86 is little-endian: the low bytes of the value come first. */
void field_set(void *vmcb, enum vmcb_field_id id, u64 value)
{
	memcpy((char *)vmcb + vmcb_fields[id].offset, &value, vmcb_fields[id].size);
}

u64 field_get(const void *vmcb, enum vmcb_field_id id)
{
	u64 value = 0;

	memcpy(&value, (const char *)vmcb + vmcb_fields[id].offset, vmcb_fields[id].size);
	return value;
}
