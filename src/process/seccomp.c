/*
 * Which system calls a program may make, as a filter in the kernel (libseccomp). Called by
 * sandbox.c. The names are in seccomp_lists.c; what depends on arguments is here. Calls of the hot
 * path are let through whatever their arguments are: those the kernel remembers and does not ask
 * the filter again.
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_private.h"

struct list {
    scmp_filter_ctx filter;
    int count;  /* calls that are let through */
    int status; /* of the first rule that failed, 0 = none; libseccomp's are negative errno */
};

/* --- what happens to the others
 * ------------------------------------------------------------------ */

/* A handler is told nothing of ours, so this one value is not in a structure. */
static _Atomic uint32_t *refused_call;

/*
 * The call was not made. Says which one it was, and ends the process by the same signal: its
 * handler is gone by now (SA_RESETHAND), and no filter of ours lets anybody set another.
 */
static void on_refused(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (refused_call)
        atomic_store(refused_call, (uint32_t)info->si_syscall + 1);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
    _exit(1);
}

static int handle_refusals(_Atomic uint32_t *refused, struct err *err)
{
    struct sigaction action = { .sa_sigaction = on_refused,
                                .sa_flags = SA_SIGINFO | SA_NODEFER | (int)SA_RESETHAND };

    refused_call = refused;
    if (sigaction(SIGSYS, &action, NULL) < 0)
        return err_set(err, "SIGSYS: %s", strerror(errno));
    return 0;
}

/* --- rules
 * --------------------------------------------------------------------------------------- */

static void add(struct list *list, uint32_t action, int number, const struct scmp_arg_cmp *match,
                unsigned match_count)
{
    int status;

    if (number < 0) /* not on this machine */
        return;
    status = seccomp_rule_add_array(list->filter, action, number, match_count, match);
    if (status < 0 && status != -EEXIST && !list->status)
        list->status = status;
}

static void act_on(struct list *list, uint32_t action, const struct sandbox_calls *calls)
{
    for (size_t i = 0; i < calls->count; i++)
        add(list, action, calls->items[i].number, NULL, 0);
}

static void allow(struct list *list, const struct sandbox_calls *calls)
{
    act_on(list, SCMP_ACT_ALLOW, calls);
    list->count += (int)calls->count;
}

static void allow_if(struct list *list, int number, const struct scmp_arg_cmp *match,
                     unsigned match_count)
{
    add(list, SCMP_ACT_ALLOW, number, match, match_count);
}

#define ALLOW_IF(list, call, ...)                                                                  \
    do {                                                                                           \
        const struct scmp_arg_cmp match_[] = { __VA_ARGS__ };                                      \
        allow_if(list, SCMP_SYS(call), match_, sizeof(match_) / sizeof(match_[0]));                \
    } while (0)

/* All bits of the argument that `mask` has. */
static struct scmp_arg_cmp bits(unsigned argument, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){
        .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value
    };
}

/* An int: the kernel does not look beyond 32 bits of the register, so neither may we. */
static struct scmp_arg_cmp is(unsigned argument, int value)
{
    return bits(argument, UINT32_MAX, (uint32_t)value);
}

static struct scmp_arg_cmp is_null(unsigned argument)
{
    return bits(argument, UINT64_MAX, 0);
}

/*
 * A thread, and no process or namespace: libcurl has names looked up in one. libc asks by clone3()
 * first, whose flags no filter can see, and by clone() when there is none.
 */
static void allow_threads(struct list *list)
{
    const uint64_t wanted = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
    const uint64_t unwanted = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                              CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE |
                              CLONE_VFORK;

    ALLOW_IF(list, clone, bits(0, wanted | unwanted, wanted));
}

/* No memory that is executable: code that is not in the program stays data. */
static void allow_memory(struct list *list)
{
    ALLOW_IF(list, mmap, bits(2, PROT_EXEC, 0));
    ALLOW_IF(list, mprotect, bits(2, PROT_EXEC, 0));
}

/* libc loads what resolves names at its first use; nothing is both writable and executable. */
static void allow_libraries(struct list *list)
{
    allow_memory(list);
    ALLOW_IF(list, mmap, bits(2, PROT_EXEC | PROT_WRITE, PROT_EXEC));
}

/*
 * abort() sends itself a signal, and libcurl looks after two; SIGSYS, with which a call is refused,
 * is nobody's. Who asks for a limit does not set one.
 */
static void allow_itself(struct list *list)
{
    static const int signals[] = { SIGABRT, SIGPIPE, SIGALRM };

    ALLOW_IF(list, tgkill, is(0, getpid()));
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        ALLOW_IF(list, rt_sigaction, is(0, signals[i]));
    ALLOW_IF(list, prlimit64, is(0, 0), is_null(2));
}

static void allow_fcntl(struct list *list)
{
    static const int commands[] = {
        F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_GET_SEALS
    };

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        ALLOW_IF(list, fcntl, is(1, commands[i]));
}

struct option {
    int level;
    int name;
};

/* Those that tune or describe a connection: none that loads code into the kernel or changes what
 * kind of socket it is. */
static const struct option settable[] = {
    { SOL_SOCKET, SO_KEEPALIVE },       { SOL_SOCKET, SO_LINGER },
    { SOL_SOCKET, SO_RCVBUF },          { SOL_SOCKET, SO_SNDBUF },
    { SOL_SOCKET, SO_RCVLOWAT },        { IPPROTO_TCP, TCP_NODELAY },
    { IPPROTO_TCP, TCP_CORK },          { IPPROTO_TCP, TCP_KEEPIDLE },
    { IPPROTO_TCP, TCP_KEEPINTVL },     { IPPROTO_TCP, TCP_KEEPCNT },
    { IPPROTO_TCP, TCP_USER_TIMEOUT },  { IPPROTO_TCP, TCP_QUICKACK },
    { IPPROTO_TCP, TCP_NOTSENT_LOWAT }, { IPPROTO_TCP, TCP_SYNCNT },
};
static const struct option gettable[] = {
    { SOL_SOCKET, SO_ERROR },  { SOL_SOCKET, SO_TYPE },   { SOL_SOCKET, SO_SNDBUF },
    { SOL_SOCKET, SO_RCVBUF }, { IPPROTO_TCP, TCP_INFO },
};

static void allow_options(struct list *list, int number, const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct scmp_arg_cmp match[] = { is(1, options[i].level), is(2, options[i].name) };

        allow_if(list, number, match, sizeof(match) / sizeof(match[0]));
    }
}

static void allow_family(struct list *list, int family)
{
    uint32_t kind = ~(uint32_t)(SOCK_NONBLOCK | SOCK_CLOEXEC);

    ALLOW_IF(list, socket, is(0, family), bits(1, kind, SOCK_STREAM), is(2, 0));
    ALLOW_IF(list, socket, is(0, family), bits(1, kind, SOCK_STREAM), is(2, IPPROTO_TCP));
}

static void allow_tcp(struct list *list)
{
    allow(list, &calls_of_tcp);
    allow_family(list, AF_INET);
    allow_family(list, AF_INET6);
    allow_options(list, SCMP_SYS(setsockopt), settable, sizeof(settable) / sizeof(settable[0]));
    allow_options(list, SCMP_SYS(getsockopt), gettable, sizeof(gettable) / sizeof(gettable[0]));
}

/* --- profiles
 * ------------------------------------------------------------------------------------ */

static void fill_closed(struct list *list)
{
    allow(list, &calls_of_all);
    if (SANDBOX_FOR_SANITIZERS) {
        allow(list, &calls_for_sanitizers);
        return;
    }
    allow_memory(list);
    allow_itself(list);
    allow_fcntl(list);
}

static void fill_control(struct list *list)
{
    static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

    allow(list, &calls_of_all);
    allow(list, &calls_of_control);
    if (SANDBOX_FOR_SANITIZERS)
        allow(list, &calls_for_sanitizers);
    else
        allow_libraries(list);
    allow_itself(list);
    allow_tcp(list);
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        ALLOW_IF(list, socket, is(0, families[i]));
    allow_threads(list);
    ALLOW_IF(list, prctl, is(0, PR_SET_NAME));
    if (!SANDBOX_FOR_SANITIZERS)
        act_on(list, SCMP_ACT_TRAP, &calls_forbidden);
    act_on(list, SCMP_ACT_TRAP, &calls_forbidden_later);
}

static void fill(struct list *list, enum sandbox_profile profile)
{
    switch (profile) {
    case SANDBOX_PARENT:
        if (!SANDBOX_FOR_SANITIZERS)
            act_on(list, SCMP_ACT_TRAP, &calls_forbidden);
        break;
    case SANDBOX_CONTROL:
        fill_control(list);
        break;
    case SANDBOX_WORKER:
        fill_closed(list);
        allow_tcp(list);
        allow_if(list, SCMP_SYS(accept4), NULL, 0);
        break;
    case SANDBOX_CHECKER:
        fill_closed(list);
        allow_tcp(list);
        break;
    case SANDBOX_KEYS:
        fill_closed(list);
        break;
    }
}

/* What is in no list. In control ENOSYS: libraries ask for what is new and do without. */
static uint32_t otherwise(enum sandbox_profile profile)
{
    switch (profile) {
    case SANDBOX_PARENT:
        return SCMP_ACT_ALLOW;
    case SANDBOX_CONTROL:
        return SCMP_ACT_ERRNO(ENOSYS);
    case SANDBOX_WORKER:
    case SANDBOX_CHECKER:
    case SANDBOX_KEYS:
        break;
    }
    return SCMP_ACT_TRAP;
}

int seccomp_apply(enum sandbox_profile profile, _Atomic uint32_t *refused, struct err *err)
{
    struct list list = { .filter = seccomp_init(otherwise(profile)) };

    if (!list.filter)
        return err_set(err, "seccomp: no filter can be made");
    if (profile != SANDBOX_PARENT && handle_refusals(refused, err) < 0) {
        seccomp_release(list.filter);
        return -1;
    }
    list.status = seccomp_attr_set(list.filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    /* for every thread that there is: of control and the parent there is one */
    if (!list.status)
        list.status = seccomp_attr_set(list.filter, SCMP_FLTATR_CTL_TSYNC, 1);
    fill(&list, profile);
    /* a tree instead of a line: a call is found after six comparisons, not after sixty */
    if (!list.status)
        list.status = seccomp_attr_set(list.filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (!list.status)
        list.status = seccomp_load(list.filter);
    if (list.status < 0)
        err_set(err, "seccomp: %s; swarmward needs a kernel with CONFIG_SECCOMP_FILTER",
                strerror(-list.status));
    seccomp_release(list.filter);
    return list.status < 0 ? -1 : list.count;
}
