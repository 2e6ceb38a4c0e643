// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "kcov.h"
#include "scribble.h"
#include "util.h"
#include "values.h"
#include "vmcb.h"

struct scribble_write scribble_field(u64 gpa, enum vmcb_field_id id, u64 value, u64 wait)
{
	const struct vmcb_field *field = &vmcb_fields[id];
	unsigned int shift = field->offset % 8 * 8;
	u64 mask = (field->size == 8 ? ~0ULL : (1ULL << field->size * 8) - 1) << shift;

	return (struct scribble_write){
		.gpa = gpa + (field->offset & ~7U),
		.keep = ~mask,
		.put = value_for(id, value) << shift & mask,
		.wait = wait + 1,
	};
}

bool scribble_guest_may(enum vmcb_field_id id)
{
	return id != F_DR6 && id != F_DR7;
}

struct scribble_write *scribble_entry(struct rig *rig, unsigned int i)
{
	return (struct scribble_write *)(rig->mem + GPA_SCRIPT) + i;
}

static void write_once(const struct rig *rig, const struct scribble_write *w)
{
	u64 gpa = __atomic_load_n(&w->gpa, __ATOMIC_RELAXED), wait = w->wait, *word;
	char *page = rig_page(rig, gpa);

	/* L1 may have overwritten the script. */
	if (!page)
		return;
	word = (u64 *)(page + (gpa & 0xff8));
	__atomic_store_n(word, (__atomic_load_n(word, __ATOMIC_RELAXED) & w->keep) | w->put,
			 __ATOMIC_RELAXED);
	for (wait &= 0xffff; wait; wait--)
		__builtin_ia32_pause();
}

static bool stopped(const struct scribbler *s)
{
	return __atomic_load_n(&s->stop, __ATOMIC_ACQUIRE);
}

static void *write_script(void *arg)
{
	struct scribbler *s = arg;
	unsigned int i = 0;

	while (!stopped(s)) {
		write_once(s->rig, scribble_entry(s->rig, i));
		i = (i + 1) % s->n;
	}
	return NULL;
}

/* Whatever ends its run, the vCPU starts over. */
static void *run_script(void *arg)
{
	struct scribbler *s = arg;
	struct vmm *vmm = &s->rig->second;
	struct kvm_regs regs = {
		.rip = GPA_OF(l1_scribble),
		.rdi = GPA_SCRIPT,
		.rsi = GPA_SCRIPT + s->n * SCRIBBLE_SIZE,
		.rsp = GPA_L1_STACK,
		.rflags = RFLAGS_FIXED,
	};

	kcov_start();
	while (!stopped(s)) {
		if (ioctl(vmm->vcpu, KVM_SET_REGS, &regs))
			break;
		while (!ioctl(vmm->vcpu, KVM_RUN, 0) && vmm->run->exit_reason == KVM_EXIT_INTR)
			;
		kcov_collect();
	}
	kcov_stop();
	return NULL;
}

static void on_kick(int sig)
{
	(void)sig;
}

void scribble_start(struct scribbler *s, struct rig *rig, unsigned int n, bool by_vcpu)
{
	struct sigaction kick = { .sa_handler = on_kick };
	sigset_t ticks;
	int error;

	*s = (struct scribbler){ .rig = rig, .n = n, .by_vcpu = by_vcpu };
	if (by_vcpu) {
		rig->scribbler = s;
		rig->second.run->immediate_exit = 0;
	}
	sigaction(SIGUSR1, &kick, NULL);
	/* The ticks are for the thread that drives the steps. */
	sigemptyset(&ticks);
	sigaddset(&ticks, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &ticks, NULL);
	error = pthread_create(&s->thread, NULL, by_vcpu ? run_script : write_script, s);
	pthread_sigmask(SIG_UNBLOCK, &ticks, NULL);
	if (error)
		die(EXIT_INFRA, "cannot start a thread");
}

void scribble_stop(struct scribbler *s)
{
	if (s->stop)
		return;
	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	if (s->by_vcpu) {
		s->rig->scribbler = NULL;
		s->rig->second.run->immediate_exit = 1;
		pthread_kill(s->thread, SIGUSR1);
	}
	pthread_join(s->thread, NULL);
}
