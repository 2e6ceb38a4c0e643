/* SPDX-License-Identifier: GPL-2.0-only */
/* From injected events to their report, as JSON and as a table. */
#ifndef VMCB12_EFFECT_REPORT_H
#define VMCB12_EFFECT_REPORT_H

#include <stdio.h>

#include "effects.h"
#include "host.h"
#include "ksyms.h"
#include "saved.h"

json_t *effect_json(const struct host *host, const struct ksyms *ks, const struct effect *effects,
		    size_t nr);

/* The rule: every event is delivered once, and L2 never leaves A. */
enum verdict effect_verdict(const struct saved *s);

/* Print one report, and the verdict on it. */
void effect_show(FILE *out, const struct saved *s);

/* Print both; returns the verdict on @new, which must not lose what @old does not. */
enum verdict effect_compare(FILE *out, const struct saved *old, const struct saved *new);

#endif /* VMCB12_EFFECT_REPORT_H */
