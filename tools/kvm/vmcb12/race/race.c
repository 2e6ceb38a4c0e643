// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-race: a second thread writes RIP of vmcb12 at random times while L1
 * executes VMRUN.  Does KVM ever enter L2 at another RIP than the one that it
 * traced for that VMRUN?  No kernel module; the writer does what another vCPU of
 * L1 could do.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "guest.h"
#include "json.h"
#include "paths.h"
#include "record.h"
#include "setup.h"
#include "util.h"

#define MAX_VMRUNS	100000000
#define MAX_SPINS	255
#define MAX_STOPS	4

/* Less than one VMRUN in so many at either value: that was no race. */
#define MIN_SHARE	100

#define OPT_VMRUNS	1

static const struct option own_options[] = {
	{ "vmruns",	required_argument,	NULL, OPT_VMRUNS },
	{}
};

static unsigned int vmruns = 20000;

/* The two values that RIP takes, and what came of them. */
struct race {
	u64 value[2];
	unsigned int traced[2];		/* VMRUNs traced with that value */
	unsigned int torn[2];		/* of those, entered at another RIP */
	unsigned int other;		/* traced with neither */
	unsigned int vmruns;
	enum verdict verdict;
	char *reason;
};

struct writer {
	pthread_t thread;
	u64 *rip;
	const u64 *value;
	unsigned int cpu;
	bool hotplug;			/* the CPU is online for the writer only */
	bool stop;
};

static const char usage[] =
	"Usage: vmcb12-race [OPTION]...\n"
	"       vmcb12-race --show FILE.json\n"
	"Write vmcb12's RIP at random times from a second CPU, and count the VMRUNs that\n"
	"enter L2 at another RIP than KVM traced for them.\n\n"
	"  --vmruns N       how many VMRUNs (20000)\n"
	"  --json FILE      write JSON; with '-' to standard output, and nothing else there\n"
	"  --show           show a JSON report\n"
	"  --timeout S      give up after S seconds (600)\n"
	"  --help, --version\n\n"
	"Exit status: 0 no VMRUN was torn, 1 some were, 2 wrong command line or something\n"
	"is missing here, 3 the measurement went wrong, 124 timeout.\n";

static void parse_option(int option)
{
	if (option == OPT_VMRUNS)
		vmruns = option_number("vmruns", optarg, MAX_VMRUNS);
}

static int set_online(unsigned int cpu, bool online)
{
	char *file = xasprintf("/sys/devices/system/cpu/cpu%u/online", cpu);
	FILE *f = fopen(file, "we");
	int error;

	free(file);
	if (!f)
		return -1;
	error = fprintf(f, "%d\n", online) < 0;
	return fclose(f) || error ? -1 : 0;
}

static void pin_to(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die(EXIT_INFRA, "cannot run on CPU %u: %s", cpu, strerror(errno));
}

/*
 * The vCPU gets the first CPU and the writer the next.  If that one is there but
 * off, it is switched on for the race: a kernel that runs on one CPU alone while
 * it patches its code for the tracepoints is safe from emulators that go on with
 * the old code on the others.
 */
static void place(struct writer *w)
{
	long configured = sysconf(_SC_NPROCESSORS_CONF), online = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;
	unsigned int cpu;

	if (configured < 2)
		die(EXIT_REFUSED, "a race takes two CPUs");
	w->hotplug = online < 2;
	if (w->hotplug) {
		w->cpu = 1;
		pin_to(0);
		return;
	}
	if (sched_getaffinity(0, sizeof(set), &set) || CPU_COUNT(&set) < 2)
		die(EXIT_REFUSED, "a race takes two CPUs, and this process may use one only");
	for (cpu = 0; !CPU_ISSET(cpu, &set); cpu++)
		;
	pin_to(cpu);
	for (w->cpu = cpu + 1; !CPU_ISSET(w->cpu, &set); w->cpu++)
		;
}

static unsigned int next_random(u32 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void *write_rip(void *arg)
{
	struct writer *w = arg;
	unsigned int i = 0, spins;
	u32 seed = 1;

	pin_to(w->cpu);
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		__atomic_store_n(w->rip, w->value[i++ % 2], __ATOMIC_RELAXED);
		for (spins = next_random(&seed) & MAX_SPINS; spins; spins--)
			__builtin_ia32_pause();
	}
	return NULL;
}

static void start_writer(struct writer *w)
{
	if (w->hotplug && set_online(w->cpu, true))
		die(EXIT_REFUSED, "a race takes two CPUs, and CPU %u cannot be switched on: %s",
		    w->cpu, strerror(errno));
	if (pthread_create(&w->thread, NULL, write_rip, w))
		die(EXIT_INFRA, "cannot start a thread");
}

static void stop_writer(struct writer *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
	pthread_join(w->thread, NULL);
	if (w->hotplug)
		set_online(w->cpu, false);
}

/* One VMRUN as traced, and the entry that follows it. */
static void count_vmrun(struct race *race, u64 traced, u64 entered)
{
	unsigned int i = traced == race->value[0] ? 0 : 1;

	race->vmruns++;
	if (traced != race->value[i]) {
		race->other++;
		return;
	}
	race->traced[i]++;
	if (entered != traced)
		race->torn[i]++;
}

/* Returns NULL, or what is wrong with the records. */
static const char *count_records(struct recorder *r, struct race *race)
{
	const struct record_field *vmrun = record_field(&r->event[0], "nested_rip");
	const struct record_field *entry = record_field(&r->event[1], "rip");
	struct record rec;
	bool pending = false;
	u64 traced = 0;
	int ret;

	if (!vmrun || !entry)
		return "the tracepoints do not tell RIP";
	while ((ret = record_next(r, &rec)) > 0) {
		if (rec.event == &r->event[0]) {
			traced = record_value(&rec, vmrun);
			pending = true;
		} else if (pending) {
			count_vmrun(race, traced, record_value(&rec, entry));
			pending = false;
		}
	}
	return ret < 0 ? "the kernel lost some of the records" : NULL;
}

static const char *race_once(struct lab *lab, const struct path *path, struct recorder *r,
			     struct race *race)
{
	struct vmm *vmm = &lab->vmm[path->vmm];
	const char *error = path_enter(lab, path);
	unsigned int stops;

	if (!error)
		error = path_act(lab, path);
	if (error)
		return error;
	/* From one of the entry points L2 stops twice on its way back. */
	error = path_leave(lab, path);
	for (stops = 0; error && stops < MAX_STOPS && vmm->run->exit_reason == KVM_EXIT_IO &&
	     vmm->run->io.port == PORT_L2; stops++)
		error = vmm_run(vmm, PORT_L1);
	return error ? error : count_records(r, race);
}

static void judge(struct race *race, const char *error)
{
	unsigned int share = race->vmruns / MIN_SHARE;

	race->verdict = VERDICT_INCONCLUSIVE;
	if (error)
		race->reason = xasprintf("%s", error);
	else if (race->traced[0] <= share || race->traced[1] <= share)
		race->reason = xasprintf("the writer hardly ever got in between");
	else if (race->torn[0] || race->torn[1])
		race->verdict = VERDICT_FAIL;
	else if (race->other)
		race->reason = xasprintf("%u VMRUNs were traced with neither value", race->other);
	else
		race->verdict = VERDICT_OK;
}

static void run_race(struct lab *lab, struct race *race)
{
	const struct path *path = path_by_name("vmrun-dirty");
	struct writer writer = { .value = race->value };
	struct recorder r = {};
	const char *error = NULL;
	unsigned int i;

	race->value[0] = GPA_OF(l2_entry);
	race->value[1] = GPA_OF(l2_twice);
	writer.rip = (u64 *)(lab->mem + GPA_VMCB12 + vmcb_fields[F_RIP].offset);
	place(&writer);
	/* Once without tracing, so that all that happens only once has happened. */
	error = path_enter(lab, path);
	if (!error)
		error = path_act(lab, path);
	if (!error)
		error = path_leave(lab, path);

	if (!record_on(&r, "kvm_nested_vmenter") && !record_on(&r, "kvm_nested_vmrun"))
		die(EXIT_REFUSED, "no tracepoint kvm_nested_vmenter: is tracefs mounted?");
	if (!record_on(&r, "kvm_entry"))
		die(EXIT_REFUSED, "no tracepoint kvm_entry");
	start_writer(&writer);
	for (i = 0; !error && i < vmruns; i++)
		error = race_once(lab, path, &r, race);
	stop_writer(&writer);
	record_off(&r);
	judge(race, error);
}

static json_t *race_json(const struct host *host, const struct race *race)
{
	json_t *o = host_json(host), *values = json_array(), *value;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		value = json_object();
		json_put(value, "value", json_hex(race->value[i]));
		json_put(value, "traced", json_integer(race->traced[i]));
		json_put(value, "torn", json_integer(race->torn[i]));
		json_add(values, value);
	}
	json_put(o, "field", json_string(vmcb_fields[F_RIP].name));
	json_put(o, "vmruns", json_integer(race->vmruns));
	json_put(o, "torn", json_integer(race->torn[0] + race->torn[1]));
	json_put(o, "values", values);
	json_put(o, "verdict", json_string(verdict_name(race->verdict)));
	json_put(o, "reason", json_string_or_null(race->reason));
	return o;
}

static void show(FILE *out, const struct saved *s)
{
	json_t *values = saved_get(s, s->root, "values", JSON_ARRAY), *value;
	const char *reason = saved_reason(s, s->root);
	size_t i;

	fprintf(out, "%s of vmcb12 written at random times, %lld VMRUNs\n\n",
		saved_string(s, s->root, "field"), saved_integer(s, s->root, "vmruns"));
	json_array_foreach(values, i, value)
		fprintf(out, "  traced with %s: %8lld, of those entered elsewhere: %lld\n",
			saved_string(s, value, "value"), saved_integer(s, value, "traced"),
			saved_integer(s, value, "torn"));
	fprintf(out, "\n%s: %s, %lld of %lld VMRUNs torn", saved_release(s),
		saved_string(s, s->root, "verdict"), saved_integer(s, s->root, "torn"),
		saved_integer(s, s->root, "vmruns"));
	fprintf(out, reason ? " (%s)\n" : "\n", reason);
}

static json_t *measure(struct host *host)
{
	struct race race = {};
	struct lab lab;

	lab_init(&lab, setup_kvm());
	host->svm_features = lab.svm_features;
	run_race(&lab, &race);
	lab_exit(&lab);
	return race_json(host, &race);
}

int main(int argc, char **argv)
{
	static const struct program race = {
		.name = "vmcb12-race",
		.usage = usage,
		.timeout = 600,
		.options = own_options,
		.option = parse_option,
		.measure = measure,
		.show = show,
	};

	return program_main(&race, argc, argv);
}
