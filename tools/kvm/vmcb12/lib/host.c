// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <stdlib.h>

#include "host.h"
#include "json.h"
#include "saved.h"
#include "util.h"
#include "vmcb.h"

#define KVM_AMD_PARAMETERS	"/sys/module/kvm_amd/parameters"

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
		json_put(o, features[i].name, json_boolean(edx & features[i].bit));
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
		json_put(o, entry->d_name, json_string_or_null(value));
		free(value);
		free(file);
	}
	if (dir)
		closedir(dir);
	return o;
}

json_t *host_json(const struct host *host)
{
	json_t *o = json_object(), *kernel = json_object();

	json_put(o, "schema", json_integer(SCHEMA_VERSION));
	json_put(kernel, "release", json_string(host->release));
	json_put(kernel, "version", json_string(host->version));
	json_put(o, "kernel", kernel);
	json_put(o, "features", features_json(host->svm_features));
	json_put(o, "parameters", parameters_json());
	json_put(o, "command", json_strings(host->argv, host->argc));
	return o;
}
