# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# One run per checkout, and one that fills a part of the cache; lib.sh sources this.

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
