/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMCB12_UTIL_H
#define VMCB12_UTIL_H

#include <stdio.h>

#include "defs.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_RULE = 1,		/* the kernel breaks the rule */
	EXIT_REFUSED = 2,	/* wrong usage, or something is missing here */
	EXIT_INFRA = 3,		/* the measurement itself went wrong */
	EXIT_TIMEOUT = 124,
};

/* Print one line on stderr and end the program. */
void die(enum exit_code code, const char *fmt, ...) __printf(2, 3) __noreturn;

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *old, size_t size);
char *xasprintf(const char *fmt, ...) __printf(1, 2);

/* A stream into memory; *@text is valid, and to be freed, once it is closed. */
FILE *xmemstream(char **text, size_t *size);

/* The first line of a small file without its newline, or NULL. */
char *read_line(const char *file);

#endif /* VMCB12_UTIL_H */
