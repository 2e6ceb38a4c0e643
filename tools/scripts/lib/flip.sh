# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# Our kernel modules, vmcb12-flip and vmcb12-splat; a verb sources this after
# lib/guest.sh.

# want_flip_modules: build vmcb12-flip and vmcb12-splat for the stock kernel; their
# directory is $flip_modules.
want_flip_modules()
{
	here=$top/tools/kvm/vmcb12/module
	key=$({
		cat "$here"/* "$stock_config" "$stock_symvers" "$scripts/lib/flip.sh" \
			"$scripts/lib-base.sh"
		gcc --version
	} | sha_of)
	flip_modules=$CACHE/modules/flip-$key
	cache_lock "src-$source_version"
	if [ -d "$flip_modules" ]; then
		cached "build $base: our modules"
	else
		step "build $base: our modules" "$scripts/flip" --build "$base" "$flip_modules" ||
			exit 1
	fi
	exec 8>&-
}

# build_flip_modules DIR: in a copy, since nothing is built in the checkout.
build_flip_modules()
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
	install -m 644 "$flip_modules/$1.ko" "$2/modules/"
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
