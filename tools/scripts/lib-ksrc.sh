# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# A kernel tree of the user's own, $ksrc: what it is, and which patches are for
# it.  Nothing in this file writes to it, not even to its git index.

# objtool's libsubcmd is built with -Werror, and a newer compiler warns of more in old
# releases.  Nothing else of a kernel's build reads this.
export WERROR="${WERROR:-0}"

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

# version_of: of the Makefile on standard input.
version_of()
{
	awk '$2 == "=" && /^(VERSION|PATCHLEVEL|SUBLEVEL) / { part[$1] = $3 }
		END { print part["VERSION"] "." part["PATCHLEVEL"] "." part["SUBLEVEL"] }'
}

# need_tree DIR: set ksrc and its version, or end with what is wrong.
need_tree()
{
	[ -d "$1" ] || die 2 "KSRC: there is no directory $1"
	ksrc=$(cd "$1" && pwd -P) || die 2 "KSRC: cannot enter $1"
	! grep -qs "$(printf '\r')\$" "$ksrc/Makefile" "$ksrc/arch/x86/kvm/svm/nested.c" ||
		die 2 "KSRC: lines of $1 end with CRLF, which no patch expects; check it out with core.autocrlf=false"
	if [ ! -f "$ksrc/Makefile" ] || [ ! -f "$ksrc/Kconfig" ] ||
	   [ ! -d "$ksrc/arch/x86/kvm" ] || ! version_of <"$ksrc/Makefile" | grep -qxE '[0-9]+(\.[0-9]+){2}'; then
		die 2 "KSRC: $1 is not a Linux source tree with arch/x86/kvm; give the directory that has VERSION in its Makefile"
	fi
	[ -f "$ksrc/arch/x86/kvm/svm/nested.c" ] ||
		die 2 "KSRC: $1 has no arch/x86/kvm/svm/nested.c: no series is for a Linux before 5.7"
	version=$(version_of <"$ksrc/Makefile")
	line=${version%.*}
	sublevel=${version##*.}
}

# of_line BASE: the tree is one that the series of BASE is worked on with.
of_line()
{
	case $1 in
	"linux-$line.y") return 0 ;;
	kvm-next) [ "${line%%.*}" -ge 7 ] ;;
	*) return 1 ;;
	esac
}

# pass_kernel: to the verbs that this one runs, with the patches of patches/$base
# that were chosen for the tree, if any were.
pass_kernel()
{
	VMCB12_KSRC_BASE=$base
	VMCB12_KSRC_VERSION=$version
	export VMCB12_KSRC_BASE VMCB12_KSRC_VERSION
	[ -z "${chosen:-}" ] || {
		VMCB12_KSRC_SERIES=$chosen
		export VMCB12_KSRC_SERIES
	}
}

# prefer_ksrc: KSRC= that somebody gave with this verb stands before Debian's kernel of
# $base; before lib-base.sh.
prefer_ksrc()
{
	[ -z "${VMCB12_LOCKED:-}" ] && [ -n "${KSRC:-}" ] || return 0
	need_tree "$KSRC"
	pass_kernel
}

# need_source_of BASE: what a check needs of a base that Debian does not ship.
need_source_of()
{
	! in_debian "$1" || return 0
	[ -n "${KSRC:-}" ] || skip "$1 $not_in_debian"
	(need_tree "$KSRC" 2>/dev/null && of_line "$1") ||
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

# choose_for_tree STORE [BASE]: the patches that are for the tree, see lib/pick.sh.
choose_for_tree()
{
	[ -z "${2:-}" ] || need_base "$2"
	pick_store "$1"
	state_of_files "$ksrc"
	choose "$version" "${2:-}"
}

# need_part BASE: what PART= names, if it does, can be taken alone.
need_part()
{
	[ -n "${PART:-}" ] || return 0
	case $PART,$(parts_of "$1") in
	fixes,fixes\ *) ;;
	fixes,*) die 2 "PART: $1 has no part 'fixes'; 'make mbox' writes the parts that it has: $(parts_of "$1")" ;;
	*) die 2 "PART=$PART: the fixes can be taken alone (PART=fixes), and all else is on top of them" ;;
	esac
}

# keep_parts PARTS...: leave of what was chosen what is in them.  What is in the way of
# the rest is not in their way.
keep_parts()
{
	while read -r word name file; do
		case " $* " in
		*" $(status_of "$base" "$name" part) "*) echo "$word $name${file:+ $file}" ;;
		esac
	done <"$pick/$base" >"$pick/part"
	mv "$pick/part" "$pick/$base"
}

# take_part: of what was chosen, the part that PART= names, if it does.
take_part()
{
	need_part "$base"
	[ -n "${PART:-}" ] || return 0
	keep_parts "$PART"
	note "the $PART of $base alone"
}

# need_unpatched: a proof compares two trees.
need_unpatched()
{
	[ -z "$(to_apply)" ] && fits "$base" || return 0
	die 2 "KSRC: $ksrc has the series of $base already; give the tree without it: the proof compares the two"
}

# need_fit: end, if a patch is in the way, with what differs.
need_fit()
{
	fits "$base" && return
	what_differs >&2
	die 1 "KSRC: no series applies to $ksrc ($version) as it is; 'make carry KSRC=$ksrc BASE=$base' merges $base into it three ways, and without BASE= the nearest line that merges"
}

# body_of FUNCTION FILE
body_of()
{
	sed -n "/^[a-z].*$1(.*[^;]\$/,/^}/p" "$2"
}

# note_snapshot: a tree whose snapshot of vmcb12's save area has more than the
# lines of 2021 have, but not all that nested VMRUN uses.
note_snapshot()
{
	svm=$ksrc/arch/x86/kvm/svm
	has=$(sed -n '/^struct vmcb_save_area_cached {/,/^}/p' "$svm/svm.h" |
		sed -n 's/^[[:space:]].*[ \t]\([a-z0-9_]*\);.*/\1/p' | paste -sd ' ')
	case " $has " in
	*' rip '*|*' rsp '*|*' rax '*) ;;
	*) return 0 ;;
	esac
	live=$({
		body_of enter_svm_guest_mode "$svm/nested.c"
		body_of nested_vmcb02_prepare_save "$svm/nested.c"
		body_of nested_vmcb02_prepare_control "$svm/nested.c"
	} | grep -o 'vmcb12->save\.[a-z0-9_]*' | sed 's/.*\.//' | awk '!seen[$1]++' | paste -sd ' ')
	[ -n "$live" ] || ! fits "$base" || return 0
	note "its snapshot of vmcb12's save area has $has already"
	note "what nested VMRUN reads from vmcb12 all the same: ${live:-nothing of that area}"
}

# The point releases that the series was tested on are a range, not a limit.
note_untested()
{
	tested=$(base_field "$base" tested)
	oldest=$(printf '%s' "${tested%%..[0-9]*}" | cut -d. -f3 | sed 's/[^0-9].*//')
	newest=$(printf '%s' "${tested##*..}" | cut -d. -f3 | sed 's/[^0-9].*//')
	case $tested in
	"$line".*) ;;
	*) oldest=none ;;
	esac
	case $oldest$newest in
	*[!0-9]*) oldest=9999 newest=0 ;;
	esac
	if [ "$sublevel" -lt "$oldest" ] || [ "$sublevel" -gt "$newest" ]; then
		note "$ksrc is $version; the series was tested on $tested; to apply is no proof, 'make prove KSRC=' is"
	fi
}
