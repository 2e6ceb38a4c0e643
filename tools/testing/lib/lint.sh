# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# Look at files one by one, on all CPUs; a lint sources this after lib.sh.

# want_rules: the source of $base, for what it knows of style.  "make lint" does not
# fetch a whole kernel for that; "make check" does.
want_rules()
{
	[ -z "${VMCB12_LINT:-}" ] || [ -d "${src:-/nonexistent}" ] ||
		skip "the source of $base is not here; 'make source BASE=$base' fetches it"
	need_source
}

# each_file RULES CMD... <FILES: run CMD on the files and print what it says, in
# their order; fail if it did, or said anything.
#
# A file of which nothing was said the last time is not looked at again.  It is
# known by its name, its content and RULES, the id of all else that CMD goes by.
# $looked_at is how many were looked at.
each_file()
{
	rules=$1
	shift
	mkdir -p "$CACHE/findings" "$scratch/said" || die 3 "cannot write to the cache $CACHE"
	: >"$scratch/todo"
	: >"$scratch/keys"
	xargs sha256sum | while read -r id; do
		key=$CACHE/findings/clean-$(echo "$rules $id" | sha_of)
		[ ! -f "$key" ] || continue
		echo "$key" >>"$scratch/keys"
		echo "${id#*  }" >>"$scratch/todo"
	done
	looked_at=$(wc -l <"$scratch/todo")
	[ "$looked_at" -gt 0 ] || return 0

	# One process a CPU: to read its rules takes some tools longer than a file.
	cpus=$(nproc)
	rc=0
	# shellcheck disable=SC2016 # expanded by the inner shell
	xargs -a "$scratch/todo" -P "$cpus" -n "$(((looked_at + cpus - 1) / cpus))" \
		--process-slot-var=slot sh -c '
			out=$1/$(printf %04d "$slot")
			shift
			"$@" >"$out" 2>&1' sh "$scratch/said" "$@" || rc=$?
	cat "$scratch/said"/*
	[ "$rc" -eq 0 ] && [ -z "$(cat "$scratch/said"/*)" ] || return 1
	xargs -a "$scratch/keys" touch
}

# cached_note ALL: for the last line of the check.
cached_note()
{
	[ "$looked_at" -eq "$1" ] || printf ' (%d cached)' "$(($1 - looked_at))"
}
