/*
 * swarmward-keys without its process: the parent and a worker are channels of the test. Which keys
 * sign in which phase of a rollout, and what a worker cannot make it do.
 */

#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "ipc/messages.h"
#include "keys_world.h"

struct other_end {
    struct channel *channel;
    uint32_t last;     /* type of the last message; 0: none */
    size_t answers;    /* in all messages */
    size_t signatures; /* of these, not refused */
    bool closed;
};

struct office {
    struct keys keys;
    struct other_end parent;
    struct other_end worker;
    EVP_PKEY *key;
};

static void on_message(void *owner, struct channel_message *message)
{
    struct other_end *end = owner;
    struct sign_answer answer;

    end->last = message->type;
    while (message->type == MESSAGE_SIGNED && message->body.len) {
        assert_int_equal(sign_answer_get(&message->body, &answer), 0);
        end->answers++;
        end->signatures += answer.signature.len > 0;
    }
}

static void on_closed(void *owner, const char *why)
{
    (void)why;
    ((struct other_end *)owner)->closed = true;
}

static const struct channel_handler handler = { on_message, on_closed };

static void turn(struct office *office)
{
    for (int i = 0; i < 10; i++)
        event_base_loop(io_base(office->keys.io), EVLOOP_NONBLOCK);
}

static void send_generation(struct office *office, uint32_t type, uint64_t generation, int fd)
{
    struct buffer body = { 0 };

    message_generation_put(&body, &(struct message_generation){ .generation = generation });
    channel_send(office->parent.channel, type, buffer_text(&body), &fd, fd >= 0);
    buffer_done(&body);
    turn(office);
}

static void prepare(struct office *office, uint64_t generation, uint8_t id)
{
    struct keyring *keyring = keyring_with(id, office->key);
    int fd = keyring_to_fd(keyring, KEYRING_KEYS, NULL);

    send_generation(office, MESSAGE_PREPARE, generation, fd);
    close(fd);
    keyring_unref(keyring);
}

/* The channel of a worker, or of the checker. */
static void connect_asker(struct office *office, uint32_t number)
{
    struct buffer body = { 0 };
    int ends[2];

    assert_int_equal(channel_pair(ends, NULL), 0);
    message_signer_put(&body, &(struct message_signer){ .worker = number });
    channel_send(office->parent.channel, MESSAGE_SIGNER, buffer_text(&body), &ends[0], 1);
    buffer_done(&body);
    close(ends[0]);
    channel_free(office->worker.channel);
    office->worker = (struct other_end){ 0 };
    office->worker.channel = channel_new(office->keys.io, ends[1], &handler, &office->worker);
    turn(office);
}

static void connect_worker(struct office *office)
{
    connect_asker(office, 0);
}

static void office_open(struct office *office)
{
    int ends[2];

    *office = (struct office){ .key = EVP_EC_gen("P-256") };
    assert_int_equal(channel_pair(ends, NULL), 0);
    keys_open(&office->keys, ends[0]);
    office->parent.channel = channel_new(office->keys.io, ends[1], &handler, &office->parent);
}

static void office_close(struct office *office)
{
    channel_free(office->worker.channel);
    channel_free(office->parent.channel);
    keys_close(&office->keys);
    EVP_PKEY_free(office->key);
}

/* Is a signature with the key `id` given? */
static bool signs_request(struct office *office, const struct sign_request *request)
{
    size_t before = office->worker.signatures;
    size_t answers_before = office->worker.answers;
    struct buffer body = { 0 };

    sign_request_put(&body, request);
    channel_send(office->worker.channel, MESSAGE_SIGN, buffer_text(&body), NULL, 0);
    buffer_done(&body);
    turn(office);
    assert_int_equal(office->worker.answers, answers_before + 1);
    return office->worker.signatures > before;
}

static bool signs(struct office *office, uint8_t id)
{
    struct sign_request request = request_for(id, SIGN_ECDSA_SHA256);

    return signs_request(office, &request);
}

/* A domain has the key 1, we have 2. */
static void the_checker_signs_as_a_client_only(void **state)
{
    struct office office;
    struct keyring *keyring;
    int fd;

    (void)state;
    office_open(&office);
    keyring = keyring_with(1, office.key);
    keyring->client.der = keyring->keys[0].der;
    memset(keyring->client.id, 2, sizeof(keyring->client.id));
    fd = keyring_to_fd(keyring, KEYRING_KEYS, NULL);
    send_generation(&office, MESSAGE_PREPARE, 1, fd);
    close(fd);
    for (size_t checker = 0; checker < 2; checker++) {
        connect_asker(&office, checker ? SIGNER_OF_CHECKER : 0);
        for (uint8_t id = 1; id <= 2; id++) {
            struct sign_request server = request_for(id, SIGN_ECDSA_SHA256);
            struct sign_request client = client_request_for(id, SIGN_ECDSA_SHA256);

            assert_int_equal(signs_request(&office, &server), !checker && id == 1);
            assert_int_equal(signs_request(&office, &client), id == 2);
        }
    }
    memset(keyring->client.id, 1, sizeof(keyring->client.id)); /* one key for both */
    fd = keyring_to_fd(keyring, KEYRING_KEYS, NULL);
    send_generation(&office, MESSAGE_COMMIT, 1, -1);
    send_generation(&office, MESSAGE_PREPARE, 2, fd);
    send_generation(&office, MESSAGE_COMMIT, 2, -1);
    close(fd);
    for (size_t checker = 0; checker < 2; checker++) {
        struct sign_request server = request_for(1, SIGN_ECDSA_SHA256);
        struct sign_request client = client_request_for(1, SIGN_ECDSA_SHA256);

        connect_asker(&office, checker ? SIGNER_OF_CHECKER : 0);
        assert_int_equal(signs_request(&office, &server), !checker);
        assert_true(signs_request(&office, &client));
    }
    keyring_unref(keyring);
    office_close(&office);
}

static void only_keys_of_the_generations_that_count_sign(void **state)
{
    struct office office;

    (void)state;
    office_open(&office);
    connect_worker(&office);
    assert_false(signs(&office, 1)); /* there are none yet */
    prepare(&office, 1, 1);
    assert_int_equal(office.parent.last, MESSAGE_READY);
    assert_true(signs(&office, 1)); /* a worker may be quicker to commit */
    send_generation(&office, MESSAGE_COMMIT, 1, -1);
    assert_true(signs(&office, 1));
    prepare(&office, 2, 2);
    assert_true(signs(&office, 1));
    assert_true(signs(&office, 2));
    send_generation(&office, MESSAGE_COMMIT, 2, -1);
    assert_true(signs(&office, 2));
    assert_true(signs(&office, 1)); /* of handshakes that began before */
    keystore_forget_previous(office.keys.store);
    assert_false(signs(&office, 1));
    prepare(&office, 3, 3);
    send_generation(&office, MESSAGE_CANCEL, 3, -1);
    assert_false(signs(&office, 3));
    assert_true(signs(&office, 2));
    office_close(&office);
}

static void what_is_no_keyring_is_refused(void **state)
{
    struct office office;

    (void)state;
    office_open(&office);
    connect_worker(&office);
    prepare(&office, 1, 1);
    send_generation(&office, MESSAGE_COMMIT, 1, -1);
    send_generation(&office, MESSAGE_PREPARE, 2, STDERR_FILENO);
    assert_int_equal(office.parent.last, MESSAGE_REFUSED);
    assert_true(signs(&office, 1));
    office_close(&office);
}

static void a_batch_is_answered_with_one_message(void **state)
{
    struct office office;
    struct sign_request request = request_for(1, SIGN_ECDSA_SHA256);
    struct buffer body = { 0 };

    (void)state;
    office_open(&office);
    connect_worker(&office);
    prepare(&office, 1, 1);
    for (int i = 0; i < SIGN_BATCH; i++)
        sign_request_put(&body, &request);
    channel_send(office.worker.channel, MESSAGE_SIGN, buffer_text(&body), NULL, 0);
    turn(&office);
    assert_int_equal(office.worker.signatures, SIGN_BATCH);
    sign_request_put(&body, &request); /* one more than may be asked for at once */
    channel_send(office.worker.channel, MESSAGE_SIGN, buffer_text(&body), NULL, 0);
    turn(&office);
    assert_true(office.worker.closed);
    buffer_done(&body);
    office_close(&office);
}

/* Each costs the worker its channel, and nobody else anything. */
static void what_a_worker_may_not_send_closes_its_channel(void **state)
{
    static const struct {
        const char *body;
        uint32_t type;
        int fd;
    } cases[] = {
        { "12345678", MESSAGE_PREPARE, STDERR_FILENO },
        { "12345678", MESSAGE_COMMIT, -1 },
        { "1234", MESSAGE_SIGNER, STDERR_FILENO },
        { "1234", MESSAGE_SIGNED, -1 },
        { "no request", MESSAGE_SIGN, -1 },
        { "", MESSAGE_SIGN, STDERR_FILENO },
        { "", 9999, -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct office office;

        office_open(&office);
        connect_worker(&office);
        prepare(&office, 1, 1);
        channel_send(office.worker.channel, cases[i].type, text_of(cases[i].body), &cases[i].fd,
                     cases[i].fd >= 0);
        turn(&office);
        assert_true(office.worker.closed);
        assert_false(office.parent.closed);
        connect_worker(&office);
        assert_true(signs(&office, 1));
        office_close(&office);
    }
}

static void a_new_channel_takes_the_place_of_the_old_one(void **state)
{
    struct office office;

    (void)state;
    office_open(&office);
    prepare(&office, 1, 1);
    for (int i = 0; i < 300; i++) /* more than it has descriptors for */
        connect_worker(&office);
    assert_true(signs(&office, 1));
    office_close(&office);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checker_signs_as_a_client_only),
        cmocka_unit_test(only_keys_of_the_generations_that_count_sign),
        cmocka_unit_test(what_is_no_keyring_is_refused),
        cmocka_unit_test(a_batch_is_answered_with_one_message),
        cmocka_unit_test(what_a_worker_may_not_send_closes_its_channel),
        cmocka_unit_test(a_new_channel_takes_the_place_of_the_old_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
