# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# Where things of $base are, once fetched; a verb sources this after lib.sh.

manifest=$CACHE/bases/$base/manifest

load_base()
{
	! from_ksrc || { load_ksrc; return; }
	source_version=$(awk '$1 == "source" { print $3 }' "$manifest")
	image_version=$(awk '$1 == "image" { print $3; exit }' "$manifest")
	stock=$CACHE/stock/$image_version
	src=$CACHE/src/$source_version
	# 5.10 to 6.12 keep kernel and config in /boot, 7.x beside the modules.
	for modules in "$stock"/lib/modules/[0-9]* "$stock"/usr/lib/modules/[0-9]*; do
		[ ! -d "$modules" ] || break
	done
	release=${modules##*/}
	stock_config=$stock/boot/config-$release
	[ -f "$stock_config" ] || stock_config=$modules/config
	vmlinuz=$stock/boot/vmlinuz-$release
	[ -f "$vmlinuz" ] || vmlinuz=$modules/vmlinuz
	base_commit=base
	stock_symvers=$CACHE/headers/$image_version/usr/src/linux-headers-$release/Module.symvers
}

# For prove-tree, and where Debian has nothing: what source-tree took last.
load_ksrc()
{
	source_version=ksrc-$base
	src=$CACHE/ksrc/$base
	read -r base_commit release <"$BUILD/ksrc-$base"
}

from_ksrc()
{
	[ -n "${VMCB12_KSRC_VERSION:-}" ] || ! in_debian "$base"
}

loadable=$manifest
! from_ksrc || loadable=$BUILD/ksrc-$base
[ ! -f "$loadable" ] || load_base

# kernel_make DIR ARGS...: KERNELRELEASE gives the module the vermagic of the
# stock kernel, whose name no source can know.  -O keeps apart what two compilers
# say at a time (Clang does not write whole lines): checks read it by line.
kernel_make()
{
	k_dir=$1
	shift
	make -C "$k_dir" -s -O -j"$(nproc)" KERNELRELEASE="$release" LOCALVERSION= \
		KBUILD_BUILD_USER=vmcb12 KBUILD_BUILD_HOST=vmcb12 "$@"
}

# The source, imported and prepared; a check that is run alone may need it.
need_source()
{
	if from_ksrc || [ ! -d "${src:-/nonexistent}" ]; then
		run_verb source "$base"
		load_base
	fi
}
