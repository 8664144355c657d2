/*
 * Mapping -> snapshot and keyring: services with their endpoints and slots, routes, domains with
 * their certificates, the ticket secret. Called by publication.c. Opens no file itself.
 */

#include "snapshot_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "certificate_choice.h"
#include "model/board.h"
#include "policy_builder.h"

struct build {
    /* borrowed */
    struct snapshot_builder *builder;
    const struct settings *settings;
    const struct mapping *mapping;
    struct certificate_choice *certificates;
    const struct client_cas *client_cas;
    struct problems *problems;
    /* owned until it is handed over */
    struct snapshot *snapshot;
    struct keyring *keyring;
    size_t endpoints_left_out;
};

static const struct source_place no_place; /* of the whole file */

static void build_endpoints(struct build *build, const struct mapped_service *from,
                            struct snapshot_service *service)
{
    service->endpoints =
        arena_new(&build->snapshot->arena, from->endpoint_count, sizeof(*service->endpoints));
    for (size_t i = 0; i < from->endpoint_count; i++) {
        const struct mapped_endpoint *mapped = &from->endpoints[i];
        struct snapshot_endpoint *endpoint = &service->endpoints[service->endpoint_count];

        *endpoint = (struct snapshot_endpoint){
            .name = mapped->name,
            .address = mapped->address,
            .identity = mapped->identity,
            .slot = slot_map_assign(build->builder->slots, mapped->identity),
            .weight = mapped->weight,
            .pooled = mapped->pooled,
        };
        if (endpoint->slot == SNAPSHOT_NONE) {
            build->endpoints_left_out++;
            continue;
        }
        service->endpoint_count++;
    }
}

/* The file alone cannot have too many servers: it was checked. The swarm's tasks are not refused
 * with everything else, the ones beyond the limit get no request. */
static void report_left_out(struct build *build)
{
    if (build->endpoints_left_out)
        problems_warning(build->problems, build->settings, no_place,
                         "%zu endpoints are beyond the limit of %d in all services together; they "
                         "get no request",
                         build->endpoints_left_out, BOARD_ENDPOINTS);
}

static void build_services(struct build *build)
{
    const struct mapping *mapping = build->mapping;
    struct snapshot *snapshot = build->snapshot;

    snapshot->services =
        arena_new(&snapshot->arena, mapping->service_count, sizeof(*snapshot->services));
    snapshot->service_count = (uint32_t)mapping->service_count;
    for (size_t i = 0; i < mapping->service_count; i++) {
        const struct mapped_service *from = &mapping->services[i];
        struct snapshot_service *service = &snapshot->services[i];

        *service = (struct snapshot_service){
            .name = from->name,
            .policy = &from->policy,
            .refusal = from->refusal,
            .in_swarm = from->in_swarm,
            .why = from->why,
        };
        build_endpoints(build, from, service);
    }
    report_left_out(build);
}

static struct snapshot_route built_route(const struct mapped_route *from)
{
    return (struct snapshot_route){
        .name = from->name,
        .path = from->path,
        .service = (uint32_t)from->service,
        .priority = (int32_t)from->priority, /* of 0 to 1000 */
        .maintenance = from->maintenance,
        .policy = from->policy,
    };
}

static void build_routes(struct build *build, const struct mapped_domain *from, uint32_t first)
{
    struct snapshot_route *routes = build->snapshot->routes + first;

    for (size_t i = 0; i < from->route_count; i++)
        routes[i] = built_route(&from->routes[i]);
    snapshot_sort_routes(routes, from->route_count);
}

static bool is_auto(const struct mapped_domain *domain)
{
    return text_equal(domain->certificate, TEXT("auto"));
}

static bool choose(struct build *build, const struct mapped_domain *from, struct text host,
                   uint32_t chosen_out[KEY_KIND_COUNT])
{
    if (is_auto(from))
        return certificate_choice_by_host(build->certificates, host, chosen_out);
    return certificate_choice_by_name(build->certificates, from->certificate, host, chosen_out);
}

/* One made certificate for all names of a domain that no other covers. */
static int make_certificate(struct build *build, const struct mapped_domain *from,
                            const struct text_list *hosts, uint32_t *made_out)
{
    struct snapshot_builder *builder = build->builder;
    const struct certificate_facts *facts;
    struct err err;

    if (dev_authority_issue(builder->authority, hosts, builder->now_s, &facts, &err) < 0) {
        problems_error(build->problems, build->settings, from->place, "--dev: %s", err.text);
        return -1;
    }
    *made_out = certificate_choice_publish(build->certificates,
                                           certificate_choice_add(build->certificates, facts));
    return 0;
}

static void report_uncovered(struct build *build, const struct mapped_domain *from,
                             struct text host)
{
    if (is_auto(from))
        problems_error(build->problems, build->settings, from->place,
                       "no certificate under tls.certificates covers %.*s; add one whose "
                       "subjectAltName has that name, or start with --dev to have one made",
                       TEXT_ARGS(host));
    else
        problems_error(build->problems, build->settings, from->place,
                       "certificate \"%.*s\" does not cover %.*s; name one that does, or `auto` to "
                       "have it chosen",
                       TEXT_ARGS(from->certificate), TEXT_ARGS(host));
}

/* The names of a domain: one entry each, which share the routes. */
static void build_hosts(struct build *build, const struct mapped_domain *from,
                        struct snapshot_domain *domains, struct text *scratch)
{
    bool makes = build->builder->authority && is_auto(from);
    struct text_list uncovered = { .items = scratch };
    uint32_t made;

    for (size_t i = 0; i < from->host_count; i++) {
        struct text host = from->hosts[i];
        bool wildcard = text_starts(host, TEXT("*."));

        domains[i].name = text_from(host, wildcard ? 2 : 0);
        domains[i].wildcard = wildcard;
        domains[i].slot =
            slot_map_assign(build->builder->domain_slots,
                            slot_map_domain_identity(domains[i].name, domains[i].wildcard));
        if (choose(build, from, host, domains[i].certificates))
            continue;
        if (!makes)
            report_uncovered(build, from, host);
        uncovered.items[uncovered.count++] = host;
    }
    if (!makes || !uncovered.count || make_certificate(build, from, &uncovered, &made) < 0)
        return;
    for (size_t i = 0; i < from->host_count; i++)
        if (domains[i].certificates[KEY_ECDSA] == SNAPSHOT_NONE &&
            domains[i].certificates[KEY_RSA] == SNAPSHOT_NONE)
            domains[i].certificates[KEY_ECDSA] = made;
}

static struct snapshot_client_auth build_client_auth(const struct build *build,
                                                     const struct mapped_domain *from)
{
    const struct client_auth_settings *auth = from->client_auth;

    if (!auth || auth->mode == CLIENT_AUTH_OFF)
        return (struct snapshot_client_auth){ .ca = SNAPSHOT_NONE };
    return (struct snapshot_client_auth){
        .mode = (uint8_t)auth->mode,
        .forward = (uint8_t)auth->forward,
        .ca = client_cas_find(build->client_cas, auth->ca),
    };
}

static void build_client_cas(struct build *build)
{
    const struct client_cas *cas = build->client_cas;
    struct snapshot *snapshot = build->snapshot;

    snapshot->client_cas = arena_new(&snapshot->arena, cas->count, sizeof(*snapshot->client_cas));
    snapshot->client_ca_count = (uint32_t)cas->count;
    for (size_t i = 0; i < cas->count; i++) {
        snapshot->client_cas[i].certificates = cas->items[i].certificates;
        memcpy(snapshot->client_cas[i].id, cas->items[i].id, SNAPSHOT_ID_BYTES);
    }
}

/* Behind the routes of all domains come those to the services that are asked first. */
static void build_deliveries(struct build *build)
{
    const struct mapping *mapping = build->mapping;
    struct snapshot *snapshot = build->snapshot;
    struct snapshot_deliveries *deliveries = &snapshot->deliveries;

    deliveries->texts = build->settings->page_texts;
    deliveries->text_count = (uint32_t)build->settings->page_text_count;
    deliveries->count = (uint16_t)mapping->delivery_count; /* a file has 10,000 domains at most */
    for (size_t i = 0; i < mapping->delivery_count; i++) {
        const struct mapped_delivery *from = &mapping->deliveries[i];
        struct snapshot_delivery *delivery = &deliveries->items[i];

        delivery->policy = from->settings->policy;
        delivery->auth_route = SNAPSHOT_NONE;
        if (from->settings->auth) {
            delivery->auth_route = snapshot->route_count;
            snapshot->routes[snapshot->route_count++] = built_route(&from->auth);
        }
        delivery->page_count = (uint32_t)from->settings->page_count;
        delivery->pages =
            arena_new(&snapshot->arena, delivery->page_count, sizeof(*delivery->pages));
        for (uint32_t j = 0; j < delivery->page_count; j++)
            delivery->pages[j] = (struct snapshot_page){
                .status = from->settings->pages[j].status,
                .text = (uint32_t)from->settings->pages[j].text,
            };
    }
}

static void build_domains(struct build *build)
{
    const struct mapping *mapping = build->mapping;
    struct snapshot *snapshot = build->snapshot;
    size_t routes = 0;
    size_t domains = 0;

    for (size_t i = 0; i < mapping->domain_count; i++) {
        routes += mapping->domains[i].route_count;
        domains += mapping->domains[i].host_count;
    }
    routes += mapping->delivery_count;
    snapshot->routes = arena_new(&snapshot->arena, routes, sizeof(*snapshot->routes));
    snapshot->deliveries.items =
        arena_new(&snapshot->arena, mapping->delivery_count, sizeof(*snapshot->deliveries.items));
    snapshot->domains = arena_new(&snapshot->arena, domains, sizeof(*snapshot->domains));
    for (size_t i = 0; i < mapping->domain_count; i++) {
        const struct mapped_domain *from = &mapping->domains[i];
        struct snapshot_domain *built = snapshot->domains + snapshot->domain_count;
        struct text *scratch = memory_resize(NULL, from->host_count + 1, sizeof(*scratch));

        build_routes(build, from, snapshot->route_count);
        build_hosts(build, from, built, scratch);
        free(scratch);
        for (size_t j = 0; j < from->host_count; j++) {
            built[j].first_route = snapshot->route_count;
            built[j].route_count = (uint32_t)from->route_count;
            built[j].delivery = (uint16_t)from->delivery;
            built[j].client_auth = build_client_auth(build, from);
        }
        snapshot->route_count += (uint32_t)from->route_count;
        snapshot->domain_count += (uint32_t)from->host_count;
    }
    build_deliveries(build);
}

static void build_fallback(struct build *build)
{
    struct text name = build->settings->tls.unknown_sni;
    uint32_t *fallback = build->snapshot->fallback_certificates;

    for (int kind = 0; kind < KEY_KIND_COUNT; kind++)
        fallback[kind] = SNAPSHOT_NONE;
    if (text_equal(name, TEXT("reject")))
        return;
    /* With no such name the file was refused before; one that cannot be read is reported by now. */
    certificate_choice_by_name(build->certificates, name, TEXT_NONE, fallback);
}

/* What was chosen for a host or as the fallback, with its key. */
static void build_certificates(struct build *build)
{
    const struct certificate_choice *choice = build->certificates;
    struct snapshot *snapshot = build->snapshot;
    struct keyring *keyring = build->keyring;

    snapshot->certificates =
        arena_new(&snapshot->arena, choice->published_count, sizeof(*snapshot->certificates));
    keyring->keys = arena_new(&keyring->arena, choice->published_count, sizeof(*keyring->keys));
    for (size_t i = 0; i < choice->published_count; i++) {
        const struct certificate_candidate *from = &choice->candidates[choice->published[i]];
        struct snapshot_certificate *certificate = &snapshot->certificates[i];
        struct keyring_key *key = &keyring->keys[i];

        certificate->name = from->name;
        certificate->chain = from->facts->chain;
        certificate->kind = from->facts->kind;
        certificate->not_before_s = from->facts->not_before_s;
        certificate->not_after_s = from->facts->not_after_s;
        memcpy(certificate->id, from->facts->id, sizeof(certificate->id));
        memcpy(certificate->key_id, from->facts->key_id, sizeof(certificate->key_id));
        memcpy(key->id, from->facts->key_id, sizeof(key->id));
        key->der = from->facts->key;
    }
    snapshot->certificate_count = (uint32_t)choice->published_count;
    keyring->key_count = (uint32_t)choice->published_count;
}

static void build_backend_tls(struct build *build, const struct mapping_file *file)
{
    const struct snapshot *snapshot = build->snapshot;
    bool needed = false;

    for (uint32_t i = 0; !needed && i < snapshot->service_count; i++)
        needed = protocol_has_tls(snapshot->services[i].policy->protocol);
    if (needed)
        backend_tls_build(&file->backend_tls, &build->settings->policy, build->snapshot,
                          build->keyring);
}

static void build_ticket_secret(struct build *build, const struct mapping_file *file)
{
    memcpy(build->keyring->ticket_secret,
           file->has_ticket_secret ? file->ticket_secret : build->builder->boot_secret,
           KEYRING_TICKET_SECRET_BYTES);
}

static void build_sections(struct build *build)
{
    const struct settings *settings = build->settings;
    struct snapshot *snapshot = build->snapshot;

    snapshot->generation = build->builder->generation;
    snapshot->listeners = settings->listeners;
    snapshot->tls = settings->tls;
    snapshot->headers = settings->headers;
    snapshot->limits = settings->limits;
    snapshot->log = settings->log;
    snapshot->shutdown = settings->shutdown;
    snapshot->shared_sources = build->mapping->shared_sources;
    snapshot->shared_source_count = (uint32_t)build->mapping->shared_source_count;
}

int snapshot_build(struct snapshot_builder *builder, struct mapping_file *file,
                   const struct mapping *mapping, struct problems *problems,
                   struct built_snapshot *built_out)
{
    struct build build = {
        .builder = builder,
        .settings = file->settings,
        .mapping = mapping,
        .certificates = &file->certificates,
        .client_cas = &file->client_cas,
        .problems = problems,
        .snapshot = snapshot_new(),
        .keyring = keyring_new(),
    };
    size_t errors_before = problems->error_count;
    struct err err;

    mapping_file_rewind(file);
    build_sections(&build);
    build_services(&build);
    build_client_cas(&build);
    build_domains(&build);
    build_fallback(&build);
    build_certificates(&build);
    build_backend_tls(&build, file);
    build_ticket_secret(&build, file);
    if (problems->error_count == errors_before && snapshot_index(build.snapshot, &err) < 0)
        problems_error(problems, build.settings, no_place, "%s", err.text);
    if (problems->error_count == errors_before)
        policy_build(build.snapshot, mapping, &file->files);
    if (problems->error_count != errors_before) {
        snapshot_unref(build.snapshot);
        keyring_unref(build.keyring);
        return -1;
    }
    *built_out = (struct built_snapshot){ build.snapshot, build.keyring };
    return 0;
}
