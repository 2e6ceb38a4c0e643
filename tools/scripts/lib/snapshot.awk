# SPDX-License-Identifier: GPL-2.0-only
# snapshot.awk -v fields="NAME..." PATCH TEXT: TEXT without these fields in the snapshot
# of vmcb12's save area, its structure and the function that copies them.
#
# Who has put them there may have changed the comment of that function.  It reads again
# as PATCH expects it.

function is_copy(line)
{
	return line ~ /__nested_copy_vmcb_save_to_cache\(/ && line !~ /;$/
}

# The field that a line declares or copies, if it does.
function field_of(line)
{
	if (line ~ /^\t[a-z].*;/ && line !~ /[=(]/)
		sub(/;.*/, "", line)
	else if (line ~ /^\tto->[a-z0-9_]* = /)
		sub(/ = .*/, "", line)
	else
		return ""
	sub(/.*[ >]/, "", line)
	return line
}

BEGIN {
	n = split(fields, list)
	for (i = 1; i <= n; i++)
		gone[list[i]] = 1
}

FNR == NR {
	if (/^@@/ || /^ /)
		copy = is_copy($0) || (copy && !/^@@/)
	if (copy && !ended && /^[- ]\t\/\*$/)
		on = 1
	if (on && /^[- ]/)
		comment = comment substr($0, 2) "\n"
	if (on && /^[- ]\t \*\/$/) {
		on = 0
		ended = 1
	}
	next
}

/^struct vmcb_save_area_cached \{/ { inside = 1 }
is_copy($0) { inside = 1; old = comment }
inside && old != "" && /^\t\/\*$/ {
	printf "%s", old
	old = ""
	skip = 1
}
skip {
	skip = !/\*\/$/
	last = $0
	next
}
inside && field_of($0) in gone { next }
# Of the blank lines around such lines one stays, and none at an end.
inside && /^$/ { blank = last !~ /\*\/$/; next }
/^}/ { blank = inside = 0 }
blank { print ""; blank = 0 }
{ print; last = $0 }
