/* What the mapping file says of services in Swarm: the section docker, owners, names, mounts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "refusals.h"

static const struct refusal refusals[] = {
    { WHOLE "docker: { endpoint: \"/run/docker.sock\" }\n",
      "3:9: docker: endpoint must be unix:///path, tcp://host:port, or \"\" for DNS alone" },
    { WHOLE "docker: { endpoint: \"tcp://manager:2376\" }\n",
      "3:9: docker: whoever reaches the Docker API in the clear owns the machine; name the files "
      "under tls, or use a unix socket" },
    { WHOLE "docker: { endpoint: \"tcp://127.0.0.1.example:2375\" }\n",
      "3:9: docker: whoever reaches the Docker API in the clear owns the machine; name the files "
      "under tls, or use a unix socket" },
    { "version: 1\ndocker: { label_policy: ignore }\n",
      "1:1: \"domains\" is missing; map one, like domains: { www.example.com: \"127.0.0.1:3000\" "
      "}" },
    { "version: 1\ndocker: { label_policy: ignore }\ndomains: {}\n",
      "3:10: domains: must not be empty; map one, like www.example.com: \"127.0.0.1:3000\"" },
    { WHOLE "docker: { tls: { ca: /ca } }\n",
      "3:9: docker: tls needs all three of ca, cert and key" },
    { WHOLE "docker: { lease: 60s }\n",
      "3:9: docker: lease must be more than twice resync_interval, else a task is given up between "
      "two looks" },
    { WHOLE "docker: { networks: edge }\n", "3:21: docker.networks: must be a list, like [a, b]" },
    { WHOLE "docker: { label_policy: loose }\n",
      "3:25: docker.label_policy: \"loose\" is not known here; write strict, lenient or ignore" },
    { WHOLE "policy: { owners: [{ domain: a.example }] }\n",
      "3:20: policy.owners: \"stacks\" is missing: The stacks whose services may claim it by "
      "label; "
      "of a service in no stack, its own name." },
    { WHOLE "policy: { owners: [{ domain: \"a_b.example\", stacks: [x] }] }\n",
      "3:20: policy.owners: domain: a domain has letters, digits, hyphens and dots only, no "
      "\"_\"" },
    { WHOLE "policy: { owners: [{ domain: a.example, stacks: [x] }, { domain: A.example, stacks: "
            "[y] }] }\n",
      "3:56: policy.owners: \"a.example\" is there twice, the first time in line 3; put the stacks "
      "into one list" },
    { WHOLE "listeners: { admin: { address: \"0.0.0.0:443\" } }\n",
      "3:32: listeners.admin.address is that of another listener; it needs a port of its own" },
    { "version: 1\nservices: { portal: { servers: [\"127.0.0.1:1\"] } }\ndomains: { a.example: "
      "portla }\n",
      "3:23: domains.a.example: no service \"portla\" under services; did you mean \"portal\"?" },
    { "version: 1\ndomains: { a.example: localhost }\n",
      "2:23: domains.a.example: \"localhost\" is not looked up; write 127.0.0.1 or [::1] with the "
      "port" },
    { "version: 1\nservices: { a: { servers: [\"127.0.0.1:1\"] } }\ndomains:\n  a.example: { "
      "routes: [{ path: /, service: a, network: edge }] }\n",
      "4:45: domains.a.example.routes: \"a\" has fixed servers, so no network; remove it" },
    { WHOLE "tls: { certificates: [{ cert: config:crt, key: config:key }] }\n",
      "3:23: tls.certificates: a config can be read by everybody who may inspect the swarm; make "
      "it a secret and write secret:NAME" },
    { WHOLE "tls: { certificates: [{ cert: \"secret:../etc\", key: secret:key }] }\n",
      "3:23: tls.certificates: \"../etc\" is no name; use letters, digits, and _ . - within" },
};

static void what_cannot_work_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_refusals(refusals, sizeof(refusals) / sizeof(refusals[0]));
}

static void a_name_that_is_not_under_services_is_in_swarm(void **state)
{
    struct settings *settings = assert_accepted("version: 1\ndomains: { a.example: web:8080 }\n");

    (void)state;
    assert_true(settings->docker_given);
    assert_int_equal(settings->service_count, 1);
    assert_true(settings->services[0].in_swarm);
    assert_int_equal(settings->domains[0].routes[0].port, 8080);
    settings_free(settings);
}

static void fixed_servers_alone_need_no_docker(void **state)
{
    struct settings *settings = assert_accepted(WHOLE);

    (void)state;
    assert_false(settings->docker_given);
    settings_free(settings);
}

static void with_docker_names_and_fixed_servers_live_together(void **state)
{
    struct settings *settings =
        assert_accepted("version: 1\ndocker: { networks: [edge, lab] }\n"
                        "services:\n  a: { servers: [\"127.0.0.1:1\"] }\n"
                        "  web: { balance: round_robin, drain: 5s }\n"
                        "domains: { a.example: a, b.example: web:80, c.example: other }\n");

    (void)state;
    assert_int_equal(settings->docker.networks.count, 2);
    assert_false(settings->services[0].in_swarm);
    assert_true(settings->services[1].in_swarm);
    assert_int_equal(settings->services[1].policy.drain_ms, 5000);
    assert_true(settings->services[1].policy_given != 0);
    assert_true(settings->services[2].in_swarm);
    assert_true(settings->services[2].policy_given == 0);
    settings_free(settings);
}

static void labels_alone_need_no_domain(void **state)
{
    struct settings *settings = assert_accepted("version: 1\ndocker: {}\ndomains: {}\n");

    (void)state;
    assert_int_equal(settings->domain_count, 0);
    settings_free(settings);
    settings_free(assert_accepted("version: 1\ndocker: {}\n"));
}

static void owners_are_a_list_of_stacks(void **state)
{
    struct settings *settings = assert_accepted(
        WHOLE "policy: { owners: [{ domain: \"*.Clinic.example\", stacks: [portal, lab] }] }\n");

    (void)state;
    assert_int_equal(settings->owner_count, 1);
    assert_true(text_equal(settings->owners[0].domain, TEXT("*.clinic.example")));
    assert_int_equal(settings->owners[0].stacks.count, 2);
    settings_free(settings);
}

static void secrets_and_configs_are_where_docker_mounts_them(void **state)
{
    struct settings *settings =
        assert_accepted(WHOLE "tls: { certificates: [{ cert: config:crt.2026, key: secret:key }], "
                              "ticket_secret: secret:tickets }\n");

    (void)state;
    assert_true(text_equal(settings->certificates[0].cert_path, TEXT("/crt.2026")));
    assert_true(text_equal(settings->certificates[0].key_path, TEXT("/run/secrets/key")));
    assert_true(text_equal(settings->tls.ticket_secret, TEXT("/run/secrets/tickets")));
    settings_free(settings);
}

static void what_a_route_says_is_remembered(void **state)
{
    struct settings *settings = assert_accepted(
        "version: 1\ndefaults: { retries: 3 }\ndomains:\n  a.example: { routes: [{ path: /, "
        "service: web, max_body: 1MiB }] }\n");
    const struct route_settings *route = &settings->domains[0].routes[0];
    struct route_policy under = { .retries = 7, .max_body_bytes = 7 };

    (void)state;
    fields_overlay(&route_fields, &under, &route->policy, route->policy_given);
    assert_int_equal(under.retries, 7); /* of the defaults, so not given here */
    assert_int_equal(under.max_body_bytes, 1048576);
    settings_free(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_work_is_refused_with_its_place),
        cmocka_unit_test(a_name_that_is_not_under_services_is_in_swarm),
        cmocka_unit_test(fixed_servers_alone_need_no_docker),
        cmocka_unit_test(with_docker_names_and_fixed_servers_live_together),
        cmocka_unit_test(labels_alone_need_no_domain),
        cmocka_unit_test(owners_are_a_list_of_stacks),
        cmocka_unit_test(secrets_and_configs_are_where_docker_mounts_them),
        cmocka_unit_test(what_a_route_says_is_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
