// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "pass.h"
#include "physmap.h"
#include "tracing.h"
#include "util.h"

#define MAX_HITS	1024

bool *wanted_at(const struct pass *pass, size_t path, size_t unit)
{
	return &pass->wanted[path * pass->nr_units + unit];
}

struct seq *seq_at(const struct pass *pass, size_t path, size_t unit, unsigned int round)
{
	return &pass->seq[(path * pass->nr_units + unit) * pass->rounds + round];
}

static void seq_add(struct seq *seq, u64 ip)
{
	/* A few entries at most, so no need for a capacity. */
	seq->ip = xrealloc(seq->ip, (seq->nr + 1) * sizeof(*seq->ip));
	seq->ip[seq->nr++] = ip;
}

bool seq_has(const struct seq *seq, u64 ip)
{
	size_t i;

	for (i = 0; i < seq->nr; i++) {
		if (seq->ip[i] == ip)
			return true;
	}
	return false;
}

bool touched(const struct pass *pass, size_t path, size_t unit)
{
	unsigned int round;

	for (round = 0; round < pass->rounds; round++) {
		if (seq_at(pass, path, unit, round)->nr)
			return true;
	}
	return false;
}

struct pass *pass_new(const struct census *census, const struct mapping *mapping,
		      const struct unit *unit, size_t nr_units, unsigned int rounds)
{
	struct pass *pass = xcalloc(1, sizeof(*pass));

	pass->mapping = mapping;
	pass->unit = unit;
	pass->nr_units = nr_units;
	pass->rounds = rounds;
	pass->wanted = xcalloc(census->nr_paths * nr_units, sizeof(*pass->wanted));
	pass->seq = xcalloc(census->nr_paths * nr_units * rounds, sizeof(*pass->seq));
	return pass;
}

void pass_free(const struct census *census, struct pass *pass)
{
	size_t i;

	for (i = 0; i < census->nr_paths * pass->nr_units * pass->rounds; i++)
		free(pass->seq[i].ip);
	free(pass->seq);
	free(pass->wanted);
	free(pass);
}

static void check_frame(const struct walker *w)
{
	if (phys_of(w->lab->mem + GPA_VMCB12) != w->phys)
		die(EXIT_INFRA, "the kernel moved the watched page to another frame: try again");
}

static size_t unit_of_hit(const struct pass *pass, const struct watch_hit *hit)
{
	size_t u = 0;

	while (u < pass->nr_units && pass->mapping->base + pass->unit[u].offset != hit->addr)
		u++;
	if (u == pass->nr_units)
		die(EXIT_INFRA, "a breakpoint fired at an address that is not watched");
	return u;
}

/* Walk the path once; what act() touches is recorded unless @round is negative. */
static const char *walk_once(struct walker *w, struct pass *pass, size_t path, int round)
{
	const struct path *p = w->census->path[path].path;
	struct watch_hit hit[MAX_HITS];
	const char *error;
	int i, n;

	error = path_enter(w->lab, p);
	if (error)
		return error;
	watch_drain(&w->watch, hit, MAX_HITS);
	error = path_act(w->lab, p);
	if (error)
		return error;
	n = watch_drain(&w->watch, hit, MAX_HITS);
	if (n < 0)
		return "the kernel lost some of the accesses";
	for (i = 0; round >= 0 && i < n; i++)
		seq_add(seq_at(pass, path, unit_of_hit(pass, &hit[i]), round), hit[i].ip);
	return path_leave(w->lab, p);
}

static void walk_path(struct walker *w, struct pass *pass, size_t path)
{
	struct path_result *res = &w->census->path[path];
	const char *error = NULL;
	int round;

	/* Warming up makes the paths independent of their order. */
	for (round = pass->warm_up ? -1 : 0; !error && round < (int)pass->rounds; round++)
		error = walk_once(w, pass, path, round);
	if (!error)
		return;

	res->verdict = VERDICT_INCONCLUSIVE;
	res->reason = xasprintf("%s", error);
	lab_reset(w->lab, res->path->vmm);
}

/* The units that are under watch together. */
struct group {
	size_t unit[WATCH_SLOTS];
	unsigned int nr;
};

static bool group_has_granule(const struct group *group, const struct pass *pass,
			      unsigned int granule)
{
	unsigned int i;

	for (i = 0; i < group->nr; i++) {
		if (pass->unit[group->unit[i]].offset / GRANULE == granule)
			return true;
	}
	return false;
}

/*
 * Put units that were not watched yet under watch, but never two of the same
 * granule: an emulated CPU reports an access that hits several breakpoints for
 * one of them only.  Returns false if there are none left.
 */
static bool watch_group(struct walker *w, const struct pass *pass, bool *done,
			enum watch_mode mode, struct group *group)
{
	const struct unit *unit;
	size_t u;

	group->nr = 0;
	for (u = 0; u < pass->nr_units && group->nr < w->watch.slots; u++) {
		unit = &pass->unit[u];
		if (done[u] || group_has_granule(group, pass, unit->offset / GRANULE))
			continue;
		watch_add(&w->watch, pass->mapping->base + unit->offset, unit->len, mode);
		group->unit[group->nr++] = u;
		done[u] = true;
	}
	return group->nr;
}

static bool group_wanted(const struct pass *pass, size_t path, const struct group *group)
{
	unsigned int i;

	for (i = 0; i < group->nr; i++) {
		if (*wanted_at(pass, path, group->unit[i]))
			return true;
	}
	return false;
}

static bool can_walk(const struct walker *w, size_t path, bool traced)
{
	const struct path_result *res = &w->census->path[path];

	return res->verdict == VERDICT_OK && res->path->traced == traced;
}

/* Walk the paths with tracepoints on, or those with tracepoints off. */
static void walk_all(struct walker *w, struct pass *pass, enum watch_mode mode, bool traced)
{
	bool *done = xcalloc(pass->nr_units, sizeof(*done));
	struct group group;
	size_t path;

	while (watch_group(w, pass, done, mode, &group)) {
		for (path = 0; path < w->census->nr_paths; path++) {
			if (can_walk(w, path, traced) && group_wanted(pass, path, &group))
				walk_path(w, pass, path);
		}
		watch_clear(&w->watch);
		check_frame(w);
	}
	free(done);
}

static bool any_wanted(const struct walker *w, const struct pass *pass, bool traced)
{
	size_t path, u;

	for (path = 0; path < w->census->nr_paths; path++) {
		for (u = 0; can_walk(w, path, traced) && u < pass->nr_units; u++) {
			if (*wanted_at(pass, path, u))
				return true;
		}
	}
	return false;
}

void pass_run(struct walker *w, struct pass *pass, enum watch_mode mode)
{
	struct tracing tracing;

	if (any_wanted(w, pass, false))
		walk_all(w, pass, mode, false);
	if (any_wanted(w, pass, true)) {
		tracing_on(&tracing);
		walk_all(w, pass, mode, true);
		tracing_off(&tracing);
	}
}
