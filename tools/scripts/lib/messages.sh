# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# What a verb says, and how long things took; lib.sh sources this.

progress=

# The reader may be gone, as in "make status | head -n1": that ends the verb by SIGPIPE.
say()
{
	printf '%s\n' "$*" 2>/dev/null || die 3 'cannot write to the standard output'
}

note()
{
	printf '%s: %s\n' "$verb" "$*" >&2
}

# The last line of a verb that could not do its work: what, and the way out.
die()
{
	code=$1
	shift
	clear_progress
	note "$*"
	exit "$code"
}

# A check that cannot run is never ok: say why.
skip()
{
	say "$*"
	exit 4
}

clear_progress()
{
	[ -z "$progress" ] || printf '\r\033[K'
	progress=
}

now_ms()
{
	echo $(($(date +%s%N) / 1000000))
}

# step_line WORD LABEL TIME
step_line()
{
	say "$(printf '  %-4s %-52s %8s' "$@")"
}

# took START: the time since then, in $took.
took()
{
	ms=$(($(now_ms) - $1))
	took=$(printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100)))
}

# cached LABEL: the line of a step whose inputs did not change.
cached()
{
	step_line ok "$1" cached
}
