# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154
# VMs in which vmcb12-rsm runs; a verb sources this after lib/guest.sh and
# lib/sides.sh.
. "$scripts/lib/again.sh"

# rsm_one_boot LABEL NAME KERNEL TRY: 0, or 3 and $why if the boot says nothing.
# shellcheck disable=SC2317 # by insist
rsm_one_boot()
{
	# shellcheck disable=SC2046,SC2086 # words, or none
	run_verb vm "$2: boot $1" "$3" "$scratch/root" 180 "$scratch/out" \
		$(kvm_options $options) $(anew "$4") || exit $?
	answered rsm empty
}

# rsm_boot LABEL NAME KERNEL MODULES [OPTION]: NAME is rsm or, with kvm_amd.npt=0,
# rsm-npt0, and OPTION one of vmcb12-rsm.
# Leaves the cases in $scratch/out/rsm.ktap, with a line for a splat, and the exit
# code in $result_rc.
rsm_boot()
{
	rm -rf -- "$scratch/root" "$scratch/out"
	tool_root "$scratch/root" "$4" vmcb12-rsm
	options=nested=1
	if [ "$2" = rsm-npt0 ]; then
		sed -i '/kvm-amd/s/$/ npt=0/' "$scratch/root/plan"
		options='nested=1 npt=0'
	fi
	echo "run rsm 90 /bin/vmcb12-rsm --timeout 80${5:+ $5}" >>"$scratch/root/plan"
	insist "$1" rsm_one_boot "$1" "$2" "$3"
	mv "$scratch/out/rsm.json" "$scratch/out/rsm.ktap"
	splat=$(no_splat "$scratch/out") || echo "# splat: $splat" >>"$scratch/out/rsm.ktap"
}
