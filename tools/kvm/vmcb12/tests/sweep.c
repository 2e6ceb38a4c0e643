// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sweep of the census over a kernel that is made up here: what it does to
 * vmcb12 on a path is known, and so is what must come out.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "census/physmap.h"
#include "census/sweep.h"
#include "census/watch.h"
#include "guest.h"
#include "tests/test.h"
#include "tracing.h"
#include "util.h"

#define VIRT		0xffff888000400000ULL
#define PHYS		0x400000
#define MAX_ACCESSES	4
#define MAX_PENDING	64

/* The first pass has two rounds for each group of granules. */
#define FIRST_PASS	(2 * VMCB_SIZE / 8 / WATCH_SLOTS)

#define RIP		0x578
#define RSP		0x5d8
#define ES		0x400		/* selector, attrib, limit: 2, 2, 4 */
#define NO_FIELD	0x580

enum when {
	ALWAYS,
	ENTERING,		/* on the way to what counts */
	COLD,			/* if another path was walked before */
	ODD,			/* in every second walk */
	EARLY,			/* in the first pass alone */
};

struct touch {
	u64 ip;
	unsigned int offset, len;
	bool write;
	enum when when;
	bool user;		/* through our own mapping */
};

struct fake {
	struct path path;	/* first: it is what the sweep knows */
	struct touch touch[MAX_ACCESSES];
	const char *missing;
	const char *error;	/* how act() goes wrong */
	unsigned int walks;
};

/* The kernel. */
static struct {
	struct lab lab;
	const struct path *last;
	bool entered;		/* some path was */
	bool tracing;
	bool deaf;		/* to reads of our memory */
	bool moves;		/* the page, to another frame */
	bool loses;		/* records */
	u64 stray;		/* where a breakpoint fires that nobody set */
	unsigned int resets;
	struct {
		u64 addr;
		unsigned int len;
		enum watch_mode mode;
	} bp[WATCH_SLOTS];
	struct watch_hit pending[MAX_PENDING];
	size_t nr_pending;
} kernel;

void watch_init(struct watch *w, u64 probe)
{
	EXPECT(probe == VIRT);
	memset(w, 0, sizeof(*w));
	w->slots = WATCH_SLOTS;
}

void watch_exit(struct watch *w)
{
	EXPECT(!w->nr_bp);
}

void watch_add(struct watch *w, u64 addr, unsigned int len, enum watch_mode mode)
{
	if (w->nr_bp == w->slots)
		die(EXIT_INFRA, "too many breakpoints");
	EXPECT(addr % len == 0);
	kernel.bp[w->nr_bp].addr = addr;
	kernel.bp[w->nr_bp].len = len;
	kernel.bp[w->nr_bp++].mode = mode;
}

void watch_clear(struct watch *w)
{
	memset(kernel.bp, 0, sizeof(kernel.bp));
	w->nr_bp = 0;
}

static void hit(u64 ip, u64 addr)
{
	if (kernel.nr_pending < MAX_PENDING)
		kernel.pending[kernel.nr_pending++] = (struct watch_hit){ .ip = ip, .addr = addr };
}

int watch_drain(struct watch *w, struct watch_hit *hits, size_t max)
{
	size_t n = kernel.nr_pending;

	(void)w;
	/* Before the first walk the sweep has our memory read. */
	if (!kernel.entered)
		return !kernel.deaf;
	memcpy(hits, kernel.pending, (n < max ? n : max) * sizeof(*hits));
	kernel.nr_pending = 0;
	return kernel.loses && n ? -1 : (int)n;
}

/* As an emulated CPU does: for one of the breakpoints that an access hits. */
static void access_page(const struct touch *t)
{
	u64 addr = t->offset + (t->user ? (u64)kernel.lab.mem + GPA_VMCB12 : VIRT);
	size_t i;

	for (i = 0; i < WATCH_SLOTS; i++) {
		if (addr < kernel.bp[i].addr + kernel.bp[i].len &&
		    kernel.bp[i].addr < addr + t->len &&
		    (t->write || kernel.bp[i].mode == WATCH_RW)) {
			hit(t->ip, kernel.bp[i].addr);
			return;
		}
	}
}

static bool happens(const struct fake *fake, enum when when, bool cold)
{
	switch (when) {
	case COLD:
		return cold;
	case ODD:
		return fake->walks % 2;
	case EARLY:
		return fake->walks <= FIRST_PASS;
	default:
		return true;
	}
}

static void run_kernel(const struct fake *fake, bool entering)
{
	bool cold = kernel.last != &fake->path, is_entry;
	const struct touch *t;

	for (t = fake->touch; t < fake->touch + MAX_ACCESSES && t->len; t++) {
		is_entry = t->when == ENTERING;
		if (is_entry == entering && happens(fake, t->when, cold))
			access_page(t);
	}
}

const char *path_missing(const struct lab *lab, const struct path *path)
{
	(void)lab;
	return ((const struct fake *)path)->missing;
}

const char *path_enter(struct lab *lab, const struct path *path)
{
	struct fake *fake = (struct fake *)path;

	(void)lab;
	EXPECT(kernel.tracing == path->traced);
	kernel.entered = true;
	fake->walks++;
	run_kernel(fake, true);
	return NULL;
}

const char *path_act(struct lab *lab, const struct path *path)
{
	const struct fake *fake = (const struct fake *)path;

	(void)lab;
	run_kernel(fake, false);
	if (kernel.stray)
		hit(0x66, kernel.stray);
	kernel.last = path;
	return fake->error;
}

const char *path_leave(struct lab *lab, const struct path *path)
{
	(void)lab;
	(void)path;
	return NULL;
}

void lab_reset(struct lab *lab, enum vmm_kind kind)
{
	(void)lab;
	(void)kind;
	kernel.resets++;
}

u64 phys_of(const void *p)
{
	EXPECT(p == kernel.lab.mem + GPA_VMCB12);
	return kernel.moves ? PHYS + VMCB_SIZE : PHYS;
}

void tracing_on(struct tracing *t)
{
	(void)t;
	kernel.tracing = true;
}

void tracing_off(struct tracing *t)
{
	(void)t;
	kernel.tracing = false;
}

/* The census of two paths at most; what came out is in result[]. */
static struct path_result result[2];

static void take_census(struct fake *fake, size_t nr, enum vmcb_field_id only)
{
	struct census census = { .path = result, .nr_paths = nr, .rounds = 3, .only = only };
	size_t i;

	memset(result, 0, sizeof(result));
	for (i = 0; i < nr; i++)
		result[i].path = &fake[i].path;
	kernel.lab.mem = xcalloc(1, GPA_VMCB12 + VMCB_SIZE);
	sweep(&census, &kernel.lab, PHYS, VIRT);
	free(kernel.lab.mem);
}

static void take_census_of(struct fake *fake, size_t nr)
{
	memset(&kernel, 0, sizeof(kernel));
	take_census(fake, nr, NR_FIELDS);
}

/* The only field called @name on the first path; without it the test fails. */
static struct field_result field(const char *name)
{
	const struct field_result *f = result[0].field;
	struct field_result found = {};
	unsigned int nr = 0;

	for (; f < result[0].field + result[0].nr_fields; f++) {
		if (!strcmp(f->name, name)) {
			found = *f;
			nr++;
		}
	}
	if (nr != 1)
		printf("# %u fields called %s\n", nr, name);
	EXPECT(nr == 1);
	return found;
}

static bool accessed(const struct field_result *f, u64 ip, bool write, unsigned int count)
{
	size_t i;

	for (i = 0; i < f->nr_access; i++) {
		if (f->access[i].ip == ip && f->access[i].write == write)
			return f->access[i].count == count;
	}
	return false;
}

static void one_fetch(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 8 } } };
	struct field_result f;

	take_census_of(&fake, 1);
	EXPECT(result[0].verdict == VERDICT_OK && result[0].nr_fields == 1);
	f = field("save.rip");
	EXPECT(f.id == F_RIP && f.offset == RIP && f.size == 8);
	EXPECT(f.fetches == 1 && !f.writes && !f.varies && !f.read_back);
	EXPECT(f.nr_access == 1 && accessed(&f, 0x10, false, 1));
}

static void two_fetches(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 8 }, { 0x20, RIP, 8 }, { 0x30, RSP, 8 } } };
	struct field_result f;

	take_census_of(&fake, 1);
	EXPECT(result[0].nr_fields == 2);
	f = field("save.rip");
	EXPECT(f.fetches == 2 && f.nr_access == 2);
	EXPECT(accessed(&f, 0x10, false, 1) && accessed(&f, 0x20, false, 1));
	EXPECT(field("save.rsp").fetches == 1);
}

static void in_a_loop(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 8 }, { 0x10, RIP, 8 }, { 0x10, RIP, 8 } } };
	struct field_result f;

	take_census_of(&fake, 1);
	f = field("save.rip");
	EXPECT(f.fetches == 3 && f.nr_access == 1 && accessed(&f, 0x10, false, 3));
}

static void halves(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 4 }, { 0x20, RIP + 4, 4 } } };
	struct field_result f;

	take_census_of(&fake, 1);
	f = field("save.rip");
	EXPECT(f.fetches == 1 && f.nr_access == 2);
	fake.touch[0].len = 8;
	take_census_of(&fake, 1);
	EXPECT(field("save.rip").fetches == 2);
}

static void writes(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 8, .write = true } } };
	struct field_result f;

	take_census_of(&fake, 1);
	f = field("save.rip");
	EXPECT(!f.fetches && f.writes == 1 && accessed(&f, 0x10, true, 1));
	/* What reads and writes in one instruction fires twice. */
	fake.touch[1] = (struct touch){ .ip = 0x10, .offset = RIP, .len = 8 };
	take_census_of(&fake, 1);
	f = field("save.rip");
	EXPECT(!f.fetches && f.writes == 2 && !f.read_back);
}

static void reads_back(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 8, .write = true }, { 0x20, RIP, 8 } } };
	struct fake other = { .touch = { { 0x20, RIP, 8 }, { 0x10, RIP, 8, .write = true } } };
	struct field_result f;

	take_census_of(&fake, 1);
	f = field("save.rip");
	EXPECT(f.fetches == 1 && f.writes == 1 && f.read_back);
	take_census_of(&other, 1);
	f = field("save.rip");
	EXPECT(f.fetches == 1 && f.writes == 1 && !f.read_back);
}

/* One load of three fields, of which each has a breakpoint of its own. */
static void neighbours(void)
{
	struct fake fake = { .touch = { { 0x10, ES, 8 } } };

	take_census_of(&fake, 1);
	EXPECT(result[0].nr_fields == 3);
	EXPECT(field("save.es.selector").fetches == 1);
	EXPECT(field("save.es.attrib").fetches == 1);
	EXPECT(field("save.es.limit").fetches == 1);
}

static void no_field(void)
{
	struct fake fake = { .touch = { { 0x10, NO_FIELD, 4 } } };
	struct field_result f;

	take_census_of(&fake, 1);
	f = field("unclaimed+0x580");
	EXPECT(f.id == NR_FIELDS && f.fetches == 1 && f.offset == NO_FIELD && f.size == 8);
}

static void both_mappings(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 8 }, { 0x20, RIP, 8, .user = true } } };

	take_census_of(&fake, 1);
	EXPECT(result[0].nr_fields == 2);
	EXPECT(field("save.rip").fetches == 1);
	EXPECT(field("user:save.rip").fetches == 1);
}

static void order_of_paths(void)
{
	struct fake fake[2] = {
		{ .touch = { { 0x10, RIP, 8 }, { 0x20, RIP, 8, .when = COLD } } },
		{ .touch = { { 0x30, RIP, 8 } } },
	};

	take_census_of(fake, 2);
	EXPECT(field("save.rip").fetches == 1 && !field("save.rip").varies);
	EXPECT(result[0].verdict == VERDICT_OK);
}

static void not_always(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 8 }, { 0x20, RIP, 8, .when = ODD } } };
	struct fake seldom = { .touch = { { 0x20, RIP, 8, .when = ODD } } };

	take_census_of(&fake, 1);
	EXPECT(field("save.rip").fetches == 2 && field("save.rip").varies);
	take_census_of(&seldom, 1);
	EXPECT(field("save.rip").fetches == 1 && field("save.rip").varies);
}

static void on_the_way(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 8, .when = ENTERING } } };

	take_census_of(&fake, 1);
	EXPECT(!result[0].nr_fields && result[0].verdict == VERDICT_OK);
}

static void passes_disagree(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 8, .when = EARLY } } };

	take_census_of(&fake, 1);
	EXPECT(result[0].verdict == VERDICT_INCONCLUSIVE);
	EXPECT(result[0].reason && !strncmp(result[0].reason, "0x578 was touched", 17));
}

static void one_field_only(void)
{
	struct fake fake = { .touch = { { 0x10, ES, 8 }, { 0x20, RIP, 8 } } };

	memset(&kernel, 0, sizeof(kernel));
	take_census(&fake, 1, F_ES_ATTRIB);
	EXPECT(result[0].verdict == VERDICT_OK && result[0].nr_fields == 1);
	EXPECT(field("save.es.attrib").fetches == 1);
}

static void missing(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 8 } }, .missing = "not here" };

	take_census_of(&fake, 1);
	EXPECT(result[0].verdict == VERDICT_SKIP && !strcmp(result[0].reason, "not here"));
	EXPECT(!fake.walks && !result[0].nr_fields);
}

static void goes_wrong(void)
{
	struct fake fake[2] = {
		{ .touch = { { 0x10, RIP, 8 } }, .error = "L1 is lost" },
		{ .touch = { { 0x10, RIP, 8 } } },
	};

	take_census_of(fake, 2);
	EXPECT(result[0].verdict == VERDICT_INCONCLUSIVE);
	EXPECT(!strcmp(result[0].reason, "L1 is lost"));
	EXPECT(fake[0].walks == 1 && kernel.resets == 1 && !result[0].nr_fields);
	EXPECT(result[1].verdict == VERDICT_OK && result[1].nr_fields == 1);
}

static void records_lost(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 8 } } };

	memset(&kernel, 0, sizeof(kernel));
	kernel.loses = true;
	take_census(&fake, 1, NR_FIELDS);
	EXPECT(result[0].verdict == VERDICT_INCONCLUSIVE && !result[0].nr_fields);
}

static void traced(void)
{
	struct fake fake[2] = {
		{ .path.traced = true, .touch = { { 0x10, RIP, 8 }, { 0x20, RIP, 8 } } },
		{ .touch = { { 0x10, RIP, 8 } } },
	};

	take_census_of(fake, 2);
	EXPECT(field("save.rip").fetches == 2);
	EXPECT(result[1].nr_fields == 1 && result[1].field[0].fetches == 1);
	EXPECT(!kernel.tracing);
}

/* With what is set in the kernel the sweep must give up. */
static int exit_status(void)
{
	struct fake fake = { .touch = { { 0x10, RIP, 8 } } };
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(STDERR_FILENO);
		take_census(&fake, 1, NR_FIELDS);
		_exit(EXIT_OK);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void gives_up(void)
{
	memset(&kernel, 0, sizeof(kernel));
	EXPECT(exit_status() == EXIT_OK);
	kernel.deaf = true;
	EXPECT(exit_status() == EXIT_INFRA);
	kernel.deaf = false;
	kernel.moves = true;
	EXPECT(exit_status() == EXIT_INFRA);
	kernel.moves = false;
	kernel.stray = VIRT + VMCB_SIZE;
	EXPECT(exit_status() == EXIT_INFRA);
}

static const struct test tests[] = {
	{ "sweep: one fetch",					one_fetch },
	{ "sweep: two fetches",					two_fetches },
	{ "sweep: fetches by one instruction",			in_a_loop },
	{ "sweep: two halves are one fetch",			halves },
	{ "sweep: writes",					writes },
	{ "sweep: read back, and read before",			reads_back },
	{ "sweep: fields that are loaded together",		neighbours },
	{ "sweep: bytes of no field",				no_field },
	{ "sweep: both mappings of the page",			both_mappings },
	{ "sweep: paths do not depend on their order",		order_of_paths },
	{ "sweep: what is not done every time",			not_always },
	{ "sweep: what is done before does not count",		on_the_way },
	{ "sweep: passes that disagree",			passes_disagree },
	{ "sweep: one field only",				one_field_only },
	{ "sweep: a path that is missing",			missing },
	{ "sweep: a path that goes wrong",			goes_wrong },
	{ "sweep: lost records",				records_lost },
	{ "sweep: traced paths",				traced },
	{ "sweep: what makes it give up",			gives_up },
};

int main(void)
{
	return test_main(tests, ARRAY_SIZE(tests));
}
