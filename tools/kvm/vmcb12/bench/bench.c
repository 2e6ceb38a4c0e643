// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-bench: what a round trip of VMRUN and #VMEXIT costs L1, by the clean bits
 * that it sets.  The unit is a TSC tick; in an emulator whose TSC counts
 * instructions it is an instruction, and the same in every run.  On hardware it is
 * time, and --samples tells how much it varies.
 */
#include <cpuid.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli.h"
#include "guest.h"
#include "json.h"
#include "monitor.h"
#include "paths.h"
#include "setup.h"
#include "util.h"
#include "vmcb.h"

#define MAX_ROUNDS	100000000
#define TRACED_ROUNDS	8
#define MAX_SAMPLES	((GUEST_MEM_SIZE - GPA_SAMPLES) / sizeof(u64))

/* The clean bits that the CPU knows, one at a time, none and all of them. */
#define FIRST_GROUP	GROUP_INTERCEPTS
#define LAST_GROUP	GROUP_CET
#define NR_MASKS	(LAST_GROUP - FIRST_GROUP + 3)

enum {
	OPT_ROUNDS = 1,
	OPT_SAMPLES,
	OPT_TRACE,
	OPT_SYMBOLS,
};

static const struct option own_options[] = {
	{ "rounds",	required_argument,	NULL, OPT_ROUNDS },
	{ "samples",	required_argument,	NULL, OPT_SAMPLES },
	{ "trace",	no_argument,		NULL, OPT_TRACE },
	{ "symbols",	no_argument,		NULL, OPT_SYMBOLS },
	{}
};

static struct {
	unsigned int rounds;
	unsigned int samples;
	bool trace;
} options = { .rounds = 300 };

/* L2 without and with nested paging, by the paths that set it up. */
static const char * const kinds[] = { "vmrun-dirty", "vmrun-npt" };

static const char usage[] =
	"Usage: vmcb12-bench [OPTION]...\n"
	"       vmcb12-bench --show FILE.json\n"
	"Measure round trips of VMRUN and #VMEXIT in TSC ticks of L1, by clean bits.\n\n"
	"  --rounds N       the least of N round trips each (300)\n"
	"  --samples N      the median and the quartiles of N more each\n"
	"  --trace          have the emulator log a few of them (see the man page)\n"
	"  --symbols        print the kernel's functions and their addresses\n"
	"  --json FILE      write JSON; with '-' to standard output, and nothing else there\n"
	"  --show           show a JSON report\n"
	"  --timeout S      give up after S seconds (600)\n"
	"  --help, --version\n\n"
	"Exit status: 0 measured, 2 wrong command line or something is missing here,\n"
	"3 the measurement went wrong, 124 timeout.\n";

/* What the code addresses of such a log are called. */
static void symbols(void)
{
	struct ksyms ks;
	size_t i;

	setup_ksyms(&ks);
	for (i = 0; i < ks.nr; i++) {
		/* The padding before a function. */
		if (strncmp(ks.sym[i].name, "__pfx_", 6))
			printf("%llx %s\n", ks.sym[i].addr, ks.sym[i].name);
	}
}

static void parse_option(int option)
{
	switch (option) {
	case OPT_ROUNDS:
		options.rounds = option_number("rounds", optarg, MAX_ROUNDS);
		break;
	case OPT_SAMPLES:
		options.samples = option_number("samples", optarg, MAX_SAMPLES);
		break;
	case OPT_TRACE:
		options.trace = true;
		break;
	case OPT_SYMBOLS:
		symbols();
		exit(EXIT_OK);
	}
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

/* Have @code of L1 do its @rounds; returns what it leaves. */
static u64 run_l1(struct lab *lab, const struct path *path, u32 clean, const char *code,
		  unsigned int rounds)
{
	u64 mailbox[3] = { GPA_OF(code), GPA_VMCB12, rounds };
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

static u64 bench(struct lab *lab, const struct path *path, u32 clean, unsigned int rounds)
{
	return run_l1(lab, path, clean, l1_bench, rounds);
}

static int by_size(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

/*
 * Have the emulator log the instructions of a few round trips, a line each: some
 * versions call that singlestep and some one-insn-per-tb.
 */
static void trace(struct lab *lab, const struct path *path, u32 clean)
{
	monitor_do("singlestep on");
	monitor_do("one-insn-per-tb on");
	monitor_do("log exec,nochain");
	bench(lab, path, clean, TRACED_ROUNDS);
	monitor_do("log none");
	monitor_do("singlestep off");
	monitor_do("one-insn-per-tb off");
}

/* The quartiles of as many round trips, each timed alone. */
static json_t *sample(struct lab *lab, const struct path *path, u32 clean)
{
	u64 *samples = (u64 *)(lab->mem + GPA_SAMPLES);
	size_t last = options.samples - 1;
	json_t *o = json_object();

	run_l1(lab, path, clean, l1_samples, options.samples);
	qsort(samples, options.samples, sizeof(*samples), by_size);
	json_put(o, "lower", json_integer(samples[last / 4]));
	json_put(o, "median", json_integer(samples[last / 2]));
	json_put(o, "upper", json_integer(samples[last - last / 4]));
	return o;
}

/* Of the CPU that this runs on, and of its clock as L1 sees it. */
static void set_clock(json_t *root, const struct lab *lab)
{
	unsigned int eax, ebx, ecx = 0, edx;
	int khz = ioctl(lab->vmm[VMM_PLAIN].vcpu, KVM_GET_TSC_KHZ, 0);

	__get_cpuid(1, &eax, &ebx, &ecx, &edx);
	json_put(root, "hypervisor", json_boolean(ecx & CPUID_HYPERVISOR));
	json_put(root, "tsc_khz", khz > 0 ? json_integer(khz) : json_null());
}

static json_t *bench_path(struct lab *lab, const struct path *path)
{
	json_t *o = json_object(), *ticks = json_object(), *samples = json_object();
	const char *missing = path_missing(lab, path);
	unsigned int mask;

	for (mask = 0; !missing && mask < NR_MASKS; mask++)
		json_put(ticks, mask_name(mask),
			 json_integer(bench(lab, path, mask_bits(mask), options.rounds)));
	for (mask = 0; !missing && options.samples && mask < NR_MASKS; mask++)
		json_put(samples, mask_name(mask), sample(lab, path, mask_bits(mask)));
	for (mask = 0; !missing && options.trace && mask < NR_MASKS; mask += NR_MASKS - 1)
		trace(lab, path, mask_bits(mask));
	json_put(o, "name", json_string(path->name));
	json_put(o, "ticks", ticks);
	json_put(o, "samples", samples);
	json_put(o, "missing", json_string_or_null(missing));
	return o;
}

static void show_samples(FILE *out, const struct saved *s, const json_t *path, const char *mask)
{
	json_t *o = json_object_get(json_object_get(path, "samples"), mask);

	if (!o)
		return;
	fprintf(out, "   median %lld", saved_integer(s, o, "median"));
	fprintf(out, ", quartiles %lld and %lld", saved_integer(s, o, "lower"),
		saved_integer(s, o, "upper"));
}

static void show(FILE *out, const struct saved *s)
{
	json_t *path, *ticks;
	const char *mask;
	size_t i;

	json_array_foreach(saved_paths(s), i, path) {
		fprintf(out, "%s\n", saved_string(s, path, "name"));
		json_object_foreach(saved_get(s, path, "ticks", JSON_OBJECT), mask, ticks) {
			fprintf(out, "  %-12s %12lld", mask, json_integer_value(ticks));
			show_samples(out, s, path, mask);
			fputc('\n', out);
		}
	}
	if (json_is_true(json_object_get(s->root, "hypervisor")))
		fputs("emulated or nested: the ticks are not comparable with those of hardware\n",
		      out);
}

/* There is no rule about ticks. */
static enum verdict verdict(const struct saved *s)
{
	(void)s;
	return VERDICT_OK;
}

static json_t *measure(struct host *host)
{
	json_t *root, *results = json_array();
	struct lab lab;
	size_t i;

	if (options.trace)
		monitor_open();
	lab_init(&lab, setup_kvm_as_user());
	host->svm_features = lab.svm_features;
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		json_add(results, bench_path(&lab, path_by_name(kinds[i])));

	root = host_json(host);
	set_clock(root, &lab);
	lab_exit(&lab);
	json_put(root, "rounds", json_integer(options.rounds));
	json_put(root, "samples", json_integer(options.samples));
	json_put(root, "paths", results);
	json_put(root, "traced", json_integer(TRACED_ROUNDS));
	json_put(root, "from", json_hex(GPA_OF(l1_bench_from)));
	json_put(root, "to", json_hex(GPA_OF(l1_bench_to)));
	return root;
}

int main(int argc, char **argv)
{
	static const struct program bench = {
		.name = "vmcb12-bench",
		.usage = usage,
		.timeout = 600,
		.options = own_options,
		.option = parse_option,
		.measure = measure,
		.show = show,
		.verdict = verdict,
	};

	return program_main(&bench, argc, argv);
}
