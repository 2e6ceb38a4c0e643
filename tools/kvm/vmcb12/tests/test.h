/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program of unit tests is made of; it says KTAP. */
#ifndef VMCB12_TEST_H
#define VMCB12_TEST_H

#include <stdio.h>

#include "defs.h"

struct test {
	const char *name;
	void (*run)(void);
};

/* In the test that runs. */
extern bool test_failed;

#define EXPECT(condition)							\
	do {									\
		if (!(condition)) {						\
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);	\
			test_failed = true;					\
		}								\
	} while (0)

/* All of main(). */
int test_main(const struct test *tests, size_t nr);

#endif /* VMCB12_TEST_H */
