// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does this CPU keep AMD's rules of NRIP save?  What #VMEXITs of an L2 leave in
 * vmcb12's next_rip is the CPU's own value: L0 hands it on as it is.
 */
#include <stdio.h>
#include <string.h>

#include "check.h"

#define GPA_L2_CODE	(GPA_CODE + 0x1000)

#define BP_VECTOR	3
#define UD_VECTOR	6
#define PF_VECTOR	14
#define EXIT_EXCP	0x40
#define EXIT_VMMCALL	0x81

#define CODE(bytes)	.code = bytes, .len = sizeof(bytes) - 1

static const struct {
	const char *what;
	const char *code;	/* of L2 */
	size_t len;
	u64 exit_code;
	u64 next;		/* next_rip: so far behind RIP; 0: next_rip is zero */
} exits[] = {
	{ "an instruction intercept (VMMCALL)", CODE("\x0f\x01\xd9"), EXIT_VMMCALL, 3 },
	{ "#BP of INT3", CODE("\xcc"), EXIT_EXCP + BP_VECTOR, 1 },
	{ "#UD", CODE("\x0f\x0b"), EXIT_EXCP + UD_VECTOR, 0 },
	{ "#PF", CODE("\x8a\x04\x25\x00\x00\x00\x40"), EXIT_EXCP + PF_VECTOR, 0 },
};

/* Run L2 until it exits to L1. */
static void run(struct lab *lab, const char *code, size_t len)
{
	void *vmcb12 = check_prepare(lab);
	const char *error;

	memcpy(lab->mem + GPA_L2_CODE, code, len);
	field_set(vmcb12, F_RIP, GPA_L2_CODE);
	field_set(vmcb12, F_CTL_INTERCEPT_EXC, BIT(BP_VECTOR) | BIT(UD_VECTOR) | BIT(PF_VECTOR));
	/* Neither of the values that are expected. */
	field_set(vmcb12, F_CTL_NEXT_RIP, GPA_CODE);
	error = vmm_run(&lab->vmm[VMM_PLAIN], PORT_L1);
	if (error)
		die(EXIT_INFRA, "%s", error);
}

int main(void)
{
	bool failed = false;
	struct lab lab;
	size_t i;

	lab_init(&lab, check_open_kvm());
	if (!(lab.svm_features & SVM_CPUID_NRIPS)) {
		printf("1..0 # SKIP KVM offers no NRIPS\n");
		return 4;
	}

	printf("1..%zu\n", ARRAY_SIZE(exits));
	for (i = 0; i < ARRAY_SIZE(exits); i++) {
		u64 expected = exits[i].next ? GPA_L2_CODE + exits[i].next : 0;
		void *vmcb12 = lab.mem + GPA_VMCB12;
		u64 code, next_rip;
		bool ok;

		run(&lab, exits[i].code, exits[i].len);
		code = field_get(vmcb12, F_CTL_EXIT_CODE);
		next_rip = field_get(vmcb12, F_CTL_NEXT_RIP);
		ok = code == exits[i].exit_code && next_rip == expected;
		printf("%sok %zu %s: exit code 0x%llx, next_rip 0x%llx\n", ok ? "" : "not ", i + 1,
		       exits[i].what, code, next_rip);
		if (!ok)
			printf("# expected: exit code 0x%llx, next_rip 0x%llx\n",
			       exits[i].exit_code, expected);
		failed |= !ok;
	}
	lab_exit(&lab);
	return failed;
}
