# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# What a patch file says; a check or verb sources this after lib.sh.

# all_patches: BASE/FILE of each patch of each base.
all_patches()
{
	for base in $(bases); do
		listed "$base" | sed "s#^#$base/#"
	done
}

# part FILE subject|log|trailers|diff: the log is without its trailers, which
# are the last paragraph, if each line of it looks like one.
part()
{
	awk -v want="$2" '
		function is_trailer(line) { return line ~ /^[A-Z][A-Za-z]*(-[A-Za-z]+)*: [^ ]/ }
		at == "" && /^Subject: / { sub(/^Subject: (\[[^]]*\] )?/, ""); subject = $0; folded = 1; next }
		at == "" && folded && /^[ \t]/ { sub(/^[ \t]+/, " "); subject = subject $0; next }
		at == "" && /^$/ { at = "log"; next }
		at == "" { folded = 0; next }
		at == "log" && /^(---$|diff --git )/ { at = "diff" }
		at == "log" { line[++n] = $0; next }
		want == "diff" { print }
		END {
			if (want == "subject")
				print subject
			while (n && line[n] == "")
				n--
			for (first = n + 1; first > 1 && is_trailer(line[first - 1]); first--)
				;
			if (first > 1 && line[first - 1] != "")
				first = n + 1
			if (want == "trailers")
				for (i = first; i <= n; i++)
					print line[i]
			if (want == "log")
				for (i = 1; i < first; i++)
					print line[i]
		}' "$1"
}

# files_of FILE: what the patch changes.
files_of()
{
	sed -n 's#^+++ b/##p; s#^--- a/##p' "$1" | sort -u
}

# head_of_patch FILE: all that is above its line of dashes.
head_of_patch()
{
	sed '/^---$/,$d; /^diff --git /,$d' "$1"
}

# changed: the added and the removed lines of the diff on standard input, file by
# file, each in order.
changed()
{
	awk '/^diff --git / { path = $4; hunk = 0; next }
		/^@@ / { hunk = 1; next }
		hunk && /^[-+]/ { print path "\t" substr($0, 1, 1) "\t" $0 }' |
		sort -s -t "$(printf '\t')" -k1,1 -k2,2
}

# patches_id: of what decides which files a tree takes: the diffs, and no words.
patches_id()
{
	{
		sed -n '/^#/!s/\t[a-z]*\t.*//p' "$top/patches/variants"
		(cd "$top/patches" && find . -name '*.patch' | sort | xargs awk '
			FNR == 1 { print FILENAME; on = 0 }
			/^diff --git / { on = 1 }
			on && !/^index /')
	} | sha_of | cut -c1-12
}

# finding PATCH TEXT...: one more line of what is wrong.
findings=0
finding()
{
	patch=$1
	shift
	say "$patch: $*"
	findings=$((findings + 1))
}

# verdict TEXT: the last line of a check of patches.
verdict()
{
	[ "$findings" -eq 0 ] || die 1 "$findings findings"
	say "$*"
}

# The words of patches/BASE/status; the parts of a base in the order of its series.
relations='same-work part-of prerequisite none'
parts_of()
{
	case $1 in
	linux-*) echo fixes hardening ;;
	*) echo soft-events restore rsm single-loads clean-bits ;;
	esac
}

# number_of BASE FILE: of the patch that the file is, or stands for.
number_of()
{
	case ${2##*/} in
	[0-9]*) echo "${2##*/}" ;;
	*) series_of "$1" | grep -xF "$(series_of "$1" | grep -e "^[0-9]*-${2##*/}\$")" ;;
	esac | cut -c1-4
}

# status_of BASE FILE part|relation|ids|detail: a cell of its row; of ids, one a line.
status_of()
{
	awk -v n="$(number_of "$1" "$2")" -v want="$3" '
		$1 != n { next }
		want == "part" { print $2 }
		want == "relation" { print $3 }
		want == "ids" && $4 != "-" { gsub(/,/, "\n", $4); print $4 }
		want == "detail" { sub(/^[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ */, ""); print }' \
		"$top/patches/$1/status"
}

# same_work BASE FILE: the commits upstream whose work it does, one a line.
same_work()
{
	[ "$(status_of "$1" "$2" relation)" != same-work ] || status_of "$1" "$2" ids
}

# commit_field ID N: of its row in patches/commits.
commit_field()
{
	awk -F '\t' -v id="$1" -v n="$2" '
		!/^#/ && substr($1, 1, 12) == substr(id, 1, 12) { print $n; exit }' "$top/patches/commits"
}

# with_commits CMD...: run checkpatch so that it looks commit ids up in
# patches/commits; no source of Debian's has the history to do it with git.
with_commits()
{
	mkdir -p "$scratch/bin"
	cat >"$scratch/bin/git" <<-'EOF'
		#!/bin/sh
		# git log --format='%H %s' -1 ID
		for id; do :; done
		awk -F '\t' -v id="$id" 'substr(id, 1, 12) == substr($1, 1, 12) {
			printf "%-40s %s\n", $1, $2; found = 1 }
			END { if (!found) print "fatal: bad object " id }' "$COMMITS"
	EOF
	chmod +x "$scratch/bin/git"
	COMMITS=$top/patches/commits GIT_DIR=$scratch PATH=$scratch/bin:$PATH "$@"
}

# forgive_typos FILE...: take from lists of misspellings, as checkpatch and codespell
# have them, what stands in a subject of patches/commits, since Fixes: quotes it.
forgive_typos()
{
	for list; do
		awk 'NR == FNR { for (i = 2; i <= NF && !/^#/; i++) theirs[tolower($i)] = 1; next }
			{ word = $0; sub(/(\|\||->).*/, "", word) }
			!(word in theirs)' "$top/patches/commits" "$list" >"$list.new"
		mv "$list.new" "$list"
	done
}
