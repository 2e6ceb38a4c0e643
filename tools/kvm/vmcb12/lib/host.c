// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <stdlib.h>

#include "host.h"
#include "saved.h"
#include "util.h"
#include "vmcb.h"

#define KVM_AMD_PARAMETERS	"/sys/module/kvm_amd/parameters"

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

static json_t *features_json(u32 edx)
{
	static const struct {
		const char *name;
		u32 bit;
	} features[] = {
		{ "npt",	SVM_CPUID_NPT },
		{ "lbrv",	SVM_CPUID_LBRV },
		{ "nrips",	SVM_CPUID_NRIPS },
		{ "vmcb_clean",	SVM_CPUID_VMCB_CLEAN },
		{ "vls",	SVM_CPUID_VLS },
		{ "vgif",	SVM_CPUID_VGIF },
		{ "vnmi",	SVM_CPUID_VNMI },
	};
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(features); i++)
		set(o, features[i].name, json_boolean(edx & features[i].bit));
	return o;
}

static json_t *parameters_json(void)
{
	json_t *o = json_object();
	DIR *dir = opendir(KVM_AMD_PARAMETERS);
	struct dirent *entry;
	char *file, *value;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		file = xasprintf(KVM_AMD_PARAMETERS "/%s", entry->d_name);
		value = read_line(file);
		set(o, entry->d_name, string_or_null(value));
		free(value);
		free(file);
	}
	if (dir)
		closedir(dir);
	return o;
}

json_t *host_json(const struct host *host)
{
	json_t *o = json_object(), *command = json_array();
	json_t *kernel = json_object();
	int arg;

	for (arg = 0; arg < host->argc; arg++)
		json_array_append_new(command, json_string(host->argv[arg]));

	set(o, "schema", json_integer(SCHEMA_VERSION));
	set(kernel, "release", json_string(host->release));
	set(kernel, "version", json_string(host->version));
	set(o, "kernel", kernel);
	set(o, "features", features_json(host->svm_features));
	set(o, "parameters", parameters_json());
	set(o, "command", command);
	return o;
}
