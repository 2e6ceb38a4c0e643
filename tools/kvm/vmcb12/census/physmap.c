// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "physmap.h"
#include "util.h"

/* From here up the kernel image and its modules are mapped, not all of memory. */
#define KERNEL_IMAGE_VIRT	0xffffffff80000000ULL

#define PAGEMAP_PRESENT		0x8000000000000000ULL
#define PAGEMAP_PFN		0x007fffffffffffffULL
#define PAGEMAP_TRIES		100
#define PAGEMAP_WAIT_US		1000

#define PAGE_SIZE_4K		4096

const char *physmap_parse(struct physmap *pm, const void *head, size_t len)
{
	const struct elf64_hdr *eh = head;
	const struct elf64_phdr *ph;
	unsigned int i;

	memset(pm, 0, sizeof(*pm));
	if (len < sizeof(*eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return "not an ELF file";
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != EM_X86_64)
		return "not an x86-64 ELF file";
	if (eh->e_phentsize != sizeof(*ph) || eh->e_phoff > len ||
	    eh->e_phnum > (len - eh->e_phoff) / sizeof(*ph))
		return "program headers out of bounds";

	ph = (const void *)((const char *)head + eh->e_phoff);
	pm->range = xcalloc(eh->e_phnum, sizeof(*pm->range));
	for (i = 0; i < eh->e_phnum; i++, ph++) {
		/* Ranges that are no linear map of memory have p_paddr -1. */
		if (ph->p_type != PT_LOAD || ph->p_paddr == ~0ULL ||
		    ph->p_vaddr >= KERNEL_IMAGE_VIRT)
			continue;
		pm->range[pm->nr].phys = ph->p_paddr;
		pm->range[pm->nr].virt = ph->p_vaddr;
		pm->range[pm->nr].size = ph->p_memsz;
		pm->nr++;
	}
	if (!pm->nr) {
		physmap_free(pm);
		return "no range of the direct map";
	}
	return NULL;
}

void physmap_free(struct physmap *pm)
{
	free(pm->range);
	memset(pm, 0, sizeof(*pm));
}

u64 physmap_virt(const struct physmap *pm, u64 phys)
{
	const struct phys_range *r;

	for (r = pm->range; r < pm->range + pm->nr; r++) {
		if (phys - r->phys < r->size)
			return r->virt + (phys - r->phys);
	}
	return 0;
}

static const char *lockdown_note(void)
{
	char *line = read_line("/sys/kernel/security/lockdown");
	int locked = line && !strstr(line, "[none]");

	free(line);
	return locked ? " (the kernel is locked down)" : "";
}

void physmap_load(struct physmap *pm)
{
	const char *file = "/proc/kcore", *error;
	size_t len = 0, cap = 1 << 16;
	ssize_t n;
	char *head;
	int fd;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(EXIT_REFUSED, "cannot read %s: %s%s", file, strerror(errno), lockdown_note());

	head = xcalloc(1, cap);
	while (len < cap) {
		n = read(fd, head + len, cap - len);
		if (n <= 0)
			break;
		len += n;
	}
	close(fd);
	/* A container has /dev/null in its place. */
	if (!len)
		die(EXIT_REFUSED,
		    "%s is empty, as a container's is: run this on the host itself%s", file,
		    lockdown_note());
	error = physmap_parse(pm, head, len);
	free(head);
	if (error)
		die(EXIT_REFUSED, "cannot use %s: %s%s", file, error, lockdown_note());
}

u64 phys_of(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), tries;
	u64 entry = 0, virt = (u64)p;

	if (fd < 0)
		return 0;
	/* It is not present while the kernel moves it, or tries to. */
	for (tries = 0; !(entry & PAGEMAP_PRESENT) && tries < PAGEMAP_TRIES; tries++) {
		if (tries)
			usleep(PAGEMAP_WAIT_US);
		if (pread(fd, &entry, sizeof(entry), virt / PAGE_SIZE_4K * sizeof(entry)) !=
		    sizeof(entry))
			break;
	}
	close(fd);

	if (!(entry & PAGEMAP_PRESENT) || !(entry & PAGEMAP_PFN))
		return 0;
	return (entry & PAGEMAP_PFN) * PAGE_SIZE_4K + virt % PAGE_SIZE_4K;
}

/*
 * The kernel moves no page to another frame that somebody holds a reference on:
 * not for compaction, not to another node, and KSM does not merge it.  A pipe holds
 * one as long as nobody reads from it.
 */
void pin_page(void *page)
{
	struct iovec whole = { .iov_base = page, .iov_len = PAGE_SIZE_4K };
	int fd[2];

	/* Without it the page stays as well, most of the time: see check_frame(). */
	if (pipe2(fd, O_CLOEXEC) || vmsplice(fd[1], &whole, 1, 0) < 0)
		return;
}
