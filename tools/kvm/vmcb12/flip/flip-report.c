// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "flip-report.h"
#include "json.h"
#include "util.h"

#define NAME_WIDTH	28

static json_t *hex_or_null(bool known, u64 value)
{
	return known ? json_hex(value) : json_null();
}

static json_t *changes_json(const struct flip *flip)
{
	json_t *changes = json_object(), *pair;
	size_t i;

	for (i = 0; i < flip->nr_changes; i++) {
		pair = json_array();
		json_add(pair, json_hex(flip->change[i].old));
		json_add(pair, json_hex(flip->change[i].new));
		json_put(changes, flip->change[i].name, pair);
	}
	return changes;
}

static json_t *one_flip_json(const struct flip *flip)
{
	json_t *o = json_object();

	json_put(o, "after", json_integer(flip->nth));
	json_put(o, "late", json_boolean(flip->late));
	json_put(o, "outcome", json_string(outcome_name(flip->outcome)));
	json_put(o, "record", hex_or_null(flip->has_record, flip->record));
	json_put(o, "used", hex_or_null(flip->has_used, flip->used));
	json_put(o, "exit_code", json_hex(flip->exit_code));
	json_put(o, "changes", changes_json(flip));
	json_put(o, "log", json_strings(flip->log, flip->nr_logs));
	return o;
}

static json_t *where_json(const struct ksyms *ks, const struct flip_field *field)
{
	json_t *where = json_array();
	char *text;
	size_t i;

	for (i = 0; i < field->fetches && i < VMCB12_FLIP_MAX_HITS; i++) {
		text = ksyms_where(ks, field->ip[i]);
		json_add(where, json_string(text));
		free(text);
	}
	return where;
}

static json_t *field_json(const struct ksyms *ks, const struct flip_field *field)
{
	json_t *o = json_object(), *flips = json_array();
	size_t i;

	for (i = 0; i < field->nr_flips; i++)
		json_add(flips, one_flip_json(&field->flip[i]));

	json_put(o, "name", json_string(vmcb_fields[field->id].name));
	json_put(o, "old", json_hex(field->old));
	json_put(o, "new", json_hex(field->new));
	json_put(o, "fetches", json_integer(field->fetches));
	json_put(o, "where", where_json(ks, field));
	json_put(o, "flips", flips);
	json_put(o, "verdict", json_string(verdict_name(field->verdict)));
	json_put(o, "reason", json_string_or_null(field->reason));
	return o;
}

static json_t *path_json(const struct ksyms *ks, const struct flip_path *fp)
{
	json_t *o = json_object(), *fields = json_array();
	size_t i;

	for (i = 0; i < fp->nr_fields; i++)
		json_add(fields, field_json(ks, &fp->field[i]));

	json_put(o, "name", json_string(fp->path->name));
	json_put(o, "what", json_string(fp->path->what));
	json_put(o, "status", json_string(verdict_name(fp->verdict)));
	json_put(o, "reason", json_string_or_null(fp->reason));
	json_put(o, "fields", fields);
	return o;
}

json_t *flip_json(const struct host *host, const struct ksyms *ks, const struct flip_path *paths,
		  size_t nr)
{
	json_t *o = host_json(host), *array = json_array();
	enum verdict verdict = VERDICT_SKIP;
	size_t i;

	for (i = 0; i < nr; i++) {
		json_add(array, path_json(ks, &paths[i]));
		verdict = worse(verdict, paths[i].verdict);
	}
	json_put(o, "paths", array);
	json_put(o, "verdict", json_string(verdict_name(verdict)));
	return o;
}

/* One word for each write: before the path | after each fetch | late. */
static char *outcomes(const struct saved *s, const json_t *field)
{
	json_t *flips = saved_get(s, field, "flips", JSON_ARRAY), *flip;
	char *text = xasprintf("%s", ""), *longer;
	const char *outcome, *bar;
	size_t i;

	json_array_foreach(flips, i, flip) {
		outcome = saved_string(s, flip, "outcome");
		bar = i == 1 || json_is_true(json_object_get(flip, "late")) ? " |" : "";
		longer = xasprintf("%s%s%s%s", text, bar, i ? " " : "", outcome);
		free(text);
		text = longer;
	}
	return text;
}

static void show_field(FILE *out, const struct saved *s, const json_t *field)
{
	json_t *where = saved_get(s, field, "where", JSON_ARRAY), *a;
	char *row = outcomes(s, field);
	size_t i;

	fprintf(out, "  %-*s %7lld  %-30s  %s", NAME_WIDTH, saved_string(s, field, "name"),
		saved_integer(s, field, "fetches"), row, saved_string(s, field, "verdict"));
	free(row);
	if (saved_verdict(s, field, "verdict") == VERDICT_FAIL) {
		json_array_foreach(where, i, a)
			fprintf(out, " %s", json_string_value(a));
	}
	fputc('\n', out);
}

static void show_path_head(FILE *out, const struct saved *s, const json_t *path)
{
	const char *reason = saved_reason(s, path);

	fprintf(out, "%s: %s", saved_string(s, path, "name"), saved_string(s, path, "status"));
	if (reason)
		fprintf(out, " (%s)", reason);
	fprintf(out, "  [%s]\n", saved_string(s, path, "what"));
}

static void show_legend(FILE *out)
{
	fputs("A field is written before the path | right after each fetch | when it is over.\n"
	      "old: as without a write; new: as if it had come before; torn: neither.\n\n", out);
}

void flip_show(FILE *out, const struct saved *s)
{
	json_t *path, *field, *fields;
	size_t i, j;

	show_legend(out);
	json_array_foreach(saved_paths(s), i, path) {
		show_path_head(out, s, path);
		fields = saved_get(s, path, "fields", JSON_ARRAY);
		if (json_array_size(fields))
			fprintf(out, "  %-*s fetches  %-30s  verdict\n", NAME_WIDTH, "field",
				"before | after fetch | late");
		json_array_foreach(fields, j, field)
			show_field(out, s, field);
		fputc('\n', out);
	}
	fprintf(out, "%s: %s\n", saved_release(s), saved_string(s, s->root, "verdict"));
}

/* Returns false if there is nothing to tell on either side. */
static bool compare_field(FILE *out, const struct saved *old, const struct saved *new,
			  const json_t *old_field, const json_t *field)
{
	enum verdict is = saved_verdict(new, field, "verdict");
	enum verdict was = old_field ? saved_verdict(old, old_field, "verdict") : is;
	char *before, *after;

	if (worse(was, is) < VERDICT_INCONCLUSIVE)
		return false;
	before = old_field ? outcomes(old, old_field) : xasprintf("not fetched");
	after = outcomes(new, field);
	fprintf(out, "  %-*s %-32s -> %-24s %s\n", NAME_WIDTH, saved_string(new, field, "name"),
		before, after, verdict_name(is));
	free(before);
	free(after);
	return true;
}

/* Nothing may look better for not having been tried. */
static enum verdict lost(const struct saved *old, const struct saved *new, const json_t *old_path,
			 const json_t *path)
{
	bool was = old_path && saved_verdict(old, old_path, "status") != VERDICT_SKIP;

	if (was && (!path || saved_verdict(new, path, "status") == VERDICT_SKIP))
		return VERDICT_INCONCLUSIVE;
	return VERDICT_SKIP;
}

static void compare_path(FILE *out, const struct saved *old, const struct saved *new,
			 const json_t *old_path, const json_t *path)
{
	json_t *fields = saved_get(new, path, "fields", JSON_ARRAY), *field, *old_fields = NULL;
	const char *reason = saved_reason(new, path), *name;
	size_t i, quiet = 0;

	fprintf(out, "%s: %s -> %s", saved_string(new, path, "name"),
		old_path ? saved_string(old, old_path, "status") : "none",
		saved_string(new, path, "status"));
	fprintf(out, reason ? " (%s)\n" : "\n", reason);
	if (old_path)
		old_fields = saved_get(old, old_path, "fields", JSON_ARRAY);
	json_array_foreach(fields, i, field) {
		name = saved_string(new, field, "name");
		if (!compare_field(out, old, new,
				   old_fields ? saved_find(old, old_fields, name) : NULL, field))
			quiet++;
	}
	if (quiet)
		fprintf(out, "  %zu %sfields: no write after a fetch shows on either side\n",
			quiet, quiet < i ? "other " : "");
	fputc('\n', out);
}

enum verdict flip_compare(FILE *out, const struct saved *old, const struct saved *new)
{
	enum verdict verdict = saved_verdict(new, new->root, "verdict");
	json_t *path, *other;
	const char *name;
	size_t i;

	show_legend(out);
	fprintf(out, "%s (%s) -> %s (%s)\n\n", saved_release(old), old->file, saved_release(new),
		new->file);
	json_array_foreach(saved_paths(new), i, path) {
		other = saved_find(old, saved_paths(old), saved_string(new, path, "name"));
		compare_path(out, old, new, other, path);
	}
	json_array_foreach(saved_paths(old), i, other) {
		name = saved_string(old, other, "name");
		path = saved_find(new, saved_paths(new), name);
		if (lost(old, new, other, path) == VERDICT_SKIP)
			continue;
		fprintf(out, "%s: tried in %s only\n", name, old->file);
		verdict = worse(verdict, VERDICT_INCONCLUSIVE);
	}
	fprintf(out, "%s: %s\n", saved_release(new), verdict_name(verdict));
	return verdict;
}
