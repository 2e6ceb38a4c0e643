# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# Boot a test VM and keep its results: the part that every emulator shares.
#
#   LABEL KERNEL ROOT SECONDS OUT [CMDLINE...]
#
# SECONDS are a net against a guest that hangs, see lib/patience.sh.  They are no
# part of what a boot is known by, nor are those of /plan in wall time.
# ROOT is the content of the initial RAM disk: /init (tools/guest) does what
# /plan says.  OUT gets console.log (ttyS0: the kernel's log), results.log
# (ttyS1: what /init ran) and command.txt.  A boot is known by its content -
# kernel, RAM disk, command line, emulator - and is not repeated.
#
# A good one is added to the list $VMCB12_USED, see lib/again.sh.
#
# One VM at a time; with VMCB12_VM_HELD= who runs this has the lock.
#
# With VMCB12_BOOTS= the boots that are known are those of that directory, so what
# is run with an empty one is measured anew.
#
# The verb that sources this defines $cmdline and
#   identity   print all that makes this emulator and its machine what they are
#   describe   print what goes into command.txt
#   boot       run the VM in $out; leave $emulator_rc, 0 after a power-off
# and ends with: vm_run "$@".
. "$scripts/lib/patience.sh"
boots=${VMCB12_BOOTS:-$CACHE/boots}

vm_initrd()
{
	find "$root" -exec touch -h -d @0 {} +
	(cd "$root" && find . -print0 | sort -z |
		cpio -0 -o -H newc -R 0:0 --reproducible --quiet)
}

# vm_unfinished: what of the plan it had begun, if anything.
vm_unfinished()
{
	tr -d '\r' <"$out/results.log" | awk '
		$1 == "#begin" { name = $2 }
		$1 == "#end" { name = "" }
		END { if (name != "") print ", in " name }'
}

# Print why a boot is not ok, by what it left, and return its exit code.
vm_judge()
{
	touch "$out/console.log" "$out/results.log"
	if grep -q 'Kernel panic' "$out/console.log"; then
		echo "guest panic: $(grep -m1 -o 'Kernel panic.*' "$out/console.log" | tr -d '\r')"
		return 255
	elif [ "$emulator_rc" -ne 0 ] && [ "$seconds" -ge "$limit" ]; then
		echo "timeout: the guest did not end within $limit s$(vm_unfinished)"
		return 124
	elif [ "$emulator_rc" -ne 0 ]; then
		echo "$emulator ended with $emulator_rc"
		return 3
	elif grep -q '^#fail' "$out/results.log"; then
		echo "in the guest: $(sed -n 's/^#fail //p' "$out/results.log" | head -n1 | tr -d '\r')"
		return 1
	elif [ "$(tail -n1 "$out/results.log" | tr -d '\r')" != '#done' ]; then
		echo "the guest ended before its last marker"
		return 3
	fi
}

# The step runs the verb again, in a session that can be ended as a whole.
vm_boot_and_judge()
{
	begun=$(now_ms)
	emulator_rc=0
	limit=$(patience "$limit")
	boot
	seconds=$((($(now_ms) - begun) / 1000))
	vm_judge || exit $?
}

vm_run()
{
	step=
	if [ "${1:-}" = --boot ]; then
		step=$1
		shift
	fi
	[ $# -ge 5 ] || die 2 "usage: $verb LABEL KERNEL ROOT SECONDS OUT [CMDLINE...]"
	label=$1
	kernel=$2
	root=$3
	limit=$4
	out=$5
	shift 5
	cmdline="$cmdline $*"
	[ -z "$step" ] || { vm_boot_and_judge; return; }

	[ -f "$kernel" ] || die 2 "no kernel at $kernel"
	[ -x "$root/init" ] || die 2 "no /init in $root"
	scratch_for "$boots/new"
	vm_initrd >"$scratch/initrd" || die 3 "cannot write the initial RAM disk (disk full?)"
	key=$({
		cat "$kernel" "$scratch/initrd"
		identity
		echo "$cmdline"
	} | sha_of)
	done=$boots/$key

	if [ -d "$done" ]; then
		cached "$label"
		rm -rf -- "$scratch"
		scratch=
	else
		[ -n "${VMCB12_VM_HELD:-}" ] || cache_lock vm
		VMCB12_SLOWNESS=$(slowness) || exit
		export VMCB12_SLOWNESS
		rc=0
		step "$label" "$0" --boot "$label" "$kernel" "$root" "$limit" "$scratch" "$@" || rc=$?
		describe >"$scratch/command.txt"
		rm -f -- "$scratch/initrd"
		if [ "$rc" -ne 0 ]; then
			rm -rf -- "$out"
			mkdir -p "$(dirname "$out")"
			publish "$out"
			note "$(tail -n1 "$log"); the logs of the VM: ${out#"$top"/}"
			exit "$rc"
		fi
		publish "$done"
	fi
	rm -rf -- "$out"
	mkdir -p "$(dirname "$out")"
	cp -r "$done" "$out"
	[ -z "${VMCB12_USED:-}" ] || printf '%s\n' "$done" >>"$VMCB12_USED"
}
