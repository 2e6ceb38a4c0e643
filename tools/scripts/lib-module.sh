# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# Build KVM's modules for the stock kernel of $base; a verb sources this after
# lib-base.sh.

# prepare DIR: configure that source as the stock kernel is.
prepare()
{
	cp "$stock_config" "$1/.config"
	# No key of Debian's is here to sign with.
	"$1/scripts/config" --file "$1/.config" --set-str SYSTEM_TRUSTED_KEYS ''
	kernel_make "$1" olddefconfig modules_prepare || die 3 "modules_prepare failed"
	# Without the CRCs of the stock kernel's exports the module is refused.
	cp "$stock_symvers" "$1/Module.symvers"
}

# stock_vermagic: that of the stock kernel's modules.
stock_vermagic()
{
	modinfo -F vermagic "$(find "$modules" -name 'kvm-amd.ko*' | head -n1)"
}

# build_modules DIR OUT KO...: of the prepared source.
build_modules()
{
	from=$1
	to=$2
	shift 2
	kernel_make "$from" M=arch/x86/kvm "$@" || die 1 "KVM does not build"
	vermagic=$(stock_vermagic)
	for ko; do
		strip -g -o "$to/$ko" "$from/arch/x86/kvm/$ko"
		[ "$(modinfo -F vermagic "$to/$ko")" = "$vermagic" ] ||
			die 3 "$ko would be refused: vermagic is not the stock kernel's"
	done
}
