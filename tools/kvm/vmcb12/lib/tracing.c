// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <glob.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracing.h"
#include "util.h"

#define TRACEPOINTS	"{/sys/kernel/tracing,/sys/kernel/debug/tracing}/events/kvm/kvm_nested_*/id"

static int find_tracepoints(glob_t *found)
{
	return glob(TRACEPOINTS, GLOB_BRACE, NULL, found);
}

const char *tracing_missing(void)
{
	glob_t found;

	if (find_tracepoints(&found))
		return "no tracepoints: tracefs is not mounted, or the kernel has none";
	globfree(&found);
	return NULL;
}

static int open_tracepoint(const char *id_file)
{
	struct perf_event_attr attr = {
		.type	= PERF_TYPE_TRACEPOINT,
		.size	= sizeof(attr),
	};
	char *id = read_line(id_file);
	int fd = -1;

	if (id) {
		attr.config = strtoull(id, NULL, 10);
		fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	}
	free(id);
	if (fd < 0)
		die(EXIT_INFRA, "cannot switch on %s: %s", id_file, strerror(errno));
	return fd;
}

void tracing_on(struct tracing *t)
{
	glob_t found;
	size_t i;

	memset(t, 0, sizeof(*t));
	if (find_tracepoints(&found))
		return;
	t->fd = xcalloc(found.gl_pathc, sizeof(*t->fd));
	for (i = 0; i < found.gl_pathc; i++)
		t->fd[t->nr++] = open_tracepoint(found.gl_pathv[i]);
	globfree(&found);
}

void tracing_off(struct tracing *t)
{
	while (t->nr)
		close(t->fd[--t->nr]);
	free(t->fd);
	t->fd = NULL;
}
