// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "saved.h"
#include "show.h"
#include "util.h"

/* One field of a path; NULL on the side that did not touch it. */
struct row {
	json_t *old;
	json_t *new;
};

static long long row_offset(const struct row *row)
{
	return json_integer_value(json_object_get(row->new ? row->new : row->old, "offset"));
}

static int by_offset(const void *a, const void *b)
{
	long long x = row_offset(a), y = row_offset(b);

	return (x > y) - (x < y);
}

/* The fields that either side has touched, by offset. */
static size_t merge(const struct saved *old, const struct saved *new, json_t *old_fields,
		    json_t *new_fields, struct row **rows)
{
	size_t i, n = 0;
	json_t *o;

	*rows = xcalloc(json_array_size(old_fields) + json_array_size(new_fields), sizeof(**rows));
	json_array_foreach(new_fields, i, o) {
		(*rows)[n].old = saved_find(old, old_fields, saved_string(new, o, "name"));
		(*rows)[n++].new = o;
	}
	json_array_foreach(old_fields, i, o) {
		if (!saved_find(new, new_fields, saved_string(old, o, "name")))
			(*rows)[n++].old = o;
	}
	qsort(*rows, n, sizeof(**rows), by_offset);
	return n;
}

static void print_row(FILE *out, bool colour, const struct saved *old, const struct saved *new,
		      const struct row *row)
{
	const char *name = row->new ? saved_string(new, row->new, "name") :
				      saved_string(old, row->old, "name");
	long long before = row->old ? saved_integer(old, row->old, "fetches") : 0;
	long long after = row->new ? saved_integer(new, row->new, "fetches") : 0;
	enum verdict was = row->old ? saved_verdict(old, row->old, "verdict") : VERDICT_OK;
	enum verdict is = row->new ? saved_verdict(new, row->new, "verdict") : VERDICT_OK;

	/* The same and good: of no interest. */
	if (before == after && was == is && is == VERDICT_OK)
		return;

	fprintf(out, "  %-28s %lld -> %lld  ", name, before, after);
	show_verdict(out, colour, is, row->new ? 4 : 0);
	if (row->new)
		show_where(out, new, row->new);
	fputc('\n', out);
}

static void print_rows(FILE *out, bool colour, const struct saved *old, const struct saved *new,
		       json_t *old_path, json_t *new_path)
{
	json_t *none = json_array();
	json_t *old_fields = old_path ? saved_get(old, old_path, "fields", JSON_ARRAY) : none;
	json_t *new_fields = saved_get(new, new_path, "fields", JSON_ARRAY);
	struct row *rows;
	size_t n, i;

	n = merge(old, new, old_fields, new_fields, &rows);
	for (i = 0; i < n; i++)
		print_row(out, colour, old, new, &rows[i]);
	free(rows);
	json_decref(none);
}

static enum verdict compare_path(FILE *out, bool colour, const struct saved *old,
				 const struct saved *new, json_t *path)
{
	const char *name = saved_string(new, path, "name");
	enum verdict verdict = saved_verdict(new, path, "status");
	json_t *old_path = saved_find(old, saved_paths(old), name);

	fprintf(out, "%s: ", name);
	if (old_path)
		show_verdict(out, colour, saved_verdict(old, old_path, "status"), 0);
	else
		fputs("none", out);
	fputs(" -> ", out);
	show_verdict(out, colour, verdict, 0);
	fputc('\n', out);
	print_rows(out, colour, old, new, old_path, path);
	fputc('\n', out);
	return verdict;
}

static bool walked(const struct saved *side, const json_t *path)
{
	return path && saved_verdict(side, path, "status") != VERDICT_SKIP;
}

/* A path that is no longer walked must not make things look better. */
static enum verdict missing_paths(FILE *out, const struct saved *old, const struct saved *new)
{
	json_t *paths = saved_paths(old), *path;
	enum verdict verdict = VERDICT_OK;
	const char *name;
	size_t i;

	json_array_foreach(paths, i, path) {
		name = saved_string(old, path, "name");
		if (walked(old, path) && !walked(new, saved_find(new, saved_paths(new), name))) {
			fprintf(out, "%s: walked in %s only\n", name, old->file);
			verdict = VERDICT_INCONCLUSIVE;
		}
	}
	return verdict;
}

enum verdict compare(FILE *out, bool colour, const char *old_file, const char *new_file)
{
	enum verdict worst = VERDICT_SKIP, verdict;
	struct saved old, new;
	json_t *paths, *path;
	size_t i;

	saved_load(&old, old_file);
	saved_load(&new, new_file);
	paths = saved_paths(&new);

	fprintf(out, "%s (%s) -> %s (%s)\n\n", saved_release(&old), old_file,
		saved_release(&new), new_file);
	json_array_foreach(paths, i, path) {
		verdict = compare_path(out, colour, &old, &new, path);
		worst = worse(worst, verdict);
	}
	worst = worse(worst, missing_paths(out, &old, &new));

	fprintf(out, "%s: ", saved_release(&new));
	show_verdict(out, colour, worst, 0);
	fputc('\n', out);
	json_decref(old.root);
	json_decref(new.root);
	return worst;
}
