// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "map.h"
#include "tables.h"
#include "util.h"

void put_verdict(FILE *out, enum verdict verdict)
{
	html(out, "<span class=\"v %s\">%s</span>", verdict_name(verdict), verdict_name(verdict));
}

void put_path_verdict(FILE *out, const struct inputs *in, const struct paths *path,
		      enum side_id id)
{
	if (path->side[id])
		put_verdict(out, path_verdict(census_of(in, id), path->side[id]));
	else
		html(out, "<span class=\"v none\">none</span>");
}

const char *path_string(const struct inputs *in, const struct paths *path, const char *key)
{
	enum side_id id = path->side[STOCK] ? STOCK : PATCHED;

	return saved_string(census_of(in, id), path->side[id], key);
}

/* One field of a path; NULL on the side that did not touch it. */
struct row {
	const json_t *side[NR_SIDES];
};

static long long row_integer(const struct row *row, const char *key)
{
	enum side_id id = row->side[STOCK] ? STOCK : PATCHED;

	return json_integer_value(json_object_get(row->side[id], key));
}

static int by_offset(const void *a, const void *b)
{
	long long x = row_integer(a, "offset"), y = row_integer(b, "offset");

	return (x > y) - (x < y);
}

static json_t *fields_of(const struct inputs *in, enum side_id id, const struct paths *path)
{
	return path->side[id] ? saved_get(census_of(in, id), path->side[id], "fields", JSON_ARRAY) :
				NULL;
}

static size_t all_rows(const struct inputs *in, const struct paths *path, struct row **rows)
{
	json_t *stock = fields_of(in, STOCK, path), *patched = fields_of(in, PATCHED, path), *field;
	const struct saved *s = census_of(in, STOCK), *p = census_of(in, PATCHED);
	size_t i, n = 0;

	*rows = xcalloc(json_array_size(stock) + json_array_size(patched), sizeof(**rows));
	json_array_foreach(stock, i, field) {
		(*rows)[n].side[STOCK] = field;
		(*rows)[n++].side[PATCHED] = patched ? saved_find(p, patched,
						saved_string(s, field, "name")) : NULL;
	}
	json_array_foreach(patched, i, field) {
		if (!stock || !saved_find(s, stock, saved_string(p, field, "name")))
			(*rows)[n++].side[PATCHED] = field;
	}
	qsort(*rows, n, sizeof(**rows), by_offset);
	return n;
}

static void put_field_side(FILE *out, const struct saved *s, const json_t *field)
{
	const char *reason;

	if (!field) {
		html(out, "<td class=\"num\">0</td><td class=\"num\">0</td><td></td>");
		html(out, "<td class=\"where\"></td>");
		return;
	}
	reason = saved_reason(s, field);
	html(out, "<td class=\"num\">%lld</td><td class=\"num\">%lld</td><td>",
	     saved_integer(s, field, "fetches"), saved_integer(s, field, "writes"));
	put_verdict(out, field_verdict(s, field));
	html(out, "</td><td class=\"where mono\">");
	if (reason)
		html(out, "<b>%s:</b> ", reason);
	map_where(out, s, field, "fetch");
	if (saved_integer(s, field, "writes")) {
		html(out, " <span class=\"dim\">written: ");
		map_where(out, s, field, "write");
		html(out, "</span>");
	}
	html(out, "</td>");
}

static void put_fields(FILE *out, const struct inputs *in, const struct row *rows, size_t n)
{
	enum side_id id;
	size_t i;

	html(out, "<table class=\"fields\"><thead><tr><th rowspan=\"2\">field</th>");
	html(out, "<th rowspan=\"2\">at</th><th rowspan=\"2\" class=\"num\">bytes</th>");
	html(out, "<th colspan=\"4\">stock</th><th colspan=\"4\">patched</th></tr>\n<tr>");
	for (id = 0; id < NR_SIDES; id++) {
		html(out, "<th class=\"num\">fetches</th><th class=\"num\">writes</th>");
		html(out, "<th>verdict</th><th>where (after the instruction)</th>");
	}
	html(out, "</tr></thead><tbody>\n");
	for (i = 0; i < n; i++) {
		id = rows[i].side[STOCK] ? STOCK : PATCHED;
		html(out, "<tr><th class=\"mono\">%s</th>",
		     saved_string(census_of(in, id), rows[i].side[id], "name"));
		html(out, "<td class=\"mono\">0x%03llx</td><td class=\"num\">%lld</td>",
		     row_integer(&rows[i], "offset"), row_integer(&rows[i], "size"));
		for (id = 0; id < NR_SIDES; id++)
			put_field_side(out, census_of(in, id), rows[i].side[id]);
		html(out, "</tr>\n");
	}
	html(out, "</tbody></table>\n");
}

void put_field_table(FILE *out, const struct inputs *in, const struct paths *path)
{
	struct row *rows;
	size_t n;

	n = all_rows(in, path, &rows);
	if (!n)
		html(out, "<p>KVM did not access vmcb12.</p>\n");
	else
		put_fields(out, in, rows, n);
	free(rows);
}

/* Of one path: the most fetches of a field, and how many fields break the rule. */
static void put_path_sums(FILE *out, const struct inputs *in, const struct paths *path,
			  enum side_id id)
{
	const struct saved *s = census_of(in, id);
	json_t *fields = fields_of(in, id, path), *field;
	long long most = 0;
	unsigned int bad = 0;
	size_t i;

	json_array_foreach(fields, i, field) {
		if (saved_integer(s, field, "fetches") > most)
			most = saved_integer(s, field, "fetches");
		bad += field_verdict(s, field) == VERDICT_FAIL;
	}
	html(out, "<td>");
	put_path_verdict(out, in, path, id);
	if (path->side[id] && path_verdict(s, path->side[id]) != VERDICT_SKIP)
		html(out, "</td><td class=\"num\">%lld</td><td class=\"num\">%u of %zu</td>",
		     most, bad, json_array_size(fields));
	else
		html(out, "</td><td></td><td></td>");
}

static void put_path_note(FILE *out, const struct inputs *in, const struct paths *path)
{
	const char *reason = NULL;

	if (path_lost(in, path->side[STOCK], path->side[PATCHED]))
		html(out, "walked on the stock kernel only ");
	if (path->side[PATCHED])
		reason = saved_reason(census_of(in, PATCHED), path->side[PATCHED]);
	if (reason)
		html(out, "%s", reason);
}

void put_path_table(FILE *out, const struct inputs *in, const struct paths *all, size_t n,
		    const char *id)
{
	enum side_id side;
	size_t i;

	html(out, "<table class=\"paths\"><thead><tr><th rowspan=\"2\">path</th>");
	html(out, "<th rowspan=\"2\">what happens</th><th colspan=\"3\">stock</th>");
	html(out, "<th colspan=\"3\">patched</th><th rowspan=\"2\"></th></tr>\n<tr>");
	for (side = 0; side < NR_SIDES; side++) {
		html(out, "<th>verdict</th><th class=\"num\">most fetches</th>");
		html(out, "<th class=\"num\">fields against the rule</th>");
	}
	html(out, "</tr></thead><tbody>\n");
	for (i = 0; i < n; i++) {
		html(out, "<tr><th><a href=\"#%s-p%zu\">%s</a></th><td>%s</td>", id, i,
		     path_string(in, &all[i], "name"), path_string(in, &all[i], "what"));
		for (side = 0; side < NR_SIDES; side++)
			put_path_sums(out, in, &all[i], side);
		html(out, "<td class=\"dim\">");
		put_path_note(out, in, &all[i]);
		html(out, "</td></tr>\n");
	}
	html(out, "</tbody></table>\n");
}

static void put_selftest_side(FILE *out, const struct selftest *test)
{
	html(out, "<td>");
	if (test)
		put_verdict(out, test->verdict);
	else
		html(out, "<span class=\"v none\">none</span>");
	html(out, "</td>");
}

/* Why it did not pass, and on demand all that it said. */
static void put_selftest_reason(FILE *out, const char *side, const struct selftest *test)
{
	if (!test || test->verdict == VERDICT_OK)
		return;
	html(out, "<details><summary>%s: %s</summary><pre>%s</pre></details>", side, test->reason,
	     test->output);
}

static void put_selftest(FILE *out, const struct inputs *in, const struct selftest *stock,
			 const struct selftest *patched)
{
	const char *name = patched ? patched->name : stock->name;
	const char *word = selftest_word(in, name);

	html(out, "<tr><th class=\"mono\">%s</th>", name);
	put_selftest_side(out, stock);
	put_selftest_side(out, patched);
	html(out, "<td>%s</td><td>", word ? word : "");
	put_selftest_reason(out, side_names[STOCK], stock);
	put_selftest_reason(out, side_names[PATCHED], patched);
	html(out, "</td></tr>\n");
}

void put_selftest_table(FILE *out, const struct inputs *in)
{
	const struct side *stock = &in->side[STOCK], *patched = &in->side[PATCHED];
	size_t i;

	if (!stock->nr_tests && !patched->nr_tests) {
		html(out, "<p>No selftest ran.</p>\n");
		return;
	}
	html(out, "<table class=\"selftests\"><thead><tr><th>selftest</th><th>stock</th>");
	html(out, "<th>patched</th><th></th><th></th></tr></thead><tbody>\n");
	for (i = 0; i < stock->nr_tests; i++)
		put_selftest(out, in, &stock->test[i],
			     selftest_find(patched, stock->test[i].name));
	for (i = 0; i < patched->nr_tests; i++) {
		if (!selftest_find(stock, patched->test[i].name))
			put_selftest(out, in, NULL, &patched->test[i]);
	}
	html(out, "</tbody></table>\n");
}

static void put_run_row(FILE *out, const char *what, const char *stock, const char *patched)
{
	html(out, "<tr><th>%s</th>", what);
	if (!strcmp(stock, patched))
		html(out, "<td colspan=\"2\"><pre>%s</pre></td></tr>\n", stock);
	else
		html(out, "<td><pre>%s</pre></td><td><pre>%s</pre></td></tr>\n", stock, patched);
}

/* The words of a JSON array of strings; to be freed. */
static char *words_of(const json_t *array)
{
	char *all = xasprintf("%s", ""), *longer;
	json_t *word;
	size_t i;

	json_array_foreach(array, i, word) {
		longer = xasprintf("%s%s%s", all, i ? " " : "",
				   json_is_string(word) ? json_string_value(word) : "?");
		free(all);
		all = longer;
	}
	return all;
}

static int by_string(const void *a, const void *b)
{
	return strcmp(*(const char * const *)a, *(const char * const *)b);
}

/* "name=value" of each member, sorted; to be freed. */
static char *members_of(json_t *object)
{
	char **list = xcalloc(json_object_size(object), sizeof(*list)), *all, *longer;
	const char *key, *text;
	size_t n = 0, i;
	json_t *value;

	json_object_foreach(object, key, value) {
		text = json_string_value(value);
		if (!text)
			text = json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "?";
		list[n++] = xasprintf("%s=%s", key, text);
	}
	qsort(list, n, sizeof(*list), by_string);
	all = xasprintf("%s", "");
	for (i = 0; i < n; i++) {
		longer = xasprintf("%s%s%s", all, i ? " " : "", list[i]);
		free(all);
		free(list[i]);
		all = longer;
	}
	free(list);
	return all;
}

/* Lists that other versions of the census may not have. */
static void put_run_lists(FILE *out, const struct inputs *in)
{
	static const struct {
		const char *key;
		const char *what;
		bool words;
	} lists[] = {
		{ "features",	"SVM features that L1 sees",	false },
		{ "parameters",	"parameters of kvm_amd",	false },
		{ "command",	"census",			true },
	};
	char *text[NR_SIDES];
	enum side_id id;
	json_t *value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		for (id = 0; id < NR_SIDES; id++) {
			value = json_object_get(census_of(in, id)->root, lists[i].key);
			text[id] = lists[i].words ? words_of(value) : members_of(value);
		}
		put_run_row(out, lists[i].what, text[STOCK], text[PATCHED]);
		for (id = 0; id < NR_SIDES; id++)
			free(text[id]);
	}
}

static const char *kernel_version(const struct saved *s)
{
	return saved_string(s, saved_get(s, s->root, "kernel", JSON_OBJECT), "version");
}

static const char *or_unknown(const char *text)
{
	return text ? text : "not known";
}

void put_run_table(FILE *out, const struct inputs *in)
{
	const struct side *stock = &in->side[STOCK], *patched = &in->side[PATCHED];

	html(out, "<table class=\"runs\"><thead><tr><th></th><th>stock</th><th>patched</th></tr>");
	html(out, "</thead><tbody>\n");
	put_run_row(out, "KVM", "as the base has it", "with the series");
	put_run_row(out, "kernel", saved_release(&stock->census), saved_release(&patched->census));
	put_run_row(out, "version", kernel_version(&stock->census),
		    kernel_version(&patched->census));
	put_run_row(out, "date of the run", or_unknown(stock->date), or_unknown(patched->date));
	put_run_row(out, "command line", or_unknown(stock->command), or_unknown(patched->command));
	put_run_lists(out, in);
	html(out, "</tbody></table>\n");
}
