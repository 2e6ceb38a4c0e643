# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# Measurements that are made again; a verb sources this after lib/guest.sh.
#
# What varies from boot to boot, and how it is told from a finding, is in
# Documentation/process/steady.rst.  A boot of which nothing can be said is forgotten:
# from the cache it would say nothing the next time, too.

# The list of the boots that this verb has used, be it by others.
[ -n "${VMCB12_USED:-}" ] || {
	VMCB12_USED=$BUILD/used-$verb
	export VMCB12_USED
	need_build
	: >"$VMCB12_USED"
}

# Boots of which one has to say something.
tries=4

# anew TRY: the words of a kernel's command line that make a boot another one.
anew()
{
	[ "$1" -eq 1 ] || echo "try=$1"
	[ -z "${again:-}" ] || echo "again=$again"
}

# forget <BOOTS: what they have measured is worth nothing.
forget()
{
	xargs -r -d '\n' rm -rf --
}

# put_aside <BOOTS: out of the cache, for who wants to know why they differ.
put_aside()
{
	aside=$BUILD/inconclusive-$verb${base:+-$base}
	rm -rf -- "$aside"
	mkdir -p "$aside" || die 3 "cannot write to ${aside#"$top"/}"
	while read -r boot; do
		[ ! -d "$boot" ] || mv -- "$boot" "$aside/" || rm -rf -- "$boot"
	done
}

# insist WHAT CMD...: "CMD TRY" boots to $scratch/out, and returns 0, or 3 if the boot
# says nothing of KVM, for the reason $why.
insist()
{
	what=$1
	shift
	try=1
	used=$(wc -l <"$VMCB12_USED")
	until "$@" "$try"; do
		note "$what, try $try: INCONCLUSIVE: $why"
		tail -n +$((used + 1)) "$VMCB12_USED" | forget
		try=$((try + 1))
		[ "$try" -le "$tries" ] || die 3 "$what: INCONCLUSIVE in $tries boots: $why"
	done
}

# answered NAME FILTER: the program NAME has come to an answer in $scratch/out, 0 or 1 in
# $result_rc; or else 3 and $why, what FILTER has of its JSON or else its last words.
# take_result() is in lib/guest.sh.
answered()
{
	take_result "$1" "$scratch/out"
	case $result_rc in
	0|1) return 0 ;;
	esac
	why=$(jq -r "$2 // empty" "$scratch/out/$1.json" 2>/dev/null) || :
	[ -n "$why" ] || why="exit code $result_rc: $({
		grep -a "vmcb12-$1: ." "$scratch/out/console.log" || :
		tail -n1 "$scratch/out/$1.json"
	} | head -n1 | tr -d '\r')"
	return 3
}

# conclusive DIR: the censuses there have come to a verdict each, and no selftest failed
# for the kernel's first guess of its TSC's speed; or else 1 and $why.  KVM that is built
# in keeps that guess, and if it is wrong, no guest's TSC begins at 0.
conclusive()
{
	why='a census has no verdict'
	awk '$1 ~ /^census/ && $2 > 1 { exit 1 }' "$1/rc" || return 1
	why='the kernel has misjudged its TSC, and a test of it fails'
	! grep -aqs 'user requested TSC rate below hardware speed' "$1/console.log" ||
		! grep -qs '^not ok .*tsc' "$1/selftests.ktap"
}

# once_more WHAT BOOTS CMD...: "CMD TRY" makes so many boots, and returns 1 if one of them
# says nothing, for the reason $why; it is made once more then.
once_more()
{
	what=$1
	made=$2
	shift 2
	"$@" 1 || {
		note "$what: INCONCLUSIVE, and made once more: $why"
		tail -n "$made" "$VMCB12_USED" | forget
		"$@" 2 || tail -n "$made" "$VMCB12_USED" | forget
	}
}

# stands TIMES CMD...: CMD measures what was a FAIL once more, in boots of its own by
# "anew", and returns 1 if it is one again.  A FAIL that does not come each time is none,
# and no ok either.
stands()
{
	times=$1
	shift
	for again in $(seq "$times"); do
		say "FAIL: measured again, $again of $times"
		rc=0
		"$@" || rc=$?
		[ "$rc" -ne 0 ] || {
			put_aside <"$VMCB12_USED"
			die 3 "INCONCLUSIVE: FAIL at first, and ok when measured again; the boots are in ${aside#"$top"/}"
		}
		[ "$rc" -eq 1 ] || exit "$rc"
	done
	again=
}
