// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "ksyms.h"
#include "util.h"

/* One line is "address type name" or "address type name\t[module]". */
static int parse_line(char *line, struct ksym *sym)
{
	char *end, *name, *module;
	char type;

	sym->addr = strtoull(line, &end, 16);
	if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ')
		return 0;

	type = end[1];
	if (!sym->addr || !strchr("tTwW", type))
		return 0;

	name = end + 3;
	name[strcspn(name, "\n")] = '\0';
	module = strchr(name, '\t');
	if (module) {
		*module++ = '\0';
		if (*module == '[')
			module++;
		module[strcspn(module, "]")] = '\0';
	}
	if (!*name)
		return 0;

	sym->name = xasprintf("%s", name);
	sym->module = module ? xasprintf("%s", module) : NULL;
	return 1;
}

static int by_addr(const void *a, const void *b)
{
	const struct ksym *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

size_t ksyms_parse(struct ksyms *ks, FILE *f)
{
	size_t cap = 0, line_cap = 0;
	char *line = NULL;
	struct ksym sym;

	memset(ks, 0, sizeof(*ks));
	while (getline(&line, &line_cap, f) > 0) {
		if (!parse_line(line, &sym))
			continue;
		if (ks->nr == cap) {
			cap = cap ? 2 * cap : 4096;
			ks->sym = xrealloc(ks->sym, cap * sizeof(sym));
		}
		ks->sym[ks->nr++] = sym;
	}
	free(line);
	qsort(ks->sym, ks->nr, sizeof(sym), by_addr);
	return ks->nr;
}

void ksyms_free(struct ksyms *ks)
{
	size_t i;

	for (i = 0; i < ks->nr; i++) {
		free(ks->sym[i].name);
		free(ks->sym[i].module);
	}
	free(ks->sym);
	memset(ks, 0, sizeof(*ks));
}

const struct ksym *ksyms_find(const struct ksyms *ks, u64 ip)
{
	size_t lo = 0, hi = ks->nr;

	/* The last symbol below @ip; @ip itself may start the next function. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (ks->sym[mid].addr < ip)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &ks->sym[lo - 1] : NULL;
}

char *ksyms_where(const struct ksyms *ks, u64 ip)
{
	const struct ksym *sym = ksyms_find(ks, ip);

	return xasprintf("%s+0x%llx", sym ? sym->name : "unknown", sym ? ip - sym->addr : ip);
}
