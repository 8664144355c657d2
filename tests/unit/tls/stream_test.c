/* A TLS session on a real stream and loop: bulk both ways under back-pressure, records in pieces.
 */

#include "net/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "base/memory.h"
#include "net/deadline.h"
#include "tls_world.h"

#define BULK_BYTES   ((size_t)300000)
#define ROUNDS       8
#define PENDING_MOST ((size_t)256 * 1024)
#define GAP_MS       30
#define READS_IN_GAP 4
#define GIVE_UP_MS   20000

/* The server's side: an echo. */
struct echo {
    struct io *io;
    struct stream *stream;
    struct deadline gap;
    struct deadline give_up;
    int go; /* the client waits for a byte here */
    size_t reads;
    bool ended;
};

static void on_ready(void *owner)
{
    stream_resume_reading(((struct echo *)owner)->stream);
}

static void on_readable(void *owner)
{
    struct echo *echo = owner;
    enum io_status status;
    size_t got;

    echo->reads++;
    do {
        status = stream_read(echo->stream, io_scratch(echo->io), IO_RECEIVE_BYTES, &got);
        if (status == IO_OK)
            stream_write(echo->stream, io_scratch(echo->io), got);
    } while (status == IO_OK && stream_may_have_more(echo->stream));
    if (status == IO_CLOSED || status == IO_FAILED) {
        echo->ended = status == IO_CLOSED;
        io_stop(echo->io);
    } else if (stream_pending(echo->stream) > PENDING_MOST) {
        stream_pause_reading(echo->stream);
    }
}

static void on_drained(void *owner)
{
    stream_resume_reading(((struct echo *)owner)->stream);
}

static void on_broken(void *owner)
{
    io_stop(((struct echo *)owner)->io);
}

static const struct stream_handler handler = {
    .on_ready = on_ready,
    .on_readable = on_readable,
    .on_drained = on_drained,
    .on_broken = on_broken,
};

static void on_gap(void *owner)
{
    struct echo *echo = owner;

    if (echo->reads > READS_IN_GAP || write(echo->go, "g", 1) != 1)
        io_stop(echo->io);
}

static void on_give_up(void *owner)
{
    io_stop(((struct echo *)owner)->io);
}

/* Serve until the client's end of `ends`; the client is a process of its own that exits with 0. */
static void serve(int ends[2], int go, pid_t client)
{
    struct world world = { 0 };
    struct echo echo = { .io = io_new(), .go = go };
    int status;

    world_begin(&world);
    world_add(&world, "a.test", WITH_ECDSA);
    world_commit(&world);
    close(ends[1]);
    deadline_init(&echo.gap, echo.io, on_gap, &echo);
    deadline_init(&echo.give_up, echo.io, on_give_up, &echo);
    deadline_set(&echo.give_up, io_now_ms(echo.io) + GIVE_UP_MS);
    if (go >= 0)
        deadline_set(&echo.gap, io_now_ms(echo.io) + GAP_MS);
    echo.stream = stream_new(echo.io, ends[0], tls_session_new(world.server), &handler, &echo);
    stream_start(echo.stream);
    io_run(echo.io);
    assert_true(echo.ended);
    stream_free(echo.stream);
    deadline_done(&echo.gap);
    deadline_done(&echo.give_up);
    io_free(echo.io);
    world_done(&world);
    assert_int_equal(waitpid(client, &status, 0), client);
    assert_int_equal(status, 0);
}

static SSL *client_on(int fd)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    char name[] = "a.test"; /* OpenSSL is not const-correct */

    SSL_CTX_free(context);
    SSL_set_tlsext_host_name(ssl, name);
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) != 1)
        _exit(1);
    return ssl;
}

static void send_bulk(int fd)
{
    SSL *ssl = client_on(fd);
    char *sent = memory_new(BULK_BYTES);
    char *back = memory_new(BULK_BYTES);
    size_t done;
    size_t got;

    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < BULK_BYTES; i++)
            sent[i] = (char)(i * 7 + i / 251 + round);
        for (done = 0; done < BULK_BYTES; done += got)
            if (SSL_write_ex(ssl, sent + done,
                             done + 70001 < BULK_BYTES ? 70001 : BULK_BYTES - done, &got) != 1)
                _exit(2);
        for (done = 0; done < BULK_BYTES; done += got)
            if (SSL_read_ex(ssl, back + done, BULK_BYTES - done, &got) != 1)
                _exit(3);
        if (memcmp(sent, back, BULK_BYTES) != 0)
            _exit(4);
    }
    SSL_shutdown(ssl);
    _exit(0);
}

static void bulk_comes_back_unchanged(void **state)
{
    int ends[2];
    pid_t client;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    client = fork();
    if (client == 0) {
        close(ends[0]);
        send_bulk(ends[1]);
    }
    serve(ends, -1, client);
}

/* Half a record, then nothing until the server says so. */
static void send_half(int fd, int go)
{
    SSL *ssl = client_on(fd);
    BIO *memory = BIO_new(BIO_s_mem());
    char *bytes;
    char word[6];
    size_t got;
    long len;

    BIO_up_ref(SSL_get_rbio(ssl));
    SSL_set0_wbio(ssl, memory);
    SSL_write(ssl, "hello", 5);
    len = BIO_get_mem_data(memory, &bytes);
    if (write(fd, bytes, (size_t)len / 2) != len / 2 || read(go, word, 1) != 1 ||
        write(fd, bytes + len / 2, (size_t)(len - len / 2)) != len - len / 2)
        _exit(2);
    if (SSL_read_ex(ssl, word, sizeof(word), &got) != 1 || got != 5 ||
        memcmp(word, "hello", 5) != 0)
        _exit(3);
    _exit(0); /* without a goodbye */
}

static void half_a_record_waits_and_keeps_nobody_busy(void **state)
{
    int ends[2];
    int go[2];
    pid_t client;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(pipe(go), 0);
    client = fork();
    if (client == 0) {
        close(ends[0]);
        send_half(ends[1], go[0]);
    }
    serve(ends, go[1], client);
    close(go[0]);
    close(go[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bulk_comes_back_unchanged),
        cmocka_unit_test(half_a_record_waits_and_keeps_nobody_busy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
