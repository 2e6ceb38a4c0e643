// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "leak.h"
#include "util.h"

#define PAGE		4096
#define PAGEMAP_PFN	0x007fffffffffffffULL
#define TRIES		40
#define TRIES_LOCAL	20
#define PAUSE_US	20000

#define KPAGEFLAGS	"/proc/kpageflags"
#define KPAGECOUNT	"/proc/kpagecount"

bool leak_is(u64 flags, u64 mapcount)
{
	return flags >> KPF_ANON & 1 && !mapcount;
}

/* One number of 64 bits for each page, as all these files have them. */
static void read_words(const char *file, u64 first, u64 *word, size_t n)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(EXIT_REFUSED, "cannot open %s: %s", file, strerror(errno));
	if (pread(fd, word, n * sizeof(*word), first * sizeof(*word)) !=
	    (ssize_t)(n * sizeof(*word)))
		die(EXIT_REFUSED, "cannot read %s: %s", file, strerror(errno));
	close(fd);
}

void leak_note(struct leak_pages *pages, const void *mem, size_t size, u64 gpa)
{
	size_t n = size / PAGE, i;
	u64 *entry = xcalloc(n, sizeof(*entry));
	struct leak_page *page;

	read_words("/proc/self/pagemap", (u64)mem / PAGE, entry, n);
	pages->cap += n;
	pages->page = xrealloc(pages->page, pages->cap * sizeof(*pages->page));
	for (i = 0; i < n; i++) {
		page = &pages->page[pages->nr++];
		page->gpa = gpa + i * PAGE;
		page->pfn = entry[i] & PAGEMAP_PFN;
		if (!page->pfn)
			die(EXIT_REFUSED, "/proc/self/pagemap hides the page frames");
	}
	free(entry);
}

void leak_free(struct leak_pages *pages)
{
	free(pages->page);
	memset(pages, 0, sizeof(*pages));
}

static u64 word_of(int fd, const char *file, u64 pfn)
{
	u64 word;

	if (pread(fd, &word, sizeof(word), pfn * sizeof(word)) != sizeof(word))
		die(EXIT_REFUSED, "cannot read %s: %s", file, strerror(errno));
	return word;
}

static const struct leak_page *find_once(const struct leak_pages *pages, int flags, int count)
{
	size_t i;

	for (i = 0; i < pages->nr; i++) {
		u64 pfn = pages->page[i].pfn, word = word_of(flags, KPAGEFLAGS, pfn);

		/* Few are anonymous at all. */
		if (leak_is(word, 0) && leak_is(word, word_of(count, KPAGECOUNT, pfn)))
			return &pages->page[i];
	}
	return NULL;
}

/* Each CPU keeps some pages that it means to put on a list, until it unmaps something. */
static void drain_cpus(void)
{
	long cpu, n = sysconf(_SC_NPROCESSORS_CONF);
	cpu_set_t all, one;
	void *page;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	for (cpu = 0; cpu < n; cpu++) {
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (!CPU_ISSET(cpu, &all) || sched_setaffinity(0, sizeof(one), &one))
			continue;
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (page != MAP_FAILED)
			munmap(page, PAGE);
	}
	sched_setaffinity(0, sizeof(all), &all);
}

/* The kernel does the same for all CPUs before it compacts memory. */
static void drain_all(void)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) < 0)
		drain_cpus();
	close(fd);
}

const struct leak_page *leak_find(const struct leak_pages *pages)
{
	int flags = open(KPAGEFLAGS, O_RDONLY | O_CLOEXEC);
	int count = open(KPAGECOUNT, O_RDONLY | O_CLOEXEC);
	const struct leak_page *found;
	unsigned int i;

	if (flags < 0 || count < 0)
		die(EXIT_REFUSED, "cannot open %s: %s", KPAGEFLAGS, strerror(errno));
	for (i = 0; i < TRIES; i++) {
		found = find_once(pages, flags, count);
		if (!found)
			break;
		drain_cpus();
		if (i == TRIES_LOCAL)
			drain_all();
		usleep(i ? PAUSE_US : 0);
	}
	close(flags);
	close(count);
	return found;
}

/* A page of a pipe stays in memory when who put it there unmaps it. */
void leak_control(void)
{
	void *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct iovec iov = { .iov_base = mem, .iov_len = PAGE };
	struct leak_pages pages = {};
	bool held, let_go;
	int fd[2];

	if (mem == MAP_FAILED || pipe2(fd, O_CLOEXEC))
		die(EXIT_INFRA, "cannot hold a page: %s", strerror(errno));
	leak_note(&pages, mem, PAGE, 0);
	if (vmsplice(fd[1], &iov, 1, 0) != PAGE)
		die(EXIT_INFRA, "cannot hold a page: %s", strerror(errno));
	munmap(mem, PAGE);
	held = leak_find(&pages);
	close(fd[0]);
	close(fd[1]);
	let_go = !leak_find(&pages);
	leak_free(&pages);
	if (!held || !let_go)
		die(EXIT_INFRA, "a page that is %s: leaks cannot be seen on this kernel",
		    held ? "free is taken for held" : "held is taken for free");
}
