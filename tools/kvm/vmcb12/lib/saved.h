/* SPDX-License-Identifier: GPL-2.0-only */
/* A report as JSON, made just now or read from a file.  What is not one ends the program. */
#ifndef VMCB12_SAVED_H
#define VMCB12_SAVED_H

#include <jansson.h>

#include "defs.h"
#include "verdict.h"

#define SCHEMA_VERSION	2

struct saved {
	const char *file;	/* for messages */
	const char *program;	/* whose report it is, for messages as well */
	json_t *root;
};

void saved_load(struct saved *s, const char *file, const char *program);

/* Say why it is not a report of that program, and end this one. */
void saved_reject(const struct saved *s, const char *fmt, ...) __printf(2, 3) __noreturn;

/* The member @key of @o, which must be there and of that type. */
json_t *saved_get(const struct saved *s, const json_t *o, const char *key, json_type type);
const char *saved_string(const struct saved *s, const json_t *o, const char *key);
long long saved_integer(const struct saved *s, const json_t *o, const char *key);
enum verdict saved_verdict(const struct saved *s, const json_t *o, const char *key);

/* NULL if it is null. */
const char *saved_reason(const struct saved *s, const json_t *o);

/* The member of @array called @name, or NULL. */
json_t *saved_find(const struct saved *s, const json_t *array, const char *name);

json_t *saved_paths(const struct saved *s);
const char *saved_release(const struct saved *s);

#endif /* VMCB12_SAVED_H */
