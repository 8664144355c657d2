/*
 * Settings -> snapshot and keyring: services with their endpoints and slots, routes, domains with
 * their certificates, the ticket secret. Called by loader.c and by check.c. Opens no file itself.
 */

#include "snapshot_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "certificate_choice.h"
#include "model/board.h"
#include "pki/ticket_secret.h"

struct build {
    /* borrowed */
    struct snapshot_builder *builder;
    const struct settings *settings;
    struct problems *problems;
    /* owned until it is handed over */
    struct snapshot *snapshot;
    struct keyring *keyring;
    struct certificate_choice certificates;
};

static const struct source_place no_place; /* of the whole file */

/* An endpoint is who it is, not where: of two services at one address each has its own counters. */
static uint64_t endpoint_identity(uint64_t service, const struct address *address)
{
    uint64_t identity = hash_mix(service ^ hash_mix(address_hash(address)));

    return identity ? identity : 1;
}

static void build_endpoints(struct build *build, const struct service_settings *from,
                            struct snapshot_service *service)
{
    struct arena *arena = &build->snapshot->arena;

    service->endpoints = arena_new(arena, from->server_count, sizeof(*service->endpoints));
    service->endpoint_count = (uint32_t)from->server_count;
    for (size_t i = 0; i < from->server_count; i++) {
        const struct server_settings *server = &from->servers[i];
        struct snapshot_endpoint *endpoint = &service->endpoints[i];
        char text[ADDRESS_TEXT_BYTES];
        size_t len = address_print(&server->address, text);

        endpoint->name = arena_text(arena, text_make(text, len));
        endpoint->address = server->address;
        endpoint->weight = (uint32_t)server->weight;
        endpoint->pooled = true;
        endpoint->identity = endpoint_identity(service->identity, &server->address);
        endpoint->slot = slot_map_assign(build->builder->slots, endpoint->identity);
        if (endpoint->slot == SNAPSHOT_NONE)
            problems_error(build->problems, build->settings, server->place,
                           "more than %d servers in all services together; leave some out",
                           BOARD_ENDPOINTS);
    }
}

static void build_services(struct build *build)
{
    const struct settings *settings = build->settings;
    struct snapshot *snapshot = build->snapshot;

    snapshot->services =
        arena_new(&snapshot->arena, settings->service_count, sizeof(*snapshot->services));
    snapshot->service_count = (uint32_t)settings->service_count;
    for (size_t i = 0; i < settings->service_count; i++) {
        const struct service_settings *from = &settings->services[i];
        struct snapshot_service *service = &snapshot->services[i];

        service->name = from->name;
        service->policy = &from->policy;
        service->identity = hash_text(from->name);
        build_endpoints(build, from, service);
    }
}

static void build_routes(struct build *build, const struct domain_settings *from, uint32_t first)
{
    struct snapshot_route *routes = build->snapshot->routes + first;

    for (size_t i = 0; i < from->route_count; i++)
        routes[i] = (struct snapshot_route){
            .name = from->routes[i].name,
            .path = from->routes[i].path,
            .service = (uint32_t)from->routes[i].service_index,
            .priority = from->routes[i].priority,
            .policy = &from->routes[i].policy,
        };
    snapshot_sort_routes(routes, from->route_count);
}

static bool is_auto(const struct domain_settings *domain)
{
    return text_equal(domain->certificate, TEXT("auto"));
}

static bool choose(struct build *build, const struct domain_settings *from, struct text host,
                   uint32_t chosen_out[KEY_KIND_COUNT])
{
    if (is_auto(from))
        return certificate_choice_by_host(&build->certificates, host, chosen_out);
    return certificate_choice_by_name(&build->certificates, from->certificate, host, chosen_out);
}

/* One made certificate for all names of a domain that no other covers. */
static int make_certificate(struct build *build, const struct domain_settings *from,
                            const struct text_list *hosts, uint32_t *made_out)
{
    struct snapshot_builder *builder = build->builder;
    const struct certificate_facts *facts;
    struct err err;

    if (dev_authority_issue(builder->authority, hosts, builder->now_s, &facts, &err) < 0) {
        problems_error(build->problems, build->settings, from->place, "--dev: %s", err.text);
        return -1;
    }
    *made_out = certificate_choice_publish(&build->certificates,
                                           certificate_choice_add(&build->certificates, facts));
    return 0;
}

static void report_uncovered(struct build *build, const struct domain_settings *from,
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

/* Name and aliases of a domain: one entry each, which share the routes. */
static void build_hosts(struct build *build, const struct domain_settings *from,
                        struct snapshot_domain *domains, struct text *hosts)
{
    bool makes = build->builder->authority && is_auto(from);
    struct text_list uncovered = { .items = hosts + 1 + from->alias_count };
    uint32_t made;

    hosts[0] = from->name;
    for (size_t i = 0; i < from->alias_count; i++)
        hosts[i + 1] = from->aliases[i];
    for (size_t i = 0; i <= from->alias_count; i++) {
        bool wildcard = text_starts(hosts[i], TEXT("*."));

        domains[i].name = text_from(hosts[i], wildcard ? 2 : 0);
        domains[i].wildcard = wildcard;
        if (choose(build, from, hosts[i], domains[i].certificates))
            continue;
        if (!makes)
            report_uncovered(build, from, hosts[i]);
        uncovered.items[uncovered.count++] = hosts[i];
    }
    if (!makes || !uncovered.count || make_certificate(build, from, &uncovered, &made) < 0)
        return;
    for (size_t i = 0; i <= from->alias_count; i++)
        if (domains[i].certificates[KEY_ECDSA] == SNAPSHOT_NONE &&
            domains[i].certificates[KEY_RSA] == SNAPSHOT_NONE)
            domains[i].certificates[KEY_ECDSA] = made;
}

static void build_domains(struct build *build)
{
    const struct settings *settings = build->settings;
    struct snapshot *snapshot = build->snapshot;
    size_t routes = 0;
    size_t domains = 0;

    for (size_t i = 0; i < settings->domain_count; i++) {
        routes += settings->domains[i].route_count;
        domains += settings->domains[i].alias_count + 1;
    }
    snapshot->routes = arena_new(&snapshot->arena, routes, sizeof(*snapshot->routes));
    snapshot->domains = arena_new(&snapshot->arena, domains, sizeof(*snapshot->domains));
    for (size_t i = 0; i < settings->domain_count; i++) {
        const struct domain_settings *from = &settings->domains[i];
        size_t hosts = from->alias_count + 1;
        struct text *scratch = memory_resize(NULL, hosts * 2, sizeof(*scratch));

        build_routes(build, from, snapshot->route_count);
        build_hosts(build, from, snapshot->domains + snapshot->domain_count, scratch);
        free(scratch);
        for (size_t j = 0; j < hosts; j++) {
            snapshot->domains[snapshot->domain_count + j].first_route = snapshot->route_count;
            snapshot->domains[snapshot->domain_count + j].route_count = (uint32_t)from->route_count;
            snapshot->domains[snapshot->domain_count + j].slot = SNAPSHOT_NONE;
        }
        snapshot->route_count += (uint32_t)from->route_count;
        snapshot->domain_count += (uint32_t)hosts;
    }
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
    certificate_choice_by_name(&build->certificates, name, TEXT_NONE, fallback);
}

/* What was chosen for a host or as the fallback, with its key. */
static void build_certificates(struct build *build)
{
    const struct certificate_choice *choice = &build->certificates;
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

static void build_ticket_secret(struct build *build)
{
    const struct settings *settings = build->settings;
    struct snapshot_builder *builder = build->builder;
    bool missing = false;
    struct err err;
    char *path;
    int status;

    memcpy(build->keyring->ticket_secret, builder->boot_secret, KEYRING_TICKET_SECRET_BYTES);
    if (settings->tls.session_tickets != SESSION_TICKETS_SHARED)
        return;
    path = text_to_heap(settings->tls.ticket_secret);
    status = ticket_secret_read(path, build->keyring->ticket_secret, &missing, &err);
    free(path);
    if (status == 0)
        return;
    if (missing && !settings->ticket_secret_given)
        builder->ticket_secret_missing = true;
    else
        problems_error(build->problems, settings, no_place, "tls.ticket_secret: %s", err.text);
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
}

int snapshot_build(struct snapshot_builder *builder, const struct settings *settings,
                   struct problems *problems, struct snapshot **snapshot_out,
                   struct keyring **keyring_out)
{
    struct build build = {
        .builder = builder,
        .settings = settings,
        .problems = problems,
        .snapshot = snapshot_new(),
        .keyring = keyring_new(),
    };
    size_t errors_before = problems->error_count;
    struct err err;

    builder->ticket_secret_missing = false;
    certificate_choice_load(&build.certificates, settings, builder->store, builder->now_s,
                            problems);
    build_sections(&build);
    build_services(&build);
    build_domains(&build);
    build_fallback(&build);
    build_certificates(&build);
    build_ticket_secret(&build);
    certificate_choice_done(&build.certificates);
    if (problems->error_count == errors_before && snapshot_index(build.snapshot, &err) < 0)
        problems_error(problems, settings, no_place, "%s", err.text);
    if (problems->error_count != errors_before) {
        snapshot_unref(build.snapshot);
        keyring_unref(build.keyring);
        return -1;
    }
    *snapshot_out = build.snapshot;
    *keyring_out = build.keyring;
    return 0;
}
