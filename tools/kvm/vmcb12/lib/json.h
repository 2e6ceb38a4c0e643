/* SPDX-License-Identifier: GPL-2.0-only */
/* The pieces that reports are made of.  Without memory the program ends. */
#ifndef VMCB12_JSON_H
#define VMCB12_JSON_H

#include <jansson.h>

#include "defs.h"

/* Set a member of an object, and append to an array. */
void json_put(json_t *object, const char *key, json_t *value);
void json_add(json_t *array, json_t *value);

/* JSON has no hexadecimal numbers, and not every reader has 64 bits: a string. */
json_t *json_hex(u64 value);

/* A string of JSON is UTF-8: what is not becomes null, as does no string. */
json_t *json_string_or_null(const char *s);
json_t *json_strings(char * const *s, size_t nr);

#endif /* VMCB12_JSON_H */
