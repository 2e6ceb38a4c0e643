// SPDX-License-Identifier: GPL-2.0-only
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "setup.h"
#include "util.h"
#include "vmcb.h"

unsigned int option_number(const char *option, const char *arg, unsigned int max)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	if (*end || end == arg || arg[0] == '-' || n < 1 || n > max)
		die(EXIT_REFUSED, "--%s takes 1 to %u, not '%s'", option, max, arg);
	return n;
}

static bool cpu_has_svm(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && ecx & CPUID_SVM;
}

static void check_nested(void)
{
	char *nested = read_line("/sys/module/kvm_amd/parameters/nested");

	if (!nested)
		die(EXIT_REFUSED, "kvm_amd is not loaded: modprobe kvm_amd nested=1");
	if (strcmp(nested, "1") && strcmp(nested, "Y"))
		die(EXIT_REFUSED, "nested virtualisation is off: load kvm_amd with nested=1");
	free(nested);
}

static void check_svm(void)
{
	if (!cpu_has_svm())
		die(EXIT_REFUSED, "this CPU has no SVM: vmcb12 exists on AMD (and Hygon) only");
}

static int open_kvm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0 && errno == ENOENT)
		die(EXIT_REFUSED, "there is no /dev/kvm: a container has to be given it");
	if (kvm < 0)
		die(EXIT_REFUSED, "cannot open /dev/kvm: %s", strerror(errno));
	if (ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		die(EXIT_REFUSED, "/dev/kvm has another API version");
	return kvm;
}

int setup_kvm_as_user(void)
{
	check_svm();
	check_nested();
	return open_kvm();
}

int setup_kvm(void)
{
	check_svm();
	if (geteuid())
		die(EXIT_REFUSED, "must be run as root");
	check_nested();
	return open_kvm();
}

void setup_ksyms(struct ksyms *ks)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	bool module = false;
	size_t i;

	if (!f)
		die(EXIT_REFUSED, "cannot read /proc/kallsyms: %s", strerror(errno));
	ksyms_parse(ks, f);
	fclose(f);
	if (!ks->nr)
		die(EXIT_REFUSED, "/proc/kallsyms hides the addresses: set kernel.kptr_restrict=1");
	for (i = 0; !module && i < ks->nr; i++)
		module = !strcmp(ks->sym[i].name, "nested_svm_vmexit");
	if (!module)
		die(EXIT_REFUSED, "/proc/kallsyms does not name the functions of kvm_amd");
}

static void on_timeout(int sig)
{
	static const char text[] = ": timeout\n";
	const char *name = program_invocation_short_name;

	(void)sig;
	if (write(STDERR_FILENO, name, strlen(name)) < 0 ||
	    write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(EXIT_INFRA);
	_exit(EXIT_TIMEOUT);
}

/* A test VM on a slow machine has it in the environment, see lib/patience.sh. */
static unsigned int patience(unsigned int seconds)
{
	const char *factor = getenv("VMCB12_PATIENCE");
	int n = factor ? atoi(factor) : 1;

	return n > 1 ? seconds * n : seconds;
}

void setup_timeout(unsigned int seconds)
{
	signal(SIGALRM, on_timeout);
	alarm(patience(seconds));
}
