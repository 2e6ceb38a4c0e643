# SPDX-License-Identifier: GPL-2.0-only
# misfit.awk PATCH TEXT: for each hunk of PATCH on the file "path" that TEXT, what
# is in the tree of it, does not have as it is: where it belongs, and the lines
# that differ, "-" what the patch wants and "+" what is there.
#
# The place is that of the best local alignment of the hunk's old side.

# Blank lines and lone braces are everywhere, so they count for less.
function weight(line)
{
	return line ~ /[A-Za-z0-9].*[A-Za-z0-9]/ ? 4 : 1
}

# The last line at or before line j that begins a function or the like.
function inside(j)
{
	for (; j > 0; j--)
		if (text[j] ~ /^[A-Za-z_].*[^:;]$/)
			return text[j]
	return "the head of the file"
}

# as_it_is(): the hunk's old side is there, line by line.
function as_it_is(  i, j)
{
	for (j = 0; j + n <= lines; j++) {
		for (i = 1; i <= n && want[i] == text[j + i]; i++)
			;
		if (i > n)
			return 1
	}
	return 0
}

function align(  i, j, s, best, end, first, out)
{
	for (j = 0; j <= lines; j++)
		score[0, j] = 0
	for (i = 1; i <= n; i++) {
		score[i, 0] = -i
		for (j = 1; j <= lines; j++) {
			s = score[i - 1, j] - 1
			step[i, j] = "-"
			if (score[i, j - 1] - 1 > s) {
				s = score[i, j - 1] - 1
				step[i, j] = "+"
			}
			if (want[i] == text[j] && score[i - 1, j - 1] + weight(want[i]) >= s) {
				s = score[i - 1, j - 1] + weight(want[i])
				step[i, j] = "="
			}
			score[i, j] = s
		}
	}
	best = score[n, 0]
	for (j = 0; j <= lines; j++)
		if (score[n, j] > best) {
			best = score[n, j]
			end = j
		}
	i = n
	j = first = end
	out = ""
	# What stands where the hunk's last lines should, and then its first ones.
	while (i > 0 && step[i, end] == "-")
		i--
	for (s = 1; s <= n - i && end + s <= lines; s++)
		out = out "    +" text[end + s] "\n"
	for (s = n; s > i; s--)
		out = "    -" want[s] "\n" out
	while (i > 0 && j > 0 && score[i, j] > -i) {
		if (step[i, j] == "=") {
			first = j
			i--
			j--
		} else if (step[i, j] == "+") {
			out = "    +" text[j--] "\n" out
		} else {
			out = "    -" want[i--] "\n" out
		}
	}
	for (s = 0; s < i && j - s > 0; s++)
		out = "    +" text[j - s] "\n" out
	for (; i > 0; i--)
		out = "    -" want[i] "\n" out
	printf "%s, at line %d, in %s\n%s", path, first, inside(first), out
}

function hunk_ends()
{
	if (n)
		hunk[++hunks] = old
	n = 0
	old = ""
}

FNR == NR && /^(diff --git |-- $)/ { hunk_ends(); ours = 0; next }
FNR == NR && /^--- / { ours = ($2 == "a/" path); next }
FNR == NR && !ours { next }
FNR == NR && /^@@ / { hunk_ends(); next }
FNR == NR && /^[ -]/ { n++; old = old substr($0, 2) "\n"; next }
FNR == NR { next }
FNR == 1 { hunk_ends() }
{ text[++lines] = $0 }

END {
	for (h = 1; h <= hunks; h++) {
		n = split(hunk[h], want, "\n") - 1
		if (!as_it_is())
			align()
	}
}
