/* SPDX-License-Identifier: GPL-2.0-only */
/* What the checks of a CPU's SVM have in common.  What goes wrong ends the program. */
#ifndef EMULATOR_CHECK_H
#define EMULATOR_CHECK_H

#include "guest.h"
#include "paths.h"
#include "util.h"
#include "vmcb.h"

int check_open_kvm(void);

/*
 * Let L1 inject the event of "vmrun-soft-int", or @event_inj instead: then what a
 * delivery touches is mapped.
 */
void check_warm_up(struct lab *lab, u64 event_inj);

/* Lead L1 to a VMRUN of the usual vmcb12, which is returned and can be changed. */
void *check_prepare(struct lab *lab);

/* Print what came of the only test; returns the exit status. */
int check_result(const char *what, bool ok);

/* The same for a test that is right if L2 got where it should: @error is NULL. */
int check_l2_result(struct lab *lab, const char *what, const char *error);

#endif /* EMULATOR_CHECK_H */
