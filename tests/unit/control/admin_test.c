/*
 * The admin listener under clients that ask for much: ten thousand domains with requests, and
 * peers that never read, or end their side at once.
 */

#include "admin.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "base/buffer.h"

#define DOMAINS        10000
#define SILENT         12
#define SLOW           6
#define MEBIBYTE       ((size_t)1024 * 1024)
#define MOST_BYTES     (64 * MEBIBYTE) /* what admin.c says; and the answer that passes it */
#define TURNS_IN_A_ROW 8

struct world {
    struct control control;
    struct sockaddr_in address;
};

/* commands.c asks for a load; here nothing is loaded. */
uint64_t loader_request(struct control *control)
{
    (void)control;
    return 1;
}

/* Ten thousand domains, each with one request. */
static struct snapshot *make_snapshot(struct board *board)
{
    struct snapshot *snapshot = snapshot_new();

    snapshot->domains = arena_new(&snapshot->arena, DOMAINS, sizeof(*snapshot->domains));
    for (uint32_t i = 0; i < DOMAINS; i++) {
        char name[64];
        int len = snprintf(name, sizeof(name), "a-name-of-usual-length-%u.example.org", i);

        snapshot->domains[i].name = arena_text(&snapshot->arena, text_make(name, (size_t)len));
        snapshot->domains[i].slot = i;
        board_add(&board->worker[0].domains[i].responses[0], 1);
    }
    snapshot->domain_count = DOMAINS;
    return snapshot;
}

static struct world *world_open(void)
{
    struct world *world = calloc(1, sizeof(*world));
    struct control *control = &world->control;
    int fd = board_create(NULL);
    unsigned pid = (unsigned)getpid();

    assert_non_null(world);
    control->board = board_map(fd, NULL);
    assert_non_null(control->board);
    close(fd);
    atomic_store(&control->board->worker_count, 1);
    atomic_store(&control->board->phase, BOARD_READY);
    atomic_store(&control->board->workers[0].pid, getpid());
    board_add(&control->board->worker[0].generation, 1);
    control->io = io_new();
    control->snapshot = make_snapshot(control->board);
    /* an address of this process alone */
    world->address.sin_family = AF_INET;
    world->address.sin_port = htons(9901);
    world->address.sin_addr.s_addr =
        htonl(127U << 24 | 210U << 16 | (pid >> 8 & 255) << 8 | (pid & 255));
    control->snapshot->listeners.admin_enabled = true;
    control->snapshot->listeners.admin.v4 = world->address;
    control->admin = admin_new(control);
    admin_settle(control->admin);
    assert_string_equal(admin_problem(control->admin), "");
    return world;
}

static void world_close(struct world *world)
{
    admin_free(world->control.admin);
    snapshot_unref(world->control.snapshot);
    io_free(world->control.io);
    board_unmap(world->control.board);
    free(world);
}

/* Until nothing happens any more. */
static void settle(struct world *world)
{
    for (int i = 0; i < TURNS_IN_A_ROW; i++)
        event_base_loop(io_base(world->control.io), EVLOOP_NONBLOCK);
}

static int ask(struct world *world, const char *path)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int room = 65536; /* so that answers stay with the sender */
    char request[128];
    int len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
    (void)connect(fd, (struct sockaddr *)&world->address, sizeof(world->address));
    assert_int_equal(send(fd, request, (size_t)len, 0), len);
    settle(world);
    return fd;
}

/* All that comes until the end, while the listener goes on; then closes. */
static void take_all(struct world *world, int fd, struct buffer *answer)
{
    ssize_t got;

    for (int idle = 0; idle < 2000;) {
        got = recv(fd, buffer_reserve(answer, 65536), 65536, 0);
        if (got == 0)
            break;
        if (got > 0) {
            buffer_grew(answer, (size_t)got);
            idle = 0;
        } else {
            idle++;
            usleep(1000);
        }
        event_base_loop(io_base(world->control.io), EVLOOP_NONBLOCK);
    }
    assert_int_equal(got, 0);
    close(fd);
    settle(world);
    buffer_append_byte(answer, '\0');
    answer->end--;
}

static size_t length_said(const struct buffer *answer)
{
    const char *length = strstr(answer->bytes, "Content-Length: ");
    const char *body = strstr(answer->bytes, "\r\n\r\n");

    assert_non_null(length);
    assert_non_null(body);
    assert_true(length < body);
    return strtoul(length + strlen("Content-Length: "), NULL, 10) +
           (size_t)(body + 4 - answer->bytes);
}

static bool starts(const struct buffer *answer, const char *with)
{
    return text_starts(buffer_text(answer), text_of(with));
}

static void who_ends_his_side_behind_the_request_gets_the_whole_answer(void **state)
{
    struct world *world = world_open();
    struct buffer answer = { 0 };
    int fd = ask(world, "/metrics");

    (void)state;
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    settle(world);
    take_all(world, fd, &answer);
    assert_true(starts(&answer, "HTTP/1.1 200 "));
    assert_true(buffer_len(&answer) > 8 * MEBIBYTE);
    assert_int_equal(buffer_len(&answer), length_said(&answer));
    buffer_done(&answer);
    world_close(world);
}

static void who_never_reads_pins_a_bounded_number_of_bytes(void **state)
{
    struct world *world = world_open();
    struct buffer answer = { 0 };
    size_t one = 0;
    size_t served = 0;
    int silent[SILENT];
    char begin[16];

    (void)state;
    take_all(world, ask(world, "/metrics"), &answer);
    one = buffer_len(&answer);
    buffer_clear(&answer);
    for (size_t i = 0; i < SILENT; i++)
        silent[i] = ask(world, "/metrics");
    for (size_t i = 0; i < SILENT; i++) {
        assert_int_equal(recv(silent[i], begin, sizeof(begin), MSG_PEEK), sizeof(begin));
        served += memcmp(begin, "HTTP/1.1 200", 12) == 0;
    }
    assert_true(served > 1);
    assert_true(served * one < MOST_BYTES + 2 * one);

    take_all(world, ask(world, "/metrics"), &answer);
    assert_true(starts(&answer, "HTTP/1.1 503 "));
    assert_non_null(strstr(answer.bytes, "\r\nRetry-After: "));
    assert_int_equal(buffer_len(&answer), length_said(&answer));
    buffer_clear(&answer);
    take_all(world, ask(world, "/healthz"), &answer); /* health is small: it is always told */
    assert_true(starts(&answer, "HTTP/1.1 200 "));
    buffer_clear(&answer);

    for (size_t i = 0; i < SILENT; i++)
        close(silent[i]);
    settle(world);
    take_all(world, ask(world, "/metrics"), &answer);
    assert_true(starts(&answer, "HTTP/1.1 200 "));
    assert_int_equal(buffer_len(&answer), one);
    buffer_done(&answer);
    world_close(world);
}

/* What is kept of an answer goes when all of it is sent: bytes that were taken count as long. */
static void who_reads_all_but_a_little_pins_the_whole_of_it(void **state)
{
    struct world *world = world_open();
    struct buffer answer = { 0 };
    int slow[SLOW];

    (void)state;
    take_all(world, ask(world, "/metrics"), &answer);
    for (size_t i = 0; i < SLOW; i++) {
        size_t left = buffer_len(&answer) - MEBIBYTE * 6;

        slow[i] = ask(world, "/metrics");
        while (left) {
            char bytes[65536];
            ssize_t got = recv(slow[i], bytes, left < sizeof(bytes) ? left : sizeof(bytes), 0);

            if (got == 0)
                break; /* it was refused */
            left -= got > 0 ? (size_t)got : 0;
            event_base_loop(io_base(world->control.io), EVLOOP_NONBLOCK);
        }
    }
    buffer_clear(&answer);
    take_all(world, ask(world, "/metrics"), &answer);
    assert_true(starts(&answer, "HTTP/1.1 503 "));
    for (size_t i = 0; i < SLOW; i++)
        close(slow[i]);
    buffer_done(&answer);
    world_close(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_ends_his_side_behind_the_request_gets_the_whole_answer),
        cmocka_unit_test(who_never_reads_pins_a_bounded_number_of_bytes),
        cmocka_unit_test(who_reads_all_but_a_little_pins_the_whole_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
