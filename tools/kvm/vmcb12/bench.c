// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-bench: what a round trip of VMRUN and #VMEXIT costs L1, by the clean bits
 * that it sets.  The unit is a TSC tick; in an emulator whose TSC counts
 * instructions it is an instruction, and the same in every run.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "guest.h"
#include "report.h"
#include "setup.h"
#include "util.h"
#include "vmcb.h"

#define DEFAULT_TIMEOUT	600
#define DEFAULT_ROUNDS	300
#define MAX_ROUNDS	100000000

/* The clean bits that the CPU knows, one at a time, none and all of them. */
#define FIRST_GROUP	GROUP_INTERCEPTS
#define LAST_GROUP	GROUP_CET
#define NR_MASKS	(LAST_GROUP - FIRST_GROUP + 3)

struct options {
	const char *json;	/* NULL, a file, or "-" */
	unsigned int timeout;
	unsigned int rounds;
};

enum {
	OPT_ROUNDS = 1,
	OPT_JSON,
	OPT_TIMEOUT,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "rounds",	required_argument,	NULL, OPT_ROUNDS },
	{ "json",	required_argument,	NULL, OPT_JSON },
	{ "timeout",	required_argument,	NULL, OPT_TIMEOUT },
	{ "help",	no_argument,		NULL, OPT_HELP },
	{ "version",	no_argument,		NULL, OPT_VERSION },
	{}
};

/* L2 without and with nested paging, by the paths that set it up. */
static const char * const kinds[] = { "vmrun-dirty", "vmrun-npt" };

static void usage(FILE *out)
{
	fputs("Usage: vmcb12-bench [OPTION]...\n"
	      "Measure round trips of VMRUN and #VMEXIT in TSC ticks of L1, by clean bits.\n\n"
	      "  --rounds N       the least of N round trips each (300)\n"
	      "  --json FILE      write JSON; with '-' to standard output, and nothing else there\n"
	      "  --timeout S      give up after S seconds (600)\n"
	      "  --help, --version\n\n"
	      "Exit status: 0 measured, 2 wrong command line or something is missing here,\n"
	      "3 the measurement went wrong, 124 timeout.\n", out);
}

static void parse_option(struct options *o, int option)
{
	switch (option) {
	case OPT_ROUNDS:
		o->rounds = option_number("rounds", optarg, MAX_ROUNDS);
		break;
	case OPT_JSON:
		o->json = optarg;
		break;
	case OPT_TIMEOUT:
		o->timeout = option_number("timeout", optarg, 86400);
		break;
	case OPT_HELP:
		usage(stdout);
		exit(EXIT_OK);
	case OPT_VERSION:
		printf("vmcb12-bench\n");
		exit(EXIT_OK);
	default:
		/* getopt_long() has said what is wrong. */
		exit(EXIT_REFUSED);
	}
}

static void parse_options(struct options *o, int argc, char **argv)
{
	int option;

	o->timeout = DEFAULT_TIMEOUT;
	o->rounds = DEFAULT_ROUNDS;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		parse_option(o, option);
	if (optind < argc)
		die(EXIT_REFUSED, "unexpected argument '%s'", argv[optind]);
}

static u32 mask_bits(unsigned int mask)
{
	if (mask == 0)
		return CLEAN_NONE;
	if (mask == NR_MASKS - 1)
		return CLEAN_ALL;
	return BIT(mask - 1);
}

static const char *mask_name(unsigned int mask)
{
	if (mask == 0)
		return "none";
	if (mask == NR_MASKS - 1)
		return "all";
	return group_name(FIRST_GROUP + mask - 1);
}

static u64 bench(struct lab *lab, const struct path *path, u32 clean, unsigned int rounds)
{
	u64 mailbox[3] = { GPA_OF(l1_bench), GPA_VMCB12, rounds };
	void *vmcb12 = lab->mem + GPA_VMCB12;
	const char *error = path_enter(lab, path);

	if (!error) {
		field_set(vmcb12, F_RIP, GPA_OF(l2_exit));
		field_set(vmcb12, F_CTL_CLEAN, clean);
		memcpy(lab->mem + GPA_MAILBOX, mailbox, sizeof(mailbox));
		error = vmm_run(&lab->vmm[path->vmm], PORT_L1);
	}
	if (error)
		die(EXIT_INFRA, "%s: %s", path->name, error);
	memcpy(mailbox, lab->mem + GPA_MAILBOX, sizeof(mailbox));
	return mailbox[2];
}

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		die(EXIT_INFRA, "out of memory");
}

static json_t *bench_path(struct lab *lab, const struct path *path, unsigned int rounds)
{
	json_t *o = json_object(), *ticks = json_object();
	const char *missing = path_missing(lab, path);
	unsigned int mask;

	for (mask = 0; !missing && mask < NR_MASKS; mask++)
		set(ticks, mask_name(mask),
		    json_integer(bench(lab, path, mask_bits(mask), rounds)));
	set(o, "name", json_string(path->name));
	set(o, "ticks", ticks);
	set(o, "missing", missing ? json_string(missing) : json_null());
	return o;
}

static void show(json_t *root)
{
	json_t *path, *ticks;
	const char *mask;
	size_t i;

	json_array_foreach(json_object_get(root, "paths"), i, path) {
		printf("%s\n", json_string_value(json_object_get(path, "name")));
		json_object_foreach(json_object_get(path, "ticks"), mask, ticks)
			printf("  %-12s %12lld\n", mask, json_integer_value(ticks));
	}
}

int main(int argc, char **argv)
{
	struct host host = { .argc = argc, .argv = argv };
	json_t *root, *results = json_array();
	struct options o = {};
	struct utsname uts;
	struct lab lab;
	unsigned int i;

	parse_options(&o, argc, argv);
	uname(&uts);
	host.release = uts.release;
	host.version = uts.version;

	setup_timeout(o.timeout);
	lab_init(&lab, setup_kvm());
	host.svm_features = lab.svm_features;
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		json_array_append_new(results, bench_path(&lab, path_by_name(kinds[i]), o.rounds));
	lab_exit(&lab);
	alarm(0);

	root = report_host_json(&host);
	set(root, "rounds", json_integer(o.rounds));
	set(root, "paths", results);
	if (o.json)
		write_json(o.json, root);
	if (!o.json || strcmp(o.json, "-"))
		show(root);
	if (fflush(stdout))
		die(EXIT_INFRA, "cannot write the report: %s", strerror(errno));
	return EXIT_OK;
}
