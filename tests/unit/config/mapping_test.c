/* What a mapping file means: the short and the full form, and what is merged into what. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "refusals.h"

static void assert_text(struct text text, const char *wanted)
{
    char *copy = text_to_heap(text);

    assert_string_equal(copy, wanted);
    free(copy);
}

static const struct service_settings *service_of(const struct settings *settings, size_t domain,
                                                 size_t route)
{
    return &settings->services[settings->domains[domain].routes[route].service_index];
}

static void the_short_form_is_one_route(void **state)
{
    struct settings *settings =
        assert_accepted("version: 1\n"
                        "domains:\n"
                        "  A.Example.COM: portal\n"
                        "  \"*.b.example\": portal:3000\n"
                        "  c.example: 127.0.0.1:80\n"
                        "  d.example: \"[::1]:80\"\n"
                        "services: { portal: { servers: [\"127.0.0.1:3000\"] } }\n");
    const struct route_settings *route = settings->domains[0].routes;

    (void)state;
    assert_int_equal(settings->domain_count, 4);
    assert_text(settings->domains[0].name, "a.example.com");
    assert_text(settings->domains[0].certificate, "auto");
    assert_int_equal(settings->domains[0].alias_count, 0);
    assert_int_equal(settings->domains[0].route_count, 1);
    assert_int_equal(settings->domains[0].place.line, 3);
    assert_int_equal(settings->domains[0].place.column, 3);
    assert_text(route->path, "/");
    assert_text(route->name, "/");
    assert_text(route->service, "portal");
    assert_int_equal(route->port, 0);
    assert_int_equal(route->policy.retries, 1);
    assert_text(settings->domains[1].name, "*.b.example");
    assert_int_equal(settings->domains[1].routes[0].port, 3000);
    assert_text(service_of(settings, 1, 0)->name, "portal");
    assert_text(service_of(settings, 2, 0)->name, "127.0.0.1:80");
    assert_text(service_of(settings, 3, 0)->name, "[::1]:80");
    assert_int_equal(address_port(&service_of(settings, 3, 0)->servers[0].address), 80);
    settings_free(settings);
}

static void one_address_is_one_service_however_often_it_is_mapped(void **state)
{
    struct settings *settings =
        assert_accepted("version: 1\n"
                        "domains:\n"
                        "  a.example: 127.0.0.1:80\n"
                        "  b.example: 127.0.0.1:80\n"
                        "  c.example: { routes: [{ service: \"127.0.0.1:80\" }] }\n"
                        "  d.example: 127.0.0.1:81\n");

    (void)state;
    assert_int_equal(settings->service_count, 2);
    assert_int_equal(settings->services[0].server_count, 1);
    assert_int_equal(settings->services[0].servers[0].weight, 1);
    assert_int_equal(settings->services[0].place.line, 3);
    assert_int_equal(settings->domains[2].routes[0].service_index, 0);
    settings_free(settings);
}

static void the_full_form_has_aliases_a_certificate_and_routes(void **state)
{
    struct settings *settings = assert_accepted(
        "version: 1\n"
        "tls:\n"
        "  unknown_sni: clinic\n"
        "  certificates:\n"
        "    - { name: clinic, cert: ec.crt, key: ec.key }\n"
        "    - { name: clinic, cert: rsa.crt, key: rsa.key }\n"
        "    - { cert: other.crt, key: other.key }\n"
        "domains:\n"
        "  a.example:\n"
        "    aliases: [www.a.example, \"*.A.example\"]\n"
        "    certificate: clinic\n"
        "    routes:\n"
        "      - { name: api, path: /api/, service: portal, port: 3000, priority: 7 }\n"
        "      - { path: \"/.well-known/x~y\", service: portal, max_body: 512MiB,\n"
        "          timeout: { response: 120s }, retries: 0, sticky: { cookie: swid } }\n"
        "services: { portal: { servers: [\"127.0.0.1:3000\"] } }\n");
    const struct domain_settings *domain = settings->domains;

    (void)state;
    assert_int_equal(settings->certificate_count, 3);
    assert_text(settings->certificates[1].name, "clinic");
    assert_text(settings->certificates[1].key_path, "rsa.key");
    assert_text(settings->certificates[2].name, "");
    assert_int_equal(settings->certificates[1].place.line, 6);
    assert_text(domain->certificate, "clinic");
    assert_int_equal(domain->alias_count, 2);
    assert_text(domain->aliases[1], "*.a.example");
    assert_int_equal(domain->route_count, 2);
    assert_text(domain->routes[0].name, "api");
    assert_text(domain->routes[0].path, "/api");
    assert_int_equal(domain->routes[0].priority, 7);
    assert_text(domain->routes[1].name, "/.well-known/x~y");
    assert_int_equal(domain->routes[1].policy.max_body_bytes, 512 * 1024 * 1024);
    assert_int_equal(domain->routes[1].policy.response_timeout_ms, 120000);
    assert_int_equal(domain->routes[1].policy.connect_timeout_ms, 2000);
    assert_int_equal(domain->routes[1].policy.retries, 0);
    assert_text(domain->routes[1].policy.sticky_cookie, "swid");
    assert_int_equal(domain->routes[0].policy.sticky_cookie.len, 0);
    assert_int_equal(domain->routes[0].place.line, 13);
    settings_free(settings);
}

/* Defaults come first wherever they stand in the file, then what the one says. */
static void defaults_are_merged_from_anywhere_in_the_file(void **state)
{
    struct settings *settings = assert_accepted(
        "domains:\n"
        "  a.example: portal\n"
        "  b.example: { routes: [{ service: plain, retries: 3 }] }\n"
        "  c.example: 127.0.0.1:80\n"
        "services:\n"
        "  portal:\n"
        "    balance: round_robin\n"
        "    health: { path: /healthz, fall: 5 }\n"
        "    servers: [{ address: \"127.0.0.1:3000\", weight: 256 }, \"127.0.0.1:3001\"]\n"
        "  plain: { servers: [\"127.0.0.1:3002\"] }\n"
        "defaults:\n"
        "  balance: source_hash\n"
        "  retries: 2\n"
        "  health: { interval: 1m, timeout: 5s }\n"
        "version: 1\n");
    const struct service_settings *portal = service_of(settings, 0, 0);
    const struct service_settings *plain = service_of(settings, 1, 0);
    const struct service_settings *fixed = service_of(settings, 2, 0);

    (void)state;
    assert_int_equal(portal->policy.balance, BALANCE_ROUND_ROBIN);
    assert_text(portal->policy.health.path, "/healthz");
    assert_int_equal(portal->policy.health.fall, 5);
    assert_int_equal(portal->policy.health.rise, 2);
    assert_int_equal(portal->policy.health.interval_ms, 60000);
    assert_int_equal(portal->server_count, 2);
    assert_int_equal(portal->servers[0].weight, 256);
    assert_int_equal(portal->servers[1].weight, 1);
    assert_int_equal(plain->policy.balance, BALANCE_SOURCE_HASH);
    assert_int_equal(plain->policy.health.path.len, 0);
    assert_int_equal(fixed->policy.health.timeout_ms, 5000);
    assert_int_equal(settings->domains[0].routes[0].policy.retries, 2);
    assert_int_equal(settings->domains[1].routes[0].policy.retries, 3);
    settings_free(settings);
}

static void two_routes_with_one_path_are_told_apart_by_priority(void **state)
{
    struct settings *settings = assert_accepted(
        "version: 1\ndomains:\n  a.example:\n    routes:\n"
        "      - { name: old, path: /api, service: \"127.0.0.1:1\" }\n"
        "      - { name: new, path: /api, service: \"127.0.0.1:2\", priority: 1 }\n");

    (void)state;
    assert_int_equal(settings->domains[0].route_count, 2);
    settings_free(settings);
}

#define LABEL_62 "a2345678901234567890123456789012345678901234567890123456789012"

static void the_longest_names_are_accepted(void **state)
{
    struct settings *settings = assert_accepted(
        "version: 1\nservices: { s" LABEL_62 ": { servers: [\"127.0.0.1:1\"] } }\ndomains:\n"
        "  b" LABEL_62 ".example: s" LABEL_62 ":1\n"
        "  " LABEL_62 "." LABEL_62 "." LABEL_62 "." LABEL_62 ".a: 127.0.0.1:1\n"
        "  xn--bcher-kva.example: 127.0.0.1:1\n"
        "  localhost: 127.0.0.1:1\n"
        "  \"*.localhost\": 127.0.0.1:65535\n"
        "  1.2.example: 127.0.0.1:1\n");

    (void)state;
    assert_int_equal(settings->domain_count, 6);
    assert_int_equal(settings->domains[1].name.len, 253);
    assert_int_equal(settings->domains[0].routes[0].port, 1);
    settings_free(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_short_form_is_one_route),
        cmocka_unit_test(one_address_is_one_service_however_often_it_is_mapped),
        cmocka_unit_test(the_full_form_has_aliases_a_certificate_and_routes),
        cmocka_unit_test(defaults_are_merged_from_anywhere_in_the_file),
        cmocka_unit_test(two_routes_with_one_path_are_told_apart_by_priority),
        cmocka_unit_test(the_longest_names_are_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
