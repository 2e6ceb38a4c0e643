// SPDX-License-Identifier: GPL-2.0-only
/* What can be tested without a VM, without root and on any CPU. */
#include <linux/elf.h>
#include <stdlib.h>
#include <string.h>

#include "census/physmap.h"
#include "census/rule.h"
#include "fields.h"
#include "json.h"
#include "ksyms.h"
#include "ring.h"
#include "tests/test.h"
#include "torture/common.h"
#include "torture/kcov.h"
#include "torture/leak.h"
#include "torture/scribble.h"
#include "torture/splat.h"
#include "torture/steps.h"
#include "torture/values.h"
#include "util.h"
#include "vmcb.h"

static void fields_in_order(void)
{
	unsigned int id, end = 0;

	for (id = 0; id < NR_FIELDS; id++) {
		EXPECT(vmcb_fields[id].size > 0);
		EXPECT(vmcb_fields[id].offset >= end);
		end = vmcb_fields[id].offset + vmcb_fields[id].size;
	}
	EXPECT(end <= VMCB_SIZE);
}

static void fields_names(void)
{
	unsigned int id;

	for (id = 0; id < NR_FIELDS; id++) {
		/* Finding another one means that a name is there twice. */
		EXPECT(field_by_name(vmcb_fields[id].name) == id);
		EXPECT(!strncmp(vmcb_fields[id].name, "control.", 8) ==
		       (vmcb_fields[id].offset < 0x400));
	}
	EXPECT(field_by_name("save.nothing") == NR_FIELDS);
}

/* Offsets as the AMD manual's two tables have them, the save area from its own start. */
static void fields_offsets(void)
{
	static const struct {
		const char *name;
		unsigned int area, offset, size;
	} known[] = {
		{ "control.intercept_exc",	0x000, 0x008, 4 },
		{ "control.iopm_base_pa",	0x000, 0x040, 8 },
		{ "control.asid",		0x000, 0x058, 4 },
		{ "control.int_ctl",		0x000, 0x060, 4 },
		{ "control.exit_code",		0x000, 0x070, 4 },
		{ "control.nested_ctl",		0x000, 0x090, 8 },
		{ "control.event_inj",		0x000, 0x0a8, 4 },
		{ "control.nested_cr3",		0x000, 0x0b0, 8 },
		{ "control.virt_ext",		0x000, 0x0b8, 8 },
		{ "control.clean",		0x000, 0x0c0, 4 },
		{ "control.next_rip",		0x000, 0x0c8, 8 },
		{ "save.es.selector",		0x400, 0x000, 2 },
		{ "save.cs.attrib",		0x400, 0x012, 2 },
		{ "save.cs.base",		0x400, 0x018, 8 },
		{ "save.tr.base",		0x400, 0x098, 8 },
		{ "save.cpl",			0x400, 0x0cb, 1 },
		{ "save.efer",			0x400, 0x0d0, 8 },
		{ "save.cr4",			0x400, 0x148, 8 },
		{ "save.cr3",			0x400, 0x150, 8 },
		{ "save.cr0",			0x400, 0x158, 8 },
		{ "save.dr7",			0x400, 0x160, 8 },
		{ "save.dr6",			0x400, 0x168, 8 },
		{ "save.rflags",		0x400, 0x170, 8 },
		{ "save.rip",			0x400, 0x178, 8 },
		{ "save.rsp",			0x400, 0x1d8, 8 },
		{ "save.rax",			0x400, 0x1f8, 8 },
		{ "save.sysenter_eip",		0x400, 0x238, 8 },
		{ "save.cr2",			0x400, 0x240, 8 },
		{ "save.g_pat",			0x400, 0x268, 8 },
		{ "save.last_excp_to",		0x400, 0x290, 8 },
	};
	enum vmcb_field_id id;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		id = field_by_name(known[i].name);
		EXPECT(id < NR_FIELDS);
		if (id == NR_FIELDS)
			continue;
		EXPECT(vmcb_fields[id].offset == known[i].area + known[i].offset);
		EXPECT(vmcb_fields[id].size == known[i].size);
	}
}

static void fields_lookup(void)
{
	EXPECT(field_at(0x578) == F_RIP);
	EXPECT(field_at(0x57f) == F_RIP);
	EXPECT(field_at(0x580) == NR_FIELDS);
	EXPECT(field_at(0) == F_CTL_INTERCEPT_CR);
	EXPECT(field_at(VMCB_SIZE - 1) == NR_FIELDS);
}

static void fields_access(void)
{
	u8 vmcb[VMCB_SIZE] = {};

	field_set(vmcb, F_CPL, 0x1ff);
	EXPECT(vmcb[0x4cb] == 0xff);
	EXPECT(vmcb[0x4cc] == 0);
	field_set(vmcb, F_RIP, 0x1122334455667788ULL);
	EXPECT(vmcb[0x578] == 0x88 && vmcb[0x57f] == 0x11);
	EXPECT(field_get(vmcb, F_RIP) == 0x1122334455667788ULL);
}

static size_t parse(struct ksyms *ks, const char *text)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	size_t n = ksyms_parse(ks, f);

	fclose(f);
	return n;
}

static const char * const kallsyms =
	"ffffffff81000000 T _stext\n"
	"ffffffffc0202000 t nested_svm_vmexit\t[kvm_amd]\n"
	"ffffffff81000100 W weak_one\n"
	"ffffffff82000000 D some_data\n"
	"ffffffffc0201000 t enter_svm_guest_mode\t[kvm_amd]\n"
	"0000000000000000 T hidden\n"
	"not a line\n"
	"ffffffff81000200 T\n"
	"\n"
	"ffffffffc0203000 t last\t[kvm_amd]";

static void ksyms_reads(void)
{
	struct ksyms ks;

	EXPECT(parse(&ks, kallsyms) == 5);
	EXPECT(ks.nr == 5 && !strcmp(ks.sym[0].name, "_stext") && !ks.sym[0].module);
	EXPECT(ks.nr == 5 && !strcmp(ks.sym[4].name, "last"));
	EXPECT(ks.nr == 5 && ks.sym[4].module && !strcmp(ks.sym[4].module, "kvm_amd"));
	ksyms_free(&ks);

	EXPECT(parse(&ks, "0000000000000000 T a\n0000000000000000 t b\n") == 0);
	EXPECT(!ksyms_find(&ks, 0x1000));
	ksyms_free(&ks);
}

static bool found(const struct ksyms *ks, u64 ip, const char *name)
{
	const struct ksym *sym = ksyms_find(ks, ip);

	return name ? sym && !strcmp(sym->name, name) : !sym;
}

static void ksyms_finds(void)
{
	struct ksyms ks;
	char *where;

	parse(&ks, kallsyms);
	EXPECT(found(&ks, 0xffffffffc0201059, "enter_svm_guest_mode"));
	EXPECT(found(&ks, 0xffffffffc0201001, "enter_svm_guest_mode"));
	/* The instruction before the first one of a function is not in it. */
	EXPECT(found(&ks, 0xffffffffc0202000, "enter_svm_guest_mode"));
	EXPECT(found(&ks, 0xffffffffc0202001, "nested_svm_vmexit"));
	EXPECT(found(&ks, 0xffffffffffffffff, "last"));
	EXPECT(found(&ks, 0xffffffff81000000, NULL));
	EXPECT(found(&ks, 0, NULL));

	where = ksyms_where(&ks, 0xffffffffc0201059);
	EXPECT(!strcmp(where, "enter_svm_guest_mode+0x59"));
	free(where);
	where = ksyms_where(&ks, 0x10);
	EXPECT(!strcmp(where, "unknown+0x10"));
	free(where);
	ksyms_free(&ks);
}

#define NR_SEGMENTS	4

struct kcore {
	struct elf64_hdr eh;
	struct elf64_phdr ph[NR_SEGMENTS];
};

static struct kcore make_kcore(void)
{
	struct kcore kc = {
		.eh = {
			.e_ident = ELFMAG,
			.e_machine = EM_X86_64,
			.e_phoff = sizeof(struct elf64_hdr),
			.e_phentsize = sizeof(struct elf64_phdr),
			.e_phnum = NR_SEGMENTS,
		},
		.ph = {
			{ .p_type = PT_NOTE },
			/* the kernel image, whose memory the direct map has as well */
			{ .p_type = PT_LOAD, .p_vaddr = 0xffffffff81000000,
			  .p_paddr = 0x1000000, .p_memsz = 0x1000000 },
			/* vmalloc */
			{ .p_type = PT_LOAD, .p_vaddr = 0xffffc90000000000,
			  .p_paddr = ~0ULL, .p_memsz = 0x1fffffffffff },
			{ .p_type = PT_LOAD, .p_vaddr = 0xffff888000100000,
			  .p_paddr = 0x100000, .p_memsz = 0x7ff00000 },
		},
	};

	kc.eh.e_ident[EI_CLASS] = ELFCLASS64;
	return kc;
}

static void physmap_finds(void)
{
	struct kcore kc = make_kcore();
	struct physmap pm;

	EXPECT(!physmap_parse(&pm, &kc, sizeof(kc)));
	EXPECT(pm.nr == 1);
	EXPECT(physmap_virt(&pm, 0x100000) == 0xffff888000100000);
	EXPECT(physmap_virt(&pm, 0x1000008) == 0xffff888001000008);
	EXPECT(physmap_virt(&pm, 0x7fffffff) == 0xffff88807fffffff);
	EXPECT(!physmap_virt(&pm, 0x80000000));
	EXPECT(!physmap_virt(&pm, 0xfffff));
	physmap_free(&pm);
}

static bool rejected(const struct kcore *kc, size_t len)
{
	struct physmap pm;
	const char *error = physmap_parse(&pm, kc, len);

	if (!error)
		physmap_free(&pm);
	return error;
}

static void physmap_rejects(void)
{
	struct kcore kc = make_kcore();

	EXPECT(rejected(&kc, 0));
	EXPECT(rejected(&kc, sizeof(kc.eh) - 1));
	EXPECT(rejected(&kc, sizeof(kc.eh)));
	EXPECT(rejected(&kc, sizeof(kc) - 1));

	kc.eh.e_ident[1] = 'X';
	EXPECT(rejected(&kc, sizeof(kc)));
	kc = make_kcore();
	kc.eh.e_ident[EI_CLASS] = ELFCLASS32;
	EXPECT(rejected(&kc, sizeof(kc)));
	kc = make_kcore();
	kc.eh.e_machine = EM_AARCH64;
	EXPECT(rejected(&kc, sizeof(kc)));
	kc = make_kcore();
	kc.eh.e_phoff = ~0ULL;
	EXPECT(rejected(&kc, sizeof(kc)));
	kc = make_kcore();
	kc.eh.e_phnum = NR_SEGMENTS - 1;
	EXPECT(rejected(&kc, sizeof(kc)));
}

/* One field on one path, with at most two accesses. */
struct sample {
	const char *path;
	enum vmcb_field_id id;
	unsigned int fetches, writes;
	bool varies, read_back;
	struct access access[2];
	size_t nr_access;
};

static struct access fetch_by(const char *symbol)
{
	return (struct access){ .symbol = symbol, .count = 1 };
}

static struct access write_by(const char *symbol)
{
	return (struct access){ .symbol = symbol, .count = 1, .write = true };
}

static enum verdict judge(const struct sample *s)
{
	struct field_result field = {
		.id = s->id,
		.fetches = s->fetches,
		.writes = s->writes,
		.varies = s->varies,
		.read_back = s->read_back,
		.access = (struct access *)s->access,
		.nr_access = s->nr_access,
	};
	struct path_result path = {
		.path = path_by_name(s->path),
		.field = &field,
		.nr_fields = 1,
		.verdict = VERDICT_OK,
	};
	struct census census = { .path = &path, .nr_paths = 1, .only = NR_FIELDS };

	census_judge(&census);
	EXPECT(path.verdict == census.verdict);
	EXPECT((path.verdict == VERDICT_OK) == !path.reason);
	free(field.reason);
	free(path.reason);
	return census.verdict;
}

static struct sample good_rip(void)
{
	return (struct sample){
		.path = "vmrun-dirty",
		.id = F_RIP,
		.fetches = 1,
		.access = { fetch_by("__nested_copy_vmcb_save_to_cache") },
		.nr_access = 1,
	};
}

static void rule_fetches(void)
{
	struct sample s = good_rip();

	EXPECT(judge(&s) == VERDICT_OK);
	s.fetches = 2;
	s.access[0].count = 2;
	EXPECT(judge(&s) == VERDICT_FAIL);
	s = good_rip();
	s.varies = true;
	EXPECT(judge(&s) == VERDICT_INCONCLUSIVE);
	s.fetches = 2;
	EXPECT(judge(&s) == VERDICT_FAIL);
}

static void rule_snapshot(void)
{
	struct sample s = good_rip();

	s.access[0] = fetch_by("enter_svm_guest_mode");
	EXPECT(judge(&s) == VERDICT_FAIL);
	s.access[0] = fetch_by("__nested_copy_vmcb_save_to_cache.isra.0");
	EXPECT(judge(&s) == VERDICT_OK);
	s.access[0] = fetch_by("nested_svm_vmrun.cold");
	EXPECT(judge(&s) == VERDICT_OK);
	/* The name of another function that only starts alike. */
	s.access[0] = fetch_by("nested_svm_vmrun_msrpm");
	EXPECT(judge(&s) == VERDICT_FAIL);
	s.access[0] = fetch_by("unknown");
	EXPECT(judge(&s) == VERDICT_FAIL);

	s = good_rip();
	s.path = "vmload";
	s.id = F_STAR;
	EXPECT(judge(&s) == VERDICT_FAIL);
	s.access[0] = fetch_by("svm_copy_vmloadsave_state");
	EXPECT(judge(&s) == VERDICT_OK);
}

static void rule_writes(void)
{
	struct sample s = {
		.path = "vmexit",
		.id = F_CTL_EXIT_CODE,
		.writes = 1,
		.access = { write_by("nested_svm_vmexit") },
		.nr_access = 1,
	};

	EXPECT(judge(&s) == VERDICT_OK);
	s.fetches = 1;
	s.access[1] = fetch_by("nested_svm_vmexit");
	s.nr_access = 2;
	EXPECT(judge(&s) == VERDICT_FAIL);
	s.path = "vmrun-invalid";
	s.access[1] = fetch_by("__nested_copy_vmcb_control_to_cache");
	EXPECT(judge(&s) == VERDICT_OK);
	s.read_back = true;
	EXPECT(judge(&s) == VERDICT_FAIL);
}

/* When the breakpoints do not fire, all the counts are fine: zero. */
static void rule_control(void)
{
	struct sample s = good_rip();

	s.id = F_RSP;
	EXPECT(judge(&s) == VERDICT_INCONCLUSIVE);
	s = good_rip();
	s.path = "vmexit";
	EXPECT(judge(&s) == VERDICT_INCONCLUSIVE);
	s = (struct sample){ .path = "get-nested-state", .id = F_RIP };
	EXPECT(judge(&s) == VERDICT_OK);
}

static void verdicts(void)
{
	EXPECT(worse(VERDICT_SKIP, VERDICT_OK) == VERDICT_OK);
	EXPECT(worse(VERDICT_OK, VERDICT_INCONCLUSIVE) == VERDICT_INCONCLUSIVE);
	EXPECT(worse(VERDICT_FAIL, VERDICT_INCONCLUSIVE) == VERDICT_FAIL);
}

static void path_table(void)
{
	size_t i;

	for (i = 0; i < nr_paths; i++) {
		EXPECT(path_by_name(paths[i].name) == &paths[i]);
		EXPECT(paths[i].what && paths[i].act && paths[i].snapshot);
	}
	EXPECT(!path_by_name("vmrun"));
}

/* What --only leaves out changes nothing for the others, another seed does. */
static void steps_apart(void)
{
	const struct step_kind *kind, *again;
	struct rng rng, rng_again;
	unsigned int i, same = 0;

	for (i = 0; i < 40; i++) {
		kind = step_of(7, i, &rng);
		step_of(7, i + 1, &rng_again);
		rng_next(&rng_again);
		again = step_of(7, i, &rng_again);
		EXPECT(kind == again && rng_next(&rng) == rng_next(&rng_again));
		step_of(8, i, &rng_again);
		same += rng.state == rng_again.state;
	}
	EXPECT(!same);
}

static void steps_all(void)
{
	bool *seen = xcalloc(nr_step_kinds, sizeof(*seen));
	struct rng rng;
	unsigned int i;

	for (i = 0; i < 2000; i++)
		seen[step_of(1, i, &rng) - step_kinds] = true;
	for (i = 0; i < nr_step_kinds; i++)
		EXPECT(seen[i]);
	free(seen);
}

static void only_parsed(void)
{
	static const char * const bad[] = { "", ",", "1,", "1,,2", "x", "-1", "1;2", "40", "1 " };
	struct torture t = { .steps = 40 };
	char *error;
	size_t i;

	EXPECT(torture_runs(&t, 3));
	EXPECT(!torture_parse_only(&t, "0,3,39"));
	EXPECT(torture_runs(&t, 0) && torture_runs(&t, 3) && torture_runs(&t, 39));
	EXPECT(!torture_runs(&t, 1) && !torture_runs(&t, 38));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		error = torture_parse_only(&t, bad[i]);
		EXPECT(error);
		free(error);
	}
}

static void leaks(void)
{
	EXPECT(leak_is(1 << 12, 0));		/* anonymous, and nobody's */
	EXPECT(!leak_is(1 << 12, 1));
	EXPECT(!leak_is(1 << 10, 0));		/* free */
	EXPECT(!leak_is(0, 0));
}

static void splats(void)
{
	EXPECT(splat_in("------------[ cut here ]------------"));
	EXPECT(splat_in("BUG: KASAN: slab-use-after-free in nested_svm_vmexit+0x1/0x2"));
	EXPECT(splat_in("WARNING: possible circular locking dependency detected"));
	EXPECT(splat_in("UBSAN: shift-out-of-bounds in x.c:1:2"));
	EXPECT(!splat_in("kvm_amd: kvm [1]: vcpu0, guest rIP: 0x1 Unhandled WRMSR(0x1) = 0x2"));
	EXPECT(!splat_in("kvm_amd: set kvm_amd.dump_invalid_vmcb=1 to dump internal KVM state."));
}

/* A write of a field leaves its neighbours alone. */
static void scribbles(void)
{
	struct scribble_write w = scribble_field(0x1000, F_CS_LIMIT, 0x12345678abULL, 5);

	EXPECT(w.gpa == 0x1410 && w.wait == 6);
	EXPECT(w.keep == 0xffffffffULL && w.put == 0x345678abULL << 32);
	w = scribble_field(0, F_RIP, ~0ULL, 0);
	EXPECT(w.gpa == 0x578 && !w.keep && w.put == ~0ULL && w.wait == 1);
	EXPECT(scribble_guest_may(F_RIP) && !scribble_guest_may(F_DR6));
	EXPECT(value_for(F_CR4, 0) == CR4_PAE && !value_for(F_CR3, 0));
}

static void kcov_set(void)
{
	kcov_add(0xffffffff81000000);
	kcov_add(0xffffffff81000010);
	kcov_add(0xffffffff81000000);
	EXPECT(kcov_count() == 2);
}

/* Three records of 24 bytes in a ring of 64. */
#define RING_SIZE	64
#define RECORD_SIZE	24

static void ring_fill(void *map)
{
	struct perf_event_header eh = { .type = PERF_RECORD_SAMPLE, .size = RECORD_SIZE };
	struct perf_event_mmap_page *page = map;
	char *data = (char *)map + 4096, record[RECORD_SIZE];
	unsigned int i, pos;

	for (i = 0; i < 3; i++) {
		memset(record, '0' + i, sizeof(record));
		memcpy(record, &eh, sizeof(eh));
		for (pos = 0; pos < sizeof(record); pos++)
			data[(i * RECORD_SIZE + pos) % RING_SIZE] = record[pos];
	}
	page->data_head = 3 * RECORD_SIZE;
}

static void ring_reads(void)
{
	/* The third overwrites 8 bytes of the first, which was taken by then. */
	struct ring r = { .map = xcalloc(1, 4096 + RING_SIZE), .size = RING_SIZE };
	struct perf_event_mmap_page *page = r.map;
	struct perf_event_header eh = {};
	char body[RECORD_SIZE - sizeof(eh)];
	char want[sizeof(body)];
	unsigned int i;

	ring_fill(r.map);
	r.next = RECORD_SIZE;
	for (i = 1; i < 3; i++) {
		EXPECT(ring_next(&r, &eh) && eh.size == RECORD_SIZE);
		ring_copy(&r, sizeof(eh), body, sizeof(body));
		memset(want, '0' + i, sizeof(want));
		EXPECT(!memcmp(body, want, sizeof(body)));
		/* The kernel may not write there yet. */
		EXPECT(page->data_tail == i * RECORD_SIZE);
	}
	EXPECT(!ring_next(&r, &eh));
	EXPECT(page->data_tail == page->data_head);
	free(r.map);
}

static void ring_loses(void)
{
	struct perf_event_header eh = { .type = PERF_RECORD_SAMPLE };

	EXPECT(!ring_lost(&eh));
	eh.type = PERF_RECORD_LOST;
	EXPECT(ring_lost(&eh));
	eh.type = PERF_RECORD_THROTTLE;
	EXPECT(ring_lost(&eh));
}

static void json_pieces(void)
{
	static char * const words[] = { "one", "\377" };
	json_t *o = json_object(), *list = json_strings(words, ARRAY_SIZE(words));

	json_put(o, "hex", json_hex(~0ULL));
	json_put(o, "none", json_string_or_null(NULL));
	json_put(o, "list", list);
	EXPECT(!strcmp(json_string_value(json_object_get(o, "hex")), "0xffffffffffffffff"));
	EXPECT(json_is_null(json_object_get(o, "none")));
	EXPECT(json_array_size(list) == 2);
	EXPECT(!strcmp(json_string_value(json_array_get(list, 0)), "one"));
	EXPECT(json_is_null(json_array_get(list, 1)));
	json_decref(o);
}

static const struct test tests[] = {
	{ "fields are in order and do not overlap",	fields_in_order },
	{ "fields have names of their own",		fields_names },
	{ "fields are where the manual has them",	fields_offsets },
	{ "fields are found by offset",			fields_lookup },
	{ "fields are stored with their size",		fields_access },
	{ "kallsyms is read",				ksyms_reads },
	{ "symbols are found by address",		ksyms_finds },
	{ "kcore gives direct-map addresses",		physmap_finds },
	{ "bad kcore is rejected",			physmap_rejects },
	{ "rule: one fetch",				rule_fetches },
	{ "rule: only in the snapshot",			rule_snapshot },
	{ "rule: no read-back",				rule_writes },
	{ "rule: nothing seen proves nothing",		rule_control },
	{ "verdicts add up",				verdicts },
	{ "paths are complete",				path_table },
	{ "ring: records, round its end",		ring_reads },
	{ "ring: records that say what is lost",	ring_loses },
	{ "json: what reports are made of",		json_pieces },
	{ "torture: steps do not know each other",	steps_apart },
	{ "torture: all kinds of steps come",		steps_all },
	{ "torture: --only is read",			only_parsed },
	{ "torture: leaked pages",			leaks },
	{ "torture: heads of splats",			splats },
	{ "torture: writes of fields",			scribbles },
	{ "torture: each address once",			kcov_set },
};

int main(void)
{
	return test_main(tests, ARRAY_SIZE(tests));
}
