# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2086,SC2154
# Configurations of $base in which each patch of its series is compiled, with W=1;
# a check sources this after lib-series.sh.  Nothing is linked: only the objects
# of KVM's AMD part.
#
# One build directory serves all configurations and patches, so that what
# they have in common is made once, and only objects that differ are compiled.
# What the compiler said of a state in a configuration is kept in $CACHE/findings.

configs=$top/arch/x86/configs

# What a kernel is made of.
compiled='. :!tools/testing :!Documentation'

# configs_source: O= needs a source tree in which nothing was built, by nobody:
# $clean.  It has a lock of its own, since nothing is done in $src.
configs_source()
{
	cache_lock "clean-$source_version"
	clean=$CACHE/src/$source_version-clean
	if [ ! -d "$clean" ]; then
		kernel_git "$src" worktree prune
		kernel_git "$src" worktree add -q --detach "$clean" "$applied"
	fi
	kernel_git "$clean" checkout -q --detach "$applied"
	kernel_git "$clean" clean -qffdx
	out=$scratch/out
	mkdir "$out"
}

# configs_knows OPTION=VALUE...: this kernel has these options.
configs_knows()
{
	for option; do
		option=${option%%=*}
		kernel_git "$src" grep -qE "^(menu)?config ${option#CONFIG_}\$" \
			"$applied" -- '*Kconfig*' || return 1
	done
}

# configs_configure: our test kernel's configuration with $options, in $out; fails if
# the kernel has no KVM_AMD there.
configs_configure()
{
	[ -n "${out:-}" ] || configs_source
	# What the last configuration left must not pass for this one's.
	rm -rf -- "$out/arch/x86/kvm"
	for option in CONFIG_KVM_WERROR=y $options; do
		echo "$option"
	done >"$out/variant"
	cat "$configs/vm.config" "$configs/kvm.config" "$out/variant" >"$out/all.config"
	kernel_make "$clean" O="$out" $with KCONFIG_ALLCONFIG="$out/all.config" \
		allnoconfig >"$out/log" 2>&1 || {
		cat "$out/log"
		die 1 "$variant cannot be configured"
	}
	configured=$variant
	last=
	grep -qE '^CONFIG_KVM_AMD=[my]' "$out/.config" || return
	# An option that Kconfig does not take would make the variant another one.
	while IFS='=' read -r option value; do
		case $value in
		n) ! grep "^$option=" "$out/.config" ;;
		*) grep -qx "$option=$value" "$out/.config" ;;
		esac || die 1 "$variant: Kconfig does not take $option=$value"
	done <"$out/variant"
}

# configs_stale COMMIT: the objects that differ from those of $last, or "make" if that has to
# find it out.
configs_stale()
{
	kernel_git "$src" diff --name-only --no-renames "$last" "$1" -- $compiled |
		while read -r file; do
			case $file in
			arch/x86/kvm/svm/*.c) echo "${file%.c}.o" ;;
			arch/x86/kvm/svm/*.h) printf '%s\n' $svm_objects ;;
			*) echo make ;;
			esac
		done | sort -u >"$out/stale"
	printf '%s\n' make $svm_objects | grep -xFf "$out/stale" || :
}

# configs_by_make: all objects, and what they need.  What is said of a header counts for
# each of them.
configs_by_make()
{
	# A header of 5.10 has such a variable; of those in svm/ the findings tell.
	# kernel-doc is the same in all configurations, and series-build runs it.
	kernel_make "$clean" O="$out" W=1 KCFLAGS=-Wno-error=unused-but-set-variable \
		cmd_checkdoc= $with $svm_objects >"$out/log" 2>&1 || return
	for object in $svm_objects; do
		[ -f "$out/$object" ] || die 1 "$variant: no $object came of it"
		awk -v own="${object%.o}.c:" 'index($0, own) || !/\.c:/' "$out/log" >"$out/$object.log"
	done
}

# configs_by_command OBJECT...: with the commands that make used; it takes longer to see that
# there is nothing else to do than these take.
configs_by_command()
{
	for object; do
		sed -n '1s/^\(saved\)\{0,1\}cmd_[^ ]* := //p' \
			"$out/${object%/*}/.${object##*/}.cmd" >"$out/$object.sh"
	done
	(cd "$out" && printf '%s\n' "$@" |
		xargs -P "$(nproc)" -I{} sh -c 'sh -e {}.sh >{}.log 2>&1') && return
	(cd "$out" && for object; do cat "$object.log"; done) >"$out/log"
	return 1
}

# configs_compile COMMIT: what the compiler says of it is in $out/findings, without line
# numbers.  What objtool says is not: make runs it after the compiler on the older
# lines, and configs_by_command does not.  series-build has it for each patch.
configs_compile()
{
	kernel_git "$clean" checkout -q --detach "$1"
	anew='make'
	[ -z "$last" ] || anew=$(configs_stale "$1")
	case $anew in
	*make*) configs_by_make ;;
	?*) configs_by_command $anew ;;
	esac || {
		cat "$out/log"
		die 1 "$variant: does not build: $(kernel_git "$src" log -1 --format=%s "$1")"
	}
	last=$1
	(cd "$out" && for object in $svm_objects; do cat "$object.log"; done) |
		grep -E 'arch/x86/kvm/svm/.*(warning|error):' |
		grep -v ': warning: objtool: ' |
		sed -E 's/:[0-9]+:[0-9]+: /: /; s#^(\.|/)[^:]*arch/#arch/#' |
		sort -u >"$out/findings"
}

# configs_content COMMIT: the ids of what is compiled.
configs_content()
{
	kernel_git "$src" ls-tree "$1" | grep -vE '	(tools|Documentation)$'
	kernel_git "$src" ls-tree "$1:tools" | grep -v '	testing$'
}

# configs_findings COMMIT: of $variant, in the file $findings; fails if the kernel
# has no KVM_AMD there.
configs_findings()
{
	findings=$CACHE/findings/$({
		configs_content "$1"
		echo "$variant $options $with"
		cat "$configs/vm.config" "$configs/kvm.config" \
			"$testing/lib/configs.sh" "$scripts/lib-base.sh"
		"$compiler" --version
	} | sha_of)
	if [ ! -f "$findings" ]; then
		if [ "$configured" = "$variant" ] || configs_configure; then
			configs_compile "$1"
			fresh=$((fresh + 1))
		else
			echo 'no KVM_AMD' >"$out/findings"
		fi
		mkdir -p "$CACHE/findings"
		mv "$out/findings" "$scratch/findings"
		mv "$scratch/findings" "$findings"
	fi
	! grep -qx 'no KVM_AMD' "$findings"
}

# configs_variant_is_clean: no patch has a finding in it that was not there before.  What the
# base has matters only if something is found.
configs_variant_is_clean()
{
	before=$base_commit
	for commit in $commits; do
		configs_findings "$commit" || return 1
		if [ -s "$findings" ]; then
			after=$findings
			configs_findings "$before"
			! comm -13 "$findings" "$after" | grep . ||
				die 1 "$variant: new: $(kernel_git "$src" log -1 --format=%s "$commit")"
		fi
		before=$commit
		states=$((states + 1))
	done
	say "$variant: $(echo "$commits" | wc -l) patches"
}

# configs_series VARIANTS COMPILER: each patch in each of the variants, lines of a
# name and its options; says which of them this kernel has.
configs_series()
{
	compiler=$2
	with="CC=$2"
	push_applied
	commits=$(kernel_git "$src" rev-list --reverse "$base_commit..$applied" \
		-- $compiled)
	[ -n "$commits" ] || skip "no patch changes what is compiled"
	# CI's time is short: the end of the series.  series-build has each patch.
	[ -z "${VMCB12_CI:-}" ] || commits=$(echo "$commits" | tail -n1)
	configured=
	fresh=0
	states=0
	built=
	echo "$1" | grep . >"$scratch/variants"
	while IFS='	' read -r variant options <&3; do
		if ! configs_knows $options; then
			say "$variant: this kernel has no $options"
		elif configs_variant_is_clean; then
			built="$built $variant"
		elif [ "$variant" = x86-32 ]; then
			say "$variant: this kernel has no KVM_AMD there"
		else
			die 1 "$variant: Kconfig does not take KVM_AMD"
		fi
	done 3<"$scratch/variants"
	patches="$(echo "$commits" | wc -l) patches"
	[ -z "${VMCB12_CI:-}" ] || patches='the end of the series'
	say "$patches, W=1 with $compiler: nothing new in$built" \
		"($((states - fresh)) of $states states cached)"
}
