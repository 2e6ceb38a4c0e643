# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# What goes into the test VM, and what comes out of it.

# module_file NAME: the stock module of that name (- and _ are the same).
module_file()
{
	pattern=$(printf '%s' "$1" | sed 's/[-_]/[-_]/g')
	find "$modules" -name "$pattern.ko*" | head -n1
}

# with_depends NAME: the module's names, what it needs first.
with_depends()
{
	file=$(module_file "$1")
	[ -n "$file" ] || return 0		# built in
	for needed in $(modinfo -F depends "$file" | tr ',' ' '); do
		with_depends "$needed"
	done
	echo "$1"
}

# npt0_census: the line of a plan, for a KVM with npt=0.
npt0_census()
{
	echo "data census-npt0 120 /bin/vmcb12-census --json -"
}

# guest_root DIR REPLACEMENT SELFTESTS: fill DIR with the RAM disk's content.
# REPLACEMENT holds modules that replace the stock ones, or is empty.  Without
# SELFTESTS the VM runs one census and nothing else.
guest_root()
{
	mkdir -p "$1/bin" "$1/modules" "$1/selftests"
	# KVM is built into a kernel of KSRC=.
	! from_ksrc || modules=$1/modules
	install -m 755 "$BUILD/bin/vmcb12-init" "$1/init"
	install -m 755 "$BUILD/bin/vmcb12-census" "$1/bin/vmcb12-census"
	[ -z "$3" ] || install -m 755 "$3"/* "$1/selftests/"
	for name in $(with_depends kvm-amd | awk '!seen[$0]++'); do
		file=$(module_file "$name")
		ko=$(basename "${file%%.ko*}").ko
		case $file in
		*.xz) xz -dc "$file" >"$1/modules/$ko" ;;
		*) cp "$file" "$1/modules/$ko" ;;
		esac
		[ -z "$2" ] || [ ! -f "$2/$ko" ] || cp "$2/$ko" "$1/modules/$ko"
		case $ko in
		kvm-amd.ko) echo "load /modules/$ko nested=1" ;;
		*) echo "load /modules/$ko" ;;
		esac
	done >"$1/plan"
	{
		echo "data census 120 /bin/vmcb12-census --json -"
		if [ -n "$3" ] && [ -f "$1/modules/kvm-amd.ko" ]; then
			# Shadow paging, which is code of its own.
			echo "unload kvm_amd"
			echo "load /modules/kvm-amd.ko nested=1 npt=0"
			npt0_census
			echo "unload kvm_amd"
			echo "load /modules/kvm-amd.ko nested=1"
		fi
		for test in "$1"/selftests/*; do
			[ ! -x "$test" ] || echo "run selftest/${test##*/} 60 /selftests/${test##*/}"
		done
	} >>"$1/plan"
	chmod -R u=rwX,go=rX "$1"
}

# bare_root DIR REPLACEMENT: the same without a census or a test; the caller adds to
# DIR/plan what is to be run.
bare_root()
{
	guest_root "$1" "$2" ''
	sed -i '/^data /d' "$1/plan"
}

# tool_root DIR REPLACEMENT TOOL: a RAM disk with kvm_amd loaded and TOOL in it;
# the caller adds to DIR/plan what is to be run.
tool_root()
{
	bare_root "$1" "$2"
	rm -f -- "$1/bin/vmcb12-census"
	install -m 755 "$BUILD/bin/$3" "$1/bin/$3"
}

# splat_patterns: of what fails any run, one a line.
splat_patterns()
{
	sed '/^#/d; /^$/d' "$scripts/splats"
}

# no_splat DIR: nothing in the kernel's log of what fails any run, or print the first
# line of it.  Where there is no log, nothing is known, and that is no good one.
no_splat()
{
	if [ ! -s "$1/console.log" ]; then
		say "no log of the kernel in ${1#"$top"/}"
		return 1
	fi
	splat_rc=0
	splat=$(splat_patterns | grep -a -m1 -E -f - "$1/console.log") || splat_rc=$?
	[ "$splat_rc" -ne 1 ] || return 0
	printf '%s\n' "$splat" | tr -d '\r'
	return 1
}

# need_no_splat DIR WHAT: end with the line if there is one, and keep the log.
need_no_splat()
{
	splat_line=$(no_splat "$1") || {
		cp "$1/console.log" "$BUILD/log/splat-$verb.log" 2>/dev/null || :
		die 1 "kernel splat ($2): $splat_line; the log: build/log/splat-$verb.log"
	}
}

# split_results DIR: census*.json and selftests.ktap out of results.log, and the
# exit codes and times of the censuses in rc.
split_results()
{
	tr -d '\r' <"$1/results.log" | awk -v dir="$1" '
		/^#begin / { name = $2; out = ""; skip = ""; next }
		/^#end / {
			split($3, r, "="); split($4, t, "=")
			rc[name] = r[2]; ms[name] = t[2]; text[name] = out; reason[name] = skip
			order[++n] = name; name = ""; next
		}
		name ~ /^census/ { print >(dir "/" name ".json"); next }
		name != "" {
			out = out "# " $0 "\n"
			if (match($0, /# SKIP.*/)) skip = substr($0, RSTART + 7)
		}
		END {
			ktap = dir "/selftests.ktap"
			for (i = 1; i <= n; i++)
				if (order[i] ~ /^selftest\//) tests++
			print "KTAP version 1\n1.." tests + 0 >ktap
			for (i = 1; i <= n; i++) {
				name = order[i]
				if (name !~ /^selftest\//) {
					print name, rc[name], ms[name] >(dir "/rc")
					continue
				}
				short = substr(name, 10)
				printf "%s", text[name] >ktap
				k++
				if (rc[name] == 0) line = "ok " k " " short
				else if (rc[name] == 4) line = "ok " k " " short " # SKIP" reason[name]
				else line = "not ok " k " " short " # exit code " rc[name]
				print line >ktap
			}
		}'
}

# take_result NAME DIR: DIR/NAME.json, and its exit code in $result_rc.
take_result()
{
	tr -d '\r' <"$2/results.log" | awk -v name="$1" '
		$1 == "#end" && $2 == name { exit }
		on { print }
		$1 == "#begin" && $2 == name { on = 1 }' >"$2/$1.json"
	result_rc=$(tr -d '\r' <"$2/results.log" |
		sed -n "s/^#end $1 rc=\([0-9]*\) .*/\1/p")
}

# broken CENSUS: the lines "path field" of what breaks the rule in that JSON report.
broken()
{
	jq -r '.paths[] | .name as $path | .fields[] | select(.verdict == "FAIL")
		| "\($path) \(.name)"' "$1" | sort
}
