/* A snapshot through its bytes: nothing lost, everything that is wrong refused, little kept. */

#include "model/snapshot.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "example_snapshot.h"

static struct snapshot *decoded(struct text bytes, struct err *err)
{
    struct snapshot *snapshot = snapshot_new();

    if (snapshot_decode(snapshot, bytes, err) == 0)
        return snapshot;
    snapshot_unref(snapshot);
    return NULL;
}

/* Bytes of their own, so that a read past the end is found. */
static struct snapshot *decoded_copy(struct text bytes, char **copy_out, struct err *err)
{
    *copy_out = bytes.len ? memory_copy(bytes.at, bytes.len) : NULL;
    return decoded(text_make(*copy_out, bytes.len), err);
}

static void sent(struct snapshot *snapshot, struct buffer *out)
{
    snapshot_encode(snapshot, out);
    snapshot_unref(snapshot);
}

static void assert_same_services(const struct snapshot *a, const struct snapshot *b)
{
    assert_int_equal(a->service_count, b->service_count);
    for (uint32_t i = 0; i < a->service_count; i++) {
        const struct snapshot_service *x = &a->services[i];
        const struct snapshot_service *y = &b->services[i];

        assert_true(text_equal(x->name, y->name));
        assert_true(text_equal(x->policy->health.path, y->policy->health.path));
        assert_int_equal(x->policy->health.interval_ms, y->policy->health.interval_ms);
        assert_int_equal(x->refusal, y->refusal);
        assert_int_equal(x->in_swarm, y->in_swarm);
        assert_true(text_equal(x->why, y->why));
        assert_int_equal(x->endpoint_count, y->endpoint_count);
        for (uint32_t j = 0; j < x->endpoint_count; j++) {
            assert_true(text_equal(x->endpoints[j].name, y->endpoints[j].name));
            assert_true(address_equal(&x->endpoints[j].address, &y->endpoints[j].address));
            assert_int_equal(x->endpoints[j].identity, y->endpoints[j].identity);
            assert_int_equal(x->endpoints[j].slot, y->endpoints[j].slot);
            assert_int_equal(x->endpoints[j].weight, y->endpoints[j].weight);
            assert_int_equal(x->endpoints[j].pooled, y->endpoints[j].pooled);
        }
    }
}

static void assert_same_routing(const struct snapshot *a, const struct snapshot *b)
{
    assert_int_equal(a->route_count, b->route_count);
    for (uint32_t i = 0; i < a->route_count; i++) {
        assert_true(text_equal(a->routes[i].name, b->routes[i].name));
        assert_true(text_equal(a->routes[i].path, b->routes[i].path));
        assert_int_equal(a->routes[i].service, b->routes[i].service);
        assert_int_equal(a->routes[i].priority, b->routes[i].priority);
        assert_int_equal(a->routes[i].maintenance, b->routes[i].maintenance);
        assert_int_equal(a->routes[i].policy->response_timeout_ms,
                         b->routes[i].policy->response_timeout_ms);
        assert_true(
            text_equal(a->routes[i].policy->sticky_cookie, b->routes[i].policy->sticky_cookie));
    }
    assert_int_equal(a->domain_count, b->domain_count);
    for (uint32_t i = 0; i < a->domain_count; i++) {
        assert_true(text_equal(a->domains[i].name, b->domains[i].name));
        assert_int_equal(a->domains[i].wildcard, b->domains[i].wildcard);
        assert_memory_equal(a->domains[i].certificates, b->domains[i].certificates,
                            sizeof(a->domains[i].certificates));
        assert_int_equal(a->domains[i].first_route, b->domains[i].first_route);
        assert_int_equal(a->domains[i].route_count, b->domains[i].route_count);
        assert_int_equal(a->domains[i].client_auth.mode, b->domains[i].client_auth.mode);
        assert_int_equal(a->domains[i].client_auth.forward, b->domains[i].client_auth.forward);
        assert_true(a->domains[i].client_auth.mode == CLIENT_AUTH_OFF ||
                    a->domains[i].client_auth.ca == b->domains[i].client_auth.ca);
    }
}

static void assert_same_certificates(const struct snapshot *a, const struct snapshot *b)
{
    assert_int_equal(a->certificate_count, b->certificate_count);
    for (uint32_t i = 0; i < a->certificate_count; i++) {
        const struct snapshot_certificate *x = &a->certificates[i];
        const struct snapshot_certificate *y = &b->certificates[i];

        assert_true(text_equal(x->name, y->name));
        assert_true(text_equal(x->chain, y->chain));
        assert_memory_equal(x->id, y->id, SNAPSHOT_ID_BYTES);
        assert_memory_equal(x->key_id, y->key_id, SNAPSHOT_ID_BYTES);
        assert_int_equal(x->kind, y->kind);
        assert_true(x->not_before_s == y->not_before_s && x->not_after_s == y->not_after_s);
    }
    assert_memory_equal(a->fallback_certificates, b->fallback_certificates,
                        sizeof(a->fallback_certificates));
}

static void assert_same_client_cas(const struct snapshot *a, const struct snapshot *b)
{
    assert_int_equal(a->client_ca_count, b->client_ca_count);
    for (uint32_t i = 0; i < a->client_ca_count; i++) {
        assert_true(text_equal(a->client_cas[i].certificates, b->client_cas[i].certificates));
        assert_memory_equal(a->client_cas[i].id, b->client_cas[i].id, SNAPSHOT_ID_BYTES);
    }
}

static void everything_comes_out_as_it_went_in(void **state)
{
    struct snapshot *before = example_snapshot();
    int fd = snapshot_to_fd(before, NULL);
    struct snapshot *after = snapshot_from_fd(fd, NULL);

    (void)state;
    assert_non_null(after);
    close(fd);
    assert_int_equal(after->generation, 42);
    assert_true(address_equal(&after->listeners.https, &before->listeners.https));
    assert_int_equal(after->tls.groups.count, before->tls.groups.count);
    assert_int_equal(after->headers.hsts_max_age_s, before->headers.hsts_max_age_s);
    assert_int_equal(after->limits.header_bytes, before->limits.header_bytes);
    assert_true(text_equal(after->log.access_output, before->log.access_output));
    assert_int_equal(after->shutdown.drain_ms, before->shutdown.drain_ms);
    assert_same_certificates(before, after);
    assert_same_client_cas(before, after);
    assert_same_services(before, after);
    assert_same_routing(before, after);
    assert_non_null(snapshot_find_domain(after, TEXT("x.lab.example")));
    snapshot_unref(before);
    snapshot_unref(snapshot_ref(after));
    snapshot_unref(after);
    snapshot_unref(NULL);
}

static void the_bytes_of_a_decoded_snapshot_are_the_same_again(void **state)
{
    struct buffer bytes = { 0 };
    struct buffer again = { 0 };

    (void)state;
    sent(example_snapshot(), &bytes);
    sent(decoded(buffer_text(&bytes), NULL), &again);
    assert_true(text_equal(buffer_text(&bytes), buffer_text(&again)));
    buffer_done(&bytes);
    buffer_done(&again);
}

static void equal_policies_are_kept_once(void **state)
{
    struct buffer bytes = { 0 };
    struct snapshot *snapshot;

    (void)state;
    sent(example_snapshot(), &bytes);
    snapshot = decoded(buffer_text(&bytes), NULL);
    assert_ptr_not_equal(snapshot->services[0].policy, snapshot->services[1].policy);
    assert_ptr_equal(snapshot->routes[0].policy, snapshot->routes[2].policy); /* v2 and api */
    assert_ptr_equal(snapshot->routes[1].policy, snapshot->routes[3].policy); /* new and app */
    assert_ptr_not_equal(snapshot->routes[0].policy, snapshot->routes[1].policy);
    snapshot_unref(snapshot);
    buffer_done(&bytes);
}

static void every_cut_is_refused(void **state)
{
    struct buffer bytes = { 0 };
    struct err err;

    (void)state;
    sent(example_snapshot(), &bytes);
    for (size_t len = 0; len < buffer_len(&bytes); len++) {
        struct text part = text_first(buffer_text(&bytes), len);
        char *copy;
        char header[8];

        if (decoded_copy(part, &copy, &err))
            fail_msg("%zu of %zu bytes were taken", len, buffer_len(&bytes));
        free(copy);
        if (len < 20)
            continue;
        /* the same with a length that fits, so that the records are looked at */
        for (size_t i = 0; i < 8; i++)
            header[i] = (char)(uint8_t)((uint64_t)len >> (8 * i));
        copy = memory_copy(part.at, part.len);
        memcpy(copy + 12, header, sizeof(header));
        if (decoded(text_make(copy, len), &err))
            fail_msg("%zu of %zu bytes were taken", len, buffer_len(&bytes));
        assert_non_null(strstr(err.text, "snapshot: "));
        free(copy);
    }
    buffer_done(&bytes);
}

static void bytes_behind_the_end_are_refused(void **state)
{
    struct buffer bytes = { 0 };
    struct err err;

    (void)state;
    sent(example_snapshot(), &bytes);
    buffer_append_byte(&bytes, '\0');
    assert_null(decoded(buffer_text(&bytes), &err));
    assert_non_null(strstr(err.text, "something behind it"));
    bytes.bytes[bytes.start + 12]++;
    assert_null(decoded(buffer_text(&bytes), &err));
    buffer_done(&bytes);
}

/* Whatever is accepted can be used: everything that is reachable is looked at. */
static void use_everything(const struct snapshot *snapshot)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < snapshot->domain_count; i++) {
        const struct snapshot_domain *domain = &snapshot->domains[i];
        const struct snapshot_route *route = snapshot_find_route(snapshot, domain, TEXT("/api/x"));

        sum += hash_text(domain->name);
        if (domain->client_auth.mode != CLIENT_AUTH_OFF)
            sum += hash_text(snapshot->client_cas[domain->client_auth.ca].certificates);
        for (int kind = 0; kind < KEY_KIND_COUNT; kind++)
            if (domain->certificates[kind] != SNAPSHOT_NONE)
                sum += hash_text(snapshot->certificates[domain->certificates[kind]].chain);
        if (route)
            sum += hash_text(snapshot->services[route->service].name) +
                   hash_text(route->policy->sticky_cookie);
    }
    for (uint32_t i = 0; i < snapshot->service_count; i++) {
        sum += hash_text(snapshot->services[i].policy->health.path);
        for (uint32_t j = 0; j < snapshot->services[i].endpoint_count; j++)
            sum += address_hash(&snapshot->services[i].endpoints[j].address);
    }
    assert_true(sum != 1);
}

static void no_changed_byte_does_harm(void **state)
{
    static const unsigned char changes[] = { 0x01, 0x80, 0xff };
    struct buffer bytes = { 0 };
    struct err err;

    (void)state;
    sent(example_snapshot(), &bytes);
    for (size_t at = 0; at < buffer_len(&bytes); at++)
        for (size_t i = 0; i < sizeof(changes); i++) {
            char *byte = &bytes.bytes[bytes.start + at];
            char before = *byte;
            char *copy;
            struct snapshot *snapshot;

            *byte = (char)(before ^ changes[i]);
            snapshot = decoded_copy(buffer_text(&bytes), &copy, &err);
            if (snapshot)
                use_everything(snapshot);
            snapshot_unref(snapshot);
            free(copy);
            *byte = before;
        }
    buffer_done(&bytes);
}

/* One row a rule: how to break it, and what is said. */
static void bad_chain(struct snapshot *snapshot)
{
    snapshot->certificates[0].chain = TEXT_NONE;
}
static void empty_client_ca(struct snapshot *snapshot)
{
    snapshot->client_cas[1].certificates = TEXT_NONE;
}
static void client_ca_that_is_not_there(struct snapshot *snapshot)
{
    snapshot->domains[2].client_auth.ca = 2;
}
static void bad_client_auth_mode(struct snapshot *snapshot)
{
    snapshot->domains[2].client_auth.mode = CLIENT_AUTH_REQUIRED + 1;
}
static void bad_client_auth_forward(struct snapshot *snapshot)
{
    snapshot->domains[2].client_auth.forward = CLIENT_AUTH_FORWARD_CERT + 1;
}
static void bad_kind(struct snapshot *snapshot)
{
    snapshot->certificates[0].kind = KEY_KIND_COUNT;
}
static void bad_fallback(struct snapshot *snapshot)
{
    snapshot->fallback_certificates[KEY_RSA] = 2;
}
static void fallback_of_another_kind(struct snapshot *snapshot)
{
    snapshot->fallback_certificates[KEY_RSA] = 0;
}
static void bad_slot(struct snapshot *snapshot)
{
    snapshot->services[0].endpoints[0].slot = 16384;
}
static void no_weight(struct snapshot *snapshot)
{
    snapshot->services[0].endpoints[0].weight = 0;
}
static void bad_weight(struct snapshot *snapshot)
{
    snapshot->services[0].endpoints[0].weight = 257;
}
static void bad_name(struct snapshot *snapshot)
{
    snapshot->services[0].name = text_make(arena_new(&snapshot->arena, 1025, 1), 1025);
}
static void bad_policy(struct snapshot *snapshot)
{
    struct service_policy *policy = arena_new(&snapshot->arena, 1, sizeof(*policy));

    *policy = *snapshot->services[0].policy;
    policy->health.rise = 0;
    snapshot->services[0].policy = policy;
}
static void path_that_splits_a_request(struct snapshot *snapshot)
{
    struct service_policy *policy = arena_new(&snapshot->arena, 1, sizeof(*policy));

    *policy = *snapshot->services[1].policy;
    policy->health.path = TEXT("/ HTTP/1.1\r\nX: y\r\n\r\n");
    snapshot->services[1].policy = policy;
}
static void bad_service(struct snapshot *snapshot)
{
    snapshot->routes[0].service = 2;
}
static void relative_path(struct snapshot *snapshot)
{
    snapshot->routes[0].path = TEXT("api");
}
static void no_path(struct snapshot *snapshot)
{
    snapshot->routes[3].path = TEXT_NONE;
}
static void bad_certificate(struct snapshot *snapshot)
{
    snapshot->domains[0].certificates[KEY_ECDSA] = 2;
}
static void certificate_of_another_kind(struct snapshot *snapshot)
{
    snapshot->domains[0].certificates[KEY_ECDSA] = 1;
}
static void bad_first_route(struct snapshot *snapshot)
{
    snapshot->domains[2].first_route = 6;
    snapshot->domains[2].route_count = 0;
}
static void bad_route_count(struct snapshot *snapshot)
{
    snapshot->domains[2].route_count = 2;
}
static void route_count_that_wraps(struct snapshot *snapshot)
{
    snapshot->domains[2].route_count = UINT32_MAX;
}
static void routes_out_of_order(struct snapshot *snapshot)
{
    snapshot->domains[0].route_count = 5;
}
static void priorities_out_of_order(struct snapshot *snapshot)
{
    snapshot->routes[2].priority = 11;
}
static void no_domain_name(struct snapshot *snapshot)
{
    snapshot->domains[0].name = TEXT_NONE;
}
static void long_domain_name(struct snapshot *snapshot)
{
    snapshot->domains[0].name = text_make(arena_new(&snapshot->arena, 254, 1), 254);
}
static void domain_twice(struct snapshot *snapshot)
{
    snapshot->domains[1].name = snapshot->domains[0].name;
}
static void bad_limit(struct snapshot *snapshot)
{
    snapshot->limits.header_bytes = -1;
}

static void every_rule_is_checked_on_the_way_in(void **state)
{
    static const struct {
        void (*break_it)(struct snapshot *snapshot);
        const char *says;
    } rules[] = {
        { bad_limit, "a setting is out" },
        { bad_chain, "a certificate is out" },
        { bad_kind, "a certificate is out" },
        { bad_fallback, "a certificate is out" },
        { fallback_of_another_kind, "a certificate is out" },
        { bad_slot, "a service is out" },
        { no_weight, "a service is out" },
        { bad_weight, "a service is out" },
        { bad_name, "a service is out" },
        { bad_policy, "a policy is out" },
        { path_that_splits_a_request, "a policy is out" },
        { bad_service, "a route is out" },
        { relative_path, "a route is out" },
        { no_path, "a route is out" },
        { bad_certificate, "a domain is out" },
        { certificate_of_another_kind, "a domain is out" },
        { bad_first_route, "a domain is out" },
        { bad_route_count, "a domain is out" },
        { route_count_that_wraps, "a domain is out" },
        { routes_out_of_order, "a domain is out" },
        { priorities_out_of_order, "a domain is out" },
        { empty_client_ca, "an authority of clients is out" },
        { client_ca_that_is_not_there, "a domain is out" },
        { bad_client_auth_mode, "a domain is out" },
        { bad_client_auth_forward, "a domain is out" },
        { no_domain_name, "a domain is out" },
        { long_domain_name, "a domain is out" },
        { domain_twice, "there twice" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct snapshot *snapshot = example_snapshot();
        struct buffer bytes = { 0 };
        struct err err;

        rules[i].break_it(snapshot);
        sent(snapshot, &bytes);
        if (decoded(buffer_text(&bytes), &err))
            fail_msg("row %zu (%s) was taken", i, rules[i].says);
        if (!strstr(err.text, rules[i].says))
            fail_msg("row %zu says \"%s\"", i, err.text);
        buffer_done(&bytes);
    }
}

/* A number in the bytes, `before` bytes ahead of the text that is there once. */
static void patch_u32(struct buffer *bytes, const char *text, size_t before, uint32_t number)
{
    char *found = memmem(bytes->bytes, bytes->end, text, strlen(text));

    assert_non_null(found);
    for (size_t i = 0; i < 4; i++)
        found[i - before] = (char)(uint8_t)(number >> (8 * i));
}

static void assert_refused(struct buffer *bytes, const char *says)
{
    struct err err = { .text = "" };

    assert_null(decoded(buffer_text(bytes), &err));
    assert_non_null(strstr(err.text, says));
    buffer_done(bytes);
}

/* What no encoder writes, so the rows above cannot make it. */
static void numbers_that_do_not_fit_the_rest_are_refused(void **state)
{
    const size_t behind_name = (size_t)0 - strlen("portal_api");
    struct buffer bytes = { 0 };

    (void)state;
    sent(example_snapshot(), &bytes);
    patch_u32(&bytes, "portal_api", behind_name, 2); /* there are policies 0 and 1 */
    assert_refused(&bytes, "a service is out");
    sent(example_snapshot(), &bytes);
    patch_u32(&bytes, "portal_web", 12, 4); /* endpoints of all services: there are 3 */
    assert_refused(&bytes, "a service is out");
    sent(example_snapshot(), &bytes);
    patch_u32(&bytes, "portal_web", 12, 2);
    assert_refused(&bytes, "a service is out");
    sent(example_snapshot(), &bytes);
    patch_u32(&bytes, "WARDSNAP", 0, 0);
    assert_refused(&bytes, "these bytes are none");
}

static void another_version_says_what_to_do(void **state)
{
    struct buffer bytes = { 0 };
    struct err err;

    (void)state;
    sent(example_snapshot(), &bytes);
    bytes.bytes[bytes.start + 8]++;
    assert_null(decoded(buffer_text(&bytes), &err));
    assert_non_null(strstr(err.text, "restart swarmward"));
    buffer_done(&bytes);
}

static void memory_that_could_still_change_is_refused(void **state)
{
    static const int too_few[] = { 0, F_SEAL_WRITE | F_SEAL_SHRINK, F_SEAL_SHRINK | F_SEAL_GROW,
                                   F_SEAL_WRITE | F_SEAL_GROW };
    struct buffer bytes = { 0 };
    struct err err;

    (void)state;
    sent(example_snapshot(), &bytes);
    for (size_t i = 0; i < sizeof(too_few) / sizeof(too_few[0]); i++) {
        int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        assert_int_equal(write(fd, bytes.bytes, buffer_len(&bytes)), buffer_len(&bytes));
        assert_int_equal(fcntl(fd, F_ADD_SEALS, too_few[i]), 0);
        assert_null(snapshot_from_fd(fd, &err));
        assert_non_null(strstr(err.text, "not sealed"));
        close(fd);
    }
    assert_null(snapshot_from_fd(STDIN_FILENO, &err));
    assert_null(snapshot_from_fd(-1, &err));
    buffer_done(&bytes);
}

static void more_than_the_most_bytes_are_refused_unread(void **state)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct err err;

    (void)state;
    assert_int_equal(ftruncate(fd, (off_t)SNAPSHOT_BYTES_MAX + 1), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    assert_null(snapshot_from_fd(fd, &err));
    assert_non_null(strstr(err.text, "the limit is"));
    close(fd);
}

static void an_empty_snapshot_travels(void **state)
{
    struct snapshot *snapshot = example_snapshot();
    struct buffer bytes = { 0 };
    struct snapshot *after;

    (void)state;
    snapshot->domain_count = snapshot->route_count = snapshot->service_count = 0;
    snapshot->certificate_count = snapshot->deliveries.count = 0;
    snapshot->fallback_certificates[KEY_RSA] = SNAPSHOT_NONE;
    sent(snapshot, &bytes);
    after = decoded(buffer_text(&bytes), NULL);
    assert_non_null(after);
    assert_null(snapshot_find_domain(after, TEXT("portal.example")));
    snapshot_unref(after);
    buffer_done(&bytes);
}

static void ten_thousand_domains_hold_less_than_five_megabytes(void **state)
{
    struct snapshot *before = large_snapshot(10000, 700);
    int fd = snapshot_to_fd(before, NULL);
    struct snapshot *after = snapshot_from_fd(fd, NULL);
    size_t held;

    (void)state;
    assert_non_null(after);
    assert_int_equal(after->domain_count, 10000);
    assert_non_null(snapshot_find_domain(after, TEXT("portal9999.clinic.example")));
    held = after->arena.total + (after->exact.capacity + after->wildcard.capacity) * 32;
    if (held > (size_t)5 * 1024 * 1024)
        fail_msg("%zu bytes", held);
    close(fd);
    snapshot_unref(before);
    snapshot_unref(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_out_as_it_went_in),
        cmocka_unit_test(the_bytes_of_a_decoded_snapshot_are_the_same_again),
        cmocka_unit_test(equal_policies_are_kept_once),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(bytes_behind_the_end_are_refused),
        cmocka_unit_test(no_changed_byte_does_harm),
        cmocka_unit_test(every_rule_is_checked_on_the_way_in),
        cmocka_unit_test(numbers_that_do_not_fit_the_rest_are_refused),
        cmocka_unit_test(another_version_says_what_to_do),
        cmocka_unit_test(memory_that_could_still_change_is_refused),
        cmocka_unit_test(more_than_the_most_bytes_are_refused_unread),
        cmocka_unit_test(an_empty_snapshot_travels),
        cmocka_unit_test(ten_thousand_domains_hold_less_than_five_megabytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
