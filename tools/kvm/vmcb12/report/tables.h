/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of the page, stock beside patched. */
#ifndef VMCB12_TABLES_H
#define VMCB12_TABLES_H

#include <stdio.h>

#include "proof.h"

void put_verdict(FILE *out, enum verdict verdict);

/* The verdict on a path, "none" for a side that does not know it. */
void put_path_verdict(FILE *out, const struct inputs *in, const struct paths *path,
		      enum side_id id);

/* @key of the path: the same on both sides. */
const char *path_string(const struct inputs *in, const struct paths *path, const char *key);

/* Each path in a row that leads to the element ID-pNUMBER. */
void put_path_table(FILE *out, const struct inputs *in, const struct paths *all, size_t n,
		    const char *id);

/* Each field that is accessed on a path, and where. */
void put_field_table(FILE *out, const struct inputs *in, const struct paths *path);

void put_selftest_table(FILE *out, const struct inputs *in);

/* Kernels, dates, command lines, parameters. */
void put_run_table(FILE *out, const struct inputs *in);

#endif /* VMCB12_TABLES_H */
