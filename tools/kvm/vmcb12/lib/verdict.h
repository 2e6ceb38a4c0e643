/* SPDX-License-Identifier: GPL-2.0-only */
/* What a measurement comes to. */
#ifndef VMCB12_VERDICT_H
#define VMCB12_VERDICT_H

enum verdict {
	VERDICT_SKIP,		/* from no news to bad news */
	VERDICT_OK,
	VERDICT_INCONCLUSIVE,
	VERDICT_FAIL,
};

const char *verdict_name(enum verdict verdict);

/* The verdict on both together: SKIP only if nothing was tried. */
enum verdict worse(enum verdict a, enum verdict b);

#endif /* VMCB12_VERDICT_H */
