/* SPDX-License-Identifier: GPL-2.0-only */
/* What a census comes to. */
#ifndef VMCB12_RULE_H
#define VMCB12_RULE_H

#include "ksyms.h"
#include "result.h"

/* Name the code addresses. */
void census_resolve(struct census *census, const struct ksyms *ks);

/* Apply the rule: give each field, each path and the census its verdict. */
void census_judge(struct census *census);

#endif /* VMCB12_RULE_H */
