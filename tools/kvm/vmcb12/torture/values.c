// SPDX-License-Identifier: GPL-2.0-only
#include "guest.h"
#include "values.h"
#include "vmcb.h"

static const u64 edges[] = {
	0, 1, 2, 0x7f, 0x80, 0xff, 0xfff, 0x1000, 0x7fff, 0x8000, 0xffff,
	0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
	/* where addresses stop being canonical */
	0x00007fffffffffff, 0x0000800000000000, 0xffff7fffffffffff, 0xffff800000000000,
	0x7fffffffffffffff, 0x8000000000000000, 0xffffffff00000000, 0xffffffffffffffff,
};

static const u64 pages[] = {
	GPA_VMCB12, GPA_VMCB12_ALT, GPA_ANNEX, GPA_ANNEX + 0x1000, GPA_HSAVE, GPA_IOPM,
	GPA_MSRPM, GPA_HYPERCALL, GPA_PML4, GPA_NPT_PML4, GPA_NPT_PD, GPA_IDT, GPA_CODE,
	GPA_L2_STACK - 0x1000, GPA_SMBASE + 0xf000, GUEST_MEM_SIZE - 0x1000,
	GPA_ANNEX + 0xf000, GPA_ANNEX + 0x10000, GPA_NOWHERE, 0xfee00000, 0xfffff000,
	1ULL << 32, 1ULL << 40, 1ULL << 51, 0xffffffffff000, 0xfffffffffffff000,
};

static const int offsets[] = { 0, 0, 0, 0, 0, 0, 1, 8, 0x400, 0xfff, -1, -8 };

u64 value_gpa(struct rng *rng)
{
	u64 page = pages[rng_below(rng, ARRAY_SIZE(pages))];

	return page + offsets[rng_below(rng, ARRAY_SIZE(offsets))];
}

u64 value_instead(struct rng *rng, u64 now)
{
	u64 bit = 1ULL << rng_below(rng, 64);

	switch (rng_below(rng, 12)) {
	case 0:
		return bit;
	case 1:
		return ~bit;
	case 2:
		return rng_next(rng);
	case 3:
		return now + 1 - 2 * rng_below(rng, 2);
	case 4:
		return value_gpa(rng);
	case 5:
		return rng_below(rng, 256);
	case 6:
	case 7:
		return edges[rng_below(rng, ARRAY_SIZE(edges))];
	case 8:
		/* Most bits that mean something are low. */
		return now ^ 1ULL << rng_below(rng, 16);
	default:
		return now ^ bit;
	}
}

u64 value_for(enum vmcb_field_id id, u64 value)
{
	return id == F_CR4 ? value | CR4_PAE : value;
}

u32 value_event(struct rng *rng)
{
	/* Vectors whose delivery works, faults or has no gate. */
	static const u8 vectors[] = {
		0, 1, 2, 3, 4, 6, 8, 13, 14, 17, SOFT_INT_VECTOR, CALL_VECTOR,
	};
	static const u32 types[] = {
		EVENT_INJ_INTR, EVENT_INJ_NMI, EVENT_INJ_EXEPT, EVENT_INJ_SOFT,
	};
	u32 event = types[rng_below(rng, ARRAY_SIZE(types))] |
		    vectors[rng_below(rng, ARRAY_SIZE(vectors))];

	if (rng_one_in(rng, 4))
		event = rng_next(rng);
	return event | rng_below(rng, 2) << 11 | EVENT_INJ_VALID;
}

enum vmcb_field_id value_field(struct rng *rng, enum vmcb_field_id first)
{
	enum vmcb_field_id id;

	do {
		id = first + rng_below(rng, NR_FIELDS - first);
	} while (vmcb_fields[id].size > sizeof(u64));
	return id;
}

void values_change(struct rng *rng, void *vmcb, enum vmcb_field_id first, unsigned int n)
{
	enum vmcb_field_id id;

	while (n--) {
		id = value_field(rng, first);
		field_set(vmcb, id, value_for(id, value_instead(rng, field_get(vmcb, id))));
	}
}
