// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli.h"
#include "setup.h"
#include "util.h"

#define MAX_TIMEOUT	86400

struct cli {
	const struct program *program;
	const char *json;	/* NULL, a file, or "-" */
	const char *show;	/* a report, or NULL */
	const char *compare[2];	/* an old and a new report, or NULL */
	unsigned int timeout;
};

/* Own options count from 1. */
enum {
	OPT_JSON = 0x100,
	OPT_SHOW,
	OPT_TIMEOUT,
	OPT_HELP,
	OPT_VERSION,
	OPT_COMPARE,
};

static const struct option common_options[] = {
	{ "json",	required_argument,	NULL, OPT_JSON },
	{ "show",	required_argument,	NULL, OPT_SHOW },
	{ "timeout",	required_argument,	NULL, OPT_TIMEOUT },
	{ "help",	no_argument,		NULL, OPT_HELP },
	{ "version",	no_argument,		NULL, OPT_VERSION },
	/* Last, as not every program has it. */
	{ "compare",	required_argument,	NULL, OPT_COMPARE },
};

static void parse_option(struct cli *cli, int option)
{
	switch (option) {
	case OPT_JSON:
		cli->json = optarg;
		break;
	case OPT_SHOW:
		cli->show = optarg;
		break;
	case OPT_COMPARE:
		cli->compare[0] = optarg;
		break;
	case OPT_TIMEOUT:
		cli->timeout = option_number("timeout", optarg, MAX_TIMEOUT);
		break;
	case OPT_HELP:
		fputs(cli->program->usage, stdout);
		exit(EXIT_OK);
	case OPT_VERSION:
		printf("%s, JSON schema %d\n", cli->program->name, SCHEMA_VERSION);
		exit(EXIT_OK);
	case '?':
		/* getopt_long() has said what is wrong. */
		exit(EXIT_REFUSED);
	default:
		cli->program->option(option);
	}
}

/* In one table, as getopt_long() wants them. */
static struct option *all_options(const struct program *program)
{
	size_t common = ARRAY_SIZE(common_options) - !program->compare, own = 0;
	struct option *options;

	while (program->options && program->options[own].name)
		own++;
	options = xcalloc(common + own + 1, sizeof(*options));
	memcpy(options, common_options, common * sizeof(*options));
	if (own)
		memcpy(options + common, program->options, own * sizeof(*options));
	return options;
}

static void parse_options(struct cli *cli, int argc, char **argv)
{
	struct option *options = all_options(cli->program);
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		parse_option(cli, option);
	if (cli->compare[0]) {
		if (optind == argc)
			die(EXIT_REFUSED, "--compare takes two files");
		cli->compare[1] = argv[optind++];
	}
	if (optind < argc)
		die(EXIT_REFUSED, "unexpected argument '%s'", argv[optind]);
	if (cli->program->options_read)
		cli->program->options_read(cli->json);
}

/* @file: "-" is standard output. */
static void write_json(const char *file, json_t *o)
{
	bool to_stdout = !strcmp(file, "-");
	FILE *f = to_stdout ? stdout : fopen(file, "we");

	if (!f)
		die(EXIT_INFRA, "cannot write %s: %s", file, strerror(errno));
	if (json_dumpf(o, f, JSON_INDENT(1)) || fputc('\n', f) == EOF || fflush(f) ||
	    (!to_stdout && fclose(f)))
		die(EXIT_INFRA, "cannot write %s: %s", file, strerror(errno));
}

static int exit_code(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_OK:
		return EXIT_OK;
	case VERDICT_FAIL:
		return EXIT_RULE;
	case VERDICT_SKIP:
		return EXIT_REFUSED;
	default:
		return EXIT_INFRA;
	}
}

static enum verdict verdict_of(const struct program *program, const struct saved *s)
{
	return program->verdict ? program->verdict(s) : saved_verdict(s, s->root, "verdict");
}

static enum verdict show_two(const struct cli *cli)
{
	struct saved old, new;

	saved_load(&old, cli->compare[0], cli->program->name);
	saved_load(&new, cli->compare[1], cli->program->name);
	return cli->program->compare(stdout, &old, &new);
}

static enum verdict show_one(const struct cli *cli)
{
	enum verdict verdict;
	struct saved s;

	/* The verdict first: before anything is printed it refuses what is no such report. */
	saved_load(&s, cli->show, cli->program->name);
	verdict = verdict_of(cli->program, &s);
	cli->program->show(stdout, &s);
	return verdict;
}

static enum verdict measure(const struct cli *cli, int argc, char **argv)
{
	struct host host = { .argc = argc, .argv = argv };
	struct saved s = { .file = "this report", .program = cli->program->name };
	struct utsname uts;

	uname(&uts);
	host.release = uts.release;
	host.version = uts.version;

	setup_timeout(cli->timeout);
	s.root = cli->program->measure(&host);
	alarm(0);

	if (cli->json)
		write_json(cli->json, s.root);
	if (!cli->json || strcmp(cli->json, "-"))
		cli->program->show(stdout, &s);
	return verdict_of(cli->program, &s);
}

int program_main(const struct program *program, int argc, char **argv)
{
	struct cli cli = { .program = program, .timeout = program->timeout };
	enum verdict verdict;

	parse_options(&cli, argc, argv);
	if (cli.compare[0])
		verdict = show_two(&cli);
	else if (cli.show)
		verdict = show_one(&cli);
	else
		verdict = measure(&cli, argc, argv);
	if (fflush(stdout))
		die(EXIT_INFRA, "cannot write the report: %s", strerror(errno));
	return exit_code(verdict);
}
