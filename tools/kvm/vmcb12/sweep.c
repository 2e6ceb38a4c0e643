// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three passes, each of which walks every path with every group of watched
 * ranges that the debug registers can hold:
 *
 * 1. the whole page in 8-byte granules, to find out which are touched at all;
 * 2. the fields in the granules that were touched, for all accesses and then
 *    for writes alone: what is left are the fetches;
 * 3. each byte of the fields that were fetched more than once, since two
 *    fetches of different bytes are no double fetch.
 */
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "physmap.h"
#include "sweep.h"
#include "util.h"
#include "watch.h"

#define GRANULE		8
#define NR_GRANULES	(VMCB_SIZE / GRANULE)
#define MAX_HITS	1024

struct unit {
	unsigned int offset;
	unsigned int len;
};

/* The code addresses that touched one unit in one round, in order. */
struct seq {
	u64 *ip;
	size_t nr;
};

/* The outcome of one pass: a seq for each path, unit and round. */
struct pass {
	const struct unit *unit;
	size_t nr_units;
	unsigned int rounds;
	struct seq *seq;
};

struct sweep {
	struct census *census;
	struct lab *lab;
	struct watch watch;
	u64 phys;
	u64 virt;
};

static struct seq *seq_at(const struct pass *pass, size_t path, size_t unit, unsigned int round)
{
	return &pass->seq[(path * pass->nr_units + unit) * pass->rounds + round];
}

static void seq_add(struct seq *seq, u64 ip)
{
	/* A few entries at most, so no need for a capacity. */
	seq->ip = xrealloc(seq->ip, (seq->nr + 1) * sizeof(*seq->ip));
	seq->ip[seq->nr++] = ip;
}

static bool seq_has(const struct seq *seq, u64 ip)
{
	size_t i;

	for (i = 0; i < seq->nr; i++) {
		if (seq->ip[i] == ip)
			return true;
	}
	return false;
}

static void pass_free(struct pass *pass, size_t nr_paths_walked)
{
	size_t i;

	for (i = 0; i < nr_paths_walked * pass->nr_units * pass->rounds; i++)
		free(pass->seq[i].ip);
	free(pass->seq);
}

static void check_frame(const struct sweep *sw)
{
	if (phys_of(sw->lab->mem + GPA_VMCB12) != sw->phys)
		die(EXIT_INFRA, "the kernel moved the watched page to another frame: try again");
}

static size_t unit_of_hit(const struct sweep *sw, const struct pass *pass,
			  const struct watch_hit *hit)
{
	size_t u = 0;

	while (u < pass->nr_units && sw->virt + pass->unit[u].offset != hit->addr)
		u++;
	if (u == pass->nr_units)
		die(EXIT_INFRA, "a breakpoint fired at an address that is not watched");
	return u;
}

/* Walk the path once; what act() touches is recorded unless @round is negative. */
static const char *walk_once(struct sweep *sw, struct pass *pass, size_t path, int round)
{
	const struct path *p = sw->census->path[path].path;
	struct watch_hit hit[MAX_HITS];
	const char *error;
	int i, n;

	error = path_enter(sw->lab, p);
	if (error)
		return error;
	watch_drain(&sw->watch, hit, MAX_HITS);
	error = path_act(sw->lab, p);
	if (error)
		return error;
	n = watch_drain(&sw->watch, hit, MAX_HITS);
	if (n < 0)
		return "the kernel lost some of the accesses";
	for (i = 0; round >= 0 && i < n; i++)
		seq_add(seq_at(pass, path, unit_of_hit(sw, pass, &hit[i]), round), hit[i].ip);
	return path_leave(sw->lab, p);
}

static void walk_path(struct sweep *sw, struct pass *pass, size_t path)
{
	struct path_result *res = &sw->census->path[path];
	const char *error = NULL;
	int round;

	/* The first round only makes the paths independent of their order. */
	for (round = -1; !error && round < (int)pass->rounds; round++)
		error = walk_once(sw, pass, path, round);
	if (!error)
		return;

	res->verdict = VERDICT_INCONCLUSIVE;
	res->reason = xasprintf("%s", error);
	lab_reset(sw->lab, res->path->vmm);
}

/*
 * Put units that were not watched yet under watch, but never two of the same
 * granule: an emulated CPU reports an access that hits several breakpoints for
 * one of them only.  Returns how many there are.
 */
static unsigned int watch_group(struct sweep *sw, const struct pass *pass, bool *done,
				enum watch_mode mode)
{
	unsigned int granule[WATCH_SLOTS], n = 0, i;
	const struct unit *unit;
	size_t u;

	for (u = 0; u < pass->nr_units && n < sw->watch.slots; u++) {
		unit = &pass->unit[u];
		for (i = 0; i < n && granule[i] != unit->offset / GRANULE; i++)
			;
		if (done[u] || i < n)
			continue;
		watch_add(&sw->watch, sw->virt + unit->offset, unit->len, mode);
		granule[n++] = unit->offset / GRANULE;
		done[u] = true;
	}
	return n;
}

static void pass_run(struct sweep *sw, struct pass *pass, enum watch_mode mode)
{
	size_t nr = sw->census->nr_paths, path;
	bool *done = xcalloc(pass->nr_units, sizeof(*done));

	pass->rounds = sw->census->rounds;
	pass->seq = xcalloc(nr * pass->nr_units * pass->rounds, sizeof(*pass->seq));
	while (watch_group(sw, pass, done, mode)) {
		for (path = 0; path < nr; path++) {
			if (sw->census->path[path].verdict == VERDICT_OK)
				walk_path(sw, pass, path);
		}
		watch_clear(&sw->watch);
		check_frame(sw);
	}
	free(done);
}

/* Was the unit touched in any round of any path? */
static bool unit_touched(const struct pass *pass, size_t nr, size_t unit)
{
	unsigned int round;
	size_t path;

	for (path = 0; path < nr; path++) {
		for (round = 0; round < pass->rounds; round++) {
			if (seq_at(pass, path, unit, round)->nr)
				return true;
		}
	}
	return false;
}

/* The end of the field, or of the run of unclaimed bytes, that holds @offset. */
static unsigned int run_end(unsigned int offset)
{
	enum vmcb_field_id id = field_at(offset);

	do {
		offset++;
	} while (offset % GRANULE && field_at(offset) == id);
	return offset;
}

/* Cut [start, end) into the naturally aligned pieces that a breakpoint can watch. */
static size_t cut(struct unit *unit, unsigned int start, unsigned int end)
{
	unsigned int len;
	size_t n = 0;

	for (; start < end; start += len) {
		for (len = GRANULE; start % len || start + len > end; len /= 2)
			;
		unit[n].offset = start;
		unit[n].len = len;
		n++;
	}
	return n;
}

static size_t find_granules(const struct census *census, struct unit *unit)
{
	const struct vmcb_field *only = NULL;
	unsigned int offset;
	size_t n = 0;

	if (census->only < NR_FIELDS)
		only = &vmcb_fields[census->only];
	for (offset = 0; offset < VMCB_SIZE; offset += GRANULE) {
		if (only && (offset + GRANULE <= only->offset ||
			     offset >= (unsigned int)only->offset + only->size))
			continue;
		unit[n].offset = offset;
		unit[n].len = GRANULE;
		n++;
	}
	return n;
}

/* One unit, or a few, for each field in the granules that were touched. */
static size_t find_units(const struct census *census, const struct pass *granules,
			 struct unit *unit)
{
	unsigned int offset, start, end;
	size_t g, n = 0;

	for (g = 0; g < granules->nr_units; g++) {
		if (!unit_touched(granules, census->nr_paths, g))
			continue;
		offset = granules->unit[g].offset;
		for (start = offset; start < offset + GRANULE; start = end) {
			end = run_end(start);
			if (census->only < NR_FIELDS && field_at(start) != census->only)
				continue;
			n += cut(unit + n, start, end);
		}
	}
	return n;
}

/* A pair of passes over the same units. */
struct pair {
	struct pass rw;
	struct pass w;
};

static void pair_run(struct sweep *sw, struct pair *pair, const struct unit *unit, size_t nr)
{
	pair->rw.unit = unit;
	pair->rw.nr_units = nr;
	pair->w = pair->rw;
	pass_run(sw, &pair->rw, WATCH_RW);
	pass_run(sw, &pair->w, WATCH_W);
}

static void pair_free(struct pair *pair, size_t nr)
{
	pass_free(&pair->rw, nr);
	pass_free(&pair->w, nr);
}

/* Does the instruction before @ip write to the unit? */
static bool writes_unit(const struct pair *pair, size_t path, size_t unit, u64 ip)
{
	unsigned int round;

	for (round = 0; round < pair->w.rounds; round++) {
		if (seq_has(seq_at(&pair->w, path, unit, round), ip))
			return true;
	}
	return false;
}

struct counts {
	unsigned int fetches;
	unsigned int writes;
	bool varies;
	bool read_back;
};

static struct counts count_round(const struct pair *pair, size_t path, size_t unit,
				 unsigned int round)
{
	const struct seq *seq = seq_at(&pair->rw, path, unit, round);
	struct counts c = {};
	size_t i;

	for (i = 0; i < seq->nr; i++) {
		if (writes_unit(pair, path, unit, seq->ip[i])) {
			c.writes++;
		} else {
			c.fetches++;
			c.read_back |= c.writes > 0;
		}
	}
	return c;
}

static void counts_max(struct counts *to, const struct counts *c)
{
	if (c->fetches > to->fetches)
		to->fetches = c->fetches;
	if (c->writes > to->writes)
		to->writes = c->writes;
	to->varies |= c->varies;
	to->read_back |= c->read_back;
}

static struct counts count_unit(const struct pair *pair, size_t path, size_t unit)
{
	struct counts max = count_round(pair, path, unit, 0), c;
	unsigned int round;

	for (round = 1; round < pair->rw.rounds; round++) {
		c = count_round(pair, path, unit, round);
		c.varies = c.fetches != max.fetches || c.writes != max.writes;
		counts_max(&max, &c);
	}
	return max;
}

static size_t find_bytes(const struct census *census, const struct pair *fields, struct unit *byte)
{
	const struct unit *unit;
	size_t u, path, n = 0;
	unsigned int i;

	for (u = 0; u < fields->rw.nr_units; u++) {
		unit = &fields->rw.unit[u];
		for (path = 0; path < census->nr_paths; path++) {
			if (count_unit(fields, path, u).fetches > 1)
				break;
		}
		if (path == census->nr_paths || unit->len == 1)
			continue;
		for (i = 0; i < unit->len; i++) {
			byte[n].offset = unit->offset + i;
			byte[n].len = 1;
			n++;
		}
	}
	return n;
}

/* The counts of the worst byte of a unit that was watched byte by byte, too. */
static struct counts count_bytes(const struct pair *bytes, size_t path, const struct unit *unit)
{
	struct counts max = {}, c;
	size_t u;

	for (u = 0; u < bytes->rw.nr_units; u++) {
		if (bytes->rw.unit[u].offset - unit->offset >= unit->len)
			continue;
		c = count_unit(bytes, path, u);
		counts_max(&max, &c);
	}
	return max;
}

static void add_access(struct field_result *field, u64 ip, bool write, unsigned int count)
{
	struct access *a;
	size_t i;

	for (i = 0; i < field->nr_access; i++) {
		a = &field->access[i];
		if (a->ip == ip && a->write == write) {
			a->count += count;
			return;
		}
	}
	field->access = xrealloc(field->access, (field->nr_access + 1) * sizeof(*a));
	a = &field->access[field->nr_access++];
	memset(a, 0, sizeof(*a));
	a->ip = ip;
	a->write = write;
	a->count = count;
}

static void add_accesses(struct field_result *field, const struct pair *pair, size_t path,
			 size_t unit)
{
	const struct seq *seq = seq_at(&pair->rw, path, unit, 0);
	size_t i;

	for (i = 0; i < seq->nr; i++)
		add_access(field, seq->ip[i], writes_unit(pair, path, unit, seq->ip[i]), 1);
}

/* The result for the field that holds @unit; units come in order of offset. */
static struct field_result *field_for(struct path_result *res, const struct unit *unit)
{
	enum vmcb_field_id id = field_at(unit->offset);
	struct field_result *last = NULL;

	if (res->nr_fields)
		last = &res->field[res->nr_fields - 1];
	if (last && id < NR_FIELDS && last->id == id)
		return last;

	res->field = xrealloc(res->field, (res->nr_fields + 1) * sizeof(*res->field));
	last = &res->field[res->nr_fields++];
	memset(last, 0, sizeof(*last));
	last->id = id;
	if (id < NR_FIELDS) {
		last->name = xasprintf("%s", vmcb_fields[id].name);
		last->offset = vmcb_fields[id].offset;
		last->size = vmcb_fields[id].size;
	} else {
		last->name = xasprintf("unclaimed+0x%03x", unit->offset);
		last->offset = unit->offset;
		last->size = unit->len;
	}
	return last;
}

static void collect_path(struct path_result *res, size_t path, const struct pair *fields,
			 const struct pair *bytes)
{
	struct field_result *field;
	struct counts c, b;
	size_t u;

	for (u = 0; u < fields->rw.nr_units; u++) {
		c = count_unit(fields, path, u);
		if (!c.fetches && !c.writes)
			continue;
		b = count_bytes(bytes, path, &fields->rw.unit[u]);
		if (c.fetches > 1 && fields->rw.unit[u].len > 1)
			c.fetches = b.fetches;

		field = field_for(res, &fields->rw.unit[u]);
		if (c.fetches > field->fetches)
			field->fetches = c.fetches;
		if (c.writes > field->writes)
			field->writes = c.writes;
		field->varies |= c.varies | b.varies;
		field->read_back |= c.read_back;
		add_accesses(field, fields, path, u);
	}
}

/* A touched granule without a touched field means that the passes disagree. */
static void check_granules(struct path_result *res, size_t path, const struct pass *granules)
{
	unsigned int start, round, hits;
	size_t g, i;

	for (g = 0; g < granules->nr_units; g++) {
		start = granules->unit[g].offset;
		hits = 0;
		for (round = 0; round < granules->rounds; round++)
			hits += seq_at(granules, path, g, round)->nr;
		for (i = 0; hits && i < res->nr_fields; i++) {
			if (res->field[i].offset < start + GRANULE &&
			    start < res->field[i].offset + res->field[i].size)
				break;
		}
		if (hits && i == res->nr_fields && res->verdict == VERDICT_OK) {
			res->verdict = VERDICT_INCONCLUSIVE;
			res->reason = xasprintf("0x%03x was touched in one pass and not in another",
						start);
		}
	}
}

static void mark_missing(struct sweep *sw)
{
	struct path_result *res = sw->census->path;
	const char *missing;

	for (; res < sw->census->path + sw->census->nr_paths; res++) {
		missing = path_missing(sw->lab, res->path);
		if (!missing)
			continue;
		res->verdict = VERDICT_SKIP;
		res->reason = xasprintf("%s", missing);
	}
}

void sweep(struct census *census, struct lab *lab, u64 phys, u64 virt)
{
	struct unit granule[NR_GRANULES], unit[VMCB_SIZE], byte[VMCB_SIZE];
	struct sweep sw = { .census = census, .lab = lab, .phys = phys, .virt = virt };
	struct pass granules = { .unit = granule };
	struct pair fields, bytes;
	size_t path;

	mark_missing(&sw);
	watch_init(&sw.watch, virt);

	granules.nr_units = find_granules(census, granule);
	pass_run(&sw, &granules, WATCH_RW);
	pair_run(&sw, &fields, unit, find_units(census, &granules, unit));
	pair_run(&sw, &bytes, byte, find_bytes(census, &fields, byte));
	watch_exit(&sw.watch);

	for (path = 0; path < census->nr_paths; path++) {
		collect_path(&census->path[path], path, &fields, &bytes);
		if (census->only == NR_FIELDS)
			check_granules(&census->path[path], path, &granules);
	}

	pass_free(&granules, census->nr_paths);
	pair_free(&fields, census->nr_paths);
	pair_free(&bytes, census->nr_paths);
}
