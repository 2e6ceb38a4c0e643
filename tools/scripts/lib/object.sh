# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# Compile nested.c of the series, or look at it, with the command that Kbuild used
# for kvm-amd.ko; a check sources this after lib-series.sh.

# want_command: nested.c was compiled once; print the arguments of that, good in any
# directory.
want_command()
{
	command_file=$src/arch/x86/kvm/svm/.nested.o.cmd
	cache_lock "src-$source_version"
	[ -f "$command_file" ] || kernel_make "$src" M=arch/x86/kvm kvm-amd.ko >&2
	exec 8>&-
	sed -n '1s/^\(saved\)\{0,1\}cmd_[^ ]* := gcc //p' "$command_file" |
		sed -E "s/;.*//; s/-Wp,-MMD,[^ ]*//; s/ -c -o .*//; s#( |-I)\./#\1$src/#g"
}

# on_nested COMMAND ARGS...: run it where, and so that, the series' headers count.
on_nested()
{
	program=$1
	shift
	(cd "$tree/arch/x86/kvm" &&
		eval "$program -I$tree/arch/x86/kvm/svm -I$tree/arch/x86/kvm $*")
}
