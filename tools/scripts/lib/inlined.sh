# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# What stands behind the code addresses of a census, by KVM's debug information.
#
# GCC inlines the copy of vmcb12 into nested_svm_vmrun(), so vmcb12-census lets that
# function fetch.  Which of its instructions are the copy and which are a read of its
# own, the debug information says.

# The functions that copy, from 5.10 to 7.3.
copies='(__)?nested_copy_vmcb_(control|save)_to_cache
nested_svm_copy_vmcb12_to_cache
copy_vmcb_control_area
load_nested_vmcb_control
nested_load_control_from_vmcb12
svm_copy_vmloadsave_state
nested_svm_vmloadsave
vmload_vmsave_interception
vmload_interception'

# fetch_sites CENSUS OBJECT: "SECTION ADDRESS FUNCTION+OFFSET" of each fetch; ADDRESS
# is that of the instruction, or of its last byte, in OBJECT.
fetch_sites()
{
	objdump -t "$2" >"$scratch/symbols"
	jq -r '.paths[].fields[].where[] | select(.access == "fetch") |
		"\(.symbol) \(.offset)"' "$1" | sort -u |
		awk 'FILENAME == ARGV[1] { section[$NF] = $4; value[$NF] = $1; next }
			$1 in section { print section[$1], value[$1], $1, $2 }' "$scratch/symbols" - |
		while read -r section value function offset; do
			printf '%s 0x%x %s+%s\n' "$section" $((0x$value + offset - 1)) "$function" "$offset"
		done
}

# strays CENSUS OBJECT: print "FUNCTION+OFFSET" of each fetch that is not part of a
# function that copies, inlined or not.
strays()
{
	fetch_sites "$1" "$2" >"$scratch/sites"
	cut -d' ' -f1 "$scratch/sites" | sort -u | while read -r section; do
		awk -v section="$section" '$1 == section { print $2 }' "$scratch/sites" |
			addr2line -a -i -f -j "$section" -e "$2" | tr '\n' ' ' | sed 's/ 0x/\n0x/g; s/ $/\n/' |
			grep -vE -- " ($(echo "$copies" | paste -sd '|')) " | cut -d' ' -f1 |
			while read -r address; do
				printf '%s 0x%x\n' "$section" "$address"
			done
	done | awk 'FILENAME == ARGV[1] { stray[$1 " " $2]; next }
		$1 " " $2 in stray { print $3 }' - "$scratch/sites"
}
