/*
 * File, labels and swarm -> one mapping. The file's part is here: its services, its routes with
 * what labels say beneath them, its domains; mapping_labels.c has the labels' part, mapping_swarm.c
 * the tasks'. Called by loader.c for every snapshot and by check.c.
 */

#include "mapping.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/log.h"
#include "base/memory.h"
#include "mapping_private.h"

#define DOMAIN_BYTES 256

/* An endpoint is who it is, not where: of two services at one address each has its own counters. */
static uint64_t fixed_identity(uint64_t service, const struct address *address)
{
    uint64_t identity = hash_mix(service ^ hash_mix(address_hash(address)));

    return identity ? identity : 1;
}

struct text mapping_protocol_why(const struct mapper *mapper, int protocol)
{
    int encryption = mapper->file->policy.backend_encryption;
    bool demanded = encryption == BACKEND_ENCRYPTION_TLS || encryption == BACKEND_ENCRYPTION_MTLS;

    if (demanded && !protocol_has_tls(protocol))
        return TEXT("its protocol has no TLS, which policy.backend_encryption demands; write "
                    "protocol: https when it speaks TLS");
    if (protocol_has_tls(protocol) && !mapper->sources->file->backend_tls.ca.len)
        return TEXT("there is no CA to verify it with; name one in policy.backend_tls.ca, or "
                    "install the package ca-certificates");
    return TEXT_NONE;
}

uint64_t mapping_identity(const struct mapper *mapper, int protocol, uint64_t identity)
{
    uint64_t mixed = identity;

    if (protocol != PROTOCOL_HTTP1)
        mixed = hash_mix(mixed ^ hash_mix((uint64_t)protocol));
    if (protocol_has_tls(protocol))
        mixed = hash_mix(mixed ^ mapper->sources->file->backend_tls.hash);
    return mixed ? mixed : 1;
}

static size_t add_fixed_service(struct mapper *mapper, const struct service_settings *from)
{
    struct mapping *mapping = mapper->mapping;
    struct mapped_service *service =
        ARRAY_PUSH(mapping->services, mapping->service_count, mapping->service_capacity);

    *service = (struct mapped_service){
        .name = arena_text(&mapping->arena, from->name),
        .policy = from->policy,
        .why = mapping_protocol_why(mapper, from->policy.protocol),
        .identity = hash_text(from->name),
        .endpoints = arena_new(&mapping->arena, from->server_count, sizeof(*service->endpoints)),
        .endpoint_count = from->server_count,
    };
    if (service->why.len)
        service->refusal = SERVICE_NOT_ENCRYPTED;
    for (size_t i = 0; i < from->server_count; i++) {
        const struct server_settings *server = &from->servers[i];
        char text[ADDRESS_TEXT_BYTES];
        size_t len = address_print(&server->address, text);

        service->endpoints[i] = (struct mapped_endpoint){
            .name = arena_text(&mapping->arena, text_make(text, len)),
            .address = server->address,
            .identity = mapping_identity(mapper, from->policy.protocol,
                                         fixed_identity(service->identity, &server->address)),
            .weight = (uint32_t)server->weight,
            .pooled = true,
        };
    }
    return mapping->service_count - 1;
}

bool mapping_is_written(const struct domain_settings *domain, const char *setting)
{
    const struct field *field = fields_find(&domain_policy_fields, text_of(setting));

    return domain && domain->policy_given >> (field - domain_policy_fields.fields) & 1;
}

/* The labels in force of a service in Swarm; NULL: it has none. */
static const struct label_settings *labels_of(const struct mapper *mapper,
                                              const struct route_settings *route)
{
    const struct service_settings *to = &mapper->file->services[route->service_index];
    const struct swarm_service *service =
        mapper->swarm && to->in_swarm ? swarm_find(mapper->swarm, to->name) : NULL;
    const struct label_settings *labels =
        service ? mapper->labels[service - mapper->swarm->services] : NULL;

    return labels && labels->route_count ? labels : NULL;
}

/* A route of the file to a service in Swarm: what the file does not say, the labels may. */
static size_t swarm_service_of(struct mapper *mapper, const struct route_settings *route,
                               const struct label_route *labels)
{
    const struct service_settings *service = &mapper->file->services[route->service_index];
    struct service_policy policy = service->policy;
    struct swarm_route wanted = {
        .service = service->name,
        .network = route->network,
        .port = route->port,
        .policy = &policy,
    };

    if (labels) {
        fields_overlay(&service_fields, &policy, &labels->service_policy,
                       labels->service_given & ~service->policy_given);
        if (!wanted.network.len)
            wanted.network = labels->network;
        if (!wanted.port)
            wanted.port = labels->port;
    }
    return mapping_swarm_service(mapper, &wanted);
}

static const struct route_policy *route_policy_of(struct mapper *mapper,
                                                  const struct route_settings *route,
                                                  const struct label_route *labels)
{
    struct route_policy *policy;

    if (!labels || !(labels->policy_given & ~route->policy_given))
        return &route->policy;
    policy = arena_new(&mapper->mapping->arena, 1, sizeof(*policy));
    *policy = route->policy;
    fields_overlay(&route_fields, policy, &labels->policy,
                   labels->policy_given & ~route->policy_given);
    return policy;
}

static void map_route(struct mapper *mapper, const struct route_settings *from, const size_t *fixed,
                      struct mapped_route *route)
{
    const struct service_settings *service = &mapper->file->services[from->service_index];
    const struct label_settings *all_labels = labels_of(mapper, from);
    const struct label_route *labels = all_labels ? &all_labels->routes[0] : NULL;

    *route = (struct mapped_route){
        .name = from->name,
        .path = from->path,
        .service =
            service->in_swarm ? swarm_service_of(mapper, from, labels) : fixed[from->service_index],
        .priority = from->priority,
        .maintenance = all_labels && all_labels->maintenance,
        .policy = route_policy_of(mapper, from, labels),
    };
}

/* Returns its index. */
static size_t map_delivery(struct mapper *mapper, const struct delivery_settings *from,
                           const size_t *fixed)
{
    struct mapping *mapping = mapper->mapping;
    struct mapped_delivery delivery = { .settings = from };

    if (mapping->delivery_count && from == mapping->deliveries[0].settings)
        return 0;
    if (from->auth)
        map_route(mapper, from->auth, fixed, &delivery.auth);
    *ARRAY_PUSH(mapping->deliveries, mapping->delivery_count, mapping->delivery_capacity) =
        delivery;
    return mapping->delivery_count - 1;
}

static bool is_label_host(const struct mapper *mapper, struct text host)
{
    size_t unused;

    return mapper->host_count && string_map_get(&mapper->label_hosts, host, &unused);
}

/* Names to which labels add routes have entries of their own. */
static void add_host(const struct mapper *mapper, struct mapped_domain *domain, struct text host)
{
    if (!is_label_host(mapper, host))
        domain->hosts[domain->host_count++] = host;
}

static struct mapped_route *map_routes(struct mapper *mapper, const struct domain_settings *from,
                                       const size_t *fixed)
{
    struct mapped_route *routes =
        arena_new(&mapper->mapping->arena, from->route_count, sizeof(*routes));

    for (size_t i = 0; i < from->route_count; i++) {
        map_route(mapper, &from->routes[i], fixed, &routes[i]);
        routes[i].maintenance &= !mapping_is_written(from, "maintenance.enabled");
    }
    return routes;
}

const struct domain_settings *mapping_written(const struct mapper *mapper, struct text host)
{
    char wildcard[DOMAIN_BYTES];
    struct text label;
    struct text parent;
    size_t at;
    int len;

    if (string_map_get(&mapper->file_hosts, host, &at))
        return &mapper->file->domains[at];
    text_split(host, '.', &label, &parent);
    len = snprintf(wildcard, sizeof(wildcard), "*.%.*s", TEXT_ARGS(parent));
    if (len < 0 || (size_t)len >= sizeof(wildcard) ||
        !string_map_get(&mapper->file_hosts, text_make(wildcard, (size_t)len), &at))
        return NULL;
    return &mapper->file->domains[at];
}

/* Of the file, else of the first service that has a label for it. */
static int redirect_of(const struct mapper *mapper, const struct domain_settings *from)
{
    int redirect = from->policy.redirect;

    if (mapping_is_written(from, "redirect"))
        return redirect;
    for (size_t i = 0; redirect == HOST_REDIRECT_NONE && i < from->route_count; i++) {
        const struct label_settings *labels = labels_of(mapper, &from->routes[i]);

        if (labels)
            redirect = labels->redirect;
    }
    return redirect;
}

static void map_label_hosts(struct mapper *mapper, size_t file_domain,
                            const struct mapped_domain *beneath)
{
    struct mapping *mapping = mapper->mapping;

    for (size_t i = 0; i < mapper->host_count; i++) {
        const struct label_host *host = &mapper->hosts[i];
        size_t count = host->route_count + beneath->route_count;
        struct mapped_domain domain = *beneath;

        if (host->file_domain != file_domain)
            continue;
        domain.hosts = arena_new(&mapping->arena, 1, sizeof(*domain.hosts));
        domain.hosts[0] = host->host;
        domain.host_count = 1;
        domain.written = mapping_written(mapper, host->host);
        domain.client_auth = domain.written ? &domain.written->client_auth : NULL;
        if (domain.written)
            domain.delivery = mapper->deliveries[domain.written - mapper->file->domains];
        if (host->redirect != HOST_REDIRECT_NONE)
            domain.redirect = host->redirect;
        domain.routes = arena_new(&mapping->arena, count, sizeof(*domain.routes));
        domain.route_count = count;
        for (size_t j = 0; j < beneath->route_count; j++)
            domain.routes[j] = beneath->routes[j];
        for (size_t j = 0; j < host->route_count; j++)
            domain.routes[beneath->route_count + j] = host->routes[j];
        *ARRAY_PUSH(mapping->domains, mapping->domain_count, mapping->domain_capacity) = domain;
    }
}

static void map_file_domain(struct mapper *mapper, size_t index, const size_t *fixed)
{
    const struct domain_settings *from = &mapper->file->domains[index];
    struct mapping *mapping = mapper->mapping;
    struct mapped_domain domain = {
        .hosts = arena_new(&mapping->arena, from->alias_count + 1, sizeof(*domain.hosts)),
        .certificate = from->certificate,
        .client_auth = &from->client_auth,
        .place = from->place,
        .routes = map_routes(mapper, from, fixed),
        .route_count = from->route_count,
        .delivery = map_delivery(mapper, from->delivery, fixed),
        .written = from,
        .redirect = redirect_of(mapper, from),
    };

    mapper->deliveries[index] = domain.delivery;
    add_host(mapper, &domain, from->name);
    for (size_t i = 0; i < from->alias_count; i++)
        add_host(mapper, &domain, from->aliases[i]);
    if (domain.host_count)
        *ARRAY_PUSH(mapping->domains, mapping->domain_count, mapping->domain_capacity) = domain;
    if (domain.host_count <= from->alias_count)
        map_label_hosts(mapper, index, &domain);
}

static void map_file(struct mapper *mapper)
{
    const struct settings *file = mapper->file;
    size_t *fixed = memory_new((file->service_count + 1) * sizeof(*fixed));

    for (size_t i = 0; i < file->service_count; i++)
        if (!file->services[i].in_swarm)
            fixed[i] = add_fixed_service(mapper, &file->services[i]);
    map_delivery(mapper, &file->delivery, fixed);
    mapper->deliveries = memory_new((file->domain_count + 1) * sizeof(*mapper->deliveries));
    for (size_t i = 0; i < file->domain_count; i++)
        map_file_domain(mapper, i, fixed);
    free(fixed);
}

/* Connections from the networks of the routing mesh hide who the client is. */
static void map_shared_sources(struct mapper *mapper)
{
    const struct swarm *swarm = mapper->swarm;
    struct mapping *mapping = mapper->mapping;
    size_t most = 0;
    struct err err;

    for (size_t i = 0; i < swarm->network_count; i++)
        most += swarm->networks[i].ingress ? swarm->networks[i].subnet_count : 0;
    mapping->shared_sources = arena_new(&mapping->arena, most, sizeof(*mapping->shared_sources));
    for (size_t i = 0; i < swarm->network_count; i++)
        for (size_t j = 0; swarm->networks[i].ingress && j < swarm->networks[i].subnet_count; j++)
            if (address_prefix_parse(swarm->networks[i].subnets[j],
                                     &mapping->shared_sources[mapping->shared_source_count],
                                     &err) == 0)
                mapping->shared_source_count++;
}

static void index_file(struct mapper *mapper)
{
    const struct settings *file = mapper->file;

    for (size_t i = 0; i < file->service_count; i++)
        if (file->services[i].in_swarm)
            string_map_put(&mapper->file_services, file->services[i].name, i);
    for (size_t i = 0; i < file->domain_count; i++) {
        string_map_put(&mapper->file_hosts, file->domains[i].name, i);
        for (size_t j = 0; j < file->domains[i].alias_count; j++)
            string_map_put(&mapper->file_hosts, file->domains[i].aliases[j], i);
    }
}

static void mapper_done(struct mapper *mapper)
{
    string_map_done(&mapper->services);
    string_map_done(&mapper->file_hosts);
    string_map_done(&mapper->file_services);
    string_map_done(&mapper->claims);
    string_map_done(&mapper->label_hosts);
    for (size_t i = 0; i < mapper->host_count; i++)
        free(mapper->hosts[i].routes);
    free(mapper->hosts);
    free(mapper->labels);
    free(mapper->deliveries);
}

struct mapping *mapping_new(const struct mapping_sources *sources)
{
    static const struct mapped_domain nothing_beneath = { .certificate = { "auto", 4 } };
    struct mapper mapper = {
        .sources = sources,
        .file = sources->file->settings,
        .swarm = sources->swarm,
        .mapping = memory_new(sizeof(struct mapping)),
    };

    mapper.mapping->swarm = sources->swarm ? swarm_ref(sources->swarm) : NULL;
    if (mapper.swarm) {
        index_file(&mapper);
        mapping_read_labels(&mapper);
        mapping_add_label_routes(&mapper);
        map_shared_sources(&mapper);
    }
    map_file(&mapper);
    map_label_hosts(&mapper, SIZE_MAX, &nothing_beneath);
    mapper_done(&mapper);
    return mapper.mapping;
}

void mapping_free(struct mapping *mapping)
{
    if (!mapping)
        return;
    free(mapping->services);
    free(mapping->domains);
    free(mapping->deliveries);
    free(mapping->quarantined);
    swarm_unref(mapping->swarm);
    arena_done(&mapping->arena);
    free(mapping);
}

/* --- the log ------------------------------------------------------------------------------------
 */

static const struct quarantined_service *find_quarantined(const struct mapping *mapping,
                                                          struct text service)
{
    for (size_t i = 0; mapping && i < mapping->quarantined_count; i++)
        if (text_equal(mapping->quarantined[i].service, service))
            return &mapping->quarantined[i];
    return NULL;
}

static void log_quarantine(const struct mapping *before, const struct mapping *now)
{
    for (size_t i = 0; i < now->quarantined_count; i++) {
        const struct quarantined_service *one = &now->quarantined[i];
        const struct quarantined_service *old = find_quarantined(before, one->service);

        if (!old || !text_equal(old->reason, one->reason))
            log_warn("event=quarantine service=%.*s last_good=%s reason=\"%.*s\"",
                     TEXT_ARGS(one->service), one->last_good ? "served" : "none",
                     TEXT_ARGS(one->reason));
    }
    for (size_t i = 0; before && i < before->quarantined_count; i++)
        if (!find_quarantined(now, before->quarantined[i].service))
            log_info("event=quarantine_over service=%.*s",
                     TEXT_ARGS(before->quarantined[i].service));
}

static const struct mapped_service *find_service(const struct mapping *mapping, struct text name)
{
    for (size_t i = 0; mapping && i < mapping->service_count; i++)
        if (text_equal(mapping->services[i].name, name))
            return &mapping->services[i];
    return NULL;
}

static void log_refusal(const struct mapped_service *service)
{
    const char *reason = service_refusal_reason(service->refusal);

    if (service->refusal == SERVICE_NOT_ENCRYPTED)
        log_warn("event=audit outcome=refused service=%.*s reason=%s why=\"%.*s\"",
                 TEXT_ARGS(service->name), reason, TEXT_ARGS(service->why));
    else
        log_warn("event=service_refused service=%.*s reason=%s why=\"%.*s\"",
                 TEXT_ARGS(service->name), reason, TEXT_ARGS(service->why));
}

void mapping_log_changes(const struct mapping *before, const struct mapping *now)
{
    log_quarantine(before, now);
    for (size_t i = 0; i < now->service_count; i++) {
        const struct mapped_service *service = &now->services[i];
        const struct mapped_service *old = NULL;

        /* most services are served now as before: nothing to look up */
        if (service->refusal != SERVICE_SERVED)
            old = find_service(before, service->name);
        if (service->refusal != SERVICE_SERVED && (!old || old->refusal != service->refusal))
            log_refusal(service);
    }
    for (size_t i = 0; before && i < before->service_count; i++) {
        const struct mapped_service *old = &before->services[i];
        const struct mapped_service *service;

        if (old->refusal == SERVICE_SERVED)
            continue;
        service = find_service(now, old->name);
        if (service && service->refusal == SERVICE_SERVED)
            log_info("event=service_served service=%.*s", TEXT_ARGS(service->name));
    }
}
