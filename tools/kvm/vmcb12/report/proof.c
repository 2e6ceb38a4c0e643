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

const char *selftest_word(const struct selftest *stock, const struct selftest *patched)
{
	if (!patched)
		return "FAIL: did not run";
	if (patched->verdict == VERDICT_FAIL && !(stock && stock->verdict == VERDICT_FAIL))
		return "FAIL";
	if (patched->verdict == VERDICT_FAIL)
		return "fails on both sides";
	if (!stock)
		return "new";
	if (stock->verdict == VERDICT_FAIL)
		return "fixed";
	return NULL;
}

bool selftest_bad(const char *word)
{
	return word && !strncmp(word, "FAIL", 4);
}

static bool selftests_bad(const struct inputs *in)
{
	const struct side *stock = &in->side[STOCK], *patched = &in->side[PATCHED];
	const struct selftest *test;
	size_t i;

	for (i = 0; i < stock->nr_tests; i++) {
		test = &stock->test[i];
		if (selftest_bad(selftest_word(test, selftest_find(patched, test->name))))
			return true;
	}
	for (i = 0; i < patched->nr_tests; i++) {
		test = &patched->test[i];
		if (selftest_bad(selftest_word(selftest_find(stock, test->name), test)))
			return true;
	}
	return false;
}

const char *verdict_line(const struct inputs *in)
{
	char *text = in->verdict_text, *line;
	size_t len = text ? strlen(text) : 0;

	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	if (!len)
		return NULL;
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

/* What "make verdict" said; without it, and it sees more, nothing is ok. */
static enum verdict said_verdict(const struct inputs *in)
{
	const char *line = verdict_line(in);
	size_t len = strlen(in->name);

	if (!line || strncmp(line, in->name, len))
		return VERDICT_INCONCLUSIVE;
	if (!strncmp(line + len, ": ok", 4))
		return VERDICT_OK;
	return strncmp(line + len, ": FAIL", 6) ? VERDICT_INCONCLUSIVE : VERDICT_FAIL;
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
	return selftests_bad(in) ? VERDICT_FAIL : verdict;
}
