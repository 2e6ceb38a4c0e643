# SPDX-License-Identifier: GPL-2.0-only
# coverage.awk REACHED POINTS: which of the points at which the kernel can say that
# it was there were reached.
#
# REACHED has an address a line, POINTS "ADDRESS FUNCTION FILE:LINE".  Prints a line
# for each file, one for each function, and the lines of which no point was reached.

function percent(part, whole)
{
	return sprintf("%5.1f %%", whole ? 100 * part / whole : 0)
}

function show(name, key)
{
	printf "%-40s %4d of %4d blocks %s  %4d of %4d lines %s\n", name,
		hit[key], all[key], percent(hit[key], all[key]),
		lines_hit[key], lines[key], percent(lines_hit[key], lines[key])
}

FILENAME == ARGV[1] { reached[$1] = 1; next }

{
	split($3, place, ":")
	file = place[1]
	fn = file " " $2
	if (!(file in all)) files[++n_files] = file
	if (!(fn in all)) functions[++n_functions] = fn
	all[file]++
	all[fn]++
	line = fn " " $3
	if (!(line in line_hit)) {
		order[++n_lines] = line
		line_hit[line] = 0
		lines[file]++
		lines[fn]++
	}
	if (!($1 in reached)) next
	hit[file]++
	hit[fn]++
	if (!line_hit[line]++) {
		lines_hit[file]++
		lines_hit[fn]++
	}
}

END {
	for (i = 1; i <= n_files; i++)
		show(files[i], files[i])
	print "\nBy function:"
	for (i = 1; i <= n_functions; i++)
		show(functions[i], functions[i])
	print "\nNot reached:"
	for (i = 1; i <= n_lines; i++)
		if (!line_hit[order[i]]) {
			split(order[i], word, " ")
			print word[3], word[2]
		}
}
