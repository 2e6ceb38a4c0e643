// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write to memory of the calling process right after the kernel's n-th access
 * to it: a race with certainty.  For test kernels only.
 *
 * A hardware breakpoint watches the page's address in the direct map, which is
 * where KVM maps vmcb12.  It is a trap, i.e. the handler runs when the access is
 * over, and before the next instruction.
 *
 * What is written to is memory that the caller could write to itself, and the
 * page is pinned for as long as the breakpoint is there: whoever dies meanwhile,
 * it cannot become somebody else's.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/hw_breakpoint.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/perf_event.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vmcb12-flip.h"

static bool i_know_this_writes_to_guest_memory;
module_param(i_know_this_writes_to_guest_memory, bool, 0444);
MODULE_PARM_DESC(i_know_this_writes_to_guest_memory,
		 "Must be set; this module is for test kernels only.");

/* One open file. */
struct flip {
	struct mutex lock;		/* of arming and disarming */
	struct perf_event *bp;		/* NULL: not armed */
	struct page *page;		/* pinned while armed */
	void *target;			/* in the direct map */
	struct vmcb12_flip_arm arm;
	struct vmcb12_flip_result result;
};

static void write_target(const struct flip *flip)
{
	switch (flip->arm.size) {
	case 1:
		WRITE_ONCE(*(u8 *)flip->target, flip->arm.value);
		break;
	case 2:
		WRITE_ONCE(*(u16 *)flip->target, flip->arm.value);
		break;
	case 4:
		WRITE_ONCE(*(u32 *)flip->target, flip->arm.value);
		break;
	case 8:
		WRITE_ONCE(*(u64 *)flip->target, flip->arm.value);
		break;
	}
}

/*
 * Runs in the #DB handler of the thread that armed, and of no other: nobody else
 * changes the result as long as the breakpoint is there.  The debug registers
 * are off meanwhile, so the write is no hit.
 */
static void flip_hit(struct perf_event *bp, struct perf_sample_data *data, struct pt_regs *regs)
{
	struct flip *flip = bp->overflow_handler_context;
	struct vmcb12_flip_result *result = &flip->result;

	if (result->hits < VMCB12_FLIP_MAX_HITS)
		result->ip[result->hits] = instruction_pointer(regs);
	result->hits++;
	if (result->hits == flip->arm.nth) {
		write_target(flip);
		result->flipped = 1;
	}
}

static int flip_set_bp(struct flip *flip)
{
	struct perf_event_attr attr;
	struct perf_event *bp;

	hw_breakpoint_init(&attr);
	attr.bp_addr = (unsigned long)flip->target;
	attr.bp_len = flip->arm.size;
	attr.bp_type = HW_BREAKPOINT_RW;

	/* "User" is who owns it: this thread, on whatever CPU it runs. */
	bp = register_user_hw_breakpoint(&attr, flip_hit, flip, current);
	if (IS_ERR(bp))
		return PTR_ERR(bp);
	flip->bp = bp;
	return 0;
}

static int flip_arm(struct flip *flip, const struct vmcb12_flip_arm __user *from)
{
	struct vmcb12_flip_arm *arm = &flip->arm;
	int ret;

	if (flip->bp)
		return -EBUSY;
	if (copy_from_user(arm, from, sizeof(*arm)))
		return -EFAULT;
	if (!arm->size || arm->size > 8 || arm->size & (arm->size - 1) ||
	    arm->addr & (arm->size - 1))
		return -EINVAL;

	ret = pin_user_pages_fast(arm->addr & PAGE_MASK, 1, FOLL_WRITE | FOLL_LONGTERM,
				  &flip->page);
	if (ret != 1)
		return ret < 0 ? ret : -EFAULT;

	flip->target = page_address(flip->page) + offset_in_page(arm->addr);
	memset(&flip->result, 0, sizeof(flip->result));
	ret = flip_set_bp(flip);
	if (ret)
		unpin_user_page(flip->page);
	return ret;
}

static void flip_disarm(struct flip *flip)
{
	if (!flip->bp)
		return;
	/* When this returns the handler does not run, and will not again. */
	unregister_hw_breakpoint(flip->bp);
	flip->bp = NULL;
	unpin_user_pages_dirty_lock(&flip->page, 1, flip->result.flipped);
}

static long flip_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct flip *flip = file->private_data;
	void __user *user = (void __user *)arg;
	long ret = 0;

	mutex_lock(&flip->lock);
	switch (cmd) {
	case VMCB12_FLIP_ARM:
		ret = flip_arm(flip, user);
		break;
	case VMCB12_FLIP_DISARM:
		flip_disarm(flip);
		if (copy_to_user(user, &flip->result, sizeof(flip->result)))
			ret = -EFAULT;
		break;
	default:
		ret = -ENOTTY;
	}
	mutex_unlock(&flip->lock);
	return ret;
}

static int flip_open(struct inode *inode, struct file *file)
{
	struct flip *flip;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	flip = kzalloc(sizeof(*flip), GFP_KERNEL);
	if (!flip)
		return -ENOMEM;
	mutex_init(&flip->lock);
	file->private_data = flip;
	return 0;
}

/* Also when the process was killed: its files are closed behind it. */
static int flip_release(struct inode *inode, struct file *file)
{
	struct flip *flip = file->private_data;

	flip_disarm(flip);
	mutex_destroy(&flip->lock);
	kfree(flip);
	return 0;
}

static const struct file_operations flip_fops = {
	.owner		= THIS_MODULE,
	.open		= flip_open,
	.release	= flip_release,
	.unlocked_ioctl	= flip_ioctl,
};

static struct miscdevice flip_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vmcb12-flip",
	.fops	= &flip_fops,
	.mode	= 0600,
};

static int __init flip_init(void)
{
	if (!i_know_this_writes_to_guest_memory) {
		pr_err("vmcb12-flip: for test kernels only; load with i_know_this_writes_to_guest_memory=1\n");
		return -EPERM;
	}
	return misc_register(&flip_device);
}
module_init(flip_init);

static void __exit flip_exit(void)
{
	misc_deregister(&flip_device);
}
module_exit(flip_exit);

MODULE_DESCRIPTION("Write to memory right after the kernel's n-th access to it");
MODULE_LICENSE("GPL");
