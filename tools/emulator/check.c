// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

int check_open_kvm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		die(EXIT_REFUSED, "cannot open /dev/kvm");
	return kvm;
}

void check_warm_up(struct lab *lab, u64 event_inj)
{
	const struct path *path = path_by_name("vmrun-soft-int");
	const char *error = path_enter(lab, path);

	if (event_inj)
		field_set(lab->mem + GPA_VMCB12, F_CTL_EVENT_INJ, event_inj);
	if (!error)
		error = path_act(lab, path);
	if (!error)
		error = path_leave(lab, path);
	if (error)
		die(EXIT_INFRA, "%s", error);
}

void *check_prepare(struct lab *lab)
{
	const char *error = path_enter(lab, path_by_name("vmrun-dirty"));
	u64 mailbox[2] = { GPA_OF(l1_vmrun), GPA_VMCB12 };

	if (error)
		die(EXIT_INFRA, "%s", error);
	memcpy(lab->mem + GPA_MAILBOX, mailbox, sizeof(mailbox));
	return lab->mem + GPA_VMCB12;
}

int check_result(const char *what, bool ok)
{
	printf("1..1\n%sok 1 %s\n", ok ? "" : "not ", what);
	return !ok;
}

int check_l2_result(struct lab *lab, const char *what, const char *error)
{
	int rc = check_result(what, !error);

	if (error)
		printf("# %s; exit code 0x%llx\n", error,
		       field_get(lab->mem + GPA_VMCB12, F_CTL_EXIT_CODE));
	lab_exit(lab);
	return rc;
}
