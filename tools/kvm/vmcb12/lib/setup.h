/* SPDX-License-Identifier: GPL-2.0-only */
/* What every measuring program does first. */
#ifndef VMCB12_SETUP_H
#define VMCB12_SETUP_H

#include "ksyms.h"

/* The argument of an option, 1 to @max; anything else ends the program. */
unsigned int option_number(const char *option, const char *arg, unsigned int max);

/* End the program after that time, or VMCB12_PATIENCE times that on a slow machine. */
void setup_timeout(unsigned int seconds);

/* Open /dev/kvm; ends the program if nested SVM cannot work here, or this is not root. */
int setup_kvm(void);

/* The same for who needs no more than /dev/kvm. */
int setup_kvm_as_user(void);

/* Load the kernel's symbols; ends the program if they are hidden. */
void setup_ksyms(struct ksyms *ks);

#endif /* VMCB12_SETUP_H */
