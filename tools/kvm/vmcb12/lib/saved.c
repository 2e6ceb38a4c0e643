// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "saved.h"
#include "util.h"

void saved_reject(const struct saved *s, const char *fmt, ...)
{
	va_list ap;
	char *why;

	va_start(ap, fmt);
	if (vasprintf(&why, fmt, ap) < 0)
		die(EXIT_INFRA, "out of memory");
	va_end(ap);
	die(EXIT_REFUSED, "%s: not a report of %s: %s", s->file, s->program, why);
}

json_t *saved_get(const struct saved *s, const json_t *o, const char *key, json_type type)
{
	json_t *value = json_object_get(o, key);

	if (!value || json_typeof(value) != type)
		saved_reject(s, "no valid '%s'", key);
	return value;
}

const char *saved_string(const struct saved *s, const json_t *o, const char *key)
{
	return json_string_value(saved_get(s, o, key, JSON_STRING));
}

long long saved_integer(const struct saved *s, const json_t *o, const char *key)
{
	return json_integer_value(saved_get(s, o, key, JSON_INTEGER));
}

enum verdict saved_verdict(const struct saved *s, const json_t *o, const char *key)
{
	const char *name = saved_string(s, o, key);
	enum verdict v;

	for (v = VERDICT_SKIP; v <= VERDICT_FAIL; v++) {
		if (!strcmp(name, verdict_name(v)))
			return v;
	}
	saved_reject(s, "no valid '%s'", key);
}

const char *saved_reason(const struct saved *s, const json_t *o)
{
	if (json_is_null(json_object_get(o, "reason")))
		return NULL;
	return saved_string(s, o, "reason");
}

json_t *saved_find(const struct saved *s, const json_t *array, const char *name)
{
	json_t *o;
	size_t i;

	json_array_foreach(array, i, o) {
		if (!strcmp(saved_string(s, o, "name"), name))
			return o;
	}
	return NULL;
}

json_t *saved_paths(const struct saved *s)
{
	return saved_get(s, s->root, "paths", JSON_ARRAY);
}

const char *saved_release(const struct saved *s)
{
	return saved_string(s, saved_get(s, s->root, "kernel", JSON_OBJECT), "release");
}

void saved_load(struct saved *s, const char *file, const char *program)
{
	json_error_t error;
	long long schema;

	s->file = file;
	s->program = program;
	s->root = json_load_file(file, 0, &error);
	if (!s->root)
		die(EXIT_REFUSED, "%s: %s", file, error.text);
	schema = saved_integer(s, s->root, "schema");
	if (schema != SCHEMA_VERSION)
		die(EXIT_REFUSED, "%s: schema %lld, but only %d is known", file, schema,
		    SCHEMA_VERSION);
}
