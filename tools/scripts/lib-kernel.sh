# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# Kernels of KSRC=, with KVM built in; a verb sources this after lib-base.sh and
# lib-ksrc.sh.

# tree_of COMMIT: the id of its content.
tree_of()
{
	kernel_git "$src" rev-parse -q --verify "$1^{tree}"
}

# Only one run at a time changes $src; each locks it for one step.
lock_src()
{
	cache_lock "src-$source_version"
}

unlock_src()
{
	exec 8>&-
}

kernel_key()
{
	{
		tree_of "$1"
		cat "$scripts/prove-tree" "$scripts/lib-base.sh" "$scripts/lib-ksrc.sh"
		for f in $fragments; do cat "$top/arch/x86/configs/$f"; done
		gcc --version
		ld --version
	} | sha_of
}

# kernel STATE COMMIT: its directory is in $kernel, and in build/kernel-BASE-STATE.
kernel()
{
	kernel=$CACHE/kernels/$(kernel_key "$2")
	lock_src
	if [ -d "$kernel" ]; then
		cached "build $1 $version"
	else
		step "build $1 $version" "$scripts/prove-tree" --build "$ksrc" "$2" "$kernel" || exit $?
	fi
	unlock_src
	printf '%s\n' "$kernel" >"$BUILD/kernel-$base-$1"
	[ "$1" != stock ] || [ ! -s "$kernel/unknown" ] ||
		note "Linux $version does not know $(paste -sd ' ' "$kernel/unknown") of arch/x86/configs"
}
