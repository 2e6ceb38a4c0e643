# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Common to all verbs: places, and what each verb does with them.
#
# The other libraries are in lib/, and those for checks alone in tools/testing/lib.
# The lib-*.sh beside this file stay where scripts look for them whose text is in keys
# of the cache: "module", "selftests", "emulator", lib-kernel.sh and the check
# "series-build".
#
# A verb sources this file first.  It gives:
#   top, BUILD, CACHE        the checkout, its ignored state, the shared cache
#   scripts, testing         tools/scripts and tools/testing of the checkout
#   lib/messages.sh          say, note, die CODE TEXT; skip REASON ends a check
#   lib/children.sh          step LABEL CMD..., run_verb; scratch_for and publish PLACE
#   lib/locks.sh             locked: one run per checkout at a time
#   lib/bases.sh             base_field NAME FIELD: a cell of patches/bases
#   lib/host.sh, lib/git.sh  need_tool, kernel_git, sha_of
#
# No other function has the name of a library's.  In all of them need_X ends the verb if
# X is not there, and want_X makes it first.  One of the second kind is called need_X
# still, need_source() of lib-base.sh: keys of the cache have the text of that file.
#
# Exit codes: 0 ok, 1 a check failed, 2 usage or missing tool, 3 infrastructure,
# 124 timeout, 255 guest panic.

set -eu
LC_ALL=C
export LC_ALL

top=$(dirname "$0")
until [ -f "$top/patches/bases" ]; do
	top=$top/..
done
top=$(cd "$top" && pwd)
BUILD=$top/build
CACHE=${VMCB12_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vmcb12}
scripts=$top/tools/scripts
# shellcheck disable=SC2034 # for checks
testing=$top/tools/testing
verb=${0##*/}

. "$scripts/lib/messages.sh"
. "$scripts/lib/children.sh"
. "$scripts/lib/locks.sh"
. "$scripts/lib/bases.sh"
. "$scripts/lib/host.sh"
. "$scripts/lib/git.sh"
