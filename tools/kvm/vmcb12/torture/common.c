// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "common.h"
#include "kmsg.h"
#include "splat.h"
#include "util.h"

char *torture_parse_only(struct torture *t, const char *list)
{
	unsigned long i;
	char *end;

	t->only_some = true;
	do {
		i = strtoul(list, &end, 10);
		if (end == list || *list < '0' || *list > '9' || (*end && *end != ','))
			return xasprintf("--only takes numbers of steps, not '%s'", list);
		if (i >= t->steps)
			return xasprintf("--only: a seed has the steps 0 to %u, not %lu",
					 t->steps - 1, i);
		t->chosen[i] = true;
		list = end + 1;
	} while (*end);
	return NULL;
}

bool torture_runs(const struct torture *t, unsigned int index)
{
	return !t->only_some || t->chosen[index];
}

char *torture_splat(const struct torture *t)
{
	char *message;

	while ((message = kmsg_next(t->kmsg))) {
		if (splat_in(message))
			return message;
		free(message);
	}
	return NULL;
}
