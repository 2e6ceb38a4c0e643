// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "inputs.h"
#include "map.h"
#include "util.h"

/* Units of the picture; the page scales it. */
#define BYTE_WIDTH	16
#define LEFT		40	/* of the first byte: the offsets stand there */
#define ROW_HEIGHT	27
#define FOLD_HEIGHT	15
#define AREA_HEIGHT	18
#define CHAR_WIDTH	4.8	/* of a name */
#define SAVE_AREA	0x400
#define MOST		4	/* fetches that have a colour of their own */

const char map_style[] =
	"svg.map { width: 100%; height: auto; font-family: 'DejaVu Sans Mono', Menlo,\n"
	"  Consolas, monospace; font-size: 8px; background: #fff; }\n"
	"svg.map rect { stroke: #8a8f98; stroke-width: .6; }\n"
	"svg.map .u rect { fill: #f1f1ee; stroke: #dcdcd6; }\n"
	"svg.map text { fill: #1b1f24; }\n"
	"svg.map .n { font-size: 12px; font-weight: bold; }\n"
	"svg.map .o, svg.map .fold { fill: #59606b; }\n"
	"svg.map .area { font-size: 10px; font-weight: bold; fill: #59606b; }\n"
	"svg.map .f0 text { fill: #6c727c; }\n"
	"svg.map .f0 .n { font-weight: normal; }\n"
	"svg.map .f4 text { fill: #fff; }\n"
	"svg.map .bad rect { stroke: #1b1f24; stroke-width: 1.6; }\n"
	"svg.map g:hover rect { stroke: #000; stroke-width: 2; }\n"
	".f0 rect { fill: #fff; } .f1 rect { fill: #cfe2f3; } .f2 rect { fill: #fdcb8d; }\n"
	".f3 rect { fill: #f2894a; } .f4 rect { fill: #a81c16; }\n";

void map_init(struct map *map, const struct saved *census)
{
	memset(map, 0, sizeof(*map));
	map->census = census;
}

static void add_byte(struct map_byte *to, const struct map_byte *b, const json_t *path)
{
	bool tells_more = !to->path || b->verdict > to->verdict ||
			  (b->verdict == to->verdict && b->fetches > to->shown);

	if (tells_more) {
		to->path = path;
		to->shown = b->fetches;
		to->verdict = b->verdict;
		to->nr_same = 0;
	}
	to->nr_same += b->verdict == to->verdict && b->fetches == to->shown;
	if (b->fetches > to->fetches)
		to->fetches = b->fetches;
}

void map_add(struct map *map, const json_t *path)
{
	struct map_byte *here = xcalloc(VMCB_SIZE, sizeof(*here)), *b;
	const struct saved *s = map->census;
	long long offset, end;
	json_t *field;
	size_t i;

	/* A byte that is fetched through two mappings is fetched twice. */
	json_array_foreach(saved_get(s, path, "fields", JSON_ARRAY), i, field) {
		offset = saved_integer(s, field, "offset");
		end = offset + saved_integer(s, field, "size");
		for (b = here + offset; b < here + end; b++) {
			b->fetches += saved_integer(s, field, "fetches");
			b->verdict = worse(b->verdict, field_verdict(s, field));
			b->path = path;
		}
	}
	for (i = 0; i < VMCB_SIZE; i++) {
		if (here[i].path)
			add_byte(&map->byte[i], &here[i], path);
	}
	free(here);
}

void map_rows_add(struct map_rows *rows, const struct map *map)
{
	size_t i;

	for (i = 0; i < VMCB_SIZE; i++) {
		if (map->byte[i].path || field_at(i) < NR_FIELDS)
			rows->drawn[i / MAP_ROW] = true;
	}
}

static bool same_cell(const struct map *map, unsigned int a, unsigned int b)
{
	return field_at(a) == field_at(b) &&
	       map->byte[a].fetches == map->byte[b].fetches &&
	       map->byte[a].verdict == map->byte[b].verdict &&
	       map->byte[a].path == map->byte[b].path;
}

/* Where the cell that starts at @offset ends; none is longer than its row. */
static unsigned int cell_end(const struct map *map, unsigned int offset)
{
	unsigned int end = offset + 1;

	while (end % MAP_ROW && same_cell(map, offset, end))
		end++;
	return end;
}

static const char unused_text[] = "no field, never accessed";

static bool unused(const struct map *map, unsigned int offset)
{
	return field_at(offset) == NR_FIELDS && !map->byte[offset].path;
}

struct map_sums map_sum(const struct map *map)
{
	unsigned int offset, end, rip = vmcb_fields[F_RIP].offset;
	struct map_sums sums = { .most = map->byte[rip].fetches, .most_at = rip };
	const struct map_byte *b;

	for (offset = 0; offset < VMCB_SIZE; offset = end) {
		end = cell_end(map, offset);
		b = &map->byte[offset];
		sums.fetched_twice += b->fetches > 1;
		sums.failed += b->verdict == VERDICT_FAIL;
		if (b->fetches > sums.most) {
			sums.most = b->fetches;
			sums.most_at = offset;
		}
	}
	return sums;
}

void map_where(FILE *out, const struct saved *s, const json_t *field, const char *access)
{
	json_t *where = saved_get(s, field, "where", JSON_ARRAY), *a;
	const char *symbol, *last = NULL, *module = NULL, *its_module;
	long long count;
	size_t i;

	json_array_foreach(where, i, a) {
		if (strcmp(saved_string(s, a, "access"), access))
			continue;
		symbol = saved_string(s, a, "symbol");
		its_module = json_string_value(json_object_get(a, "module"));
		if (last && strcmp(symbol, last) && module &&
		    (!its_module || strcmp(module, its_module)))
			html(out, " [%s]", module);
		html(out, "%s%s+%s", last ? " " : "", last && !strcmp(symbol, last) ? "" : symbol,
		     saved_string(s, a, "offset"));
		last = symbol;
		module = its_module;
		count = saved_integer(s, a, "count");
		if (count > 1)
			html(out, "(x%lld)", count);
	}
	if (module)
		html(out, " [%s]", module);
}

/* Each access to the byte at @offset on the path that shows most. */
static void draw_accesses(FILE *out, const struct map *map, unsigned int offset)
{
	const struct map_byte *b = &map->byte[offset];
	const struct saved *s = map->census;
	long long fetches, writes, first;
	const char *reason;
	json_t *field;
	size_t i;

	json_array_foreach(saved_get(s, b->path, "fields", JSON_ARRAY), i, field) {
		first = saved_integer(s, field, "offset");
		if (offset < first || offset >= first + saved_integer(s, field, "size"))
			continue;
		fetches = saved_integer(s, field, "fetches");
		writes = saved_integer(s, field, "writes");
		reason = saved_reason(s, field);
		html(out, "\n%s: %s%s%s%s", saved_string(s, field, "name"),
		     verdict_name(field_verdict(s, field)), reason ? " (" : "",
		     reason ? reason : "", reason ? ")" : "");
		if (fetches) {
			html(out, "\n%lld fetched, after: ", fetches);
			map_where(out, s, field, "fetch");
		}
		if (writes) {
			html(out, "\n%lld written, after: ", writes);
			map_where(out, s, field, "write");
		}
	}
}

/* What the cell at @offset is called: the field, or the bytes. */
static const char *cell_name(char *buf, size_t size, unsigned int offset)
{
	enum vmcb_field_id id = field_at(offset);

	if (id < NR_FIELDS)
		return vmcb_fields[id].name;
	snprintf(buf, size, "unclaimed+0x%03x", offset);
	return buf;
}

/* The name without its area, narrowed a little or cut if it must be. */
static void draw_name(FILE *out, const char *name, unsigned int x, unsigned int y,
		      unsigned int width)
{
	const char *dot = strchr(name, '.');
	unsigned int room = width - 3, len, fits = room / (CHAR_WIDTH * .75);

	if (!strncmp(name, "unclaimed", 9))
		dot = name + 8;		/* the offset says it all */
	if (dot)
		name = dot + 1;
	len = strlen(name);
	if (len > fits)
		len = fits;
	fprintf(out, "<text x=\"%u\" y=\"%u\"", x + 2, y + 9);
	if (len * CHAR_WIDTH > room)
		fprintf(out, " textLength=\"%u\" lengthAdjust=\"spacingAndGlyphs\"", room);
	fprintf(out, ">%.*s</text>", (int)len, name);
}

static void draw_cell(FILE *out, const struct map *map, unsigned int offset, unsigned int end,
		      unsigned int y)
{
	unsigned int x = LEFT + offset % MAP_ROW * BYTE_WIDTH, width = (end - offset) * BYTE_WIDTH;
	const struct map_byte *b = &map->byte[offset];
	const char *mark = "", *name;
	unsigned int inset;
	char buf[32];

	name = cell_name(buf, sizeof(buf), offset);
	if (b->verdict == VERDICT_FAIL && b->fetches < 2)
		mark = "!";
	else if (b->verdict == VERDICT_INCONCLUSIVE)
		mark = "?";
	inset = *mark ? 1 : 0;
	html(out, "<g class=\"f%lld%s\" data-field=\"%s\" data-fetches=\"%lld\">",
	     b->fetches < MOST ? b->fetches : MOST, *mark ? " bad" : "", name, b->fetches);
	html(out, "<title>0x%03x, size %u, ", offset, end - offset);
	if (b->path)
		html(out, "on %s", saved_string(map->census, b->path, "name"));
	else
		html(out, "%s: never accessed", name);
	if (b->nr_same > 1)
		html(out, " (and alike on %u more)", b->nr_same - 1);
	if (b->path)
		draw_accesses(out, map, offset);
	/* A thick border stays inside of its cell. */
	html(out, "</title><rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"/>", x + inset,
	     y + inset, width - 2 * inset, ROW_HEIGHT - 2 * inset);
	draw_name(out, name, x, y, width);
	html(out, "<text class=\"n\" x=\"%u\" y=\"%u\">%lld%s</text></g>\n", x + 2, y + 22,
	     b->fetches, mark);
}

static void draw_row(FILE *out, const struct map *map, unsigned int row, unsigned int y)
{
	unsigned int offset = row * MAP_ROW, last = offset + MAP_ROW, end;

	html(out, "<text class=\"o\" x=\"2\" y=\"%u\">0x%03x</text>\n", y + 17, offset);
	for (; offset < last; offset = end) {
		end = cell_end(map, offset);
		if (!unused(map, offset)) {
			draw_cell(out, map, offset, end, y);
			continue;
		}
		html(out, "<g class=\"u\"><rect x=\"%u\" y=\"%u\" width=\"%u\"",
		     LEFT + offset % MAP_ROW * BYTE_WIDTH, y, (end - offset) * BYTE_WIDTH);
		html(out, " height=\"%u\"/></g>\n", ROW_HEIGHT);
	}
}

static unsigned int fold_end(const struct map_rows *rows, unsigned int row)
{
	do {
		row++;
	} while (row < MAP_NR_ROWS && !rows->drawn[row] && row != SAVE_AREA / MAP_ROW);
	return row;
}

/* Returns the height of all. */
static unsigned int draw_rows(FILE *out, const struct map *map, const struct map_rows *rows)
{
	unsigned int row, end, y = 0;

	for (row = 0; row < MAP_NR_ROWS; row = end) {
		if (!row || row == SAVE_AREA / MAP_ROW) {
			html(out, "<text class=\"area\" x=\"%u\" y=\"%u\">%s</text>\n", LEFT,
			     y + 13, row ? "save area" : "control area");
			y += AREA_HEIGHT;
		}
		if (rows->drawn[row]) {
			draw_row(out, map, row, y);
			y += ROW_HEIGHT;
			end = row + 1;
			continue;
		}
		end = fold_end(rows, row);
		html(out, "<text class=\"fold\" x=\"2\" y=\"%u\">0x%03x to 0x%03x: %s</text>\n",
		     y + 10, row * MAP_ROW, end * MAP_ROW - 1, unused_text);
		y += FOLD_HEIGHT;
	}
	return y;
}

void map_draw(FILE *out, const struct map *map, const struct map_rows *rows, const char *id)
{
	unsigned int height;
	char *body = NULL;
	size_t size;
	FILE *mem;

	mem = memory_open(&body, &size);
	height = draw_rows(mem, map, rows);
	memory_close(mem);
	html(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"map\" id=\"%s\"", id);
	html(out, " viewBox=\"0 0 %u %u\">\n", LEFT + MAP_ROW * BYTE_WIDTH + 1, height);
	fwrite(body, 1, size, out);
	html(out, "</svg>\n");
	free(body);
}

static void legend_entry(FILE *out, const char *class, const char *number, const char *what)
{
	html(out, "<li><svg xmlns=\"http://www.w3.org/2000/svg\" class=\"map key\"");
	html(out, " viewBox=\"0 0 24 20\"><g class=\"%s\">", class);
	html(out, "<rect x=\"1\" y=\"1\" width=\"22\" height=\"18\"/>");
	html(out, "<text class=\"n\" x=\"4\" y=\"14\">%s</text></g></svg> %s</li>\n", number, what);
}

void map_legend(FILE *out)
{
	html(out, "<ul class=\"legend\">\n");
	legend_entry(out, "f0", "0", "never fetched");
	legend_entry(out, "f1", "1", "fetched once");
	legend_entry(out, "f2", "2", "twice: a double fetch");
	legend_entry(out, "f3", "3", "three times");
	legend_entry(out, "f4", "4", "four times or more");
	legend_entry(out, "f1 bad", "1!", "once, but outside of the snapshot, or read back");
	legend_entry(out, "f1 bad", "1?", "not the same in every round");
	html(out, "</ul>\n");
}
