# SPDX-License-Identifier: GPL-2.0-only
# faults.awk HEADS CONSOLE: for each splat, of which HEADS has the line numbers, a line
# "FILE:LINE FUNCTION HEAD" without what changes from boot to boot.  FILE:LINE is "-"
# if the kernel does not say it.  FUNCTION is "?" if neither the head nor the registers
# below name one: such a splat can't be told from others.  Nor can what looks at time
# alone, wherever the CPU happens to be.

FILENAME == ARGV[1] { is_head[$1]; next }

{
	sub(/\r$/, "")
	sub(/^\[ *[0-9.]+\](\[[^]]*\])? */, "")
}

# These only follow.
/Call Trace:|Kernel panic/ { next }

FNR in is_head {
	text = $0
	at[++n] = "-"
	if (match(text, /[^ ]+\.[ch]:[0-9]+/)) {
		at[n] = substr(text, RSTART, RLENGTH)
		text = substr(text, 1, RSTART - 1) substr(text, RSTART + RLENGTH)
	}
	if (match(text, /[A-Za-z_][A-Za-z0-9_.]*\+0x/))
		fn[n] = substr(text, RSTART, RLENGTH - 3)
	# The CPU and the process, offsets, addresses.
	sub(/, CPU#.*/, "", text)
	gsub(/[0-9a-f]*[0-9][0-9a-f]*/, "", text)
	head[n] = text
	line[n] = FNR
}

/^RIP: 0010:/ {
	split($2, rip, /[:+]/)
	for (i = n; i > 0 && FNR - line[i] < 20; i--)
		if (fn[i] == "")
			fn[i] = rip[2]
}

END {
	for (i = 1; i <= n; i++)
		print at[i], fn[i] == "" || head[i] ~ /lockup|[Ss]tall|blocked/ ? "?" : fn[i], head[i]
}
