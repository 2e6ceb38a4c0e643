# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# What the emulator with NRIPS is checked by; a verb sources this after
# lib/guest.sh.

# Two selftests of the kernel, which fail in QEMU, and four checks of our own.
# The Nth is the one that fails without the Nth of tools/emulator/*.patch.  An
# old base may not have all of them.
self_check='svm_nested_soft_inject_test nested_exceptions_test vmcb12-nrip vmcb12-virq vmcb12-intn vmcb12-intr'

build_self_check()
{
	make -s -C "$top/tools/emulator" O="$BUILD/bin" >"$BUILD/log/self-check.log" 2>&1 || {
		cat "$BUILD/log/self-check.log"
		die 1 "tools/emulator does not build"
	}
}

# file_of NAME: print where the test is, if the base has it.
file_of()
{
	for file in "$BUILD/bin/$1" "$(cat "$BUILD/selftests-$base")/$1"; do
		[ ! -x "$file" ] || { echo "$file"; return; }
	done
	return 1
}

# run_in ROOT NAME...: append tests of the self-check to the plan.
run_in()
{
	root=$1
	shift
	for test; do
		file=$(file_of "$test") || continue
		install -m 755 "$file" "$root/selftests/"
		echo "run selftest/$test 60 /selftests/$test" >>"$root/plan"
	done
}

# passes NAME DIR: by the results in DIR, for all of it.
passes()
{
	grep -qE "^ok [0-9]+ $1\$" "$2/selftests.ktap"
}

# want_emulator: for a check; what cannot be had here is a SKIP with its reason.
want_emulator()
{
	mkdir -p "$BUILD/log"
	for need in 'deps nrips' emulator; do
		rc=0
		# shellcheck disable=SC2086 # words on purpose
		run_verb $need >"$BUILD/log/nrips-need.log" 2>&1 || rc=$?
		cat "$BUILD/log/nrips-need.log"
		case $rc in
		0) ;;
		2|3) skip "$(tail -n1 "$BUILD/log/nrips-need.log")" ;;
		*) die 1 "no emulator" ;;
		esac
	done
}
