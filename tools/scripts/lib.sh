# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Common to all verbs: places, messages, children, locks, the table of bases.
#
# The other libraries are in lib/, and those for checks alone in tools/testing/lib.
# The lib-*.sh beside this file stay where scripts look for them whose text is in keys
# of the cache: "module", "selftests", "emulator", lib-kernel.sh, lib-configs.sh and the
# check "series-build".
#
# A verb sources this file first.  It gives:
#   top, BUILD, CACHE        the checkout, its ignored state, the shared cache
#   scripts, testing         tools/scripts and tools/testing of the checkout
#   say, note, die           messages; die CODE TEXT ends with one line
#   step LABEL CMD...        run CMD, print one line with its time
#   locked                   one run per checkout at a time
#   base_field NAME FIELD    a cell of patches/bases
#   skip REASON              end a check that cannot run here
#
# In all libraries need_X ends the verb if X is not there, and want_X makes it first.
# Two of the second kind are called need_X still, need_source() of lib-base.sh and
# need_findings() of lib-configs.sh: keys of the cache have the text of these files.
#
# Exit codes: 0 ok, 1 a check failed, 2 usage or missing tool, 3 infrastructure,
# 124 timeout, 255 guest panic.

set -eu
LC_ALL=C
export LC_ALL

top=$(dirname "$0")
until [ -f "$top/patches/bases" ]; do
	top=$top/..
done
top=$(cd "$top" && pwd)
BUILD=$top/build
CACHE=${VMCB12_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vmcb12}
scripts=$top/tools/scripts
# shellcheck disable=SC2034 # for checks
testing=$top/tools/testing
verb=${0##*/}

child=
scratch=
ready=
progress=
# Before a command: in a session of its own, so that a signal to its group ends all of
# it, and told when we die, whatever ends us.
session='setsid setpriv --pdeathsig TERM'

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

now_ms()
{
	echo $(($(date +%s%N) / 1000000))
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

# step_line WORD LABEL TIME
step_line()
{
	say "$(printf '  %-4s %-52s %8s' "$@")"
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

# Run another verb as a child, so that a signal ends it too.
run_verb()
{
	name=$1
	shift
	child "$scripts/$name" "$@"
}

# need_build: a place to write to.
need_build()
{
	{ mkdir -p "$BUILD" && [ -w "$BUILD" ]; } || die 3 "cannot write to $BUILD"
}

# One run per checkout; a verb that another verb runs is covered by its lock.
# $standalone is "yes" if nobody has run this verb's prerequisites before.
locked()
{
	standalone=${VMCB12_LOCKED:+no}
	[ -z "$standalone" ] || return 0
	standalone=yes
	need_build
	exec 9>>"$BUILD/.lock"
	flock -n 9 || die 2 "another run (pid $(cat "$BUILD/.lock.pid" 2>/dev/null || echo unknown)) works in build/; wait for it or end it"
	echo $$ >"$BUILD/.lock.pid"
	VMCB12_LOCKED=1
	export VMCB12_LOCKED
}

# cache_lock NAME: wait for another checkout that fills the same part.
cache_lock()
{
	mkdir -p "$CACHE" || die 3 "cannot write to the cache $CACHE"
	exec 8>>"$CACHE/.lock-$1" || die 3 "cannot write to the cache $CACHE"
	flock -n 8 || {
		note "waiting for another run that holds the cache ($1)"
		flock 8
	}
	# A compiler that was killed in the middle can leave an empty file, which make
	# takes for a new one.
	case $1 in
	src-*) find "$CACHE/src/${1#src-}/arch/x86/kvm" -name '*.[os]' -empty -delete 2>/dev/null || : ;;
	esac
}

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

# need_apt: for a verb that works with Debian's packages, wherever it runs.
need_apt()
{
	if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-deb >/dev/null 2>&1; then
		die 2 "Debian's kernels come through apt, which is not here; 'make prove KSRC=/path/to/linux' needs none"
	fi
}

# need_x86: what is built and booted here is x86-64 code.
need_x86()
{
	case $(uname -m) in
	x86_64|amd64) ;;
	*) die 2 "this host is $(uname -m), and kernels for x86-64 are built and booted on that only; 'make lint', 'series' and 'carry' work here too" ;;
	esac
}

need_tool()
{
	command -v "$1" >/dev/null 2>&1 ||
		die 2 "$1 is missing; install it with 'make deps' (Debian: $2)"
}

# kernel_git DIR ARGS...: git that reads none of the user's configuration.
kernel_git()
{
	k_dir=$1
	shift
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 \
	git -C "$k_dir" -c user.name='vmcb12 series' \
		-c user.email='vmcb12@example.org' -c core.fsync=none \
		-c gc.auto=0 -c commit.gpgSign=false -c advice.detachedHead=false "$@"
}

# copy_checkout DIR: this checkout with its edits, and without what is ignored.  It
# may be somebody else's, as in the container of a CI service.
copy_checkout()
{
	mkdir -p "$1"
	(cd "$top" && kernel_git . -c safe.directory="$top" ls-files -co --exclude-standard -z |
		cpio -0 -pdm --quiet "$1")
	[ -f "$1/patches/bases" ] || die 3 "cannot copy the checkout $top"
}

sha_of()
{
	sha256sum | cut -c1-24
}
