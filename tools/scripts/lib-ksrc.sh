# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# A kernel tree of the user's own, $ksrc: what it is, and whether the series
# is for it.  Nothing in this file writes to it, not even to its git index.

# What its test kernel is configured by, in arch/x86/configs.
fragments='vm.config kvm.config census.config'

# user_git ARGS...: git in the user's tree, without locks, downloads or helpers.
# Whoever names a tree to be built trusts it, so its owner does not matter.
user_git()
{
	GIT_OPTIONAL_LOCKS=0 GIT_NO_LAZY_FETCH=1 \
	kernel_git "$ksrc" -c safe.directory="$ksrc" -c core.fsmonitor=false "$@"
}

ksrc_has_git()
{
	[ -e "$ksrc/.git" ]
}

# makefile_field NAME: VERSION, PATCHLEVEL or SUBLEVEL.
makefile_field()
{
	sed -n "s/^$1 *= *\([0-9][0-9]*\).*/\1/p" "$ksrc/Makefile" | head -n1
}

# Set ksrc, version and base, or end with what is wrong with the argument.
need_kernel()
{
	[ -d "$1" ] || die 2 "KSRC: there is no directory $1"
	ksrc=$(cd "$1" && pwd -P) || die 2 "KSRC: cannot enter $1"
	if [ ! -f "$ksrc/Makefile" ] || [ ! -f "$ksrc/Kconfig" ] ||
	   [ ! -d "$ksrc/arch/x86/kvm" ] || [ -z "$(makefile_field VERSION)" ]; then
		die 2 "KSRC: $1 is not a Linux source tree with arch/x86/kvm; give the directory that has VERSION in its Makefile"
	fi
	line=$(makefile_field VERSION).$(makefile_field PATCHLEVEL)
	sublevel=$(makefile_field SUBLEVEL)
	version=$line.$sublevel
	base=linux-$line.y
	base_field "$base" name >/dev/null ||
		die 2 "KSRC: no series for Linux $line ($1 is $version); known: $(bases | tr '\n' ' ')"
}

# pass_kernel: to the verbs that this one runs.
pass_kernel()
{
	VMCB12_KSRC_BASE=$base
	VMCB12_KSRC_VERSION=$version
	export VMCB12_KSRC_BASE VMCB12_KSRC_VERSION
}

# need_source_of BASE: what a check needs of a base that Debian does not ship.
need_source_of()
{
	! in_debian "$1" || return 0
	[ -n "${KSRC:-}" ] || skip "$1 $not_in_debian"
	[ "$(need_kernel "$KSRC" 2>/dev/null && echo "$base")" = "$1" ] ||
		skip "$1 is not in Debian's archive, and KSRC=$KSRC is no tree of it"
}

# What is proven must have a name: only what is committed counts.
need_clean()
{
	ksrc_has_git || return 0
	user_git rev-parse -q --verify 'HEAD^{tree}' >/dev/null ||
		die 2 "KSRC: git finds no commit in $ksrc; commit the tree, or give a copy without .git"
	edited=$(user_git status --porcelain --untracked-files=no) ||
		die 2 "KSRC: git status fails in $ksrc; give a copy without .git"
	[ -z "$edited" ] ||
		die 2 "KSRC: $ksrc has uncommitted changes ($(printf '%s\n' "$edited" | head -n1 | cut -c4-)); commit or stash them"
}

# Copy what the series touches to $scratch.
copy_touched()
{
	for patch in $(series "$base"); do
		sed -n 's#^+++ b/##p' "$top/patches/$base/$patch"
	done | sort -u | while read -r file; do
		[ -f "$ksrc/$file" ] || continue
		mkdir -p "$scratch/$(dirname "$file")"
		cp "$ksrc/$file" "$scratch/$file"
	done
}

# reverts N: the first N patches of the series can be taken out, last one first.
# One by one, since versions of git differ in how -R orders several patches.
reverts()
{
	scratch_for "$BUILD/inspect"
	copy_touched
	reverts=yes
	for patch in $(series "$base" | head -n "$1" | tac); do
		GIT_CEILING_DIRECTORIES=$BUILD kernel_git "$scratch" \
			apply -R "$top/patches/$base/$patch" 2>/dev/null || { reverts=; break; }
	done
	rm -rf -- "$scratch"
	scratch=
	[ -n "$reverts" ]
}

# A tree with the series, or its beginning, whatever its commits are called.
need_unpatched()
{
	all=$(series "$base" | wc -l)
	n=$all
	while [ "$n" -gt 0 ] && ! reverts "$n"; do
		n=$((n - 1))
	done
	[ "$n" -ne "$all" ] ||
		die 2 "KSRC: $ksrc has the series of $base already; give the tree without it: the proof compares the two"
	[ "$n" -eq 0 ] ||
		die 2 "KSRC: $ksrc has the first $n of the $all patches of $base already; give the tree without them"
}

# The body of enter_svm_guest_mode().
enter_svm_guest_mode()
{
	sed -n '/^[a-z].*enter_svm_guest_mode(.*[^;]$/,/^}/p' "$ksrc/arch/x86/kvm/svm/nested.c"
}

# Upstream since 7.1, and whatever else does the same: RIP is in the snapshot of
# the save area, and nested VMRUN does not read it anywhere else.
need_unfixed()
{
	sed -n '/^struct vmcb_save_area_cached {/,/^}/p' "$ksrc/arch/x86/kvm/svm/svm.h" |
		grep -q '^[[:space:]]*u64 rip;' || return 0
	! enter_svm_guest_mode | grep -q 'vmcb12->save\.rip' || return 0
	die 2 "KSRC: $ksrc is fixed already, as upstream is since 7.1: enter_svm_guest_mode() takes vmcb12's RIP from the snapshot; there is nothing to apply"
}

# The point releases that the series was tested on are a range, not a limit.
note_untested()
{
	tested=$(base_field "$base" tested)
	oldest=$(printf '%s' "${tested%%..[0-9]*}" | cut -d. -f3 | sed 's/[^0-9].*//')
	newest=$(printf '%s' "${tested##*..}" | cut -d. -f3 | sed 's/[^0-9].*//')
	case $oldest$newest in
	''|*[!0-9]*) return 0 ;;
	esac
	if [ "$sublevel" -lt "$oldest" ] || [ "$sublevel" -gt "$newest" ]; then
		note "$ksrc is $version; the series was tested on $line.$oldest..$newest: going on"
	fi
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
