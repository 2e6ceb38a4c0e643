// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "tally.h"
#include "util.h"

void tally_add(struct tally *tally, const char *what, u64 value)
{
	struct tally_row *row = tally->row;

	for (; row < tally->row + tally->nr; row++) {
		if (row->value == value && !strcmp(row->what, what)) {
			row->count++;
			return;
		}
	}
	if (tally->nr == TALLY_MAX) {
		tally->other++;
		return;
	}
	tally->nr++;
	*row = (struct tally_row){ .what = what, .value = value, .count = 1 };
}

json_t *tally_json(const struct tally *tally, const char *(*name)(u64 value))
{
	const struct tally_row *row = tally->row;
	json_t *o = json_object();
	const char *known;
	char *key;

	for (; row < tally->row + tally->nr; row++) {
		known = name ? name(row->value) : NULL;
		if (known)
			key = xasprintf("%s%s%s", row->what, *row->what ? " " : "", known);
		else
			key = xasprintf("%s%s0x%llx", row->what, *row->what ? " " : "", row->value);
		json_put(o, key, json_integer(row->count));
		free(key);
	}
	if (tally->other)
		json_put(o, "other", json_integer(tally->other));
	return o;
}
