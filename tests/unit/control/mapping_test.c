/*
 * File, labels and swarm together: who gets a domain, what is quarantined and what stays of it,
 * which network and which tasks are used, and when a service is refused.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "mapping_world.h"

static void labels_map_a_domain_to_the_tasks_of_their_service(void **state)
{
    struct builder_world *world = *state;
    const struct snapshot_service *service;

    use_swarm(world,
              swarm_made((struct made_service[]){
                  { .name = "web", .tasks = 2, .labels = LABELS("a.test", "8080") }, { 0 } }));
    assert_int_equal(world_build(world, HEAD ALLOW NOTHING), 0);
    assert_leads(world, "a.test", "/x", "web:8080");
    service = service_at(world, "a.test");
    assert_int_equal(service->endpoint_count, 2);
    assert_int_equal(address_port(&service->endpoints[0].address), 8080);
    assert_true(text_equal(service->endpoints[0].name, TEXT("web.1")));
    assert_true(service->endpoints[0].identity != service->endpoints[1].identity);
    assert_true(service->endpoints[0].pooled);
    assert_int_equal(service->refusal, SERVICE_SERVED);
}

static void without_enable_nothing_is_mapped(void **state)
{
    struct builder_world *world = *state;

    use_swarm(
        world,
        swarm_made((struct made_service[]){
            { .name = "web", .tasks = 1, .labels = { { "domain", "a.test" }, { "port", "80" } } },
            { 0 } }));
    assert_int_equal(world_build(world, HEAD ALLOW NOTHING), 0);
    assert_int_equal(world->snapshot->domain_count, 0);
    assert_int_equal(world->mapping->quarantined_count, 0);
}

static void a_bad_label_quarantines_its_service_alone_and_the_last_good_state_stays(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, swarm_made((struct made_service[]){
                         { .name = "web", .tasks = 1, .labels = LABELS("a.test", "8080") },
                         { .name = "other", .tasks = 1, .labels = LABELS("b.test", "80") },
                         { 0 } }));
    assert_int_equal(world_build(world, HEAD ALLOW NOTHING), 0);
    use_swarm(world, swarm_made((struct made_service[]){
                         { .name = "web", .tasks = 2, .labels = LABELS("a.test", "none") },
                         { .name = "other", .tasks = 3, .labels = LABELS("b.test", "80") },
                         { 0 } }));
    assert_int_equal(world_rebuild(world), 0);
    assert_quarantined(world, "web", "port", true);
    assert_leads(world, "a.test", "/", "web:8080");
    assert_int_equal(service_at(world, "a.test")->endpoint_count, 2); /* with the tasks of now */
    assert_int_equal(service_at(world, "b.test")->endpoint_count, 3);
    assert_null(quarantined(world, "other"));
    /* and once they are good again, nothing is left of it */
    use_swarm(world, swarm_made((struct made_service[]){
                         { .name = "web", .tasks = 1, .labels = LABELS("a.test", "81") }, { 0 } }));
    assert_int_equal(world_rebuild(world), 0);
    assert_leads(world, "a.test", "/", "web:81");
    assert_int_equal(world->mapping->quarantined_count, 0);
}

static void a_service_that_was_never_good_has_no_route(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, swarm_made((struct made_service[]){
                         { .name = "web",
                           .tasks = 1,
                           .labels = { { "enable", "true" }, { "no_such_key", "1" } } },
                         { 0 } }));
    assert_int_equal(world_build(world, HEAD ALLOW NOTHING), 0);
    assert_quarantined(world, "web", "no_such_key", false);
    assert_int_equal(world->snapshot->domain_count, 0);
}

static void domains_belong_to_their_owners(void **state)
{
    static const char owners[] =
        HEAD "policy: { owners: [{ domain: \"*.clinic.test\", stacks: [portal] },"
             " { domain: shared.test, stacks: [portal, lab] }] }\n" NOTHING;
    struct builder_world *world = *state;

    use_swarm(world,
              swarm_made((struct made_service[]){ { .name = "portal_web",
                                                    .stack = "portal",
                                                    .tasks = 1,
                                                    .labels = LABELS("www.clinic.test", "80") },
                                                  { .name = "lab_web",
                                                    .stack = "lab",
                                                    .tasks = 1,
                                                    .labels = LABELS("evil.clinic.test", "80") },
                                                  { .name = "lab_shared",
                                                    .stack = "lab",
                                                    .tasks = 1,
                                                    .labels = LABELS("shared.test", "80") },
                                                  { .name = "lab_free",
                                                    .stack = "lab",
                                                    .tasks = 1,
                                                    .labels = LABELS("nobody.test", "80") },
                                                  { .name = "deep",
                                                    .stack = "portal",
                                                    .tasks = 1,
                                                    .labels = LABELS("a.b.clinic.test", "80") },
                                                  { 0 } }));
    assert_int_equal(world_build(world, owners), 0);
    assert_leads(world, "www.clinic.test", "/", "portal_web:80");
    assert_leads(world, "shared.test", "/", "lab_shared:80");
    assert_quarantined(world, "lab_web", "policy.owners", false);
    assert_quarantined(world, "lab_free", "policy.owners", false); /* default_owner: deny */
    assert_quarantined(world, "deep", "policy.owners", false);
}

static enum client_auth_mode asked_at(const struct builder_world *world, const char *host)
{
    return snapshot_find_domain(world->snapshot, text_of(host))->client_auth.mode;
}

static void a_label_does_not_give_up_what_the_file_asks_of_clients(void **state)
{
    static const char file[] =
        HEAD ALLOW "domains:\n"
                   "  www.clinic.test: { client_auth: { mode: optional, ca: \"%/ca.pem\" },"
                   " routes: [{ path: /x, service: \"127.0.0.1:80\" }] }\n"
                   "  \"*.clinic.test\": { client_auth: { mode: required, ca: \"%/ca.pem\" },"
                   " routes: [{ path: /, service: \"127.0.0.1:80\" }] }\n";
    struct builder_world *world = *state;
    struct text ca = dev_authority_certificate(world->builder.authority);
    char path[128];

    snprintf(path, sizeof(path), "%s/ca.pem", world->directory);
    assert_int_equal(file_write(path, ca.at, ca.len, 0644, NULL), 0);
    use_swarm(world,
              swarm_made((struct made_service[]){
                  { .name = "portal", .tasks = 1, .labels = LABELS("www.clinic.test", "80") },
                  { .name = "lab", .tasks = 1, .labels = LABELS("lab.clinic.test", "80") },
                  { .name = "deep", .tasks = 1, .labels = LABELS("a.lab.clinic.test", "80") },
                  { .name = "free", .tasks = 1, .labels = LABELS("free.test", "80") },
                  { 0 } }));
    assert_int_equal(world_build(world, file), 0);
    assert_leads(world, "www.clinic.test", "/", "portal:80");
    assert_leads(world, "lab.clinic.test", "/", "lab:80");
    assert_int_equal(asked_at(world, "www.clinic.test"), CLIENT_AUTH_OPTIONAL);
    assert_int_equal(asked_at(world, "lab.clinic.test"), CLIENT_AUTH_REQUIRED);
    assert_int_equal(asked_at(world, "any.clinic.test"), CLIENT_AUTH_REQUIRED);
    assert_int_equal(asked_at(world, "a.lab.clinic.test"), CLIENT_AUTH_OFF); /* two labels */
    assert_int_equal(asked_at(world, "free.test"), CLIENT_AUTH_OFF);
    assert_int_equal(world->snapshot->client_ca_count, 1);
}

static void between_labels_the_older_service_keeps_a_domain(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world,
              swarm_made((struct made_service[]){
                  { .name = "a_new", .created = 20, .tasks = 1, .labels = LABELS("a.test", "80") },
                  { .name = "z_old", .created = 10, .tasks = 1, .labels = LABELS("a.test", "80") },
                  { 0 } }));
    assert_int_equal(world_build(world, HEAD ALLOW NOTHING), 0);
    assert_leads(world, "a.test", "/", "z_old:80");
    assert_quarantined(world, "a_new", "z_old", false);
}

static void services_share_a_domain_by_path(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, swarm_made((struct made_service[]){
                         { .name = "web", .tasks = 1, .labels = LABELS("a.test", "80") },
                         { .name = "api",
                           .tasks = 1,
                           .labels = { { "enable", "true" },
                                       { "domain", "a.test" },
                                       { "path", "/api" },
                                       { "port", "90" } } },
                         { 0 } }));
    assert_int_equal(world_build(world, HEAD ALLOW NOTHING), 0);
    assert_leads(world, "a.test", "/", "web:80");
    assert_leads(world, "a.test", "/api/x", "api:90");
}

static void the_file_wins_over_labels(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, swarm_made((struct made_service[]){
                         { .name = "web", .tasks = 1, .labels = LABELS("a.test", "80") },
                         { .name = "other", .tasks = 1, .labels = LABELS("b.test", "80") },
                         { 0 } }));
    assert_int_equal(world_build(world, HEAD ALLOW "domains:\n  a.test: other:81\n"), 0);
    assert_leads(world, "a.test", "/", "other:81");
    assert_quarantined(world, "web", "mapping file", false);
    assert_leads(world, "b.test", "/", "other:80");
}

static void labels_are_beneath_what_the_file_says_of_a_route(void **state)
{
    struct builder_world *world = *state;
    const struct snapshot_route *route;

    use_swarm(world, swarm_made((struct made_service[]){ { .name = "web",
                                                           .tasks = 1,
                                                           .labels = { { "enable", "true" },
                                                                       { "domain", "a.test" },
                                                                       { "port", "8080" },
                                                                       { "retries", "3" },
                                                                       { "max_body", "1MiB" },
                                                                       { "drain", "7s" } } },
                                                         { 0 } }));
    assert_int_equal(world_build(world,
                                 HEAD ALLOW "defaults: { retries: 0 }\n"
                                            "domains:\n  a.test:\n    routes:\n"
                                            "      - { path: /, service: web, max_body: 2MiB }\n"),
                     0);
    assert_leads(world, "a.test", "/", "web:8080"); /* the port is the label's */
    route = &world->snapshot->routes[0];
    assert_int_equal(route->policy->retries, 3);                  /* label over defaults */
    assert_int_equal(route->policy->max_body_bytes, 2 * 1048576); /* file over label */
    assert_int_equal(service_at(world, "a.test")->policy->drain_ms, 7000);
    assert_int_equal(world->mapping->quarantined_count, 0);
}

static void labels_add_routes_to_a_domain_of_the_file(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, swarm_made((struct made_service[]){ { .name = "api",
                                                           .tasks = 1,
                                                           .labels = { { "enable", "true" },
                                                                       { "domain", "b.test" },
                                                                       { "path", "/api" },
                                                                       { "port", "90" } } },
                                                         { 0 } }));
    assert_int_equal(world_build(world, HEAD ALLOW
                                 "domains:\n  a.test:\n    aliases: [b.test, c.test]\n"
                                 "    routes: [{ path: /, service: \"127.0.0.1:3000\" }]\n"),
                     0);
    assert_leads(world, "b.test", "/api", "api:90");
    assert_leads(world, "b.test", "/", "127.0.0.1:3000");
    assert_leads(world, "a.test", "/api", "127.0.0.1:3000");
    assert_leads(world, "c.test", "/", "127.0.0.1:3000");
}

static void a_domain_without_a_certificate_quarantines_its_service(void **state)
{
    struct builder_world *world = *state;

    dev_authority_free(world->builder.authority);
    world->builder.authority = NULL;
    world_certificate(world, "have", WORLD_ECDSA, "have.test", 60);
    use_swarm(world, swarm_made((struct made_service[]){
                         { .name = "web", .tasks = 1, .labels = LABELS("lacks.test", "80") },
                         { .name = "good", .tasks = 1, .labels = LABELS("have.test", "80") },
                         { 0 } }));
    assert_int_equal(world_build(world,
                                 HEAD ALLOW "tls: { certificates: [{ cert: \"%/have.crt\", key: "
                                            "\"%/have.key\" }] }\n" NOTHING),
                     0);
    assert_quarantined(world, "web", "no certificate", false);
    assert_leads(world, "have.test", "/", "good:80");
}

static const struct {
    const char *what;
    struct made_service service;
    const char *file;
    enum service_refusal refusal;
    const char *why;
} refusals[] = {
    { "no such service", { .name = "other" }, "web:80", SERVICE_NOT_FOUND, "no service" },
    { "no port", { .name = "web", .tasks = 1 }, "web", SERVICE_PORT, "port" },
    { "no network",
      { .name = "web", .tasks = 1, .networks = "-" },
      "web:80",
      SERVICE_NETWORK,
      "no network" },
    { "two networks",
      { .name = "web", .tasks = 1, .networks = "edge,lab" },
      "web:80",
      SERVICE_NETWORK,
      "edge, lab" },
    { "not encrypted",
      { .name = "web", .tasks = 1, .networks = "plain" },
      "web:80",
      SERVICE_NOT_ENCRYPTED,
      "plain is not encrypted" },
};

static void what_cannot_be_served_is_refused_with_a_reason_and_keeps_its_route(void **state)
{
    struct builder_world *world = *state;

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        char yaml[512];
        char why[512];
        const struct snapshot_service *service;

        snprintf(yaml, sizeof(yaml), HEAD ALLOW "domains:\n  a.test: %s\n", refusals[i].file);
        use_swarm(world, swarm_made((struct made_service[]){ refusals[i].service, { 0 } }));
        assert_int_equal(world_build(world, yaml), 0);
        service = service_at(world, "a.test");
        text_to_buffer(service->why, why, sizeof(why));
        if (service->refusal != refusals[i].refusal || !strstr(why, refusals[i].why))
            print_error("%s: refusal %d, \"%s\"\n", refusals[i].what, service->refusal, why);
        assert_int_equal(service->refusal, refusals[i].refusal);
        assert_non_null(strstr(why, refusals[i].why));
        assert_int_equal(service->endpoint_count, 0);
    }
}

static void an_old_engine_closes_the_gate_and_an_exception_opens_it(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, swarm_made((struct made_service[]){ { .name = "web", .tasks = 1 }, { 0 } }));
    world->swarm->engines_encrypt = false;
    world->swarm->engines_why = TEXT("node old runs Engine 20.10.5");
    assert_int_equal(world_build(world, HEAD "domains:\n  a.test: web:80\n"), 0);
    assert_int_equal(service_at(world, "a.test")->refusal, SERVICE_NOT_ENCRYPTED);
    assert_true(text_equal(service_at(world, "a.test")->why, TEXT("node old runs Engine 20.10.5")));
    assert_int_equal(world_build(world, HEAD "policy: { backend_encryption: none, exception: \"a "
                                             "test\" }\ndomains:\n  a.test: web:80\n"),
                     0);
    assert_int_equal(service_at(world, "a.test")->refusal, SERVICE_SERVED);
    assert_int_equal(service_at(world, "a.test")->endpoint_count, 1);
}

static void of_several_networks_the_named_one_is_used(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, swarm_made((struct made_service[]){
                         { .name = "web", .tasks = 1, .networks = "edge,lab" }, { 0 } }));
    assert_int_equal(world_build(world, HEAD
                                 "domains:\n  a.test:\n    routes:\n"
                                 "      - { path: /, service: web, port: 80, network: lab }\n"),
                     0);
    assert_int_equal(service_at(world, "a.test")->refusal, SERVICE_SERVED);
    assert_int_equal(service_at(world, "a.test")->endpoint_count, 1);
}

static void only_usable_tasks_are_endpoints_and_unconfirmed_ones_only_in_need(void **state)
{
    struct builder_world *world = *state;
    struct swarm_service *web;

    use_swarm(world, swarm_made((struct made_service[]){ { .name = "web", .tasks = 3 }, { 0 } }));
    web = &world->swarm->services[0];
    web->tasks[0].addresses[0].membership = SWARM_DRAINING;
    web->tasks[1].addresses[0].confirmed = false;
    assert_int_equal(world_build(world, HEAD "domains:\n  a.test: web:80\n"), 0);
    assert_int_equal(service_at(world, "a.test")->endpoint_count, 1);
    assert_true(text_equal(service_at(world, "a.test")->endpoints[0].name, TEXT("web.3")));
    web->tasks[2].addresses[0].confirmed = false;
    assert_int_equal(world_rebuild(world), 0);
    assert_int_equal(service_at(world, "a.test")->endpoint_count, 2);
}

/* Its address may be anybody's by now. */
static void a_task_of_which_nobody_speaks_any_more_is_no_last_resort(void **state)
{
    struct builder_world *world = *state;
    struct swarm_service *web;

    use_swarm(world, swarm_made((struct made_service[]){ { .name = "web", .tasks = 2 }, { 0 } }));
    web = &world->swarm->services[0];
    web->tasks[0].addresses[0].membership = SWARM_DRAINING;
    web->tasks[0].addresses[0].confirmed = false;
    web->tasks[1].addresses[0].membership = SWARM_STARTING;
    web->tasks[1].addresses[0].confirmed = false;
    assert_int_equal(world_build(world, HEAD "domains:\n  a.test: web:80\n"), 0);
    assert_int_equal(service_at(world, "a.test")->endpoint_count, 0);
}

static void where_no_task_is_usable_one_that_still_runs_is_better_than_none(void **state)
{
    struct builder_world *world = *state;
    struct swarm_service *web;

    use_swarm(world, swarm_made((struct made_service[]){ { .name = "web", .tasks = 3 }, { 0 } }));
    web = &world->swarm->services[0];
    web->tasks[0].addresses[0].membership = SWARM_DRAINING;
    web->tasks[1].addresses[0].membership = SWARM_DRAINING;
    web->tasks[1].state = "shutdown";
    web->tasks[2].addresses[0].membership = SWARM_STARTING;
    web->tasks[2].state = "starting";
    assert_int_equal(world_build(world, HEAD "domains:\n  a.test: web:80\n"), 0);
    assert_int_equal(service_at(world, "a.test")->endpoint_count, 1);
    assert_true(text_equal(service_at(world, "a.test")->endpoints[0].name, TEXT("web.1")));
    web->tasks[0].state = "shutdown";
    assert_int_equal(world_rebuild(world), 0);
    assert_int_equal(service_at(world, "a.test")->endpoint_count, 0);
}

static void a_virtual_address_is_one_endpoint_that_keeps_no_connection(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, swarm_made((struct made_service[]){ { .name = "web", .tasks = 3 }, { 0 } }));
    assert_int_equal(world_build(world, HEAD "defaults: { backend_mode: vip }\n"
                                             "domains:\n  a.test: web:80\n"),
                     0);
    assert_int_equal(service_at(world, "a.test")->endpoint_count, 1);
    assert_false(service_at(world, "a.test")->endpoints[0].pooled);
}

static void the_networks_of_the_mesh_are_known_to_the_workers(void **state)
{
    struct builder_world *world = *state;
    struct address address;

    use_swarm(world, swarm_made((struct made_service[]){ { .name = "web", .tasks = 1 }, { 0 } }));
    assert_int_equal(world_build(world, HEAD "domains:\n  a.test: web:80\n"), 0);
    assert_int_equal(world->snapshot->shared_source_count, 1);
    assert_int_equal(address_parse(TEXT("10.0.0.7:1"), &address, NULL), 0);
    assert_true(address_prefix_contains(&world->snapshot->shared_sources[0], &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(labels_map_a_domain_to_the_tasks_of_their_service),
        TEST(without_enable_nothing_is_mapped),
        TEST(a_bad_label_quarantines_its_service_alone_and_the_last_good_state_stays),
        TEST(a_service_that_was_never_good_has_no_route),
        TEST(domains_belong_to_their_owners),
        TEST(a_label_does_not_give_up_what_the_file_asks_of_clients),
        TEST(between_labels_the_older_service_keeps_a_domain),
        TEST(services_share_a_domain_by_path),
        TEST(the_file_wins_over_labels),
        TEST(labels_are_beneath_what_the_file_says_of_a_route),
        TEST(labels_add_routes_to_a_domain_of_the_file),
        TEST(a_domain_without_a_certificate_quarantines_its_service),
        TEST(what_cannot_be_served_is_refused_with_a_reason_and_keeps_its_route),
        TEST(an_old_engine_closes_the_gate_and_an_exception_opens_it),
        TEST(of_several_networks_the_named_one_is_used),
        TEST(only_usable_tasks_are_endpoints_and_unconfirmed_ones_only_in_need),
        TEST(a_task_of_which_nobody_speaks_any_more_is_no_last_resort),
        TEST(where_no_task_is_usable_one_that_still_runs_is_better_than_none),
        TEST(a_virtual_address_is_one_endpoint_that_keeps_no_connection),
        TEST(the_networks_of_the_mesh_are_known_to_the_workers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
