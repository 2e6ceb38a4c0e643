// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "splat.h"

/*
 * Enough to stop at the seed; who judges the whole log is tools/scripts/splats.
 * "cut here" comes before every WARN() and BUG(), whatever they say then.
 */
static const char * const heads[] = {
	"[ cut here ]",
	"WARNING: ",
	"BUG: ",
	"kernel BUG at ",
	"UBSAN: ",
	"Oops",
	"general protection fault",
	"invalid opcode: ",
	"suspicious RCU usage",
	"INFO: task ",
	"rcu: INFO: ",
	"refcount_t: ",
	"list_add corruption",
	"list_del corruption",
	"Bad page ",
};

bool splat_in(const char *message)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(heads); i++) {
		if (strstr(message, heads[i]))
			return true;
	}
	return false;
}
