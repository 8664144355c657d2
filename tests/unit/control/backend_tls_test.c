/* Which protocol passes the encryption gate, what of TLS to backends travels, and that an endpoint
 * is another one when it is verified in another way. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mapping_world.h"

#define FILES "ca: \"%/ca.crt\", cert: \"%/ours.crt\", key: \"%/ours.key\""

struct gate {
    const char *policy;
    const char *protocol;
    const char *network;
    enum service_refusal refusal;
};

static const struct gate gates[] = {
    { "overlay", "http1", "edge", SERVICE_SERVED },
    { "overlay", "http1", "plain", SERVICE_NOT_ENCRYPTED },
    { "overlay", "https", "edge", SERVICE_SERVED },
    /* the label of an application does not widen what the operator allows */
    { "overlay", "https", "plain", SERVICE_NOT_ENCRYPTED },
    { "tls", "http1", "edge", SERVICE_NOT_ENCRYPTED },
    { "tls", "https", "edge", SERVICE_SERVED },
    { "tls", "https", "plain", SERVICE_SERVED },
    { "mtls", "http1", "edge", SERVICE_NOT_ENCRYPTED },
    { "mtls", "https", "plain", SERVICE_SERVED },
    { "none\n  exception: test", "http1", "plain", SERVICE_SERVED },
};

static int build(struct builder_world *world, const char *policy, const char *files,
                 const char *more)
{
    struct buffer yaml = { 0 };
    int status;

    buffer_format(&yaml,
                  "version: 1\ndocker: {}\npolicy:\n  default_owner: allow\n"
                  "  backend_tls: { %s }\n  backend_encryption: %s\n%s",
                  files, policy, more);
    buffer_append_byte(&yaml, '\0');
    status = world_build(world, yaml.bytes + yaml.start);
    buffer_done(&yaml);
    return status;
}

static void make_files(struct builder_world *world)
{
    world_certificate(world, "ca", WORLD_ECDSA, "ca.test", 30);
    world_certificate(world, "ours", WORLD_ECDSA, "ours.test", 30);
}

static struct made_service web(const char *protocol, const char *network)
{
    return (struct made_service){
        .name = "web",
        .tasks = 1,
        .networks = network,
        .labels = { { "enable", "true" },
                    { "domain", "a.test" },
                    { "port", "8443" },
                    { "protocol", protocol } },
    };
}

static void the_gate_asks_for_network_or_tls_as_the_policy_says(void **state)
{
    struct builder_world *world = *state;

    make_files(world);
    for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
        const struct gate *gate = &gates[i];

        use_swarm(world,
                  swarm_made((struct made_service[]){ web(gate->protocol, gate->network), { 0 } }));
        assert_int_equal(build(world, gate->policy, FILES, ""), 0);
        if (service_at(world, "a.test")->refusal != gate->refusal)
            print_error("%s, %s over %s: %d\n", gate->policy, gate->protocol, gate->network,
                        service_at(world, "a.test")->refusal);
        assert_int_equal(service_at(world, "a.test")->refusal, gate->refusal);
    }
}

static void what_verifies_travels_and_the_key_apart(void **state)
{
    struct builder_world *world = *state;
    const struct snapshot_backend_tls *tls;

    make_files(world);
    use_swarm(world, swarm_made((struct made_service[]){ web("https", "edge"), { 0 } }));
    assert_int_equal(build(world, "mtls", FILES ", verify: ca", ""), 0);
    tls = &world->snapshot->backend_tls;
    assert_true(tls->ca.len > 100);
    assert_false(tls->checks_name);
    assert_true(tls->is_mutual);
    assert_true(tls->has_client);
    assert_memory_equal(world->keyring->client.id, tls->client.key_id, SNAPSHOT_ID_BYTES);
    assert_null(
        keyring_find(world->keyring, tls->client.key_id)); /* not with those of the domains */
    assert_true(text_equal(snapshot_service_host(service_at(world, "a.test")), TEXT("web")));
    use_swarm(world, swarm_made((struct made_service[]){ web("http1", "edge"), { 0 } }));
    assert_int_equal(build(world, "overlay", FILES, ""), 0);
    assert_int_equal(world->snapshot->backend_tls.ca.len, 0); /* nobody needs it */
    assert_false(world->snapshot->backend_tls.has_client);
}

static uint64_t identity(struct builder_world *world, const char *protocol, const char *files)
{
    use_swarm(world, swarm_made((struct made_service[]){ web(protocol, "edge"), { 0 } }));
    assert_int_equal(build(world, "overlay", files, ""), 0);
    return service_at(world, "a.test")->endpoints[0].identity;
}

static void verified_in_another_way_it_is_another_endpoint(void **state)
{
    static const char *const files[] = {
        "ca: \"%/ca.crt\"",
        "ca: \"%/ours.crt\"",
        "ca: \"%/ca.crt\", verify: ca",
        "ca: \"%/ca.crt\", server_name: x.test",
        FILES,
    };
    struct builder_world *world = *state;
    uint64_t seen[6];
    size_t count = 0;

    make_files(world);
    seen[count++] = identity(world, "http1", files[0]);
    assert_int_equal(identity(world, "http1", files[1]), seen[0]); /* in clear it does not matter */
    for (size_t i = 0; i < 5; i++)
        seen[count++] = identity(world, "https", files[i]);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(seen[i], seen[j]);
    assert_int_equal(identity(world, "https", files[0]), seen[1]);
}

static void fixed_servers_in_clear_are_refused_where_tls_is_demanded(void **state)
{
    struct builder_world *world = *state;

    make_files(world);
    assert_int_equal(build(world, "tls", "ca: \"%/ca.crt\"",
                           "services: { s: { servers: [\"127.0.0.1:1\"] },\n"
                           "            t: { servers: [\"192.0.2.1:1\"], protocol: https } }\n"
                           "domains: { a.test: s, b.test: t }\n"),
                     0);
    assert_int_equal(service_at(world, "a.test")->refusal, SERVICE_NOT_ENCRYPTED);
    assert_int_equal(service_at(world, "b.test")->refusal, SERVICE_SERVED);
    assert_int_equal(snapshot_service_host(service_at(world, "b.test")).len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_opened, world_closed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_gate_asks_for_network_or_tls_as_the_policy_says),
        TEST(what_verifies_travels_and_the_key_apart),
        TEST(verified_in_another_way_it_is_another_endpoint),
        TEST(fixed_servers_in_clear_are_refused_where_tls_is_demanded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
