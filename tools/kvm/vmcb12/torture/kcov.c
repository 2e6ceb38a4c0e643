// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "kcov.h"
#include "util.h"

#define DEBUGFS		"/sys/kernel/debug"
#define FILE_NAME	DEBUGFS "/kcov"

/* Addresses of one system call; the first word is their number. */
#define AREA_WORDS	BIT(18)

/* More than KVM and what it calls have. */
#define SET_SLOTS	BIT(20)

static u64 *set;
/* The same, as they came, and how many of them are written. */
static u64 *order;
static size_t set_used, written;
static u64 lost;
static bool enabled;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static __thread int area_fd;
static __thread unsigned long *area;

void kcov_init(void)
{
	if (access(FILE_NAME, F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	if (access(FILE_NAME, R_OK | W_OK))
		die(EXIT_REFUSED, "no %s: this kernel has no CONFIG_KCOV", FILE_NAME);
	enabled = true;
}

/* Open addressing; no address is 0. */
void kcov_add(u64 pc)
{
	size_t i = pc * 0x9e3779b97f4a7c15ULL >> 44;

	if (!set) {
		set = xcalloc(SET_SLOTS, sizeof(*set));
		order = xcalloc(SET_SLOTS / 2, sizeof(*order));
	}
	while (set[i] && set[i] != pc)
		i = (i + 1) % SET_SLOTS;
	if (set[i])
		return;
	if (set_used == SET_SLOTS / 2)
		die(EXIT_INFRA, "KCOV: too many addresses");
	set[i] = pc;
	order[set_used++] = pc;
}

size_t kcov_count(void)
{
	return set_used;
}

u64 kcov_lost(void)
{
	return lost;
}

void kcov_start(void)
{
	if (!enabled)
		return;
	area_fd = open(FILE_NAME, O_RDWR | O_CLOEXEC);
	if (area_fd < 0 || ioctl(area_fd, KCOV_INIT_TRACE, AREA_WORDS))
		die(EXIT_REFUSED, "%s: %s", FILE_NAME, strerror(errno));
	area = mmap(NULL, AREA_WORDS * sizeof(*area), PROT_READ | PROT_WRITE, MAP_SHARED,
		    area_fd, 0);
	if (area == MAP_FAILED || ioctl(area_fd, KCOV_ENABLE, KCOV_TRACE_PC))
		die(EXIT_REFUSED, "%s: %s", FILE_NAME, strerror(errno));
}

void kcov_collect(void)
{
	unsigned long n, i;

	if (!area)
		return;
	n = __atomic_load_n(&area[0], __ATOMIC_RELAXED);
	pthread_mutex_lock(&lock);
	for (i = 1; i <= n && i < AREA_WORDS; i++)
		kcov_add(area[i]);
	lost += n >= AREA_WORDS - 1;
	pthread_mutex_unlock(&lock);
	__atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
}

void kcov_stop(void)
{
	if (!area)
		return;
	kcov_collect();
	ioctl(area_fd, KCOV_DISABLE, 0);
	munmap(area, AREA_WORDS * sizeof(*area));
	close(area_fd);
	area = NULL;
}

void kcov_write(FILE *out)
{
	pthread_mutex_lock(&lock);
	for (; written < set_used; written++)
		fprintf(out, "0x%llx\n", order[written]);
	pthread_mutex_unlock(&lock);
	fflush(out);
}
