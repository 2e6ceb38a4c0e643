/* SPDX-License-Identifier: GPL-2.0-only */
/* Text for a page of HTML that is well-formed XML, too. */
#ifndef VMCB12_HTML_H
#define VMCB12_HTML_H

#include <stdio.h>

#include "defs.h"

/*
 * Like fprintf(), but what %s stands for comes out as text, whatever it holds:
 * markup is escaped, bytes that are not printable ASCII are shown in hex.
 */
void html(FILE *out, const char *fmt, ...) __printf(2, 3);

/* Write to memory; after memory_close(), *@text is what was written, to be freed. */
FILE *memory_open(char **text, size_t *size);
void memory_close(FILE *mem);

#endif /* VMCB12_HTML_H */
