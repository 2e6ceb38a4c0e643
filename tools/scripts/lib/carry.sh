# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# A series that does not apply strictly, on $state; sourced after lib/pick.sh.
#
#   merge_base BASE   try it: what became of each patch is in $pick/$BASE, as of
#                     "choose", with "carry NAME TREE BEFORE" for what was merged
#                     and "conflict NAME" for the first that could not be
#
# A patch is merged three ways.  Where that is a conflict, since the neighbours of
# its lines differ, one line of context is enough if all lands in the functions that
# it was made for.  Either way the patch's lines are what is added and removed.
#
# The third side is what BASE has of the files that its series changes.  The index
# lines of the patches name these blobs; they are found in the sources that are in
# the cache, and in the git directories that the caller adds to the alternates.

# preimage_of BASE: on the index.  The first patch that changes a file names what it
# was before.
preimage_of()
{
	series_of "$1" | sed "s#^#$top/patches/$1/#" | xargs cat |
		awk '/^diff --git a\// { path = substr($3, 3) }
			/^index / && !seen[path]++ && $2 !~ /^0+\./ { sub(/\.\..*/, "", $2); print $2, path }' \
		>"$pick/preimages"
	while read -r blob path; do
		id=$(kernel_git "$pick" rev-parse -q --verify "$blob^{blob}") || {
			lacks="$path of $1 (blob $blob)"
			return 1
		}
		printf '100644 blob %s\t%s\n' "$id" "$path"
	done <"$pick/preimages" >"$pick/entries"
	kernel_git "$pick" read-tree --empty
	kernel_git "$pick" update-index --index-info <"$pick/entries"
}

# commit_tree TREE [PARENT DATE]: its message is standard input.
commit_tree()
{
	GIT_AUTHOR_DATE=${3:-2000-01-01T00:00:00Z} GIT_COMMITTER_DATE=2000-01-01T00:00:00Z \
		kernel_git "$pick" commit-tree ${2:+-p "$2"} "$1"
}

# message_of FILE: of a commit.
message_of()
{
	part "$1" subject
	echo
	part "$1" log
	echo
	part "$1" trailers
}

# commits_of BASE: each patch as a commit on what BASE has: "NAME COMMIT PARENT" in
# $pick/commits-BASE.
commits_of()
{
	[ ! -s "$pick/commits-$1" ] || return 0
	preimage_of "$1" || return 1
	parent=$(echo "$1" | commit_tree "$(tree_id)")
	series_of "$1" | while read -r name; do
		kernel_git "$pick" apply --cached "$top/patches/$1/$name" || exit 3
		commit=$(message_of "$top/patches/$1/$name" | commit_tree "$(tree_id)" "$parent" \
			"$(sed -n '1,/^$/s/^Date: //p' "$top/patches/$1/$name")")
		echo "$name $commit $parent"
		parent=$commit
	done >"$pick/commits-$1.new" || die 3 "the series of $1 does not apply to what its index lines name"
	mv "$pick/commits-$1.new" "$pick/commits-$1"
}

# made BEFORE TREE: the diff between them.
made()
{
	kernel_git "$pick" diff-tree -r -p --no-renames "$1" "$2"
}

# same_lines FILE BEFORE TREE: what was merged adds and removes the patch's lines.
same_lines()
{
	made "$2" "$3" | changed >"$pick/merged"
	changed <"$1" | cmp -s - "$pick/merged"
}

# places: the functions that the diff on standard input names.
places()
{
	sed -n 's/^diff --git //p; s/^@@ [^@]* @@ *//p' | uniq
}

# merge_one BASE NAME BEFORE: print the tree that the merge makes of tree BEFORE.
merge_one()
{
	awk -v name="$2" '$1 == name { print $2, $3 }' "$pick/commits-$1" >"$pick/pair"
	read -r theirs parent <"$pick/pair"
	ours=$(echo ours | commit_tree "$3" "$parent")
	kernel_git "$pick" -c merge.renames=false merge-tree --write-tree --name-only \
		"$ours" "$theirs" >"$pick/merge" 2>&1 || return 1
	head -n1 "$pick/merge"
}

# fuzz_one BASE NAME BEFORE: the same, by one line of context.
fuzz_one()
{
	kernel_git "$pick" read-tree "$3"
	apply_cached -C1 "$top/patches/$1/$2" || return 1
	fuzzed=$(tree_id)
	made "$3" "$fuzzed" | places >"$pick/places"
	places <"$top/patches/$1/$2" | cmp -s - "$pick/places" || return 1
	echo "$fuzzed"
}

# carry_one BASE NAME BEFORE
carry_one()
{
	for way in merge_one fuzz_one; do
		made_tree=$("$way" "$@") || continue
		if same_lines "$top/patches/$1/$2" "$3" "$made_tree"; then
			echo "$made_tree"
			return
		fi
	done
	return 1
}

# merge_base BASE: fails if the third side is not here; $lacks says what is not.
merge_base()
{
	commits_of "$1" || return 1
	pick_begin "$1"
	series_of "$1" | while read -r name; do
		if grep -qxF "$name" "$pick/has"; then
			echo "has $name"
			continue
		elif file=$(file_for "$1" "$name"); then
			echo "apply $name $file"
			continue
		fi
		before=$(tree_id)
		if merged=$(carry_one "$1" "$name" "$before"); then
			echo "carry $name $merged $before"
			kernel_git "$pick" read-tree "$merged"
		elif a_test "$1" "$name"; then
			echo "leave $name"
		else
			echo "conflict $name"
			break
		fi
	done >"$pick/$1"
}

# merges BASE: nothing of it is in conflict.
merges()
{
	[ "$(count_of "$1" conflict)" -eq 0 ] &&
		[ $(($(count_of "$1" carry) + $(count_of "$1" apply))) -gt 0 ]
}

# merge_any VERSION [BASE]: the nearest series that merges, of the tree's own line
# where there is one.  $base is the one, or the first that gets furthest.
merge_any()
{
	base=
	most=-1
	near=$(own_line "$1")
	for any in ${2:-${near:-$(bases_near "$1")}}; do
		merge_base "$any" || continue
		! merges "$any" || { base=$any; return 0; }
		some=$(reached "$any")
		[ "$some" -gt "$most" ] || continue
		base=$any
		most=$some
	done
	return 1
}
