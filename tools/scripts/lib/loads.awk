# SPDX-License-Identifier: GPL-2.0-only
# awk -v function_name=NAME -v argument=REGISTER -f loads.awk < "objdump -dr" output
#
# The loads that a function makes through a pointer it was called with: one line
# for each byte range that is loaded more than once, then a line with the number of
# loads.  It goes through the code in the order of its addresses and follows the
# pointer through moves, additions and stack slots; what it cannot follow ends it.
# A call of memcpy(), or of KASAN's or KCSAN's, loads what it copies.  A block behind the
# end of the function has the registers of the jump that leads to it.

function reg(name)
{
	sub(/^%/, "", name)
	return (name in whole) ? whole[name] : name
}

function width(name)
{
	sub(/^%/, "", name)
	return (name in bytes) ? bytes[name] : 8
}

function number(text,    sign, i, n)
{
	sign = sub(/^-/, "", text) ? -1 : 1
	sub(/^0x/, "", text)
	for (i = 1; i <= length(text); i++)
		n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return sign * n
}

function give_up(why)
{
	print "cannot follow " why
	failed = 1
	exit 3
}

# Split at commas that are not within parentheses.
function operands(text,    i, c, depth)
{
	count = 0
	op[1] = op[2] = op[3] = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		depth += (c == "(") - (c == ")")
		if (i == 1)
			count = 1
		if (c == "," && !depth)
			count++
		else
			op[count] = op[count] c
	}
}

# rep movs: as many bytes as the counter says, from where RSI points to.
function load_string(    size)
{
	if (!("rsi" in from))
		return
	if (line !~ /^rep movs[bwlq] / || !("rcx" in constant))
		give_up("a string instruction at " address)
	size = suffix[substr(line, 9, 1)]
	load("0x0(%rsi)", size * constant["rcx"])
	delete from["rsi"]
}

# A jump: remember for its target where the pointer is.
function leave(target,    r)
{
	sub(/^[^ ]+ +/, "", target)
	for (r in from)
		at[target] = at[target] " " r " " from[r]
}

# enter: at the target of a jump, the pointer is there as well.
function enter(    i, n, pair)
{
	n = split(at[address], pair, " ")
	for (i = 1; i < n; i += 2)
		from[pair[i]] = pair[i + 1]
}

# The relocation of a call, which has taken the registers already.
function load_copy()
{
	if (copy_from == "")
		return
	if (copy_size == "")
		give_up("a copy at " address)
	from["rsi"] = copy_from
	load("0x0(%rsi)", copy_size)
	delete from["rsi"]
}

function load(operand, size,    base, off, index_reg, b, key)
{
	base = operand
	sub(/^[^(]*\(/, "", base)
	index_reg = base ~ /,/
	sub(/[,)].*/, "", base)
	base = reg(base)
	if (!(base in from))
		return
	off = operand
	sub(/\(.*/, "", off)
	off = from[base] + number(off)
	loads++
	for (b = off; b < off + size; b++) {
		key = index_reg ? "indexed " b : b
		if (seen[key]++ == 1)
			printf "%s+0x%x is loaded again at %s: %s\n", argument, b, address, line
	}
}

BEGIN {
	n = split("rax eax ax al rbx ebx bx bl rcx ecx cx cl rdx edx dx dl " \
		"rsi esi si sil rdi edi di dil rbp ebp bp bpl", name, " ")
	for (i = 1; i <= n; i++) {
		whole[name[i]] = name[i - (i - 1) % 4]
		bytes[name[i]] = 8 / 2 ^ ((i - 1) % 4)
	}
	for (i = 8; i <= 15; i++) {
		whole["r" i "d"] = whole["r" i "w"] = whole["r" i "b"] = "r" i
		bytes["r" i] = 8
		bytes["r" i "d"] = 4
		bytes["r" i "w"] = 2
		bytes["r" i "b"] = 1
	}
	for (n = split("ah bh ch dh", name, " "); n; n--) {
		whole[name[n]] = "r" substr(name[n], 1, 1) "x"
		bytes[name[n]] = 1
	}
	suffix["b"] = 1; suffix["w"] = 2; suffix["l"] = 4; suffix["q"] = 8
	from[argument] = 0
}

$0 ~ "^[0-9a-f]+ <" function_name ">:$" { on = 1; next }
/^$/ { on = 0 }
!on || !/\t/ { next }
/R_X86_64_/ {
	if (/\t(__|__asan_|__tsan_)?memcpy[-+]/)
		load_copy()
	next
}

{
	split($0, part, "\t")
	address = part[1]
	gsub(/[ :]/, "", address)
	line = part[2]
	sub(/ *[#<].*/, "", line)
	insn = line
	sub(/ .*/, "", insn)
	if (address in at)
		enter()
	if (insn ~ /^j/)
		leave(line)
	if (insn ~ /^(rep|repz|repnz|lock|data16|cs|nop.*|call|jmp|j[a-z]+|ret|int3|endbr64|ud[12]|movs[bwlq]?)$/) {
		if (line ~ /%ds:\(%rsi\)/)
			load_string()
		copy_from = ("rsi" in from) ? from["rsi"] : ""
		copy_size = ("rdx" in constant) ? constant["rdx"] : ""
		# The first of all is ftrace's, which keeps the registers.
		if (insn == "call" && moved)
			for (i = split("rax rcx rdx rsi rdi r8 r9 r10 r11", name, " "); i; i--)
				delete from[name[i]]
		if (insn !~ /^movs/ || line ~ /%es:/)
			next
	}
	moved = 1
	text = line
	if (!sub(/^[^ ]+ +/, "", text))
		next
	operands(text)
	dest = op[count]
	source = count > 1 ? op[1] : ""
	is_mov = insn ~ /^mov/

	# How much it loads: movz and movs tell the source's width first.
	if (insn ~ /^mov[zs][bwl][wlq]$/)
		size = suffix[substr(insn, 5, 1)]
	else if (dest ~ /^%/)
		size = width(dest)
	else if (source ~ /^%/)
		size = width(source)
	else
		size = suffix[substr(insn, length(insn))]

	if (insn !~ /^(lea|push|pop)/) {
		if (source ~ /\(/)
			load(source, size)
		if (dest ~ /\(/ && !(is_mov && count > 1))
			load(dest, size)
	}

	# Where the pointer goes.
	if (is_mov && source ~ /^%/ && dest ~ /\(%r[sb]p\)$/) {
		delete slot[dest]
		if (reg(source) in from)
			slot[dest] = from[reg(source)]
	} else if (dest ~ /^%/ && insn !~ /^(cmp|test|push|bt)/) {
		r = reg(dest)
		base = source
		sub(/^[^(]*\(/, "", base)
		sub(/\)$/, "", base)
		if (is_mov && source ~ /^%/ && reg(source) in from)
			from[r] = from[reg(source)]
		else if (is_mov && source in slot)
			from[r] = slot[source]
		else if (insn ~ /^lea/ && base !~ /,/ && reg(base) in from) {
			sub(/\(.*/, "", source)
			from[r] = from[reg(base)] + number(source)
		} else if (insn ~ /^(add|sub)/ && source ~ /^\$/ && r in from)
			from[r] += (insn ~ /^sub/ ? -1 : 1) * number(substr(source, 2))
		else
			delete from[r]
		delete constant[r]
		if (is_mov && source ~ /^\$/)
			constant[r] = number(substr(source, 2))
	}
}

END {
	if (!failed)
		print loads + 0
}
