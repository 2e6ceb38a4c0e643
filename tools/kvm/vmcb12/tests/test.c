// SPDX-License-Identifier: GPL-2.0-only
#include "tests/test.h"

bool test_failed;

int test_main(const struct test *tests, size_t nr)
{
	bool any_failed = false;
	size_t i;

	printf("KTAP version 1\n1..%zu\n", nr);
	for (i = 0; i < nr; i++) {
		test_failed = false;
		tests[i].run();
		printf("%s %zu %s\n", test_failed ? "not ok" : "ok", i + 1, tests[i].name);
		any_failed |= test_failed;
	}
	return any_failed;
}
