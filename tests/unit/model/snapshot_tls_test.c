/* What a snapshot has for TLS to backends, to bytes and back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "example_snapshot.h"

static const struct snapshot_backend_tls described = {
    .ca = { "the DER of some CAs", 19 },
    .server_name = { "backend.example", 15 },
    .checks_name = true,
    .is_mutual = true,
    .has_client = true,
    .client = { .chain = { "the DER of ours", 15 }, .id = { 5 }, .key_id = { 6 }, .kind = KEY_RSA },
};

static struct snapshot *travelled(struct snapshot *snapshot)
{
    int fd = snapshot_to_fd(snapshot, NULL);
    struct snapshot *after = snapshot_from_fd(fd, NULL);

    close(fd);
    snapshot_unref(snapshot);
    assert_non_null(after);
    return after;
}

static void all_of_it_travels(void **state)
{
    struct snapshot *before = example_snapshot();
    const struct snapshot_backend_tls *after;
    struct snapshot *snapshot;

    (void)state;
    before->backend_tls = described;
    before->services[1].in_swarm = true;
    snapshot = travelled(before);
    after = &snapshot->backend_tls;
    assert_true(text_equal(after->ca, described.ca));
    assert_true(text_equal(after->server_name, described.server_name));
    assert_true(after->checks_name && after->is_mutual && after->has_client);
    assert_true(text_equal(after->client.chain, described.client.chain));
    assert_int_equal(after->client.kind, KEY_RSA);
    assert_memory_equal(after->client.key_id, described.client.key_id, SNAPSHOT_ID_BYTES);
    assert_false(snapshot->services[0].in_swarm);
    assert_true(snapshot->services[1].in_swarm);
    snapshot_unref(snapshot);
}

static void assert_refused(struct snapshot *snapshot)
{
    struct err err = { "" };
    int fd = snapshot_to_fd(snapshot, NULL);

    assert_null(snapshot_from_fd(fd, &err));
    assert_non_null(strstr(err.text, "TLS to backends is out"));
    close(fd);
    snapshot_unref(snapshot);
}

static void its_bounds_are_checked_on_the_way_in(void **state)
{
    struct snapshot *without_chain = example_snapshot();
    struct snapshot *too_many = example_snapshot();
    size_t bytes = (size_t)1024 * 1024 + 1;

    (void)state;
    without_chain->backend_tls.has_client = true;
    assert_refused(without_chain);
    too_many->backend_tls.ca = text_make(arena_new(&too_many->arena, bytes, 1), bytes);
    assert_refused(too_many);
}

static void a_service_in_swarm_has_its_name_without_the_port(void **state)
{
    static const struct {
        struct snapshot_service service;
        const char *host;
    } cases[] = {
        { { .name = { "portal_web:8080", 15 }, .in_swarm = true }, "portal_web" },
        { { .name = { "portal_web", 10 }, .in_swarm = true }, "portal_web" },
        { { .name = { "portal", 6 } }, "" },
        { { .name = { "127.0.0.1:80", 12 } }, "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_true(text_equal(snapshot_service_host(&cases[i].service), text_of(cases[i].host)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_travels),
        cmocka_unit_test(its_bounds_are_checked_on_the_way_in),
        cmocka_unit_test(a_service_in_swarm_has_its_name_without_the_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
