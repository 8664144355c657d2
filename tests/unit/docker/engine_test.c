/* Questions to a scripted Engine: every way in which an answer comes, or does not. */

#include "docker/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "base/buffer.h"
#include "engine_private.h"
#include "scripted_engine.h"

#define VERSION_47 TEXT("{\"Version\":\"27.5\",\"ApiVersion\":\"1.47\",\"MinAPIVersion\":\"1.24\"}")
#define HEAD_200   "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

/* A loop, a scripted Engine, who asks it, and what the handlers were told. */
struct world {
    struct io *io;
    struct scripted_engine script;
    struct docker_engine *engine;
    struct docker_request *request;
    size_t answers;
    enum docker_outcome outcome;
    long status;
    char reason[512];
    struct buffer body;
    size_t opens;
    size_t event_count;
    struct buffer events; /* a line each */
    bool cancel_in_event;
    bool free_in_answer;
    bool free_in_event;
};

static void on_answer(void *owner, const struct docker_answer *answer)
{
    struct world *world = owner;

    world->answers++;
    world->outcome = answer->outcome;
    world->status = answer->status;
    snprintf(world->reason, sizeof(world->reason), "%s", answer->reason);
    buffer_append_text(&world->body, answer->body);
    world->request = NULL;
    if (world->free_in_answer) {
        docker_engine_free(world->engine);
        world->engine = NULL;
    }
}

static void on_open(void *owner)
{
    struct world *world = owner;

    world->opens++;
}

static void on_event(void *owner, struct text json)
{
    struct world *world = owner;

    world->event_count++;
    buffer_append_text(&world->events, json);
    buffer_append_byte(&world->events, '\n');
    if (world->cancel_in_event) {
        docker_cancel(world->request);
        world->request = NULL;
    }
    if (world->free_in_event) {
        docker_engine_free(world->engine);
        world->engine = NULL;
    }
}

static const struct docker_handler handler = { on_answer, on_open, on_event };

static void world_open(struct world *world)
{
    char endpoint[64];
    struct err err;

    *world = (struct world){ .io = io_new() };
    scripted_engine_open(&world->script, world->io);
    snprintf(endpoint, sizeof(endpoint), "unix://%s", world->script.path);
    assert_int_equal(docker_engine_new(world->io,
                                       &(struct docker_target){ .endpoint = text_of(endpoint) },
                                       &world->engine, &err),
                     0);
    assert_int_equal(docker_engine_negotiate(world->engine, VERSION_47, &err), 0);
}

static void world_close(struct world *world)
{
    docker_engine_free(world->engine);
    scripted_engine_close(&world->script);
    buffer_done(&world->body);
    buffer_done(&world->events);
    io_free(world->io);
}

static void turn(struct world *world)
{
    event_base_loop(io_base(world->io), EVLOOP_ONCE);
}

static void ask(struct world *world, enum docker_call call, const struct text *pieces, size_t count)
{
    world->script.pieces = pieces;
    world->script.piece_count = count;
    world->answers = 0;
    buffer_clear(&world->body);
    world->request = docker_get(world->engine, call, TEXT_NONE, &handler, world);
    assert_int_equal(world->answers, 0); /* never from inside */
}

static void ask_to_the_end(struct world *world, enum docker_call call, const struct text *pieces,
                           size_t count)
{
    ask(world, call, pieces, count);
    while (world->answers == 0)
        turn(world);
}

static void body_is(const struct world *world, struct text wanted)
{
    assert_true(text_equal(buffer_text(&world->body), wanted));
}

static void an_answer_comes_whole_however_it_is_cut(void **state)
{
    static const char answer[] =
        HEAD_200 "Transfer-Encoding: chunked\r\n\r\n4\r\n[{\"a\r\n6\r\n\":1}] \r\n0\r\n\r\n";
    struct text pieces[sizeof(answer) - 1];
    struct world world;

    (void)state;
    for (size_t i = 0; i < sizeof(answer) - 1; i++)
        pieces[i] = text_make(answer + i, 1);
    world_open(&world);
    ask_to_the_end(&world, DOCKER_SERVICES, pieces, sizeof(answer) - 1);
    assert_int_equal(world.outcome, DOCKER_OK);
    assert_string_equal(world.reason, "");
    body_is(&world, TEXT("[{\"a\":1}] "));
    assert_true(strstr(world.script.last_request, "GET /v1.47/services HTTP/1.1\r\n") != NULL);
    assert_int_equal(docker_engine_requests(world.engine), 1);
    assert_int_equal(docker_engine_bytes(world.engine), 10);
    world_close(&world);
}

static void connections_are_used_again(void **state)
{
    const struct text pieces[] = { TEXT(HEAD_200 "Content-Length: 2\r\n\r\n[]") };
    struct world world;

    (void)state;
    world_open(&world);
    for (int i = 0; i < 3; i++)
        ask_to_the_end(&world, DOCKER_TASKS, pieces, 1);
    assert_int_equal(world.script.request_count, 3);
    assert_int_equal(world.script.connection_count, 1);
    world_close(&world);
}

static void filters_are_escaped(void **state)
{
    const struct text pieces[] = { TEXT(HEAD_200 "Content-Length: 2\r\n\r\n[]") };
    struct world world;

    (void)state;
    world_open(&world);
    world.script.pieces = pieces;
    world.script.piece_count = 1;
    docker_get(world.engine, DOCKER_TASKS, TEXT("{\"service\":[\"a b&c=#\"]}"), &handler, &world);
    while (world.answers == 0)
        turn(&world);
    assert_true(strstr(world.script.last_request,
                       "GET /v1.47/tasks?filters=%7B%22service%22%3A%5B%22a%20b%26c%3D%23%22%5D%7D "
                       "HTTP/1.1\r\n") != NULL);
    world_close(&world);
}

static const struct {
    const char *answer;
    bool close_after;
    enum docker_outcome outcome;
    long status;
    const char *reason; /* a part of it */
} failures[] = {
    { "HTTP/1.1 500 X\r\nContent-Length: 27\r\n\r\n{\"message\":\"no\\n \\\"leader\"}", false,
      DOCKER_STATUS, 500, "/services: status 500: no   leader" },
    { "HTTP/1.1 400 X\r\nContent-Length: 12\r\n\r\nplain\x01\xff text", false, DOCKER_STATUS, 400,
      "status 400: plain   text" },
    { "HTTP/1.1 301 X\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n", false,
      DOCKER_STATUS, 301, "status 301" },
    { "no HTTP at all\r\n\r\n", true, DOCKER_UNREACHABLE, 0, "/services: " },
    { HEAD_200 "Content-Length: 100\r\n\r\n[{\"ID\"", true, DOCKER_UNREACHABLE, 200,
      "/services: " },
    { HEAD_200 "Transfer-Encoding: chunked\r\n\r\n4\r\n[{\"a", true, DOCKER_UNREACHABLE, 200,
      "/services: " },
    { HEAD_200 "Content-Length: 99999999\r\n", true, DOCKER_UNREACHABLE, 0, "/services: " },
};

static void failures_say_what_went_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        struct text piece = text_of(failures[i].answer);
        struct world world;

        world_open(&world);
        world.script.close_after = failures[i].close_after;
        ask_to_the_end(&world, DOCKER_SERVICES, &piece, 1);
        if (world.outcome != failures[i].outcome || !strstr(world.reason, failures[i].reason))
            fail_msg("row %zu: outcome %d, reason %s", i, (int)world.outcome, world.reason);
        if (failures[i].status)
            assert_int_equal(world.status, failures[i].status);
        world_close(&world);
    }
}

static void nobody_listens(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    remove(world.script.path);
    ask_to_the_end(&world, DOCKER_INFO, NULL, 0);
    assert_int_equal(world.outcome, DOCKER_UNREACHABLE);
    assert_true(world.reason[0] != '\0');
    world_close(&world);
}

static void silence_ends(void **state)
{
    const struct text half = TEXT(HEAD_200);
    static const enum docker_call asked[] = { DOCKER_SERVICES, DOCKER_EVENTS };
    struct world world;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        world_open(&world);
        docker_engine_set_timeout(world.engine, 20);
        ask_to_the_end(&world, asked[i], &half, 1);
        assert_int_equal(world.outcome, DOCKER_TIMED_OUT);
        world_close(&world);
    }
}

static void an_answer_that_is_too_large_is_not_kept(void **state)
{
    static char filler[1024 * 1024];
    struct text pieces[7] = { TEXT(HEAD_200 "\r\n") };
    struct world world;

    (void)state;
    memset(filler, ' ', sizeof(filler));
    for (size_t i = 1; i < 7; i++)
        pieces[i] = text_make(filler, sizeof(filler));
    world_open(&world);
    world.script.close_after = true;
    ask_to_the_end(&world, DOCKER_INFO, pieces, 7);
    assert_int_equal(world.outcome, DOCKER_TOO_LARGE);
    assert_true(docker_engine_bytes(world.engine) <= (uint64_t)5 * 1024 * 1024);
    world_close(&world);
}

static void a_head_without_end_is_not_kept(void **state)
{
    static char filler[128 * 1024];
    const struct text line = TEXT("X-Filler: abcd\r\n");
    struct text pieces[2] = { TEXT(HEAD_200), { filler, sizeof(filler) } };
    struct world world;

    (void)state;
    for (size_t i = 0; i < sizeof(filler); i += 16)
        memcpy(filler + i, line.at, line.len);
    world_open(&world);
    ask_to_the_end(&world, DOCKER_EVENTS, pieces, 2);
    assert_int_equal(world.outcome, DOCKER_TOO_LARGE);
    world_close(&world);
}

static void before_the_version_is_known_only_the_version_is_asked(void **state)
{
    const struct text version = TEXT(HEAD_200 "Content-Length: 2\r\n\r\n{}");
    struct world world;
    char endpoint[64];
    struct err err;

    (void)state;
    world_open(&world);
    docker_engine_free(world.engine);
    snprintf(endpoint, sizeof(endpoint), "unix://%s", world.script.path);
    docker_engine_new(world.io, &(struct docker_target){ .endpoint = text_of(endpoint) },
                      &world.engine, &err);
    ask_to_the_end(&world, DOCKER_SERVICES, &version, 1);
    assert_int_equal(world.outcome, DOCKER_UNREACHABLE);
    assert_true(strstr(world.reason, "not negotiated") != NULL);
    assert_int_equal(world.script.request_count, 0);
    ask_to_the_end(&world, DOCKER_VERSION, &version, 1);
    assert_int_equal(world.outcome, DOCKER_OK);
    assert_true(strstr(world.script.last_request, "GET /version HTTP/1.1\r\n") != NULL);
    world_close(&world);
}

/* --- streams -------------------------------------------------------------------------------------
 */

static const char stream[] = HEAD_200 "\r\n{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n";

static void events_come_one_by_one_however_they_are_cut(void **state)
{
    (void)state;
    for (size_t size = 1; size < sizeof(stream); size += 7) {
        struct text pieces[sizeof(stream)];
        size_t count = 0;
        struct world world;

        for (size_t at = 0; at < sizeof(stream) - 1; at += size)
            pieces[count++] = text_first(text_from(TEXT(stream), at), size);
        world_open(&world);
        world.script.close_after = true;
        ask_to_the_end(&world, DOCKER_EVENTS, pieces, count);
        assert_int_equal(world.opens, 1);
        assert_int_equal(world.event_count, 3);
        assert_true(
            text_equal(buffer_text(&world.events), TEXT("{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n")));
        world_close(&world);
    }
}

static void a_stream_outlives_the_timeout_of_calls(void **state)
{
    const struct text pieces[] = { TEXT(HEAD_200 "\r\n{}\n") };
    struct timeval pause = { .tv_usec = 200000 };
    struct world world;

    (void)state;
    world_open(&world);
    docker_engine_set_timeout(world.engine, 50);
    ask(&world, DOCKER_EVENTS, pieces, 1);
    event_base_loopexit(io_base(world.io), &pause);
    io_run(world.io);
    assert_int_equal(world.event_count, 1);
    assert_int_equal(world.answers, 0);
    world_close(&world); /* and what is under way ends without a word */
    assert_int_equal(world.answers, 0);
}

static void an_event_that_is_too_long_ends_the_stream(void **state)
{
    static char filler[1024 * 1024 + 10];
    struct text pieces[] = { TEXT(HEAD_200 "\r\n"), { filler, sizeof(filler) } };
    struct world world;

    (void)state;
    memset(filler, 'x', sizeof(filler));
    world_open(&world);
    ask_to_the_end(&world, DOCKER_EVENTS, pieces, 2);
    assert_int_equal(world.outcome, DOCKER_TOO_LARGE);
    assert_int_equal(world.event_count, 0);
    world_close(&world);
}

static void a_refused_stream_is_never_open(void **state)
{
    const struct text pieces[] = { TEXT("HTTP/1.1 503 X\r\nContent-Length: 3\r\n\r\na\nb") };
    struct world world;

    (void)state;
    world_open(&world);
    ask_to_the_end(&world, DOCKER_EVENTS, pieces, 1);
    assert_int_equal(world.outcome, DOCKER_STATUS);
    assert_int_equal(world.opens + world.event_count, 0);
    world_close(&world);
}

static void a_handler_may_cancel_its_own_stream(void **state)
{
    struct text piece = TEXT(stream);
    struct world world;

    (void)state;
    world_open(&world);
    world.cancel_in_event = true;
    ask(&world, DOCKER_EVENTS, &piece, 1);
    while (world.event_count == 0)
        turn(&world);
    assert_int_equal(world.event_count, 1);
    assert_int_equal(world.answers, 0);
    assert_null(world.request);
    world_close(&world);
}

static void a_handler_may_free_the_engine(void **state)
{
    struct text piece = TEXT(stream);
    struct world world;

    (void)state;
    world_open(&world);
    world.free_in_event = true;
    ask(&world, DOCKER_EVENTS, &piece, 1);
    docker_get(world.engine, DOCKER_SERVICES, TEXT_NONE, &handler, &world);
    while (world.engine)
        turn(&world);
    assert_int_equal(world.event_count, 1);
    world_close(&world);
    world_open(&world);
    world.free_in_answer = true;
    world.script.close_after = true;
    ask_to_the_end(&world, DOCKER_SERVICES, &piece, 1);
    assert_null(world.engine);
    world_close(&world);
}

/* --- targets and versions ------------------------------------------------------------------------
 */

static const struct {
    const char *endpoint;
    bool with_tls;
    const char *refusal; /* a part of it; NULL: fine */
} targets[] = {
    { "unix:///var/run/docker.sock", false, NULL },
    { "tcp://127.0.0.1:2375", false, NULL },
    { "tcp://[::1]:2375", false, NULL },
    { "tcp://localhost:2375", false, NULL },
    { "tcp://manager.example:2376", true, NULL },
    { "tcp://192.0.2.1:2376", true, NULL },
    { "tcp://192.0.2.1:2375", false, "in the clear" },
    { "tcp://localhost.example:2375", false, "in the clear" },
    { "tcp://127.0.0.1.example:2375", false, "in the clear" },
    { "tcp://127.0.0.1", false, "write tcp://host:port" },
    { "tcp://127.0.0.1:0", false, "write tcp://host:port" },
    { "tcp://127.0.0.1:2375/x", false, "write tcp://host:port" },
    { "tcp://user@127.0.0.1:2375", true, "write tcp://host:port" },
    { "tcp://a b:2375", true, "write tcp://host:port" },
    { "unix://relative", false, "write unix:///path" },
    { "http://127.0.0.1:2375", false, "write unix:///path" },
    { "ssh://host", false, "write unix:///path" },
    { "", false, "write unix:///path" },
    { "unix:///0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
      "2345678901234567890123456789",
      false, "at most 107 bytes" },
};

static void endpoints_as_they_are_written(void **state)
{
    struct io *io = io_new();

    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct docker_target target = { .endpoint = text_of(targets[i].endpoint) };
        struct docker_engine *engine = NULL;
        struct err err = { "" };
        int status;

        if (targets[i].with_tls)
            target.ca = target.cert = target.key = TEXT("/x.pem");
        status = docker_engine_new(io, &target, &engine, &err);
        if ((status == 0) != !targets[i].refusal ||
            (targets[i].refusal && !strstr(err.text, targets[i].refusal)))
            fail_msg("%s: %d, %s", targets[i].endpoint, status, err.text);
        docker_engine_free(engine);
    }
    io_free(io);
}

static void tls_needs_all_its_files(void **state)
{
    struct docker_target target = { .endpoint = TEXT("tcp://a:1"), .ca = TEXT("/ca.pem") };
    struct io *io = io_new();
    struct docker_engine *engine = NULL;
    struct err err;

    (void)state;
    assert_int_equal(docker_engine_new(io, &target, &engine, &err), -1);
    assert_true(strstr(err.text, "all three") != NULL);
    io_free(io);
}

static const struct {
    const char *json;
    const char *chosen; /* NULL: refused */
} versions[] = {
    { "{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}", "1.41" },
    { "{\"ApiVersion\":\"1.52\",\"MinAPIVersion\":\"1.44\"}", "1.52" },
    { "{\"ApiVersion\":\"1.60\",\"MinAPIVersion\":\"1.52\"}", "1.52" },
    { "{\"ApiVersion\":\"1.47\"}", "1.47" },
    { "{\"ApiVersion\":\"1.40\",\"MinAPIVersion\":\"1.12\"}", NULL },
    { "{\"ApiVersion\":\"1.60\",\"MinAPIVersion\":\"1.53\"}", NULL },
    { "{\"ApiVersion\":\"1.45\",\"MinAPIVersion\":\"1.46\"}", NULL },
    { "{\"ApiVersion\":\"2.0\",\"MinAPIVersion\":\"1.44\"}", NULL },
    { "{\"ApiVersion\":\"1.47/../x\",\"MinAPIVersion\":\"1.44\"}", NULL },
    { "{\"ApiVersion\":147}", NULL },
    { "{}", NULL },
    { "[]", NULL },
    { "", NULL },
};

static void the_highest_common_version_is_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        char chosen[DOCKER_API_BYTES] = "";
        struct err err = { "" };
        int status = docker_api_choose(text_of(versions[i].json), chosen, &err);

        if ((status == 0) != (versions[i].chosen != NULL) ||
            (versions[i].chosen && strcmp(chosen, versions[i].chosen) != 0))
            fail_msg("%s: %d %s %s", versions[i].json, status, chosen, err.text);
        assert_true(status == 0 || err.text[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_whole_however_it_is_cut),
        cmocka_unit_test(connections_are_used_again),
        cmocka_unit_test(filters_are_escaped),
        cmocka_unit_test(failures_say_what_went_wrong),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(silence_ends),
        cmocka_unit_test(an_answer_that_is_too_large_is_not_kept),
        cmocka_unit_test(a_head_without_end_is_not_kept),
        cmocka_unit_test(before_the_version_is_known_only_the_version_is_asked),
        cmocka_unit_test(events_come_one_by_one_however_they_are_cut),
        cmocka_unit_test(a_stream_outlives_the_timeout_of_calls),
        cmocka_unit_test(an_event_that_is_too_long_ends_the_stream),
        cmocka_unit_test(a_refused_stream_is_never_open),
        cmocka_unit_test(a_handler_may_cancel_its_own_stream),
        cmocka_unit_test(a_handler_may_free_the_engine),
        cmocka_unit_test(endpoints_as_they_are_written),
        cmocka_unit_test(tls_needs_all_its_files),
        cmocka_unit_test(the_highest_common_version_is_chosen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
