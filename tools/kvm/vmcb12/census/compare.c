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

static const char *row_name(const struct saved *old, const struct saved *new,
			    const struct row *row)
{
	return row->new ? saved_string(new, row->new, "name") :
			  saved_string(old, row->old, "name");
}

/* What a row says behind its name: allocated, NULL if it is the same and good. */
static char *row_text(bool colour, const struct saved *old, const struct saved *new,
		      const struct row *row)
{
	long long before = row->old ? saved_integer(old, row->old, "fetches") : 0;
	long long after = row->new ? saved_integer(new, row->new, "fetches") : 0;
	enum verdict was = row->old ? saved_verdict(old, row->old, "verdict") : VERDICT_OK;
	enum verdict is = row->new ? saved_verdict(new, row->new, "verdict") : VERDICT_OK;
	size_t size;
	FILE *out;
	char *text;

	if (before == after && was == is && is == VERDICT_OK)
		return NULL;

	out = xmemstream(&text, &size);
	fprintf(out, "%lld -> %lld  ", before, after);
	show_verdict(out, colour, is, 4);
	if (before)
		show_where(out, old, row->old);
	fputs(" ->", out);
	if (after)
		show_where(out, new, row->new);
	fclose(out);
	return text;
}

/* "save.es.selector" and "save.es.attrib" are parts of one: the length of "save.es." or 0. */
static size_t common_part(const char *a, const char *b)
{
	const char *dot = strrchr(a, '.');
	size_t n = dot ? dot - a + 1 : 0;

	return n && !strncmp(a, b, n) && memchr(a, '.', n - 1) ? n : 0;
}

/*
 * The name of the row at @i, and of those behind it that are parts of the same
 * segment and show the same: "save.es.selector,attrib".  Returns the next row.
 */
static size_t join_names(FILE *out, const struct saved *old, const struct saved *new,
			 const struct row *rows, char **text, size_t n, size_t i)
{
	const char *name = row_name(old, new, &rows[i]), *next;
	size_t part;

	fputs(name, out);
	while (++i < n && text[i] && !strcmp(text[i], text[i - 1])) {
		next = row_name(old, new, &rows[i]);
		part = common_part(name, next);
		if (!part)
			break;
		fprintf(out, ",%s", next + part);
	}
	return i;
}

static void print_rows(FILE *out, bool colour, const struct saved *old, const struct saved *new,
		       const struct row *rows, size_t n)
{
	char **text = xcalloc(n, sizeof(*text)), *names;
	size_t i, next, size;
	FILE *f;

	for (i = 0; i < n; i++)
		text[i] = row_text(colour, old, new, &rows[i]);
	for (i = 0; i < n; i = next) {
		next = i + 1;
		if (!text[i])
			continue;
		f = xmemstream(&names, &size);
		next = join_names(f, old, new, rows, text, n, i);
		fclose(f);
		fprintf(out, "  %-32s %s\n", names, text[i]);
		free(names);
	}
	for (i = 0; i < n; i++)
		free(text[i]);
	free(text);
}

/* All that is to say on a path, behind its name: allocated. */
static char *path_text(bool colour, const struct saved *old, const struct saved *new,
		       json_t *path, json_t *old_path)
{
	json_t *none = json_array();
	json_t *old_fields = old_path ? saved_get(old, old_path, "fields", JSON_ARRAY) : none;
	json_t *new_fields = saved_get(new, path, "fields", JSON_ARRAY);
	struct row *rows;
	size_t n, size;
	char *text;
	FILE *out;

	out = xmemstream(&text, &size);
	if (old_path)
		show_verdict(out, colour, saved_verdict(old, old_path, "status"), 0);
	else
		fputs("none", out);
	fputs(" -> ", out);
	show_verdict(out, colour, saved_verdict(new, path, "status"), 0);
	if (saved_reason(new, path) && !json_array_size(new_fields))
		fprintf(out, " (%s)", saved_reason(new, path));
	fputc('\n', out);

	n = merge(old, new, old_fields, new_fields, &rows);
	print_rows(out, colour, old, new, rows, n);
	free(rows);
	json_decref(none);
	fclose(out);
	return text;
}

/* The text of earlier paths holds the @line. */
static bool shown_before(char **text, size_t n, const char *line)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strstr(text[i], line))
			return true;
	}
	return false;
}

/* Print the text of path @n, but not the lines of it that are there already. */
static void print_path(FILE *out, char **text, size_t n)
{
	size_t repeated = 0, len;
	const char *p = text[n];
	char *line;

	for (; *p; p += len) {
		len = strcspn(p, "\n") + 1;
		line = xasprintf("%.*s", (int)len, p);
		if (p > text[n] && shown_before(text, n, line))
			repeated++;
		else
			fputs(line, out);
		free(line);
	}
	if (repeated)
		fprintf(out, "  (%zu lines as above)\n", repeated);
	if (p > strchr(text[n], '\n') + 1)
		fputc('\n', out);
}

/* Print what the paths show; those that show the same stand together. */
static enum verdict print_paths(FILE *out, bool colour, const struct saved *old,
				const struct saved *new)
{
	json_t *paths = saved_paths(new), *path;
	size_t n = json_array_size(paths), i, j;
	enum verdict worst = VERDICT_SKIP;
	const char *name;
	char **text;

	text = xcalloc(n, sizeof(*text));
	json_array_foreach(paths, i, path) {
		name = saved_string(new, path, "name");
		text[i] = path_text(colour, old, new, path,
				    saved_find(old, saved_paths(old), name));
		worst = worse(worst, saved_verdict(new, path, "status"));
	}
	for (i = 0; i < n; i++) {
		for (j = 0; j < i && strcmp(text[i], text[j]); j++)
			;
		if (j < i)
			continue;
		fputs(saved_string(new, json_array_get(paths, i), "name"), out);
		for (j = i + 1; j < n; j++) {
			if (!strcmp(text[i], text[j]))
				fprintf(out, ", %s",
					saved_string(new, json_array_get(paths, j), "name"));
		}
		fputs(": ", out);
		print_path(out, text, i);
	}
	for (i = 0; i < n; i++)
		free(text[i]);
	free(text);
	return worst;
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

enum verdict compare(FILE *out, bool colour, const struct saved *old, const struct saved *new)
{
	enum verdict worst;

	fprintf(out, "%s (%s) -> %s (%s)\n\n", saved_release(old), old->file,
		saved_release(new), new->file);
	worst = print_paths(out, colour, old, new);
	worst = worse(worst, missing_paths(out, old, new));

	fprintf(out, "%s: ", saved_release(new));
	show_verdict(out, colour, worst, 0);
	fputc('\n', out);
	return worst;
}
