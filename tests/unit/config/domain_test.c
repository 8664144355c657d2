/* What is refused about domains, routes and services, word by word. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "refusals.h"

#define LABEL_64 "a234567890123456789012345678901234567890123456789012345678901234"
#define LABEL_50 "a2345678901234567890123456789012345678901234567890"

/* A file that maps this name, written as YAML. */
#define NAME(name) "version: 1\ndomains:\n  " name ": \"127.0.0.1:80\"\n"

static const struct refusal names[] = {
    { NAME("\"\""), "3:3: domains: \"\": a domain must not be empty" },
    { NAME("a..example"), "3:3: domains: \"a..example\": there is nothing between two dots" },
    { NAME(".example.com"),
      "3:3: domains: \".example.com\": write \"*.example.com\" for every name below it" },
    { NAME("example.com."),
      "3:3: domains: \"example.com.\": write the name without the dot at its end" },
    { NAME("\"*.\""), "3:3: domains: \"*.\": write the name without the dot at its end" },
    { NAME("\"*\""),
      "3:3: domains: \"*\": * may only be the whole first label, as in *.example.com" },
    { NAME("\"*a.example\""),
      "3:3: domains: \"*a.example\": * may only be the whole first label, as in *.example.com" },
    { NAME("\"a.*.example\""),
      "3:3: domains: \"a.*.example\": * may only be the whole first label, as in *.example.com" },
    { NAME("\"*.*.example\""),
      "3:3: domains: \"*.*.example\": * may only be the whole first label, as in *.example.com" },
    { NAME("-a.example"), "3:3: domains: \"-a.example\": \"-a\" must not begin or end with a "
                          "hyphen" },
    { NAME("a-.example"), "3:3: domains: \"a-.example\": \"a-\" must not begin or end with a "
                          "hyphen" },
    { NAME("a_b.example"), "3:3: domains: \"a_b.example\": a domain has letters, digits, hyphens "
                           "and dots only, no \"_\"" },
    { NAME("a b.example"), "3:3: domains: \"a b.example\": a domain has letters, digits, hyphens "
                           "and dots only, no \" \"" },
    { NAME("b\xc3\xbc"
           "cher.example"),
      "3:3: domains: \"b\xc3\xbc"
      "cher.example\": letters beyond ASCII must be written in their "
      "xn-- form (idn2 or a web page converts it)" },
    { NAME("192.0.2.1"),
      "3:3: domains: \"192.0.2.1\": an IP address is no domain; certificates and routes go by "
      "names" },
    { NAME("\"[::1]\""),
      "3:3: domains: \"[::1]\": an IP address is no domain; certificates and routes go by names" },
    { NAME("\"::1\""),
      "3:3: domains: \"::1\": an IP address is no domain; certificates and routes go by names" },
    { NAME("1.2.3"), "3:3: domains: \"1.2.3\": the last label must not be a number, browsers take "
                     "such a name for an IP address" },
    { NAME("\"a.example:443\""),
      "3:3: domains: \"a.example:443\": a domain has no port; the port of the service goes behind "
      "the service, where HTTPS is answered is listeners.https.address" },
    { NAME("https://a.example"), "3:3: domains: \"https://a.example\": a domain has no scheme and "
                                 "no path; write the name alone" },
    { NAME("a.example/b"), "3:3: domains: \"a.example/b\": a domain has no scheme and no path; "
                           "write the name alone" },
    { NAME(LABEL_64 ".example"),
      "3:3: domains: \"" LABEL_64 ".example\": \"a2345678901234567890...\" is longer than 63 "
      "letters" },
    { NAME(LABEL_50 "." LABEL_50 "." LABEL_50 "." LABEL_50 "." LABEL_50),
      "3:3: domains: \"" LABEL_50 "."
      "a2345678901234567890123456789\": a domain must not be "
      "longer than 253 letters" },
    { "version: 1\ndomains: { a.example: \"127.0.0.1:80\", A.Example: \"127.0.0.1:81\" }\n",
      "2:39: domains: \"a.example\" is there twice, the first time in line 2; remove one" },
    { "version: 1\ndomains:\n  a.example: { aliases: [b.example, A.example], routes: [{ service: "
      "\"127.0.0.1:80\" }] }\n  B.example: \"127.0.0.1:80\"\n",
      "3:37: domains.a.example.aliases: \"a.example\" is there twice, the first time in line 3; "
      "remove one\n"
      "4:3: domains: \"b.example\" is there twice, the first time in line 3; remove one" },
};

/* A file that maps a.example to this, with one service of two servers. */
#define MAPPED(value)                                                                              \
    "version: 1\nservices: { portal: { servers: [\"127.0.0.1:3000\", \"127.0.0.1:3001\"] } }\n"    \
    "domains:\n  a.example: " value "\n"

static const struct refusal mapped[] = {
    { MAPPED(""), "4:3: domains.a.example: has no value; write service:port, address:port, or { "
                  "routes: [...] }" },
    { MAPPED("[portal]"),
      "4:14: domains.a.example: must be mapped; write service:port, address:port, or { routes: "
      "[...] }" },
    { MAPPED("\"\""),
      "4:14: domains.a.example: must not be empty; write service:port or address:port" },
    { MAPPED("portla"), "4:14: domains.a.example: no service \"portla\" under services; did you "
                        "mean \"portal\"?" },
    { MAPPED("banana:80"),
      "4:14: domains.a.example: no service \"banana\" under services; add services: { banana: { "
      "servers: [\"127.0.0.1:8080\"] } }, or docker: {} to look it up in Swarm" },
    { MAPPED("localhost:80"),
      "4:14: domains.a.example: \"localhost\" is not looked up; write 127.0.0.1 or [::1] with the "
      "port" },
    { MAPPED("http://portal:80"),
      "4:14: domains.a.example: a service has no scheme and no path; write service:port or "
      "address:port" },
    { MAPPED("127.0.0.1"),
      "4:14: domains.a.example: the address 127.0.0.1 has no port; write it as 127.0.0.1:8080 or "
      "\"[::1]:8080\"" },
    { MAPPED("\"::1\""), "4:14: domains.a.example: the address ::1 has no port; write it as "
                         "127.0.0.1:8080 or \"[::1]:8080\"" },
    { MAPPED("127.0.0.1:0"), "4:14: domains.a.example: port 0 is not between 1 and 65535" },
    { MAPPED("\"[::1]:99999\""), "4:14: domains.a.example: port 99999 is not between 1 and 65535" },
    { MAPPED("portal:"), "4:20: not YAML: mapping values are not allowed in this context; quote a "
                         "value that has \": \" in it, and indent the lines of a mapping alike" },
    { MAPPED("\"portal:\""),
      "4:14: domains.a.example: \"\" is no port; write a number from 1 to 65535 behind the colon" },
    { MAPPED("portal:65536"),
      "4:14: domains.a.example: \"65536\" is no port; write a number from 1 to 65535 behind the "
      "colon" },
    { MAPPED("\":80\""), "4:14: domains.a.example: there is no service in front of the port; write "
                         "service:port or address:port" },
    { MAPPED("a:b:80"),
      "4:14: domains.a.example: \"a:b\" is no name; use letters, digits, and _ . - within" },
    { MAPPED("\"" LABEL_64 ":80\""),
      "4:14: domains.a.example: the name of a service has at most 63 letters" },
    { MAPPED("portal:3000"),
      "4:14: domains.a.example: the servers of \"portal\" have ports of their own, in line 2 it is "
      "3001 and not 3000; leave the port out" },
    { MAPPED("{ certificate: auto }"),
      "4:14: domains.a.example: has no routes; write routes: [{ path: /, service: ... }]" },
    { MAPPED("{ service: portal }"),
      "4:14: domains.a.example: has no routes; write routes: [{ path: /, service: ... }]\n"
      "4:16: domains.a.example: \"service\" belongs to a route; write routes: [{ path: /, service: "
      "... }]" },
    { MAPPED("{ route: [] }"),
      "4:14: domains.a.example: has no routes; write routes: [{ path: /, service: ... }]\n"
      "4:16: domains.a.example: \"route\" is not known; did you mean \"routes\"?" },
    { MAPPED("{ certificate: clinic, routes: [{ service: portal }] }"),
      "4:29: domains.a.example.certificate: no certificate \"clinic\" under tls.certificates; name "
      "one of them, or write auto" },
    { MAPPED("{ certificate: acme, routes: [{ service: portal }] }"),
      "4:29: domains.a.example.certificate: \"acme\" is not available in this version" },
    { MAPPED("{ certificate: [c], routes: [{ service: portal }] }"),
      "4:29: domains.a.example.certificate: must be one value" },
    { MAPPED(
          "{ certificate: klinic, routes: [{ service: portal }] }\ntls: { certificates: [{ name: "
          "clinic, cert: c, key: k }] }"),
      "4:29: domains.a.example.certificate: no certificate \"klinic\" under tls.certificates; did "
      "you mean \"clinic\"?" },
    { MAPPED("{ redirect: www_to_apex, routes: [{ service: portal }] }"),
      "4:26: domains.a.example.redirect: needs a name both with and without www.; write the other "
      "one under aliases" },
    { MAPPED("{ redirect: apex_to_www, aliases: [www.b.example], routes: [{ service: portal }] }"),
      "4:26: domains.a.example.redirect: needs a name both with and without www.; write the other "
      "one under aliases" },
    { MAPPED("{ redirect: www, routes: [{ service: portal }] }"),
      "4:26: domains.a.example.redirect: \"www\" is not known here; write none, www_to_apex or "
      "apex_to_www" },
    { MAPPED("{ access: { allow: [10.0.0.1] }, routes: [{ service: portal }] }"),
      "4:34: domains.a.example.access.allow: \"10.0.0.1\" is no range of addresses; write it like "
      "10.0.0.0/24" },
    { MAPPED("{ access: { deny: 10.0.0.0/8 }, routes: [{ service: portal }] }"),
      "4:32: domains.a.example.access.deny: must be a list, like [a, b]" },
    { MAPPED("{ access: { alow: [] }, routes: [{ service: portal }] }"),
      "4:26: domains.a.example.access: \"alow\" is not known; did you mean \"allow\"?" },
    { MAPPED("{ rate_limit: { burst: 5 }, routes: [{ service: portal }] }"),
      "4:28: domains.a.example.rate_limit: burst has no effect without rate; remove it, or add "
      "rate: 20/s" },
    { MAPPED("{ basic_auth: { forward: true }, routes: [{ service: portal }] }"),
      "4:28: domains.a.example.basic_auth: forward has no effect without users_file; remove it "
      "(without users_file the field Authorization always goes on)" },
    { MAPPED("{ basic_auth: { users_file: \"config:users\" }, routes: [{ service: portal }] }"),
      "4:28: domains.a.example.basic_auth: a config can be read by everybody who may inspect the "
      "swarm; make it a secret and write secret:NAME" },
    { MAPPED("{ redirects: [{ path: /a, to: /a/b }], routes: [{ service: portal }] }"),
      "4:28: domains.a.example.redirects: /a/b is beneath /a, so the redirect would lead to "
      "itself" },
    { MAPPED("{ redirects: [{ path: /, to: /new }], routes: [{ service: portal }] }"),
      "4:28: domains.a.example.redirects: /new is beneath /, so the redirect would lead to "
      "itself" },
    { MAPPED("{ redirects: [{ path: /a }], routes: [{ service: portal }] }"),
      "4:28: domains.a.example.redirects: \"to\" is missing: Where to: a path of the same domain, "
      "or https://HOST/PATH. What follows `path` in the request, and its query, are put behind "
      "it." },
    { MAPPED("{ redirects: [{ path: /a, to: /b }, { path: /a/, to: /c }], routes: [{ service: "
             "portal }] }"),
      "4:50: domains.a.example.redirects: the path /a is there twice, the first time in line 4; "
      "remove one" },
    { MAPPED("{ redirects: [{ path: /a, to: \"//evil\" }, { path: a, to: /c }], routes: [{ "
             "service: portal }] }"),
      "4:56: domains.a.example.redirects: path must begin with /" },
    { MAPPED("{ redirects: [{ path: /a, to: \"https://u@evil/\" }], routes: [{ service: portal }] "
             "}"),
      "4:44: domains.a.example.redirects.to: must have a host behind its scheme, and no user" },
    { MAPPED("{ redirects: [{ path: /a, to: \"/b?c\" }], routes: [{ service: portal }] }"),
      "4:44: domains.a.example.redirects.to: may have visible ASCII without ?, # and \\ only; the "
      "query of the request goes along by itself" },
    { MAPPED("{ redirects: [{ path: /a, to: /b, status: 200 }], routes: [{ service: portal }] }"),
      "4:56: domains.a.example.redirects.status: must be one of 301, 302, 303, 307, 308" },
    { MAPPED("{ aliases: b.example, routes: [{ service: portal }] }"),
      "4:25: domains.a.example.aliases: must be a list, like [a, b]" },
    { MAPPED("{ aliases: [b.example, [c.example]], routes: [{ service: portal }] }"),
      "4:37: domains.a.example.aliases: must be one value" },
};

#define ROUTES(list) MAPPED("{ routes: " list " }")

static const struct refusal routes[] = {
    { ROUTES("[]"), "4:24: domains.a.example.routes: must not be empty" },
    { ROUTES("portal"), "4:24: domains.a.example.routes: must be a list, like [a, b]" },
    { ROUTES("[portal]"),
      "4:25: domains.a.example.routes: must be a mapping, like { name: value }" },
    { ROUTES("[{ path: / }]"),
      "4:25: domains.a.example.routes: \"service\" is missing: Where its requests go: a name under "
      "`services` or of a service in Swarm, perhaps with :PORT, or the ADDRESS:PORT of one fixed "
      "server." },
    { ROUTES("[{ service: portal, path: api }]"),
      "4:50: domains.a.example.routes: must begin with /" },
    { ROUTES("[{ service: portal, path: \"\" }]"),
      "4:50: domains.a.example.routes.path: must not be empty" },
    { ROUTES("[{ service: portal, path: /a/../b }]"),
      "4:50: domains.a.example.routes: \"..\" is removed from every request before routes are "
      "looked for, so it never matches; write the path without it" },
    { ROUTES("[{ service: portal, path: /a/. }]"),
      "4:50: domains.a.example.routes: \".\" is removed from every request before routes are "
      "looked for, so it never matches; write the path without it" },
    { ROUTES("[{ service: portal, path: /a//b }]"),
      "4:50: domains.a.example.routes: there is nothing between two slashes" },
    { ROUTES("[{ service: portal, path: /a// }]"),
      "4:50: domains.a.example.routes: there is nothing between two slashes" },
    { ROUTES("[{ service: portal, path: // }]"),
      "4:50: domains.a.example.routes: there is nothing between two slashes" },
    { ROUTES("[{ service: portal, path: /a%20b }]"),
      "4:50: domains.a.example.routes: escapes like %20 are never decoded for matching, so a route "
      "cannot have them; end it in front" },
    { ROUTES("[{ service: portal, path: \"/a?b\" }]"),
      "4:50: domains.a.example.routes: routes match on the path only; write it without what "
      "follows the ?" },
    { ROUTES("[{ service: portal, path: /a#b }]"),
      "4:50: domains.a.example.routes: routes match on the path only; write it without what "
      "follows the #" },
    { ROUTES("[{ service: portal, path: '/a\\b' }]"),
      "4:50: domains.a.example.routes: a path has letters, digits and -._~!$&'()*+,;=:@ between "
      "its slashes only" },
    { ROUTES("[{ service: portal }, { service: portal, path: /, name: b }]"),
      "4:46: domains.a.example.routes: the path / is there twice with the same priority, the first "
      "time in line 4; remove one" },
    { ROUTES("[{ service: portal, path: /a }, { service: portal, path: /a/, priority: 0, name: b "
             "}]"),
      "4:56: domains.a.example.routes: the path /a is there twice with the same priority, the "
      "first time in line 4; remove one" },
    { ROUTES("[{ service: portal, name: a }, { service: portal, path: /b, name: a }]"),
      "4:55: domains.a.example.routes: the name \"a\" is there twice, the first time in line 4; "
      "choose another name" },
    { ROUTES("[{ service: portal, priority: 1001 }]"),
      "4:54: domains.a.example.routes.priority: must be between 0 and 1000" },
    { ROUTES("[{ service: portal, balance: round_robin }]"),
      "4:44: domains.a.example.routes: \"balance\" belongs to a service; write it under services "
      "or defaults" },
    { ROUTES("[{ service: portal, health: { path: / } }]"),
      "4:44: domains.a.example.routes: \"health\" belongs to a service; write it under services or "
      "defaults" },
    { ROUTES("[{ service: portal, heal: { path: / } }]"),
      "4:44: domains.a.example.routes: \"heal\" is not known; docs/configuration.md lists every "
      "setting" },
    { ROUTES("[{ service: portal, timeout: { conect: 1s } }]"),
      "4:55: domains.a.example.routes.timeout: \"conect\" is not known; did you mean "
      "\"connect\"?" },
    { ROUTES("[{ service: portal, sticky: { cookie: \"a=b\" } }]"),
      "4:62: domains.a.example.routes.sticky.cookie: may have letters, digits and "
      "!#$%&'*+-.^_`|~ only" },
    { ROUTES("[{ service: \"portal:80\", port: 80 }]"),
      "4:36: domains.a.example.routes: the port is there twice, in \"portal:80\" and as 80; remove "
      "one" },
    { ROUTES("[{ service: \"127.0.0.1:80\", port: 80 }]"),
      "4:36: domains.a.example.routes: the port is there twice, in \"127.0.0.1:80\" and as 80; "
      "remove one" },
    { ROUTES("[{ service: portal, port: 3001 }]"),
      "4:36: domains.a.example.routes: the servers of \"portal\" have ports of their own, in line "
      "2 it is 3000 and not 3001; leave the port out" },
    { ROUTES("[{ service: portal, port: 0 }]"),
      "4:50: domains.a.example.routes.port: must be between 1 and 65535" },
    { ROUTES("[{ service: portal, protocol: h2c }]"),
      "4:44: domains.a.example.routes: \"protocol\" belongs to a service; write it under services "
      "or "
      "defaults" },
};

#define SERVICES(value)                                                                            \
    "version: 1\ndomains: { a.example: \"127.0.0.1:80\" }\nservices: " value "\n"

static const struct refusal services[] = {
    { SERVICES("[s]"), "3:11: services: must be a mapping, like { name: value }" },
    { SERVICES("{ s: }"),
      "3:13: services.s: has no value; write a mapping, like { name: value }, or remove it" },
    { SERVICES("{ s: [\"127.0.0.1:1\"] }"),
      "3:16: services.s: must be a mapping; write { servers: [...] }" },
    { SERVICES("{ s: { balance: source_hash } }"),
      "3:16: services.s: has no servers; write servers: [\"127.0.0.1:3000\"], or docker: {} "
      "when it is a service in Swarm" },
    { SERVICES("{ s: { servers: [] } }"), "3:27: services.s.servers: must not be empty" },
    { SERVICES("{ s: { servers: \"127.0.0.1:1\" } }"),
      "3:27: services.s.servers: must be a list, like [a, b]" },
    { SERVICES("{ s: { servers: [localhost:80] } }"),
      "3:28: services.s.servers: \"localhost\" is no IPv4 or IPv6 address" },
    { SERVICES("{ s: { servers: [\"127.0.0.1:1\", \"127.0.0.1:1\"] } }"),
      "3:43: services.s.servers: the same address is there twice, the first time in line 3; give "
      "one a weight instead" },
    { SERVICES("{ s: { servers: [{ weight: 2 }] } }"),
      "3:28: services.s.servers: \"address\" is missing: IP address and port, like 127.0.0.1:3000 "
      "or \"[::1]:3000\"." },
    { SERVICES("{ s: { servers: [{ address: \"127.0.0.1:1\", weight: 0 }] } }"),
      "3:62: services.s.servers.weight: must be between 1 and 256" },
    { SERVICES("{ s: { servers: [[x], ~] } }"),
      "3:28: services.s.servers: must be a mapping, like { name: value }\n"
      "3:33: services.s.servers: has no value; write a mapping, like { name: value }, or remove "
      "it" },
    { SERVICES("{ s: { servers: [\"127.0.0.1:1\"], retries: 2 } }"),
      "3:44: services.s: \"retries\" belongs to a route; write it in the route or under defaults" },
    { SERVICES("{ s: { servers: [\"127.0.0.1:1\"], health: { timeout: 20s } } }"),
      "3:13: services.s: health.timeout must not be longer than health.interval" },
    { SERVICES("{ \"a b\": { servers: [\"127.0.0.1:1\"] } }"),
      "3:13: services: \"a b\" is no name; use letters, digits, and _ . - within" },
    { SERVICES("{ 127.0.0.1: { servers: [\"127.0.0.1:1\"] } }"),
      "3:13: services: an IP address is no name for a service; addresses go under servers" },
    { SERVICES("{ \"\": { servers: [\"127.0.0.1:1\"] } }"),
      "3:13: services: the name of a service has 1 to 63 letters" },
};

#define EACH(refusals) assert_refusals(refusals, sizeof(refusals) / sizeof((refusals)[0]))

static void names_are_letters_digits_and_hyphens_and_there_once(void **state)
{
    (void)state;
    EACH(names);
}

static void a_domain_is_mapped_to_something_that_is_there(void **state)
{
    (void)state;
    EACH(mapped);
}

static void routes_can_all_be_reached(void **state)
{
    (void)state;
    EACH(routes);
}

static void services_have_servers(void **state)
{
    (void)state;
    EACH(services);
}

static void no_domain_at_all_is_a_mistake(void **state)
{
    static const struct refusal none[] = {
        { "version: 1\ndomains: {}\n",
          "2:10: domains: must not be empty; map one, like www.example.com: \"127.0.0.1:3000\"" },
        { "version: 1\ndomains:\n",
          "2:1: domains: has no value; write a mapping, like { name: value }, or remove it" },
    };

    (void)state;
    EACH(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_letters_digits_and_hyphens_and_there_once),
        cmocka_unit_test(a_domain_is_mapped_to_something_that_is_there),
        cmocka_unit_test(routes_can_all_be_reached),
        cmocka_unit_test(services_have_servers),
        cmocka_unit_test(no_domain_at_all_is_a_mistake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
