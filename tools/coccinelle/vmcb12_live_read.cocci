// SPDX-License-Identifier: GPL-2.0-only
///
/// vmcb12 is guest memory, and L1 can write to it at any time.  Load a field into
/// the snapshot, svm->nested.ctl or svm->nested.save, and use it from there.
///
//# Finds what is read through a pointer called vmcb12.  Arguments of the functions
//# that make the snapshot are no reads, nor are addresses that are only passed on.  One
//# READ_ONCE() of the clean bits is none, either: it tells what the snapshot has to load.
//
// Confidence: High
// Comments: A pointer of another name, e.g. the parameter of a helper, is not seen.
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report
virtual patch

@write@
identifier area, member;
identifier vmcb12 =~ "^vmcb12$";
symbol control, clean;
expression value;
position p;
@@

(
 vmcb12->area.member@p = value
|
 READ_ONCE(vmcb12->control.clean@p)
)

@address@
identifier area, member;
identifier vmcb12 =~ "^vmcb12$";
position p;
@@

 &vmcb12->area.member@p

@read@
identifier area, member;
identifier vmcb12 =~ "^vmcb12$";
position p != { write.p, address.p };
@@

 vmcb12->area.member@p

@script:python depends on report@
p << read.p;
area << read.area;
member << read.member;
@@

coccilib.report.print_report(p[0], "WARNING: live read of vmcb12->%s.%s" % (area, member))

@script:python depends on org@
p << read.p;
@@

coccilib.org.print_todo(p[0], "WARNING: live read of vmcb12")
