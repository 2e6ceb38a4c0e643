// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "json.h"
#include "util.h"

void json_put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		die(EXIT_INFRA, "out of memory");
}

void json_add(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		die(EXIT_INFRA, "out of memory");
}

json_t *json_hex(u64 value)
{
	char *text = xasprintf("0x%llx", value);
	json_t *o = json_string(text);

	free(text);
	return o;
}

json_t *json_string_or_null(const char *s)
{
	json_t *o = s ? json_string(s) : NULL;

	return o ? o : json_null();
}

json_t *json_strings(char * const *s, size_t nr)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < nr; i++)
		json_add(array, json_string_or_null(s[i]));
	return array;
}
