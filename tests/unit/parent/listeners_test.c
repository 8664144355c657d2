/* Staged changes of the listening sockets: new ones open, equal ones stay the same descriptors,
 * gone ones close on commit, and a failure leaves everything as it was. */

#include "listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WORKERS 3

/* Port 0 lets the kernel choose, so that tests never meet each other. */
static struct message_listener any_port(enum listener_kind kind, const char *host)
{
    struct message_listener listener = { .kind = kind };

    listener.address.v4.sin_family = AF_INET;
    assert_int_equal(inet_pton(AF_INET, host, &listener.address.v4.sin_addr), 1);
    return listener;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static struct message_publish publish_of(size_t count, const struct message_listener *listeners)
{
    struct message_publish publish = { .listener_count = count };

    memcpy(publish.listeners, listeners, count * sizeof(listeners[0]));
    return publish;
}

static void every_worker_has_a_socket_of_its_own_for_each_address(void **state)
{
    struct message_listener two[] = { any_port(LISTENER_HTTPS, "127.0.0.1"),
                                      any_port(LISTENER_HTTP, "127.0.0.2") };
    struct message_publish publish = publish_of(2, two);
    static struct listeners listeners;
    struct err err;

    (void)state;
    listeners_init(&listeners, WORKERS);
    assert_int_equal(listeners_stage(&listeners, &publish, &err), 0);
    assert_int_equal(listeners.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(listeners.items[i].fresh);
        for (size_t worker = 0; worker < WORKERS; worker++)
            assert_true(is_open(listeners.items[i].fds[worker]));
        assert_int_not_equal(listeners.items[i].fds[0], listeners.items[i].fds[1]);
    }
    listeners_commit(&listeners);
    assert_int_equal(listeners.count, 2);
    assert_false(listeners.items[0].fresh);
    listeners_close(&listeners);
}

static void equal_ones_stay_and_gone_ones_close_only_on_commit(void **state)
{
    struct message_listener first[] = { any_port(LISTENER_HTTPS, "127.0.0.1"),
                                        any_port(LISTENER_HTTP, "127.0.0.2") };
    struct message_listener second[] = { any_port(LISTENER_HTTP, "127.0.0.3"),
                                         any_port(LISTENER_HTTPS, "127.0.0.1") };
    struct message_publish publish = publish_of(2, first);
    static struct listeners listeners;
    struct err err;
    int kept;
    int gone;

    (void)state;
    listeners_init(&listeners, WORKERS);
    assert_int_equal(listeners_stage(&listeners, &publish, &err), 0);
    listeners_commit(&listeners);
    kept = listeners.items[0].fds[2];
    gone = listeners.items[1].fds[2];
    listeners.items[0].given[1] = true;

    publish = publish_of(2, second);
    assert_int_equal(listeners_stage(&listeners, &publish, &err), 0);
    assert_int_equal(listeners.count, 3);
    assert_true(is_open(gone));
    listeners_commit(&listeners);
    assert_false(is_open(gone));
    assert_int_equal(listeners.count, 2);
    assert_int_equal(listeners.items[0].fds[2], kept);
    assert_true(listeners.items[0].given[1]);
    listeners_forget_worker(&listeners, 1);
    assert_false(listeners.items[0].given[1]);
    listeners_close(&listeners);
    assert_false(is_open(kept));
}

static void a_cancelled_change_closes_what_it_opened_and_nothing_else(void **state)
{
    struct message_listener first = any_port(LISTENER_HTTPS, "127.0.0.1");
    struct message_listener second = any_port(LISTENER_HTTPS, "127.0.0.2");
    struct message_publish publish = publish_of(1, &first);
    static struct listeners listeners;
    struct err err;
    int kept;
    int fresh;

    (void)state;
    listeners_init(&listeners, WORKERS);
    assert_int_equal(listeners_stage(&listeners, &publish, &err), 0);
    listeners_commit(&listeners);
    publish = publish_of(1, &second);
    assert_int_equal(listeners_stage(&listeners, &publish, &err), 0);
    kept = listeners.items[0].fds[0];
    fresh = listeners.items[1].fds[0];
    listeners_cancel(&listeners);
    assert_int_equal(listeners.count, 1);
    assert_true(is_open(kept));
    assert_false(is_open(fresh));
    listeners_close(&listeners);
}

static void an_address_that_cannot_be_had_changes_nothing_and_is_named(void **state)
{
    struct message_listener first = any_port(LISTENER_HTTPS, "127.0.0.1");
    struct message_listener bad[] = { any_port(LISTENER_HTTP, "127.0.0.2"),
                                      any_port(LISTENER_HTTPS, "192.0.2.1") };
    struct message_publish publish = publish_of(1, &first);
    static struct listeners listeners;
    struct err err;

    (void)state;
    listeners_init(&listeners, WORKERS);
    assert_int_equal(listeners_stage(&listeners, &publish, &err), 0);
    listeners_commit(&listeners);
    publish = publish_of(2, bad);
    assert_int_equal(listeners_stage(&listeners, &publish, &err), -1);
    assert_non_null(strstr(err.text, "192.0.2.1"));
    assert_int_equal(listeners.count, 1);
    assert_true(is_open(listeners.items[0].fds[0]));
    listeners_close(&listeners);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_worker_has_a_socket_of_its_own_for_each_address),
        cmocka_unit_test(equal_ones_stay_and_gone_ones_close_only_on_commit),
        cmocka_unit_test(a_cancelled_change_closes_what_it_opened_and_nothing_else),
        cmocka_unit_test(an_address_that_cannot_be_had_changes_nothing_and_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
