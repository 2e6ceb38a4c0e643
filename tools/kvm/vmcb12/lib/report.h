/* SPDX-License-Identifier: GPL-2.0-only */
/* From a census to its report. */
#ifndef VMCB12_REPORT_H
#define VMCB12_REPORT_H

#include <jansson.h>

#include "result.h"

struct host {
	char *release;
	char *version;
	u32 svm_features;
	int argc;
	char **argv;
};

/* What every report starts with: the schema, the kernel, the CPU and the command. */
json_t *report_host_json(const struct host *host);

json_t *report_json(const struct host *host, const struct census *census);

#endif /* VMCB12_REPORT_H */
