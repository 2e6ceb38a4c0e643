# The selftest library's names before "gva_t".
s/\<gva_t\>/vm_vaddr_t/
s/\<vm_alloc_page\>/vm_vaddr_alloc_page/
