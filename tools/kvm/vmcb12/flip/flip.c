// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-flip: write to a field of vmcb12 right after KVM's n-th fetch of it,
 * for every field and every n, and tell what came of it.  Needs the kernel
 * module of the same name; for test kernels only.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "flip-report.h"
#include "flipdev.h"
#include "guest.h"
#include "kmsg.h"
#include "setup.h"
#include "util.h"

static struct {
	enum vmcb_field_id only;
	bool host_dr6;
	struct flip_path *path;
	size_t nr_paths;
} options = { .only = NR_FIELDS };

enum {
	OPT_PATH = 1,
	OPT_FIELD,
	OPT_HOST_DR6,
	OPT_LIST,
};

static const struct option own_options[] = {
	{ "path",	required_argument,	NULL, OPT_PATH },
	{ "field",	required_argument,	NULL, OPT_FIELD },
	{ "host-dr6",	no_argument,		NULL, OPT_HOST_DR6 },
	{ "list",	no_argument,		NULL, OPT_LIST },
	{}
};

/* Those that enter L2 with what they find in vmcb12. */
static const char * const entry_paths[] = {
	"vmrun-dirty", "vmrun-clean", "vmrun-moved", "vmrun-npt", "vmrun-soft-int", "vmrun-lbr",
	"vmrun-hyperv", "vmrun-traced", "rsm",
};

static const char usage[] =
	"Usage: vmcb12-flip [OPTION]...\n"
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
	"command line or something is missing here, 3 the measurement went wrong, 124 timeout.\n";

static void list(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(entry_paths); i++)
		printf("%-20s %s\n", entry_paths[i], path_by_name(entry_paths[i])->what);
}

static void add_path(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(entry_paths) && strcmp(entry_paths[i], name); i++)
		;
	if (i == ARRAY_SIZE(entry_paths))
		die(EXIT_REFUSED, "no path is called '%s': see --list", name);
	options.path = xrealloc(options.path, (options.nr_paths + 1) * sizeof(*options.path));
	memset(&options.path[options.nr_paths], 0, sizeof(*options.path));
	options.path[options.nr_paths++].path = path_by_name(name);
}

static void parse_option(int option)
{
	switch (option) {
	case OPT_PATH:
		add_path(optarg);
		break;
	case OPT_FIELD:
		options.only = field_by_name(optarg);
		if (options.only == NR_FIELDS)
			die(EXIT_REFUSED, "no field is called '%s'", optarg);
		break;
	case OPT_HOST_DR6:
		options.host_dr6 = true;
		options.only = F_DR6;
		break;
	case OPT_LIST:
		list();
		exit(EXIT_OK);
	}
}

static json_t *measure(struct host *host)
{
	struct lab lab;
	struct flipper f = { .lab = &lab, .only = options.only, .host_dr6 = options.host_dr6 };
	struct ksyms ks;
	size_t i;

	if (!options.nr_paths) {
		for (i = 0; i < ARRAY_SIZE(entry_paths); i++)
			add_path(entry_paths[i]);
	}
	f.dev = flipdev_open();
	lab_init(&lab, setup_kvm());
	setup_ksyms(&ks);
	host->svm_features = lab.svm_features;
	f.kmsg = kmsg_open();
	for (i = 0; i < options.nr_paths; i++)
		flip_path(&f, &options.path[i]);
	if (f.kmsg >= 0)
		close(f.kmsg);
	close(f.dev);
	lab_exit(&lab);
	return flip_json(host, &ks, options.path, options.nr_paths);
}

int main(int argc, char **argv)
{
	static const struct program flip = {
		.name = "vmcb12-flip",
		.usage = usage,
		.timeout = 300,
		.options = own_options,
		.option = parse_option,
		.measure = measure,
		.show = flip_show,
		.compare = flip_compare,
	};

	return program_main(&flip, argc, argv);
}
