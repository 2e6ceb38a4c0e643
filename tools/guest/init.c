// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the test VM: carry out /plan and switch off.
 *
 * One action a line, words separated by blanks:
 *
 *   load FILE [PARAMS...]             insert a kernel module
 *   unload NAME                       remove a kernel module
 *   run NAME SECONDS CMD [ARGS...]  stdout and stderr are the result
 *   data NAME SECONDS CMD [ARGS...] stdout is the result, stderr goes to the console
 *   send NAME FILE                    the file is the result, if an action has left it
 *
 * SECONDS are a net against what hangs.  They are so many times longer as
 * VMCB12_PATIENCE says, which the kernel passes on from its command line.
 *
 * The kernel and this program talk on the console; results go, framed by lines,
 * to a serial port of their own, so that no kernel message can get in between.
 * "#done" is their last line, and only there if every action was carried out.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PLAN		"/plan"
#define CONSOLE		"/dev/console"
#define RESULTS		"/dev/ttyS1"
#define MAX_WORDS	64
#define RC_TIMEOUT	124
#define RC_NO_EXEC	127

static int results = -1;

static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("vmcb12-init: ");
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
	fflush(stdout);
}

static void write_all(int fd, const char *buf, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, buf, len);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			buf += n;
			len -= n;
		}
	}
}

static void result(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(line))
		n = sizeof(line) - 1;
	write_all(results, line, n);
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void mount_one(const char *type, const char *dir, int needed)
{
	/* The parent may be a file system that has the directory, or not. */
	mkdir(dir, 0755);
	if (mount(type, dir, type, 0, NULL) && errno != EBUSY && needed)
		say("cannot mount %s: %s", dir, strerror(errno));
}

static void mount_all(void)
{
	mount_one("devtmpfs", "/dev", 1);
	mount_one("proc", "/proc", 1);
	mount_one("sysfs", "/sys", 1);
	mount_one("tmpfs", "/tmp", 1);
	mount_one("tmpfs", "/dev/shm", 1);
	/* Not every kernel has these. */
	mount_one("securityfs", "/sys/kernel/security", 0);
	mount_one("tracefs", "/sys/kernel/tracing", 0);
}

static void open_console(void)
{
	int fd = open(CONSOLE, O_RDWR);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static int open_results(void)
{
	struct termios tio;

	results = open(RESULTS, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (results < 0) {
		say("cannot open %s: %s", RESULTS, strerror(errno));
		return -1;
	}
	/* Newlines must not become CR LF on the way. */
	if (!tcgetattr(results, &tio)) {
		cfmakeraw(&tio);
		cfsetspeed(&tio, B115200);
		tcsetattr(results, TCSANOW, &tio);
	}
	return 0;
}

/* Split @line in place; returns the number of words. */
static int split(char *line, char **word)
{
	char *save;
	int n = 0;

	for (line = strtok_r(line, " \t\n", &save); line; line = strtok_r(NULL, " \t\n", &save)) {
		if (n == MAX_WORDS)
			return -1;
		word[n++] = line;
	}
	word[n] = NULL;
	return n;
}

static int load_module(char **word, int n)
{
	char params[1024] = "";
	int fd, i, error = 0;

	for (i = 2; i < n; i++) {
		if (strlen(params) + strlen(word[i]) + 2 > sizeof(params)) {
			result("#fail load %s: parameters too long\n", word[1]);
			return -1;
		}
		if (i > 2)
			strcat(params, " ");
		strcat(params, word[i]);
	}

	fd = open(word[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, params, 0) && errno != EEXIST))
		error = errno;
	if (fd >= 0)
		close(fd);
	if (error) {
		say("load %s: %s", word[1], strerror(error));
		result("#fail load %s: %s\n", word[1], strerror(error));
		return -1;
	}
	return 0;
}

static int unload_module(const char *name)
{
	if (!syscall(SYS_delete_module, name, O_NONBLOCK))
		return 0;
	say("unload %s: %s", name, strerror(errno));
	result("#fail unload %s: %s\n", name, strerror(errno));
	return -1;
}

static void exec_child(char **argv, int out, int keep_stderr)
{
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(out, STDOUT_FILENO);
	if (!keep_stderr)
		dup2(out, STDERR_FILENO);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(RC_NO_EXEC);
}

/*
 * Reap whatever has ended; as PID 1 that includes the orphans of others.
 * Returns 1 once @child is among them.
 */
static int reap(pid_t child, int *status)
{
	int found = 0, st;
	pid_t pid;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		if (pid == child) {
			*status = st;
			found = 1;
		}
	}
	return found;
}

/* Copy what is there; returns 0 at the end of file. */
static int forward(int fd, char *last)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!n)
		return 0;
	write_all(results, buf, n);
	*last = buf[n - 1];
	return 1;
}

/*
 * Forward the output until the child has ended or its time is up.  A
 * grandchild that keeps the pipe open does not keep us waiting.
 */
static int supervise(pid_t child, int fd, long long timeout_ms, char *last)
{
	long long end = now_ms() + timeout_ms;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int status = 0, timed_out = 0;

	while (!reap(child, &status)) {
		if (now_ms() >= end) {
			timed_out = 1;
			break;
		}
		if (poll(&pfd, 1, 10) > 0 && !forward(fd, last))
			pfd.fd = -1;
	}

	kill(-child, SIGKILL);
	while (timed_out && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;

	while (pfd.fd >= 0 && poll(&pfd, 1, 0) > 0 && forward(fd, last))
		;
	if (timed_out)
		return RC_TIMEOUT;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* As in setup.c of the tools, which have inherited the variable. */
static long patience(long seconds)
{
	const char *factor = getenv("VMCB12_PATIENCE");
	long n = factor ? atol(factor) : 1;

	return n > 1 ? seconds * n : seconds;
}

static int run_command(char **word, int n, int keep_stderr)
{
	long long start = now_ms();
	char last = '\n', *end;
	long timeout;
	int fd[2], rc;
	pid_t child;

	timeout = n > 3 ? strtol(word[2], &end, 10) : 0;
	if (timeout <= 0 || *end) {
		result("#fail %s: bad line in the plan\n", word[0]);
		return -1;
	}
	if (pipe2(fd, O_CLOEXEC)) {
		result("#fail %s %s: %s\n", word[0], word[1], strerror(errno));
		return -1;
	}

	say("%s", word[1]);
	result("#begin %s\n", word[1]);
	child = fork();
	if (!child)
		exec_child(word + 3, fd[1], keep_stderr);
	close(fd[1]);
	if (child < 0) {
		close(fd[0]);
		result("#fail %s %s: %s\n", word[0], word[1], strerror(errno));
		return -1;
	}
	/* The child does the same; whoever comes first. */
	setpgid(child, child);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	rc = supervise(child, fd[0], patience(timeout) * 1000, &last);
	close(fd[0]);

	if (last != '\n')
		result("\n");
	result("#end %s rc=%d ms=%lld\n", word[1], rc, now_ms() - start);
	return 0;
}

static int send_file(char **word)
{
	int fd = open(word[2], O_RDONLY | O_CLOEXEC), rc = fd < 0 ? errno : 0;
	char last = '\n';

	result("#begin %s\n", word[1]);
	while (fd >= 0 && forward(fd, &last))
		;
	if (fd >= 0)
		close(fd);
	if (last != '\n')
		result("\n");
	result("#end %s rc=%d ms=0\n", word[1], rc);
	return 0;
}

static int action(char *line)
{
	char *word[MAX_WORDS + 1];
	int n = split(line, word);

	if (!n || (n > 0 && word[0][0] == '#'))
		return 0;
	if (n > 1 && !strcmp(word[0], "load"))
		return load_module(word, n);
	if (n == 2 && !strcmp(word[0], "unload"))
		return unload_module(word[1]);
	if (n > 0 && !strcmp(word[0], "run"))
		return run_command(word, n, 0);
	if (n > 0 && !strcmp(word[0], "data"))
		return run_command(word, n, 1);
	if (n == 3 && !strcmp(word[0], "send"))
		return send_file(word);

	result("#fail plan: unknown line\n");
	return -1;
}

static int carry_out_plan(void)
{
	FILE *plan = fopen(PLAN, "re");
	char *line = NULL;
	size_t cap = 0;
	int rc = 0;

	if (!plan) {
		result("#fail plan: %s\n", strerror(errno));
		return -1;
	}
	while (!rc && getline(&line, &cap, plan) > 0)
		rc = action(line);
	free(line);
	fclose(plan);
	return rc;
}

int main(void)
{
	if (getpid() != 1) {
		fprintf(stderr, "vmcb12-init: only for use as PID 1 of a test VM\n");
		return 2;
	}

	mount_all();
	open_console();
	if (!open_results()) {
		if (!carry_out_plan())
			result("#done\n");
		tcdrain(results);
	}

	say("done");
	tcdrain(STDOUT_FILENO);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
