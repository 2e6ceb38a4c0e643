// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-flip: write to a field of vmcb12 right after KVM's n-th fetch of it,
 * for every field and every n, and tell what came of it.  Needs the kernel
 * module of the same name; for test kernels only.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "flip-report.h"
#include "flipdev.h"
#include "guest.h"
#include "kmsg.h"
#include "setup.h"
#include "util.h"

#define DEFAULT_TIMEOUT	300

struct options {
	const char *json;	/* NULL, a file, or "-" */
	const char *compare[2];	/* an old and a new report, or NULL */
	const char *show;	/* a report, or NULL */
	unsigned int timeout;
	enum vmcb_field_id only;
	bool host_dr6;
	struct flip_path *path;
	size_t nr_paths;
};

enum {
	OPT_PATH = 1,
	OPT_FIELD,
	OPT_HOST_DR6,
	OPT_LIST,
	OPT_JSON,
	OPT_COMPARE,
	OPT_SHOW,
	OPT_TIMEOUT,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "path",	required_argument,	NULL, OPT_PATH },
	{ "field",	required_argument,	NULL, OPT_FIELD },
	{ "host-dr6",	no_argument,		NULL, OPT_HOST_DR6 },
	{ "list",	no_argument,		NULL, OPT_LIST },
	{ "json",	required_argument,	NULL, OPT_JSON },
	{ "compare",	required_argument,	NULL, OPT_COMPARE },
	{ "show",	required_argument,	NULL, OPT_SHOW },
	{ "timeout",	required_argument,	NULL, OPT_TIMEOUT },
	{ "help",	no_argument,		NULL, OPT_HELP },
	{ "version",	no_argument,		NULL, OPT_VERSION },
	{}
};

/* Those that enter L2 with what they find in vmcb12. */
static const char * const entry_paths[] = {
	"vmrun-dirty", "vmrun-clean", "vmrun-moved", "vmrun-npt", "vmrun-soft-int", "vmrun-lbr",
	"vmrun-hyperv", "vmrun-traced", "rsm",
};

static void usage(FILE *out)
{
	fputs("Usage: vmcb12-flip [OPTION]...\n"
	      "       vmcb12-flip --show FILE.json\n"
	      "       vmcb12-flip --compare OLD.json NEW.json\n"
	      "Write to vmcb12 right after each of KVM's fetches, and tell what came of it.\n"
	      "Needs the module vmcb12-flip.  For test kernels only.\n\n"
	      "  --path NAME      only this path (may be repeated)\n"
	      "  --field NAME     only this field\n"
	      "  --host-dr6       only the upper half of DR6; can bring this kernel down\n"
	      "  --list           list the paths\n"
	      "  --json FILE      write JSON; with '-' to standard output, and nothing else there\n"
	      "  --show           show a JSON report\n"
	      "  --compare        show what changed from one JSON report to another\n"
	      "  --timeout S      give up after S seconds (300)\n"
	      "  --help, --version\n\n"
	      "Exit status: 0 no write after the first fetch changes anything, 1 one does, 2 wrong\n"
	      "command line or something is missing here, 3 the measurement went wrong, 124 timeout.\n",
	      out);
}

static void list(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(entry_paths); i++)
		printf("%-20s %s\n", entry_paths[i], path_by_name(entry_paths[i])->what);
}

static void add_path(struct options *o, const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(entry_paths) && strcmp(entry_paths[i], name); i++)
		;
	if (i == ARRAY_SIZE(entry_paths))
		die(EXIT_REFUSED, "no path is called '%s': see --list", name);
	o->path = xrealloc(o->path, (o->nr_paths + 1) * sizeof(*o->path));
	memset(&o->path[o->nr_paths], 0, sizeof(*o->path));
	o->path[o->nr_paths++].path = path_by_name(name);
}

static void parse_option(struct options *o, int option)
{
	switch (option) {
	case OPT_PATH:
		add_path(o, optarg);
		break;
	case OPT_FIELD:
		o->only = field_by_name(optarg);
		if (o->only == NR_FIELDS)
			die(EXIT_REFUSED, "no field is called '%s'", optarg);
		break;
	case OPT_HOST_DR6:
		o->host_dr6 = true;
		o->only = F_DR6;
		break;
	case OPT_LIST:
		list();
		exit(EXIT_OK);
	case OPT_JSON:
		o->json = optarg;
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
		printf("vmcb12-flip, JSON schema %d\n", SCHEMA_VERSION);
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
	o->only = NR_FIELDS;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		parse_option(o, option);
	if (o->compare[0]) {
		if (optind == argc)
			die(EXIT_REFUSED, "--compare takes two files");
		o->compare[1] = argv[optind++];
	}
	if (optind < argc)
		die(EXIT_REFUSED, "unexpected argument '%s'", argv[optind]);
	if (o->nr_paths)
		return;
	for (i = 0; i < ARRAY_SIZE(entry_paths); i++)
		add_path(o, entry_paths[i]);
}

static void measure(struct options *o, struct host *host, struct ksyms *ks)
{
	struct lab lab;
	struct flipper f = { .lab = &lab, .only = o->only, .host_dr6 = o->host_dr6 };
	size_t i;

	f.dev = flipdev_open();
	lab_init(&lab, setup_kvm());
	setup_ksyms(ks);
	host->svm_features = lab.svm_features;
	f.kmsg = kmsg_open();
	for (i = 0; i < o->nr_paths; i++)
		flip_path(&f, &o->path[i]);
	if (f.kmsg >= 0)
		close(f.kmsg);
	close(f.dev);
	lab_exit(&lab);
}

static int flip_all(struct options *o, int argc, char **argv)
{
	struct host host = { .argc = argc, .argv = argv };
	struct saved s = { .file = "these flips" };
	struct utsname uts;
	struct ksyms ks;

	uname(&uts);
	host.release = uts.release;
	host.version = uts.version;

	setup_timeout(o->timeout);
	measure(o, &host, &ks);
	alarm(0);

	s.root = flip_json(&host, &ks, o->path, o->nr_paths);
	if (o->json)
		write_json(o->json, s.root);
	if (!o->json || strcmp(o->json, "-"))
		flip_show(stdout, &s);
	return exit_code(saved_verdict(&s, s.root, "verdict"));
}

static int show(const char *file)
{
	struct saved s;

	saved_load(&s, file);
	flip_show(stdout, &s);
	return exit_code(saved_verdict(&s, s.root, "verdict"));
}

static int show_both(const char * const *file)
{
	struct saved old, new;

	saved_load(&old, file[0]);
	saved_load(&new, file[1]);
	return exit_code(flip_compare(stdout, &old, &new));
}

int main(int argc, char **argv)
{
	struct options o = {};
	int rc;

	parse_options(&o, argc, argv);
	if (o.compare[0])
		rc = show_both(o.compare);
	else if (o.show)
		rc = show(o.show);
	else
		rc = flip_all(&o, argc, argv);
	if (fflush(stdout))
		die(EXIT_INFRA, "cannot write the report: %s", strerror(errno));
	return rc;
}
