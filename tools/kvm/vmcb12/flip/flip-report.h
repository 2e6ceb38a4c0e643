/* SPDX-License-Identifier: GPL-2.0-only */
/* Flips as JSON, and that JSON as a table. */
#ifndef VMCB12_FLIP_REPORT_H
#define VMCB12_FLIP_REPORT_H

#include <stdio.h>

#include "flips.h"
#include "host.h"
#include "ksyms.h"
#include "saved.h"

json_t *flip_json(const struct host *host, const struct ksyms *ks, const struct flip_path *paths,
		  size_t nr);

/* One table: the fields of each path, and what came of a write after each fetch. */
void flip_show(FILE *out, const struct saved *s);

/* Side by side, what is not the same.  Returns the verdict on the new one. */
enum verdict flip_compare(FILE *out, const struct saved *old, const struct saved *new);

#endif /* VMCB12_FLIP_REPORT_H */
