/* Sockets with the options of this house. Nothing here waits, but the connect to a unix socket. */

#include "net/socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

static int listen_failed(int fd, const struct address *address, const char *what, struct err *err)
{
    char text[ADDRESS_TEXT_BYTES];
    int reason = errno;
    const char *hint = "";

    if (reason == EADDRINUSE)
        hint = " (another program listens there: stop it, or choose another port)";
    else if (reason == EACCES)
        hint = " (ports below 1024 need root or CAP_NET_BIND_SERVICE)";
    else if (reason == EADDRNOTAVAIL)
        hint = " (this machine has no such address)";
    address_print(address, text);
    if (fd >= 0)
        close(fd);
    return err_set(err, "%s %s: %s%s", what, text, strerror(reason), hint);
}

static int listen_at(const struct address *address, int backlog, bool shared, struct err *err)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return listen_failed(fd, address, "socket for", err);
    if (address->any.sa_family == AF_INET6)
        set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1); /* 0.0.0.0 and [::] are two listeners */
    if (set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
        set_int(fd, SOL_SOCKET, SO_REUSEPORT, shared) < 0 ||
        set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0)
        return listen_failed(fd, address, "options of", err);
    if (bind(fd, &address->any, address_len(address)) < 0)
        return listen_failed(fd, address, "listen on", err);
    if (listen(fd, backlog) < 0)
        return listen_failed(fd, address, "listen on", err);
    return fd;
}

int socket_listen(const struct address *address, int backlog, struct err *err)
{
    return listen_at(address, backlog, true, err);
}

int socket_listen_alone(const struct address *address, int backlog, struct err *err)
{
    return listen_at(address, backlog, false, err);
}

int socket_connect(const struct address *address)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (connect(fd, &address->any, address_len(address)) < 0 && errno != EINPROGRESS) {
        int reason = errno;

        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

int socket_connect_result(int fd)
{
    int reason = 0;
    socklen_t len = sizeof(reason);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &len) < 0)
        return errno;
    return reason;
}

void socket_keepalive(int fd)
{
    set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

bool socket_is_unanswered(int fd, int64_t for_ms)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
        return false;
    return info.tcpi_unacked > 0 && info.tcpi_last_ack_recv >= for_ms;
}

void socket_close_reset(int fd)
{
    struct linger linger = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(fd);
}

static int unix_address(const char *path, struct sockaddr_un *address, struct err *err)
{
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(address->sun_path))
        return err_set(err, "%s: the path of a unix socket has at most %zu bytes", path,
                       sizeof(address->sun_path) - 1);
    memcpy(address->sun_path, path, strlen(path));
    return 0;
}

int socket_connect_unix(const char *path, struct err *err)
{
    struct sockaddr_un address;
    int fd;

    if (unix_address(path, &address, err) < 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(err, "%s: %s", path, strerror(errno));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        err_set(err, "%s: %s", path, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

int socket_listen_unix(const char *path, unsigned mode, struct err *err)
{
    struct sockaddr_un address;
    struct err ignored;
    mode_t mask;
    int status;
    int fd;

    if (unix_address(path, &address, err) < 0)
        return -1;
    fd = socket_connect_unix(path, &ignored);
    if (fd >= 0) {
        close(fd);
        return err_set(err, "%s: another swarmward answers there; stop it, or use --socket", path);
    }
    unlink(path); /* nobody answers: left behind by a dead process */
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(err, "%s: %s", path, strerror(errno));
    mask = umask(~mode & 0777U);
    status = bind(fd, (struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (status < 0 || listen(fd, 64) < 0) {
        err_set(err, "%s: %s", path, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}
