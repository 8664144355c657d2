/* What explain says of a URL: the outcomes as a table, over a snapshot made by hand. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "commands.h"
#include "json_out.h"

/* The world: a.test with /api and /, *.lab.test whose service is down, c.test out of date. */
static struct service_policy service_policy;
static struct route_policy route_policy;
static struct snapshot_endpoint endpoints[] = {
    { .name = { "10.0.0.1:80", 11 }, .slot = 0, .weight = 1 },
    { .name = { "10.0.0.2:80", 11 }, .slot = 1, .weight = 1 },
};
static struct snapshot_service services[] = {
    { .name = { "api", 3 },
      .policy = &service_policy,
      .endpoints = endpoints,
      .endpoint_count = 1 },
    { .name = { "web", 3 },
      .policy = &service_policy,
      .endpoints = endpoints + 1,
      .endpoint_count = 1 },
    { .name = { "none", 4 }, .policy = &service_policy },
};
static struct snapshot_route routes[] = {
    { .name = { "api", 3 }, .path = { "/api", 4 }, .service = 0, .policy = &route_policy },
    { .name = { "rest", 4 }, .path = { "/x", 2 }, .service = 1, .policy = &route_policy },
    { .name = { "root", 4 }, .path = { "/", 1 }, .service = 1, .policy = &route_policy },
    { .name = { "none", 4 }, .path = { "/", 1 }, .service = 2, .policy = &route_policy },
};
static struct snapshot_redirect redirects[] = {
    { .path = { "/old", 4 }, .to = { "/api", 4 }, .status = 302 },
};
static struct snapshot_domain_policy policies[] = {
    { .settings = { .maintenance = true } },
    { .redirect_host = { "a.test", 6 } },
    { .redirects = redirects, .redirect_count = 1 },
};
static struct snapshot_delivery deliveries[] = {
    { .policy.compression = { .enabled = true, .level = 3 } },
    { .policy.forward_auth = { .service = { "web", 3 }, .path = { "/may", 4 } }, .auth_route = 2 },
    { .policy.forward_auth = { .service = { "api", 3 } }, .auth_route = 0 },
};
static struct snapshot_certificate certificates[2];
static struct snapshot_domain domains[] = {
    { .name = { "a.test", 6 },
      .certificates = { 0, SNAPSHOT_NONE },
      .route_count = 2,
      .client_auth = { .mode = CLIENT_AUTH_OPTIONAL, .forward = CLIENT_AUTH_FORWARD_SUBJECT } },
    { .name = { "lab.test", 8 },
      .wildcard = true,
      .certificates = { 0, SNAPSHOT_NONE },
      .first_route = 2,
      .route_count = 1 },
    { .name = { "c.test", 6 },
      .certificates = { 1, SNAPSHOT_NONE },
      .first_route = 0,
      .route_count = 1 },
    { .name = { "d.test", 6 },
      .certificates = { 0, SNAPSHOT_NONE },
      .first_route = 3,
      .route_count = 1 },
    { .name = { "closed.test", 11 }, .route_count = 2, .policy = &policies[0] },
    { .name = { "www.a.test", 10 }, .route_count = 2, .policy = &policies[1] },
    { .name = { "guarded.test", 12 },
      .certificates = { 0, SNAPSHOT_NONE },
      .route_count = 2,
      .delivery = 1 },
    { .name = { "asked.test", 10 },
      .certificates = { 0, SNAPSHOT_NONE },
      .route_count = 2,
      .delivery = 2,
      .client_auth = { .mode = CLIENT_AUTH_REQUIRED } },
    { .name = { "moved.test", 10 },
      .certificates = { 0, SNAPSHOT_NONE },
      .route_count = 2,
      .policy = &policies[2] },
};
static struct snapshot snapshot = {
    .services = services,
    .service_count = 3,
    .routes = routes,
    .route_count = 4,
    .certificates = certificates,
    .certificate_count = 2,
    .domains = domains,
    .domain_count = 9,
    .deliveries = { .items = deliveries, .count = 3 },
    .backend_tls = { .checks_name = true, .server_name = { "backend.test", 12 } },
    .fallback_certificates = { SNAPSHOT_NONE, SNAPSHOT_NONE },
};
static struct control control;

static const struct {
    const char *url;
    const char *outcome; /* NULL: an error */
    int status;
    const char *word; /* somewhere in the answer */
} cases[] = {
    { "https://a.test/api/x?y#z", "forwarded", 0, "10.0.0.1:80" },
    { "https://A.Test:8443/api", "forwarded", 0, "\"api\"" },
    { "a.test/api", "forwarded", 0, "\"exact\"" },
    { "https://a.test/apix", "refused", 404, "no_such_route" },
    { "https://a.test/x/../api", "forwarded", 0, "\"api\"" },
    { "https://a.test/..", "refused", 400, "bad_path" },
    { "https://a.test", "refused", 404, "no_such_route" },
    { "https://y.lab.test/", "refused", 503, "no_endpoint" }, /* its endpoint is down */
    { "https://d.test/", "refused", 503, "no endpoint" },
    { "https://c.test/api", "forwarded", 0, "out of date" },
    { "https://closed.test/api", "refused", 503, "maintenance" },
    { "https://closed.test/none", "refused", 503, "maintenance" },
    { "https://www.a.test/none", "redirected", 308, "\"location_host\":\"a.test\"" },
    { "https://moved.test/old/x", "redirected", 302, "\"redirect_to\":\"/api\"" },
    { "https://moved.test/older", "refused", 404, "no_such_route" },
    { "https://moved.test/api", "forwarded", 0, "whom the policy of the domain lets in" },
    { "https://a.test/api", "forwarded", 0,
      "\"client_certificate\":{\"mode\":\"optional\",\"forward\":\"subject\"}" },
    { "https://a.test/api", "forwarded", 0, "\"compression.enabled\":\"true\"" },
    { "https://a.test/api", "forwarded", 0, "\"tls\":{\"verify\":\"full\"," },
    { "https://a.test/api", "forwarded", 0, "\"name\":\"backend.test\"" },
    { "https://a.test/api", "forwarded", 0, "\"websocket\":\"extended_connect\"" },
    { "https://guarded.test/api", "refused", 503, "auth_unavailable" }, /* web is down */
    { "https://asked.test/api", "forwarded", 0, "whom the policy of the domain lets in" },
    { "https://asked.test/api", "forwarded", 0, "\"forward_auth\":{\"service\":\"api\"" },
    { "https://unknown.test/", "refused", 0, "unrecognized_name" },
    { "http://a.test/", "redirected", 308, "redirected to https" },
    { "ftp://a.test/", NULL, 0, "only http" },
    { "https://127.0.0.1/", NULL, 0, "IP address" },
    { "https://[::1]:443/", NULL, 0, "IP address" },
    { "https://a.test:99999/", NULL, 0, "port" },
    { "https://me@a.test/", NULL, 0, "user" },
    { "https:///", NULL, 0, "host name" },
    { "", NULL, 0, "no URL" },
};

/* The answer as terminated text; NULL: refused, and `err` says why. */
static char *explain(const char *url, struct err *err)
{
    struct buffer out = { 0 };
    struct json_out json = json_to(&out);

    json_put_object(&json, NULL);
    if (explain_write(&control, text_of(url), TEXT("GET"), &json, err) < 0) {
        buffer_done(&out);
        return NULL;
    }
    json_put_object_end(&json);
    buffer_append_byte(&out, '\0');
    return out.bytes;
}

static bool is_as_wanted(size_t i, const char *text)
{
    json_t *answer = json_loads(text, 0, NULL);
    const char *outcome = json_string_value(json_object_get(answer, "outcome"));
    bool same = cases[i].outcome && outcome && strcmp(outcome, cases[i].outcome) == 0 &&
                json_integer_value(json_object_get(answer, "status")) == cases[i].status &&
                strstr(text, cases[i].word);

    json_decref(answer);
    return same;
}

static void every_url_has_its_outcome(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = { 0 };
        char *text = explain(cases[i].url, &err);

        if (text ? !is_as_wanted(i, text) : cases[i].outcome || !strstr(err.text, cases[i].word))
            fail_msg("%s: %s", cases[i].url, text ? text : err.text);
        free(text);
    }
}

static void the_policy_is_shown_as_it_would_be_written(void **state)
{
    struct buffer out = { 0 };
    struct json_out json = json_to(&out);
    struct err err;

    (void)state;
    json_put_object(&json, NULL);
    assert_int_equal(explain_write(&control, TEXT("https://a.test/api"), TEXT("PUT"), &json, &err),
                     0);
    buffer_append_byte(&out, '\0');
    assert_non_null(strstr(out.bytes, "\"timeout.connect\":\"2s\""));
    assert_non_null(strstr(out.bytes, "\"balance\":\"least_conn\""));
    assert_non_null(strstr(out.bytes, "\"method\":\"PUT\""));
    buffer_done(&out);
}

static int make_world(void **state)
{
    int64_t now_s = clock_wall_s();
    struct err err;

    (void)state;
    fields_set_defaults(&service_fields, &service_policy, &snapshot.arena);
    service_policy.protocol = PROTOCOL_H2;
    fields_set_defaults(&route_fields, &route_policy, &snapshot.arena);
    for (size_t i = 0; i < 3; i++) {
        bool maintenance = policies[i].settings.maintenance;

        fields_set_defaults(&domain_policy_fields, &policies[i].settings, &snapshot.arena);
        policies[i].settings.maintenance = maintenance;
    }
    fields_set_defaults(&listener_fields, &snapshot.listeners, &snapshot.arena);
    for (size_t i = 0; i < 2; i++)
        endpoints[i].address.v4.sin_family = AF_INET;
    certificates[0].not_after_s = now_s + 1000;
    certificates[1].not_after_s = now_s - 1000;
    control.board = calloc(1, sizeof(*control.board));
    atomic_store(&control.board->worker_count, 2);
    atomic_store(&control.board->health[1], BOARD_HEALTH_DOWN);
    /* one of two workers keeps away from the other endpoint: it is still usable */
    atomic_store(&control.board->worker[0].endpoints[0].ejected_until_ms,
                 clock_monotonic_ms() + 100000);
    control.snapshot = &snapshot;
    return snapshot_index(&snapshot, &err);
}

static int free_world(void **state)
{
    (void)state;
    string_map_done(&snapshot.exact);
    string_map_done(&snapshot.wildcard);
    arena_done(&snapshot.arena);
    free(control.board);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_url_has_its_outcome),
        cmocka_unit_test(the_policy_is_shown_as_it_would_be_written),
    };

    return cmocka_run_group_tests(tests, make_world, free_world);
}
