/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel logs while something is done to it. */
#ifndef VMCB12_KMSG_H
#define VMCB12_KMSG_H

#include "defs.h"

/* From here on; -1 if the log cannot be read. */
int kmsg_open(void);

/*
 * The next message since the last call that is a warning or worse, or NULL.
 * The caller frees it.
 */
char *kmsg_next(int fd);

#endif /* VMCB12_KMSG_H */
