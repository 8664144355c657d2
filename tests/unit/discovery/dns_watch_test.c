/*
 * The DNS watch against a name server in a thread: addresses, nothing, failure, silence, garbage,
 * and more tasks than fit into a small datagram.
 */

#include "discovery/dns_watch.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/deadline.h"

#define LIMIT_MS 20000

enum behaviour {
    SAYS_TWO,
    SAYS_MANY,
    SAYS_NO_SUCH_NAME,
    SAYS_NO_ADDRESS,
    SAYS_FAILURE,
    SAYS_GARBAGE,
    SAYS_NOTHING,
};

#define MANY 60

struct world {
    struct io *io;
    struct dns_watch *watch;
    struct deadline limit;
    pthread_t thread;
    int server;
    enum behaviour behaviour;
    int answers;
    int wanted_answers;
    enum dns_outcome outcome;
    size_t count;
    char name[64];
    uint32_t first;
};

/* Header, question, and `count` records that point back at the question's name. */
static size_t make_answer(const unsigned char *query, size_t len, enum behaviour behaviour,
                          unsigned char *out)
{
    int records = behaviour == SAYS_TWO ? 2 : behaviour == SAYS_MANY ? MANY : 0;
    size_t question = 12;
    size_t at;

    while (question < len && query[question])
        question += query[question] + 1U;
    question += 5;
    memcpy(out, query, question);
    out[2] = 0x84;
    out[3] = behaviour == SAYS_NO_SUCH_NAME ? 3 : behaviour == SAYS_FAILURE ? 2 : 0;
    out[6] = 0;
    out[7] = (unsigned char)records;
    memset(out + 8, 0, 4); /* no authority, nothing additional */
    at = question;
    for (int i = 0; i < records; i++) {
        const unsigned char record[] = { 0xc0, 12, 0, 1, 0,  1, 0, 0,
                                         2,    88, 0, 4, 10, 0, 1, (unsigned char)(i + 1) };

        memcpy(out + at, record, sizeof(record));
        at += sizeof(record);
    }
    return at;
}

static void *serve(void *owner)
{
    struct world *world = owner;
    unsigned char query[2048];
    unsigned char answer[4096];

    for (;;) {
        struct sockaddr_in from;
        socklen_t from_len = sizeof(from);
        ssize_t got = recvfrom(world->server, query, sizeof(query), 0,
                               (struct sockaddr *)(void *)&from, &from_len);
        size_t len;

        if (got < 12)
            return NULL; /* the test is over */
        if (world->behaviour == SAYS_NOTHING)
            continue;
        len = make_answer(query, (size_t)got, world->behaviour, answer);
        if (world->behaviour == SAYS_GARBAGE)
            len = 7;
        sendto(world->server, answer, len, 0, (struct sockaddr *)(void *)&from, from_len);
    }
}

static void on_answer(void *owner, const struct dns_answer *answer)
{
    struct world *world = owner;

    world->answers++;
    world->outcome = answer->outcome;
    world->count = answer->count;
    text_to_buffer(answer->name, world->name, sizeof(world->name));
    if (answer->count)
        world->first = ntohl(answer->addresses[0].v4.sin_addr.s_addr);
    if (world->answers >= world->wanted_answers)
        io_stop(world->io);
}

static void on_limit(void *owner)
{
    struct world *world = owner;

    io_stop(world->io);
}

static void open_server(struct world *world, char text[ADDRESS_TEXT_BYTES])
{
    struct address address;
    socklen_t len = sizeof(address);

    world->server = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(address_parse(TEXT("127.0.0.1:1"), &address, NULL), 0);
    address.v4.sin_port = 0;
    assert_int_equal(bind(world->server, &address.any, sizeof(address.v4)), 0);
    assert_int_equal(getsockname(world->server, &address.any, &len), 0);
    address_print(&address, text);
    assert_int_equal(pthread_create(&world->thread, NULL, serve, world), 0);
}

static void open_world(struct world *world, enum behaviour behaviour)
{
    char text[ADDRESS_TEXT_BYTES];
    struct dns_watch_options options = { .interval_ms = 100 };
    struct err err;

    *world = (struct world){ .behaviour = behaviour, .wanted_answers = 1 };
    open_server(world, text);
    options.server = text_of(text);
    world->io = io_new();
    assert_int_equal(dns_watch_new(world->io, &options, on_answer, world, &world->watch, &err), 0);
    deadline_init(&world->limit, world->io, on_limit, world);
    deadline_set(&world->limit, io_now_ms(world->io) + LIMIT_MS);
}

static void close_world(struct world *world)
{
    dns_watch_free(world->watch);
    deadline_done(&world->limit);
    io_free(world->io);
    shutdown(world->server, SHUT_RDWR);
    pthread_join(world->thread, NULL);
    close(world->server);
}

static const struct {
    enum behaviour behaviour;
    enum dns_outcome outcome;
    size_t count;
} cases[] = {
    { SAYS_TWO, DNS_ADDRESSES, 2 },        { SAYS_MANY, DNS_ADDRESSES, MANY },
    { SAYS_NO_SUCH_NAME, DNS_NOTHING, 0 }, { SAYS_NO_ADDRESS, DNS_NOTHING, 0 },
    { SAYS_FAILURE, DNS_FAILED, 0 },       { SAYS_GARBAGE, DNS_FAILED, 0 },
    { SAYS_NOTHING, DNS_FAILED, 0 },
};

static void whatever_the_server_says_has_an_outcome(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world;

        open_world(&world, cases[i].behaviour);
        dns_watch_add(world.watch, TEXT("web"));
        io_run(world.io);
        if (world.answers != 1 || world.outcome != cases[i].outcome)
            print_error("case %zu: %d answers, outcome %d\n", i, world.answers, (int)world.outcome);
        assert_int_equal(world.answers, 1);
        assert_string_equal(world.name, "web");
        assert_int_equal(world.outcome, cases[i].outcome);
        assert_int_equal(world.count, cases[i].count);
        if (world.count)
            assert_int_equal(world.first, 0x0a000101);
        close_world(&world);
    }
}

static void a_name_is_asked_for_again_and_again(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, SAYS_TWO);
    world.wanted_answers = 4;
    dns_watch_add(world.watch, TEXT("web"));
    dns_watch_add(world.watch, TEXT("web"));
    io_run(world.io);
    assert_int_equal(world.answers, 4);
    assert_int_equal(dns_watch_queries(world.watch), 4);
    close_world(&world);
}

static void on_two(void *owner, const struct dns_answer *answer)
{
    struct world *world = owner;

    dns_watch_remove(world->watch, answer->name);
    on_answer(owner, answer);
}

static void a_name_may_be_removed_while_it_is_asked_for(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, SAYS_TWO);
    dns_watch_free(world.watch);
    {
        struct dns_watch_options options = { .interval_ms = 100 };
        struct address address;
        socklen_t len = sizeof(address);
        char text[ADDRESS_TEXT_BYTES];

        assert_int_equal(getsockname(world.server, &address.any, &len), 0);
        address_print(&address, text);
        options.server = text_of(text);
        assert_int_equal(dns_watch_new(world.io, &options, on_two, &world, &world.watch, NULL), 0);
    }
    dns_watch_add(world.watch, TEXT("a"));
    dns_watch_add(world.watch, TEXT("b"));
    world.wanted_answers = 2;
    io_run(world.io);
    assert_int_equal(world.answers, 2);
    close_world(&world);
}

static void a_watch_may_be_freed_with_questions_under_way(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, SAYS_NOTHING);
    dns_watch_add(world.watch, TEXT("a"));
    deadline_set(&world.limit, io_now_ms(world.io) + 150);
    io_run(world.io);
    assert_int_equal(dns_watch_queries(world.watch), 1);
    close_world(&world);
}

static void a_server_that_is_none_is_refused(void **state)
{
    struct dns_watch_options options = { .server = TEXT("nobody"), .interval_ms = 100 };
    struct io *io = io_new();
    struct dns_watch *watch;
    struct err err;

    (void)state;
    assert_int_equal(dns_watch_new(io, &options, on_answer, NULL, &watch, &err), -1);
    assert_non_null(strstr(err.text, "dns_server"));
    io_free(io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_the_server_says_has_an_outcome),
        cmocka_unit_test(a_name_is_asked_for_again_and_again),
        cmocka_unit_test(a_name_may_be_removed_while_it_is_asked_for),
        cmocka_unit_test(a_watch_may_be_freed_with_questions_under_way),
        cmocka_unit_test(a_server_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
