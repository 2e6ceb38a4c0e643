# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# Debian's archive through an apt configuration of our own, in $apt_root: any
# suite, signatures checked, the host's own lists and packages left alone.

case ${MIRROR:-none:/} in
*:/*) ;;
*) die 2 "MIRROR: '$MIRROR' is no address of an archive: http://HOST/debian is the form" ;;
esac

# beside SUITE URI: the archive of the suite on the same mirror.
beside()
{
	case $1 in
	*-security) echo "$2" | sed -E 's#/debian(/|$)#/debian-security\1#' ;;
	*) echo "$2" | sed -E 's#/debian-security(/|$)#/debian\1#' ;;
	esac
}

# archives [OPTION...]: "LABEL URI" of each archive of Debian's that the host's apt
# is configured for, by what it has of its index: the archive says itself whose it
# is, and other archives have a suite "stable" or a component "main" as well.
archives()
{
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets "$@" --format '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)' \
		'Created-By: Packages' |
		awk -F '|' '$1 == "Debian" && $3 == "main" { print $2, $4 }'
}

# archives_asked: the same of a host whose lists are cleared, as those of a container
# are.  They are not ours to fill.
archives_asked()
{
	lists=$CACHE/apt/host
	mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial" ||
		die 3 "cannot write to the cache $CACHE"
	set -- -oDir::State::Lists="$lists/lists" -oDir::Cache="$lists/cache" \
		-oAPT::Sandbox::User=root
	found=$(archives "$@")
	# What others than Debian do not answer is no concern of ours.
	[ -n "$found" ] || apt-get -q update "$@" -oAcquire::Languages=none >&2 || :
	archives "$@"
}

# archive_for SUITE: its address, from MIRROR= or else from the host's apt.
archive_for()
{
	[ -z "${MIRROR:-}" ] || { beside "$1" "$MIRROR"; return; }
	label=Debian
	case $1 in
	*-security) label=Debian-Security ;;
	esac
	found=$(archives)
	[ -n "$found" ] || found=$(archives_asked) || exit
	[ -n "$found" ] ||
		die 3 "the host's apt knows no archive of Debian's for $1; name one: MIRROR=http://HOST/debian"
	echo "$found" | awk -v label="$label" '$1 == label { print $2; exit }' | grep . ||
		beside "$1" "$(echo "$found" | awk '{ print $2; exit }')"
}

# apt_conf deb|deb-src SUITE...
apt_conf()
{
	mkdir -p "$apt_root/lists/partial" "$apt_root/cache/archives/partial" ||
		die 3 "cannot write to the cache $CACHE"
	type=$1
	shift
	for suite; do
		uri=$(archive_for "$suite") || exit
		echo "$type [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main"
	done >"$apt_root/sources.new" || exit
	mv "$apt_root/sources.new" "$apt_root/sources.list"
}

# A snapshot that MIRROR= names is as old as it is meant to be.
our_apt()
{
	tool=$1
	shift
	"$tool" -q -oDir::Etc::SourceList="$apt_root/sources.list" \
		-oDir::Etc::SourceParts=/dev/null \
		-oDir::State::Lists="$apt_root/lists" \
		-oDir::Cache="$apt_root/cache" -oAPT::Sandbox::User=root \
		${MIRROR:+-oAcquire::Check-Valid-Until=false} \
		-oAcquire::Retries=2 -oAPT::Update::Error-Mode=any "$@"
}

# update_lists: returns 1 if the archive does not answer, and 4 if it has no such
# suite: Debian moves old ones elsewhere.
update_lists()
{
	our_apt apt-get update >"$apt_root/answer" 2>&1 && return
	cat "$apt_root/answer"
	! grep -qE 'does (not|no longer) have a Release file' "$apt_root/answer" || return 4
	return 1
}

no_suite="is gone from the archive; give one that has it, such as a snapshot, MIRROR=http://HOST/debian, or a tree of that line: 'make prove KSRC=/path/to/linux'"
