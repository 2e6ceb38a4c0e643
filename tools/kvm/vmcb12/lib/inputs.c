// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fields.h"
#include "inputs.h"
#include "util.h"

#define CLOCK	"setting system clock to "

static const char qemu[] = "QEMU TCG";

const char * const side_names[NR_SIDES] = {
	[STOCK]		= "stock",
	[PATCHED]	= "patched",
};

/* The content of a text file, or NULL if there is none. */
static char *read_text(const char *dir, const char *name)
{
	char *file = xasprintf("%s/%s", dir, name), *text = NULL;
	FILE *f = fopen(file, "re");
	size_t len = 0, cap = 0, i, n = 0;

	if (!f && errno != ENOENT)
		die(EXIT_REFUSED, "cannot read %s: %s", file, strerror(errno));
	while (f && !feof(f)) {
		cap = 2 * cap + 4096;
		text = xrealloc(text, cap);
		len += fread(text + len, 1, cap - 1 - len, f);
		if (ferror(f))
			die(EXIT_REFUSED, "cannot read %s: %s", file, strerror(errno));
	}
	/* A console ends its lines with a return, too. */
	for (i = 0; i < len; i++) {
		if (text[i] && text[i] != '\r')
			text[n++] = text[i];
	}
	if (f) {
		text[n] = '\0';
		fclose(f);
	}
	free(file);
	return text;
}

static const char *emulator_of(const char *command)
{
	if (command && strstr(command, "-accel tcg"))
		return qemu;
	if (command && !strncmp(command, "Bochs ", 6))
		return "Bochs";
	return NULL;
}

/* QEMU's guest takes its clock from the machine's: this is when it ran. */
static char *date_of(const char *dir)
{
	char *log = read_text(dir, "console.log"), *at = NULL, *date = NULL;

	if (log)
		at = strstr(log, CLOCK);
	if (at) {
		at += strlen(CLOCK);
		at[strcspn(at, "(\n")] = '\0';
		date = xasprintf("%s", at);
	}
	free(log);
	return date;
}

/* "[not ]ok NUMBER NAME[ # REASON]" */
static bool parse_result(char *line, struct selftest *test)
{
	bool failed = !strncmp(line, "not ", 4);
	char *reason;

	line += failed ? 4 : 0;
	if (strncmp(line, "ok ", 3))
		return false;
	line += 3;
	line += strspn(line, "0123456789");
	line += strspn(line, " ");
	reason = strstr(line, " # ");
	if (reason) {
		*reason = '\0';
		reason += strlen(" # ");
	}
	test->name = xasprintf("%s", line);
	test->reason = xasprintf("%s", reason ? reason : "");
	test->verdict = failed ? VERDICT_FAIL : VERDICT_OK;
	if (!failed && !strncmp(test->reason, "SKIP", 4))
		test->verdict = VERDICT_SKIP;
	return true;
}

void side_load_selftests(struct side *side, const char *dir)
{
	char *ktap = read_text(dir, "selftests.ktap"), *rest = ktap, *line;
	char *output = xasprintf("%s", ""), *longer;
	struct selftest test = {};

	while (rest && (line = strsep(&rest, "\n"))) {
		if (!strncmp(line, "# ", 2)) {
			longer = xasprintf("%s%s\n", output, line + 2);
			free(output);
			output = longer;
		} else if (parse_result(line, &test)) {
			test.output = output;
			output = xasprintf("%s", "");
			side->test = xrealloc(side->test, (side->nr_tests + 1) * sizeof(test));
			side->test[side->nr_tests++] = test;
		}
	}
	free(output);
	free(ktap);
}

/* What is read later without another look. */
static void check_field(const struct saved *s, const json_t *field)
{
	long long offset = saved_integer(s, field, "offset");
	long long size = saved_integer(s, field, "size");

	if (offset < 0 || offset >= VMCB_SIZE || size < 1 || size > VMCB_SIZE - offset)
		saved_reject(s, "'%s' is outside of the page", saved_string(s, field, "name"));
	if (saved_integer(s, field, "fetches") < 0 || saved_integer(s, field, "writes") < 0)
		saved_reject(s, "a count of '%s' is negative", saved_string(s, field, "name"));
}

static void load_census(struct saved *s, char *file)
{
	json_t *path, *field;
	size_t i, j;

	saved_load(s, file, "vmcb12-census");
	json_array_foreach(saved_paths(s), i, path) {
		json_array_foreach(saved_get(s, path, "fields", JSON_ARRAY), j, field)
			check_field(s, field);
	}
}

static void load_npt0(struct saved *s, char *file)
{
	if (access(file, F_OK))
		free(file);
	else
		load_census(s, file);
}

static json_t *load_verdict(const char *dir)
{
	char *file = xasprintf("%s/verdict.json", dir);
	json_t *verdict = NULL;
	json_error_t error;

	if (!access(file, F_OK)) {
		verdict = json_load_file(file, 0, &error);
		if (!verdict)
			die(EXIT_REFUSED, "%s: %s", file, error.text);
	}
	free(file);
	return verdict;
}

void inputs_load(struct inputs *in, char *dir)
{
	size_t len = strlen(dir);
	enum side_id id;
	char *sub;

	while (len > 1 && dir[len - 1] == '/')
		dir[--len] = '\0';
	memset(in, 0, sizeof(*in));
	in->name = strrchr(dir, '/') ? strrchr(dir, '/') + 1 : dir;
	in->verdict = load_verdict(dir);
	in->soaked = read_text(dir, "torture/soaked.txt");
	for (id = 0; id < NR_SIDES; id++) {
		sub = xasprintf("%s/%s", dir, side_names[id]);
		load_census(&in->side[id].census, xasprintf("%s/census.json", sub));
		load_npt0(&in->side[id].npt0, xasprintf("%s/census-npt0.json", sub));
		side_load_selftests(&in->side[id], sub);
		in->side[id].command = read_text(sub, "command.txt");
		in->side[id].emulator = emulator_of(in->side[id].command);
		if (in->side[id].emulator == qemu)
			in->side[id].date = date_of(sub);
		free(sub);
	}
}

static void side_free(struct side *side)
{
	size_t i;

	for (i = 0; i < side->nr_tests; i++) {
		free(side->test[i].name);
		free(side->test[i].reason);
		free(side->test[i].output);
	}
	free(side->test);
	free(side->command);
	free(side->date);
	free((char *)side->census.file);
	json_decref(side->census.root);
	if (side->npt0.root)
		free((char *)side->npt0.file);
	json_decref(side->npt0.root);
}

void inputs_free(struct inputs *in)
{
	enum side_id id;

	for (id = 0; id < NR_SIDES; id++)
		side_free(&in->side[id]);
	json_decref(in->verdict);
	free(in->soaked);
}

bool inputs_npt0(const struct inputs *in, struct inputs *npt0)
{
	enum side_id id;

	*npt0 = *in;
	for (id = 0; id < NR_SIDES; id++) {
		if (!in->side[id].npt0.root)
			return false;
		npt0->side[id].census = in->side[id].npt0;
	}
	return true;
}

const struct selftest *selftest_find(const struct side *side, const char *name)
{
	size_t i;

	for (i = 0; i < side->nr_tests; i++) {
		if (!strcmp(side->test[i].name, name))
			return &side->test[i];
	}
	return NULL;
}

enum verdict field_verdict(const struct saved *s, const json_t *field)
{
	if (saved_integer(s, field, "fetches") > 1)
		return VERDICT_FAIL;
	return saved_verdict(s, field, "verdict");
}

enum verdict path_verdict(const struct saved *s, const json_t *path)
{
	enum verdict verdict = saved_verdict(s, path, "status");
	json_t *field;
	size_t i;

	json_array_foreach(saved_get(s, path, "fields", JSON_ARRAY), i, field)
		verdict = worse(verdict, field_verdict(s, field));
	return verdict;
}

enum verdict side_verdict(const struct side *side)
{
	const struct saved *s = &side->census;
	enum verdict verdict = saved_verdict(s, s->root, "verdict");
	json_t *path;
	size_t i;

	json_array_foreach(saved_paths(s), i, path)
		verdict = worse(verdict, path_verdict(s, path));
	return verdict;
}
