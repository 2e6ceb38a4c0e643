// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-report: the reports of one or more proofs as one page of HTML, which
 * needs neither a network nor a script.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "html.h"
#include "map.h"
#include "proof.h"
#include "tables.h"
#include "util.h"

static const struct option long_options[] = {
	{ "output",	required_argument,	NULL, 'o' },
	{ "help",	no_argument,		NULL, 'h' },
	{}
};

static const char style[] =
	":root { color-scheme: light; }\n"
	"* { box-sizing: border-box; print-color-adjust: exact;\n"
	"  -webkit-print-color-adjust: exact; }\n"
	"body { margin: 0 auto; max-width: 1400px; padding: 20px 28px 48px; color: #1b1f24;\n"
	"  background: #fff; font: 15px/1.45 system-ui, 'DejaVu Sans', sans-serif; }\n"
	"h1 { font-size: 26px; margin: 0 0 4px; }\n"
	"h2 { font-size: 22px; margin: 36px 0 6px; padding-top: 14px;\n"
	"  border-top: 3px solid #1b1f24; }\n"
	"h3 { font-size: 17px; margin: 28px 0 6px; }\n"
	"p { margin: 4px 0 10px; max-width: 128ch; }\n"
	".dim { color: #59606b; }\n"
	"code, pre, .mono { font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace;\n"
	"  font-size: 12px; }\n"
	"pre { margin: 4px 0; white-space: pre-wrap; overflow-wrap: anywhere; }\n"
	".v { display: inline-block; padding: 0 9px; border-radius: 10px; font-weight: bold;\n"
	"  font-size: 13px; line-height: 20px; border: 1px solid #1b1f24; white-space: nowrap; }\n"
	".v.ok { background: #0b5c86; border-color: #0b5c86; color: #fff; }\n"
	"td .v.ok, summary .v.ok { background: #fff; color: #0b5c86; }\n"
	".v.FAIL { background: #a81c16; border-color: #a81c16; color: #fff; }\n"
	".v.INCONCLUSIVE { background: #fdcb8d; }\n"
	".v.SKIP, .v.none { background: #fff; color: #59606b; border: 1px dashed #59606b; }\n"
	"h2 .v { font-size: 17px; line-height: 27px; border-radius: 14px; padding: 0 14px;\n"
	"  vertical-align: 2px; margin-left: 8px; }\n"
	".tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 14px 0; padding: 0; }\n"
	".tiles li { list-style: none; flex: 1 1 200px; padding: 8px 14px 10px;\n"
	"  background: #f5f6f7; border: 1px solid #d5d9de; border-radius: 6px; }\n"
	".tiles b { display: block; font-size: 26px; line-height: 1.25; }\n"
	".tiles b i { font-style: normal; color: #59606b; font-weight: normal; }\n"
	".legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 8px 0 12px; padding: 0;\n"
	"  font-size: 13px; }\n"
	".legend li { list-style: none; white-space: nowrap; }\n"
	"svg.map.key { width: 26px; height: 22px; vertical-align: middle; }\n"
	".maps { display: grid; grid-template-columns: repeat(auto-fit, minmax(430px, 1fr));\n"
	"  gap: 22px; }\n"
	"figure { margin: 0; } figcaption { margin-bottom: 4px; }\n"
	"figcaption b { font-size: 16px; margin-right: 6px; }\n"
	"table { border-collapse: collapse; margin: 8px 0; font-size: 13px; }\n"
	"th, td { text-align: left; vertical-align: top; padding: 3px 10px;\n"
	"  border-bottom: 1px solid #d5d9de; }\n"
	"th { background: #f5f6f7; } td.num, th.num { text-align: right; }\n"
	"thead th { border-bottom: 2px solid #8a8f98; }\n"
	"td.where { width: 26%; overflow-wrap: anywhere; font-size: 11px; }\n"
	".paths tbody th { white-space: nowrap; }\n"
	"details { margin: 6px 0; border: 1px solid #d5d9de; border-radius: 6px; }\n"
	"td details { border: 0; margin: 0; } td summary { padding: 0; }\n"
	"summary { cursor: pointer; padding: 5px 12px; }\n"
	"details > div { padding: 2px 12px 12px; overflow-x: auto; }\n"
	"a { color: #0b5c86; }\n"
	"@media print { body { max-width: none; padding: 0; font-size: 11px; }\n"
	"  .maps { grid-template-columns: 1fr 1fr; gap: 10px; }\n"
	"  figure { break-inside: avoid; } }\n";

static void usage(FILE *out)
{
	fputs("Usage: vmcb12-report --output FILE.html DIR...\n"
	      "Make one page of the reports that 'make prove' leaves in DIR, build/report/NAME:\n"
	      "DIR/{stock,patched}/{census.json,selftests.ktap,command.txt,console.log} and\n"
	      "DIR/verdict.json.  Only census.json must be there.\n\n"
	      "Exit status: 0 the page is written, 2 wrong command line or no valid report,\n"
	      "3 the page cannot be written.\n", out);
}

static void put_tile(FILE *out, const char *what, unsigned long long stock,
		     unsigned long long patched, const char *note)
{
	html(out, "<li>%s<b>%llu <i>&#8594;</i> %llu</b><span class=\"dim\">%s</span></li>\n",
	     what, stock, patched, note);
}

static unsigned int count_paths(const struct inputs *in, enum side_id id, enum verdict verdict)
{
	const struct saved *s = census_of(in, id);
	unsigned int n = 0;
	json_t *path;
	size_t i;

	json_array_foreach(saved_paths(s), i, path)
		n += path_verdict(s, path) == verdict;
	return n;
}

static const char *byte_name(unsigned int offset)
{
	enum vmcb_field_id id = field_at(offset);

	return id < NR_FIELDS ? vmcb_fields[id].name : "of no field";
}

static void put_tiles(FILE *out, const struct inputs *in, const struct map map[NR_SIDES])
{
	struct map_sums stock = map_sum(&map[STOCK]), patched = map_sum(&map[PATCHED]);
	unsigned int all = json_array_size(saved_paths(census_of(in, PATCHED)));
	char *note;

	html(out, "<ul class=\"tiles\">\n");
	put_tile(out, "Fields fetched more than once", stock.fetched_twice, patched.fetched_twice,
		 "on one entry: two values possible");
	note = xasprintf("stock: %s at 0x%03x", byte_name(stock.most_at), stock.most_at);
	put_tile(out, "Most fetches of one byte", stock.most, patched.most, note);
	free(note);
	put_tile(out, "Fields that break the rule", stock.failed, patched.failed,
		 "fetched twice, elsewhere, or read back");
	note = xasprintf("of %u; %u skipped", all, count_paths(in, PATCHED, VERDICT_SKIP));
	put_tile(out, "Paths that break the rule", count_paths(in, STOCK, VERDICT_FAIL),
		 count_paths(in, PATCHED, VERDICT_FAIL), note);
	free(note);
	html(out, "</ul>\n");
}

static void put_overview(FILE *out, const struct inputs *in, const struct map map[NR_SIDES],
			 const char *id)
{
	struct map_rows rows = {};
	enum side_id side;
	char *map_id;

	html(out, "<p>The page of vmcb12, %u bytes a row, each cell a field; its number is the ",
	     MAP_ROW);
	html(out, "most fetches of one of its bytes on one entry, over all paths.\n");
	html(out, "Point at a cell to see from where.</p>\n");
	map_legend(out);
	for (side = 0; side < NR_SIDES; side++)
		map_rows_add(&rows, &map[side]);
	html(out, "<div class=\"maps\">\n");
	for (side = 0; side < NR_SIDES; side++) {
		html(out, "<figure><figcaption><b>%s</b> ", side_names[side]);
		put_verdict(out, side_verdict(&in->side[side]));
		html(out, " <span class=\"dim\">%s</span></figcaption>\n",
		     saved_release(census_of(in, side)));
		map_id = xasprintf("%s-%s", id, side_names[side]);
		map_draw(out, &map[side], &rows, map_id);
		free(map_id);
		html(out, "</figure>\n");
	}
	html(out, "</div>\n");
}

/* The accesses on @path as text; to be freed. */
static char *field_table(const struct inputs *in, const struct paths *path)
{
	char *text = NULL;
	size_t size;
	FILE *mem;

	mem = memory_open(&text, &size);
	put_field_table(mem, in, path);
	memory_close(mem);
	return text;
}

static void put_path_head(FILE *out, const struct inputs *in, const struct paths *path,
			  const char *id)
{
	html(out, "<details id=\"%s\"><summary><b>%s</b> ", id,
	     path_string(in, path, "name"));
	put_path_verdict(out, in, path, STOCK);
	html(out, " &#8594; ");
	put_path_verdict(out, in, path, PATCHED);
	html(out, " <span class=\"dim\">%s</span></summary><div>\n",
	     path_string(in, path, "what"));
}

/* The tables of a section: many paths do the same, and what repeats stands once. */
struct told {
	struct {
		char *table;
		char *id;
		const char *path;
	} *entry;
	size_t nr;
};

static void told_free(struct told *told)
{
	while (told->nr--) {
		free(told->entry[told->nr].table);
		free(told->entry[told->nr].id);
	}
	free(told->entry);
}

/* One path, folded; takes @id, which is to be allocated. */
static void put_path(FILE *out, const struct inputs *in, const struct paths *path, char *id,
		     struct told *told)
{
	char *table = field_table(in, path);
	size_t i;

	put_path_head(out, in, path, id);
	for (i = 0; i < told->nr && strcmp(told->entry[i].table, table); i++)
		;
	if (i < told->nr) {
		html(out, "<p>The same as on <a href=\"#%s\">%s</a>.</p>\n", told->entry[i].id,
		     told->entry[i].path);
		free(table);
		free(id);
	} else {
		fputs(table, out);
		told->entry = xrealloc(told->entry, ++told->nr * sizeof(*told->entry));
		told->entry[i].table = table;
		told->entry[i].id = id;
		told->entry[i].path = path_string(in, path, "name");
	}
	html(out, "</div></details>\n");
}

static void put_emulation(FILE *out, const struct inputs *in)
{
	const char *stock = in->side[STOCK].emulator, *patched = in->side[PATCHED].emulator;

	if (stock && stock == patched)
		html(out, "<p><b>Measured under emulation</b> (%s), not on AMD hardware.\n"
		     "The code that runs is the real kernel's; what %s does not offer is SKIP.\n"
		     "No time is given here.</p>\n", stock, stock);
	else
		html(out, "<p>It is not known on what this ran.</p>\n");
}

/* What a census comes to, and each of its paths.  The map is that of the first one. */
static void put_census(FILE *out, const struct inputs *in, const char *id, struct told *told)
{
	struct map *map = xcalloc(NR_SIDES, sizeof(*map));
	struct paths *all;
	enum side_id side;
	json_t *path;
	size_t n, i;

	for (side = 0; side < NR_SIDES; side++) {
		map_init(&map[side], census_of(in, side));
		json_array_foreach(saved_paths(census_of(in, side)), i, path)
			map_add(&map[side], path);
	}
	put_tiles(out, in, map);
	if (!told->nr)
		put_overview(out, in, map, id);
	free(map);
	n = all_paths(in, &all);
	html(out, "<h3>Paths</h3>\n");
	put_path_table(out, in, all, n, id);
	html(out, "<h3>Code addresses, path by path</h3>\n");
	for (i = 0; i < n; i++)
		put_path(out, in, &all[i], xasprintf("%s-p%zu", id, i), told);
	free(all);
}

static void put_npt0(FILE *out, const struct inputs *in, const char *id, struct told *told)
{
	struct inputs npt0;
	char *npt0_id;

	if (!inputs_npt0(in, &npt0))
		return;
	npt0_id = xasprintf("%s-npt0", id);
	html(out, "<h3>With kvm_amd.npt=0</h3>\n<details><summary><b>all paths again</b> ");
	put_verdict(out, side_verdict(&npt0.side[STOCK]));
	html(out, " &#8594; ");
	put_verdict(out, census_verdict(&npt0));
	html(out, " <span class=\"dim\">KVM uses shadow paging</span></summary><div>\n");
	put_census(out, &npt0, npt0_id, told);
	html(out, "</div></details>\n");
	free(npt0_id);
}

static void put_base(FILE *out, const struct inputs *in, const char *id)
{
	json_t *splats = json_object_get(in->verdict, "splats"), *splat;
	const char *line = verdict_line(in);
	struct told told = {};
	size_t i;

	html(out, "<section id=\"%s\">\n<h2>%s ", id, in->name);
	put_verdict(out, base_verdict(in));
	html(out, "</h2>\n<p class=\"said\">%s</p>\n",
	     line ? line : "There is no verdict.json: 'make report' makes it.");
	put_census(out, in, id, &told);
	put_npt0(out, in, id, &told);
	told_free(&told);
	html(out, "<h3>KVM selftests</h3>\n");
	put_selftest_table(out, in);
	html(out, "<h3>How it was measured</h3>\n");
	put_emulation(out, in);
	put_run_table(out, in);
	json_array_foreach(splats, i, splat) {
		if (json_is_string(splat))
			html(out, "<pre>%s</pre>\n", json_string_value(splat));
	}
	if (in->soaked)
		html(out, "<pre>%s</pre>\n", in->soaked);
	html(out, "</section>\n");
}

static void put_contents(FILE *out, const struct inputs *in, int n)
{
	int i;

	html(out, "<table class=\"bases\"><thead><tr><th>base</th><th>kernel</th><th>stock</th>");
	html(out, "<th>patched</th><th>result</th></tr></thead><tbody>\n");
	for (i = 0; i < n; i++) {
		html(out, "<tr><th><a href=\"#b%d\">%s</a></th><td>%s</td><td>", i, in[i].name,
		     saved_release(census_of(&in[i], STOCK)));
		put_verdict(out, side_verdict(&in[i].side[STOCK]));
		html(out, "</td><td>");
		put_verdict(out, side_verdict(&in[i].side[PATCHED]));
		html(out, "</td><td>");
		put_verdict(out, base_verdict(&in[i]));
		html(out, "</td></tr>\n");
	}
	html(out, "</tbody></table>\n");
}

static void put_page(FILE *out, const struct inputs *in, int n)
{
	char *id;
	int i;

	html(out, "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n");
	html(out, "<head><meta charset=\"utf-8\"/><title>vmcb12: how often KVM reads it</title>\n");
	html(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src %s; ",
	     "'none'");
	html(out, "style-src %s\"/>\n", "'unsafe-inline'");
	html(out, "<meta name=\"viewport\" content=\"width=device-width\"/>\n<style>\n");
	fputs(style, out);
	fputs(map_style, out);
	html(out, "</style></head>\n<body><header>\n<h1>How often KVM fetches each byte of vmcb12");
	html(out, "</h1>\n<p>vmcb12, the control block of a nested guest, lies in the memory of ");
	html(out, "the guest hypervisor (L1); another vCPU of L1 can write to it at any time.\n");
	html(out, "What KVM fetches twice can have two values.\n");
	html(out, "<b>The rule:</b> on each entry no byte is fetched twice, nothing is fetched ");
	html(out, "outside of the functions that take the snapshot, and nothing that KVM wrote ");
	html(out, "is read back.</p>\n");
	if (n > 1)
		put_contents(out, in, n);
	html(out, "</header>\n");
	for (i = 0; i < n; i++) {
		id = xasprintf("b%d", i);
		put_base(out, &in[i], id);
		free(id);
	}
	html(out, "</body></html>\n");
}

/* All or nothing: a reader sees the old page or the new one. */
static void write_page(const char *file, const char *page, size_t size)
{
	char *new = xasprintf("%s.new", file);
	FILE *f = fopen(new, "we");
	int error;

	if (!f)
		die(EXIT_INFRA, "cannot write %s: %s", new, strerror(errno));
	if (fwrite(page, 1, size, f) == size && !fflush(f) && !rename(new, file)) {
		fclose(f);
		free(new);
		return;
	}
	error = errno;
	unlink(new);
	die(EXIT_INFRA, "cannot write %s: %s", file, strerror(error));
}

int main(int argc, char **argv)
{
	const char *output = NULL;
	struct inputs *in;
	char *page = NULL;
	size_t size;
	FILE *mem;
	int option, i, n;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'o':
			output = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_OK;
		default:
			/* getopt_long() has said what is wrong. */
			return EXIT_REFUSED;
		}
	}
	n = argc - optind;
	if (!output || n < 1)
		die(EXIT_REFUSED, "--output FILE and at least one directory are needed");

	in = xcalloc(n, sizeof(*in));
	for (i = 0; i < n; i++)
		inputs_load(&in[i], argv[optind + i]);

	mem = memory_open(&page, &size);
	put_page(mem, in, n);
	memory_close(mem);
	write_page(output, page, size);

	free(page);
	for (i = 0; i < n; i++)
		inputs_free(&in[i]);
	free(in);
	return EXIT_OK;
}
