/* SPDX-License-Identifier: GPL-2.0-only */
/* How vmcb12-flip and its kernel module talk: ioctls on /dev/vmcb12-flip. */
#ifndef VMCB12_FLIP_H
#define VMCB12_FLIP_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Code addresses that the module remembers; it counts further hits all the same. */
#define VMCB12_FLIP_MAX_HITS	16

/*
 * Watch @size (1, 2, 4 or 8) bytes of the caller's own memory at @addr, aligned
 * to @size, and write @value there right after the @nth access that the kernel
 * makes through its direct map on behalf of the calling thread.  With @nth = 0
 * the accesses are counted, and nothing is written.
 */
struct vmcb12_flip_arm {
	__u64 addr;
	__u64 value;
	__u32 size;
	__u32 nth;
};

struct vmcb12_flip_result {
	__u32 hits;
	__u32 flipped;				/* 1: the value was written */
	__u64 ip[VMCB12_FLIP_MAX_HITS];		/* the instructions after the accesses */
};

#define VMCB12_FLIP_ARM		_IOW('V', 0xf1, struct vmcb12_flip_arm)
#define VMCB12_FLIP_DISARM	_IOR('V', 0xf2, struct vmcb12_flip_result)

#endif /* VMCB12_FLIP_H */
