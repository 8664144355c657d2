/* What changes on the way: defaults and domains, what may be edited, the service that is asked. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "refusals.h"

#define OWN(what) "version: 1\ndomains:\n  a.example: { " what ", routes: [{ service: web:80 }] }\n"

static const struct refusal refusals[] = {
    { WHOLE "defaults: { headers: { response: { set: { Content-Length: \"3\" } } } }\n",
      "3:43: defaults.headers.response.set.Content-Length: \"Content-Length\" frames or leads "
      "messages, or says who the client is; only swarmward itself writes it" },
    { WHOLE "defaults: { headers: { request: { remove: [x-forwarded-for] } } }\n",
      "3:44: defaults.headers.request.remove: \"x-forwarded-for\" frames or leads messages, or "
      "says "
      "who the client is; only swarmward itself writes it" },
    { WHOLE "defaults: { headers: { response: { set: { \"X Y\": a } } } }\n",
      "3:43: defaults.headers.response.set.X Y: may have letters, digits and !#$%&'*+-.^_`|~ "
      "only" },
    { WHOLE "defaults: { headers: { response: { set: { X_Y: a } } } }\n",
      "3:43: defaults.headers.response.set.X_Y: backends take _ in a name for -, so write -" },
    { WHOLE "defaults: { headers: { response: { set: { Strict-Transport-Security: a } } } }\n",
      "3:43: defaults.headers.response.set.Strict-Transport-Security: this field is made by "
      "defaults.headers.hsts" },
    { WHOLE "defaults: { headers: { response: { set: { X-A: \"a\\nb\" } } } }\n",
      "3:43: defaults.headers.response.set.X-A: has a line break or a control character; write it "
      "on one line" },
    { WHOLE "defaults: { headers: { response: { set: { X-A: a, x-a: b } } } }\n",
      "3:51: defaults.headers.response.set.x-a: \"x-a\" is there twice" },
    { WHOLE "defaults: { headers: { response: { set: [a] } } }\n",
      "3:41: defaults.headers.response.set: must be a mapping, like { name: value }" },
    { WHOLE "defaults: { error_pages: { 302: a.html } }\n",
      "3:28: defaults.error_pages.302: \"302\" is no status from 400 to 599" },
    { WHOLE "defaults: { compression: { encodings: [zstd] } }\n",
      "3:40: defaults.compression.encodings: \"zstd\" is not known here; write br or gzip" },
    { WHOLE "defaults: { compression: { types: [\"text/html; charset=utf-8\"] } }\n",
      "3:36: defaults.compression.types: \"text/html; charset=utf-8\" is no media type; write it "
      "like text/html, without parameters" },
    { OWN("headers: { hsts: { max_age: 0 } }"),
      "3:27: domains.a.example.headers: \"hsts\" is the same for all domains; write it under "
      "defaults.headers" },
    { OWN("forward_auth: { service: localhost }"),
      "3:3: domains.a.example.forward_auth.service: \"localhost\" is not looked up; write "
      "127.0.0.1 or [::1] with the port" },
    { OWN("forward_auth: { service: \"auth:80\", response_headers: [Host] }"),
      "3:71: domains.a.example.forward_auth.response_headers: \"Host\" frames or leads messages, "
      "or "
      "says who the client is; only swarmward itself writes it" },
};

static void what_cannot_work_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_refusals(refusals, sizeof(refusals) / sizeof(refusals[0]));
}

static void a_domain_that_says_nothing_shares_the_defaults(void **state)
{
    struct settings *settings = assert_accepted(WHOLE);
    const struct header_edits *edits = &settings->delivery.policy.headers;

    (void)state;
    assert_ptr_equal(settings->domains[0].delivery, &settings->delivery);
    assert_int_equal(edits->response_remove.count, 2);
    assert_false(settings->delivery.policy.compression.enabled);
    assert_null(settings->delivery.auth);
    settings_free(settings);
}

static void what_a_domain_writes_takes_the_place_of_the_default(void **state)
{
    struct settings *settings = assert_accepted(
        "version: 1\n"
        "defaults:\n"
        "  headers: { request: { set: { X-A: a, X-B: b } }, response: { remove: [] } }\n"
        "  compression: { enabled: true, level: 9 }\n"
        "domains:\n"
        "  a.example:\n"
        "    headers: { request: { set: { X-C: c } } }\n"
        "    compression: { level: 1 }\n"
        "    routes: [{ service: \"web:80\" }]\n"
        "  b.example: \"web:80\"\n");
    const struct delivery_policy *own = &settings->domains[0].delivery->policy;
    const struct delivery_policy *other = &settings->domains[1].delivery->policy;

    (void)state;
    assert_int_equal(own->headers.request_set.count, 1);
    assert_true(text_equal(own->headers.request_set.pairs[0].value, TEXT("c")));
    assert_int_equal(own->headers.response_remove.count, 0);
    assert_true(own->compression.enabled);
    assert_int_equal(own->compression.level, 1);
    assert_int_equal(other->headers.request_set.count, 2);
    assert_int_equal(other->compression.level, 9);
    settings_free(settings);
}

static void who_is_asked_is_a_service_like_any_other(void **state)
{
    struct settings *settings = assert_accepted(
        "version: 1\n"
        "policy: { backend_encryption: overlay }\n"
        "services: { auth: { servers: [\"127.0.0.1:9000\"] } }\n"
        "docker: {}\n"
        "domains:\n"
        "  a.example: { forward_auth: { service: auth, timeout: 2s }, routes: [{ service: web:80 "
        "}] }\n"
        "  b.example: { forward_auth: { service: sso:4180 }, routes: [{ service: web:80 }] }\n");
    const struct route_settings *fixed = settings->domains[0].delivery->auth;
    const struct route_settings *swarm = settings->domains[1].delivery->auth;

    (void)state;
    assert_non_null(fixed);
    assert_false(settings->services[fixed->service_index].in_swarm);
    assert_int_equal(fixed->policy.response_timeout_ms, 2000);
    assert_non_null(swarm);
    assert_true(settings->services[swarm->service_index].in_swarm);
    assert_int_equal(swarm->port, 4180);
    settings_free(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_work_is_refused_with_its_place),
        cmocka_unit_test(a_domain_that_says_nothing_shares_the_defaults),
        cmocka_unit_test(what_a_domain_writes_takes_the_place_of_the_default),
        cmocka_unit_test(who_is_asked_is_a_service_like_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
