#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# cli.sh CENSUS TORTURE EFFECT: test what the command lines do without measuring anything.

census=$1
torture=$2
effect=$3
data=$(dirname "$0")
tmp=$(mktemp -d) || exit 3
trap 'rm -rf "$tmp"' EXIT
n=0
failed=0

# result NAME: report $bad, a list of complaints
result()
{
	n=$((n + 1))
	if [ -z "$bad" ]; then
		echo "ok $n $1"
		return
	fi
	failed=1
	echo "# $bad"
	sed 's/^/# /' "$tmp/out" "$tmp/err"
	echo "not ok $n $1"
}

# run RC ARGS...: run the census, complain about another exit status
run()
{
	want=$1
	shift
	bad=
	"$census" "$@" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	[ "$rc" = "$want" ] || bad="exit status $rc instead of $want: $*"
}

# has TEXT: complain if the output lacks the line
has()
{
	grep -Fq -- "$1" "$tmp/out" || bad="$bad; not printed: $1"
}

lacks()
{
	! grep -Fq -- "$1" "$tmp/out" || bad="$bad; printed: $1"
}

# refuses NAME ARGS...: exit status 2, nothing on stdout, one line on stderr
refuses()
{
	name=$1
	shift
	run 2 "$@"
	[ -s "$tmp/out" ] && bad="$bad; something on stdout"
	[ "$(wc -l <"$tmp/err")" -eq 1 ] || bad="$bad; not one line on stderr"
	result "$name"
}

# says NAME TEXT: complain if the one line on stderr lacks the text
says()
{
	bad=
	grep -Fq -- "$2" "$tmp/err" || bad="not said: $2"
	result "$1"
}

echo "KTAP version 1"
echo "1..32"

run 0 --help
has "Usage: vmcb12-census"
result "--help"

run 0 --version
has "vmcb12-census"
result "--version"

run 0 --list
has "vmrun-dirty"
has "save.rip"
result "--list"

refuses "unknown option is refused" --frobnicate
refuses "unknown path is refused" --path vmrun
refuses "unknown field is refused" --field rip
refuses "no rounds are refused" --rounds 0
refuses "words for rounds are refused" --rounds many
refuses "negative timeout is refused" --timeout -1
refuses "stray argument is refused" census.json
refuses "two reports on standard output are refused" --json - --ktap
refuses "comparing with nothing is refused" --compare "$data/stock.json"
refuses "comparing with a missing file is refused" --compare "$data/stock.json" "$tmp/none"

head -c 700 "$data/stock.json" >"$tmp/cut.json"
refuses "truncated report is refused" --compare "$tmp/cut.json" "$data/patched.json"
sed 's/"schema": 2/"schema": 999/' "$data/stock.json" >"$tmp/future.json"
refuses "report of another schema is refused" --compare "$tmp/future.json" "$data/patched.json"
echo '[]' >"$tmp/array.json"
refuses "what is no report is refused" --compare "$data/stock.json" "$tmp/array.json"
says "whose report it is not is said" "array.json: not a report of vmcb12-census: no valid 'schema'"

run 1 --show "$data/stock.json"
has "vmrun-dirty: FAIL (2 of 3 fields break the rule)"
has "1.0-stock: FAIL"
result "a report is shown"

run 1 --show "$data/stock.json" --ktap
has "1..2"
has "# vmrun-dirty: save.rip fetched 4 times: enter+0x10(x3) +0x18"
has "not ok 1 vmrun-dirty # FAIL"
has "ok 2 vmexit"
result "a report is shown as KTAP"

run 0 --compare "$data/stock.json" "$data/patched.json"
has "1.0-stock"
has "vmrun-dirty: FAIL -> ok"
has "4 -> 1  ok   enter+0x10(x3) +0x18 -> copy+0x18"
has "2 -> 0  ok   enter+0x20(x2) ->"
has "1.0-patched: ok"
# what did not change and is good
lacks "control.asid"
result "comparing stock with patched is ok"

run 1 --compare "$data/patched.json" "$data/stock.json"
has "1 -> 4  FAIL copy+0x18 -> enter+0x10(x3) +0x18"
has "0 -> 2  FAIL -> enter+0x20(x2)"
has "1.0-stock: FAIL"
result "comparing patched with stock fails"

run 1 --compare "$data/stock.json" "$data/stock.json"
has "4 -> 4  FAIL"
result "comparing stock with itself fails"

sed 's/"#VMEXIT", "status": "ok"/"#VMEXIT", "status": "SKIP"/' "$data/patched.json" \
	>"$tmp/skip.json"
run 3 --compare "$data/stock.json" "$tmp/skip.json"
has "vmexit: walked in"
result "a path that is no longer walked is not ok"

# From here on the other program.
census=$torture

run 0 --help
has "Usage: vmcb12-torture"
result "torture: --help"

refuses "torture: malformed seed is refused" --seed=1x
refuses "torture: empty seed is refused" --seed=
refuses "torture: unknown option is refused" --seedz=1
refuses "torture: step that no seed has is refused" --only=3,40
refuses "torture: words for steps are refused" --only=three
refuses "torture: soak with seeds is refused" --soak=1000 --seeds=2
refuses "torture: stray argument is refused" 1

census=$effect
refuses "effect: a report of the census is refused" --show "$data/stock.json"

exit $failed
