/*
 * From a mapping file and certificates on disk to a snapshot: which certificate each host gets,
 * what is an error, and that slots and identities stay.
 */

#include "snapshot_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "builder_world.h"

#define HEAD       "version: 1\npolicy: { backend_encryption: none, exception: \"a test\" }\n"
#define APP        "services:\n  app: { servers: [\"127.0.0.1:3000\", \"127.0.0.1:3001\"] }\n"
#define CERT(name) "    - { name: " name ", cert: \"%/" name ".crt\", key: \"%/" name ".key\" }\n"

static bool is_chosen(const struct builder_world *world, const char *host, enum key_kind kind,
                      const char *name)
{
    return text_equal(world_chosen(world, host, kind), text_of(name));
}

static bool complains(const struct builder_world *world, const char *words)
{
    return strstr(world->problems.lines.bytes + world->problems.lines.start, words) != NULL;
}

static int opened(void **state)
{
    static struct builder_world world;

    world_open(&world);
    *state = &world;
    return 0;
}

static int closed(void **state)
{
    world_close(*state);
    return 0;
}

static void a_host_gets_the_certificate_that_covers_it_one_a_kind_of_key(void **state)
{
    struct builder_world *world = *state;

    world_certificate(world, "exact", WORLD_ECDSA, "a.test,b.test", 60);
    world_certificate(world, "rsa", WORLD_RSA, "a.test", 60);
    world_certificate(world, "star", WORLD_ECDSA, "*.lab.test", 60);
    assert_int_equal(
        world_build(world, HEAD APP "tls:\n  certificates:\n" CERT("exact") CERT("rsa") CERT(
                               "star") "domains:\n  a.test: app\n  b.test: app\n  x.lab.test: app\n"
                                       "  \"*.lab.test\": app\n"),
        0);
    assert_true(is_chosen(world, "a.test", KEY_ECDSA, "exact"));
    assert_true(is_chosen(world, "a.test", KEY_RSA, "rsa"));
    assert_true(is_chosen(world, "b.test", KEY_ECDSA, "exact"));
    assert_true(is_chosen(world, "b.test", KEY_RSA, ""));
    assert_true(is_chosen(world, "x.lab.test", KEY_ECDSA, "star"));
    assert_true(is_chosen(world, "other.lab.test", KEY_ECDSA, "star"));
    assert_int_equal(world->snapshot->certificate_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_non_null(keyring_find(world->keyring, world->snapshot->certificates[i].key_id));
}

static void of_two_that_cover_a_host_the_one_that_lives_longer_is_chosen(void **state)
{
    struct builder_world *world = *state;

    world_certificate(world, "old", WORLD_ECDSA, "a.test", 20);
    world_certificate(world, "new", WORLD_ECDSA, "a.test", 80);
    world_certificate(world, "middle", WORLD_ECDSA, "a.test", 40);
    assert_int_equal(world_build(world, HEAD APP "tls:\n  certificates:\n" CERT("old") CERT("new")
                                            CERT("middle") "domains:\n  a.test: app\n"),
                     0);
    assert_true(is_chosen(world, "a.test", KEY_ECDSA, "new"));
    assert_int_equal(world->snapshot->certificate_count, 1); /* only what is used is published */
}

static void an_exact_name_goes_before_a_wildcard(void **state)
{
    struct builder_world *world = *state;

    world_certificate(world, "star", WORLD_ECDSA, "*.test", 80);
    world_certificate(world, "exact", WORLD_ECDSA, "a.test", 20);
    assert_int_equal(world_build(world, HEAD APP "tls:\n  certificates:\n" CERT("star") CERT(
                                            "exact") "domains:\n  a.test: app\n  b.test: app\n"),
                     0);
    assert_true(is_chosen(world, "a.test", KEY_ECDSA, "exact"));
    assert_true(is_chosen(world, "b.test", KEY_ECDSA, "star"));
}

static void a_named_pair_is_used_as_named(void **state)
{
    struct builder_world *world = *state;

    world_certificate(world, "other", WORLD_ECDSA, "a.test", 80);
    world_certificate(world, "ec", WORLD_ECDSA, "a.test", 20);
    world_certificate(world, "rsa", WORLD_RSA, "a.test", 20);
    assert_int_equal(
        world_build(
            world,
            HEAD APP "tls:\n  certificates:\n" CERT(
                "other") "    - { name: pair, cert: \"%/ec.crt\", key: \"%/ec.key\" }\n"
                         "    - { name: pair, cert: \"%/rsa.crt\", key: \"%/rsa.key\" }\n"
                         "domains:\n  a.test: { certificate: pair, routes: [{ service: app }] }\n"),
        0);
    assert_true(is_chosen(world, "a.test", KEY_ECDSA, "pair"));
    assert_true(is_chosen(world, "a.test", KEY_RSA, "pair"));
}

static void one_kind_of_key_twice_under_a_name_is_an_error(void **state)
{
    struct builder_world *world = *state;

    world_certificate(world, "one", WORLD_ECDSA, "a.test", 20);
    world_certificate(world, "two", WORLD_ECDSA, "b.test", 20);
    assert_int_equal(
        world_build(world, HEAD APP
                    "tls:\n  certificates:\n"
                    "    - { name: pair, cert: \"%/one.crt\", key: \"%/one.key\" }\n"
                    "    - { name: pair, cert: \"%/two.crt\", key: \"%/two.key\" }\n"
                    "domains:\n  a.test: { certificate: pair, routes: [{ service: app }] }\n"),
        -1);
    assert_true(complains(world, "has two ECDSA keys"));
}

static void every_domain_without_a_certificate_is_named_at_its_place(void **state)
{
    struct builder_world *world = *state;

    world_certificate(world, "some", WORLD_ECDSA, "a.test,*.b.test", 20);
    assert_int_equal(
        world_build(world, HEAD APP "tls:\n  certificates:\n" CERT(
                               "some") "domains:\n  a.test: app\n  b.test: app\n  x.y.b.test: app\n"
                                       "  \"*.a.test\": app\n"),
        -1);
    assert_int_equal(world->problems.error_count, 3);
    assert_true(complains(world, "test.yaml:10:3: error: no certificate"));
    assert_true(complains(world, "covers b.test"));
    assert_true(complains(world, "covers x.y.b.test"));
    assert_true(complains(world, "covers *.a.test"));
}

static void a_named_certificate_must_cover_the_host(void **state)
{
    struct builder_world *world = *state;

    world_certificate(world, "mine", WORLD_ECDSA, "a.test", 20);
    assert_int_equal(
        world_build(
            world,
            HEAD APP "tls:\n  certificates:\n" CERT(
                "mine") "domains:\n  b.test: { certificate: mine, routes: [{ service: app }] }\n"),
        -1);
    assert_true(complains(world, "certificate \"mine\" does not cover b.test"));
}

static void a_certificate_that_ended_or_a_key_for_everybody_is_an_error(void **state)
{
    struct builder_world *world = *state;
    char path[128];

    world_certificate(world, "ended", WORLD_ECDSA, "a.test", -1);
    world_certificate(world, "open", WORLD_ECDSA, "a.test", 20);
    snprintf(path, sizeof(path), "%s/open.key", world->directory);
    chmod(path, 0644);
    assert_int_equal(world_build(world, HEAD APP "tls:\n  certificates:\n" CERT("ended")
                                            CERT("open") "domains:\n  a.test: app\n"),
                     -1);
    assert_true(complains(world, "ended.crt"));
    assert_true(complains(world, "open.key"));
}

static void one_that_ends_within_a_week_is_a_warning(void **state)
{
    struct builder_world *world = *state;

    world_certificate(world, "soon", WORLD_ECDSA, "a.test", 3);
    assert_int_equal(world_build(world, HEAD APP "tls:\n  certificates:\n" CERT(
                                            "soon") "domains:\n  a.test: app\n"),
                     0);
    assert_true(complains(world, "ends in 3 days"));
}

static void with_dev_only_what_nothing_covers_gets_a_made_certificate(void **state)
{
    struct builder_world *world = *state;
    struct err err;

    world->builder.authority = dev_authority_open(NULL, &err);
    world_certificate(world, "mine", WORLD_ECDSA, "a.test", 20);
    assert_int_equal(
        world_build(world,
                    HEAD APP "tls:\n  certificates:\n" CERT(
                        "mine") "domains:\n  a.test: app\n"
                                "  b.test: { aliases: [c.test], routes: [{ service: app }] }\n"),
        0);
    assert_true(is_chosen(world, "a.test", KEY_ECDSA, "mine"));
    assert_int_equal(world->snapshot->certificate_count, 2); /* b and c share the made one */
    assert_true(snapshot_find_domain(world->snapshot, TEXT("b.test"))->certificates[KEY_ECDSA] ==
                snapshot_find_domain(world->snapshot, TEXT("c.test"))->certificates[KEY_ECDSA]);
}

static void the_fallback_for_unknown_names_is_published_with_its_key(void **state)
{
    struct builder_world *world = *state;

    world_certificate(world, "mine", WORLD_ECDSA, "a.test", 20);
    world_certificate(world, "spare", WORLD_RSA, "z.test", 20);
    assert_int_equal(world_build(world, HEAD APP
                                 "tls:\n  unknown_sni: spare\n  certificates:\n" CERT("mine")
                                     CERT("spare") "domains:\n  a.test: app\n"),
                     0);
    assert_int_equal(world->snapshot->fallback_certificates[KEY_ECDSA], SNAPSHOT_NONE);
    assert_int_not_equal(world->snapshot->fallback_certificates[KEY_RSA], SNAPSHOT_NONE);
}

static uint32_t slot_of(const struct builder_world *world, size_t service, size_t endpoint)
{
    return world->snapshot->services[service].endpoints[endpoint].slot;
}

static void slots_and_identities_stay_when_the_file_is_sorted_differently(void **state)
{
    struct builder_world *world = *state;
    uint32_t first;
    uint32_t second;
    uint64_t identity;

    world_certificate(world, "mine", WORLD_ECDSA, "a.test", 20);
#define BUILD(servers)                                                                             \
    world_build(world, HEAD "services:\n" servers                                                  \
                            "tls:\n  certificates:\n" CERT("mine") "domains:\n  a.test: app\n")
    assert_int_equal(BUILD("  app: { servers: [\"127.0.0.1:3000\", \"127.0.0.1:3001\"] }\n"), 0);
    first = slot_of(world, 0, 0);
    second = slot_of(world, 0, 1);
    identity = world->snapshot->services[0].endpoints[0].identity;
    assert_int_not_equal(first, second);
    assert_int_equal(BUILD("  new: { servers: [\"127.0.0.1:3000\"] }\n"
                           "  app: { servers: [\"127.0.0.1:3002\", \"127.0.0.1:3001\", "
                           "\"127.0.0.1:3000\"] }\n"),
                     0);
#undef BUILD
    assert_int_equal(slot_of(world, 1, 2), first);
    assert_int_equal(slot_of(world, 1, 1), second);
    assert_true(world->snapshot->services[1].endpoints[2].identity == identity);
    /* the same address in another service is another endpoint */
    assert_int_not_equal(slot_of(world, 0, 0), first);
}

static void the_ticket_secret_is_of_the_file_or_of_this_run(void **state)
{
    struct builder_world *world = *state;
    uint8_t shared[KEYRING_TICKET_SECRET_BYTES];
    char path[128];
    FILE *file;

    world_certificate(world, "mine", WORLD_ECDSA, "a.test", 20);
#define BUILD(tickets)                                                                             \
    world_build(world, HEAD APP "tls:\n" tickets                                                   \
                                "  certificates:\n" CERT("mine") "domains:\n  a.test: app\n")
    assert_int_equal(BUILD("  session_tickets: local\n"), 0);
    assert_memory_equal(world->keyring->ticket_secret, world->builder.boot_secret, sizeof(shared));
    assert_int_equal(BUILD("  ticket_secret: \"%/tickets\"\n"), -1);
    assert_true(complains(world, "/tickets"));

    snprintf(path, sizeof(path), "%s/tickets", world->directory);
    file = fopen(path, "w");
    fputs("too short", file);
    fclose(file);
    chmod(path, 0600);
    assert_int_equal(BUILD("  ticket_secret: \"%/tickets\"\n"), -1);
    file = fopen(path, "w");
    fputs("0123456789abcdef0123456789abcdef", file);
    fclose(file);
    assert_int_equal(BUILD("  ticket_secret: \"%/tickets\"\n"), 0);
    memcpy(shared, world->keyring->ticket_secret, sizeof(shared));
    assert_memory_not_equal(shared, world->builder.boot_secret, sizeof(shared));
    assert_int_equal(BUILD("  ticket_secret: \"%/tickets\"\n"), 0);
    assert_memory_equal(shared, world->keyring->ticket_secret, sizeof(shared));
    chmod(path, 0644);
    assert_int_equal(BUILD("  ticket_secret: \"%/tickets\"\n"), -1);
    assert_true(complains(world, "chmod 600"));
#undef BUILD
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, opened, closed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_host_gets_the_certificate_that_covers_it_one_a_kind_of_key),
        WORLD_TEST(of_two_that_cover_a_host_the_one_that_lives_longer_is_chosen),
        WORLD_TEST(an_exact_name_goes_before_a_wildcard),
        WORLD_TEST(a_named_pair_is_used_as_named),
        WORLD_TEST(one_kind_of_key_twice_under_a_name_is_an_error),
        WORLD_TEST(every_domain_without_a_certificate_is_named_at_its_place),
        WORLD_TEST(a_named_certificate_must_cover_the_host),
        WORLD_TEST(a_certificate_that_ended_or_a_key_for_everybody_is_an_error),
        WORLD_TEST(one_that_ends_within_a_week_is_a_warning),
        WORLD_TEST(with_dev_only_what_nothing_covers_gets_a_made_certificate),
        WORLD_TEST(the_fallback_for_unknown_names_is_published_with_its_key),
        WORLD_TEST(slots_and_identities_stay_when_the_file_is_sorted_differently),
        WORLD_TEST(the_ticket_secret_is_of_the_file_or_of_this_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
