/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMCB12_SOAK_H
#define VMCB12_SOAK_H

#include "common.h"

/* So many racing VMRUNs.  Returns whether the kernel came through; if not, says so. */
bool soak(struct torture *t, struct rig *rig, u64 vmruns);

#endif /* VMCB12_SOAK_H */
