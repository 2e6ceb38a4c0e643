/* SPDX-License-Identifier: GPL-2.0-only */
/* Where and by what command something was measured. */
#ifndef VMCB12_HOST_H
#define VMCB12_HOST_H

#include <jansson.h>

#include "defs.h"

struct host {
	char *release;
	char *version;
	u32 svm_features;
	int argc;
	char **argv;
};

/* What every report starts with: the schema, the kernel, the CPU and the command. */
json_t *host_json(const struct host *host);

#endif /* VMCB12_HOST_H */
