# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# How long to wait for what should come to an end.
#
# A time limit here is a net against what hangs, and never says anything of a kernel:
# it is written in seconds of the machine that it was measured on, and becomes wall
# time by patience() alone.  The speed of this machine, with all that it has to do
# besides, is measured once a run; what comes later is what $margin is for.

# What calibrate() took on that machine, and the margin.
reference_ms=300
margin=4

# calibrate: print how many times slower than that machine this one is, at least 1.
calibrate()
{
	begun=$(now_ms)
	awk 'BEGIN { for (i = 0; i < 2000000; i++) x = (x * 31 + i) % 65521 }'
	echo $((($(now_ms) - begun + reference_ms - 1) / reference_ms))
}

# slowness: the same, measured by the first who asks in a run (see locked()).
# VMCB12_SLOWNESS in the environment says it without a measurement.
slowness()
{
	case ${VMCB12_SLOWNESS:-} in
	'') ;;
	*[!0-9]*|0*) die 2 "VMCB12_SLOWNESS=$VMCB12_SLOWNESS is not a number from 1 on" ;;
	*) echo "$VMCB12_SLOWNESS"; return ;;
	esac
	measured=$BUILD/slowness
	if [ -z "$(find "$measured" -newer "$BUILD/.lock.pid" 2>/dev/null)" ]; then
		mkdir -p "$BUILD"
		calibrate >"$measured.$$" || die 3 "cannot write to build/"
		mv "$measured.$$" "$measured"
	fi
	cat "$measured"
}

# patience SECONDS: print for how many to wait here.
patience()
{
	slow=$(slowness) || exit
	echo $(($1 * margin * slow))
}
