// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "census-json.h"
#include "util.h"

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		die(EXIT_INFRA, "out of memory");
}

/* JSON strings are UTF-8; nothing here ever was anything but ASCII. */
static json_t *string_or_null(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *access_json(const struct access *a)
{
	json_t *o = json_object();
	char *where = xasprintf("%s+0x%llx", a->symbol, a->offset);

	set(o, "symbol", json_string(where));
	set(o, "module", string_or_null(a->module));
	set(o, "access", json_string(a->write ? "write" : "fetch"));
	set(o, "count", json_integer(a->count));
	free(where);
	return o;
}

static json_t *field_json(const struct field_result *field)
{
	json_t *o = json_object(), *where = json_array();
	enum vmcb_group group = GROUP_NONE;
	size_t i;

	if (field->id < NR_FIELDS)
		group = vmcb_fields[field->id].group;
	for (i = 0; i < field->nr_access; i++)
		json_array_append_new(where, access_json(&field->access[i]));

	set(o, "name", json_string(field->name));
	set(o, "offset", json_integer(field->offset));
	set(o, "size", json_integer(field->size));
	set(o, "group", json_string(group_name(group)));
	set(o, "fetches", json_integer(field->fetches));
	set(o, "writes", json_integer(field->writes));
	set(o, "where", where);
	set(o, "verdict", json_string(verdict_name(field->verdict)));
	set(o, "reason", string_or_null(field->reason));
	return o;
}

static json_t *path_json(const struct path_result *res)
{
	json_t *o = json_object(), *fields = json_array();
	size_t i;

	for (i = 0; i < res->nr_fields; i++)
		json_array_append_new(fields, field_json(&res->field[i]));

	set(o, "name", json_string(res->path->name));
	set(o, "what", json_string(res->path->what));
	set(o, "status", json_string(verdict_name(res->verdict)));
	set(o, "reason", string_or_null(res->reason));
	set(o, "rounds", json_integer(res->rounds));
	set(o, "fields", fields);
	return o;
}

json_t *census_json(const struct host *host, const struct census *census)
{
	json_t *o = host_json(host), *paths = json_array();
	size_t i;

	for (i = 0; i < census->nr_paths; i++)
		json_array_append_new(paths, path_json(&census->path[i]));

	set(o, "paths", paths);
	set(o, "verdict", json_string(verdict_name(census->verdict)));
	return o;
}
