// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rule: on each entry of a path, no byte of vmcb12 is fetched twice,
 * nothing is fetched outside the functions that take the snapshot, and nothing
 * that KVM wrote is read back.
 */
#include <stdlib.h>
#include <string.h>

#include "rule.h"
#include "util.h"

static void resolve(struct access *a, const struct ksyms *ks)
{
	const struct ksym *sym = ksyms_find(ks, a->ip);

	a->symbol = sym ? sym->name : "unknown";
	a->module = sym ? sym->module : NULL;
	a->offset = sym ? a->ip - sym->addr : a->ip;
}

void census_resolve(struct census *census, const struct ksyms *ks)
{
	struct path_result *path;
	size_t i, j;

	for (path = census->path; path < census->path + census->nr_paths; path++) {
		for (i = 0; i < path->nr_fields; i++) {
			for (j = 0; j < path->field[i].nr_access; j++)
				resolve(&path->field[i].access[j], ks);
		}
	}
}

/* Compilers append .isra.0, .part.0, .cold and the like. */
static bool same_function(const char *symbol, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(symbol, name, n) && (!symbol[n] || symbol[n] == '.');
}

static bool in_snapshot(const struct path *path, const char *symbol)
{
	const char * const *name;

	for (name = path->snapshot; *name; name++) {
		if (same_function(symbol, *name))
			return true;
	}
	return false;
}

/* The first fetch outside the snapshot, or NULL. */
static const struct access *stray_fetch(const struct path *path, const struct field_result *field)
{
	size_t i;

	for (i = 0; i < field->nr_access; i++) {
		if (!field->access[i].write && !in_snapshot(path, field->access[i].symbol))
			return &field->access[i];
	}
	return NULL;
}

static void judge_field(const struct path *path, struct field_result *field)
{
	const struct access *stray = stray_fetch(path, field);

	field->verdict = VERDICT_FAIL;
	if (field->fetches > 1) {
		field->reason = xasprintf("fetched %u times", field->fetches);
	} else if (field->read_back) {
		field->reason = xasprintf("read back after KVM wrote it");
	} else if (stray) {
		field->reason = xasprintf("fetched outside the snapshot");
	} else if (field->varies) {
		field->verdict = VERDICT_INCONCLUSIVE;
		field->reason = xasprintf("not the same in every round");
	} else {
		field->verdict = VERDICT_OK;
	}
}

/* Is the access missing that this path cannot do without? */
static bool control_missing(const struct path_result *res, enum vmcb_field_id only)
{
	enum vmcb_field_id control = res->path->control;
	const struct field_result *field;

	if (control == NR_FIELDS || (only != NR_FIELDS && only != control))
		return false;
	for (field = res->field; field < res->field + res->nr_fields; field++) {
		if (field->id == control)
			return res->path->control_is_write ? !field->writes : !field->fetches;
	}
	return true;
}

static void judge_path(struct path_result *res, enum vmcb_field_id only)
{
	unsigned int failed = 0;
	size_t i;

	if (res->verdict != VERDICT_OK)
		return;

	for (i = 0; i < res->nr_fields; i++) {
		judge_field(res->path, &res->field[i]);
		failed += res->field[i].verdict == VERDICT_FAIL;
		res->verdict = worse(res->verdict, res->field[i].verdict);
	}

	if (control_missing(res, only)) {
		res->verdict = VERDICT_INCONCLUSIVE;
		res->reason = xasprintf("no %s of %s was seen: the watching does not work",
					res->path->control_is_write ? "write" : "fetch",
					vmcb_fields[res->path->control].name);
	} else if (failed) {
		res->reason = xasprintf("%u of %zu fields break the rule", failed, res->nr_fields);
	} else if (res->verdict == VERDICT_INCONCLUSIVE) {
		res->reason = xasprintf("some accesses are not the same in every round");
	}
}

void census_judge(struct census *census)
{
	struct path_result *res;

	census->verdict = VERDICT_SKIP;
	for (res = census->path; res < census->path + census->nr_paths; res++) {
		judge_path(res, census->only);
		census->verdict = worse(census->verdict, res->verdict);
	}
}
