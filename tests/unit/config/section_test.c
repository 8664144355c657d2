/* Sections that are field tables: names, nesting, lists, and settings that contradict each other.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "refusals.h"

static const struct refusal names[] = {
    { WHOLE "limit: { header_timeout: 1s }\n",
      "3:1: \"limit\" is not known; did you mean \"limits\"?" },
    { WHOLE "limits: { header_timeot: 1s }\n",
      "3:11: limits: \"header_timeot\" is not known; did you mean \"header_timeout\"?" },
    { WHOLE "limits: { header: { byte: 1KiB } }\n",
      "3:21: limits.header: \"byte\" is not known; did you mean \"bytes\"?" },
    { WHOLE "limits: { heador: { bytes: 1KiB } }\n",
      "3:11: limits: \"heador\" is not known; did you mean \"header\"?" },
    { WHOLE "limits: { banana: 1 }\n",
      "3:11: limits: \"banana\" is not known; docs/configuration.md lists every setting" },
    { WHOLE "limits: { \"\": 1 }\n",
      "3:11: limits: \"\" is not known; docs/configuration.md lists every setting" },
    { WHOLE "limits: { header.bytes: 1KiB }\n",
      "3:11: limits: \"header.bytes\" must be nested; write header: { bytes: ... }" },
    { WHOLE "log.access.output: off\n",
      "3:1: \"log.access.output\" must be nested; write log: { access.output: ... }" },
    { WHOLE "log.access: { output: off }\n",
      "3:1: \"log.access\" must be nested; write log: { access: ... }" },
    { WHOLE "log: { acces: { output: off } }\n",
      "3:8: log: \"acces\" is not known; did you mean \"access\"?" },
    { WHOLE "defaults: { header: { underscore: keep } }\n",
      "3:13: defaults: \"header\" is not known; did you mean \"headers\"?" },
    { WHOLE "defaults: { headers: { hsts: { maxage: 1 } } }\n",
      "3:32: defaults.headers.hsts: \"maxage\" is not known; did you mean \"max_age\"?" },
};

static const struct refusal shapes[] = {
    { WHOLE "limits:\n", "3:1: limits: has no value; write a mapping, like { name: value }, or "
                         "remove it" },
    { WHOLE "limits: 5\n", "3:9: limits: must be a mapping, like { name: value }" },
    { WHOLE "limits: [1]\n", "3:9: limits: must be a mapping, like { name: value }" },
    { WHOLE "limits: { header: 1KiB }\n",
      "3:19: limits.header: must be a mapping, like { name: value }" },
    { WHOLE "limits: { header_timeout: }\n",
      "3:11: limits.header_timeout: has no value; write one value, or remove it" },
    { WHOLE "limits: { header_timeout: null }\n",
      "3:11: limits.header_timeout: has no value; write one value, or remove it" },
    { WHOLE "limits: { header_timeout: [1s] }\n",
      "3:27: limits.header_timeout: must be one value" },
    { WHOLE "limits: { header_timeout: { a: 1s } }\n",
      "3:27: limits.header_timeout: must be one value" },
    { WHOLE "tls: { groups: X25519 }\n", "3:16: tls.groups: must be a list, like [a, b]" },
    { WHOLE "tls: { groups: [] }\n", "3:16: tls.groups: must not be empty" },
    { WHOLE "tls: { groups: [X25519, [P-256], , X25519] }\n",
      "3:34: not YAML: did not find expected node content while parsing a flow node; check quotes, "
      "brackets and indentation around here" },
    { WHOLE "tls: { groups: [X25519, [P-256], \"\", X25519, \"a:b\", ~] }\n",
      "3:25: tls.groups: must be one value\n"
      "3:34: tls.groups: an item of a list must not be empty\n"
      "3:38: tls.groups: \"X25519\" is there twice\n"
      "3:46: tls.groups: \"a:b\" is no name of a group; write it like X25519\n"
      "3:53: tls.groups: has no value; write one value, or remove it" },
    { WHOLE "tls: { groups: [default] }\n",
      "3:17: tls.groups: \"DEFAULT\" is not accepted; name the groups, like X25519" },
};

static const struct refusal values[] = {
    { WHOLE "limits: { header_timeout: 10 }\n",
      "3:27: limits.header_timeout: \"10\" has no unit; write 10ms, 10s, 10m or 10h" },
    { WHOLE "limits: { header_timeout: 1ms }\n",
      "3:27: limits.header_timeout: must be between 100ms and 10m" },
    { WHOLE "limits: { connections: { total: none } }\n",
      "3:33: limits.connections.total: \"none\" is neither auto nor a whole number" },
    { WHOLE "listeners: { https: { address: 443 } }\n",
      "3:32: listeners.https.address: \"443\" has no port; write it as 127.0.0.1:8080 or "
      "[::1]:8080" },
    { WHOLE "listeners: { http: { redirect_status: 303 } }\n",
      "3:39: listeners.http.redirect_status: must be one of 301, 302, 307, 308" },
    { WHOLE "log: { access: { output: file } }\n",
      "3:26: log.access.output: must be stdout, off, or a path with a / in it" },
    { WHOLE "log: { access: { output: /var/log/ } }\n",
      "3:26: log.access.output: is a folder; write the path of a file" },
    { WHOLE "log: { error: { level: verbose } }\n",
      "3:24: log.error.level: \"verbose\" is not known here; write error, warn, info or debug" },
    { WHOLE "defaults: { sticky: { cookie: \"a;b\" } }\n",
      "3:31: defaults.sticky.cookie: may have letters, digits and !#$%&'*+-.^_`|~ only" },
    { WHOLE "defaults: { health: { path: healthz } }\n",
      "3:29: defaults.health.path: must begin with /" },
    { WHOLE "defaults: { health: { path: \"/a#b\" } }\n",
      "3:29: defaults.health.path: must not have # or \\ in it" },
    { WHOLE "defaults: { health: { path: \"/a b\" } }\n",
      "3:29: defaults.health.path: may have visible ASCII only; write other bytes as %XX" },
    { WHOLE "policy: { backend_encryption: none, exception: \"a\\nb\" }\n",
      "3:31: policy.backend_encryption: none needs exception: \"why that is right here\"\n"
      "3:48: policy.exception: has a line break or a control character; write it on one line" },
};

static const struct refusal later[] = {
    { WHOLE "tls: { early_data: { a: 1 } }\n",
      "3:8: tls.early_data: is not available in this version: TLS 1.3 early data is never "
      "accepted; remove it" },
    { WHOLE "tls: { profile: custom }\n",
      "3:17: tls.profile: \"custom\" is not available in this version; write intermediate or "
      "modern" },
    { WHOLE "tracing: { traceparent: generate }\n",
      "3:25: tracing.traceparent: \"generate\" is not available in this version; write pass or "
      "off" },
    { WHOLE "log: { access: { format: json } }\n",
      "3:18: log.access.format: is not available in this version: the access log is always JSON; "
      "remove it" },
};

static const struct refusal across[] = {
    { WHOLE "listeners: { http: { address: \"0.0.0.0:443\" } }\n",
      "3:31: listeners.http.address and listeners.https.address are the same; they need a port "
      "each" },
    { WHOLE "limits: { header: { bytes: 1KiB, uri: 2KiB } }\n",
      "3:11: limits.header.uri must not be larger than limits.header.bytes" },
    { WHOLE "defaults: { headers: { hsts: { preload: true } } }\n",
      "3:41: defaults.headers.hsts.preload needs include_subdomains: true and a max_age of at "
      "least 31536000" },
    { WHOLE "defaults: { health: { interval: 1s } }\n",
      "3:1: defaults: health.timeout must not be longer than health.interval" },
    { WHOLE "defaults: { outlier: { max_ejection: 1s } }\n",
      "3:1: defaults: outlier.max_ejection must not be shorter than outlier.base_ejection" },
    { WHOLE "policy: { backend_encryption: none }\n",
      "3:31: policy.backend_encryption: none needs exception: \"why that is right here\"" },
    { WHOLE "policy: { exception: because }\n",
      "3:22: policy.exception has no effect without backend_encryption: none; remove it" },
    { "version: 1\ndocker: {}\npolicy: { backend_encryption: mtls }\n",
      "3:31: policy.backend_encryption: mtls needs a certificate to show: policy.backend_tls: { "
      "cert: ..., key: ... }" },
    { "version: 1\ndocker: {}\npolicy: { backend_tls: { cert: /a } }\n",
      "3:11: policy.backend_tls.cert and policy.backend_tls.key belong together; give both" },
    { "version: 1\ndocker: {}\npolicy: { backend_tls: { key: \"config:a\", cert: /b } }\n",
      "3:9: policy: a config can be read by everybody who may inspect the swarm; make it a secret "
      "and write secret:NAME" },
    { "version: 1\ndocker: {}\npolicy: { backend_tls: { verify: off } }\n",
      "3:34: policy.backend_tls.verify: \"off\" is not known here; write full or ca" },
    { WHOLE "tls: { unknown_sni: clinic }\n",
      "3:21: tls.unknown_sni: no certificate \"clinic\" under tls.certificates; name one of them, "
      "or write reject" },
    { "version: 1\ndomains: { a.example: \"10.0.0.5:80\", b.example: \"10.0.0.5:80\" }\n",
      "2:23: 10.0.0.5:80 is not on this machine, so the hop to it would be in clear; write "
      "protocol: https when it speaks TLS, or policy: { backend_encryption: none, exception: "
      "\"why that is right here\" }, or use a loopback address" },
    { WHOLE "services: { s: { servers: [\"127.0.0.1:1\", \"[2001:db8::1]:2\"] } }\n",
      "3:43: [2001:db8::1]:2 is not on this machine, so the hop to it would be in clear; write "
      "protocol: https when it speaks TLS, or policy: { backend_encryption: none, exception: "
      "\"why that is right here\" }, or use a loopback address" },
};

static const struct refusal certificates[] = {
    { WHOLE "tls: { certificates: clinic }\n",
      "3:22: tls.certificates: must be a list, like [a, b]" },
    { WHOLE "tls: { certificates: [{ name: c, cert: /c }] }\n",
      "3:23: tls.certificates: \"key\" is missing: PEM file with its private key, which nobody "
      "else may be able to read unless it is under /run/secrets; secret:NAME is the Docker secret "
      "of "
      "that name." },
    { WHOLE "tls: { certificates: [{ name: \"a b\", cert: /c, key: /k }] }\n",
      "3:31: tls.certificates.name: \"a b\" is no name; use letters, digits, and _ . - within" },
    { WHOLE "tls: { certificates: [{ name: auto, cert: /c, key: /k }] }\n",
      "3:23: tls.certificates: \"auto\" has a meaning of its own, choose another name" },
    { WHOLE "tls: { certificates: [{ name: c, cert: /1, key: /1 }, { name: c, cert: /2, key: /2 "
            "}, { name: c, cert: /3, key: /3 }] }\n",
      "3:87: tls.certificates: the name \"c\" is there three times; a pair is one ECDSA and one "
      "RSA certificate, choose another name" },
    { WHOLE "tls: { certificates: [{ name: c, cert: /1, key: /1 }, { name: c, cert: /1, key: /1 "
            "}] }\n",
      "3:55: tls.certificates: the same file is there twice under the name \"c\", the first time "
      "in line 3; remove one" },
    { WHOLE "tls: { certificates: [x, { nam: c, cert: /c, key: /k }] }\n",
      "3:23: tls.certificates: must be a mapping, like { name: value }\n"
      "3:28: tls.certificates: \"nam\" is not known; did you mean \"name\"?" },
};

static const struct refusal versions[] = {
    { "domains: { a.example: \"127.0.0.1:80\" }\n",
      "1:1: \"version\" is missing; the first line must be version: 1" },
    { "version: 2\nbanana: 1\n",
      "1:10: this program reads files of version 1; the first line must be version: 1" },
    { "version: \"1.0\"\n",
      "1:10: this program reads files of version 1; the first line must be version: 1" },
    { "version: 1\n", "1:1: \"domains\" is missing; map one, like domains: { www.example.com: "
                      "\"127.0.0.1:3000\" }" },
};

#define EACH(refusals) assert_refusals(refusals, sizeof(refusals) / sizeof((refusals)[0]))

static void unknown_names_are_refused_with_the_one_that_was_meant(void **state)
{
    (void)state;
    EACH(names);
}

static void every_name_has_one_shape(void **state)
{
    (void)state;
    EACH(shapes);
}

static void wrong_values_are_refused_at_the_value(void **state)
{
    (void)state;
    EACH(values);
}

static void what_comes_later_is_refused_and_says_so(void **state)
{
    (void)state;
    EACH(later);
}

static void settings_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    EACH(across);
}

static void certificates_have_two_files_and_perhaps_a_name(void **state)
{
    (void)state;
    EACH(certificates);
}

static void version_and_domains_are_required(void **state)
{
    (void)state;
    EACH(versions);
}

static void all_errors_come_at_once_in_the_order_of_the_file(void **state)
{
    static const struct refusal all[] = {
        { "version: 1\ndomains: { a_b.example: x, b.example: 1 }\nshutdown: { delay: 5 }\n"
          "services: { s: { servers: [x] } }\nlimits: { a: 1, b: 2 }\nbanana: 1\n",
          "2:12: domains: \"a_b.example\": a domain has letters, digits, hyphens and dots only, no "
          "\"_\"\n"
          "2:25: domains.a_b.example: no service \"x\" under services; add services: { x: { "
          "servers: [\"127.0.0.1:8080\"] } }, or docker: {} to look it up in Swarm\n"
          "2:39: domains.b.example: no service \"1\" under services; add services: { 1: { "
          "servers: [\"127.0.0.1:8080\"] } }, or docker: {} to look it up in Swarm\n"
          "3:20: shutdown.delay: \"5\" has no unit; write 5ms, 5s, 5m or 5h\n"
          "4:28: services.s.servers: \"x\" has no port; write it as 127.0.0.1:8080 or [::1]:8080\n"
          "5:11: limits: \"a\" is not known; docs/configuration.md lists every setting\n"
          "5:17: limits: \"b\" is not known; docs/configuration.md lists every setting\n"
          "6:1: \"banana\" is not known; docs/configuration.md lists every setting" },
    };

    (void)state;
    EACH(all);
}

static void what_is_just_within_a_bound_is_accepted(void **state)
{
    struct settings *settings = assert_accepted(
        WHOLE
        "limits: { header: { bytes: 4KiB, uri: 4KiB } }\n"
        "defaults:\n"
        "  health: { interval: 3s, timeout: 3s, status: 100-599 }\n"
        "  outlier: { base_ejection: 5s, max_ejection: 5s }\n"
        "  headers: { hsts: { max_age: 31536000, include_subdomains: true, preload: true } }\n"
        "shutdown: { delay: 0s, drain: 10s }\n"
        "tls: { certificates: [{ cert: a, key: b }, { cert: a, key: b }, { cert: c, key: d "
        "}] }\n");

    (void)state;
    assert_int_equal(settings->certificate_count, 3); /* without a name there is no name twice */
    assert_int_equal(settings->service_defaults.health.status.most, 599);
    settings_free(settings);
}

/* Dotted names are put together in a buffer; a name may be longer than that. */
static void a_name_of_any_length_is_only_unknown(void **state)
{
    (void)state;
    for (size_t len = 100; len < 300; len++) {
        struct buffer yaml = { 0 };
        struct settings *settings = NULL;
        char *lines;

        buffer_append_text(&yaml, TEXT(WHOLE "limits: { header: { "));
        for (size_t i = 0; i < len; i++)
            buffer_append_byte(&yaml, 'a');
        buffer_append_text(&yaml, TEXT(": 1 } }\n"));
        lines = read_lines(buffer_text(&yaml), &settings);
        assert_null(settings);
        assert_non_null(strstr(lines, "f.yaml:3:21: error: limits.header: \"aaaa"));
        assert_non_null(strstr(lines, "a\" is not known; docs/configuration.md"));
        free(lines);
        buffer_done(&yaml);
    }
}

static void warnings_do_not_refuse_a_file(void **state)
{
    struct settings *settings = NULL;
    char *lines = read_lines(
        TEXT(WHOLE "policy: { backend_encryption: none, exception: \"a network of our own\" }\n"
                   "services: { s: { servers: [\"10.0.0.5:80\"] } }\n"
                   "shutdown: { delay: 5s, drain: 20s }\n"),
        &settings);

    (void)state;
    assert_non_null(settings);
    assert_string_equal(
        lines, "f.yaml:3:31: warning: requests go to the servers in clear: \"a network of our "
               "own\"\n"
               "f.yaml:4:13: warning: services: no route leads to \"s\"\n"
               "f.yaml:5:1: warning: shutdown.delay and shutdown.drain are 25 s together, and "
               "Docker kills after 10 s; write stop_grace_period: 30s in the stack file\n");
    assert_int_equal(settings->policy.backend_encryption, 1);
    free(lines);
    settings_free(settings);
}

static void settings_land_where_they_belong(void **state)
{
    struct settings *settings = assert_accepted(
        WHOLE "listeners: { https: { address: \"[::1]:8443\" }, http: { redirect_port: 443 } }\n"
              "tls: { profile: modern, groups: [X25519], ticket_secret: secret }\n"
              "limits: { header: { uri: 1KiB }, keepalive: { idle: 1s } }\n"
              "log: { access: { output: logs/access, sample: 0.5 }, error: { level: warn } }\n"
              "tracing: { traceparent: off }\n"
              "defaults: { headers: { forwarded: both }, timeout: { idle: 1m }, balance: "
              "source_hash }\n");

    (void)state;
    assert_int_equal(address_port(&settings->listeners.https), 8443);
    assert_int_equal(settings->listeners.redirect_port, 443);
    assert_int_equal(settings->tls.profile, TLS_PROFILE_MODERN);
    assert_int_equal(settings->tls.groups.count, 1);
    assert_true(settings->ticket_secret_given);
    assert_int_equal(settings->limits.header_uri_bytes, 1024);
    assert_int_equal(settings->limits.keepalive_idle_ms, 1000);
    assert_int_equal(settings->limits.keepalive_requests, 1000); /* its neighbour */
    assert_int_equal(settings->log.access_sample, 500000);
    assert_int_equal(settings->log.traceparent, TRACEPARENT_OFF);
    assert_int_equal(settings->headers.forwarded, FORWARDED_BOTH);
    assert_int_equal(settings->domains[0].routes[0].policy.idle_timeout_ms, 60000);
    assert_int_equal(settings->services[0].policy.balance, BALANCE_SOURCE_HASH);
    settings_free(settings);
}

static void relative_paths_begin_at_the_folder_of_the_file(void **state)
{
    struct problems problems = { 0 };
    struct settings *settings = settings_parse(
        "/etc/swarmward/map.yaml",
        TEXT(WHOLE "tls: { ticket_secret: t, certificates: [{ cert: c.crt, key: /k/c.key }] }\n"
                   "log: { access: { output: ./access } }\n"),
        &problems);

    (void)state;
    assert_non_null(settings);
    assert_true(text_equal(settings->tls.ticket_secret, TEXT("/etc/swarmward/t")));
    assert_true(text_equal(settings->certificates[0].cert_path, TEXT("/etc/swarmward/c.crt")));
    assert_true(text_equal(settings->certificates[0].key_path, TEXT("/k/c.key")));
    assert_true(text_equal(settings->log.access_output, TEXT("/etc/swarmward/./access")));
    settings_free(settings);
    problems_done(&problems);
}

static void a_file_that_is_not_there_is_one_problem(void **state)
{
    struct problems problems = { 0 };

    (void)state;
    assert_null(settings_load("/nowhere/f.yaml", &problems));
    assert_int_equal(problems.error_count, 1);
    assert_true(text_equal(buffer_text(&problems.lines),
                           TEXT("/nowhere/f.yaml: error: No such file or directory\n")));
    problems_done(&problems);
    assert_null(settings_load("/", &problems));
    assert_true(text_equal(buffer_text(&problems.lines), TEXT("/: error: not a regular file\n")));
    problems_done(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_names_are_refused_with_the_one_that_was_meant),
        cmocka_unit_test(every_name_has_one_shape),
        cmocka_unit_test(wrong_values_are_refused_at_the_value),
        cmocka_unit_test(what_comes_later_is_refused_and_says_so),
        cmocka_unit_test(settings_that_contradict_each_other_are_refused),
        cmocka_unit_test(certificates_have_two_files_and_perhaps_a_name),
        cmocka_unit_test(version_and_domains_are_required),
        cmocka_unit_test(all_errors_come_at_once_in_the_order_of_the_file),
        cmocka_unit_test(warnings_do_not_refuse_a_file),
        cmocka_unit_test(settings_land_where_they_belong),
        cmocka_unit_test(relative_paths_begin_at_the_folder_of_the_file),
        cmocka_unit_test(a_file_that_is_not_there_is_one_problem),
        cmocka_unit_test(what_is_just_within_a_bound_is_accepted),
        cmocka_unit_test(a_name_of_any_length_is_only_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
