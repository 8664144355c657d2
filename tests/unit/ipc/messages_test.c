/* Message bodies: there and back, cut everywhere, out of bounds; and who may send what. */

#include "ipc/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"
#include "ipc/wire.h"

union any_message {
    struct message_hello hello;
    struct message_load load;
    struct message_publish publish;
    struct message_listener listener;
    struct message_generation generation;
    struct message_failure failure;
    struct message_signer signer;
};

static struct address address_of(const char *text)
{
    struct address address;

    assert_int_equal(address_parse(text_of(text), &address, NULL), 0);
    return address;
}

static struct message_hello a_hello(void)
{
    return (struct message_hello){
        .config_path = TEXT("/etc/swarmward/swarmward.yaml"),
        .state_directory = TEXT(""),
        .dev = true,
        .generation = 7,
        .boot_secret = { 1, 2, 3 },
    };
}

static struct message_publish a_publish(void)
{
    return (struct message_publish){
        .id = 3,
        .generation = 8,
        .listener_count = 2,
        .listeners = { { .kind = LISTENER_HTTPS, .address = address_of("0.0.0.0:443") },
                       { .kind = LISTENER_HTTP, .address = address_of("[::]:80") } },
        .access_log = TEXT("stdout"),
        .shutdown_delay_ms = 5000,
        .shutdown_drain_ms = 20000,
    };
}

/* One row a message: a good body, and its decoder with one signature for all. */
static void put_hello(struct buffer *out)
{
    struct message_hello hello = a_hello();

    message_hello_put(out, &hello);
}
static int get_hello(struct text body, union any_message *out)
{
    return message_hello_get(body, &out->hello);
}
static void put_load(struct buffer *out)
{
    message_load_put(out, &(struct message_load){ .id = 1 });
}
static int get_load(struct text body, union any_message *out)
{
    return message_load_get(body, &out->load);
}
static void put_publish(struct buffer *out)
{
    struct message_publish publish = a_publish();

    message_publish_put(out, &publish);
}
static int get_publish(struct text body, union any_message *out)
{
    return message_publish_get(body, &out->publish);
}
static void put_listener_message(struct buffer *out)
{
    struct message_publish publish = a_publish();

    message_listener_put(out, &publish.listeners[1]);
}
static int get_listener_message(struct text body, union any_message *out)
{
    return message_listener_get(body, &out->listener);
}
static void put_generation(struct buffer *out)
{
    message_generation_put(out, &(struct message_generation){ .generation = 9 });
}
static int get_generation(struct text body, union any_message *out)
{
    return message_generation_get(body, &out->generation);
}
static void put_signer(struct buffer *out)
{
    message_signer_put(out, &(struct message_signer){ .worker = 3 });
}
static int get_signer(struct text body, union any_message *out)
{
    return message_signer_get(body, &out->signer);
}
static void put_failure(struct buffer *out)
{
    message_failure_put(out, &(struct message_failure){ .id = 4, .reason = TEXT("no such file") });
}
static int get_failure(struct text body, union any_message *out)
{
    return message_failure_get(body, &out->failure);
}

static const struct {
    const char *name;
    void (*put)(struct buffer *out);
    int (*get)(struct text body, union any_message *out);
} bodies[] = {
    { "hello", put_hello, get_hello },
    { "load", put_load, get_load },
    { "publish", put_publish, get_publish },
    { "listener", put_listener_message, get_listener_message },
    { "generation", put_generation, get_generation },
    { "failure", put_failure, get_failure },
    { "signer", put_signer, get_signer },
};

#define BODY_COUNT (sizeof(bodies) / sizeof(bodies[0]))

static void a_body_that_is_cut_or_has_more_behind_it_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < BODY_COUNT; i++) {
        struct buffer bytes = { 0 };
        union any_message message;
        size_t len;

        bodies[i].put(&bytes);
        len = buffer_len(&bytes);
        assert_int_equal(bodies[i].get(buffer_text(&bytes), &message), 0);
        for (size_t cut = 0; cut < len; cut++)
            if (bodies[i].get(text_first(buffer_text(&bytes), cut), &message) == 0)
                fail_msg("%s was taken with %zu of %zu bytes", bodies[i].name, cut, len);
        buffer_append_byte(&bytes, '\0');
        if (bodies[i].get(buffer_text(&bytes), &message) == 0)
            fail_msg("%s was taken with a byte behind it", bodies[i].name);
        buffer_done(&bytes);
    }
}

static void hello_keeps_every_member(void **state)
{
    struct message_hello sent = a_hello();
    struct message_hello got;
    struct buffer bytes = { 0 };

    (void)state;
    message_hello_put(&bytes, &sent);
    assert_int_equal(message_hello_get(buffer_text(&bytes), &got), 0);
    assert_true(text_equal(got.config_path, sent.config_path));
    assert_true(text_equal(got.state_directory, sent.state_directory));
    assert_true(got.dev);
    assert_int_equal(got.generation, 7);
    assert_memory_equal(got.boot_secret, sent.boot_secret, sizeof(sent.boot_secret));
    buffer_done(&bytes);
}

static void hello_refuses_what_is_no_path(void **state)
{
    struct message_hello wrong[] = { a_hello(), a_hello(), a_hello() };

    (void)state;
    wrong[0].config_path = TEXT_NONE;
    wrong[1].config_path = TEXT("/etc/a\0b");
    wrong[2].state_directory = TEXT("/var/lib/a\0b");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct buffer bytes = { 0 };
        struct message_hello got;

        message_hello_put(&bytes, &wrong[i]);
        assert_int_equal(message_hello_get(buffer_text(&bytes), &got), -1);
        buffer_done(&bytes);
    }
}

static void publish_keeps_every_member(void **state)
{
    struct message_publish sent = a_publish();
    struct message_publish got;
    struct buffer bytes = { 0 };

    (void)state;
    message_publish_put(&bytes, &sent);
    assert_int_equal(message_publish_get(buffer_text(&bytes), &got), 0);
    assert_int_equal(got.id, 3);
    assert_int_equal(got.generation, 8);
    assert_int_equal(got.listener_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(got.listeners[i].kind, sent.listeners[i].kind);
        assert_true(address_equal(&got.listeners[i].address, &sent.listeners[i].address));
    }
    assert_true(text_equal(got.access_log, sent.access_log));
    assert_int_equal(got.shutdown_delay_ms, 5000);
    assert_int_equal(got.shutdown_drain_ms, 20000);
    buffer_done(&bytes);
}

static void publish_refuses_what_is_out_of_bounds(void **state)
{
    struct message_publish wrong[] = { a_publish(), a_publish(), a_publish(), a_publish(),
                                       a_publish() };

    (void)state;
    wrong[0].generation = 0;
    wrong[1].access_log = TEXT("relative/path");
    wrong[2].access_log = TEXT("/var/log/a\0b");
    wrong[3].shutdown_delay_ms = -1;
    wrong[4].shutdown_drain_ms = INT64_MAX;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct buffer bytes = { 0 };
        struct message_publish got;

        message_publish_put(&bytes, &wrong[i]);
        if (message_publish_get(buffer_text(&bytes), &got) == 0)
            fail_msg("row %zu was taken", i);
        buffer_done(&bytes);
    }
}

static void a_listener_of_an_unknown_kind_is_refused(void **state)
{
    struct buffer bytes = { 0 };
    struct message_listener got;

    (void)state;
    put_listener_message(&bytes);
    bytes.bytes[bytes.start] = 2;
    assert_int_equal(message_listener_get(buffer_text(&bytes), &got), -1);
    buffer_done(&bytes);
}

static void too_many_listeners_are_refused(void **state)
{
    struct buffer bytes = { 0 };
    struct message_publish got;
    struct address address = address_of("127.0.0.1:1");

    (void)state;
    wire_put_u64(&bytes, 1);
    wire_put_u64(&bytes, 1);
    wire_put_u32(&bytes, MESSAGE_LISTENERS_MAX + 1);
    for (size_t i = 0; i < MESSAGE_LISTENERS_MAX + 1; i++) {
        wire_put_u8(&bytes, LISTENER_HTTP);
        wire_put_address(&bytes, &address);
    }
    wire_put_text(&bytes, TEXT("off"));
    wire_put_i64(&bytes, 0);
    wire_put_i64(&bytes, 0);
    assert_int_equal(message_publish_get(buffer_text(&bytes), &got), -1);
    buffer_done(&bytes);
}

static void a_reason_is_cut_at_its_bound(void **state)
{
    char *long_text = memory_new(MESSAGE_REASON_BYTES + 10);
    struct message_failure failure = { .reason = { long_text, MESSAGE_REASON_BYTES + 10 } };
    struct message_failure got;
    struct buffer bytes = { 0 };

    (void)state;
    message_failure_put(&bytes, &failure);
    assert_int_equal(message_failure_get(buffer_text(&bytes), &got), 0);
    assert_int_equal(got.reason.len, MESSAGE_REASON_BYTES);
    buffer_done(&bytes);
    free(long_text);
}

static void only_the_permitted_direction_is_allowed(void **state)
{
    static const struct {
        enum process_role sender;
        enum process_role receiver;
        uint32_t type;
        bool allowed;
    } cases[] = {
        { ROLE_CONTROL, ROLE_PARENT, MESSAGE_PUBLISH, true },
        { ROLE_WORKER, ROLE_PARENT, MESSAGE_PUBLISH, false },
        { ROLE_CHECKER, ROLE_PARENT, MESSAGE_PUBLISH, false },
        { ROLE_PARENT, ROLE_CONTROL, MESSAGE_HELLO, true },
        { ROLE_PARENT, ROLE_WORKER, MESSAGE_HELLO, false },
        { ROLE_PARENT, ROLE_WORKER, MESSAGE_LISTENER, true },
        { ROLE_PARENT, ROLE_CHECKER, MESSAGE_LISTENER, false },
        { ROLE_PARENT, ROLE_CHECKER, MESSAGE_LOG_SINK, false },
        { ROLE_PARENT, ROLE_CHECKER, MESSAGE_PREPARE, true },
        { ROLE_PARENT, ROLE_CONTROL, MESSAGE_PREPARE, false },
        { ROLE_WORKER, ROLE_PARENT, MESSAGE_READY, true },
        { ROLE_CHECKER, ROLE_PARENT, MESSAGE_REFUSED, true },
        { ROLE_CONTROL, ROLE_PARENT, MESSAGE_READY, false },
        { ROLE_WORKER, ROLE_CONTROL, MESSAGE_READY, false },
        { ROLE_PARENT, ROLE_WORKER, MESSAGE_DRAIN, true },
        { ROLE_WORKER, ROLE_PARENT, MESSAGE_DRAIN, false },
        { ROLE_PARENT, ROLE_WORKER, 0, false },
        { ROLE_PARENT, ROLE_KEYS, MESSAGE_PREPARE, true },
        { ROLE_PARENT, ROLE_KEYS, MESSAGE_LISTENER, false },
        { ROLE_KEYS, ROLE_PARENT, MESSAGE_REFUSED, true },
        { ROLE_PARENT, ROLE_WORKER, MESSAGE_SIGNER, true },
        { ROLE_PARENT, ROLE_CHECKER, MESSAGE_SIGNER, true },
        { ROLE_WORKER, ROLE_KEYS, MESSAGE_SIGN, true },
        { ROLE_KEYS, ROLE_WORKER, MESSAGE_SIGN, false },
        { ROLE_KEYS, ROLE_WORKER, MESSAGE_SIGNED, true },
        { ROLE_WORKER, ROLE_KEYS, MESSAGE_SIGNED, false },
        { ROLE_CHECKER, ROLE_KEYS, MESSAGE_SIGN, true },
        { ROLE_PARENT, ROLE_WORKER, MESSAGE_SIGNED + 1, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (message_allowed(cases[i].sender, cases[i].receiver, cases[i].type) != cases[i].allowed)
            fail_msg("row %zu: %s", i, message_name(cases[i].type));
}

static void every_type_has_a_name_and_a_sender(void **state)
{
    (void)state;
    for (uint32_t type = MESSAGE_HELLO; type <= MESSAGE_SIGNED; type++) {
        bool somebody = false;

        assert_string_not_equal(message_name(type), "unknown");
        for (int sender = ROLE_PARENT; sender <= ROLE_KEYS; sender++)
            for (int receiver = ROLE_PARENT; receiver <= ROLE_KEYS; receiver++)
                somebody |=
                    message_allowed((enum process_role)sender, (enum process_role)receiver, type);
        assert_true(somebody);
    }
    assert_string_equal(message_name(0), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_that_is_cut_or_has_more_behind_it_is_refused),
        cmocka_unit_test(hello_keeps_every_member),
        cmocka_unit_test(hello_refuses_what_is_no_path),
        cmocka_unit_test(publish_keeps_every_member),
        cmocka_unit_test(publish_refuses_what_is_out_of_bounds),
        cmocka_unit_test(a_listener_of_an_unknown_kind_is_refused),
        cmocka_unit_test(too_many_listeners_are_refused),
        cmocka_unit_test(a_reason_is_cut_at_its_bound),
        cmocka_unit_test(only_the_permitted_direction_is_allowed),
        cmocka_unit_test(every_type_has_a_name_and_a_sender),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
