/* SPDX-License-Identifier: GPL-2.0-only */
/* The few of the kernel's own definitions that userspace does not have. */
#ifndef VMCB12_DEFS_H
#define VMCB12_DEFS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1U << (n))

#define __noreturn	__attribute((noreturn))
#define __printf(a, b)	__attribute((format(printf, a, b)))

#endif /* VMCB12_DEFS_H */
