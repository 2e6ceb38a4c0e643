# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# The golden logs of tools/testing/splats; a check sources this after lib.sh.

golden=$testing/splats

# split_golden DIR: the cases of "found" as DIR/N/console.log; DIR/N/head has the words
# of its first line: kind, kernels and file; and DIR/N/format has the format.
split_golden()
{
	awk -v dir="$1" '
		/^== / {
			if (n) close(out)
			here = dir "/" sprintf("%03d", ++n)
			system("mkdir -p \"" here "\"")
			text = $0
			sub(/^== [^ ]+ [^ ]+ [^ ]+ /, "", text)
			sub(/:$/, "", $4)
			print $2, $3, $4 >(here "/head")
			print text >(here "/format")
			close(here "/head")
			close(here "/format")
			out = here "/console.log"
			next
		}
		n { print >out }' "$golden/found"
}

# format_ere: the regular expression of what printk() makes of the format on stdin.
format_ere()
{
	sed -E 's/[][().*+?^${}|\\]/\\&/g
		s/%[-#0-9]*(l|ll|h|z)?([diuxXsc]|p[A-Zsxb]*)/.*/g'
}

# prints RANGE VERSION: a kernel of that version is one of "5.10..6.18", or of "6.19..".
prints()
{
	in_order "${1%%..*}" "$2" && { [ "${1#*..}" = '' ] || in_order "$2" "${1#*..}"; }
}

# in_order A B: A is not newer than B.
in_order()
{
	[ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n1)" = "$1" ]
}
