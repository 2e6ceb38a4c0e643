# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# kvm-unit-tests, a checkout of the user's own, $kut: what of it is run, and its build.
# Nothing in this file writes to it, not even to its git index.

no_kut='no KUT=/path/to/kvm-unit-tests given, a checkout of it; Debian has no package'

# What is not run, and why: the tests of the user's checkout are known by name only.
left_out=$top/tools/testing/kut/left-out

# need_kut DIR: set kut, or end with what is wrong with the argument.
need_kut()
{
	[ -n "$1" ] || die 2 "$no_kut"
	[ -d "$1" ] || die 2 "KUT: there is no directory $1"
	kut=$(cd "$1" && pwd -P) || die 2 "KUT: cannot enter $1"
	for file in configure x86/unittests.cfg x86/svm.c; do
		[ -f "$kut/$file" ] ||
			die 2 "KUT: $1 has no $file; give a checkout of kvm-unit-tests that has it"
	done
	[ -n "$(sections "$kut/x86/unittests.cfg")" ] ||
		die 2 "KUT: $1/x86/unittests.cfg declares no test that boots svm*.flat"
}

# kut_files: what belongs to it, edits included, without what a build left there.
kut_files()
{
	if [ -e "$kut/.git" ]; then
		GIT_OPTIONAL_LOCKS=0 GIT_NO_LAZY_FETCH=1 kernel_git "$kut" \
			-c safe.directory="$kut" -c core.fsmonitor=false ls-files -z
	else
		cd "$kut" && find . -type f ! -name '*.[oa]' ! -name '*.elf' ! -name '*.flat' \
			! -name '.*.d' ! -name config.mak -print0 | sort -z
	fi
}

# kut_key: by its content, and the compiler.
kut_key()
{
	kut_files >"$scratch/files" || die 3 "KUT: git ls-files fails in $kut; give a copy without .git"
	(cd "$kut" && xargs -0 sha256sum) <"$scratch/files" >"$scratch/sums" ||
		die 2 "KUT: cannot read all of $kut, see above"
	{
		cat "$scratch/sums" "$scripts/lib/kut.sh"
		gcc --version
		ld --version
	} | sha_of
}

# sections CONFIG: what tests nested SVM, by the file that it boots, with what is declared
# of it: name, file, smp, QEMU's arguments and its own, one a line, separated by tabs.
sections()
{
	awk '
		function value(line) {
			sub(/^[^=]*=[ \t]*/, "", line)
			sub(/[ \t]+$/, "", line)
			return line
		}
		function unquoted(text) {
			if (text ~ /^".*"$/ || text ~ /^\047.*\047$/)
				text = substr(text, 2, length(text) - 2)
			return text
		}
		function flush() {
			if (file ~ /^svm.*\.flat$/ && arch != "i386")
				printf "%s\t%s\t%s\t%s\t%s\n", name, file, smp, qemu, args
		}
		{ sub(/#.*/, "") }
		/^\[.*\]/ {
			flush()
			name = $0
			gsub(/^\[|\].*/, "", name)
			file = qemu = args = arch = ""
			smp = 1
		}
		/^file[ \t]*=/ { file = value($0) }
		/^smp[ \t]*=/ { smp = value($0) }
		/^arch[ \t]*=/ { arch = value($0) }
		/^(qemu_params|extra_params)[ \t]*=/ { qemu = value($0) }
		/^test_args[ \t]*=/ { args = unquoted(value($0)) }
		END { flush() }' "$1"
}

# build_kut OUT: in a copy.  Options of our own make are none of its.
build_kut()
{
	scratch_for "$1"
	mkdir "$scratch/copy"
	kut_files >"$scratch/files"
	(cd "$kut" && cpio -0 -pdm --quiet "$scratch/copy") <"$scratch/files" ||
		die 3 "cannot copy $kut (disk full?)"
	cp "$kut/x86/unittests.cfg" "$scratch/"
	(
		cd "$scratch/copy"
		unset MAKEFLAGS MFLAGS MAKELEVEL
		./configure --arch=x86_64
		# shellcheck disable=SC2046 # words on purpose
		make -j"$(nproc)" $(sections "$scratch/unittests.cfg" | cut -f2 | sort -u | sed 's#^#x86/#')
	) || die 1 "kvm-unit-tests does not build"
	cp "$scratch"/copy/x86/svm*.flat "$scratch/"
	rm -rf -- "$scratch/copy" "$scratch/files"
	publish "$1"
}
