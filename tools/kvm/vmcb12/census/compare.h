/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMCB12_COMPARE_H
#define VMCB12_COMPARE_H

#include <stdio.h>

#include "defs.h"
#include "saved.h"

/*
 * Show what changed from one JSON report to another.  Returns the verdict of the
 * new one; a path that only the old one has walked is INCONCLUSIVE.
 */
enum verdict compare(FILE *out, bool colour, const struct saved *old, const struct saved *new);

#endif /* VMCB12_COMPARE_H */
