# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# The table of bases, and the series that they have; lib.sh sources this.

bases()
{
	sed '/^#/d;/^[[:space:]]*$/d' "$top/patches/bases" | cut -d' ' -f1
}

# base_field NAME FIELD: a cell of patches/bases; an unknown base is an error.
base_field()
{
	awk -v base="$1" -v want="$2" '
		/^# name / { for (i = 2; i <= NF; i++) col[$i] = i - 1 }
		$1 == base { print $col[want]; found = 1 }
		END { exit !found }' "$top/patches/bases"
}

# series_of BASE: the patches of its series in order, one name a line.
series_of()
{
	sed 's/[[:space:]]*#.*//;/^[[:space:]]*$/d' "$top/patches/$1/series"
}

# listed BASE: the same, or what was chosen of it for KSRC=, see pass_kernel.
listed()
{
	if [ "${VMCB12_KSRC_BASE:-}" = "$1" ] && [ -n "${VMCB12_KSRC_SERIES:-}" ]; then
		printf '%s\n' "$VMCB12_KSRC_SERIES"
	else
		series_of "$1"
	fi
}

need_base()
{
	[ -n "${1:-}" ] || die 2 "no BASE given; known: $(bases | tr '\n' ' ')"
	base_field "$1" name >/dev/null ||
		die 2 "unknown BASE '$1'; known: $(bases | tr '\n' ' ')"
}

# in_debian BASE: Debian has a kernel of that line.
in_debian()
{
	[ "$(base_field "$1" suite)" != - ]
}

not_in_debian="is not in Debian's archive; 'make prove KSRC=/path/to/linux' proves a tree of that line"

# need_debian BASE: for a verb that works with Debian's packages.
need_debian()
{
	need_base "${1:-}"
	in_debian "$1" || die 2 "$1 $not_in_debian"
	[ -n "${VMCB12_LOCKED:-}" ] || [ -z "${KSRC:-}" ] ||
		note "KSRC= is not for $verb, which works with Debian's kernel of $1"
}
