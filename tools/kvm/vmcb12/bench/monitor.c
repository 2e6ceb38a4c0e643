// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/io.h>

#include "defs.h"
#include "monitor.h"
#include "util.h"

/* No driver: its interrupts would be among what is measured. */
#define UART		0x3e8
#define NR_PORTS	8
#define UART_LSR	(UART + 5)
#define LSR_DATA	BIT(0)
#define LSR_EMPTY	BIT(5)
#define LSR_NO_UART	0xff

#define PATIENCE	100000000	/* polls */

static void wait_for(u8 what)
{
	unsigned int i;
	u8 status;

	for (i = 0; i < PATIENCE; i++) {
		status = inb(UART_LSR);
		if (status == LSR_NO_UART)
			break;
		if (status & what)
			return;
	}
	die(EXIT_REFUSED, "no monitor of an emulator answers on the third serial port");
}

static void send(const char *text)
{
	for (; *text; text++) {
		wait_for(LSR_EMPTY);
		outb(*text, UART);
	}
}

static void receive_line(char *line, size_t size)
{
	size_t len = 0;
	char c;

	do {
		wait_for(LSR_DATA);
		c = inb(UART);
		if (len < size - 1)
			line[len++] = c;
	} while (c != '\n');
	line[len] = '\0';
}

/* There may be a greeting and events before it. */
static void wait_for_answer(void)
{
	static const char ok[] = "{\"return\"", failed[] = "{\"error\"";
	char line[256];

	do {
		receive_line(line, sizeof(line));
		if (!strncmp(line, failed, strlen(failed)))
			die(EXIT_INFRA, "the emulator's monitor says %s", line);
	} while (strncmp(line, ok, strlen(ok)));
}

void monitor_open(void)
{
	if (ioperm(UART, NR_PORTS, 1))
		die(EXIT_REFUSED, "no access to I/O ports: %s", strerror(errno));
	send("{\"execute\": \"qmp_capabilities\"}\n");
	wait_for_answer();
}

void monitor_do(const char *command)
{
	send("{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"");
	send(command);
	send("\"}}\n");
	wait_for_answer();
}
