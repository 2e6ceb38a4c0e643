# SPDX-License-Identifier: GPL-2.0-only
# functions.awk FROM TO ROUNDS RUNS SYMBOLS TRACE: in which functions the
# instructions of a round trip are executed.
#
# RUNS has a line "path clean-bits instructions" for each run of vmcb12-bench that
# was traced, in their order, SYMBOLS the functions by address, and TRACE a line for
# each instruction as QEMU's "-d exec,nochain" writes it.  A run is ROUNDS round
# trips from L1's instruction FROM to its instruction TO.
#
# Prints "path clean-bits function instructions" of the first round trip of each run
# that has as many instructions as was measured without a trace; where there is none
# that is an error, and so every sum here is the one that was measured.

BEGIN {
	from = address(ARGV[1])
	to = address(ARGV[2])
	rounds = ARGV[3]
	ARGV[1] = ARGV[2] = ARGV[3] = ""
	# The kernel's half of the addresses.
	kernel = "x8"
}

# A string even if it looks like a number.
function address(digits)
{
	sub(/^0x/, "", digits)
	while (length(digits) < 16)
		digits = "0" digits
	return "x" digits
}

function function_at(pc,    low, high, middle)
{
	if (pc < kernel)
		return "(L1+L2)"
	if (pc in known)
		return known[pc]
	low = 0
	high = symbols
	while (low < high) {
		middle = int((low + high + 1) / 2)
		if (start[middle] <= pc)
			low = middle
		else
			high = middle - 1
	}
	return known[pc] = low ? name[low] : "(unknown)"
}

# An instruction counts once the next one shows that it was executed.
function executed()
{
	if (last != "") {
		count[function_at(last)]++
		sum++
	}
	last = ""
}

function round_trip(    run, where)
{
	run = int(trips / rounds) + 1
	trips++
	if (sum != expected[run] || run in found)
		return
	found[run] = 1
	for (where in count)
		print label[run], where, count[where]
}

FNR == 1 { file++ }

file == 1 {
	label[++runs] = $1 " " $2
	expected[runs] = $3
	next
}

file == 2 {
	start[++symbols] = address($1)
	name[symbols] = $2
	# What the compiler has split off a function is a part of it.
	sub(/\..*/, "", name[symbols])
	next
}

# The instruction of the line before was not executed, and will come again.
/^Stopped/ { last = "" }

/^Trace/ {
	split($4, part, "/")
	pc = "x" part[2]
	# One of L1 or L2 that is intercepted ends in L0 and is not executed.
	if (last < kernel && pc >= kernel)
		last = ""
	if (counting)
		executed()
	if (counting && pc == to) {
		round_trip()
		counting = 0
	}
	if (pc == from) {
		counting = 1
		sum = 0
		split("", count)
	}
	last = pc
}

END {
	for (run = 1; run <= runs; run++)
		if (!(run in found)) {
			print label[run] ": no round trip in the trace has " expected[run] \
				" instructions" >"/dev/stderr"
			failed = 1
		}
	exit failed || !runs ? 3 : 0
}
