/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMCB12_SPLAT_H
#define VMCB12_SPLAT_H

#include "defs.h"

/* Is the message of the kernel's log the head of a report that fails any run? */
bool splat_in(const char *message);

#endif /* VMCB12_SPLAT_H */
