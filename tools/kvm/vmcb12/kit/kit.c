// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcb12-kit: what the kit measured on a host, or "make" in an emulator, as one
 * report; and a host beside an emulator.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "host.h"
#include "inputs.h"
#include "json.h"
#include "setup.h"
#include "util.h"

#define VULNERABILITIES	"/sys/devices/system/cpu/vulnerabilities"

enum {
	OPT_CHECK = 1,
	OPT_RESULTS,
};

static const struct option own_options[] = {
	{ "check",	no_argument,		NULL, OPT_CHECK },
	{ "results",	required_argument,	NULL, OPT_RESULTS },
	{}
};

static const char *results;

/* The programs that leave a report of their own. */
static const char * const programs[] = { "census", "race", "bench" };

static const char usage[] =
	"Usage: vmcb12-kit --check\n"
	"       vmcb12-kit --results DIR [--json FILE]\n"
	"       vmcb12-kit --show FILE.json\n"
	"       vmcb12-kit --compare EMULATOR.json HOST.json\n"
	"Make one report of what was measured on a host, and show where it differs.\n\n"
	"  --check          say whether anything can be measured here\n"
	"  --results DIR    the reports of the programs, as the kit or 'make' leaves them\n"
	"  --json FILE      write JSON; with '-' to standard output, and nothing else there\n"
	"  --show           show a JSON report\n"
	"  --compare        show where two reports differ\n"
	"  --timeout S      give up after S seconds (60)\n"
	"  --help, --version\n\n"
	"Exit status: 0 all is ok, or nothing differs; 1 something is not, or differs;\n"
	"2 wrong command line or something is missing here, 3 the measurement went wrong,\n"
	"124 timeout.\n";

static void parse_option(int option)
{
	switch (option) {
	case OPT_CHECK:
		close(setup_kvm_as_user());
		exit(EXIT_OK);
	case OPT_RESULTS:
		results = optarg;
		break;
	}
}

/* Somebody else's text, as ASCII without control characters. */
static json_t *plain_string(const char *text)
{
	char *plain = xasprintf("%s", text), *c;
	json_t *o;

	for (c = plain; *c; c++) {
		if (*c != '\n' && (*c < ' ' || *c > '~'))
			*c = *c == '\t' ? ' ' : '?';
	}
	o = json_string(plain);
	free(plain);
	return o;
}

static json_t *plain_or_null(const char *text)
{
	return text && *text ? plain_string(text) : json_null();
}

/* The first line of DIR/NAME.SUFFIX, or NULL. */
static char *result_line(const char *name, const char *suffix)
{
	char *file = xasprintf("%s/%s%s", results, name, suffix), *line = read_line(file);

	free(file);
	return line;
}

/* The entries of a file with lines like "key : value", up to an empty one. */
static json_t *pairs(const char *file, char separator)
{
	FILE *f = fopen(file, "re");
	json_t *o = json_object();
	char *line = NULL, *value;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 1) {
		line[strcspn(line, "\n")] = '\0';
		value = strchr(line, separator);
		if (!value)
			continue;
		*value++ = '\0';
		line[strcspn(line, "\t")] = '\0';
		json_put(o, line, plain_string(value + strspn(value, " ")));
	}
	free(line);
	if (f)
		fclose(f);
	return o;
}

static json_t *cpu_json(void)
{
	static const struct {
		const char *name;
		const char *key;
	} entries[] = {
		{ "vendor",	"vendor_id" },
		{ "family",	"cpu family" },
		{ "model",	"model" },
		{ "stepping",	"stepping" },
		{ "name",	"model name" },
		{ "microcode",	"microcode" },
	};
	json_t *first = pairs("/proc/cpuinfo", ':'), *o = json_object(), *value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		value = json_object_get(first, entries[i].key);
		json_put(o, entries[i].name, value ? json_incref(value) : json_null());
	}
	json_decref(first);
	json_put(o, "online", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	return o;
}

/* What is done about them is part of what a VMRUN costs. */
static json_t *mitigations_json(void)
{
	DIR *dir = opendir(VULNERABILITIES);
	json_t *o = json_object();
	struct dirent *entry;
	char *file, *value;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		file = xasprintf(VULNERABILITIES "/%s", entry->d_name);
		value = read_line(file);
		json_put(o, entry->d_name, plain_or_null(value));
		free(value);
		free(file);
	}
	if (dir)
		closedir(dir);
	return o;
}

static json_t *part_json(enum verdict verdict, const char *reason, json_t *report)
{
	json_t *o = json_object();

	json_put(o, "verdict", json_string(verdict_name(verdict)));
	json_put(o, "reason", plain_or_null(reason));
	json_put(o, "report", report);
	return o;
}

/* A program that has left no report says why in its one line on standard error. */
static json_t *missing_part(const char *name)
{
	char *line = result_line(name, ".err"), *rc = result_line(name, ".rc"), *text = line;
	char *who = xasprintf("vmcb12-%s: ", name);
	enum verdict verdict = VERDICT_SKIP;
	json_t *o;

	if (text && !strncmp(text, who, strlen(who)))
		text += strlen(who);
	if (rc && strtol(rc, NULL, 10) != EXIT_REFUSED)
		verdict = VERDICT_INCONCLUSIVE;
	o = part_json(verdict, text && *text ? text : "was not run", json_null());
	free(who);
	free(line);
	free(rc);
	return o;
}

static json_t *program_json(const char *name)
{
	char *file = xasprintf("%s/%s.json", results, name);
	char *program = xasprintf("vmcb12-%s", name);
	enum verdict verdict = VERDICT_OK;
	const char *reason = NULL;
	struct saved s;
	json_t *o;

	if (access(file, F_OK)) {
		free(program);
		free(file);
		return missing_part(name);
	}
	saved_load(&s, file, program);
	/* There is no rule about ticks. */
	if (json_object_get(s.root, "verdict")) {
		verdict = saved_verdict(&s, s.root, "verdict");
		reason = json_string_value(json_object_get(s.root, "reason"));
	}
	o = part_json(verdict, reason, s.root);
	free(program);
	free(file);
	return o;
}

static json_t *selftests_json(void)
{
	enum verdict worst = VERDICT_SKIP;
	json_t *tests = json_array(), *o;
	const struct selftest *test;
	struct side side = {};

	side_load_selftests(&side, results);
	for (test = side.test; test < side.test + side.nr_tests; test++) {
		worst = worse(worst, test->verdict);
		o = json_object();
		json_put(o, "name", plain_string(test->name));
		json_put(o, "verdict", json_string(verdict_name(test->verdict)));
		json_put(o, "reason", plain_or_null(test->reason));
		json_put(o, "output",
			 plain_or_null(test->verdict == VERDICT_FAIL ? test->output : NULL));
		json_add(tests, o);
	}
	if (side.nr_tests)
		return part_json(worst, NULL, tests);
	json_decref(tests);
	return missing_part("selftests");
}

/* What could not be measured is not ok, whatever the rest is. */
static enum verdict sum(const struct saved *s, enum verdict before, const char *part)
{
	enum verdict v = saved_verdict(s, saved_get(s, s->root, part, JSON_OBJECT), "verdict");

	if (v <= VERDICT_OK && before <= VERDICT_OK)
		return v == before ? v : VERDICT_SKIP;
	return worse(before, v);
}

/* Kernels taint themselves when they WARN; then no result stands. */
static enum verdict set_tainted(json_t *root, enum verdict verdict)
{
	char *file = xasprintf("%s/tainted.txt", results);
	json_t *flags = pairs(file, ' ');

	free(file);
	json_put(root, "tainted", flags);
	if (json_equal(json_object_get(flags, "before"), json_object_get(flags, "after")) ||
	    !json_object_size(flags))
		return verdict;
	return VERDICT_FAIL;
}

/* An emulator's run has left its command line, and the CPU here is not its. */
static void set_host(json_t *root, const struct host *host)
{
	char *emulator = result_line("command", ".txt"), *kit = xasprintf("%s/kit.txt", results);
	json_t *here = host_json(host), *report = here;

	if (emulator)
		report = json_object_get(json_object_get(root, "census"), "report");
	if (!json_is_object(report))
		die(EXIT_REFUSED, "there is no census in %s", results);
	json_put(root, "emulator", plain_or_null(emulator));
	json_put(root, "kit", pairs(kit, ' '));
	json_put(root, "cpu", emulator ? json_null() : cpu_json());
	json_put(root, "mitigations", emulator ? json_null() : mitigations_json());
	json_object_set(root, "kernel", json_object_get(report, "kernel"));
	json_object_set(root, "parameters", json_object_get(report, "parameters"));
	json_decref(here);
	free(emulator);
	free(kit);
}

static json_t *measure(struct host *host)
{
	struct saved s = { .file = results };
	enum verdict verdict = VERDICT_OK;
	size_t i;

	if (!results)
		die(EXIT_REFUSED, "--results, --show or --compare is needed");
	s.root = json_object();
	json_put(s.root, "schema", json_integer(SCHEMA_VERSION));
	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		json_put(s.root, programs[i], program_json(programs[i]));
		verdict = sum(&s, verdict, programs[i]);
	}
	json_put(s.root, "selftests", selftests_json());
	verdict = sum(&s, verdict, "selftests");
	set_host(s.root, host);
	verdict = set_tainted(s.root, verdict);
	json_put(s.root, "verdict", json_string(verdict_name(verdict)));
	return s.root;
}

/* What a stranger sends goes to a terminal. */
static void need_plain(const struct saved *s, const json_t *o)
{
	const char *c = json_string_value(o), *key;
	json_t *value;
	size_t i;

	for (; c && *c; c++) {
		if (*c != '\n' && (*c < ' ' || *c > '~'))
			die(EXIT_REFUSED, "%s: control characters, or others than ASCII", s->file);
	}
	json_array_foreach(o, i, value)
		need_plain(s, value);
	json_object_foreach((json_t *)o, key, value) {
		for (c = key; *c; c++) {
			if (!isgraph((unsigned char)*c))
				die(EXIT_REFUSED, "%s: not a name: a member of it", s->file);
		}
		need_plain(s, value);
	}
}

static json_t *part_of(const struct saved *s, const char *name)
{
	return saved_get(s, s->root, name, JSON_OBJECT);
}

/* The report of a part, or NULL if it has none. */
static json_t *report_of(const struct saved *s, const char *name)
{
	json_t *o = json_object_get(part_of(s, name), "report");

	return json_is_object(o) || json_is_array(o) ? o : NULL;
}

static const char *string_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "unknown";
}

static void show_host(FILE *out, const struct saved *s)
{
	static const char * const parameters[] = {
		"nested", "npt", "nrips", "vls", "vgif", "lbrv", "vnmi", "avic",
	};
	json_t *cpu = json_object_get(s->root, "cpu"), *value;
	size_t i;

	if (json_is_object(cpu))
		fprintf(out, "%s (%s, family %s, model %s, stepping %s), microcode %s",
			string_of(cpu, "name"), string_of(cpu, "vendor"), string_of(cpu, "family"),
			string_of(cpu, "model"), string_of(cpu, "stepping"),
			string_of(cpu, "microcode"));
	else
		fputs(string_of(s->root, "emulator"), out);
	fprintf(out, "\nLinux %s, kvm_amd:", saved_release(s));
	for (i = 0; i < ARRAY_SIZE(parameters); i++) {
		value = json_object_get(json_object_get(s->root, "parameters"), parameters[i]);
		if (json_is_string(value))
			fprintf(out, " %s=%s", parameters[i], json_string_value(value));
	}
	fputc('\n', out);
}

static void show_census(FILE *out, const struct saved *s, const json_t *report)
{
	json_t *paths = saved_get(s, report, "paths", JSON_ARRAY), *path;
	unsigned int walked = 0, failed = 0;
	enum verdict verdict;
	size_t i;

	json_array_foreach(paths, i, path) {
		verdict = saved_verdict(s, path, "status");
		walked += verdict != VERDICT_SKIP;
		failed += verdict == VERDICT_FAIL;
	}
	fprintf(out, "%u of %u paths break the rule", failed, walked);
}

static void show_race(FILE *out, const struct saved *s, const json_t *report)
{
	fprintf(out, "%lld of %lld VMRUNs torn", saved_integer(s, report, "torn"),
		saved_integer(s, report, "vmruns"));
}

/* The quartiles of @path with these clean bits, or NULL. */
static json_t *samples_of(const struct saved *s, const char *path, const char *mask)
{
	json_t *report = report_of(s, "bench"), *o = NULL;

	if (report)
		o = saved_find(s, saved_get(s, report, "paths", JSON_ARRAY), path);
	return json_object_get(json_object_get(o, "samples"), mask);
}

static void show_samples(FILE *out, const struct saved *s, const json_t *o)
{
	fprintf(out, "%lld [%lld..%lld]", saved_integer(s, o, "median"),
		saved_integer(s, o, "lower"), saved_integer(s, o, "upper"));
}

static void show_bench(FILE *out, const struct saved *s, const json_t *report)
{
	json_t *o = samples_of(s, "vmrun-npt", "none");

	if (!o)
		return;
	fputs("a VMRUN and its #VMEXIT: ", out);
	show_samples(out, s, o);
	fputs(" TSC ticks", out);
	if (json_is_true(json_object_get(report, "hypervisor")))
		fputs(" (emulated or nested; cycles not comparable)", out);
}

static void show_selftests(FILE *out, const struct saved *s, const json_t *tests)
{
	unsigned int failed = 0, skipped = 0;
	json_t *test;
	size_t i;

	json_array_foreach(tests, i, test) {
		failed += saved_verdict(s, test, "verdict") == VERDICT_FAIL;
		skipped += saved_verdict(s, test, "verdict") == VERDICT_SKIP;
	}
	fprintf(out, "%u of %zu failed, %u skipped", failed, json_array_size(tests), skipped);
}

static void show_tainted(FILE *out, const struct saved *s)
{
	json_t *flags = json_object_get(s->root, "tainted");
	const char *before = string_of(flags, "before"), *after = string_of(flags, "after");

	if (strcmp(before, after))
		fprintf(out, "  see the kernel's log: it is tainted by %s, and was by %s before\n",
			after, before);
}

static void show(FILE *out, const struct saved *s)
{
	static const struct {
		const char *name;
		void (*show)(FILE *out, const struct saved *s, const json_t *report);
	} parts[] = {
		{ "census",	show_census },
		{ "race",	show_race },
		{ "bench",	show_bench },
		{ "selftests",	show_selftests },
	};
	const char *reason;
	json_t *report;
	size_t i;

	need_plain(s, s->root);
	show_host(out, s);
	fputc('\n', out);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		fprintf(out, "  %-10s %-13s ", parts[i].name,
			verdict_name(saved_verdict(s, part_of(s, parts[i].name), "verdict")));
		report = report_of(s, parts[i].name);
		reason = saved_reason(s, part_of(s, parts[i].name));
		if (report)
			parts[i].show(out, s, report);
		if (reason)
			fprintf(out, report ? " (%s)" : "(%s)", reason);
		fputc('\n', out);
	}
	show_tainted(out, s);
	fprintf(out, "\n%s: %s\n", saved_release(s),
		verdict_name(saved_verdict(s, s->root, "verdict")));
}

/* Two reports, what differs between them, and what only one of them has. */
struct pair {
	const struct saved *host;
	const struct saved *emulator;
	unsigned int differ;
	unsigned int alone;
};

static long long count_of(const struct saved *s, const json_t *field, const char *what)
{
	return field ? saved_integer(s, field, what) : 0;
}

/* Accesses to one field; NULL is a field that was not touched. */
static void compare_field(FILE *out, struct pair *pair, const json_t *field, const json_t *other)
{
	static const char * const what[] = { "fetches", "writes" };
	const char *name = field ? saved_string(pair->host, field, "name") :
				   saved_string(pair->emulator, other, "name");
	long long here, there;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(what); i++) {
		here = count_of(pair->host, field, what[i]);
		there = count_of(pair->emulator, other, what[i]);
		if (here == there)
			continue;
		fprintf(out, "    %-28s %-8s %12lld %13lld\n", name, what[i], here, there);
		pair->differ++;
	}
}

static void compare_fields(FILE *out, struct pair *pair, const json_t *path, const json_t *other)
{
	json_t *fields = saved_get(pair->host, path, "fields", JSON_ARRAY);
	json_t *others = saved_get(pair->emulator, other, "fields", JSON_ARRAY), *field;
	const char *name;
	size_t i;

	json_array_foreach(fields, i, field) {
		name = saved_string(pair->host, field, "name");
		compare_field(out, pair, field, saved_find(pair->emulator, others, name));
	}
	json_array_foreach(others, i, field) {
		name = saved_string(pair->emulator, field, "name");
		if (!saved_find(pair->host, fields, name))
			compare_field(out, pair, NULL, field);
	}
}

/* Print a verdict of each; true if both of them come from a measurement. */
static bool compare_verdict(FILE *out, struct pair *pair, const char *name, const json_t *o,
			    const json_t *other, const char *key)
{
	enum verdict here = VERDICT_SKIP, there = VERDICT_SKIP;

	if (o)
		here = saved_verdict(pair->host, o, key);
	if (other)
		there = saved_verdict(pair->emulator, other, key);
	fprintf(out, "  %-38s %12s %13s\n", name, o ? verdict_name(here) : "-",
		other ? verdict_name(there) : "-");
	if (here == VERDICT_SKIP || there == VERDICT_SKIP) {
		pair->alone += here != there;
		return false;
	}
	pair->differ += here != there;
	return true;
}

static void compare_census(FILE *out, struct pair *pair)
{
	json_t *report = report_of(pair->host, "census"), *paths, *others, *path, *other;
	const char *name;
	size_t i;

	others = saved_get(pair->emulator, report_of(pair->emulator, "census"), "paths",
			   JSON_ARRAY);
	if (!report) {
		compare_verdict(out, pair, "census", part_of(pair->host, "census"),
				part_of(pair->emulator, "census"), "verdict");
		return;
	}
	paths = saved_get(pair->host, report, "paths", JSON_ARRAY);
	json_array_foreach(paths, i, path) {
		name = saved_string(pair->host, path, "name");
		other = saved_find(pair->emulator, others, name);
		if (compare_verdict(out, pair, name, path, other, "status"))
			compare_fields(out, pair, path, other);
	}
	json_array_foreach(others, i, other) {
		name = saved_string(pair->emulator, other, "name");
		if (!saved_find(pair->host, paths, name))
			compare_verdict(out, pair, name, NULL, other, "status");
	}
}

static void compare_selftests(FILE *out, struct pair *pair)
{
	json_t *tests = report_of(pair->host, "selftests"), *test;
	json_t *others = report_of(pair->emulator, "selftests");
	const char *name;
	size_t i;

	json_array_foreach(tests, i, test) {
		name = saved_string(pair->host, test, "name");
		compare_verdict(out, pair, name, test,
				saved_find(pair->emulator, others, name), "verdict");
	}
}

/* There is no rule about ticks, and no emulator has any: one column beside the other. */
static void show_cost(FILE *out, const struct pair *pair)
{
	static const char * const masks[] = { "none", "all" };
	json_t *report = report_of(pair->emulator, "bench"), *path, *ticks, *samples;
	json_t *here = report_of(pair->host, "bench");
	const char *name;
	size_t i, m;

	if (!report || !here)
		return;
	fputs("\nVMRUN and #VMEXIT, by clean bits: TSC ticks of the host, median and quartiles;\n"
	      "instructions of the emulator\n", out);
	json_array_foreach(saved_get(pair->emulator, report, "paths", JSON_ARRAY), i, path) {
		name = saved_string(pair->emulator, path, "name");
		for (m = 0; m < ARRAY_SIZE(masks); m++) {
			samples = samples_of(pair->host, name, masks[m]);
			ticks = json_object_get(saved_get(pair->emulator, path, "ticks",
							  JSON_OBJECT), masks[m]);
			if (!samples || !ticks)
				continue;
			fprintf(out, "  %-12s %-5s %12lld   ", name, masks[m],
				json_integer_value(ticks));
			show_samples(out, pair->host, samples);
			fputc('\n', out);
		}
	}
	if (json_is_true(json_object_get(here, "hypervisor")))
		fputs("  the host is emulated or nested; cycles not comparable\n", out);
}

static enum verdict compare_two(FILE *out, const struct saved *emulator, const struct saved *host)
{
	struct pair pair = { .host = host, .emulator = emulator };

	need_plain(emulator, emulator->root);
	need_plain(host, host->root);
	if (!report_of(emulator, "census"))
		die(EXIT_REFUSED, "%s: there is no census in it", emulator->file);
	fputs("host:     ", out);
	show_host(out, host);
	fputs("\nemulator: ", out);
	show_host(out, emulator);
	if (strcmp(saved_release(host), saved_release(emulator)))
		fputs("\nThe kernels are not the same; what differs may be due to that.\n", out);
	fprintf(out, "\n  %-38s %12s %13s\n", "", "host", "emulator");
	compare_census(out, &pair);
	compare_verdict(out, &pair, "race", part_of(host, "race"), part_of(emulator, "race"),
			"verdict");
	compare_selftests(out, &pair);
	show_cost(out, &pair);
	fprintf(out, "\n%u differ, %u were measured on one of them only\n", pair.differ,
		pair.alone);
	return pair.differ ? VERDICT_FAIL : VERDICT_OK;
}

int main(int argc, char **argv)
{
	static const struct program kit = {
		.name = "vmcb12-kit",
		.usage = usage,
		.timeout = 60,
		.options = own_options,
		.option = parse_option,
		.measure = measure,
		.show = show,
		.compare = compare_two,
	};

	return program_main(&kit, argc, argv);
}
