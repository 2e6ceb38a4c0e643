// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "util.h"
#include "vmcb.h"

#define KVM_AMD_PARAMETERS	"/sys/module/kvm_amd/parameters"

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

static void print_verdict(FILE *out, bool colour, enum verdict verdict, int width)
{
	fprintf(out, "%s%-*s%s", colour ? colour_of(verdict) : "", width, verdict_name(verdict),
		colour ? "\033[0m" : "");
}

/* "function+0x10 +0x20 other+0x30": a name is not repeated. */
static void print_where(FILE *out, const struct field_result *field, bool writes)
{
	const char *last = "";
	const struct access *a;
	size_t i;

	for (i = 0; i < field->nr_access; i++) {
		a = &field->access[i];
		if (a->write != writes)
			continue;
		fputc(' ', out);
		if (strcmp(a->symbol, last))
			fputs(a->symbol, out);
		last = a->symbol;
		fprintf(out, "+0x%llx", a->offset);
		if (a->count > 1)
			fprintf(out, "(x%u)", a->count);
	}
}

static int name_width(const struct census *census)
{
	const struct path_result *path;
	int width = strlen("field"), n;
	size_t i;

	for (path = census->path; path < census->path + census->nr_paths; path++) {
		for (i = 0; i < path->nr_fields; i++) {
			n = strlen(path->field[i].name);
			if (n > width)
				width = n;
		}
	}
	return width;
}

static void print_field(FILE *out, bool colour, int width, const struct field_result *field)
{
	fprintf(out, "  %-*s  0x%03x  %7u  %6u  ", width, field->name, field->offset,
		field->fetches, field->writes);
	/* What is only written obeys the rule wherever that happens. */
	print_verdict(out, colour, field->verdict, field->fetches ? 4 : 0);
	print_where(out, field, false);
	if (field->reason)
		fprintf(out, " (%s)", field->reason);
	fputc('\n', out);
}

static void print_path(FILE *out, bool colour, int width, const struct path_result *res)
{
	size_t i;

	fprintf(out, "%s: ", res->path->name);
	print_verdict(out, colour, res->verdict, 0);
	if (res->reason)
		fprintf(out, " (%s)", res->reason);
	fprintf(out, "  [%s]\n", res->path->what);

	if (res->nr_fields)
		fprintf(out, "  %-*s  at     fetches  writes  %s\n", width, "field",
			"verdict, and after which instruction it is fetched");
	for (i = 0; i < res->nr_fields; i++)
		print_field(out, colour, width, &res->field[i]);
	fputc('\n', out);
}

void report_table(FILE *out, bool colour, const struct host *host, const struct census *census)
{
	int width = name_width(census);
	size_t i;

	for (i = 0; i < census->nr_paths; i++)
		print_path(out, colour, width, &census->path[i]);
	fprintf(out, "%s: ", host->release);
	print_verdict(out, colour, census->verdict, 0);
	fputc('\n', out);
}

void report_ktap(FILE *out, const struct census *census)
{
	const struct path_result *res;
	size_t i, j;
	bool ok;

	fprintf(out, "KTAP version 1\n1..%zu\n", census->nr_paths);
	for (i = 0; i < census->nr_paths; i++) {
		res = &census->path[i];
		for (j = 0; j < res->nr_fields; j++) {
			if (res->field[j].verdict == VERDICT_OK)
				continue;
			fprintf(out, "# %s: %s %s:", res->path->name, res->field[j].name,
				res->field[j].reason);
			print_where(out, &res->field[j], false);
			fputc('\n', out);
		}
		/* KTAP has no word for a test that could not tell. */
		ok = res->verdict == VERDICT_OK || res->verdict == VERDICT_SKIP;
		fprintf(out, "%s %zu %s", ok ? "ok" : "not ok", i + 1, res->path->name);
		if (res->verdict == VERDICT_SKIP)
			fprintf(out, " # SKIP %s", res->reason);
		else if (res->reason)
			fprintf(out, " # %s (%s)", verdict_name(res->verdict), res->reason);
		fputc('\n', out);
	}
}

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		die(EXIT_INFRA, "out of memory");
}

/* JSON strings are UTF-8; nothing here ever was anything but ASCII. */
static json_t *string_or_null(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *access_json(const struct access *a)
{
	json_t *o = json_object();
	char *where = xasprintf("%s+0x%llx", a->symbol, a->offset);

	set(o, "symbol", json_string(where));
	set(o, "module", string_or_null(a->module));
	set(o, "access", json_string(a->write ? "write" : "fetch"));
	set(o, "count", json_integer(a->count));
	free(where);
	return o;
}

static json_t *field_json(const struct field_result *field)
{
	json_t *o = json_object(), *where = json_array();
	enum vmcb_group group = GROUP_NONE;
	size_t i;

	if (field->id < NR_FIELDS)
		group = vmcb_fields[field->id].group;
	for (i = 0; i < field->nr_access; i++)
		json_array_append_new(where, access_json(&field->access[i]));

	set(o, "name", json_string(field->name));
	set(o, "offset", json_integer(field->offset));
	set(o, "size", json_integer(field->size));
	set(o, "group", json_string(group_name(group)));
	set(o, "fetches", json_integer(field->fetches));
	set(o, "writes", json_integer(field->writes));
	set(o, "where", where);
	set(o, "verdict", json_string(verdict_name(field->verdict)));
	set(o, "reason", string_or_null(field->reason));
	return o;
}

static json_t *path_json(const struct path_result *res)
{
	json_t *o = json_object(), *fields = json_array();
	size_t i;

	for (i = 0; i < res->nr_fields; i++)
		json_array_append_new(fields, field_json(&res->field[i]));

	set(o, "name", json_string(res->path->name));
	set(o, "what", json_string(res->path->what));
	set(o, "status", json_string(verdict_name(res->verdict)));
	set(o, "reason", string_or_null(res->reason));
	set(o, "rounds", json_integer(res->rounds));
	set(o, "fields", fields);
	return o;
}

static json_t *features_json(u32 edx)
{
	static const struct {
		const char *name;
		u32 bit;
	} features[] = {
		{ "npt",	SVM_CPUID_NPT },
		{ "lbrv",	SVM_CPUID_LBRV },
		{ "nrips",	SVM_CPUID_NRIPS },
		{ "vmcb_clean",	SVM_CPUID_VMCB_CLEAN },
		{ "vls",	SVM_CPUID_VLS },
		{ "vgif",	SVM_CPUID_VGIF },
		{ "vnmi",	SVM_CPUID_VNMI },
	};
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(features); i++)
		set(o, features[i].name, json_boolean(edx & features[i].bit));
	return o;
}

static json_t *parameters_json(void)
{
	json_t *o = json_object();
	DIR *dir = opendir(KVM_AMD_PARAMETERS);
	struct dirent *entry;
	char *file, *value;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		file = xasprintf(KVM_AMD_PARAMETERS "/%s", entry->d_name);
		value = read_line(file);
		set(o, entry->d_name, string_or_null(value));
		free(value);
		free(file);
	}
	if (dir)
		closedir(dir);
	return o;
}

json_t *report_json(const struct host *host, const struct census *census)
{
	json_t *o = json_object(), *paths = json_array(), *command = json_array();
	json_t *kernel = json_object();
	size_t i;
	int arg;

	for (arg = 0; arg < host->argc; arg++)
		json_array_append_new(command, json_string(host->argv[arg]));
	for (i = 0; i < census->nr_paths; i++)
		json_array_append_new(paths, path_json(&census->path[i]));

	set(o, "schema", json_integer(SCHEMA_VERSION));
	set(kernel, "release", json_string(host->release));
	set(kernel, "version", json_string(host->version));
	set(o, "kernel", kernel);
	set(o, "features", features_json(host->svm_features));
	set(o, "parameters", parameters_json());
	set(o, "command", command);
	set(o, "paths", paths);
	set(o, "verdict", json_string(verdict_name(census->verdict)));
	return o;
}
