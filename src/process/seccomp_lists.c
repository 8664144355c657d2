/*
 * Which system calls belong together; which program gets what is in seccomp.c. A call that this
 * machine does not have has a negative number and is passed over.
 */

#include <seccomp.h>

#include "sandbox_private.h"

#define CALL(name)                                                                                 \
    {                                                                                              \
        SCMP_SYS(name), #name                                                                      \
    }
#define CALLS(table)                                                                               \
    {                                                                                              \
        table, sizeof(table) / sizeof((table)[0])                                                  \
    }

/* What every program of ours does once it runs: descriptors that it has, memory, time. */
static const struct sandbox_call of_all[] = {
    CALL(read),
    CALL(write),
    CALL(readv),
    CALL(writev),
    CALL(close),
    CALL(fstat),
    CALL(sendmsg),
    CALL(sendto),
    CALL(recvmsg),
    CALL(recvfrom),
    CALL(shutdown),
    CALL(epoll_wait),
    CALL(epoll_pwait),
    CALL(epoll_ctl),
    CALL(poll),
    CALL(ppoll),
    CALL(brk),
    CALL(munmap),
    CALL(mremap),
    CALL(madvise),
    CALL(mlock),
    CALL(munlock),
    CALL(futex),
    CALL(sched_yield),
    CALL(clock_gettime),
    CALL(clock_getres),
    CALL(gettimeofday),
    CALL(time),
    CALL(nanosleep),
    CALL(clock_nanosleep),
    CALL(getrandom),
    CALL(getpid),
    CALL(gettid),
    CALL(getppid),
    CALL(sysinfo),
    CALL(sched_getaffinity),
    CALL(getcpu),
    CALL(getrlimit),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(restart_syscall),
    CALL(exit),
    CALL(exit_group),
};
const struct sandbox_calls calls_of_all = CALLS(of_all);

/* Connections; which sockets can be made is in seccomp.c. */
static const struct sandbox_call of_tcp[] = {
    CALL(connect),
    CALL(getsockname),
    CALL(getpeername),
};
const struct sandbox_calls calls_of_tcp = CALLS(of_tcp);

/* Control reads the files that the mapping file names, asks DNS and Docker, and listens. libcurl
 * and libc resolve names in threads and read the configuration of the machine for it.
 */
static const struct sandbox_call of_control[] = {
    CALL(open),
    CALL(openat),
    CALL(creat),
    CALL(stat),
    CALL(lstat),
    CALL(newfstatat),
    CALL(statx),
    CALL(access),
    CALL(faccessat),
    CALL(readlink),
    CALL(readlinkat),
    CALL(getdents64),
    CALL(lseek),
    CALL(pread64),
    CALL(pwrite64),
    CALL(preadv),
    CALL(pwritev),
    CALL(ftruncate),
    CALL(fsync),
    CALL(fdatasync),
    CALL(flock),
    CALL(fallocate),
    CALL(statfs),
    CALL(fstatfs),
    CALL(rename),
    CALL(renameat),
    CALL(renameat2),
    CALL(unlink),
    CALL(unlinkat),
    CALL(mkdir),
    CALL(mkdirat),
    CALL(rmdir),
    CALL(chmod),
    CALL(fchmod),
    CALL(fchmodat),
    CALL(umask),
    CALL(getcwd),
    CALL(chdir),
    CALL(link),
    CALL(linkat),
    CALL(symlink),
    CALL(symlinkat),
    CALL(utimensat),
    CALL(memfd_create),
    CALL(pipe),
    CALL(pipe2),
    CALL(dup),
    CALL(dup2),
    CALL(dup3),
    CALL(eventfd2),
    CALL(timerfd_create),
    CALL(timerfd_settime),
    CALL(fcntl),
    CALL(ioctl),
    CALL(select),
    CALL(pselect6),
    CALL(epoll_create1),
    CALL(epoll_create),
    CALL(bind),
    CALL(listen),
    CALL(accept),
    CALL(accept4),
    CALL(socketpair),
    CALL(setsockopt),
    CALL(getsockopt),
    CALL(sendmmsg),
    CALL(recvmmsg),
    CALL(set_robust_list),
    CALL(rseq),
    CALL(sched_getparam),
    CALL(sched_getscheduler),
    CALL(sched_setaffinity),
    CALL(uname),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(getresuid),
    CALL(getresgid),
    CALL(getgroups),
    CALL(getpgrp),
    CALL(getrusage),
    CALL(times),
    CALL(sigaltstack),
    CALL(rt_sigpending),
    CALL(rt_sigtimedwait),
    CALL(prlimit64),
    CALL(membarrier),
    CALL(landlock_create_ruleset), /* when it hears where it may write; they take away only */
    CALL(landlock_add_rule),
    CALL(landlock_restrict_self),
};
const struct sandbox_calls calls_of_control = CALLS(of_control);

/* In builds for tests: they report with files and symbols, and look for leaks in a thread of
 * their own that stops the others.
 */
static const struct sandbox_call for_sanitizers[] = {
    CALL(open),
    CALL(openat),
    CALL(stat),
    CALL(lstat),
    CALL(newfstatat),
    CALL(readlink),
    CALL(readlinkat),
    CALL(access),
    CALL(getdents),
    CALL(getdents64),
    CALL(lseek),
    CALL(pread64),
    CALL(getcwd),
    CALL(dup),
    CALL(dup2),
    CALL(fcntl),
    CALL(ioctl),
    CALL(mmap),
    CALL(mprotect),
    CALL(sigaltstack),
    CALL(rt_sigaction),
    CALL(prctl),
    CALL(clone),
    CALL(wait4),
    CALL(ptrace),
    CALL(process_vm_readv),
    CALL(kill),
    CALL(tkill),
    CALL(tgkill),
    CALL(prlimit64),
    CALL(uname),
    CALL(getppid),
    CALL(set_robust_list),
    CALL(rseq),
    CALL(pipe),
    CALL(pipe2),
    CALL(personality),
    CALL(geteuid),
    CALL(getuid),
};
const struct sandbox_calls calls_for_sanitizers = CALLS(for_sanitizers);

/* What none of our programs ever does, the parent and a program that is just being started
 * included; much of it is how kernels were broken, or how one process gets at another.
 */
static const struct sandbox_call forbidden[] = {
    CALL(ptrace),
    CALL(process_vm_readv),
    CALL(process_vm_writev),
    CALL(process_madvise),
    CALL(kcmp),
    CALL(pidfd_getfd),
    CALL(bpf),
    CALL(perf_event_open),
    CALL(userfaultfd),
    CALL(io_uring_setup),
    CALL(io_uring_enter),
    CALL(io_uring_register),
    CALL(add_key),
    CALL(request_key),
    CALL(keyctl),
    CALL(mount),
    CALL(umount2),
    CALL(pivot_root),
    CALL(move_mount),
    CALL(open_tree),
    CALL(fsopen),
    CALL(fsconfig),
    CALL(fsmount),
    CALL(fspick),
    CALL(mount_setattr),
    CALL(unshare),
    CALL(setns),
    CALL(name_to_handle_at),
    CALL(open_by_handle_at),
    CALL(fanotify_init),
    CALL(quotactl),
    CALL(acct),
    CALL(swapon),
    CALL(swapoff),
    CALL(init_module),
    CALL(finit_module),
    CALL(delete_module),
    CALL(kexec_load),
    CALL(kexec_file_load),
    CALL(reboot),
    CALL(settimeofday),
    CALL(clock_settime),
    CALL(clock_adjtime),
    CALL(adjtimex),
    CALL(sethostname),
    CALL(setdomainname),
    CALL(syslog),
    CALL(iopl),
    CALL(ioperm),
    CALL(modify_ldt),
    CALL(personality),
    CALL(vhangup),
    CALL(lookup_dcookie),
    CALL(mbind),
    CALL(set_mempolicy),
    CALL(migrate_pages),
    CALL(move_pages),
};
const struct sandbox_calls calls_forbidden = CALLS(forbidden);

/* What the parent does, or a program before its sandbox, and control never again. */
static const struct sandbox_call forbidden_later[] = {
    CALL(execve),   CALL(execveat),  CALL(chroot),    CALL(fork),      CALL(vfork),
    CALL(mknod),    CALL(mknodat),   CALL(setuid),    CALL(setgid),    CALL(setreuid),
    CALL(setregid), CALL(setresuid), CALL(setresgid), CALL(setgroups), CALL(setfsuid),
    CALL(setfsgid), CALL(capset),
};
const struct sandbox_calls calls_forbidden_later = CALLS(forbidden_later);

/* Depends on the arguments, in seccomp.c; here for their names. */
static const struct sandbox_call by_argument[] = {
    CALL(mmap),      CALL(mprotect),        CALL(fcntl),      CALL(rt_sigaction), CALL(tgkill),
    CALL(prlimit64), CALL(socket),          CALL(setsockopt), CALL(getsockopt),   CALL(clone),
    CALL(clone3),    CALL(prctl),           CALL(seccomp),    CALL(accept4),      CALL(kill),
    CALL(tkill),     CALL(rt_sigqueueinfo),
};
const struct sandbox_calls calls_by_argument = CALLS(by_argument);

static const struct sandbox_calls *const everything[] = {
    &calls_of_all,    &calls_of_tcp,          &calls_of_control,
    &calls_forbidden, &calls_forbidden_later, &calls_by_argument,
};

const char *sandbox_call_name(uint32_t refused)
{
    for (size_t i = 0; i < sizeof(everything) / sizeof(everything[0]); i++)
        for (size_t j = 0; j < everything[i]->count; j++)
            if (everything[i]->items[j].number >= 0 &&
                (uint32_t)everything[i]->items[j].number + 1 == refused)
                return everything[i]->items[j].name;
    return "a system call";
}
