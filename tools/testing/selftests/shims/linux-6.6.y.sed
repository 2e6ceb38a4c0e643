# The selftest library's names before "gva_t".
s/\<gva_t\>/vm_vaddr_t/
s/\<vm_alloc_page\>/vm_vaddr_alloc_page/
# The library does not set up an IDT by itself yet.
/^	vm_install_exception_handler(/i\
	vm_init_descriptor_tables(vm);\
	vcpu_init_descriptor_tables(vcpus[0]);
