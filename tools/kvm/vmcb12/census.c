// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-census: how often does this kernel fetch each byte of vmcb12, and
 * where?
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "compare.h"
#include "guest.h"
#include "ksyms.h"
#include "physmap.h"
#include "report.h"
#include "saved.h"
#include "setup.h"
#include "show.h"
#include "sweep.h"
#include "util.h"

#define DEFAULT_ROUNDS	3
#define DEFAULT_TIMEOUT	120
#define MAX_ROUNDS	1000

struct options {
	const char *json;	/* NULL, a file, or "-" */
	bool ktap;
	const char *compare[2];	/* an old and a new report, or NULL */
	const char *show;	/* a report, or NULL */
	unsigned int timeout;
	struct census census;	/* what to measure */
};

enum {
	OPT_PATH = 1,
	OPT_FIELD,
	OPT_LIST,
	OPT_JSON,
	OPT_KTAP,
	OPT_ROUNDS,
	OPT_COMPARE,
	OPT_SHOW,
	OPT_TIMEOUT,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "path",	required_argument,	NULL, OPT_PATH },
	{ "field",	required_argument,	NULL, OPT_FIELD },
	{ "list",	no_argument,		NULL, OPT_LIST },
	{ "json",	required_argument,	NULL, OPT_JSON },
	{ "ktap",	no_argument,		NULL, OPT_KTAP },
	{ "rounds",	required_argument,	NULL, OPT_ROUNDS },
	{ "compare",	required_argument,	NULL, OPT_COMPARE },
	{ "show",	required_argument,	NULL, OPT_SHOW },
	{ "timeout",	required_argument,	NULL, OPT_TIMEOUT },
	{ "help",	no_argument,		NULL, OPT_HELP },
	{ "version",	no_argument,		NULL, OPT_VERSION },
	{}
};

static void usage(FILE *out)
{
	fputs("Usage: vmcb12-census [OPTION]...\n"
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
	      "something is missing here, 3 the measurement went wrong, 124 timeout.\n", out);
}

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

static void add_path(struct census *census, const struct path *path)
{
	size_t i;

	for (i = 0; i < census->nr_paths; i++) {
		if (census->path[i].path == path)
			return;
	}
	census->path = xrealloc(census->path, (census->nr_paths + 1) * sizeof(*census->path));
	memset(&census->path[census->nr_paths], 0, sizeof(*census->path));
	census->path[census->nr_paths++].path = path;
}

static void add_path_by_name(struct census *census, const char *name)
{
	const struct path *path = path_by_name(name);

	if (!path)
		die(EXIT_REFUSED, "no path is called '%s': see --list", name);
	add_path(census, path);
}

static void set_field(struct census *census, const char *name)
{
	census->only = field_by_name(name);
	if (census->only == NR_FIELDS)
		die(EXIT_REFUSED, "no field is called '%s': see --list", name);
}

static void parse_option(struct options *o, int option)
{
	switch (option) {
	case OPT_PATH:
		add_path_by_name(&o->census, optarg);
		break;
	case OPT_FIELD:
		set_field(&o->census, optarg);
		break;
	case OPT_LIST:
		list();
		exit(EXIT_OK);
	case OPT_JSON:
		o->json = optarg;
		break;
	case OPT_KTAP:
		o->ktap = true;
		break;
	case OPT_ROUNDS:
		o->census.rounds = option_number("rounds", optarg, MAX_ROUNDS);
		break;
	case OPT_COMPARE:
		o->compare[0] = optarg;
		break;
	case OPT_SHOW:
		o->show = optarg;
		break;
	case OPT_TIMEOUT:
		o->timeout = option_number("timeout", optarg, 86400);
		break;
	case OPT_HELP:
		usage(stdout);
		exit(EXIT_OK);
	case OPT_VERSION:
		printf("vmcb12-census, JSON schema %d\n", SCHEMA_VERSION);
		exit(EXIT_OK);
	default:
		/* getopt_long() has said what is wrong. */
		exit(EXIT_REFUSED);
	}
}

static void parse_options(struct options *o, int argc, char **argv)
{
	int option;
	size_t i;

	o->timeout = DEFAULT_TIMEOUT;
	o->census.rounds = DEFAULT_ROUNDS;
	o->census.only = NR_FIELDS;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		parse_option(o, option);
	if (o->compare[0]) {
		if (optind == argc)
			die(EXIT_REFUSED, "--compare takes two files");
		o->compare[1] = argv[optind++];
	}
	if (o->ktap && o->json && !strcmp(o->json, "-"))
		die(EXIT_REFUSED, "--json - leaves no room on standard output for --ktap");
	if (optind < argc)
		die(EXIT_REFUSED, "unexpected argument '%s'", argv[optind]);

	if (!o->census.nr_paths) {
		for (i = 0; i < nr_paths; i++)
			add_path(&o->census, &paths[i]);
	}
	for (i = 0; i < o->census.nr_paths; i++)
		o->census.path[i].rounds = o->census.rounds;
}

static void measure(struct census *census, struct host *host, int kvm)
{
	struct physmap pm;
	struct ksyms ks;
	struct lab lab;
	u64 phys, virt;

	setup_ksyms(&ks);
	physmap_load(&pm);
	lab_init(&lab, kvm);
	host->svm_features = lab.svm_features;

	phys = phys_of(lab.mem + GPA_VMCB12);
	if (!phys)
		die(EXIT_REFUSED, "/proc/self/pagemap hides page frames: CAP_SYS_ADMIN is needed");
	virt = physmap_virt(&pm, phys);
	if (!virt)
		die(EXIT_INFRA, "/proc/kcore has no mapping of the page frame");

	sweep(census, &lab, phys, virt);
	lab_exit(&lab);
	physmap_free(&pm);
	census_resolve(census, &ks);
	census_judge(census);
}

/* Print @s, whose verdict becomes the exit status. */
static int show(const struct options *o, const struct saved *s)
{
	if (o->ktap)
		show_ktap(stdout, s);
	else
		show_table(stdout, isatty(STDOUT_FILENO), s);
	return exit_code(saved_verdict(s, s->root, "verdict"));
}

static int take_census(struct options *o, int argc, char **argv)
{
	struct host host = { .argc = argc, .argv = argv };
	struct saved s = { .file = "this census" };
	struct utsname uts;

	uname(&uts);
	host.release = uts.release;
	host.version = uts.version;

	setup_timeout(o->timeout);
	measure(&o->census, &host, setup_kvm());
	alarm(0);

	s.root = report_json(&host, &o->census);
	if (o->json)
		write_json(o->json, s.root);
	if (o->json && !strcmp(o->json, "-"))
		return exit_code(o->census.verdict);
	return show(o, &s);
}

int main(int argc, char **argv)
{
	struct options o = {};
	struct saved s;
	int rc;

	parse_options(&o, argc, argv);
	if (o.compare[0]) {
		rc = exit_code(compare(stdout, isatty(STDOUT_FILENO), o.compare[0], o.compare[1]));
	} else if (o.show) {
		saved_load(&s, o.show);
		rc = show(&o, &s);
	} else {
		rc = take_census(&o, argc, argv);
	}
	if (fflush(stdout))
		die(EXIT_INFRA, "cannot write the report: %s", strerror(errno));
	return rc;
}
