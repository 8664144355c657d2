/*
 * The application of the swarm tests: answers every request with who it is, so that a client sees
 * which task of which service served it, and dies as the environment says. One thread a connection,
 * nothing but libc, linked statically: its image is this one file. It listens on 8080.
 *
 *   SERVICE, VERSION   are in every answer, with the host name
 *   EXIT               on SIGTERM: now (exit at once), drain (finish, then exit), stay (only
 * SIGKILL) CRASH_MS           exit with 1 after so many milliseconds
 *
 * GET /slow?ms=N answers after N milliseconds; /ws is a WebSocket that says who it is and echoes.
 */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "websocket.h"

enum {
    PORT = 8080,
    HEAD_BYTES = 16384,
    ANSWER_BYTES = 2048,
    STACK_BYTES = 256 * 1024
};

struct connection {
    int fd;
    size_t have; /* bytes of `head`, perhaps of more than one request */
    char head[HEAD_BYTES + 1];
};

struct request {
    const char *method;
    const char *target;
    long long length; /* of the body */
    bool close;
    const char *key; /* Sec-WebSocket-Key, or NULL */
};

static char who[512];         /* service=... host=... version=... */
static atomic_bool is_ending; /* SIGTERM came, and EXIT=drain */
static atomic_int busy_count; /* requests that are being answered */

static const char *setting(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value && *value ? value : fallback;
}

static bool write_whole(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t written = send(fd, bytes, length, MSG_NOSIGNAL);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

/* The value of a header field in the head that ends at `end`, or NULL; cut off in place. */
static char *field(char *head, const char *end, const char *name)
{
    size_t length = strlen(name);

    for (char *line = strstr(head, "\r\n"); line && line < end; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) != 0 || line[length] != ':')
            continue;
        return line + length + 1 + strspn(line + length + 1, " ");
    }
    return NULL;
}

static bool value_is(const char *value, const char *wanted)
{
    return value && strncasecmp(value, wanted, strlen(wanted)) == 0;
}

/* A whole head in the buffer: where it ends. NULL: the peer is gone, or its head is too long. */
static char *read_head(struct connection *connection)
{
    for (;;) {
        connection->head[connection->have] = '\0';
        char *end = strstr(connection->head, "\r\n\r\n");
        if (end)
            return end;
        if (connection->have == HEAD_BYTES)
            return NULL;
        ssize_t got = recv(connection->fd, connection->head + connection->have,
                           HEAD_BYTES - connection->have, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return NULL;
        connection->have += (size_t)got;
    }
}

static bool understand(struct connection *connection, char *end, struct request *request)
{
    char *head = connection->head;
    const char *length = field(head, end, "Content-Length");

    request->length = length ? strtoll(length, NULL, 10) : 0;
    request->close = value_is(field(head, end, "Connection"), "close");
    request->key = value_is(field(head, end, "Upgrade"), "websocket")
                       ? field(head, end, "Sec-WebSocket-Key")
                       : NULL;
    request->method = head;
    char *space = memchr(head, ' ', (size_t)(end - head));
    char *second = space ? strpbrk(space + 1, " \r") : NULL;
    if (!second || *second != ' ' || field(head, end, "Transfer-Encoding"))
        return false;
    *space = '\0';
    *second = '\0';
    request->target = space + 1;
    return true;
}

/* FNV-1a over the body: the client knows what it sent. */
static bool digest_body(struct connection *connection, char *begin, struct request *request,
                        uint64_t *digest_out)
{
    char more[16384];
    uint64_t digest = 0xcbf29ce484222325U;
    long long left = request->length;
    size_t have = connection->have - (size_t)(begin - connection->head);
    size_t used = (long long)have < left ? have : (size_t)left;

    for (size_t i = 0; i < used; i++)
        digest = (digest ^ (unsigned char)begin[i]) * 0x100000001b3U;
    left -= (long long)used;
    connection->have = have - used;
    memmove(connection->head, begin + used, connection->have);
    while (left > 0) {
        ssize_t got = recv(connection->fd, more,
                           left < (long long)sizeof(more) ? (size_t)left : sizeof(more), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        for (ssize_t i = 0; i < got; i++)
            digest = (digest ^ (unsigned char)more[i]) * 0x100000001b3U;
        left -= got;
    }
    *digest_out = digest;
    return true;
}

static bool answer(struct connection *connection, const char *method, long long length,
                   uint64_t digest, bool close)
{
    char body[ANSWER_BYTES / 2], whole[ANSWER_BYTES];

    int body_bytes = snprintf(body, sizeof(body), "%s method=%s bytes=%lld digest=%016llx\n", who,
                              method, length, (unsigned long long)digest);
    int bytes = snprintf(whole, sizeof(whole),
                         "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
                         "%d\r\n%s\r\n%s",
                         body_bytes, close ? "Connection: close\r\n" : "", body);
    return write_whole(connection->fd, whole, (size_t)bytes);
}

static void tunnel(struct connection *connection, const char *key)
{
    char accept_text[32], whole[256];

    websocket_accept(key, strcspn(key, "\r"), accept_text);
    int bytes = snprintf(whole, sizeof(whole),
                         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                         accept_text);
    if (write_whole(connection->fd, whole, (size_t)bytes))
        websocket_echo(connection->fd, who);
}

static void wait_ms(long milliseconds)
{
    if (milliseconds > 0 && milliseconds < 3600000)
        usleep((useconds_t)milliseconds * 1000);
}

/* False: the connection has ended. */
static bool serve_request(struct connection *connection)
{
    struct request request;
    uint64_t digest;
    char method[16];

    char *end = read_head(connection);
    if (!end || !understand(connection, end, &request))
        return false;
    if (request.key) {
        tunnel(connection, request.key);
        return false;
    }
    atomic_fetch_add(&busy_count, 1);
    snprintf(method, sizeof(method), "%.15s", request.method);
    long slow_ms =
        strncmp(request.target, "/slow?ms=", 9) == 0 ? strtol(request.target + 9, NULL, 10) : 0;
    bool good = digest_body(connection, end + 4, &request, &digest);
    if (good) {
        wait_ms(slow_ms);
        request.close = request.close || atomic_load(&is_ending);
        good = answer(connection, method, request.length, digest, request.close);
    }
    atomic_fetch_sub(&busy_count, 1);
    return good && !request.close;
}

static void *serve(void *argument)
{
    struct connection *connection = argument;
    int one = 1;

    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    while (serve_request(connection))
        ;
    close(connection->fd);
    free(connection);
    return NULL;
}

/* EXIT=drain: no new connection, what runs may end, idle connections are dropped with the process.
 */
static void *drain(void *argument)
{
    (void)argument;
    while (atomic_load(&busy_count))
        wait_ms(10);
    _exit(0);
}

static void *crash(void *argument)
{
    (void)argument;
    wait_ms(strtol(setting("CRASH_MS", "0"), NULL, 10));
    _exit(1);
}

static void start(void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, run, argument) != 0)
        _exit(2);
    pthread_attr_destroy(&attributes);
}

/* SIGTERM is waited for in a thread: the first process of a container has no default action. */
static void *wait_for_the_end(void *argument)
{
    const sigset_t *signals = argument;
    const char *exit_kind = setting("EXIT", "now");
    int number;

    for (;;) {
        if (sigwait(signals, &number) != 0 || strcmp(exit_kind, "stay") == 0)
            continue;
        if (strcmp(exit_kind, "drain") != 0)
            _exit(0);
        atomic_store(&is_ending, true);
        start(drain, NULL);
    }
}

static int listen_on_port(void)
{
    int one = 1, off = 0;
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
    struct sockaddr_in address4 = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1024) == 0)
            return fd;
        close(fd);
    }
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* the node has no IPv6 */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address4, sizeof(address4)) < 0 || listen(fd, 1024) < 0)
        return -1;
    return fd;
}

int main(void)
{
    static sigset_t signals;
    char host[128] = "";

    gethostname(host, sizeof(host) - 1);
    snprintf(who, sizeof(who), "service=%s host=%s version=%s", setting("SERVICE", "none"), host,
             setting("VERSION", "0"));
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    start(wait_for_the_end, &signals);
    if (getenv("CRASH_MS"))
        start(crash, NULL);

    int listener = listen_on_port();
    if (listener < 0) {
        perror("app: cannot listen on port 8080");
        return 1;
    }
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        struct connection *connection = calloc(1, sizeof(*connection));
        if (!connection)
            _exit(3);
        connection->fd = fd;
        start(serve, connection);
    }
}
