/* SPDX-License-Identifier: GPL-2.0-only */
/* Show a census to people and to programs. */
#ifndef VMCB12_REPORT_H
#define VMCB12_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "result.h"

#define SCHEMA_VERSION	1

struct host {
	char *release;
	char *version;
	u32 svm_features;
	int argc;
	char **argv;
};

void report_table(FILE *out, bool colour, const struct host *host, const struct census *census);
void report_ktap(FILE *out, const struct census *census);
json_t *report_json(const struct host *host, const struct census *census);

#endif /* VMCB12_REPORT_H */
