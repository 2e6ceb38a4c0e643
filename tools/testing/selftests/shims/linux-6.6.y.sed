# The library does not set up an IDT by itself yet.
/^	vm_install_exception_handler(/i\
	vm_init_descriptor_tables(vm);\
	vcpu_init_descriptor_tables(vcpus[0]);
