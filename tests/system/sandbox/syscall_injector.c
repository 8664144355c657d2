/*
 * Makes a running process make one system call, as somebody would who has taken it over, and says
 * what came of it: "returned N", "refused: N" (SIGSYS for call N; the process then goes its way
 * with that signal), or "ended: signal N". Run by test_sandbox.py as root, on a real worker:
 *
 *     syscall-injector PID NUMBER ARGUMENT...
 *
 * An argument is a number, or text: that is put on the stack of the process, and given as its
 * address.
 */

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define RED_ZONE  128
#define TEXT_MOST 256
#define SYSCALL   0x050fL /* 0f 05 */
#define TRAP      0xccL   /* int3, right behind it */

static int fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return 1;
}

static int put_text(pid_t pid, unsigned long at, const char *text)
{
    union {
        char bytes[TEXT_MOST];
        long words[TEXT_MOST / sizeof(long)];
    } copy = { { 0 } };

    strncpy(copy.bytes, text, sizeof(copy.bytes) - 1);
    for (size_t i = 0; i < TEXT_MOST / sizeof(long); i++)
        if (ptrace(PTRACE_POKEDATA, pid, at + i * sizeof(long), copy.words[i]) < 0)
            return -1;
    return 0;
}

/* A number as itself, text as the place where it was put. */
static int argument(pid_t pid, const char *text, unsigned long *stack,
                    unsigned long long *value_out)
{
    char *end;

    errno = 0;
    *value_out = strtoull(text, &end, 0);
    if (*text && !*end)
        return 0;
    *stack -= TEXT_MOST;
    *value_out = *stack;
    return put_text(pid, *stack, text);
}

static int prepare(pid_t pid, char **words, int count, const struct user_regs_struct *was)
{
    struct user_regs_struct regs = *was;
    unsigned long long *const places[] = { &regs.rdi, &regs.rsi, &regs.rdx,
                                           &regs.r10, &regs.r8,  &regs.r9 };
    unsigned long stack = (was->rsp - RED_ZONE - TEXT_MOST) & ~15UL;

    regs.rax = strtoull(words[0], NULL, 0);
    regs.orig_rax = ~0ULL; /* it does not go on with the call that it was stopped in */
    for (int i = 0; i < 6; i++)
        *places[i] = 0;
    for (int i = 1; i < count && i <= 6; i++)
        if (argument(pid, words[i], &stack, places[i - 1]) < 0)
            return -1;
    if (ptrace(PTRACE_POKETEXT, pid, was->rip, SYSCALL | TRAP << 16) < 0)
        return -1;
    return (int)ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static int tell(pid_t pid, int status)
{
    struct user_regs_struct regs;
    siginfo_t info;

    if (WIFSIGNALED(status)) {
        printf("ended: signal %d\n", WTERMSIG(status));
        return 0;
    }
    if (WIFEXITED(status)) {
        printf("exited: %d\n", WEXITSTATUS(status));
        return 0;
    }
    if (WSTOPSIG(status) == SIGSYS) {
        if (ptrace(PTRACE_GETSIGINFO, pid, NULL, &info) < 0)
            return fail("siginfo");
        printf("refused: %d\n", info.si_syscall);
        return ptrace(PTRACE_DETACH, pid, NULL, (long)SIGSYS) < 0 ? fail("detach") : 0;
    }
    if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
        return fail("registers");
    printf("returned %lld\n", (long long)regs.rax);
    return -1; /* the caller puts everything back */
}

int main(int argc, char **argv)
{
    pid_t pid = argc > 2 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
    struct user_regs_struct was;
    int status;
    long code;
    int done;

    if (argc < 3)
        return 2;
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ||
        ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) < 0)
        return fail("stop");
    errno = 0;
    if (ptrace(PTRACE_GETREGS, pid, NULL, &was) < 0)
        return fail("registers");
    code = ptrace(PTRACE_PEEKTEXT, pid, was.rip, NULL);
    if (errno || prepare(pid, argv + 2, argc - 2, &was) < 0)
        return fail("prepare");
    if (ptrace(PTRACE_CONT, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) < 0)
        return fail("continue");
    done = tell(pid, status);
    if (done >= 0)
        return done;
    if (ptrace(PTRACE_POKETEXT, pid, was.rip, code) < 0 ||
        ptrace(PTRACE_SETREGS, pid, NULL, &was) < 0 || ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0)
        return fail("put back");
    return 0;
}
