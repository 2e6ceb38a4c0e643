/* SPDX-License-Identifier: GPL-2.0-only */
/* From a census to its report. */
#ifndef VMCB12_CENSUS_JSON_H
#define VMCB12_CENSUS_JSON_H

#include "host.h"
#include "result.h"

json_t *census_json(const struct host *host, const struct census *census);

#endif /* VMCB12_CENSUS_JSON_H */
