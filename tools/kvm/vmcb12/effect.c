// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-effect: what becomes of an event that L1 injects into L2 when RIP in
 * vmcb12 changes between KVM's fetches of it.  Needs the kernel module
 * vmcb12-flip and a CPU with NRIPS; for test kernels only.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "effect-report.h"
#include "setup.h"
#include "util.h"
#include "vmcb.h"

#define DEFAULT_TIMEOUT	300

struct options {
	const char *json;	/* NULL, a file, or "-" */
	const char *compare[2];	/* of stock and patched, or NULL */
	const char *show;	/* a report, or NULL */
	unsigned int timeout;
};

enum {
	OPT_JSON = 1,
	OPT_COMPARE,
	OPT_SHOW,
	OPT_TIMEOUT,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "json",	required_argument,	NULL, OPT_JSON },
	{ "compare",	required_argument,	NULL, OPT_COMPARE },
	{ "show",	required_argument,	NULL, OPT_SHOW },
	{ "timeout",	required_argument,	NULL, OPT_TIMEOUT },
	{ "help",	no_argument,		NULL, OPT_HELP },
	{ "version",	no_argument,		NULL, OPT_VERSION },
	{}
};

static void usage(FILE *out)
{
	fputs("Usage: vmcb12-effect [OPTION]...\n"
	      "       vmcb12-effect --show FILE.json\n"
	      "       vmcb12-effect --compare STOCK.json PATCHED.json\n"
	      "Let L1 inject events into L2 while vmcb12's RIP changes, and tell what came of it.\n"
	      "Needs the module vmcb12-flip and NRIPS.  For test kernels only.\n\n"
	      "  --json FILE      write JSON; with '-' to standard output, and nothing else there\n"
	      "  --show           show a JSON report\n"
	      "  --compare        show two of them, with the verdict on the second\n"
	      "  --timeout S      give up after S seconds (300)\n"
	      "  --help, --version\n\n"
	      "Exit status: 0 every event is delivered once wherever RIP is written, 1 one is not,\n"
	      "2 wrong command line or something is missing here, 3 the measurement went wrong,\n"
	      "124 timeout.\n", out);
}

static void parse_option(struct options *o, int option)
{
	switch (option) {
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
		printf("vmcb12-effect, JSON schema %d\n", SCHEMA_VERSION);
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
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		parse_option(o, option);
	if (o->compare[0]) {
		if (optind == argc)
			die(EXIT_REFUSED, "--compare takes two files");
		o->compare[1] = argv[optind++];
	}
	if (optind < argc)
		die(EXIT_REFUSED, "unexpected argument '%s'", argv[optind]);
}

static void measure(struct effect *effects, struct host *host, struct ksyms *ks)
{
	struct effects e;
	struct lab lab;
	size_t i;

	lab_init(&lab, setup_kvm());
	if (!(lab.svm_features & SVM_CPUID_NRIPS))
		die(EXIT_REFUSED, "KVM offers L1 no NRIPS");
	setup_ksyms(ks);
	host->svm_features = lab.svm_features;
	effects_init(&e, &lab);
	for (i = 0; i < nr_effect_cases; i++) {
		effects[i].c = &effect_cases[i];
		effect_try(&e, &effects[i]);
	}
	effects_exit(&e);
	lab_exit(&lab);
}

static int try_all(struct options *o, int argc, char **argv)
{
	struct effect *effects = xcalloc(nr_effect_cases, sizeof(*effects));
	struct host host = { .argc = argc, .argv = argv };
	struct saved s = { .file = "these events" };
	struct utsname uts;
	struct ksyms ks;

	uname(&uts);
	host.release = uts.release;
	host.version = uts.version;

	setup_timeout(o->timeout);
	measure(effects, &host, &ks);
	alarm(0);

	s.root = effect_json(&host, &ks, effects, nr_effect_cases);
	if (o->json)
		write_json(o->json, s.root);
	if (!o->json || strcmp(o->json, "-"))
		effect_show(stdout, &s);
	return exit_code(effect_verdict(&s));
}

static int show(const char *file)
{
	struct saved s;

	saved_load(&s, file);
	return exit_code(effect_show(stdout, &s));
}

static int show_both(const char * const *file)
{
	struct saved old, new;

	saved_load(&old, file[0]);
	saved_load(&new, file[1]);
	return exit_code(effect_compare(stdout, &old, &new));
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
		rc = try_all(&o, argc, argv);
	if (fflush(stdout))
		die(EXIT_INFRA, "cannot write the report: %s", strerror(errno));
	return rc;
}
