# The selftest library's names before "gva_t".
s/\<gva_t\>/vm_vaddr_t/
s/\<vm_alloc_page\>/vm_vaddr_alloc_page/
# L2's stack is the test's own.
s/generic_svm_setup(svm, \(.*\));/generic_svm_setup(svm, \1, \&l2_stack[64]);/
/^static void l1_vmrun/,/^{/s/^{/{\
	unsigned long l2_stack[64];/
# The library does not assert system calls by itself yet.
/^	struct kvm_sregs sregs;/a\
	int r;
/^	vm_vaddr_t svm, idt;/a\
	int r;
s/^	kvm_\(madvise\|pthread_create\|pthread_join\)(\(.*\));/	r = \1(\2);\
	TEST_ASSERT(!r, __KVM_SYSCALL_ERROR("\1()", r));/
