// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "util.h"

void pair_new(const struct census *census, struct pair *pair, const struct mapping *mapping,
	      const struct unit *unit, size_t nr_units)
{
	pair->rw = pass_new(census, mapping, unit, nr_units, census->rounds);
	pair->w = pass_new(census, mapping, unit, nr_units, census->rounds);
	pair->rw->warm_up = true;
	pair->w->warm_up = true;
}

void pair_free(const struct census *census, struct pair *pair)
{
	pass_free(census, pair->rw);
	pass_free(census, pair->w);
}

void pair_want(struct pair *pair, size_t path, size_t unit)
{
	*wanted_at(pair->rw, path, unit) = true;
	*wanted_at(pair->w, path, unit) = true;
}

void pair_run(struct walker *w, struct pair *pair)
{
	pass_run(w, pair->rw, WATCH_RW);
	pass_run(w, pair->w, WATCH_W);
}

/* Does the instruction before @ip write to the unit? */
static bool writes_unit(const struct pair *pair, size_t path, size_t unit, u64 ip)
{
	unsigned int round;

	for (round = 0; round < pair->w->rounds; round++) {
		if (seq_has(seq_at(pair->w, path, unit, round), ip))
			return true;
	}
	return false;
}

static struct counts count_round(const struct pair *pair, size_t path, size_t unit,
				 unsigned int round)
{
	const struct seq *seq = seq_at(pair->rw, path, unit, round);
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

struct counts count_unit(const struct pair *pair, size_t path, size_t unit)
{
	struct counts max = count_round(pair, path, unit, 0), c;
	unsigned int round;

	for (round = 1; round < pair->rw->rounds; round++) {
		c = count_round(pair, path, unit, round);
		c.varies = c.fetches != max.fetches || c.writes != max.writes;
		counts_max(&max, &c);
	}
	return max;
}

bool within(const struct unit *inner, const struct unit *outer)
{
	return inner->offset - outer->offset < outer->len;
}

bool need_bytes(const struct pair *fields, size_t path, size_t unit)
{
	return fields->rw->unit[unit].len > 1 && count_unit(fields, path, unit).fetches > 1;
}

/* The counts of the worst byte of a unit that was watched byte by byte, too. */
static struct counts count_bytes(const struct pair *bytes, size_t path, const struct unit *unit)
{
	struct counts max = {}, c;
	size_t u;

	for (u = 0; u < bytes->rw->nr_units; u++) {
		if (!within(&bytes->rw->unit[u], unit))
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
	const struct seq *seq = seq_at(pair->rw, path, unit, 0);
	size_t i;

	for (i = 0; i < seq->nr; i++)
		add_access(field, seq->ip[i], writes_unit(pair, path, unit, seq->ip[i]), 1);
}

/* The result for the field that holds @unit; units come in order of offset. */
static struct field_result *field_for(struct path_result *res, const struct mapping *mapping,
				      const struct unit *unit)
{
	enum vmcb_field_id id = field_at(unit->offset);
	struct field_result *last = NULL;

	if (res->nr_fields)
		last = &res->field[res->nr_fields - 1];
	if (last && id < NR_FIELDS && last->id == id && last->mapping == mapping->prefix)
		return last;

	res->field = xrealloc(res->field, (res->nr_fields + 1) * sizeof(*res->field));
	last = &res->field[res->nr_fields++];
	memset(last, 0, sizeof(*last));
	last->id = id;
	last->mapping = mapping->prefix;
	if (id < NR_FIELDS) {
		last->name = xasprintf("%s%s", mapping->prefix, vmcb_fields[id].name);
		last->offset = vmcb_fields[id].offset;
		last->size = vmcb_fields[id].size;
	} else {
		last->name = xasprintf("%sunclaimed+0x%03x", mapping->prefix,
				       unit->offset);
		last->offset = unit->offset;
		last->size = unit->len;
	}
	return last;
}

void collect_path(struct path_result *res, size_t path, const struct pair *fields,
		  const struct pair *bytes)
{
	struct field_result *field;
	struct counts c, b;
	size_t u;

	for (u = 0; u < fields->rw->nr_units; u++) {
		c = count_unit(fields, path, u);
		if (!c.fetches && !c.writes)
			continue;
		b = count_bytes(bytes, path, &fields->rw->unit[u]);
		if (need_bytes(fields, path, u))
			c.fetches = b.fetches;

		field = field_for(res, fields->rw->mapping, &fields->rw->unit[u]);
		if (c.fetches > field->fetches)
			field->fetches = c.fetches;
		if (c.writes > field->writes)
			field->writes = c.writes;
		field->varies |= c.varies | b.varies;
		field->read_back |= c.read_back;
		add_accesses(field, fields, path, u);
	}
}
