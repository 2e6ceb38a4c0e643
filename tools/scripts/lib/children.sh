# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# What a verb makes and starts, and takes away however it ends: children, scratch
# directories, steps; lib.sh sources this.

child=
scratch=
ready=
# Before a command: in a session of its own, so that a signal to its group ends all of
# it, and told when we die, whatever ends us.
session='setsid setpriv --pdeathsig TERM'

# Print the place whose disk is full: it may leave no other message.
full_disk()
{
	for place in "$BUILD" "$CACHE"; do
		[ -d "$place" ] || continue
		[ "$(df -Pk "$place" | awk 'NR == 2 { print $4 }')" -ge 1024 ] || echo "$place"
	done
}

# Nothing of ours survives the verb: no child, no half-written file.
cleanup()
{
	rc=$?
	trap - EXIT INT TERM HUP
	trap '' PIPE
	full=
	case $rc in
	1|3) full=$(full_disk | head -n1) ;;
	esac
	for pid in $child; do
		kill -s TERM -- "-$pid" 2>/dev/null || :
	done
	for pid in $child; do
		wait "$pid" 2>/dev/null || :
		kill -s KILL -- "-$pid" 2>/dev/null || :
	done
	for dir in "$scratch" "$ready"; do
		[ -z "$dir" ] || rm -rf -- "$dir"
	done
	clear_progress
	if [ -n "$full" ]; then
		# Now there is room for the message, should it go to a file.
		note "no space left on the disk of $full; make room, then run it again"
		rc=3
	fi
	exit "$rc"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
trap 'exit 141' PIPE

# Print a scratch directory beside $1 (same file system: mv is atomic), which
# goes away with the verb.
scratch_for()
{
	mkdir -p "$(dirname "$1")" || die 3 "cannot write to $(dirname "$1")"
	scratch=$(mktemp -d "$1.tmp.XXXXXX") || die 3 "cannot write to $(dirname "$1")"
}

# publish PLACE: put what was made in scratch there, all or nothing.  Made elsewhere, it
# may come from another disk, which takes a while; so does the removal of what was
# there.  Neither happens in the place.
publish()
{
	ready=$scratch
	scratch_for "$1"
	mv -T -- "$ready" "$scratch/new"
	ready=
	if [ -e "$1" ] || [ -L "$1" ]; then
		mv -T -- "$1" "$scratch/old"
	fi
	mv -T -- "$scratch/new" "$1"
	rm -rf -- "$scratch"
	scratch=
}

# drop DIR: remove it.  Interrupted, nothing is left that looks like the whole.
drop()
{
	scratch_for "$1"
	mv -T -- "$1" "$scratch"
	rm -rf -- "$scratch"
	scratch=
}

# Run a command in a session of its own, so that all of it can be ended.
child()
{
	$session "$@" 9>&- &
	child=$!
	rc=0
	wait "$child" || rc=$?
	child=
	return "$rc"
}

# step LABEL CMD...: output goes to a log, and to the terminal only on failure.
step()
{
	label=$1
	shift
	mkdir -p "$BUILD/log"
	log=$BUILD/log/$(printf '%s' "$label" | tr -cs 'A-Za-z0-9._+-' '-').log
	start=$(now_ms)
	$session "$@" >"$log" 2>&1 9>&- &
	child=$!
	if [ -t 1 ]; then
		while kill -0 "$child" 2>/dev/null; do
			progress=1
			printf '\r\033[K  ..   %-52s %4d s' "$label" $((($(now_ms) - start) / 1000))
			sleep 0.2
		done
		clear_progress
	fi
	rc=0
	wait "$child" || rc=$?
	child=
	took "$start"
	if [ "$rc" -ne 0 ]; then
		step_line FAIL "$label" "$took"
		tail -n 12 "$log" | sed 's/^/       | /'
		note "$label failed with exit code $rc; the whole log: ${log#"$top"/}"
		return "$rc"
	fi
	step_line ok "$label" "$took"
}

# Run another verb as a child, so that a signal ends it too.
run_verb()
{
	name=$1
	shift
	child "$scripts/$name" "$@"
}
