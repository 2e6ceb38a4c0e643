// SPDX-License-Identifier: GPL-2.0-only
#include "census-json.h"
#include "json.h"

static json_t *access_json(const struct access *a)
{
	json_t *o = json_object();

	json_put(o, "symbol", json_string(a->symbol));
	json_put(o, "offset", json_hex(a->offset));
	json_put(o, "module", json_string_or_null(a->module));
	json_put(o, "access", json_string(a->write ? "write" : "fetch"));
	json_put(o, "count", json_integer(a->count));
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
		json_add(where, access_json(&field->access[i]));

	json_put(o, "name", json_string(field->name));
	json_put(o, "offset", json_integer(field->offset));
	json_put(o, "size", json_integer(field->size));
	json_put(o, "group", json_string(group_name(group)));
	json_put(o, "fetches", json_integer(field->fetches));
	json_put(o, "writes", json_integer(field->writes));
	json_put(o, "where", where);
	json_put(o, "verdict", json_string(verdict_name(field->verdict)));
	json_put(o, "reason", json_string_or_null(field->reason));
	return o;
}

static json_t *path_json(const struct path_result *res)
{
	json_t *o = json_object(), *fields = json_array();
	size_t i;

	for (i = 0; i < res->nr_fields; i++)
		json_add(fields, field_json(&res->field[i]));

	json_put(o, "name", json_string(res->path->name));
	json_put(o, "what", json_string(res->path->what));
	json_put(o, "status", json_string(verdict_name(res->verdict)));
	json_put(o, "reason", json_string_or_null(res->reason));
	json_put(o, "rounds", json_integer(res->rounds));
	json_put(o, "fields", fields);
	return o;
}

json_t *census_json(const struct host *host, const struct census *census)
{
	json_t *o = host_json(host), *paths = json_array();
	size_t i;

	for (i = 0; i < census->nr_paths; i++)
		json_add(paths, path_json(&census->path[i]));

	json_put(o, "paths", paths);
	json_put(o, "verdict", json_string(verdict_name(census->verdict)));
	return o;
}
