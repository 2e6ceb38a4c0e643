/* SPDX-License-Identifier: GPL-2.0-only */
/* Walk the paths again and again, each time with other bytes under watch. */
#ifndef VMCB12_SWEEP_H
#define VMCB12_SWEEP_H

#include "paths.h"
#include "result.h"

/*
 * Fill in census->path[], whose path and rounds are set already.  @virt is where
 * the kernel sees the page, @phys its frame, which must stay the same.
 */
void sweep(struct census *census, struct lab *lab, u64 phys, u64 virt);

#endif /* VMCB12_SWEEP_H */
