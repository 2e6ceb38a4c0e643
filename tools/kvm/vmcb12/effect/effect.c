// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-effect: what becomes of an event that L1 injects into L2 when RIP in
 * vmcb12 changes between KVM's fetches of it.  Needs the kernel module
 * vmcb12-flip and a CPU with NRIPS; for test kernels only.
 */
#include "cli.h"
#include "effect-report.h"
#include "setup.h"
#include "util.h"
#include "vmcb.h"

static const char usage[] =
	"Usage: vmcb12-effect [OPTION]...\n"
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
	"124 timeout.\n";

static json_t *measure(struct host *host)
{
	struct effect *effects = xcalloc(nr_effect_cases, sizeof(*effects));
	struct effects e;
	struct ksyms ks;
	struct lab lab;
	size_t i;

	lab_init(&lab, setup_kvm());
	if (!(lab.svm_features & SVM_CPUID_NRIPS))
		die(EXIT_REFUSED, "KVM offers L1 no NRIPS");
	setup_ksyms(&ks);
	host->svm_features = lab.svm_features;
	effects_init(&e, &lab);
	for (i = 0; i < nr_effect_cases; i++) {
		effects[i].c = &effect_cases[i];
		effect_try(&e, &effects[i]);
	}
	effects_exit(&e);
	lab_exit(&lab);
	return effect_json(host, &ks, effects, nr_effect_cases);
}

int main(int argc, char **argv)
{
	static const struct program effect = {
		.name = "vmcb12-effect",
		.usage = usage,
		.timeout = 300,
		.measure = measure,
		.show = effect_show,
		.verdict = effect_verdict,
		.compare = effect_compare,
	};

	return program_main(&effect, argc, argv);
}
