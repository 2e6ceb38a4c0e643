// SPDX-License-Identifier: GPL-2.0-only
#include "verdict.h"

const char *verdict_name(enum verdict verdict)
{
	static const char * const names[] = {
		[VERDICT_OK]		= "ok",
		[VERDICT_SKIP]		= "SKIP",
		[VERDICT_INCONCLUSIVE]	= "INCONCLUSIVE",
		[VERDICT_FAIL]		= "FAIL",
	};

	return names[verdict];
}

enum verdict worse(enum verdict a, enum verdict b)
{
	return a > b ? a : b;
}
