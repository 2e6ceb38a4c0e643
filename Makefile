# SPDX-License-Identifier: GPL-2.0-only
# Each verb calls one script of tools/scripts; "make help" lists them.

# Checks cover all bases unless one is named.
CHECK_BASE := $(BASE)
BASE ?= linux-6.12.y
# For a tree of the user's own the base is found, unless it is named.
OWN_BASE = $(if $(KSRC),$(CHECK_BASE),$(BASE))
# Some shells have a HOST of their own in the environment.
HOST_FILE = $(if $(filter command,$(firstword $(origin HOST))),$(HOST))
S := tools/scripts

# The verbs end their own children; make must not start two of them at once.
.NOTPARALLEL:
.DEFAULT_GOAL := prove

##@ From a stock Debian kernel to the verdict
.PHONY: prove
prove: ## all of the steps below, for BASE (or for your own tree: KSRC=)
	@$S/$(if $(KSRC),prove-tree "$(KSRC)" $(OWN_BASE),prove $(BASE))

.PHONY: deps
deps: ## install the Debian packages that are missing
	@$S/deps
.PHONY: fetch
fetch: ## source, stock kernel and headers of BASE, newest in the archive
	@$S/fetch $(BASE) --fresh
.PHONY: tools
tools: ## build vmcb12-census and the test VM's init into build/bin
	@$S/tools
.PHONY: source
source: ## import, configure and prepare the source of BASE
	@$S/source $(BASE)
.PHONY: selftests
selftests: ## build the nested-SVM KVM selftests of BASE
	@$S/selftests $(BASE)
.PHONY: stock
stock: ## boot the stock kernel: census and selftests
	@$S/measure $(BASE) stock
.PHONY: module
module: ## build KVM from build/tree/BASE as it is, edits included
	@$S/module $(BASE)
.PHONY: patched
patched: ## boot the stock kernel with that KVM: census and selftests
	@$S/measure $(BASE) patched
.PHONY: verdict
verdict: ## stock against patched: the table and the result
	@$S/verdict $(BASE)

##@ Forcing the race
.PHONY: flip
flip: ## write to vmcb12 right after each fetch: stock against patched BASE
	@$S/flip $(BASE)
.PHONY: race
race: ## write to vmcb12's RIP at random times: stock against patched BASE
	@$S/race $(BASE)

##@ Faults of the kernel's own
.PHONY: torture
torture: ## random operations in kernels with KASAN (SEED=, SEEDS=, STEPS=, ONLY=, BUDGET=)
	@$S/torture $(BASE)
.PHONY: soak
soak: ## racing VMRUNs in patched BASE with KASAN, VMRUNS= more of them
	@$S/soak $(BASE)
.PHONY: rsm
rsm: ## what RSM makes of L1's memory that changed in SMM: stock against patched
	@$S/rsm $(BASE)
.PHONY: kut
kut: ## nested-SVM tests of kvm-unit-tests, KUT=: stock against patched BASE
	@$S/kut $(BASE)

##@ The cost
.PHONY: bench
bench: ## instructions per VMRUN and #VMEXIT against the budget, by function
	@$S/bench $(BASE)

##@ On an AMD host
.PHONY: kit
kit: ## one file to run there, build/kit/; "make report HOST=" shows what it left
	@$S/kit $(BASE)

##@ Beyond the first emulator
.PHONY: nrips
nrips: ## stock and patched BASE in an emulator that has NRIPS (Bochs)
	@$S/nrips $(BASE)
.PHONY: series-tests
series-tests: ## the series' own selftests there, stock and patched: part of nrips (KSRC=)
	@$S/series-tests $(BASE)
.PHONY: effect
effect: ## there: what becomes of an event that L1 injects while RIP changes
	@$S/effect $(BASE)

##@ Working on a series
.PHONY: tree
tree: ## build/tree/BASE: a git tree of BASE with the series on top
	@$S/tree $(BASE)
.PHONY: refresh
refresh: ## write the commits of build/tree/BASE back into patches/BASE
	@$S/refresh $(BASE)

.PHONY: range-diff
range-diff: ## how two series differ, A=linux-6.12.y B=linux-6.1.y
	@$S/range-diff $A $B
.PHONY: status
status: ## each patch, what is newer than what was tested, and what to do (all, or BASE)
	@$S/status $(CHECK_BASE)
.PHONY: sweep
sweep: ## apply and build it on each point release in the archive; note the range
	@$S/sweep $(BASE)

##@ A tree of your own
.PHONY: series
series: ## the patches for KSRC=, a file a line (make -s series KSRC=/path/to/linux, PART=fixes)
	@$S/series "$(KSRC)" $(OWN_BASE)
.PHONY: carry
carry: ## merge them into KSRC= where they do not apply: patches, or a clone to resolve
	@$S/carry "$(KSRC)" $(OWN_BASE)
.PHONY: reach
reach: ## to how many kernels the series apply, TREES=a file that names git directories
	@$S/reach "$(TREES)"

##@ Handing it over
.PHONY: mbox
mbox: ## an mbox to send, SIGNOFF='Name <mail>' (PART=, VERSION=, PREVIOUS=, KSRC=)
	@$S/mbox $(OWN_BASE)
.PHONY: export
export: ## the series for a distribution, FORMAT=debian, suse or quilt (KSRC=, PART=fixes)
	@$S/export "$(OWN_BASE)" $(FORMAT)

##@ Checking
.PHONY: check
check: ## everything: our code, the series, the proofs, the controls (T=flip,race: these)
	@$S/check $(CHECK_BASE)
.PHONY: lint
lint: ## the fast part of it: no build, no boot
	@$S/lint $(CHECK_BASE)
.PHONY: steady
steady: ## the checks that boot VMs, RUNS= times beside a load (T=, BUDGET=)
	@$S/steady $(BASE) $(RUNS)
.PHONY: field-table
field-table: ## the table of Documentation/virt/kvm/x86/vmcb12-fields.rst
	@$S/field-table $(BASE)
.PHONY: threat-table
threat-table: ## the table of Documentation/virt/kvm/x86/nested-svm-vmcb12.rst
	@$S/threat-table $(BASE)
.PHONY: report
report: ## build/report/index.html, a picture of all that was proven here (HOST=: see kit)
	@$S/$(if $(HOST_FILE),report-host "$(HOST_FILE)" $(CHECK_BASE),report $(BASE))
.PHONY: bench-pipeline
bench-pipeline: ## how long the steps take, from an empty cache and a full one
	@$S/bench-pipeline $(BASE)

##@ Other
.PHONY: bases
bases: ## the names of patches/bases, one a line
	@sed '/^#/d; /^ *$$/d; s/ .*//' patches/bases
.PHONY: install
install: tools ## install vmcb12-census (DESTDIR=, PREFIX=)
	@$(MAKE) -s -C tools/kvm/vmcb12 O=$(CURDIR)/build/bin install
.PHONY: clean
clean: ## remove build/, but not work in build/tree; keep the cache
	@$S/clean
.PHONY: distclean
distclean: ## clean, and empty the cache
	@$S/clean --cache
.PHONY: help
help: ## this text
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5); next } \
		/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
	@echo; echo "  BASE= is one of:" $$(sed -n "s/^\([a-z][^ ]*\) .*/\1/p" patches/bases)
	@echo "  A base that Debian does not ship needs KSRC=/path/to/linux, a tree of it:"
	@echo "  make tree, selftests, prove, race, rsm, bench, series-tests, torture and check"
	@echo "  take it, and so do series, carry, export and mbox, for any tree."
	@echo "  MIRROR=http://HOST/debian names the archive, where the host's apt knows none."
	@echo "  make check takes KUT= as well; without it kvm-unit-tests are SKIP."
