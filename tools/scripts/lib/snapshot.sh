# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# A tree whose snapshot of vmcb12's save area has a part of what the series puts there:
# RIP alone, or RSP and RAX as well.  Sourced by lib/pick.sh.
#
# For the patch that puts such a field there, it is taken out of the snapshot first, in
# the index.  For any other patch, "vmcb12->save.rip" reads "svm->nested.save.rip", so
# that a part of the series leaves the tree what it has.  Either way the patch has to
# apply strictly then, and the whole series makes of the tree what it makes of one
# without that part.

svm_h=arch/x86/kvm/svm/svm.h
nested_c=arch/x86/kvm/svm/nested.c

# members: of the snapshot in the svm.h on standard input.
members()
{
	sed -n '/^struct vmcb_save_area_cached {/,/^}/s/^[[:space:]].*[ \t]\([a-z0-9_]*\);.*/\1/p'
}

# puts: which of $pick/members the patches on standard input put into svm.h.
puts()
{
	awk '/^\+\+\+ / { on = /svm\.h$/ }
		on && /^\+\t[a-z].*;/ { sub(/;.*/, ""); sub(/.* /, ""); print }' |
		grep -xF -f "$pick/members" | sort -u | paste -sd ' '
}

# fields_there BASE: $fields, what is in the tree's snapshot already of what the patches
# put there that the tree has not.
fields_there()
{
	kernel_git "$pick" cat-file blob "$state:$svm_h" 2>/dev/null | members >"$pick/members"
	fields=$(series_of "$1" | grep -vxF -f "$pick/has" | sed "s#^#$top/patches/$1/#" |
		xargs -r cat | puts)
}

# in_index PATH CMD...: change a file of the index by a filter.
in_index()
{
	path=$1
	shift
	blob=$(kernel_git "$pick" cat-file blob ":$path" | "$@" |
		kernel_git "$pick" hash-object -w --stdin)
	kernel_git "$pick" update-index --cacheinfo "100644,$blob,$path"
}

# swap FROM TO FIELDS: standard input with these read from elsewhere.
swap()
{
	sed -E "s/$1\.($(echo "${3:-none}" | tr ' ' '|'))\>/$2.\1/g"
}

# out_of_snapshot PATCH FIELDS: of the snapshot in the index.
out_of_snapshot()
{
	for path in "$svm_h" "$nested_c"; do
		in_index "$path" awk -v fields="$2" -f "$scripts/lib/snapshot.awk" "$1" -
	done
	in_index "$nested_c" swap 'svm->nested\.save' 'vmcb12->save' "$2"
}

# over FILE: apply it to the index.
over()
{
	own=$(puts <"$1")
	others=$(echo "$fields" | tr ' ' '\n' | grep -vxF -e "$(echo "$own" | tr ' ' '\n')" | paste -sd ' ')
	[ -z "$own" ] || out_of_snapshot "$1" "$own"
	swap 'vmcb12->save' 'svm->nested.save' "$others" <"$1" | apply_cached
}

# over_one BASE NAME: print the file that was made of the patch, as apply_one.
over_one()
{
	before=$(tree_id)
	for file in $(variants_of "$1" "$2"); do
		kernel_git "$pick" read-tree "$before"
		over "$top/patches/$1/$file" || continue
		take "$file"
		made=$carried/snapshot-$(printf '%.12s' "$state")
		mkdir -p "$made"
		{
			head_of_patch "$top/patches/$1/$file"
			echo '---'
			echo "Over what the tree has in its snapshot already: $fields."
			echo
			kernel_git "$pick" -c core.abbrev=12 diff-index --cached -p --no-renames "$before"
		} >"$made/$2" || die 3 "cannot write to $made"
		echo "../../${made#"$top"/}/$2"
		return
	done
	kernel_git "$pick" read-tree "$before"
	return 1
}
