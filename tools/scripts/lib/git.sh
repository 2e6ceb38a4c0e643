# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# Git, and names by content; lib.sh sources this.

# kernel_git DIR ARGS...: git that reads none of the user's configuration.
kernel_git()
{
	k_dir=$1
	shift
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 \
	git -C "$k_dir" -c user.name='vmcb12 series' \
		-c user.email='vmcb12@example.org' -c core.fsync=none \
		-c gc.auto=0 -c commit.gpgSign=false -c advice.detachedHead=false "$@"
}

# copy_checkout DIR: this checkout with its edits, and without what is ignored.  It
# may be somebody else's, as in the container of a CI service.
copy_checkout()
{
	mkdir -p "$1"
	(cd "$top" && kernel_git . -c safe.directory="$top" ls-files -co --exclude-standard -z |
		cpio -0 -pdm --quiet "$1")
	[ -f "$1/patches/bases" ] || die 3 "cannot copy the checkout $top"
}

sha_of()
{
	sha256sum | cut -c1-24
}
