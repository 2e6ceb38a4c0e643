/* SPDX-License-Identifier: GPL-2.0-only */
/* What the measuring programs have in common, from the command line to the exit status. */
#ifndef VMCB12_CLI_H
#define VMCB12_CLI_H

#include <getopt.h>
#include <stdio.h>

#include "host.h"
#include "saved.h"

/* Beside its own options a program has --json, --show, --timeout, --help and --version. */
struct program {
	const char *name;
	const char *usage;
	unsigned int timeout;		/* seconds, unless told otherwise */

	/* Its own options, up to an empty one, and what takes them; or NULL. */
	const struct option *options;
	void (*option)(int option);

	/* After the last of them, with the argument of --json; or NULL. */
	void (*options_read)(const char *json);

	json_t *(*measure)(struct host *host);
	void (*show)(FILE *out, const struct saved *s);

	/* What a report says; NULL: its member "verdict". */
	enum verdict (*verdict)(const struct saved *s);

	/* Show two and return the verdict on the second; NULL: there is no --compare. */
	enum verdict (*compare)(FILE *out, const struct saved *old, const struct saved *new);
};

/* All of main(). */
int program_main(const struct program *program, int argc, char **argv);

#endif /* VMCB12_CLI_H */
