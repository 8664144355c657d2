/* What no single setting can tell: settings that contradict each other, and names that lead
 * nowhere. */

#include "model/board.h"
#include "reading.h"

#define STOP_GRACE_MS 10000
#define YEAR_S        31536000

/* Where a setting was written; as deep as the file goes. */
static struct source_place place_at(const struct yaml_node *root, struct text name)
{
    const struct yaml_node *at = root;
    const struct yaml_node *child = root->first;
    struct text part;

    text_split(name, '.', &part, &name);
    while (child) {
        if (!text_equal(child->key, part)) {
            child = child->next;
            continue;
        }
        at = child;
        if (name.len == 0)
            break;
        text_split(name, '.', &part, &name);
        child = at->first;
    }
    return at == root || at->kind == YAML_SCALAR ? at->place : at->key_place;
}

static void check_listeners(struct reading *reading, const struct yaml_node *root)
{
    const struct listener_settings *listeners = &reading->settings->listeners;

    if (address_equal(&listeners->https, &listeners->http))
        reading_error(reading, NULL, place_at(root, TEXT("listeners.http.address")),
                      "listeners.http.address and listeners.https.address are the same; they "
                      "need a port each");
    if ((listeners->https_proxy_protocol || listeners->http_proxy_protocol) &&
        !listeners->trusted_proxies.count)
        reading_error(reading, NULL,
                      place_at(root, listeners->https_proxy_protocol
                                         ? TEXT("listeners.https.proxy_protocol")
                                         : TEXT("listeners.http.proxy_protocol")),
                      "the PROXY protocol needs listeners.trusted_proxies: the networks of the "
                      "load balancers that speak it, like [10.0.0.0/24]");
    if (!listeners->admin_enabled)
        return;
    if (address_equal(&listeners->admin, &listeners->https) ||
        address_equal(&listeners->admin, &listeners->http))
        reading_error(reading, NULL, place_at(root, TEXT("listeners.admin.address")),
                      "listeners.admin.address is that of another listener; it needs a port of its "
                      "own");
    else if (!address_is_loopback(&listeners->admin))
        reading_warning(reading, NULL, place_at(root, TEXT("listeners.admin.address")),
                        "listeners.admin.address can be reached from other machines, in clear; "
                        "never publish its port");
}

static void check_limits(struct reading *reading, const struct yaml_node *root)
{
    const struct limit_settings *limits = &reading->settings->limits;

    if (limits->header_uri_bytes > limits->header_bytes)
        reading_error(reading, NULL, place_at(root, TEXT("limits.header")),
                      "limits.header.uri must not be larger than limits.header.bytes");
}

static void check_headers(struct reading *reading, const struct yaml_node *root)
{
    const struct header_settings *headers = &reading->settings->headers;

    if (headers->hsts_preload &&
        (!headers->hsts_include_subdomains || headers->hsts_max_age_s < YEAR_S))
        reading_error(reading, NULL, place_at(root, TEXT("defaults.headers.hsts.preload")),
                      "defaults.headers.hsts.preload needs include_subdomains: true and a max_age "
                      "of at least %d",
                      YEAR_S);
}

void check_service_policy(struct reading *reading, const struct trail *trail,
                          struct source_place place, const struct service_policy *policy)
{
    if (policy->health.timeout_ms > policy->health.interval_ms)
        reading_error(reading, trail, place,
                      "health.timeout must not be longer than health.interval");
    if (policy->outlier.max_ejection_ms < policy->outlier.base_ejection_ms)
        reading_error(reading, trail, place,
                      "outlier.max_ejection must not be shorter than outlier.base_ejection");
}

/* A server that is not on this machine is reached in clear. */
static void check_hop(struct reading *reading, const struct server_settings *server)
{
    char address[ADDRESS_TEXT_BYTES];

    if (address_is_loopback(&server->address))
        return;
    address_print(&server->address, address);
    reading_error(reading, NULL, server->place,
                  "%s is not on this machine, so the hop to it would be in clear; write protocol: "
                  "https when it speaks TLS, or policy: { backend_encryption: none, exception: "
                  "\"why that is right here\" }, or use a loopback address",
                  address);
}

/* The file lets a hop go in clear, or every one has TLS, or each server is looked at. */
static void check_hops(struct reading *reading, const struct trail *trail,
                       const struct service_settings *service)
{
    switch ((enum backend_encryption)reading->settings->policy.backend_encryption) {
    case BACKEND_ENCRYPTION_NONE:
        break;
    case BACKEND_ENCRYPTION_OVERLAY:
        for (size_t i = 0; i < service->server_count; i++)
            if (!protocol_has_tls(service->policy.protocol))
                check_hop(reading, &service->servers[i]);
        break;
    case BACKEND_ENCRYPTION_TLS:
    case BACKEND_ENCRYPTION_MTLS:
        if (!service->in_swarm && !protocol_has_tls(service->policy.protocol))
            reading_warning(reading, trail, service->place,
                            "its protocol has no TLS, which policy.backend_encryption demands: its "
                            "requests are answered 503; write protocol: https");
        break;
    }
}

static void check_exception(struct reading *reading, const struct yaml_node *root)
{
    const struct policy_settings *policy = &reading->settings->policy;
    struct source_place place = place_at(root, TEXT("policy.backend_encryption"));
    bool is_none = policy->backend_encryption == BACKEND_ENCRYPTION_NONE;

    if (is_none && policy->exception.len == 0)
        reading_error(reading, NULL, place,
                      "policy.backend_encryption: none needs exception: \"why that is right "
                      "here\"");
    else if (is_none)
        reading_warning(reading, NULL, place, "requests go to the servers in clear: \"%.*s\"",
                        TEXT_ARGS(policy->exception));
    else if (policy->exception.len)
        reading_error(reading, NULL, place_at(root, TEXT("policy.exception")),
                      "policy.exception has no effect without backend_encryption: none; remove it");
}

static void check_policy(struct reading *reading, const struct yaml_node *root)
{
    const struct policy_settings *policy = &reading->settings->policy;
    const struct backend_tls_settings *tls = &policy->backend_tls;

    check_exception(reading, root);
    if (!tls->cert_path.len != !tls->key_path.len)
        reading_error(reading, NULL, place_at(root, TEXT("policy.backend_tls")),
                      "policy.backend_tls.cert and policy.backend_tls.key belong together; give "
                      "both");
    else if (policy->backend_encryption == BACKEND_ENCRYPTION_MTLS && !tls->cert_path.len)
        reading_error(reading, NULL, place_at(root, TEXT("policy.backend_encryption")),
                      "policy.backend_encryption: mtls needs a certificate to show: "
                      "policy.backend_tls: { cert: ..., key: ... }");
}

static void check_services(struct reading *reading, const struct yaml_node *root)
{
    static const struct trail services_trail = { .name = { "services", 8 } };
    static const struct trail defaults_trail = { .name = { "defaults", 8 } };
    const struct settings *settings = reading->settings;
    size_t servers = 0;

    check_service_policy(reading, &defaults_trail, place_at(root, TEXT("defaults")),
                         &settings->service_defaults);
    for (size_t i = 0; i < settings->service_count; i++) {
        const struct service_settings *service = &settings->services[i];
        struct trail trail = { .parent = &services_trail, .name = service->name };

        if (yaml_find(root, "services"))
            check_service_policy(reading, &trail, service->place, &service->policy);
        servers += service->server_count;
        check_hops(reading, &trail, service);
    }
    if (servers > BOARD_ENDPOINTS)
        reading_error(reading, NULL, root->place, "%zu servers are more than the limit of %d",
                      servers, BOARD_ENDPOINTS);
}

static void check_unused(struct reading *reading)
{
    static const struct trail trail = { .name = { "services", 8 } };
    const struct settings *settings = reading->settings;
    bool *used = arena_new(&reading->settings->arena, settings->service_count, sizeof(*used));

    for (size_t i = 0; i < settings->domain_count; i++)
        for (size_t j = 0; j < settings->domains[i].route_count; j++)
            used[settings->domains[i].routes[j].service_index] = true;
    for (size_t i = 0; i < settings->domain_count; i++)
        if (settings->domains[i].delivery->auth)
            used[settings->domains[i].delivery->auth->service_index] = true;
    if (settings->delivery.auth)
        used[settings->delivery.auth->service_index] = true;
    for (size_t i = 0; i < settings->service_count; i++)
        if (!used[i] && !settings->services[i].in_swarm) /* labels may lead there */
            reading_warning(reading, &trail, settings->services[i].place,
                            "no route leads to \"%.*s\"", TEXT_ARGS(settings->services[i].name));
}

static void check_unknown_sni(struct reading *reading, const struct yaml_node *root)
{
    struct text name = reading->settings->tls.unknown_sni;
    size_t index;

    if (!text_equal(name, TEXT("reject")) &&
        !string_map_get(&reading->certificate_names, name, &index))
        reading_error(reading, NULL, place_at(root, TEXT("tls.unknown_sni")),
                      "tls.unknown_sni: no certificate \"%.*s\" under tls.certificates; name one "
                      "of them, or write reject",
                      TEXT_ARGS(name));
}

static void check_shutdown(struct reading *reading, const struct yaml_node *root)
{
    const struct shutdown_settings *shutdown = &reading->settings->shutdown;
    int64_t sum = shutdown->delay_ms + shutdown->drain_ms;

    if (yaml_find(root, "shutdown") && sum > STOP_GRACE_MS)
        reading_warning(reading, NULL, place_at(root, TEXT("shutdown")),
                        "shutdown.delay and shutdown.drain are %lld s together, and Docker kills "
                        "after 10 s; write stop_grace_period: %llds in the stack file",
                        (long long)sum / 1000, (long long)sum / 1000 + 5);
}

void check_across(struct reading *reading, const struct yaml_node *root)
{
    check_listeners(reading, root);
    check_limits(reading, root);
    check_headers(reading, root);
    check_policy(reading, root);
    check_services(reading, root);
    check_unknown_sni(reading, root);
    if (reading->problems->error_count)
        return; /* advice about a file that is half read would be wrong */
    check_shutdown(reading, root);
    check_unused(reading);
}
