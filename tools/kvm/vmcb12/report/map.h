/* SPDX-License-Identifier: GPL-2.0-only */
/* The picture of a vmcb12 page: one cell a field, coloured by its fetches. */
#ifndef VMCB12_MAP_H
#define VMCB12_MAP_H

#include <stdio.h>

#include "fields.h"
#include "saved.h"

#define MAP_ROW		32	/* bytes */
#define MAP_NR_ROWS	(VMCB_SIZE / MAP_ROW)

struct map_byte {
	long long fetches;	/* in one entry, on the path with the most */
	enum verdict verdict;	/* the worst of the paths */
	const json_t *path;	/* the first with that verdict, NULL: never touched */
	long long shown;	/* fetches on that path */
	unsigned int nr_same;	/* paths with that verdict and as many fetches */
};

struct map {
	const struct saved *census;
	struct map_byte byte[VMCB_SIZE];
};

/* Which rows are drawn; the others are folded. */
struct map_rows {
	bool drawn[MAP_NR_ROWS];
};

/* What the fields that are drawn add up to. */
struct map_sums {
	unsigned int fetched_twice;	/* or more often */
	unsigned int failed;
	long long most;
	unsigned int most_at;		/* the offset; RIP's if that is one of them */
};

void map_init(struct map *map, const struct saved *census);

/* Count what is on @path, too. */
void map_add(struct map *map, const json_t *path);

/* Draw the rows with a field or with an access in @map. */
void map_rows_add(struct map_rows *rows, const struct map *map);

struct map_sums map_sum(const struct map *map);

/* @id names the map to programs that read the page. */
void map_draw(FILE *out, const struct map *map, const struct map_rows *rows, const char *id);

/* The five colours. */
void map_legend(FILE *out);
extern const char map_style[];

/* "function+0x10 +0x20 [module]": where a field is accessed, as text. */
void map_where(FILE *out, const struct saved *s, const json_t *field, const char *access);

#endif /* VMCB12_MAP_H */
