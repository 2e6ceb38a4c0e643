# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# A checkout and a cache of a check's own, so that what it breaks is not ours.

# sandbox: make $work and $cache below $scratch, with what $base has fetched.
sandbox()
{
	work=$scratch/work
	cache=$scratch/cache
	verbs=$work/tools/scripts
	copy_checkout "$work"
	mkdir -p "$cache/src"
	for part in debs bases apt stock headers tarball; do
		cp -al "${CACHE:?}/$part" "$cache/"
	done
	# A link to apt's lock is that lock: another sandbox may run apt as well.
	find "$cache/apt" -name lock -delete
	VMCB12_CACHE=$cache
	export VMCB12_CACHE
	unset VMCB12_LOCKED
}

# sandbox_copy: a checkout in $work for checks that leave the cache as it is.
sandbox_copy()
{
	work=$scratch/work
	copy_checkout "$work"
	unset VMCB12_LOCKED
}

# small_tree SOURCE: what a look at a kernel tree can see, as a commit in $small.
small_tree()
{
	rm -rf -- "$small"
	mkdir "$small"
	kernel_git "$1" archive base Makefile Kconfig arch/x86/kvm \
		tools/testing/selftests/kvm | tar -C "$small" -xf -
	kernel_git "$small" init -q
	kernel_git "$small" add -A -f
	kernel_git "$small" commit -q -m base
}

# says CODE TEXT CMD...
says()
{
	want=$1
	text=$2
	shift 2
	rc=0
	(cd "$work" && "$@") >"$scratch/out" 2>"$scratch/err" </dev/null || rc=$?
	say "== $* -> $rc"
	cat "$scratch/out" "$scratch/err"
	[ "$rc" -eq "$want" ] || die 1 "exit code $rc instead of $want: $*"
	cat "$scratch/out" "$scratch/err" | grep -qe "$text" || die 1 "does not say '$text': $*"
	count=$((count + 1))
}

# first_hunk: of $base's first patch, $first, in $file.  Line $far of the base is two
# lines from what changes, where git apply looks and a merge does not; line $near is
# the first that is removed.
first_hunk()
{
	first=$top/patches/$base/$(series_of "$base" | head -n1)
	file=$(sed -n 's#^+++ b/##p' "$first" | head -n1)
	far=$(sed -n 's/^@@ -\([0-9]*\).*/\1/p' "$first" | head -n1)
	near=$(awk -v at="$far" '/^@@/ { on = 1; next } on && /^-/ { print at; exit } on && /^ / { at++ }' "$first")
}

# The prepared source of the real cache, the clean one and their locks, for checks
# that only read them or build in them what the next build overwrites.
sandbox_source()
{
	ln -sfn "$src" "$cache/src/$source_version"
	[ ! -d "$src-clean" ] || ln -sfn "$src-clean" "$cache/src/$source_version-clean"
	for lock in "src-$source_version" "clean-$source_version"; do
		: >>"$CACHE/.lock-$lock"
		ln -f "$CACHE/.lock-$lock" "$cache/"
	done
}

# Print what a verb left half done, if anything.
half_written()
{
	find "$cache" "$work/build" -name '*.tmp.*' 2>/dev/null | head -n1
}

# bin_without PATTERN...: make $bin, all commands but these and what makes a host one of
# Debian's.
bin_without()
{
	bin=$scratch/bin
	rm -rf -- "$bin"
	mkdir "$bin"
	ln -s /usr/bin/* /bin/* /usr/sbin/* "$bin/" 2>/dev/null || :
	for pattern in 'apt*' 'dpkg*' "$@"; do
		find "$bin" -name "$pattern" -delete
	done
}

# package NAME VERSION: an entry of the index of an archive, of a file that is not there.
package()
{
	printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nFilename: none\nSize: 1\n' "$1" "$2"
	printf 'SHA256: %064d\n\n' 0
}

# archive DIR ORIGIN LABEL SUITE: below $scratch/archives, one that apt can ask, with the
# index on standard input.
archive()
{
	dist=$scratch/archives/$1/dists/$4
	mkdir -p "$dist/main/binary-amd64"
	cat >"$dist/main/binary-amd64/Packages"
	(
		cd "$dist" || exit
		printf 'Origin: %s\nLabel: %s\nSuite: %s\nCodename: %s\n' "$2" "$3" "$4" "$4"
		printf 'Architectures: amd64\nComponents: main\nSHA256:\n %s %s %s\n' \
			"$(sha256sum <main/binary-amd64/Packages | cut -d' ' -f1)" \
			"$(stat -c %s main/binary-amd64/Packages)" main/binary-amd64/Packages
	) >"$scratch/release"
	mv "$scratch/release" "$dist/Release"
}

# plant CHECK TEXT FILE SED: with FILE of $work edited, CHECK must fail for $base
# and say TEXT.  FILE is put back afterwards.  $count counts.
plant()
{
	file=$work/$3
	cp "$file" "$scratch/original"
	sed -i "$4" "$file"
	! cmp -s "$file" "$scratch/original" || die 1 "nothing was planted in $3"
	rc=0
	"$work/tools/testing/$1" "$base" >"$scratch/out" 2>&1 || rc=$?
	say "== $1 with '$4' in $3 -> $rc"
	tail -n 3 "$scratch/out"
	case $rc in
	0|4) die 1 "$1 did not find what was planted" ;;
	esac
	grep -q -- "$2" "$scratch/out" || { cat "$scratch/out"; die 1 "$1 failed without '$2'"; }
	cp "$scratch/original" "$file"
	count=$((count + 1))
}
