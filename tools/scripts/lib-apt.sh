# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# Debian's archive through an apt configuration of our own, in $apt_root: any
# suite, signatures checked, the host's own lists and packages left alone.

# apt_conf SUITE deb|deb-src: the host's apt is only asked for the mirror's
# address, that of the same archive (main or security).
apt_conf()
{
	case $1 in
	*-security) like='-security$' ;;
	*) like='^[a-z]*$' ;;
	esac
	# shellcheck disable=SC2016 # apt's own variables
	uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' |
		awk -v like="$like" '$2 ~ like && $3 == "main" { print $1; exit }')
	[ -n "$uri" ] || die 3 "the host's apt configuration names no Debian archive for $1"
	mkdir -p "$apt_root/lists/partial" "$apt_root/cache/archives/partial" ||
		die 3 "cannot write to the cache $CACHE"
	cat >"$apt_root/sources.list" <<-END
		$2 [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $1 main
	END
}

our_apt()
{
	tool=$1
	shift
	"$tool" -q -oDir::Etc::SourceList="$apt_root/sources.list" \
		-oDir::Etc::SourceParts=/dev/null \
		-oDir::State::Lists="$apt_root/lists" \
		-oDir::Cache="$apt_root/cache" -oAPT::Sandbox::User=root \
		-oAcquire::Retries=2 -oAPT::Update::Error-Mode=any "$@"
}
