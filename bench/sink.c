/*
 * swarmward-sink: the backend of the upload scenario of bench/run. Reads a request with a counted
 * body, throws the body away inside the kernel, answers 200, and waits for the next request.
 * Understands no more than that: it must be cheaper than every proxy in front of it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_BYTES     16384
#define MAX_FDS        4096
#define DISCARD_BYTES  ((size_t)1 << 20)
#define EVENTS_AT_ONCE 64

struct visitor {
    uint64_t body_left;
    size_t head_bytes;
    char head[HEAD_BYTES + 1];
};

static struct visitor *visitors[MAX_FDS]; /* by descriptor */

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
static const char refusal[] = "HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\n"
                              "Connection: close\r\n\r\n";

static int open_listener(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1024) < 0) {
        fprintf(stderr, "swarmward-sink: 127.0.0.1:%u: %s\n", port, strerror(errno));
        exit(1);
    }
    return fd;
}

static void leave(int fd)
{
    free(visitors[fd]);
    visitors[fd] = NULL;
    close(fd);
}

static void welcome(int listener, int epoll_fd)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

        if (fd >= MAX_FDS || (visitors[fd] = calloc(1, sizeof(struct visitor))) == NULL ||
            epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
            close(fd);
            continue;
        }
    }
}

/* -1: the head has no length we can count. */
static int read_length(const char *head, uint64_t *length_out)
{
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, "content-length:", 15) != 0)
            continue;
        *length_out = strtoull(line + 2 + 15, NULL, 10);
        return 0;
    }
    return -1;
}

static int reply(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text) ? 0 : -1;
}

/* 0: go on. -1: the connection is over. */
static int read_head(struct visitor *visitor, int fd)
{
    ssize_t got =
        recv(fd, visitor->head + visitor->head_bytes, HEAD_BYTES - visitor->head_bytes, 0);
    size_t extra;
    char *end;

    if (got <= 0)
        return got < 0 && errno == EAGAIN ? 0 : -1;
    visitor->head_bytes += (size_t)got;
    visitor->head[visitor->head_bytes] = '\0';
    end = strstr(visitor->head, "\r\n\r\n");
    if (end == NULL)
        return visitor->head_bytes == HEAD_BYTES ? -1 : 0;
    end[2] = '\0';
    extra = visitor->head_bytes - (size_t)(end + 4 - visitor->head);
    if (read_length(visitor->head, &visitor->body_left) < 0 || extra > visitor->body_left) {
        reply(fd, refusal);
        return -1;
    }
    visitor->head_bytes = 0;
    visitor->body_left -= extra;
    return visitor->body_left == 0 ? reply(fd, answer) : 0;
}

static int discard_body(struct visitor *visitor, int fd)
{
    size_t most = visitor->body_left < DISCARD_BYTES ? (size_t)visitor->body_left : DISCARD_BYTES;
    ssize_t got = recv(fd, NULL, most, MSG_TRUNC); /* tcp(7): dropped without a copy */

    if (got <= 0)
        return got < 0 && errno == EAGAIN ? 0 : -1;
    visitor->body_left -= (uint64_t)got;
    return visitor->body_left == 0 ? reply(fd, answer) : 0;
}

int main(int argc, char **argv)
{
    long port = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    struct epoll_event event = { .events = EPOLLIN };
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

    if (port < 1 || port > 65535) {
        fprintf(stderr, "usage: swarmward-sink PORT\n");
        return 2;
    }
    event.data.fd = open_listener((uint16_t)port);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event.data.fd, &event);
    for (;;) {
        struct epoll_event events[EVENTS_AT_ONCE];
        int count = epoll_wait(epoll_fd, events, EVENTS_AT_ONCE, -1);

        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            struct visitor *visitor = visitors[fd];

            if (visitor == NULL)
                welcome(event.data.fd, epoll_fd);
            else if ((visitor->body_left > 0 ? discard_body(visitor, fd) : read_head(visitor, fd)) <
                     0)
                leave(fd);
        }
    }
}
