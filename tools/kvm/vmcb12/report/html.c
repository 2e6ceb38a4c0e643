// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "util.h"

static void text(FILE *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		case '\n':
		case '\t':
			fputc(*s, out);
			break;
		default:
			if (*s >= ' ' && *s <= '~')
				fputc(*s, out);
			else
				fprintf(out, "\\x%02x", (unsigned char)*s);
		}
	}
}

/* A number with its own "%...", whose type the length modifier tells. */
static void number(FILE *out, const char *spec, size_t len, va_list *ap)
{
	char one[16];

	if (len >= sizeof(one))
		abort();
	memcpy(one, spec, len);
	one[len] = '\0';
	if (strstr(one, "ll"))
		fprintf(out, one, va_arg(*ap, long long));
	else if (strchr(one, 'z'))
		fprintf(out, one, va_arg(*ap, size_t));
	else
		fprintf(out, one, va_arg(*ap, int));
}

void html(FILE *out, const char *fmt, ...)
{
	const char *spec;
	va_list ap;

	va_start(ap, fmt);
	while (*fmt) {
		if (*fmt != '%') {
			fputc(*fmt++, out);
			continue;
		}
		spec = fmt++;
		fmt += strspn(fmt, "0123456789lz");
		if (*fmt == 's')
			text(out, va_arg(ap, const char *));
		else if (*fmt == '%')
			fputc('%', out);
		else
			number(out, spec, fmt + 1 - spec, &ap);
		fmt++;
	}
	va_end(ap);
}

FILE *memory_open(char **text, size_t *size)
{
	FILE *mem = open_memstream(text, size);

	if (!mem)
		die(EXIT_INFRA, "out of memory");
	return mem;
}

void memory_close(FILE *mem)
{
	if (fclose(mem))
		die(EXIT_INFRA, "out of memory");
}
