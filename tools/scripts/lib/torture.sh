# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# vmcb12-torture in a VM with an instrumented kernel; a verb sources this after
# lib-base.sh, lib-series.sh and lib/guest.sh.

# The fragment of arch/x86/configs: "torture" or "kcsan".
sanitizer=${SANITIZER:-torture}
case $sanitizer in
torture|kcsan) ;;
*) die 2 "SANITIZER=$sanitizer is neither torture nor kcsan" ;;
esac
soak_goal=10000000

# need_number NAME VALUE
need_number()
{
	case $2 in
	''|*[!0-9]*) die 2 "$1=$2 is no number" ;;
	esac
}

# use_report: where the results go.
use_report()
{
	report=$BUILD/report/$base
	! from_ksrc || report=$report-ksrc
	report=$report/$sanitizer
}

# want_kernels REV: the program and the two kernels, stock and REV.
want_kernels()
{
	run_verb deps
	run_verb tools
	run_verb source "$base"
	run_verb tree "$base"
	run_verb torture-kernel "$base" stock base "$sanitizer"
	run_verb torture-kernel "$base" patched "$1" "$sanitizer"
	load_base
}

# torture_kernel NAME: its directory.
torture_kernel()
{
	cat "$BUILD/kernel-$base-$sanitizer-$1"
}

# torture_boot NAME OUT SECONDS ARGS...: run vmcb12-torture with ARGS for about so
# long; $boot_rc is that of the VM, and $result_rc that of the program, or empty.
# An oops or a WARN ends the VM: after one, the kernel may hang.
torture_boot()
{
	label=$1
	out=$2
	budget=$3
	shift 3
	rm -rf -- "$scratch/root"
	# KVM is built in: no module is loaded.
	modules=$scratch/no-modules
	mkdir -p "$modules"
	tool_root "$scratch/root" '' vmcb12-torture
	echo "run torture $((budget + 120)) /bin/vmcb12-torture $*" >>"$scratch/root/plan"
	boot_rc=0
	run_verb vm "torture: boot $label $base" "$(torture_kernel "$label")/vmlinuz" \
		"$scratch/root" $((budget + 400)) "$out" \
		kvm_amd.nested=1 kasan_multi_shot oops=panic panic_on_warn=1 || boot_rc=$?
	take_result torture "$out"
	sed -n 's/^0x\(ffffffff[0-9a-f]*\)$/\1/p' "$out/torture.json" >"$out/reached"
	sed '/^0xffffffff/d' "$out/torture.json" >"$out/torture.log"
	rm -f "$out/torture.json"
}

# last_seed DIR: the one that ran when it ended.
last_seed()
{
	sed -n 's/^seed \([0-9]*\)$/\1/p' "$1/torture.log" | tail -n1
}

# torture_finding DIR: print in one line what went wrong there, if anything did.
torture_finding()
{
	if no_splat "$1" >"$scratch/splat"; then
		grep -m1 -E '^(leak|splat) ' "$1/torture.log" || case $boot_rc/$result_rc in
		0/0) ;;
		0/124) echo "vmcb12-torture hangs" ;;
		*/) echo "the VM ended with $boot_rc" ;;
		*) echo "vmcb12-torture ended with $result_rc: $(tail -n1 "$1/torture.log")" ;;
		esac
	else
		tr -d '\r' <"$scratch/splat"
	fi
}

# faults_of DIR REV: the splats there of a kernel made of REV, one a line, in words that
# are the same for another kernel with the same fault: patches move the lines, so the
# source of the line that warns stands for its number.
faults_of()
{
	splat_patterns >"$scratch/patterns"
	grep -a -n -E -f "$scratch/patterns" "$1/console.log" | cut -d: -f1 >"$scratch/heads"
	awk -f "$scripts/lib/faults.awk" "$scratch/heads" "$1/console.log" | while read -r at fault; do
		[ "$at" = - ] || at=$(kernel_git "$tree" show "$2:${at%:*}" | sed -n "${at##*:}p")
		# A line that is not there can't be compared.
		[ -n "$at" ] || fault="? $fault"
		echo "$fault: $at"
	done | sort -u
}

# all_in FAULTS OTHERS: there are faults, each has a function, and is among the others.
all_in()
{
	[ -s "$1" ] && ! grep -q '^?' "$1" && [ -z "$(comm -23 "$1" "$2")" ]
}

# points KERNEL: "ADDRESS FUNCTION FILE:LINE" for each point of nested.c and of what
# of svm.c is about nested guests, at which the kernel can say that it was reached.
points()
{
	for object in nested svm; do
		# What KCOV reports is the address after the call.
		objdump -dr --no-show-raw-insn "$1/$object.o" | awk '
			/^Disassembly of section / { section = substr($4, 1, length($4) - 1) }
			/^[0-9a-f]+ </ { at = $1; fn = substr($2, 2, length($2) - 3) }
			$2 ~ /^R_X86_64_/ && $3 ~ /^__sanitizer_cov_trace_pc-/ {
				sub(/:$/, "", $1); print section, fn, at, $1
			}' | grep -E '^\.text(\.unlikely)? ' >"$scratch/calls" || :
		[ "$object" = nested ] || sed -i -nE '/ [a-z_]*(nested|smm|smi|vmrun|vmload|vmsave|gif|efer)/p' \
			"$scratch/calls"
		cut -d' ' -f1 "$scratch/calls" | sort -u | while read -r section; do
			points_of "$1" "$object" "$section"
		done
	done
}

# points_of KERNEL OBJECT SECTION: an object's section is one piece of the kernel; a
# function whose name nothing else has says where.
points_of()
{
	awk -v section="$3" '$1 == section' "$scratch/calls" >"$scratch/section"
	awk 'FILENAME == ARGV[1] { n[$3]++; addr[$3] = $1; next }
		n[$2] == 1 { print addr[$2], $3; exit }' "$1/System.map" "$scratch/section" >"$scratch/anchor"
	read -r where at <"$scratch/anchor" || return 0
	# The upper half is all ones, and more than sh can compute with.
	where=${where#ffffffff}
	awk '{ print $4 }' "$scratch/section" | while read -r offset; do
		printf '%x\n' $((0x$offset - 1))
	done | addr2line -a -i -j "$3" -e "$1/$2.o" | awk -v file="/$2.c:" '
		function put() { if (n++) print line }
		/^0x/ { put(); line = ""; next }
		line == "" && (i = index($0, file)) { line = substr($0, i + 1); sub(/ .*/, "", line) }
		END { put() }' >"$scratch/lines"
	paste -d' ' "$scratch/section" "$scratch/lines" | while read -r section fn start offset line; do
		printf 'ffffffff%08x %s %s\n' $((0x$where - 0x$at + 0x$offset + 4)) "$fn" "${line:-$2.c:?}"
	done
}

# soak_file: a line "VMRUNS SEED" for each piece that this KVM has stood.  It outlives
# build/, a change of the scripts, and one of the series that leaves the code as it is.
soak_file()
{
	echo "$CACHE/soak/$base-$({
		kernel_git "$tree" rev-parse 'base^{tree}' applied:arch/x86/kvm
		cat "$top/arch/x86/configs/$sanitizer.config"
	} | sha_of)"
}

soak_pieces()
{
	file=$(soak_file)
	[ ! -f "$file" ] || cat "$file"
}

# soaked: the sum.
soaked()
{
	soak_pieces | awk '{ n += $1 } END { printf "%d\n", n }'
}

# say_soaked: also for the page of "make report".
say_soaked()
{
	soaked_line="soaked: $(soaked) of $soak_goal racing VMRUNs (make soak BASE=$base)"
	say "  $soaked_line"
	echo "$soaked_line" >"$report/soaked.txt"
}

# ran SIDE: what there was of it.
ran()
{
	jq -r '"seeds \(.seed)..\(.seed + .seeds - 1), \(.vmruns) VMRUNs"' \
		"$report/$1/torture.json" 2>/dev/null ||
		echo "up to seed $(last_seed "$report/$1")"
}

# covered_line SIDE: how much of that kernel's code was reached.
covered_line()
{
	awk 'NF == 0 { exit }
		{ print (NR > 1 ? ", " : "") $1, $6 " % of blocks,", $12 " % of lines" }' \
		"$report/$1/coverage.txt" | paste -sd '\0'
}
