# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# What a check found the last time; a check sources this after lib-base.sh.
#
# For results that are a function of files and programs.  What looks after the state
# of the machine, such as what an interrupt leaves, is not for this.

# is_known PATHS WORD...: the check ended well when these files of the checkout, all
# of tools/scripts and our libraries, the check, what is fetched of $base, the packages
# that all verbs need and WORD, such as versions of other programs, were what they are
# now.
is_known()
{
	paths=$1
	shift
	# shellcheck disable=SC2046,SC2086 # words on purpose
	known=$CACHE/findings/$verb-$({
		echo "$base" "$@"
		if from_ksrc; then
			kernel_git "$src" rev-parse "$base_commit^{commit}"
		else
			cat "$manifest"
		fi
		dpkg-query -W -f '${Package} ${Version}\n' perl-base \
			$(awk '!/^#/ { print $2 }' "$scripts/packages" | sort -u) 2>/dev/null || :
		gcc --version
		ld --version
		cat "$0"
		cd "$top" || exit
		find $paths tools/scripts tools/testing/lib \( -path ./build -o -path ./.git \) -prune \
			-o -type f -print0 | sort -zu | xargs -0 sha256sum
	} | sha_of)
	[ -s "$known" ]
}

# known PATHS WORD...: if it is, that was the check.
known()
{
	! is_known "$@" || say_known
}

say_known()
{
	say "$(cat "$known") (cached)"
	exit 0
}

# learned TEXT: the last line of a check that ended well, to be known.
learned()
{
	mkdir -p "$CACHE/findings"
	echo "$*" >"$known.tmp.$$"
	mv "$known.tmp.$$" "$known"
	say "$*"
}

# versions PACKAGE...: what is installed of them.
versions()
{
	# shellcheck disable=SC2016 # dpkg-query's own
	dpkg-query -W -f '${Package} ${Version}\n' "$@" 2>/dev/null || :
}

# all_sources: the versions of the bases that are here.
all_sources()
{
	cat "$CACHE"/bases/*/manifest
}
