// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three passes, each of which walks the paths with every group of watched ranges
 * that the debug registers can hold:
 *
 * 1. the whole page in 8-byte granules, to find out which are touched at all;
 * 2. the fields in the granules that were touched, for all accesses and then
 *    for writes alone: what is left are the fetches;
 * 3. each byte of the fields that were fetched more than once, since two
 *    fetches of different bytes are no double fetch.
 *
 * All of that through both addresses by which the kernel can get at the page:
 * its direct map, where KVM maps vmcb12, and this process' own mapping, which
 * kvm_read_guest() and its like go through.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "count.h"
#include "guest.h"
#include "pass.h"
#include "sweep.h"
#include "util.h"

#define NR_GRANULES	(VMCB_SIZE / GRANULE)
#define MAX_HITS	16

static bool touched_by_any(const struct census *census, const struct pass *pass, size_t unit)
{
	size_t path;

	for (path = 0; path < census->nr_paths; path++) {
		if (touched(pass, path, unit))
			return true;
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
		if (!touched_by_any(census, granules, g))
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

static size_t find_bytes(const struct census *census, const struct pair *fields, struct unit *byte)
{
	const struct unit *unit;
	unsigned int offset;
	size_t u, path, n = 0;

	for (u = 0; u < fields->rw->nr_units; u++) {
		for (path = 0; path < census->nr_paths; path++) {
			if (need_bytes(fields, path, u))
				break;
		}
		if (path == census->nr_paths)
			continue;
		unit = &fields->rw->unit[u];
		for (offset = unit->offset; offset < unit->offset + unit->len; offset++) {
			byte[n].offset = offset;
			byte[n].len = 1;
			n++;
		}
	}
	return n;
}

/* A field is worth a walk where its granule was touched. */
static void want_fields(const struct census *census, struct pair *fields,
			const struct pass *granules)
{
	size_t path, u, g;

	for (u = 0; u < fields->rw->nr_units; u++) {
		for (g = 0; !within(&fields->rw->unit[u], &granules->unit[g]); g++)
			;
		for (path = 0; path < census->nr_paths; path++) {
			if (touched(granules, path, g))
				pair_want(fields, path, u);
		}
	}
}

/* A byte is worth a walk where its field was fetched more than once. */
static void want_bytes(const struct census *census, struct pair *bytes, const struct pair *fields)
{
	size_t path, u, f;

	for (u = 0; u < bytes->rw->nr_units; u++) {
		for (f = 0; !within(&bytes->rw->unit[u], &fields->rw->unit[f]); f++)
			;
		for (path = 0; path < census->nr_paths; path++) {
			if (need_bytes(fields, path, f))
				pair_want(bytes, path, u);
		}
	}
}

static bool field_in_granule(const struct path_result *res, const struct pass *granules, size_t g)
{
	unsigned int start = granules->unit[g].offset;
	const struct field_result *field;

	for (field = res->field; field < res->field + res->nr_fields; field++) {
		if (field->mapping == granules->mapping->prefix &&
		    field->offset < start + GRANULE && start < field->offset + field->size)
			return true;
	}
	return false;
}

/* A touched granule without a touched field means that the passes disagree. */
static void check_granules(struct path_result *res, size_t path, const struct pass *granules)
{
	size_t g;

	for (g = 0; g < granules->nr_units && res->verdict == VERDICT_OK; g++) {
		/* Only the last round is one of steady state. */
		if (!seq_at(granules, path, g, granules->rounds - 1)->nr ||
		    field_in_granule(res, granules, g))
			continue;
		res->verdict = VERDICT_INCONCLUSIVE;
		res->reason = xasprintf("%s0x%03x was touched in one pass and not in another",
					granules->mapping->prefix, granules->unit[g].offset);
	}
}

static void mark_missing(struct walker *w)
{
	struct path_result *res = w->census->path;
	const char *missing;

	for (; res < w->census->path + w->census->nr_paths; res++) {
		res->verdict = VERDICT_OK;
		missing = path_missing(w->lab, res->path);
		if (!missing)
			continue;
		res->verdict = VERDICT_SKIP;
		res->reason = xasprintf("%s", missing);
	}
}

static void sweep_mapping(struct walker *w, const struct mapping *mapping)
{
	struct unit granule[NR_GRANULES], unit[VMCB_SIZE], byte[VMCB_SIZE];
	struct census *census = w->census;
	struct pass *granules;
	struct pair fields, bytes;
	size_t path;

	/* Two rounds, of which the first is not in steady state yet. */
	granules = pass_new(census, mapping, granule, find_granules(census, granule), 2);
	memset(granules->wanted, true, census->nr_paths * granules->nr_units);
	pass_run(w, granules, WATCH_RW);

	pair_new(census, &fields, mapping, unit, find_units(census, granules, unit));
	want_fields(census, &fields, granules);
	pair_run(w, &fields);

	pair_new(census, &bytes, mapping, byte, find_bytes(census, &fields, byte));
	want_bytes(census, &bytes, &fields);
	pair_run(w, &bytes);

	for (path = 0; path < census->nr_paths; path++) {
		if (census->path[path].verdict != VERDICT_OK)
			continue;
		collect_path(&census->path[path], path, &fields, &bytes);
		if (census->only == NR_FIELDS)
			check_granules(&census->path[path], path, granules);
	}
	pass_free(census, granules);
	pair_free(census, &fields);
	pair_free(census, &bytes);
}

/*
 * No kernel should touch vmcb12 through our mapping, so no path can show that
 * such an access would be seen: have the kernel read the page for that.
 */
static void check_user_watch(struct walker *w, const struct mapping *user)
{
	struct watch_hit hit[MAX_HITS];
	int fd[2], n;

	if (pipe(fd))
		die(EXIT_INFRA, "pipe: %s", strerror(errno));
	watch_add(&w->watch, user->base, GRANULE, WATCH_RW);
	n = write(fd[1], w->lab->mem + GPA_VMCB12, GRANULE);
	if (n == GRANULE)
		n = watch_drain(&w->watch, hit, MAX_HITS);
	watch_clear(&w->watch);
	close(fd[0]);
	close(fd[1]);
	if (n < 1)
		die(EXIT_INFRA, "the kernel read our memory, but no breakpoint fired");
}

void sweep(struct census *census, struct lab *lab, u64 phys, u64 virt)
{
	struct walker w = { .census = census, .lab = lab, .phys = phys };
	const struct mapping mappings[] = {
		{ .prefix = "", .base = virt },
		{ .prefix = "user:", .base = (u64)lab->mem + GPA_VMCB12 },
	};
	size_t i;

	mark_missing(&w);
	watch_init(&w.watch, virt);
	check_user_watch(&w, &mappings[1]);
	for (i = 0; i < ARRAY_SIZE(mappings); i++)
		sweep_mapping(&w, &mappings[i]);
	watch_exit(&w.watch);
}
