// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-census: how often does this kernel fetch each byte of vmcb12, and
 * where?
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "census-json.h"
#include "cli.h"
#include "compare.h"
#include "guest.h"
#include "physmap.h"
#include "rule.h"
#include "setup.h"
#include "show.h"
#include "sweep.h"
#include "util.h"

#define MAX_ROUNDS	1000

static struct census census = { .rounds = 3, .only = NR_FIELDS };
static bool ktap;

enum {
	OPT_PATH = 1,
	OPT_FIELD,
	OPT_LIST,
	OPT_KTAP,
	OPT_ROUNDS,
};

static const struct option own_options[] = {
	{ "path",	required_argument,	NULL, OPT_PATH },
	{ "field",	required_argument,	NULL, OPT_FIELD },
	{ "list",	no_argument,		NULL, OPT_LIST },
	{ "ktap",	no_argument,		NULL, OPT_KTAP },
	{ "rounds",	required_argument,	NULL, OPT_ROUNDS },
	{}
};

static const char usage[] =
	"Usage: vmcb12-census [OPTION]...\n"
	"       vmcb12-census --show FILE.json [--ktap]\n"
	"       vmcb12-census --compare OLD.json NEW.json\n"
	"Count how often KVM fetches each byte of vmcb12, and tell where.\n\n"
	"  --path NAME      only this path (may be repeated)\n"
	"  --field NAME     only this field\n"
	"  --list           list the paths and the fields\n"
	"  --json FILE      write JSON; with '-' to standard output, and nothing else there\n"
	"  --ktap           print KTAP instead of the table\n"
	"  --rounds N       count N rounds of each path (3)\n"
	"  --show           show a JSON report\n"
	"  --compare        show what changed from one JSON report to another\n"
	"  --timeout S      give up after S seconds (120)\n"
	"  --help, --version\n\n"
	"Exit status: 0 the kernel obeys the rule, 1 it does not, 2 wrong command line or\n"
	"something is missing here, 3 the measurement went wrong, 124 timeout.\n";

static void list(void)
{
	size_t i;

	puts("paths:");
	for (i = 0; i < nr_paths; i++)
		printf("  %-20s %s\n", paths[i].name, paths[i].what);
	puts("fields:");
	for (i = 0; i < NR_FIELDS; i++)
		printf("  %-28s 0x%03x %2u %s\n", vmcb_fields[i].name, vmcb_fields[i].offset,
		       vmcb_fields[i].size, group_name(vmcb_fields[i].group));
}

static void add_path(const struct path *path)
{
	size_t i;

	for (i = 0; i < census.nr_paths; i++) {
		if (census.path[i].path == path)
			return;
	}
	census.path = xrealloc(census.path, (census.nr_paths + 1) * sizeof(*census.path));
	memset(&census.path[census.nr_paths], 0, sizeof(*census.path));
	census.path[census.nr_paths++].path = path;
}

static void add_path_by_name(const char *name)
{
	const struct path *path = path_by_name(name);

	if (!path)
		die(EXIT_REFUSED, "no path is called '%s': see --list", name);
	add_path(path);
}

static void set_field(const char *name)
{
	census.only = field_by_name(name);
	if (census.only == NR_FIELDS)
		die(EXIT_REFUSED, "no field is called '%s': see --list", name);
}

static void parse_option(int option)
{
	switch (option) {
	case OPT_PATH:
		add_path_by_name(optarg);
		break;
	case OPT_FIELD:
		set_field(optarg);
		break;
	case OPT_LIST:
		list();
		exit(EXIT_OK);
	case OPT_KTAP:
		ktap = true;
		break;
	case OPT_ROUNDS:
		census.rounds = option_number("rounds", optarg, MAX_ROUNDS);
		break;
	}
}

static void options_read(const char *json)
{
	size_t i;

	if (ktap && json && !strcmp(json, "-"))
		die(EXIT_REFUSED, "--json - leaves no room on standard output for --ktap");
	if (!census.nr_paths) {
		for (i = 0; i < nr_paths; i++)
			add_path(&paths[i]);
	}
	for (i = 0; i < census.nr_paths; i++)
		census.path[i].rounds = census.rounds;
}

static json_t *measure(struct host *host)
{
	struct physmap pm;
	struct ksyms ks;
	struct lab lab;
	u64 phys, virt;
	int kvm = setup_kvm();

	setup_ksyms(&ks);
	physmap_load(&pm);
	lab_init(&lab, kvm);
	host->svm_features = lab.svm_features;

	pin_page(lab.mem + GPA_VMCB12);
	phys = phys_of(lab.mem + GPA_VMCB12);
	if (!phys)
		die(EXIT_REFUSED, "/proc/self/pagemap hides page frames: CAP_SYS_ADMIN is needed");
	virt = physmap_virt(&pm, phys);
	if (!virt)
		die(EXIT_INFRA, "/proc/kcore has no mapping of the page frame");

	sweep(&census, &lab, phys, virt);
	lab_exit(&lab);
	physmap_free(&pm);
	census_resolve(&census, &ks);
	census_judge(&census);
	return census_json(host, &census);
}

static void show(FILE *out, const struct saved *s)
{
	if (ktap)
		show_ktap(out, s);
	else
		show_table(out, isatty(fileno(out)), s);
}

static enum verdict show_changes(FILE *out, const struct saved *old, const struct saved *new)
{
	return compare(out, isatty(fileno(out)), old, new);
}

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "vmcb12-census",
		.usage = usage,
		.timeout = 120,
		.options = own_options,
		.option = parse_option,
		.options_read = options_read,
		.measure = measure,
		.show = show,
		.compare = show_changes,
	};

	return program_main(&program, argc, argv);
}
