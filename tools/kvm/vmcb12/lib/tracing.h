/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM's tracepoints about nested guests, on while a handle is open. */
#ifndef VMCB12_TRACING_H
#define VMCB12_TRACING_H

#include "defs.h"

struct tracing {
	int *fd;
	size_t nr;
};

/* NULL, or why there are no tracepoints to switch on. */
const char *tracing_missing(void);

/*
 * perf switches the tracepoints on for this thread and off when the handle is
 * closed, however this process ends; the settings in tracefs stay as they are.
 */
void tracing_on(struct tracing *t);
void tracing_off(struct tracing *t);

#endif /* VMCB12_TRACING_H */
