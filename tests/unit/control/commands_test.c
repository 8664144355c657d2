/*
 * Requests on the command socket: what is understood, what is refused, and that no bytes whatever
 * hurt; and the JSON that goes back.
 */

#include "commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "json_out.h"

static struct board *board;

/* commands.c asks for a load; here nothing is loaded. */
static int loads;

uint64_t loader_request(struct control *control)
{
    (void)control;
    return (uint64_t)++loads;
}

/* The answer to one request, parsed; NULL: it waits for a load. */
static json_t *ask(struct control *control, struct text request)
{
    struct buffer out = { 0 };
    uint64_t load = 0;
    json_t *answer = NULL;

    if (command_run(control, request, &out, &load) == COMMAND_ANSWERED) {
        answer = json_loadb(out.bytes, buffer_len(&out), 0, NULL);
        assert_non_null(answer);
        assert_true(memchr(out.bytes, '\n', buffer_len(&out)) == NULL); /* one line */
    }
    buffer_done(&out);
    return answer;
}

static bool is_ok(const json_t *answer)
{
    return json_is_true(json_object_get(answer, "ok"));
}

static const struct {
    const char *request;
    bool ok;
    const char *error; /* in it, when it is not */
} cases[] = {
    { "{\"command\":\"health\"}", true, NULL },
    { "{\"command\":\"status\"}", true, NULL },
    { " { \"command\" : \"status\" } ", true, NULL },
    { "", false, "not a JSON object" },
    { "{", false, "not a JSON object" },
    { "[]", false, "not a JSON object" },
    { "\"status\"", false, "not a JSON object" },
    { "{\"command\":\"status\",\"command\":\"health\"}", false, "not a JSON object" },
    { "{}", false, "no such command" },
    { "{\"command\":1}", false, "no such command" },
    { "{\"command\":\"stat\"}", false, "no such command" },
    { "{\"command\":\"explain\"}", false, "nothing is served yet" },
};

static void requests_are_answered_or_refused_with_a_reason(void **state)
{
    struct control control = { .board = board, .config_path = (char[]){ "x.yaml" } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *answer = ask(&control, text_of(cases[i].request));
        const char *error = json_string_value(json_object_get(answer, "error"));

        if (is_ok(answer) != cases[i].ok ||
            (cases[i].error && (!error || !strstr(error, cases[i].error))))
            fail_msg("%s", cases[i].request);
        json_decref(answer);
    }
}

static void a_request_cut_anywhere_is_refused(void **state)
{
    struct control control = { .board = board, .config_path = (char[]){ "x.yaml" } };
    struct text whole = TEXT("{\"command\":\"explain\",\"url\":\"https://a.test/\"}");

    (void)state;
    for (size_t len = 0; len < whole.len; len++) {
        json_t *answer = ask(&control, text_first(whole, len));

        assert_false(is_ok(answer));
        json_decref(answer);
    }
}

static void a_reload_waits_for_its_load_but_not_while_shutting_down(void **state)
{
    struct control control = { .board = board };
    json_t *answer;

    (void)state;
    assert_null(ask(&control, TEXT("{\"command\":\"reload\"}")));
    assert_int_equal(loads, 1);
    atomic_store(&board->phase, BOARD_DRAINING);
    answer = ask(&control, TEXT("{\"command\":\"reload\"}"));
    assert_false(is_ok(answer));
    assert_int_equal(loads, 1);
    json_decref(answer);
    atomic_store(&board->phase, BOARD_STARTING);
}

static void health_is_ready_only_when_a_worker_serves(void **state)
{
    static const struct {
        enum board_phase phase;
        int pid;
        uint64_t generation;
        const char *health;
        int64_t keys_started_ms; /* 0: the workers have the keys */
        int keys_pid;
    } moments[] = {
        { BOARD_STARTING, 0, 0, "starting", 1, 7 }, { BOARD_READY, 0, 0, "no_worker", 1, 7 },
        { BOARD_READY, 5, 0, "no_worker", 1, 7 },   { BOARD_READY, 5, 1, "ready", 1, 7 },
        { BOARD_READY, 5, 1, "no_keys", 1, 0 },     { BOARD_READY, 5, 1, "ready", 0, 0 },
        { BOARD_DRAINING, 5, 1, "draining", 1, 7 },
    };
    struct control control = { .board = board };

    (void)state;
    atomic_store(&board->worker_count, 1);
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        json_t *answer;

        atomic_store(&board->phase, moments[i].phase);
        atomic_store(&board->workers[0].pid, moments[i].pid);
        atomic_store(&board->keys.started_ms, moments[i].keys_started_ms);
        atomic_store(&board->keys.pid, moments[i].keys_pid);
        atomic_store(&board->worker[0].generation, moments[i].generation);
        answer = ask(&control, TEXT("{\"command\":\"health\"}"));
        assert_string_equal(json_string_value(json_object_get(answer, "health")),
                            moments[i].health);
        assert_int_equal(json_is_true(json_object_get(answer, "healthy")),
                         strcmp(moments[i].health, "ready") == 0);
        json_decref(answer);
    }
    atomic_store(&board->phase, BOARD_STARTING);
}

static void answers_nest_and_escape(void **state)
{
    struct buffer out = { 0 };
    struct json_out json = json_to(&out);

    (void)state;
    json_put_object(&json, NULL);
    json_put_text(&json, "a\"b", TEXT("c\nd"));
    json_put_array(&json, "list");
    json_put_number(&json, NULL, -5);
    json_put_object(&json, NULL);
    json_put_object_end(&json);
    json_put_array(&json, NULL);
    json_put_array_end(&json);
    json_put_bool(&json, NULL, true);
    json_put_array_end(&json);
    json_put_time(&json, "at", 0);
    json_put_object_end(&json);
    assert_true(
        text_equal(buffer_text(&out), TEXT("{\"a\\\"b\":\"c\\u000ad\",\"list\":[-5,{},[],true],"
                                           "\"at\":\"1970-01-01T00:00:00Z\"}")));
    buffer_done(&out);
}

static int make_board(void **state)
{
    (void)state;
    board = calloc(1, sizeof(*board));
    return board ? 0 : -1;
}

static int free_board(void **state)
{
    (void)state;
    free(board);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_answered_or_refused_with_a_reason),
        cmocka_unit_test(a_request_cut_anywhere_is_refused),
        cmocka_unit_test(a_reload_waits_for_its_load_but_not_while_shutting_down),
        cmocka_unit_test(health_is_ready_only_when_a_worker_serves),
        cmocka_unit_test(answers_nest_and_escape),
    };

    return cmocka_run_group_tests(tests, make_board, free_board);
}
