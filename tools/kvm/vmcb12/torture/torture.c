// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-torture: do to KVM's nested SVM what no sane L1 or VMM does, with values from
 * a seed.  Whatever KVM answers is right; wrong is a splat, a page that stays mapped,
 * or an end of the whole.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "kcov.h"
#include "kmsg.h"
#include "setup.h"
#include "soak.h"
#include "steps.h"
#include "util.h"
#include "vmcb.h"

#define MAX_NUMBER	0xffffffffU
#define MAX_SECONDS	86400
#define DEFAULT_STEPS	40

static const char usage[] =
	"Usage: vmcb12-torture [OPTION]...\n"
	"Torture KVM's nested SVM, a seed a VM, and look for splats and leaked pages.\n\n"
	"  --seed N        the first seed (1)\n"
	"  --seeds COUNT   so many seeds from there (1, or no end with --seconds)\n"
	"  --steps COUNT   operations of a seed (40)\n"
	"  --only I,J,...  do these operations of each seed only, as they would be in it\n"
	"  --seconds S     begin no seed after that time\n"
	"  --soak VMRUNS   instead: so many VMRUNs while somebody writes vmcb12\n"
	"  --json FILE     write what was done as JSON; with '-' last on standard output\n"
	"  --kcov          after each seed print the kernel addresses that are new, one a line\n"
	"  --help\n\n"
	"Exit status: 0 the kernel came through, 1 a splat or a leaked page, 2 wrong command\n"
	"line or something is missing here, 3 something else went wrong.\n";

enum {
	OPT_SEED = 0x100,
	OPT_SEEDS,
	OPT_STEPS,
	OPT_ONLY,
	OPT_SECONDS,
	OPT_SOAK,
	OPT_JSON,
	OPT_KCOV,
	OPT_HELP,
};

static const struct option options[] = {
	{ "seed",	required_argument,	NULL, OPT_SEED },
	{ "seeds",	required_argument,	NULL, OPT_SEEDS },
	{ "steps",	required_argument,	NULL, OPT_STEPS },
	{ "only",	required_argument,	NULL, OPT_ONLY },
	{ "seconds",	required_argument,	NULL, OPT_SECONDS },
	{ "soak",	required_argument,	NULL, OPT_SOAK },
	{ "json",	required_argument,	NULL, OPT_JSON },
	{ "kcov",	no_argument,		NULL, OPT_KCOV },
	{ "help",	no_argument,		NULL, OPT_HELP },
	{}
};

struct command {
	struct torture t;
	unsigned int seeds, seconds, vmruns;
	const char *only, *json;
	bool kcov;
	bool hyperv;		/* KVM offers it */
	u64 seeds_run;
	u64 *steps_run;		/* by kind */
	const char *ended;
};

static void parse_option(struct command *c, int option)
{
	switch (option) {
	case OPT_SEED:
		c->t.seed = option_number("seed", optarg, MAX_NUMBER);
		break;
	case OPT_SEEDS:
		c->seeds = option_number("seeds", optarg, MAX_NUMBER);
		break;
	case OPT_STEPS:
		c->t.steps = option_number("steps", optarg, TORTURE_MAX_STEPS);
		break;
	case OPT_ONLY:
		c->only = optarg;
		break;
	case OPT_SECONDS:
		c->seconds = option_number("seconds", optarg, MAX_SECONDS);
		break;
	case OPT_SOAK:
		c->vmruns = option_number("soak", optarg, MAX_NUMBER);
		break;
	case OPT_JSON:
		c->json = optarg;
		break;
	case OPT_KCOV:
		c->kcov = true;
		break;
	case OPT_HELP:
		fputs(usage, stdout);
		exit(EXIT_OK);
	default:
		/* getopt_long() has said what is wrong. */
		exit(EXIT_REFUSED);
	}
}

static void parse_options(struct command *c, int argc, char **argv)
{
	char *error;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		parse_option(c, option);
	if (optind < argc)
		die(EXIT_REFUSED, "unexpected argument '%s'", argv[optind]);
	if (c->vmruns && (c->seeds || c->seconds || c->only))
		die(EXIT_REFUSED, "--soak has no seeds to choose from");
	error = c->only ? torture_parse_only(&c->t, c->only) : NULL;
	if (error)
		die(EXIT_REFUSED, "%s", error);
	if (!c->seeds)
		c->seeds = c->seconds ? MAX_NUMBER : 1;
}

/* Of another kind for each seed. */
static struct vmm_setup setup_of(const struct command *c, u64 seed)
{
	static const u32 features[] = {
		SVM_CPUID_NPT, SVM_CPUID_LBRV, SVM_CPUID_NRIPS, SVM_CPUID_VMCB_CLEAN,
		SVM_CPUID_VLS, SVM_CPUID_VGIF, SVM_CPUID_VNMI, SVM_CPUID_TSC_RATE,
		SVM_CPUID_PAUSE_FILTER,
	};
	struct rng rng = rng_of(seed, 0);
	struct vmm_setup setup = {};
	size_t i;

	setup.hyperv = c->hyperv && rng_one_in(&rng, 4);
	setup.irqchip = rng_one_in(&rng, 2);
	if (rng_one_in(&rng, 2))
		return setup;
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		if (rng_one_in(&rng, 3))
			setup.hidden |= features[i];
	}
	return setup;
}

static void run_steps(struct command *c, struct rig *rig, u64 seed)
{
	const struct step_kind *kind;
	struct rng rng;
	unsigned int i;

	for (i = 0; i < c->t.steps; i++) {
		if (!torture_runs(&c->t, i))
			continue;
		kind = step_of(seed, i, &rng);
		c->steps_run[kind - step_kinds]++;
		if (c->seeds == 1) {
			printf("step %u %s\n", i, kind->name);
			fflush(stdout);
		}
		step_run(kind, rig, &rng);
	}
}

/* All pages that guests had are free again, or the first that is not is named. */
static bool no_leak(struct leak_pages *pages, const char *what, u64 number)
{
	const struct leak_page *page = leak_find(pages);

	if (page)
		printf("leak %s %llu gpa 0x%llx\n", what, number, page->gpa);
	leak_free(pages);
	return !page;
}

static bool no_splat(const struct torture *t, u64 seed)
{
	char *splat = torture_splat(t);

	if (splat)
		printf("splat seed %llu: %s\n", seed, splat);
	free(splat);
	return !splat;
}

/* Returns whether the kernel came through. */
static bool run_seed(struct command *c, u64 seed)
{
	struct vmm_setup setup = setup_of(c, seed);
	struct rig rig;
	cpu_set_t cpus;

	printf("seed %llu\n", seed);
	fflush(stdout);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	rig_init(&rig, c->t.kvm, &setup, &c->t.counts);
	if (!c->seeds_run++)
		rig_calibrate(&rig);
	rig_ticks(true);
	run_steps(c, &rig, seed);
	rig_ticks(false);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	rig_exit(&rig);
	/* The next seed may be the kernel's last. */
	kcov_write(stdout);

	if (!no_splat(&c->t, seed)) {
		c->ended = "splat";
		return false;
	}
	if (!no_leak(&rig.pages, "seed", seed)) {
		c->ended = "leak";
		return false;
	}
	return true;
}

static bool fuzz(struct command *c)
{
	time_t start = time(NULL);
	u64 i;

	for (i = 0; i < c->seeds; i++) {
		if (c->seconds && time(NULL) - start >= c->seconds) {
			c->ended = "time";
			break;
		}
		if (!run_seed(c, c->t.seed + i))
			return false;
	}
	return true;
}

static bool run_soak(struct command *c)
{
	struct vmm_setup setup = {};
	struct rig rig;
	bool ok;

	rig_init(&rig, c->t.kvm, &setup, &c->t.counts);
	rig_calibrate(&rig);
	c->t.counts.vmruns = 0;
	rig_ticks(true);
	ok = soak(&c->t, &rig, c->vmruns);
	rig_ticks(false);
	rig_exit(&rig);
	if (!ok) {
		c->ended = "splat";
	} else if (!no_leak(&rig.pages, "vmruns", c->t.counts.vmruns)) {
		c->ended = "leak";
		ok = false;
	}
	return ok;
}

static const char *errno_name(u64 error)
{
	return strerrorname_np(error);
}

static json_t *steps_json(const struct command *c)
{
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < nr_step_kinds; i++)
		json_put(o, step_kinds[i].name, json_integer(c->steps_run[i]));
	return o;
}

static json_t *report(const struct command *c)
{
	const struct rig_counts *counts = &c->t.counts;
	json_t *o = json_object();

	json_put(o, "mode", json_string(c->vmruns ? "soak" : "fuzz"));
	json_put(o, "ended", json_string(c->ended));
	json_put(o, "seed", json_integer(c->t.seed));
	json_put(o, "seeds", json_integer(c->seeds_run));
	json_put(o, "steps", steps_json(c));
	json_put(o, "vmruns", json_integer(counts->vmruns));
	json_put(o, "vms", json_integer(counts->vms));
	json_put(o, "vcpus", json_integer(counts->vcpus));
	json_put(o, "resets", json_integer(counts->resets));
	json_put(o, "exits", tally_json(&counts->exits, rig_exit_name));
	json_put(o, "l2_exits", tally_json(&counts->l2_exits, NULL));
	json_put(o, "failed", tally_json(&counts->failed, errno_name));
	json_put(o, "refused_msrs", tally_json(&counts->msrs, NULL));
	if (c->kcov) {
		json_put(o, "kcov", json_integer(kcov_count()));
		json_put(o, "kcov_lost", json_integer(kcov_lost()));
	}
	return o;
}

static void write_report(FILE *out, const struct command *c)
{
	json_t *o = report(c);

	if (!json_dumpf(o, out, JSON_INDENT(1)))
		fputc('\n', out);
	json_decref(o);
}

/* All or nothing. */
static void write_file(const char *file, const struct command *c)
{
	char *new = xasprintf("%s.new", file);
	FILE *f = fopen(new, "we");
	bool failed;

	if (!f)
		die(EXIT_INFRA, "cannot write %s: %s", new, strerror(errno));
	write_report(f, c);
	failed = ferror(f);
	if (fclose(f) || failed || rename(new, file)) {
		unlink(new);
		die(EXIT_INFRA, "cannot write %s: %s", file, strerror(errno));
	}
	free(new);
}

static void write_results(const struct command *c)
{
	if (c->json && strcmp(c->json, "-"))
		write_file(c->json, c);
	else if (c->json)
		write_report(stdout, c);
	if (fflush(stdout))
		die(EXIT_INFRA, "cannot write the results: %s", strerror(errno));
}

static void set_up(struct command *c)
{
	c->t.kvm = setup_kvm();
	c->hyperv = vmm_hyperv_nested(c->t.kvm);
	c->steps_run = xcalloc(nr_step_kinds, sizeof(*c->steps_run));
	leak_control();
	c->t.kmsg = kmsg_open();
	if (c->t.kmsg < 0)
		die(EXIT_REFUSED, "cannot read /dev/kmsg: %s", strerror(errno));
	if (c->kcov) {
		kcov_init();
		kcov_start();
	}
}

int main(int argc, char **argv)
{
	struct command c = {
		.t = { .seed = 1, .steps = DEFAULT_STEPS },
		.ended = "done",
	};
	bool ok;

	parse_options(&c, argc, argv);
	set_up(&c);
	ok = c.vmruns ? run_soak(&c) : fuzz(&c);
	kcov_stop();
	kcov_write(stdout);
	write_results(&c);
	return ok ? EXIT_OK : EXIT_RULE;
}
