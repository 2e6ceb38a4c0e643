/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/vmcb12-flip: write to vmcb12 right after the kernel's n-th access. */
#ifndef VMCB12_FLIPDEV_H
#define VMCB12_FLIPDEV_H

#include "defs.h"
#include "module/vmcb12-flip.h"

/* Ends the program if the module is not there. */
int flipdev_open(void);

void flipdev_arm(int fd, const void *target, unsigned int size, unsigned int nth, u64 value);
struct vmcb12_flip_result flipdev_disarm(int fd);

#endif /* VMCB12_FLIPDEV_H */
