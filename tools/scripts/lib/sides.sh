# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# The two sides of a proof, stock and patched, and who makes them; a verb sources this
# after lib-base.sh.

# want_parts: what the VMs are made of, unless who runs this verb has it made.
want_parts()
{
	if [ "$standalone" = no ]; then
		:
	elif from_ksrc; then
		want_proof
	else
		run_verb tools
		run_verb source "$base"
		run_verb module "$base"
	fi
	load_base
}

# want_proof: the kernels of KSRC=, which "prove-tree" builds.
want_proof()
{
	in_debian "$base" || run_verb source "$base"
	run_verb prove-tree "$KSRC" "$base"
}

# reports_of NAME: the place for the reports of both sides, of NAME in build/report.
reports_of()
{
	if from_ksrc; then
		echo "$BUILD/report/$1-ksrc"
	else
		echo "$BUILD/report/$1"
	fi
}

# kvm_options OPTION=VALUE...: the words of a kernel's command line that give them to
# KVM; a module has them in the plan.
kvm_options()
{
	! from_ksrc || printf 'kvm_amd.%s ' "$@"
}

# kernel_of SIDE: the kernel to boot; KSRC= gives one for each side.
kernel_of()
{
	if from_ksrc; then
		echo "$(cat "$BUILD/kernel-$base-$1")/vmlinuz"
	else
		echo "$vmlinuz"
	fi
}

# want_series: the same for a check, which measures the series and no edits.
want_series()
{
	! from_ksrc || { want_proof; load_base; return; }
	run_verb tools
	run_verb source "$base"
	run_verb tree "$base"
	run_verb module "$base" applied
	load_base
}

# want_torn_stock: without a second fetch of RIP by the stock kernel, a check that
# writes to RIP has no control.  $report is where its census is.
want_torn_stock()
{
	stock_census=$report/stock/census.json
	[ -s "$stock_census" ] || {
		run_verb selftests "$base"
		run_verb measure "$base" stock
	}
	fetches=$(jq '[.paths[].fields[] | select(.name == "save.rip") | .fetches] | max' \
		"$stock_census")
	[ "$fetches" -gt 1 ] ||
		skip "the stock kernel fetches RIP once as well: no write makes a difference"
}

# replacement_of SIDE: the directory of the modules that replace the stock ones.
replacement_of()
{
	[ "$1" = stock ] || from_ksrc || cat "$BUILD/module-$base"
}
