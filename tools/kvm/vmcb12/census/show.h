/* SPDX-License-Identifier: GPL-2.0-only */
/* A report for people, or as KTAP. */
#ifndef VMCB12_SHOW_H
#define VMCB12_SHOW_H

#include <stdio.h>

#include "defs.h"
#include "saved.h"

/* @width: pad to that many columns. */
void show_verdict(FILE *out, bool colour, enum verdict verdict, int width);

/* The instructions after those that fetched the field, each behind a blank. */
void show_where(FILE *out, const struct saved *s, const json_t *field);

void show_table(FILE *out, bool colour, const struct saved *s);
void show_ktap(FILE *out, const struct saved *s);

#endif /* VMCB12_SHOW_H */
