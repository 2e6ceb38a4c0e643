# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What a verb needs of the host; lib.sh sources this.

# need_apt: for a verb that works with Debian's packages, wherever it runs.
need_apt()
{
	if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-deb >/dev/null 2>&1; then
		die 2 "Debian's kernels come through apt, which is not here; 'make prove KSRC=/path/to/linux' needs none"
	fi
}

# need_x86: what is built and booted here is x86-64 code.
need_x86()
{
	case $(uname -m) in
	x86_64|amd64) ;;
	*) die 2 "this host is $(uname -m), and kernels for x86-64 are built and booted on that only; 'make lint', 'series' and 'carry' work here too" ;;
	esac
}

need_tool()
{
	command -v "$1" >/dev/null 2>&1 ||
		die 2 "$1 is missing; install it with 'make deps' (Debian: $2)"
}
