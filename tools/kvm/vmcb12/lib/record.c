// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record.h"
#include "util.h"

#define RING_SIZE	(64 * 4096)

static FILE *open_event_file(const char *event, const char *file)
{
	static const char * const dirs[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	FILE *f = NULL;
	size_t i;
	char *path;

	for (i = 0; !f && i < ARRAY_SIZE(dirs); i++) {
		path = xasprintf("%s/events/kvm/%s/%s", dirs[i], event, file);
		f = fopen(path, "re");
		free(path);
	}
	return f;
}

/* "	field:__u64 nested_rip;	offset:24;	size:8;	signed:0;" */
static void parse_field(struct record_event *event, char *line)
{
	struct record_field field;
	char *declaration = strstr(line, "field:"), *offset = strstr(line, "offset:"), *name;

	if (!declaration || !offset ||
	    sscanf(offset, "offset:%u; size:%u;", &field.offset, &field.size) != 2)
		return;
	*strchrnul(declaration, ';') = '\0';
	name = strrchr(declaration, ' ');
	if (!name || strchr(name, '[') || !strncmp(name + 1, "common_", 7) ||
	    field.size > sizeof(u64) || event->nr_fields == RECORD_MAX_FIELDS)
		return;
	snprintf(field.name, sizeof(field.name), "%s", name + 1);
	event->field[event->nr_fields++] = field;
}

static bool load_event(struct record_event *event, const char *name)
{
	FILE *f = open_event_file(name, "format");
	char *line = NULL;
	size_t cap = 0;

	memset(event, 0, sizeof(*event));
	event->name = name;
	event->fd = -1;
	if (!f)
		return false;
	while (getline(&line, &cap, f) > 0) {
		if (!strncmp(line, "ID:", 3))
			event->id = strtoul(line + 3, NULL, 10);
		else
			parse_field(event, line);
	}
	free(line);
	fclose(f);
	return event->id;
}

static int open_event(unsigned int id)
{
	struct perf_event_attr attr = {
		.type		= PERF_TYPE_TRACEPOINT,
		.size		= sizeof(attr),
		.config		= id,
		.sample_period	= 1,
		.sample_type	= PERF_SAMPLE_RAW,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

bool record_on(struct recorder *r, const char *name)
{
	struct record_event *event = &r->event[r->nr_events];

	if (!load_event(event, name))
		return false;
	event->fd = open_event(event->id);
	if (event->fd < 0)
		die(EXIT_REFUSED, "cannot switch on the tracepoint %s: %s", name, strerror(errno));
	if (!r->nr_events)
		ring_open(&r->ring, event->fd, RING_SIZE);
	else if (ioctl(event->fd, PERF_EVENT_IOC_SET_OUTPUT, r->event[0].fd))
		die(EXIT_INFRA, "cannot join perf events: %s", strerror(errno));
	r->nr_events++;
	return true;
}

void record_off(struct recorder *r)
{
	if (!r->nr_events)
		return;
	ring_close(&r->ring);
	while (r->nr_events)
		close(r->event[--r->nr_events].fd);
}

const struct record_field *record_field(const struct record_event *event, const char *name)
{
	size_t i;

	for (i = 0; i < event->nr_fields; i++) {
		if (!strcmp(event->field[i].name, name))
			return &event->field[i];
	}
	return NULL;
}

u64 record_value(const struct record *rec, const struct record_field *field)
{
	u64 value = 0;

	if (field->offset + field->size <= sizeof(rec->raw))
		memcpy(&value, rec->raw + field->offset, field->size);
	return value;
}

/* A sample is the header, a u32 that says how long it is, and the raw record. */
static bool take_sample(const struct recorder *r, struct record *rec)
{
	unsigned short id;
	u32 len;
	size_t i;

	ring_copy(&r->ring, sizeof(struct perf_event_header), &len, sizeof(len));
	if (len > sizeof(rec->raw))
		len = sizeof(rec->raw);
	memset(rec->raw, 0, sizeof(rec->raw));
	ring_copy(&r->ring, sizeof(struct perf_event_header) + sizeof(len), rec->raw, len);
	memcpy(&id, rec->raw, sizeof(id));
	for (i = 0; i < r->nr_events; i++) {
		if (r->event[i].id == id) {
			rec->event = &r->event[i];
			return true;
		}
	}
	return false;
}

int record_next(struct recorder *r, struct record *rec)
{
	struct perf_event_header eh;

	while (r->nr_events && ring_next(&r->ring, &eh)) {
		if (ring_lost(&eh))
			return -1;
		if (eh.type == PERF_RECORD_SAMPLE && take_sample(r, rec))
			return 1;
	}
	return 0;
}
