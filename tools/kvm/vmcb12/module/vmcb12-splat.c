// SPDX-License-Identifier: GPL-2.0-only
/*
 * Do what the kernel reports, so that it can be seen whether the report is found.
 * For test kernels only.
 *
 * Each of the kinds in the parameter "kinds" runs in a thread of its own, which is
 * all that a BUG() or an oops kills.  Before each, a line names it; where the kernel
 * was not built to notice, the line says SKIP and nothing is done.
 *
 * Those that kill come last: they switch lockdep off.  The module stays loaded.
 */
#define pr_fmt(fmt) "vmcb12-splat: " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *kinds[16];
static int nr_kinds;
module_param_array(kinds, charp, &nr_kinds, 0444);
MODULE_PARM_DESC(kinds, "What to do, in this order; this module is for test kernels only.");

static DECLARE_COMPLETION(begun);
static spinlock_t locks[2];
static int __rcu *rcu_pointer;
/* Read by READ_ONCE(): nothing that the compiler knows. */
static int forty = 40;

static void splat_warn(void)
{
	WARN(1, "on purpose, %d\n", READ_ONCE(forty));
}

static void splat_warn_on(void)
{
	WARN_ON(READ_ONCE(forty));
}

/* checkpatch knows no good reason to call it; to see whether it is seen is one. */
#define on_purpose BUG

static void splat_bug(void)
{
	on_purpose();
}

/* An address that is not canonical. */
static void splat_gp(void)
{
	READ_ONCE(*(int *)(0xdead000000000000UL + READ_ONCE(forty)));
}

static void splat_null(void)
{
	READ_ONCE(*(int *)(unsigned long)READ_ONCE(forty));
}

static void splat_list(void)
{
	LIST_HEAD(list);
	struct list_head one, two;

	list_add(&one, &list);
	list.next = &two;
	two.prev = &two;
	list_add(&two, &list);
}

static void splat_ubsan(void)
{
	forty = 1 << READ_ONCE(forty);
}

static void splat_kasan(void)
{
	int *freed = kmalloc(sizeof(*freed), GFP_KERNEL);

	kfree(freed);
	if (freed)
		forty = READ_ONCE(*freed);
}

/* The scheduler puts right the count that spin_unlock() takes one off. */
static void splat_sleep(void)
{
	spin_lock(&locks[0]);
	msleep(20);
	if (!preempt_count())
		preempt_disable();
	spin_unlock(&locks[0]);
}

/* Two locks of one class: lockdep takes them for one, and nobody waits forever. */
static void splat_lock(void)
{
	spin_lock(&locks[0]);
	spin_lock(&locks[1]);
	spin_unlock(&locks[1]);
	spin_unlock(&locks[0]);
}

static void splat_rcu(void)
{
	forty += !rcu_dereference(rcu_pointer);
}

static const struct splat {
	const char *kind;
	void (*fn)(void);
	const char *needs;
	bool built;
} splats[] = {
	{ "warn", splat_warn, "BUG", IS_ENABLED(CONFIG_BUG) },
	{ "warn-on", splat_warn_on, "BUG", IS_ENABLED(CONFIG_BUG) },
	{ "lock", splat_lock, "PROVE_LOCKING", IS_ENABLED(CONFIG_PROVE_LOCKING) },
	{ "rcu", splat_rcu, "PROVE_RCU", IS_ENABLED(CONFIG_PROVE_RCU) },
	{ "sleep", splat_sleep, "PREEMPT_COUNT", IS_ENABLED(CONFIG_PREEMPT_COUNT) },
	{ "ubsan", splat_ubsan, "UBSAN_SHIFT", IS_ENABLED(CONFIG_UBSAN_SHIFT) },
	{ "kasan", splat_kasan, "KASAN", IS_ENABLED(CONFIG_KASAN) },
	{ "list", splat_list, "DEBUG_LIST", IS_ENABLED(CONFIG_DEBUG_LIST) },
	{ "gp", splat_gp, "BUG", IS_ENABLED(CONFIG_BUG) },
	{ "null", splat_null, "BUG", IS_ENABLED(CONFIG_BUG) },
	{ "bug", splat_bug, "BUG", IS_ENABLED(CONFIG_BUG) },
};

static int splat_thread(void *data)
{
	const struct splat *splat = data;

	complete(&begun);
	splat->fn();
	return 0;
}

/* Returns when the thread has ended, of itself or not. */
static int splat_run(const struct splat *splat)
{
	struct task_struct *thread;

	if (!splat->built) {
		pr_info("%s SKIP no CONFIG_%s\n", splat->kind, splat->needs);
		return 0;
	}
	pr_info("%s\n", splat->kind);

	reinit_completion(&begun);
	thread = kthread_create(splat_thread, (void *)splat, "splat-%s", splat->kind);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	get_task_struct(thread);
	wake_up_process(thread);
	/* Once told to stop, a thread that did not begin would not. */
	wait_for_completion(&begun);
	kthread_stop(thread);
	put_task_struct(thread);
	return 0;
}

static const struct splat *splat_find(const char *kind)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(splats); i++) {
		if (!strcmp(splats[i].kind, kind))
			return &splats[i];
	}
	return NULL;
}

static int __init splat_init(void)
{
	int i, ret;

	for (i = 0; i < nr_kinds; i++) {
		if (!splat_find(kinds[i])) {
			pr_err("there is no kind %s\n", kinds[i]);
			return -EINVAL;
		}
	}

	spin_lock_init(&locks[0]);
	locks[1] = locks[0];
	for (i = 0; i < nr_kinds; i++) {
		ret = splat_run(splat_find(kinds[i]));
		if (ret)
			return ret;
	}
	pr_info("done\n");
	return 0;
}
module_init(splat_init);

MODULE_DESCRIPTION("Do what the kernel reports");
MODULE_LICENSE("GPL");
