/* The tries of sandbox_probe.c, by name; test_sandbox.py says which of them must not succeed. */

#include "sandbox_tries.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long read_file(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC);
}

static long write_file(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long look_at_file(const char *path)
{
    struct stat info;

    return stat(path, &info);
}

static long execute(const char *path)
{
    char *const none[] = { NULL };

    return execve(path, none, none);
}

static long connect_unix(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static int tcp_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static struct sockaddr_in loopback(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9) };

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static long socket_udp(const char *path)
{
    (void)path;
    return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static long socket_raw(const char *path)
{
    (void)path;
    return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

static long socket_netlink(const char *path)
{
    (void)path;
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static long bind_port(const char *path)
{
    struct sockaddr_in address = loopback();

    (void)path;
    address.sin_port = 0;
    return bind(tcp_socket(), (struct sockaddr *)&address, sizeof(address));
}

static long listen_to(const char *path)
{
    (void)path;
    return listen(tcp_socket(), 1);
}

static long socket_filter(const char *path)
{
    struct sock_filter all = { .code = BPF_RET | BPF_K, .k = ~0U };
    struct sock_fprog program = { .len = 1, .filter = &all };

    (void)path;
    return setsockopt(tcp_socket(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static long another_process(const char *path)
{
    long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

    (void)path;
    if (child == 0)
        _exit(0);
    return child;
}

static void *thread_main(void *argument)
{
    free(malloc(100000));
    return argument;
}

static long a_thread(const char *path)
{
    pthread_t thread;
    void *result = NULL;

    (void)path;
    errno = pthread_create(&thread, NULL, thread_main, &result);
    return errno || pthread_join(thread, &result) || result != &result ? -1 : 0;
}

/* Namespaces are asked for by the same call as threads. */
static long a_namespace(const char *path)
{
    const long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;

    (void)path;
    return syscall(SYS_clone, flags | CLONE_NEWUSER, 0, 0, 0, 0);
}

static long trace_parent(const char *path)
{
    (void)path;
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long kill_parent(const char *path)
{
    (void)path;
    return kill(getppid(), 0);
}

static long read_parent(const char *path)
{
    (void)path;
    return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static long executable_memory(const char *path)
{
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)path;
    return page == MAP_FAILED ? -1 : 0;
}

static long executable_later(const char *path)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)path;
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

/* Calls of the kernel that were ways out of sandboxes; refused before their arguments matter. */
#define BARE(function, call)                                                                       \
    static long function(const char *path)                                                         \
    {                                                                                              \
        (void)path;                                                                                \
        return syscall(call, 0, 0, 0, 0, 0, 0);                                                    \
    }
BARE(io_uring, SYS_io_uring_setup)
BARE(bpf, SYS_bpf)
BARE(user_fault, SYS_userfaultfd)
BARE(key_control, SYS_keyctl)
BARE(mounting, SYS_mount)
BARE(unsharing, SYS_unshare)
BARE(joining, SYS_setns)
BARE(watching, SYS_perf_event_open)
BARE(loading, SYS_init_module)
BARE(memory_file, SYS_memfd_create)

static long change_root(const char *path)
{
    (void)path;
    return chroot("/");
}

static long answer_sigsys(const char *path)
{
    (void)path;
    return signal(SIGSYS, SIG_IGN) == SIG_ERR ? -1 : 0;
}

/* The kernel takes an int: what is beyond it must not hide the number from the filter. */
static long answer_sigsys_wide(const char *path)
{
    struct {
        void (*handler)(int number);
        unsigned long flags;
        void (*restorer)(void);
        unsigned long mask;
    } action = { .handler = SIG_IGN };

    (void)path;
    return syscall(SYS_rt_sigaction, 1L << 32 | SIGSYS, &action, NULL, sizeof(action.mask));
}

static long more_limits(const char *path)
{
    struct rlimit limit = { .rlim_cur = 1, .rlim_max = 1 };

    (void)path;
    return setrlimit(RLIMIT_NPROC, &limit);
}

static long no_control(const char *path)
{
    (void)path;
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* --- what must go on working --- */

static long connect_tcp(const char *path)
{
    struct sockaddr_in address = loopback();
    int fd = tcp_socket();
    int on = 1;
    int reason;
    socklen_t len = sizeof(reason);
    struct pollfd wait_for = { .fd = fd, .events = POLLOUT };

    (void)path;
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        poll(&wait_for, 1, 1000); /* nobody listens there: the answer is as good */
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &len);
}

static long memory(const char *path)
{
    size_t bytes = (size_t)64 << 20;
    char *all = malloc(bytes);
    char *more = realloc(all, 2 * bytes);

    (void)path;
    if (!more)
        abort();
    memset(more, 1, 2 * bytes);
    free(more);
    for (size_t size = 1; size < 300000; size = size * 3 / 2 + 1)
        free(malloc(size));
    return 0;
}

static long libc(const char *path)
{
    struct timespec now;
    struct tm utc;
    char text[64];
    unsigned char bytes[16];
    struct rlimit limit;

    (void)path;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0 || !gmtime_r(&now.tv_sec, &utc) ||
        !strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc) ||
        getrandom(bytes, sizeof(bytes), 0) < 0)
        return -1;
    return getrlimit(RLIMIT_NOFILE, &limit);
}

static long aborting(const char *path)
{
    (void)path;
    abort();
}

const struct sandbox_try sandbox_tries[] = {
    { "read_file", read_file },
    { "write_file", write_file },
    { "look_at_file", look_at_file },
    { "execute", execute },
    { "connect_unix", connect_unix },
    { "socket_udp", socket_udp },
    { "socket_raw", socket_raw },
    { "socket_netlink", socket_netlink },
    { "bind_port", bind_port },
    { "listen_to", listen_to },
    { "socket_filter", socket_filter },
    { "another_process", another_process },
    { "a_thread", a_thread },
    { "a_namespace", a_namespace },
    { "trace_parent", trace_parent },
    { "kill_parent", kill_parent },
    { "read_parent", read_parent },
    { "executable_memory", executable_memory },
    { "executable_later", executable_later },
    { "io_uring", io_uring },
    { "bpf", bpf },
    { "user_fault", user_fault },
    { "key_control", key_control },
    { "mounting", mounting },
    { "unsharing", unsharing },
    { "joining", joining },
    { "watching", watching },
    { "loading", loading },
    { "memory_file", memory_file },
    { "change_root", change_root },
    { "answer_sigsys", answer_sigsys },
    { "answer_sigsys_wide", answer_sigsys_wide },
    { "more_limits", more_limits },
    { "no_control", no_control },
    { "connect_tcp", connect_tcp },
    { "memory", memory },
    { "libc", libc },
    { "aborting", aborting },
};

const size_t sandbox_try_count = sizeof(sandbox_tries) / sizeof(sandbox_tries[0]);
