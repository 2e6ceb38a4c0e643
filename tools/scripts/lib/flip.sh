# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# VMs in which vmcb12 is written to; a verb sources this after lib/guest.sh.

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

# tool_root DIR REPLACEMENT TOOL: a RAM disk with kvm_amd loaded and TOOL in it;
# the caller adds to DIR/plan what is to be run.
tool_root()
{
	bare_root "$1" "$2"
	rm -f -- "$1/bin/vmcb12-census"
	install -m 755 "$BUILD/bin/$3" "$1/bin/$3"
}

# flip_module: build our kernel modules, vmcb12-flip and vmcb12-splat, for the stock
# kernel and leave their directory in build/flip-module-BASE.
flip_module()
{
	here=$top/tools/kvm/vmcb12/module
	key=$({
		cat "$here"/* "$stock_config" "$stock_symvers" "$scripts/lib/flip.sh" \
			"$scripts/lib-base.sh"
		gcc --version
	} | sha_of)
	out=$CACHE/modules/flip-$key
	cache_lock "src-$source_version"
	if [ -d "$out" ]; then
		cached "build $base: our modules"
	else
		step "build $base: our modules" "$0" --build-flip-module "$base" "$out" || exit 1
	fi
	exec 8>&-
	printf '%s\n' "$out" >"$BUILD/flip-module-$base"
}

# The step: in a copy, since nothing is built in the checkout.
build_flip_module()
{
	scratch_for "$1"
	cp "$top"/tools/kvm/vmcb12/module/* "$scratch/"
	cp "$stock_symvers" "$src/Module.symvers"
	kernel_make "$src" M="$scratch" W=1 modules
	find "$scratch" -mindepth 1 ! -name '*.ko' -delete
	vermagic=$(modinfo -F vermagic "$(module_file kvm-amd)")
	for ko in "$scratch"/*.ko; do
		strip -g "$ko"
		[ "$(modinfo -F vermagic "$ko")" = "$vermagic" ] ||
			die 3 "${ko##*/} would be refused: vermagic is not the stock kernel's"
	done
	publish "$1"
}

# add_module NAME DIR: put one of them into the RAM disk, without loading it.
add_module()
{
	install -m 644 "$(cat "$BUILD/flip-module-$base")/$1.ko" "$2/modules/"
}

# add_flip_module DIR
add_flip_module()
{
	add_module vmcb12-flip "$1"
}

# flip_plan: the lines of a plan that load the module and run the tool.
flip_plan()
{
	echo "load /modules/vmcb12-flip.ko i_know_this_writes_to_guest_memory=1"
	echo "data flip 600 /bin/vmcb12-flip --json - --timeout 590"
}

# take_result NAME DIR: DIR/NAME.json, and its exit code in $result_rc.
take_result()
{
	tr -d '\r' <"$2/results.log" | awk -v name="$1" '
		$1 == "#end" && $2 == name { exit }
		on { print }
		$1 == "#begin" && $2 == name { on = 1 }' >"$2/$1.json"
	result_rc=$(tr -d '\r' <"$2/results.log" |
		sed -n "s/^#end $1 rc=\([0-9]*\) .*/\1/p")
}
