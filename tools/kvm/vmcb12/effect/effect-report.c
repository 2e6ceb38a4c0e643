// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "effect-report.h"
#include "json.h"
#include "util.h"

#define CASE_WIDTH	40
#define CELL_WIDTH	10

/* What the rule says of one row, taken from what was measured. */
struct judged {
	enum verdict verdict;
	char *reason;
};

static char *when(const struct ksyms *ks, const struct effect *effect, unsigned int when)
{
	if (when == EFFECT_NEVER)
		return xasprintf("never");
	if (when == EFFECT_BEFORE)
		return xasprintf("before");
	/* The instruction after that fetch. */
	return ksyms_where(ks, effect->trial[0].fetches.ip[when - EFFECT_AFTER_1]);
}

static json_t *trial_json(const struct ksyms *ks, const struct effect *effect,
			  const struct effect_trial *t)
{
	char *written = when(ks, effect, t->when);
	json_t *o = json_object();

	json_put(o, "written", json_string(written));
	json_put(o, "delivered", json_integer(t->delivered));
	json_put(o, "returned_to", json_string(t->ret ? t->ret : "-"));
	json_put(o, "went_on_at", json_string(t->on ? t->on : "-"));
	json_put(o, "interrupted", json_integer(t->interrupted));
	json_put(o, "injections", json_integer(t->injections));
	json_put(o, "exit_code", json_hex(t->exit_code));
	json_put(o, "log", json_strings(t->log, t->nr_logs));
	json_put(o, "error", json_string_or_null(t->error));
	free(written);
	return o;
}

static json_t *row_json(const struct ksyms *ks, const struct effect *effect)
{
	json_t *o = json_object(), *trials = json_array();
	size_t i;

	for (i = 0; i < effect->nr_trials; i++)
		json_add(trials, trial_json(ks, effect, &effect->trial[i]));

	json_put(o, "name", json_string(effect->c->name));
	json_put(o, "what", json_string(effect->c->what));
	json_put(o, "event_inj", json_hex(effect->c->event_inj));
	json_put(o, "nrips", json_boolean(effect->c->vmm != VMM_NO_NRIPS));
	json_put(o, "cs_base", json_integer(effect->c->cs_base));
	json_put(o, "int_at_b", json_boolean(effect->c->int_at_b));
	json_put(o, "idt_mapped", json_boolean(effect->c->idt_mapped));
	json_put(o, "fetches", json_integer(effect->trial[0].fetches.hits));
	json_put(o, "trials", trials);
	return o;
}

json_t *effect_json(const struct host *host, const struct ksyms *ks, const struct effect *effects,
		    size_t nr)
{
	json_t *o = host_json(host), *array = json_array();
	size_t i;

	for (i = 0; i < nr; i++)
		json_add(array, row_json(ks, &effects[i]));
	json_put(o, "cases", array);
	return o;
}

static json_t *cases_of(const struct saved *s)
{
	return saved_get(s, s->root, "cases", JSON_ARRAY);
}

static json_t *trials_of(const struct saved *s, const json_t *row)
{
	json_t *trials = saved_get(s, row, "trials", JSON_ARRAY);

	if (!json_array_size(trials))
		saved_reject(s, "a case without trials");
	return trials;
}

/* Once, and L2 never left A. */
static bool is_right(const struct saved *s, const json_t *trial)
{
	return saved_integer(s, trial, "delivered") == 1 &&
	       !strcmp(saved_string(s, trial, "returned_to"), "A") &&
	       !strcmp(saved_string(s, trial, "went_on_at"), "A");
}

/* NULL, or why a trial says nothing about the kernel. */
static const char *unusable(const struct saved *s, const json_t *row, const json_t *trial)
{
	bool mapped = json_is_true(json_object_get(row, "idt_mapped"));
	bool interrupted = saved_integer(s, trial, "interrupted");

	if (!json_is_null(json_object_get(trial, "error")))
		return saved_string(s, trial, "error");
	if (mapped && interrupted)
		return "the delivery was interrupted";
	if (!mapped && !interrupted)
		return "the delivery was not interrupted";
	return NULL;
}

/* What is lost although nobody writes to vmcb12 says nothing about the race. */
static struct judged judge_unraced(const struct saved *s, const json_t *row)
{
	bool lost = !saved_integer(s, json_array_get(trials_of(s, row), EFFECT_NEVER), "delivered");
	struct judged j = { .verdict = VERDICT_SKIP };

	j.reason = xasprintf("%s without a race", lost ? "lost" : "wrong");
	return j;
}

/* What a write between two fetches does, from bad to worse. */
enum harm {
	HARM_NONE,
	HARM_BEFORE,		/* the same as a write before VMRUN */
	HARM_TORN,		/* what no other write does */
	HARM_LOST,		/* the same, and the event is gone */
};

static bool same_outcome(const struct saved *s, const json_t *a, const json_t *b)
{
	return saved_integer(s, a, "delivered") == saved_integer(s, b, "delivered") &&
	       !strcmp(saved_string(s, a, "returned_to"), saved_string(s, b, "returned_to")) &&
	       !strcmp(saved_string(s, a, "went_on_at"), saved_string(s, b, "went_on_at"));
}

static enum harm harm_of(const struct saved *s, const json_t *trial, const json_t *before)
{
	if (is_right(s, trial))
		return HARM_NONE;
	if (same_outcome(s, trial, before))
		return HARM_BEFORE;
	return saved_integer(s, trial, "delivered") ? HARM_TORN : HARM_LOST;
}

static struct judged judge_raced(const struct saved *s, const json_t *row)
{
	static const char * const names[] = {
		[HARM_BEFORE]	= "as before",
		[HARM_TORN]	= "torn",
		[HARM_LOST]	= "lost",
	};
	json_t *trials = trials_of(s, row), *before = json_array_get(trials, EFFECT_BEFORE);
	struct judged j = { .verdict = VERDICT_OK };
	enum harm harm, worst = HARM_NONE;
	size_t i;

	for (i = EFFECT_AFTER_1; i < json_array_size(trials); i++) {
		harm = harm_of(s, json_array_get(trials, i), before);
		if (harm > worst)
			worst = harm;
	}
	if (worst != HARM_NONE) {
		j.verdict = VERDICT_FAIL;
		j.reason = xasprintf("%s", names[worst]);
	}
	return j;
}

/* Sets a verdict if it is not one on what became of the event. */
static bool judge_trials(const struct saved *s, const json_t *row, struct judged *j)
{
	size_t i, fetches = saved_integer(s, row, "fetches");
	json_t *trials = trials_of(s, row), *trial;
	const char *why = NULL;

	json_array_foreach(trials, i, trial) {
		if (json_array_size(saved_get(s, trial, "log", JSON_ARRAY))) {
			j->verdict = VERDICT_FAIL;
			j->reason = xasprintf("the kernel logged a warning");
			return true;
		}
		if (!why)
			why = unusable(s, row, trial);
	}
	if (!why && json_array_size(trials) != EFFECT_AFTER_1 + fetches)
		why = "not every fetch was tried";
	if (!why)
		return false;
	j->verdict = VERDICT_INCONCLUSIVE;
	j->reason = xasprintf("%s", why);
	return true;
}

static struct judged judge_row(const struct saved *s, const json_t *row)
{
	struct judged j = {};

	if (judge_trials(s, row, &j))
		return j;
	if (!is_right(s, json_array_get(trials_of(s, row), EFFECT_NEVER)))
		return judge_unraced(s, row);
	return judge_raced(s, row);
}

enum verdict effect_verdict(const struct saved *s)
{
	enum verdict verdict = VERDICT_SKIP;
	struct judged j;
	json_t *row;
	size_t i;

	json_array_foreach(cases_of(s), i, row) {
		j = judge_row(s, row);
		verdict = worse(verdict, j.verdict);
		free(j.reason);
	}
	return verdict;
}

/* When RIP is written: the function where it changes, and offsets in it. */
static void show_head(FILE *out, const struct saved *s, const json_t *row)
{
	json_t *trials = trials_of(s, row), *trial;
	const char *written, *last = "";
	size_t i, len;

	fprintf(out, "%-*s", CASE_WIDTH + EFFECT_AFTER_1 * CELL_WIDTH,
		"RIP becomes B: before VMRUN, or after its fetch at");
	json_array_foreach(trials, i, trial) {
		written = saved_string(s, trial, "written");
		len = strcspn(written, "+");
		if (i >= EFFECT_AFTER_1 && strncmp(written, last, len + 1)) {
			fprintf(out, "%s%.*s", *last ? " " : "", (int)len, written);
			last = written;
		}
	}
	fprintf(out, "\n%-*s", CASE_WIDTH, "L1 injects");
	json_array_foreach(trials, i, trial) {
		written = saved_string(s, trial, "written");
		fprintf(out, "%-*s", CELL_WIDTH,
			i < EFFECT_AFTER_1 ? written : strchrnul(written, '+'));
	}
	fputs("verdict\n", out);
}

/* Are the columns the same? */
static bool same_head(const struct saved *s, const json_t *row, const json_t *other)
{
	json_t *a = trials_of(s, row), *b = trials_of(s, other), *trial;
	bool same = json_array_size(a) == json_array_size(b);
	size_t i;

	json_array_foreach(a, i, trial)
		same = same && !strcmp(saved_string(s, trial, "written"),
				       saved_string(s, json_array_get(b, i), "written"));
	return same;
}

static void show_row(FILE *out, const struct saved *s, const json_t *row)
{
	struct judged j = judge_row(s, row);
	json_t *trial;
	size_t i;
	char *cell;

	fprintf(out, "%-*s", CASE_WIDTH, saved_string(s, row, "what"));
	json_array_foreach(trials_of(s, row), i, trial) {
		cell = xasprintf("%lld/%s/%s", saved_integer(s, trial, "delivered"),
				 saved_string(s, trial, "returned_to"),
				 saved_string(s, trial, "went_on_at"));
		fprintf(out, "%-*s", CELL_WIDTH, cell);
		free(cell);
	}
	fputs(verdict_name(j.verdict), out);
	fprintf(out, j.reason ? " (%s)\n" : "\n", j.reason);
	free(j.reason);
}

/* What the kernel logged while it was tried, each line once. */
static void show_log(FILE *out, const struct saved *s)
{
	json_t *row, *trial, *line;
	size_t i, j, k, n = 0;

	json_array_foreach(cases_of(s), i, row) {
		json_array_foreach(trials_of(s, row), j, trial) {
			json_array_foreach(saved_get(s, trial, "log", JSON_ARRAY), k, line) {
				fprintf(out, "  %s: %s\n", saved_string(s, row, "name"),
					json_string_value(line));
				n++;
			}
		}
	}
	if (!n)
		fputs("No warning in the kernel's log.\n", out);
}

static enum verdict show_side(FILE *out, const struct saved *s)
{
	json_t *rows = cases_of(s), *row, *last = NULL;
	enum verdict verdict = effect_verdict(s);
	size_t i;

	json_array_foreach(rows, i, row) {
		if (!last || !same_head(s, last, row))
			show_head(out, s, row);
		show_row(out, s, row);
		last = row;
	}
	show_log(out, s);
	fprintf(out, "%s: %s\n", saved_release(s), verdict_name(verdict));
	return verdict;
}

static void show_legend(FILE *out)
{
	fputs("How often L2's handler ran / where it returned to / where L2 went on.\n"
	      "lost, torn, as before: what a write between two fetches does, at worst.\n\n", out);
}

void effect_show(FILE *out, const struct saved *s)
{
	show_legend(out);
	show_side(out, s);
}

/* Nothing may look better for not having been tried, or get worse. */
static enum verdict compare_row(FILE *out, const struct saved *old, const struct saved *new,
				const json_t *old_row)
{
	const char *name = saved_string(old, old_row, "name");
	json_t *row = saved_find(new, cases_of(new), name);
	struct judged j = judge_row(old, old_row);

	free(j.reason);
	if (j.verdict == VERDICT_INCONCLUSIVE)
		return j.verdict;
	if (!row) {
		fprintf(out, "%s: tried in %s only\n", name, old->file);
		return VERDICT_INCONCLUSIVE;
	}
	if (is_right(old, json_array_get(trials_of(old, old_row), EFFECT_NEVER)) &&
	    !is_right(new, json_array_get(trials_of(new, row), EFFECT_NEVER))) {
		fprintf(out, "%s: without a race, it is wrong in %s only\n", name, new->file);
		return VERDICT_FAIL;
	}
	return VERDICT_SKIP;
}

enum verdict effect_compare(FILE *out, const struct saved *old, const struct saved *new)
{
	enum verdict verdict;
	json_t *row;
	size_t i;

	show_legend(out);
	fprintf(out, "stock (%s)\n", old->file);
	show_side(out, old);
	fprintf(out, "\npatched (%s)\n", new->file);
	verdict = show_side(out, new);
	json_array_foreach(cases_of(old), i, row)
		verdict = worse(verdict, compare_row(out, old, new, row));
	return verdict;
}
