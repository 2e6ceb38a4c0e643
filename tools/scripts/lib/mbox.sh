# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# What "mbox" makes its mails of; sourced after lib/patch.sh.  $work is a git
# tree below $scratch, with the base at tag "base".

# in_parts PART...: their patches, in the order of the series.
in_parts()
{
	for name in $(listed "$base"); do
		case " $* " in
		*" $(status_of "$base" "$name" part) "*) echo "$name" ;;
		esac
	done
}

# for_security: which mails of $part have what is in patches/security.
for_security()
{
	mail=0
	for name in $(in_parts "$part"); do
		mail=$((mail + 1))
		! part "$top/patches/$base/$name" subject | grep -qxFf - "$top/patches/security" ||
			echo "$mail"
	done | paste -sd ' '
}

# choose_part NAME: $part is to be sent, on top of the parts in $needs, under $prefix.
choose_part()
{
	part=$1
	case $part,$base in
	,linux-*) part=fixes ;;
	,*) die 2 "which part of $base?  PART=$(parts_of "$base" | sed 's/ /, /g; s/\(.*\),/\1 or/')" ;;
	esac
	letter=$top/patches/$base/cover-$part
	case " $(parts_of "$base") " in
	*" $part "*) ;;
	*) die 2 "$base has no part '$part'; it has $(parts_of "$base")" ;;
	esac
	[ -n "$(in_parts "$part")" ] ||
		die 2 "KSRC: HEAD of $KSRC has the $part of $base already; there is nothing to send"
	case $part in
	hardening) needs=fixes ;;
	*) needs=$(sed -n 's/^On top of: //p' "$letter" 2>/dev/null) || : ;;
	esac
	prefix=$(prefix_of "$base")
	! grep -q '^\[RFC\] ' "$letter" 2>/dev/null || prefix="RFC $prefix"
}

# below BRANCH [COMMIT]: make it of the base, or COMMIT, and what $part needs.
below()
{
	kernel_git "$work" checkout -q -B "$1" "${2:-base}"
	# shellcheck disable=SC2086 # words on purpose
	in_parts $needs | while read -r name; do
		kernel_git "$work" am -q --no-3way "$top/patches/$base/$name" || return 1
	done
}

# work_of OBJECTS COMMIT [SHALLOW]: make $work, with the objects of another one.
work_of()
{
	kernel_git "$scratch" init -q -b series "$work"
	printf '%s\n' "$1" >"$work/.git/objects/info/alternates"
	[ ! -f "${3:-}" ] || cp "$3" "$work/.git/shallow"
	kernel_git "$work" tag base "$2"
	{
		echo '/*'
		echo '!/*/'
		echo '/scripts/get_maintainer.pl'
		for name in $(listed "$base"); do
			files_of "$top/patches/$base/$name" | sed 's#^#/#'
		done
	} >"$scratch/sparse"
	kernel_git "$work" sparse-checkout set --no-cone --stdin <"$scratch/sparse"
	kernel_git "$work" checkout -q -B series base || die 3 "cannot check out the base (disk full?)"
}

# head_of DIR: $head of the user's git tree, which is only read, and its $objects.
head_of()
{
	[ -d "$1" ] || die 2 "KSRC: there is no directory $1"
	ksrc=$(cd "$1" && pwd -P)
	head=$(user_git rev-parse -q --verify 'HEAD^{commit}' 2>/dev/null) ||
		die 2 "KSRC: git finds no commit in $1; a base-commit needs one"
	user_git cat-file -e "$head:arch/x86/kvm/svm/nested.c" 2>/dev/null ||
		die 2 "KSRC: HEAD of $1 is no Linux source with nested SVM"
	[ -n "$(user_git for-each-ref --contains="$head" refs/tags refs/remotes)" ] ||
		die 2 "KSRC: no tag and no remote branch has HEAD of $1, so nobody else has it; check out a release or a maintainer's branch"
	objects=$(user_git rev-parse --git-path objects)
	objects=$(cd "$ksrc" && cd "$objects" && pwd -P)
}

# for_head DIR: choose the patches that are for HEAD of the user's git tree.
for_head()
{
	. "$scripts/lib-ksrc.sh"
	. "$scripts/lib/pick.sh"
	head_of "$1"
	version=$(user_git show "$head:Makefile" | version_of)
	pick_store "$scratch/pick"
	echo "$objects" >>"$pick/.git/objects/info/alternates"
	state_of_commit "$(user_git rev-parse --absolute-git-dir)" "$head"
	[ -z "$base" ] || need_base "$base"
	choose "$version" "$base"
	choose_part "${PART:-}"
	# shellcheck disable=SC2086 # words on purpose
	keep_parts "$part" $needs
	explain
	need_fit
	chosen=$(to_apply)
	[ -n "$chosen" ] || die 2 "KSRC: HEAD of $1 has the $part of $base already; there is nothing to send"
	# Not passed on: what else runs is about the base, not about this tree.
	VMCB12_KSRC_BASE=$base
	VMCB12_KSRC_SERIES=$chosen
}

# has_note NAME: it says by itself what upstream has, or it is a test.
has_note()
{
	part "$top/patches/$base/$1" log | grep -qE '^(\[ |Upstream, commit |Upstream has no )' ||
		! grep -q '^+++ b/arch/' "$top/patches/$base/$1"
}

# upstream_note NAME: the commits whose work the patch does.  Who takes it to a stable
# line wants to know as well that there is none.
upstream_note()
{
	! has_note "$1" || return 0
	note_of "$1" | fmt -w 73 | sed '2,$s/^/  /; $s/$/\n/'
}

# note_of NAME: on one line.
note_of()
{
	ids=$(same_work "$base" "$1")
	if [ -n "$ids" ]; then
		for id in $ids; do
			printf 'commit %s ("%s")\n' "$id" "$(commit_field "$id" 2)"
		done | awk '{ list = list (NR > 1 ? " and " : "") $0 }
			END { print "[ Upstream, " list (NR > 1 ? " do" : " does") " this work. ]" }'
	elif [ "$(prefix_of "$base")" != PATCH ] && [ "$(status_of "$base" "$1" relation)" = none ]; then
		echo "[ Upstream has no commit that does this: $(status_of "$base" "$1" detail). ]"
	fi
}

# mail_of NAME: the patch as the sender's.  A fix for mainline goes to stable, and KVM
# x86 has it said; what goes to a stable line is addressed to it.
mail_of()
{
	stable=
	[ "$(prefix_of "$base")" != PATCH ] || stable='Cc: stable@vger.kernel.org'
	file=$top/patches/$base/$1
	echo "From: $SIGNOFF"
	sed -n '1,/^$/s/^Date: /&/p' "$file"
	echo "Subject: [PATCH] $(part "$file" subject)"
	echo
	part "$file" log
	upstream_note "$1"
	part "$file" trailers | awk -v text="${ASSISTED:-}" -v stable="$stable" '
		stable != "" && fixes && !/^(Fixes|Cc): / { print stable; fixes = 0 }
		{ fixes = fixes + /^Fixes: / }
		/^Cc: .*stable@/ { stable = "" }
		text != "" && /^Assisted-by: / { $0 = "Assisted-by: " text }
		{ print }'
	echo "Signed-off-by: $SIGNOFF"
	echo '---'
	part "$file" diff
}

# previous_series MBOX: branch "previous", on the commit that it was made for.
previous_series()
{
	made_for=$(sed -n 's/^base-commit: //p' "$1" | head -n1)
	kernel_git "$work" cat-file -e "${made_for:-none}^{commit}" 2>/dev/null || made_for=base
	below previous "$made_for"
	kernel_git "$work" tag previous-below
	if ! kernel_git "$work" am -q --no-3way --empty=drop "$1" ||
	   kernel_git "$work" diff --quiet previous-below previous; then
		die 1 "$1 does not apply to $made_for, so there is no range-diff"
	fi
	kernel_git "$work" checkout -q series
}

# prefix_of BASE: stable lines are named, as their maintainers ask.
prefix_of()
{
	echo "$1" | sed -n 's/^linux-\([0-9.]*\.y\)$/PATCH \1/p' | grep . || echo PATCH
}

# recipients MAIL...: as options of format-patch.  Fixes of a stable line go to the
# stable list, and the maintainers are copied.
recipients()
{
	case $part in
	fixes) people=--cc=; echo '--to=stable@vger.kernel.org' ;;
	*) people=--to= ;;
	esac
	# shellcheck disable=SC2086 # words on purpose
	for kind in "--nol $people" "--nom --nor --cc="; do
		(cd "$work" && perl scripts/get_maintainer.pl --no-tree --no-git --no-git-fallback --no-fixes \
			--no-rolestats --no-roles ${kind% *} "$@") | sed "s/^/${kind##* }/"
	done | awk '!seen[tolower($0)]++'
}

# title_of PART: of its cover letter.
title_of()
{
	if [ -f "$top/patches/$base/cover-$1" ]; then
		sed -n '1s/^\[RFC\] //; 1p' "$top/patches/$base/cover-$1"
	elif [ "$1" = fixes ]; then
		echo "KVM: SVM: Fix nested VMRUN, RSM and what is injected into L2"
	else
		echo "KVM: nSVM: Snapshot vmcb12 on nested VMRUN"
	fi
}

# on_top PART...: say what they are.
on_top()
{
	for needed; do
		printf '"%s"\n' "$(title_of "$needed")"
	done | awk '{ list = list (NR > 1 ? " and " : "") $0 }
		END { print "This goes on top of " list "." }' | fmt -w 72
}

# upstream_words NAME: its row of the status table, to be read.
upstream_words()
{
	ids=$(status_of "$base" "$1" ids | paste -sd '&' | sed 's/&/ and /g')
	case $(status_of "$base" "$1" relation) in
	same-work) printf 'the work of %s: ' "$ids" ;;
	part-of) printf 'part of %s: ' "$ids" ;;
	prerequisite) printf 'needed by ' ;;
	none) printf 'not upstream: ' ;;
	esac
	status_of "$base" "$1" detail
}

# generated_blurb: the cover letter of a stable line's part.
generated_blurb()
{
	if [ "$part" = fixes ]; then
		echo "Each patch fixes a bug that users can have, or is the test of such a fix."
		echo "What mainline has of it:"
	else
		echo "Load each field of vmcb12 that nested VMRUN, #VMEXIT and RSM use once, so"
		echo "that a write by another vCPU of L1 cannot have KVM act on two values of it."
		echo "It is hardening, and not meant for stable.  What mainline has of it:"
	fi
	echo
	# The numbers of the series become those of the mails.
	in_parts "$part" | while read -r name; do
		number_of "$base" "$name"
	done | awk '{ print "s/\\<" $0 "\\>/patch " NR "/g" }' >"$scratch/numbers"
	for name in $(in_parts "$part"); do
		echo "$(number_of "$base" "$name") $(upstream_words "$name")" |
			sed -f "$scratch/numbers" -e 's/^patch //' |
			fmt -w 70 | sed '1s/^/  /; 2,$s/^/    /'
	done
	echo
	tested=$(base_field "$base" tested)
	echo "Applied and built on $tested.  The proof is made in emulators,"
	echo "QEMU's TCG and, for NRIPS, Bochs with fixes for it (nrips.rst).  Nothing"
	echo "has run on AMD hardware."
	if [ -n "$needs" ]; then
		echo
		echo "On top of: $needs"
	fi
}

# cover FILE: fill in what format-patch leaves to the author.  The range-diff
# goes below a line of dashes: it is no part of what is merged.
cover()
{
	title_of "$part" >"$scratch/title"
	if [ -f "$letter" ]; then
		sed 1,2d "$letter"
	else
		generated_blurb
	fi | while IFS= read -r line; do
		# shellcheck disable=SC2086 # words on purpose
		case $line in
		'On top of: '*) on_top $needs ;;
		*) printf '%s\n' "$line" ;;
		esac
	done >"$scratch/blurb"
	awk -v title="$scratch/title" -v blurb="$scratch/blurb" '
		/^Subject: / { getline text <title; sub(/\*\*\* SUBJECT HERE \*\*\*/, text) }
		/^\*\*\* BLURB HERE \*\*\*$/ { while ((getline text <blurb) > 0) print text; next }
		/^Range-diff / { print "---" }
		{ print }' "$1" >"$scratch/cover"
	mv "$scratch/cover" "$1"
}

# maintained: each file that the series adds has a list in MAINTAINERS.
maintained()
{
	kernel_git "$work" diff --name-only --diff-filter=A base series >"$scratch/added"
	while read -r file; do
		(cd "$work" && perl scripts/get_maintainer.pl --no-tree --no-git --no-git-fallback \
			--no-rolestats --nom --nor -f "$file") | grep -v '^linux-kernel@' | grep -q @ || return 1
	done <"$scratch/added"
}

# checkpatch MAIL...: with nothing ignored.  Its rules change with the kernel;
# those of the newest source that is here are asked.  "Does MAINTAINERS need
# updating?" is a question, and answered before.
checkpatch()
{
	rules=$CACHE/src/$(for other in $(bases); do
		awk '$1 == "source" { print $3 }' "$CACHE/bases/$other/manifest" 2>/dev/null || :
	done | sort -V | while read -r newer; do
		[ ! -f "$CACHE/src/$newer/scripts/checkpatch.pl" ] || echo "$newer"
	done | tail -n1)
	[ -f "$rules/scripts/checkpatch.pl" ] || rules=$work
	mkdir "$scratch/rules"
	for file in checkpatch.pl spelling.txt const_structs.checkpatch; do
		kernel_git "$rules" show "base:scripts/$file" >"$scratch/rules/$file"
	done
	forgive_typos "$scratch/rules/spelling.txt"
	answered=
	! maintained || answered='--ignore FILE_PATH_CHANGES'
	# shellcheck disable=SC2086 # words on purpose
	with_commits perl "$scratch/rules/checkpatch.pl" --no-tree --strict -q \
		$answered "$@"
}
