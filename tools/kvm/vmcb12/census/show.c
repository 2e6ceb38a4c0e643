// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "show.h"

static const char *colour_of(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_OK:
		return "\033[32m";
	case VERDICT_FAIL:
		return "\033[31m";
	default:
		return "\033[33m";
	}
}

void show_verdict(FILE *out, bool colour, enum verdict verdict, int width)
{
	fprintf(out, "%s%-*s%s", colour ? colour_of(verdict) : "", width, verdict_name(verdict),
		colour ? "\033[0m" : "");
}

/* "function+0x10 +0x20 other+0x30": a name is not repeated. */
void show_where(FILE *out, const struct saved *s, const json_t *field)
{
	json_t *where = saved_get(s, field, "where", JSON_ARRAY), *a;
	const char *symbol, *last = "";
	long long count;
	size_t i;

	json_array_foreach(where, i, a) {
		if (strcmp(saved_string(s, a, "access"), "fetch"))
			continue;
		symbol = saved_string(s, a, "symbol");
		fprintf(out, " %s+%s", strcmp(symbol, last) ? symbol : "",
			saved_string(s, a, "offset"));
		last = symbol;
		count = saved_integer(s, a, "count");
		if (count > 1)
			fprintf(out, "(x%lld)", count);
	}
}

static json_t *fields_of(const struct saved *s, const json_t *path)
{
	return saved_get(s, path, "fields", JSON_ARRAY);
}

static int name_width(const struct saved *s)
{
	int width = strlen("field"), n;
	json_t *path, *field;
	size_t i, j;

	json_array_foreach(saved_paths(s), i, path) {
		json_array_foreach(fields_of(s, path), j, field) {
			n = strlen(saved_string(s, field, "name"));
			if (n > width)
				width = n;
		}
	}
	return width;
}

static void show_field(FILE *out, bool colour, int width, const struct saved *s,
		       const json_t *field)
{
	long long fetches = saved_integer(s, field, "fetches");
	const char *reason = saved_reason(s, field);

	fprintf(out, "  %-*s  0x%03llx  %7lld  %6lld  ", width, saved_string(s, field, "name"),
		saved_integer(s, field, "offset"), fetches, saved_integer(s, field, "writes"));
	show_verdict(out, colour, saved_verdict(s, field, "verdict"), fetches ? 4 : 0);
	show_where(out, s, field);
	if (reason)
		fprintf(out, " (%s)", reason);
	fputc('\n', out);
}

static void show_path(FILE *out, bool colour, int width, const struct saved *s, const json_t *path)
{
	const char *reason = saved_reason(s, path);
	json_t *fields = fields_of(s, path), *field;
	size_t i;

	fprintf(out, "%s: ", saved_string(s, path, "name"));
	show_verdict(out, colour, saved_verdict(s, path, "status"), 0);
	if (reason)
		fprintf(out, " (%s)", reason);
	fprintf(out, "  [%s]\n", saved_string(s, path, "what"));

	if (json_array_size(fields))
		fprintf(out, "  %-*s  at     fetches  writes  %s\n", width, "field",
			"verdict, and after which instruction it is fetched");
	json_array_foreach(fields, i, field)
		show_field(out, colour, width, s, field);
	fputc('\n', out);
}

void show_table(FILE *out, bool colour, const struct saved *s)
{
	int width = name_width(s);
	json_t *path;
	size_t i;

	json_array_foreach(saved_paths(s), i, path)
		show_path(out, colour, width, s, path);
	fprintf(out, "%s: ", saved_release(s));
	show_verdict(out, colour, saved_verdict(s, s->root, "verdict"), 0);
	fputc('\n', out);
}

static void ktap_diagnostics(FILE *out, const struct saved *s, const json_t *path)
{
	const char *reason;
	json_t *field;
	size_t i;

	json_array_foreach(fields_of(s, path), i, field) {
		reason = saved_reason(s, field);
		if (!reason)
			continue;
		fprintf(out, "# %s: %s %s:", saved_string(s, path, "name"),
			saved_string(s, field, "name"), reason);
		show_where(out, s, field);
		fputc('\n', out);
	}
}

static void ktap_path(FILE *out, const struct saved *s, size_t number, const json_t *path)
{
	enum verdict verdict = saved_verdict(s, path, "status");
	const char *reason = saved_reason(s, path);

	ktap_diagnostics(out, s, path);
	/* KTAP has no word for a test that could not tell. */
	fprintf(out, "%s %zu %s", verdict <= VERDICT_OK ? "ok" : "not ok", number,
		saved_string(s, path, "name"));
	if (verdict == VERDICT_SKIP)
		fprintf(out, " # SKIP %s", reason ? reason : "");
	else if (verdict != VERDICT_OK)
		fprintf(out, " # %s (%s)", verdict_name(verdict), reason ? reason : "");
	fputc('\n', out);
}

void show_ktap(FILE *out, const struct saved *s)
{
	json_t *path;
	size_t i;

	fprintf(out, "KTAP version 1\n1..%zu\n", json_array_size(saved_paths(s)));
	json_array_foreach(saved_paths(s), i, path)
		ktap_path(out, s, i + 1, path);
}
