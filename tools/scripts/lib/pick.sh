# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# Which patches are for a tree: by trying them, on an index of ours and on what the
# tree has of the files that any series touches.  Sourced after lib/patch.sh.
#
#   pick_store DIR            make $pick, a repository for it
#   state_of_files TREE       take them from a directory, or
#   state_of_commit GIT REV   from a commit: $state is the id of what was taken
#   choose VERSION [BASE]     try the series; $base is the one that is for it
#
# What became of each patch is in $pick/$base, a line each:
#
#   has NAME            the tree has it
#   apply NAME FILE     it applies, strictly; FILE is NAME, a variant of it, or what
#                       was made of it for a tree with a part of the snapshot
#   leave NAME          a test, and does not apply: it is left out
#   misfit NAME         it does not apply

. "$scripts/lib/snapshot.sh"

# Carried patches, a directory for each state of a tree, see "carry".
carried=$BUILD/carry

# The series that may go over a part of the snapshot, see lib/snapshot.sh.
over=

# variants_of BASE NAME: the files that may stand for the patch: the variants that the
# tree took for other patches, then the patch itself, then the rest.  A variant says
# what the tree is like; the patch itself can apply there and yet not be enough.  Its
# name has no number, so that it is still found when the order changes.
variants_of()
{
	{
		cat "$pick/taken"
		echo .
		awk -F '\t' -v base="$1" '!/^#/ && $1 == base { print $2 }' "$top/patches/variants"
	} | awk '!seen[$0]++' | while read -r variant; do
		file=variants/$variant/${2#[0-9][0-9][0-9][0-9]-}
		[ "$variant" != . ] || file=$2
		[ ! -f "$top/patches/$1/$file" ] || echo "$file"
	done
}

# take FILE: of a variant, it comes first from now on.
take()
{
	case $1 in
	variants/*) basename "$(dirname "$1")" >>"$pick/taken" ;;
	esac
}

# all_touched: the files that any patch of any series changes.
all_touched()
{
	for any in $(bases); do
		find "$top/patches/$any" -name '*.patch' ! -name '0000-*'
	done | while read -r file; do
		files_of "$file"
	done | sort -u | grep -v '^/dev/null$'
}

pick_store()
{
	pick=$1
	mkdir -p "$pick"
	kernel_git "$pick" init -q || die 3 "cannot write to $pick"
	# Where the preimages of a merge can be: the sources that are here.
	for any in "$CACHE"/src/*/.git/objects "$CACHE"/ksrc/*/.git/objects; do
		[ ! -d "$any" ] || echo "$any"
	done >"$pick/.git/objects/info/alternates"
	all_touched >"$pick/touched"
}

# take_state: $state of the lines "MODE blob ID<tab>PATH" of standard input.
take_state()
{
	kernel_git "$pick" read-tree --empty
	kernel_git "$pick" update-index --index-info
	state=$(kernel_git "$pick" write-tree) || die 3 "cannot write to $pick (disk full?)"
}

state_of_files()
{
	while read -r file; do
		[ ! -f "$1/$file" ] || echo "$file"
	done <"$pick/touched" >"$pick/there"
	sed "s#^#$1/#" "$pick/there" |
		kernel_git "$pick" hash-object -w --no-filters --stdin-paths >"$pick/ids" ||
		die 2 "cannot read the files of $1"
	paste "$pick/ids" "$pick/there" | sed 's/^/100644 blob /' >"$pick/entries"
	take_state <"$pick/entries"
}

# state_of_commit GIT REV: GIT's objects must be among the alternates.
state_of_commit()
{
	xargs -d '\n' -a "$pick/touched" git --git-dir "$1" ls-tree "$2" -- \
		>"$pick/entries" || die 2 "$1 has not the tree of $2"
	take_state <"$pick/entries"
}

# bases_near VERSION: all bases, the nearest line first.  What is no release line
# counts as the version that stands for it.  The last of 5.x and 6.x had number 19.
bases_near()
{
	for any in $(bases); do
		case $any in
		linux-*.y) echo "$any ${any#linux-}" ;;
		*) echo "$any $(base_field "$any" tested)" ;;
		esac
	done | awk -v version="$1" '
		function place(v, part) { split(v, part, "."); return part[1] * 20 + part[2] }
		{ d = place($2) - place(version); print (d < 0 ? -d : d), NR, $1 }' |
		sort -n -k1,1 -k2,2 | cut -d' ' -f3
}

# a_test BASE NAME: the patch changes nothing but tests.
a_test()
{
	! files_of "$top/patches/$1/$2" | grep -v '^/dev/null$' | grep -qv '^tools/testing/'
}

apply_cached()
{
	kernel_git "$pick" apply --cached "$@" 2>/dev/null
}

# tree_id: of the index.
tree_id()
{
	kernel_git "$pick" write-tree
}

# taken_out BASE: print which patches the tree has.  The last one first, since what
# came later changed its context.
taken_out()
{
	: >"$pick/taken"
	kernel_git "$pick" read-tree "$state"
	series_of "$1" | tac | while read -r name; do
		for file in $(variants_of "$1" "$name"); do
			apply_cached -R "$top/patches/$1/$file" || continue
			take "$file"
			echo "$name"
			break
		done
	done
}

# apply_one BASE NAME: print the file that applies.
apply_one()
{
	for file in $(variants_of "$1" "$2"); do
		if apply_cached "$top/patches/$1/$file"; then
			take "$file"
			echo "$file"
			return
		fi
	done
	return 1
}

# pick_begin BASE: to try it, on the index.  What the tree has in its snapshot already matters
# for $over, the series that it is for.
pick_begin()
{
	taken_out "$1" >"$pick/has"
	fields=
	[ "$1" != "$over" ] || fields_there "$1"
	kernel_git "$pick" read-tree "$state"
}

# file_for BASE NAME: apply the patch, and print its file.
file_for()
{
	apply_one "$@" || { [ -n "$fields" ] && over_one "$@"; }
}

# try_base BASE: write $pick/BASE; the index is what the tree would be.
try_base()
{
	pick_begin "$1"
	series_of "$1" | while read -r name; do
		if grep -qxF "$name" "$pick/has"; then
			echo "has $name"
		elif file=$(file_for "$1" "$name"); then
			echo "apply $name $file"
		elif a_test "$1" "$name"; then
			echo "leave $name"
		else
			echo "misfit $name"
		fi
	done >"$pick/$1"
}

# count_of BASE WORD
count_of()
{
	grep -c "^$2 " "$pick/$1" || :
}

# reached BASE: how many patches are in the tree, or go there.
reached()
{
	grep -cE '^(has|apply|carry) ' "$pick/$1" || :
}

# fits BASE: nothing of it is in the way, and it is not only tests.
fits()
{
	[ "$(count_of "$1" misfit)" -eq 0 ] && [ "$(reached "$1")" -gt 0 ]
}

# own_line VERSION: the base of that line, if there is one.
own_line()
{
	bases | grep -xF "linux-${1%.*}.y" || :
}

# looks_fit BASE: a patch that begins the series applies; what is cheap to know of
# lines that are not the tree's own.
looks_fit()
{
	: >"$pick/taken"
	kernel_git "$pick" read-tree "$state"
	apply_one "$1" "$(series_of "$1" | head -n1)" >"$pick/looks"
}

# carried_name VERSION: of the directory for $state.
carried_name()
{
	echo "$1-$(printf '%.12s' "$state")"
}

# carried_id BASE: what the series was that was carried.
carried_id()
{
	series_of "$1" | sed "s#^#$top/patches/$1/#" | xargs cat | sha_of
}

# take_carried VERSION [BASE]: what "carry" has made for this state, if the series
# is still the same.
take_carried()
{
	name=$(carried_name "$1")
	[ -f "$carried/$name/choice" ] || return 1
	read -r of id <"$carried/$name/of"
	[ -z "${2:-}" ] || [ "$2" = "$of" ] || return 1
	[ "$id" = "$(carried_id "$of")" ] || {
		note "build/carry/$name is of what patches/$of was before; 'make carry' again"
		return 1
	}
	base=$of
	cp "$carried/$name/choice" "$pick/$base"
}

# choose VERSION [BASE]: the nearest series that fits.  If none does, what was
# carried, that of the tree's own line, or the one of which most applies.
choose()
{
	base=
	most=-1
	own=$(own_line "$1")
	over=${2:-$own}
	for any in ${2:-$(bases_near "$1")}; do
		[ -z "$base" ] || [ -z "$own" ] || looks_fit "$any" || continue
		try_base "$any"
		if fits "$any"; then
			base=$any
			return
		fi
		some=$(reached "$any")
		[ "$any" != "$own" ] || some=999
		[ "$some" -gt "$most" ] || continue
		base=$any
		most=$some
	done
	take_carried "$@" || :
}

# to_apply: the files of $base that are to be applied, relative to patches/BASE.
to_apply()
{
	sed -n 's/^apply [^ ]* //p' "$pick/$base"
}

# in_project: the same, relative to the project's root.
in_project()
{
	sed "s#^#patches/$base/#; s#^patches/$base/\.\./\.\./##"
}

# why_not BASE NAME: the lines that differ from what the patch wants, on the index.
why_not()
{
	file=$top/patches/$1/$2
	files_of "$file" | grep -v '^/dev/null$' | while read -r path; do
		if ! kernel_git "$pick" cat-file -e ":$path" 2>/dev/null; then
			grep -qx -e '--- /dev/null' "$file" || echo "$path: the tree has no such file"
			continue
		fi
		kernel_git "$pick" cat-file blob ":$path" >"$pick/text"
		awk -v path="$path" -f "$scripts/lib/misfit.awk" "$file" "$pick/text"
	done
}

# what_differs: why the first patch that does not apply does not.
what_differs()
{
	first=$(sed -n 's/^misfit //p' "$pick/$base" | head -n1)
	kernel_git "$pick" read-tree "$state"
	sed '/^misfit /,$d' "$pick/$base" | sed -n 's/^apply [^ ]* //p' | while read -r file; do
		apply_cached "$top/patches/$base/$file"
	done
	echo "$first stops at"
	why_not "$base" "$first"
}

# count_carried: how many patches were made on this machine.
count_carried()
{
	to_apply | grep -c '^\.\./' || :
}

# explain_file NAME FILE: a patch that is not the series' own file.
explain_file()
{
	case $2 in
	../*)
		how=carried
		! grep -q '^Resolved by hand' "$top/patches/$base/$2" || how='resolved by hand'
		there=$(sed -n 's/^Over what the tree has in its snapshot already: \(.*\)\.$/\1/p' "$top/patches/$base/$2")
		note "$how${there:+, over what is snapshotted already ($there)}: $1" ;;
	*) note "by a variant: $2" ;;
	esac
}

# explain: to stderr, what was chosen, and what is not applied.
explain()
{
	all=$(wc -l <"$pick/$base")
	has=$(count_of "$base" has)
	if [ "$has" -eq "$all" ]; then
		note "Linux $version has all ${PART:-patches} of $base already: nothing to apply"
		return
	fi
	note "Linux $version: $base, $(count_of "$base" apply) of $all patches"
	if [ "$has" -gt 0 ] && [ "$(head -n "$has" "$pick/$base" | grep -c '^has ')" -eq "$has" ]; then
		note "it has the first $has already: going on from $((has + 1))"
	fi
	while read -r word name file; do
		case $word in
		has) note "needless, the tree has it: $name" ;;
		leave) note "left out, a test that does not apply: $name" ;;
		apply) [ "$name" = "$file" ] || explain_file "$name" "$file" ;;
		misfit) note "does not apply: $name" ;;
		esac
	done <"$pick/$base"
	[ "$(count_carried)" -eq 0 ] ||
		note "what is carried was read by nobody for this tree, and is not proven until 'make prove KSRC=' ends with ok"
}
