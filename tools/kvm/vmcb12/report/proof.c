// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "proof.h"
#include "util.h"

const struct saved *census_of(const struct inputs *in, enum side_id id)
{
	return &in->side[id].census;
}

bool path_lost(const struct inputs *in, const json_t *stock, const json_t *patched)
{
	const struct saved *s = census_of(in, STOCK), *p = census_of(in, PATCHED);

	return stock && path_verdict(s, stock) != VERDICT_SKIP &&
	       (!patched || path_verdict(p, patched) == VERDICT_SKIP);
}

size_t all_paths(const struct inputs *in, struct paths **all)
{
	const struct saved *s = census_of(in, STOCK), *p = census_of(in, PATCHED);
	json_t *path;
	size_t i, n = 0;

	*all = xcalloc(json_array_size(saved_paths(s)) + json_array_size(saved_paths(p)),
		       sizeof(**all));
	json_array_foreach(saved_paths(s), i, path) {
		(*all)[n].side[STOCK] = path;
		(*all)[n++].side[PATCHED] = saved_find(p, saved_paths(p),
						       saved_string(s, path, "name"));
	}
	json_array_foreach(saved_paths(p), i, path) {
		if (!saved_find(s, saved_paths(s), saved_string(p, path, "name")))
			(*all)[n++].side[PATCHED] = path;
	}
	return n;
}

static const char *said(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

const char *selftest_word(const struct inputs *in, const char *name)
{
	json_t *tests = json_object_get(in->verdict, "selftests"), *test;
	const char *is;
	size_t i;

	json_array_foreach(tests, i, test) {
		is = said(test, "name");
		if (is && !strcmp(is, name))
			return said(test, "word");
	}
	return NULL;
}

const char *verdict_line(const struct inputs *in)
{
	return said(in->verdict, "line");
}

static enum verdict said_verdict(const struct inputs *in)
{
	const char *name = said(in->verdict, "name"), *verdict = said(in->verdict, "verdict");

	if (!name || strcmp(name, in->name) || !verdict)
		return VERDICT_INCONCLUSIVE;
	if (!strcmp(verdict, verdict_name(VERDICT_OK)))
		return VERDICT_OK;
	return strcmp(verdict, verdict_name(VERDICT_FAIL)) ? VERDICT_INCONCLUSIVE : VERDICT_FAIL;
}

enum verdict census_verdict(const struct inputs *in)
{
	enum verdict verdict = side_verdict(&in->side[PATCHED]);
	struct paths *all;
	size_t n, i;

	n = all_paths(in, &all);
	for (i = 0; i < n; i++) {
		if (path_lost(in, all[i].side[STOCK], all[i].side[PATCHED]))
			verdict = worse(verdict, VERDICT_INCONCLUSIVE);
	}
	free(all);
	return verdict;
}

enum verdict base_verdict(const struct inputs *in)
{
	enum verdict verdict = worse(said_verdict(in), census_verdict(in));
	struct inputs npt0;

	if (inputs_npt0(in, &npt0))
		verdict = worse(verdict, census_verdict(&npt0));
	return verdict;
}
