/* SPDX-License-Identifier: GPL-2.0-only */
/* What every measuring program does first and last. */
#ifndef VMCB12_SETUP_H
#define VMCB12_SETUP_H

#include <jansson.h>

#include "ksyms.h"
#include "result.h"

/* The argument of an option, 1 to @max; anything else ends the program. */
unsigned int option_number(const char *option, const char *arg, unsigned int max);

/* End the program after that time. */
void setup_timeout(unsigned int seconds);

/* Open /dev/kvm; ends the program if nested SVM cannot work here. */
int setup_kvm(void);

/* Load the kernel's symbols; ends the program if they are hidden. */
void setup_ksyms(struct ksyms *ks);

/* @file: "-" is standard output. */
void write_json(const char *file, json_t *o);

int exit_code(enum verdict verdict);

#endif /* VMCB12_SETUP_H */
