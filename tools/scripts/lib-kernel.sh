# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# Kernels with KVM built in, of KSRC= and of "torture-kernel"; a verb sources this
# after lib-base.sh and lib-ksrc.sh, and sets
#   fragments      what configures them, in arch/x86/configs: the last word counts
#   kernel_flags   more arguments of make
#   kernel_keeps   files of the build to keep beside vmlinuz, config, System.map
#   subject        what "VERB --build" is told that it is to build

fragments='vm.config kvm.config census.config'
kernel_flags=
kernel_keeps=

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

# Write .config into $src from the fragments, and see that Kconfig took every line.
configure()
{
	(cd "$src" && for f in $fragments; do echo "$top/arch/x86/configs/$f"; done |
		xargs scripts/kconfig/merge_config.sh -n) || die 3 "merge_config.sh failed"
	for f in $fragments; do
		sed -nE 's/^(CONFIG_[A-Z0-9_]+)=.*/& \1/p
			s/^# (CONFIG_[A-Z0-9_]+) is not set$/\1=n \1/p' "$top/arch/x86/configs/$f"
	done | tac | awk '!seen[$2]++' | while read -r want option; do
		! taken "$want" "$option" || continue
		kernel_git "$src" grep -qE "^[[:space:]]*(menu)?config ${option#CONFIG_}\$" -- '*Kconfig*' ||
			{ echo "$option" >>"$scratch/unknown"; continue; }
		echo "$want"
	done >"$scratch/dropped"
	[ ! -s "$scratch/dropped" ] ||
		die 3 "Kconfig dropped $(paste -sd ' ' "$scratch/dropped"): a dependency is missing in arch/x86/configs"
	rm -f -- "$scratch/dropped"
}

# taken OPTION=VALUE OPTION: an unset option is not in .config by this name.
taken()
{
	case $1 in
	*=n) ! grep -q "^$2=" "$src/.config" ;;
	*) grep -qxF "$1" "$src/.config" ;;
	esac
}

# build COMMIT OUT: in the same directory as the last one, objects reused.
build()
{
	# A make that was killed outright can leave half an object that looks new.
	[ ! -e "$src/.git/building" ] || kernel_git "$src" clean -q -ffdx
	trap 'rm -f -- "$src/.git/building"; exit 143' TERM
	kernel_git "$src" checkout -q -f --detach "$1" ||
		die 3 "cannot check out $1 (disk full?)"
	scratch_for "$2"
	configure
	: >"$src/.git/building"
	make_rc=0
	# Two builds of the same source are the same file, and boot once.
	# shellcheck disable=SC2086 # words on purpose
	kernel_make "$src" KBUILD_BUILD_TIMESTAMP='2000-01-01' KBUILD_BUILD_VERSION=1 \
		$kernel_flags bzImage || make_rc=$?
	rm -f -- "$src/.git/building"
	[ "$make_rc" -eq 0 ] || die 1 "the kernel does not build"
	cp "$src/arch/x86/boot/bzImage" "$scratch/vmlinuz"
	cp "$src/.config" "$scratch/config"
	cp "$src/System.map" "$scratch/"
	for file in $kernel_keeps; do
		cp "$src/$file" "$scratch/"
	done
	publish "$2"
}

kernel_key()
{
	{
		tree_of "$1"
		cat "$scripts/lib-kernel.sh" "$scripts/lib-base.sh"
		for f in $fragments; do cat "$top/arch/x86/configs/$f"; done
		echo "$kernel_flags" "$kernel_keeps"
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
		step "build $1 $version" "$0" --build "$subject" "$2" "$kernel" || exit $?
	fi
	unlock_src
	printf '%s\n' "$kernel" >"$BUILD/kernel-$base-$1"
	[ "${1##*-}" != stock ] || [ ! -s "$kernel/unknown" ] ||
		note "Linux $version does not know $(paste -sd ' ' "$kernel/unknown") of arch/x86/configs"
}
