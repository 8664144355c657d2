/*
 * `swarmward explain URL`: which domain, route, service and endpoints a request would meet, under
 * which policy, and where it would end when it meets none. Walks the same tables as a worker and
 * sends nothing.
 */

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "commands.h"
#include "endpoint_facts.h"
#include "explain_facts.h"
#include "explain_policy.h"
#include "http/http_path.h"
#include "json_out.h"
#include "snapshot_facts.h"
#include "swarm_facts.h"

#define HOST_BYTES 256
#define URL_BYTES  8192

/* A URL in its parts; views of what was asked, but for the host. */
struct target {
    bool https;
    uint16_t port; /* 0: not given */
    struct text host;
    struct text path;
    char host_bytes[HOST_BYTES]; /* lower case */
};

static int parse_port(struct text text, uint16_t *port_out, struct err *err)
{
    uint64_t port;

    if (!text_to_u64(text, &port) || port == 0 || port > 65535)
        return err_set(err, "the URL has no valid port: %.*s", TEXT_ARGS(text));
    *port_out = (uint16_t)port;
    return 0;
}

static int parse_authority(struct text authority, struct target *target, struct err *err)
{
    struct text port;

    if (text_find(authority, '@') < authority.len)
        return err_set(err, "the URL names a user; leave it out");
    if (text_starts(authority, TEXT("[")) || address_is_literal(authority))
        return err_set(err, "domains are names; no request for an IP address is ever forwarded");
    if (text_split(authority, ':', &authority, &port) && parse_port(port, &target->port, err) < 0)
        return -1;
    if (!authority.len || authority.len >= sizeof(target->host_bytes))
        return err_set(err, "the URL has no host name, or one that is too long");
    text_to_buffer(authority, target->host_bytes, sizeof(target->host_bytes));
    text_lower(target->host_bytes, authority.len);
    target->host = text_make(target->host_bytes, authority.len);
    return 0;
}

/* "https://host:port/path?query"; without a scheme it is https. */
static int parse_url(struct text url, struct target *target, struct err *err)
{
    struct text rest = url;
    size_t slash;

    *target = (struct target){ .https = true, .path = TEXT("/") };
    if (url.len > URL_BYTES)
        return err_set(err, "the URL is longer than any request may be");
    if (text_starts(url, TEXT("http://")))
        target->https = false;
    if (text_starts(url, TEXT("https://")) || !target->https)
        rest = text_from(url, target->https ? 8 : 7);
    else if (memmem(url.at, url.len, "://", 3))
        return err_set(err, "only http:// and https:// are served");
    rest = text_first(rest, text_find(rest, '#'));
    rest = text_first(rest, text_find(rest, '?'));
    slash = text_find(rest, '/');
    if (slash < rest.len)
        target->path = text_from(rest, slash);
    return parse_authority(text_first(rest, slash), target, err);
}

static void write_target(const struct target *target, struct text method, struct json_out *json)
{
    json_put_text(json, "method", method);
    json_put_text(json, "scheme", target->https ? TEXT("https") : TEXT("http"));
    json_put_text(json, "host", target->host);
    json_put_text(json, "path", target->path);
}

static const char *verdict_outcome(const struct verdict *verdict)
{
    if (verdict->status == 0)
        return "forwarded";
    return verdict->status >= 300 && verdict->status < 400 ? "redirected" : "refused";
}

static void write_verdict(const struct verdict *verdict, struct json_out *json)
{
    json_put_text(json, "outcome", text_of(verdict_outcome(verdict)));
    if (verdict->status > 0)
        json_put_number(json, "status", verdict->status);
    json_put_text(json, "reason", text_of(verdict->reason));
    json_put_text(json, "why", verdict->why);
}

/* Returns how many endpoints may be used. */
static size_t write_service(const struct control *control, const struct snapshot_service *service,
                            struct json_out *json)
{
    size_t usable = 0;

    json_put_object(json, "service");
    json_put_text(json, "name", service->name);
    json_put_array(json, "endpoints");
    for (uint32_t i = 0; i < service->endpoint_count; i++)
        usable += endpoint_write(control->board, &service->endpoints[i], json);
    json_put_array_end(json);
    json_put_number(json, "usable", (int64_t)usable);
    explain_write_fields("policy", &service_fields, service->policy, json);
    explain_write_service(control->snapshot, service, json);
    json_put_object_end(json);
    return usable;
}

static struct verdict explain_route(const struct control *control,
                                    const struct snapshot_domain *domain,
                                    const struct snapshot_route *route, struct json_out *json)
{
    const struct snapshot_service *service = &control->snapshot->services[route->service];
    bool is_guarded;
    size_t usable;

    json_put_object(json, "route");
    json_put_text(json, "name", route->name);
    json_put_text(json, "path", route->path);
    json_put_number(json, "priority", route->priority);
    explain_write_fields("policy", &route_fields, route->policy, json);
    json_put_object_end(json);
    is_guarded = explain_write_auth(control, domain, json);
    usable = write_service(control, service, json);
    if (!is_guarded)
        return (struct verdict){ 503, "auth_unavailable",
                                 TEXT("nobody of the service of forward_auth can be asked, so that "
                                      "nobody is let in") };
    if (service->refusal != SERVICE_SERVED)
        return (struct verdict){ 503, service_refusal_reason(service->refusal), service->why };
    if (service->endpoint_count == 0)
        return (struct verdict){ 503, "no_endpoint", TEXT("the service has no endpoint") };
    if (usable == 0)
        return (struct verdict){ 503, "no_endpoint",
                                 TEXT("every endpoint of the service is down or ejected") };
    return (struct verdict){ 0, "", TEXT("it goes to one of the usable endpoints of the service") };
}

static bool is_in_date(const struct snapshot *snapshot, const struct snapshot_domain *domain)
{
    int64_t now_s = clock_wall_s();

    for (int kind = 0; kind < KEY_KIND_COUNT; kind++) {
        uint32_t index = domain->certificates[kind];

        if (index != SNAPSHOT_NONE && snapshot->certificates[index].not_before_s <= now_s &&
            snapshot->certificates[index].not_after_s >= now_s)
            return true;
    }
    return false;
}

static struct verdict explain_path(const struct control *control,
                                   const struct snapshot_domain *domain, struct text path,
                                   struct json_out *json)
{
    const struct snapshot_route *route;
    char *room = memory_new(path.len + 1);
    struct verdict verdict;
    struct text normal;

    if (!http_path_normalise(path, room, &normal)) {
        verdict =
            (struct verdict){ 400, "bad_path",
                              TEXT("the path has a bad escape, a backslash, or climbs above /") };
    } else {
        route = snapshot_find_route(control->snapshot, domain, normal);
        verdict = explain_policy(domain, route, normal, json);
        if (verdict.status == 0 && route)
            verdict = explain_route(control, domain, route, json);
        else if (verdict.status == 0)
            verdict =
                (struct verdict){ 404, "no_such_route",
                                  TEXT("the domain has no route whose path begins this one") };
    }
    free(room);
    return verdict;
}

/* Does it depend on who asks? */
static bool chooses(const struct snapshot *snapshot, const struct snapshot_domain *domain)
{
    return domain->policy || domain->client_auth.mode == CLIENT_AUTH_REQUIRED ||
           (domain->delivery < snapshot->deliveries.count &&
            snapshot->deliveries.items[domain->delivery].policy.forward_auth.service.len > 0);
}

static struct verdict explain_domain(const struct control *control, const struct target *target,
                                     struct json_out *json)
{
    const struct snapshot *snapshot = control->snapshot;
    const struct snapshot_domain *domain = snapshot_find_domain(snapshot, target->host);
    const struct quarantined_service *claim = swarm_find_claim(control, target->host);
    struct verdict verdict;
    char name[256];

    if (claim) {
        json_put_object(json, "quarantined");
        swarm_write_quarantined(claim, json);
        json_put_object_end(json);
    }

    if (!domain && (snapshot->fallback_certificates[KEY_ECDSA] != SNAPSHOT_NONE ||
                    snapshot->fallback_certificates[KEY_RSA] != SNAPSHOT_NONE))
        return (
            struct verdict){ 404, "no_such_domain",
                             TEXT("no domain has this name; the handshake gets the certificate of "
                                  "tls.unknown_sni") };
    if (!domain && claim)
        return (struct verdict){ -1, "unrecognized_name",
                                 TEXT("no domain has this name, because the labels of the service "
                                      "that claims it are quarantined; the TLS handshake is "
                                      "refused") };
    if (!domain)
        return (struct verdict){ -1, "unrecognized_name",
                                 TEXT("no domain has this name; the TLS handshake is refused") };
    json_put_object(json, "domain");
    json_put_text(json, "name", snapshot_domain_name(domain, name));
    json_put_text(json, "matched", domain->wildcard ? TEXT("wildcard") : TEXT("exact"));
    snapshot_write_certificates(snapshot, domain->certificates, "certificates", json);
    if (domain->policy)
        explain_write_fields("policy", &domain_policy_fields, &domain->policy->settings, json);
    explain_write_domain(snapshot, domain, json);
    json_put_object_end(json);
    verdict = explain_path(control, domain, target->path, json);
    if (verdict.status == 0 && chooses(snapshot, domain))
        verdict.why = TEXT("it goes to one of the usable endpoints of the service, for those whom "
                           "the policy of the domain lets in");
    if (verdict.status == 0 && !is_in_date(snapshot, domain))
        verdict.why =
            TEXT("it would be forwarded, but the certificate is out of date: clients refuse it");
    return verdict;
}

int explain_write(struct control *control, struct text url, struct text method,
                  struct json_out *json, struct err *err)
{
    struct target target;
    struct verdict verdict;

    if (!control->snapshot)
        return err_set(err, "nothing is served yet");
    if (!url.len)
        return err_set(err, "no URL was given; for example https://portal.example/path");
    if (parse_url(url, &target, err) < 0)
        return -1;
    write_target(&target, method, json);
    if (!target.https)
        verdict = (struct verdict){ (int)control->snapshot->listeners.redirect_status, "",
                                    TEXT("plain HTTP is only ever redirected to https") };
    else
        verdict = explain_domain(control, &target, json);
    write_verdict(&verdict, json);
    return 0;
}
