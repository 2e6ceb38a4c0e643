# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# The series of $base, and its git tree; a verb sources this after lib-base.sh.

tree=$BUILD/tree/$base

# What is built of arch/x86/kvm/svm/ whatever the configuration.
svm_objects='arch/x86/kvm/svm/svm.o arch/x86/kvm/svm/nested.o arch/x86/kvm/svm/avic.o
	arch/x86/kvm/svm/pmu.o'

# The patches of a base in order, one name a line.
series()
{
	[ -f "$top/patches/$1/series" ] || die 2 "there is no series for $1 yet"
	listed "$1"
}

# What the series is, by content.
series_id()
{
	series "$1" | while read -r patch; do
		cat "$top/patches/$1/$patch"
	done | sha_of
}

# variants_id: what stands for patches of the series, by content.
variants_id()
{
	find "$top/patches/$base" -path '*/variants/*' -name '*.patch' | sort | xargs -r cat | sha_of
}

# sweep_result VERSION: where "sweep" keeps that the series, or its variants, fit and
# build on that release of $base.
sweep_result()
{
	echo "$CACHE/sweep/$base-$1-$(series_id "$base")-$(variants_id)"
}

# take_out TREE: what apply_series has put there so far.
take_out()
{
	kernel_git "$1" am --abort 2>/dev/null || :
	kernel_git "$1" checkout -q -f -B series base
}

# apply_series TREE BASE: git am as a maintainer would run it, without 3-way
# merge (git am knows no fuzz); a failure leaves the tree at its base.
apply_series()
{
	kernel_git "$1" checkout -q -B series base
	for patch in $(series "$2"); do
		kernel_git "$1" am -q --no-3way --committer-date-is-author-date \
			"$top/patches/$2/$patch" || {
			take_out "$1"
			die 1 "$patch does not apply"
		}
	done
	kernel_git "$1" tag -f applied >/dev/null
	series_id "$2" >"$1/.git/vmcb12-series"
}

# push_applied: the series to $src; its last commit is $applied.
push_applied()
{
	applied=$(kernel_git "$tree" rev-parse applied)
	kernel_git "$tree" push -q "$src" "$applied:refs/states/$applied"
}

tree_is_dirty()
{
	[ -n "$(kernel_git "$tree" status --porcelain --untracked-files=no)" ]
}

# Nothing is in the tree but the base and what "tree" applied.
tree_is_ours()
{
	tree_is_dirty && return 1
	head=$(kernel_git "$tree" rev-parse HEAD)
	[ "$head" = "$(kernel_git "$tree" rev-parse 'base^{commit}')" ] ||
	[ "$head" = "$(kernel_git "$tree" rev-parse -q --verify 'applied^{commit}')" ]
}

# need_mutants: those of tools/testing/mutants that are for no base by name fit the
# first series.
need_mutants()
{
	[ "$base" = "$(bases | head -n1)" ] || skip "the mutants are for $(bases | head -n1)"
}

# mutant_commit FILE: print a commit of the series with the mutant on top.
mutant_commit()
{
	(
		GIT_INDEX_FILE=$scratch/index
		export GIT_INDEX_FILE
		kernel_git "$tree" read-tree applied
		# The mutants of the census read through a pointer of their own.
		for diff in "$(dirname "$1")/live-pointer.diff" "$1"; do
			[ ! -f "$diff" ] || kernel_git "$tree" apply --cached "$diff" || exit 1
		done
		kernel_git "$tree" write-tree
	) >"$scratch/tree-id" || die 1 "$(basename "$1") does not apply to the series"
	GIT_AUTHOR_DATE='2000-01-01T00:00:00Z' GIT_COMMITTER_DATE='2000-01-01T00:00:00Z' \
		kernel_git "$tree" commit-tree -p applied -m 'mutant' "$(cat "$scratch/tree-id")"
}
