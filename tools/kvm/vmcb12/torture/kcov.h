/* SPDX-License-Identifier: GPL-2.0-only */
/* What code of the kernel our threads reach in their system calls. */
#ifndef VMCB12_KCOV_H
#define VMCB12_KCOV_H

#include <stdio.h>

#include "defs.h"

/* Find KCOV, or end the program; without this call all the others do nothing. */
void kcov_init(void);

/* From here on count what this thread does; it collects now and then, as room is limited. */
void kcov_start(void);
void kcov_collect(void);
void kcov_stop(void);

/* Those that were not written before, each once, in hexadecimal, one a line. */
void kcov_write(FILE *out);

/* How often there was no room for what a system call did. */
u64 kcov_lost(void);

/* The set of addresses, for itself. */
void kcov_add(u64 pc);
size_t kcov_count(void);

#endif /* VMCB12_KCOV_H */
