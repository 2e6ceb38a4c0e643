# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# Configurations of $base in which its series is compiled; a check sources this
# after lib-series.sh.  Nothing is linked: only the objects of KVM's AMD part.

configs=$top/arch/x86/configs

# O= needs a source tree in which nothing was built, by nobody: $clean.  The
# caller holds the lock of the source.
clean_source()
{
	clean=$CACHE/src/$source_version-clean
	kernel_git "$tree" push -q "$src" +applied:refs/states/applied
	if [ ! -d "$clean" ]; then
		kernel_git "$src" worktree prune
		kernel_git "$src" worktree add -q --detach "$clean" refs/states/applied
	fi
	kernel_git "$clean" checkout -q --detach refs/states/applied
	kernel_git "$clean" clean -qffdx
}

# knows OPTION=VALUE...: this kernel has these options.
knows()
{
	for option; do
		option=${option%%=*}
		grep -rqE "^(menu)?config ${option#CONFIG_}\$" --include='Kconfig*' \
			"$clean/arch/x86" "$clean/kernel" "$clean/init" "$clean/lib" || return 1
	done
}

# configure_variant NAME OPTIONS [MAKE-VARIABLES]: our test kernel's configuration, with
# these options, in the directory $out.
configure_variant()
{
	out=$scratch/$1
	mkdir "$out"
	for option in $2; do
		echo "$option"
	done >"$out/variant"
	# shellcheck disable=SC2086 # words on purpose
	(cd "$clean" && env ${3:-} scripts/kconfig/merge_config.sh -O "$out" -n \
		"$configs/vm.config" "$configs/kvm.config" "$out/variant") >"$out/log" 2>&1 || {
		cat "$out/log"
		die 1 "$1 cannot be configured"
	}
	# An option that Kconfig does not take would make the variant another one.
	while IFS='=' read -r option value; do
		case $value in
		n) ! grep "^$option=" "$out/.config" ;;
		*) grep -qx "$option=$value" "$out/.config" ;;
		esac || die 1 "$1: Kconfig does not take $option=$value"
	done <"$out/variant"
}

# compile_variant NAME [MAKE-VARIABLES]: the objects, with W=1; what the compiler says of
# them is in $out/findings, without line numbers.
compile_variant()
{
	# A header of 5.10 has such a variable; of those in svm/ the findings tell.
	# kernel-doc is the same in all configurations, and series-build runs it.
	# shellcheck disable=SC2086 # words on purpose
	kernel_make "$clean" O="$out" W=1 KCFLAGS=-Wno-error=unused-but-set-variable \
		cmd_checkdoc= ${2:-} $svm_objects >"$out/log" 2>&1 || {
		cat "$out/log"
		die 1 "$1 does not build"
	}
	for object in $svm_objects; do
		[ -f "$out/$object" ] || die 1 "$1: no $object came of it"
	done
	grep -E 'arch/x86/kvm/svm/.*(warning|error):' "$out/log" |
		sed -E 's/:[0-9]+:[0-9]+: /: /; s#^(\.|/)[^:]*arch/#arch/#' | sort -u >"$out/findings" || :
}
