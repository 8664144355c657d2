/*
 * The labels' part of a mapping: which of a service's labels hold (the present ones, else the last
 * good ones, else none), whether it may claim the domains, who was first, and the routes that come
 * of it. The file has claimed before all. Called by mapping.c.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/memory.h"
#include "mapping_private.h"

#define CLAIM_BYTES 2048

/* A route of a service at one host. */
struct claim {
    const struct swarm_service *service;
    size_t service_index; /* into swarm->services */
    const struct label_settings *labels;
    const struct label_route *route;
    struct text host;
};

/* The hosts of a route: its own, or all of the service. */
static size_t host_count_of(const struct label_settings *labels, const struct label_route *route)
{
    return route->host.len ? 1 : labels->domain_count;
}

static struct text host_of(const struct label_settings *labels, const struct label_route *route,
                           size_t index)
{
    return route->host.len ? route->host : labels->domains[index];
}

/* --- may it? -------------------------------------------------------------------------------------
 */

/* "*.x" stands for the names one label below x, and for itself. */
static bool owner_covers(struct text pattern, struct text host)
{
    if (text_equal(pattern, host))
        return true;
    return text_starts(pattern, TEXT("*.")) &&
           text_equal(text_from(pattern, 1), text_from(host, text_find(host, '.')));
}

static bool owner_allows(const struct owner_settings *owner, const struct swarm_service *service)
{
    struct text name = service->stack.len ? service->stack : service->name;

    for (size_t i = 0; i < owner->stacks.count; i++)
        if (text_equal(owner->stacks.items[i], name))
            return true;
    return false;
}

static bool may_have(const struct settings *file, const struct swarm_service *service,
                     struct text host)
{
    bool has_owner = false;

    for (size_t i = 0; i < file->owner_count; i++) {
        if (!owner_covers(file->owners[i].domain, host))
            continue;
        if (owner_allows(&file->owners[i], service))
            return true;
        has_owner = true;
    }
    return !has_owner && file->policy.default_owner == DEFAULT_OWNER_ALLOW;
}

/* The first name of the claim that it may not have: a wildcard is a claim to every name beneath it
 * that a row speaks of. "": it may have all. */
static struct text not_its_own(const struct settings *file, const struct claim *claim)
{
    if (!may_have(file, claim->service, claim->host))
        return claim->host;
    for (size_t i = 0; i < file->owner_count; i++)
        if (owner_covers(claim->host, file->owners[i].domain) &&
            !may_have(file, claim->service, file->owners[i].domain))
            return file->owners[i].domain;
    return TEXT_NONE;
}

static int check_owner(const struct mapper *mapper, const struct claim *claim, struct err *err)
{
    struct text host = not_its_own(mapper->file, claim);
    bool beneath = !text_equal(host, claim->host);

    if (!host.len)
        return 0;
    return err_set(
        err,
        "domain %.*s%s%.*s%s: policy.owners does not give it to %s %.*s; add a row, or choose "
        "another domain",
        TEXT_ARGS(host), beneath ? " (beneath " : "", beneath ? (int)claim->host.len : 0,
        claim->host.at, beneath ? ")" : "", claim->service->stack.len ? "the stack" : "the service",
        TEXT_ARGS(claim->service->stack.len ? claim->service->stack : claim->service->name));
}

static int check_certificate(const struct mapper *mapper, const struct claim *claim,
                             struct err *err)
{
    const struct mapping_sources *sources = mapper->sources;
    size_t unused;

    if (sources->makes_certificates || string_map_get(&mapper->file_hosts, claim->host, &unused) ||
        certificate_choice_covers(&sources->file->certificates, claim->host))
        return 0;
    return err_set(err,
                   "domain %.*s: no certificate under tls.certificates covers it; add one to the "
                   "mapping file and reload",
                   TEXT_ARGS(claim->host));
}

static struct text claim_key(const struct claim *claim, char key[CLAIM_BYTES])
{
    int len = snprintf(key, CLAIM_BYTES, "%.*s %.*s %lld", TEXT_ARGS(claim->host),
                       TEXT_ARGS(claim->route->path), (long long)claim->route->priority);

    return text_make(key, len < CLAIM_BYTES ? (size_t)len : CLAIM_BYTES - 1);
}

/* The service that the file maps this host and path to. */
static struct text file_service_at(const struct mapper *mapper, const struct claim *claim)
{
    const struct domain_settings *domain;
    size_t at;

    if (!string_map_get(&mapper->file_hosts, claim->host, &at))
        return TEXT_NONE;
    domain = &mapper->file->domains[at];
    for (size_t i = 0; i < domain->route_count; i++)
        if (text_equal(domain->routes[i].path, claim->route->path) &&
            domain->routes[i].priority == claim->route->priority)
            return domain->routes[i].service;
    return TEXT_NONE;
}

/*
 * Who has it already? The file wins, between labels the older service. A file that maps it to this
 * very service is no conflict: then the labels are what the file does not say.
 */
static int check_conflict(const struct mapper *mapper, const struct claim *claim, struct err *err)
{
    struct text taken = file_service_at(mapper, claim);
    char key[CLAIM_BYTES];
    size_t by;

    if (taken.len && !text_equal(taken, claim->service->name))
        return err_set(err, "%.*s%.*s: the mapping file gives it to %.*s", TEXT_ARGS(claim->host),
                       TEXT_ARGS(claim->route->path), TEXT_ARGS(taken));
    if (string_map_get(&mapper->claims, claim_key(claim, key), &by) && by != claim->service_index)
        return err_set(err,
                       "%.*s%.*s: the older service %.*s has it; choose another domain, path or "
                       "priority",
                       TEXT_ARGS(claim->host), TEXT_ARGS(claim->route->path),
                       TEXT_ARGS(mapper->swarm->services[by].name));
    return 0;
}

static int check_claim(const struct mapper *mapper, const struct claim *claim, struct err *err)
{
    if (check_owner(mapper, claim, err) < 0 || check_certificate(mapper, claim, err) < 0)
        return -1;
    return check_conflict(mapper, claim, err);
}

/* --- which labels hold ---------------------------------------------------------------------------
 */

typedef int claim_function(struct mapper *mapper, const struct claim *claim, struct err *err);

static int for_each_claim(struct mapper *mapper, size_t index, const struct label_settings *labels,
                          claim_function *call, struct err *err)
{
    struct claim claim = {
        .service = &mapper->swarm->services[index],
        .service_index = index,
        .labels = labels,
    };

    for (size_t i = 0; i < labels->route_count; i++) {
        claim.route = &labels->routes[i];
        for (size_t j = 0; j < host_count_of(labels, claim.route); j++) {
            claim.host = host_of(labels, claim.route, j);
            if (call(mapper, &claim, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int check_one(struct mapper *mapper, const struct claim *claim, struct err *err)
{
    return check_claim(mapper, claim, err);
}

static int take_one(struct mapper *mapper, const struct claim *claim, struct err *err)
{
    char key[CLAIM_BYTES];

    (void)err;
    string_map_put(&mapper->claims, arena_text(&mapper->mapping->arena, claim_key(claim, key)),
                   claim->service_index);
    return 0;
}

/* All of a service's claims, or none of them. */
static int try_labels(struct mapper *mapper, size_t index, const struct label_settings *labels,
                      struct err *err)
{
    if (!labels->enabled)
        return 0;
    if (for_each_claim(mapper, index, labels, check_one, err) < 0)
        return -1;
    for_each_claim(mapper, index, labels, take_one, err);
    mapper->labels[index] = labels;
    return 0;
}

/* --- labels that lead nowhere --------------------------------------------------------------------
 */

static int check_port(struct mapper *mapper, const struct claim *claim, struct err *err)
{
    if (claim->route->port || file_service_at(mapper, claim).len)
        return 0;
    return err_set(err, "%.*s%.*s: no label port says at which port it listens",
                   TEXT_ARGS(claim->host), TEXT_ARGS(claim->route->path));
}

static int check_ways(struct mapper *mapper, size_t index, const struct label_settings *labels,
                      struct err *err)
{
    for (size_t i = 0; i < labels->route_count; i++)
        if (!mapping_swarm_shares(mapper, &mapper->swarm->services[index],
                                  labels->routes[i].network, err))
            return -1;
    return for_each_claim(mapper, index, labels, check_port, err);
}

/*
 * Where a service is reached comes right by itself, so labels are not wrong because of it. But
 * where those of before lead to it and the new ones do not, it is the new ones that are wrong.
 */
static int check_change(struct mapper *mapper, size_t index, const struct label_reading *reading,
                        struct err *err)
{
    struct err unused;

    if (!reading->good || !reading->good->enabled || !reading->now->enabled ||
        check_ways(mapper, index, reading->now, err) == 0)
        return 0;
    return check_ways(mapper, index, reading->good, &unused) == 0 ? -1 : 0;
}

/* --- what is not served --------------------------------------------------------------------------
 */

#define CLAIMS_NAMED (LABEL_DOMAINS_MAX + LABEL_ROUTES_MAX)

static void name_domain(struct mapper *mapper, struct quarantined_service *one, struct text name)
{
    struct arena *arena = &mapper->mapping->arena;
    struct text trimmed = text_trim(name);
    char *copy;

    if (!trimmed.len || one->domain_count == CLAIMS_NAMED)
        return;
    copy = arena_cstr(arena, trimmed);
    text_lower(copy, trimmed.len);
    one->domains[one->domain_count++] = text_make(copy, trimmed.len);
}

static void name_domains(struct mapper *mapper, struct quarantined_service *one,
                         const struct label_settings *labels)
{
    for (size_t i = 0; i < labels->domain_count; i++)
        name_domain(mapper, one, labels->domains[i]);
    for (size_t i = 0; i < labels->route_count; i++)
        name_domain(mapper, one, labels->routes[i].host);
}

/* Of labels that cannot be read the domain may still be what somebody asks about. */
static void guess_domains(struct mapper *mapper, struct quarantined_service *one,
                          const struct swarm_service *service)
{
    for (size_t i = 0; i < service->label_count; i++) {
        struct text label = service->labels[i].name;
        struct text rest = text_first(service->labels[i].value, LABEL_VALUE_BYTES);
        struct text name;

        if (text_starts(label, TEXT("routes.")) && text_ends(label, TEXT(".host")))
            name_domain(mapper, one, rest);
        while (rest.len && text_equal(label, TEXT("domain"))) {
            text_split(rest, ',', &name, &rest);
            name_domain(mapper, one, name);
        }
    }
}

static void quarantine(struct mapper *mapper, size_t index, const struct label_reading *reading,
                       struct text reason)
{
    struct mapping *mapping = mapper->mapping;
    struct arena *arena = &mapping->arena;
    struct quarantined_service *one =
        ARRAY_PUSH(mapping->quarantined, mapping->quarantined_count, mapping->quarantined_capacity);

    *one = (struct quarantined_service){
        .service = arena_text(arena, mapper->swarm->services[index].name),
        .reason = arena_text(arena, reason),
        .last_good = mapper->labels[index] != NULL,
    };
    one->domains = arena_new(arena, CLAIMS_NAMED, sizeof(*one->domains));
    if (reading->now)
        name_domains(mapper, one, reading->now);
    else
        guess_domains(mapper, one, &mapper->swarm->services[index]);
}

static void read_service(struct mapper *mapper, size_t index)
{
    const struct swarm_service *service = &mapper->swarm->services[index];
    struct label_reading reading = label_cache_get(mapper->sources->labels, mapper->file, service);
    struct err err;
    struct err unused;

    if (reading.now && check_change(mapper, index, &reading, &err) == 0 &&
        try_labels(mapper, index, reading.now, &err) == 0) {
        label_cache_mark(mapper->sources->labels, service);
        return;
    }
    if (reading.good)
        try_labels(mapper, index, reading.good, &unused);
    quarantine(mapper, index, &reading, reading.now ? text_of(err.text) : reading.problem);
}

/* The older service first, then by ID, so that every replica comes to the same end. */
static int compare_age(const void *a, const void *b)
{
    const struct swarm_service *first = *(const struct swarm_service *const *)a;
    const struct swarm_service *second = *(const struct swarm_service *const *)b;

    if (first->created_us != second->created_us)
        return first->created_us < second->created_us ? -1 : 1;
    return text_compare(first->id, second->id);
}

void mapping_read_labels(struct mapper *mapper)
{
    const struct swarm *swarm = mapper->swarm;
    const struct swarm_service **by_age =
        memory_new((swarm->service_count + 1) * sizeof(struct swarm_service *));
    size_t count = 0;

    mapper->labels = memory_new((swarm->service_count + 1) * sizeof(struct label_settings *));
    if (mapper->file->docker.label_policy != LABEL_POLICY_IGNORE)
        for (size_t i = 0; i < swarm->service_count; i++)
            if (swarm->services[i].id.len && swarm->services[i].label_count)
                by_age[count++] = &swarm->services[i];
    qsort(by_age, count, sizeof(struct swarm_service *), compare_age);
    for (size_t i = 0; i < count; i++)
        read_service(mapper, (size_t)(by_age[i] - swarm->services));
    free(by_age);
}

/* --- their routes --------------------------------------------------------------------------------
 */

static struct label_host *host_entry(struct mapper *mapper, struct text host)
{
    struct label_host *entry;
    size_t at;

    if (string_map_get(&mapper->label_hosts, host, &at))
        return &mapper->hosts[at];
    string_map_put(&mapper->label_hosts, host, mapper->host_count);
    entry = ARRAY_PUSH(mapper->hosts, mapper->host_count, mapper->host_capacity);
    *entry = (struct label_host){ .host = host, .file_domain = SIZE_MAX };
    string_map_get(&mapper->file_hosts, host, &entry->file_domain);
    return entry;
}

/* Labels, and over them what the file says of this service under `services`. */
static size_t service_of(struct mapper *mapper, const struct claim *claim)
{
    struct service_policy policy = claim->route->service_policy;
    struct swarm_route wanted = {
        .service = claim->service->name,
        .network = claim->route->network,
        .port = claim->route->port,
        .policy = &policy,
    };
    size_t at;

    if (string_map_get(&mapper->file_services, claim->service->name, &at)) {
        const struct service_settings *written = &mapper->file->services[at];

        fields_overlay(&service_fields, &policy, &written->policy, written->policy_given);
    }
    return mapping_swarm_service(mapper, &wanted);
}

static int add_route(struct mapper *mapper, const struct claim *claim, struct err *err)
{
    const struct domain_settings *written = mapping_written(mapper, claim->host);
    struct label_host *host;

    (void)err;
    if (file_service_at(mapper, claim).len)
        return 0; /* the file has this one, and these labels beneath it */
    host = host_entry(mapper, claim->host);
    if (claim->labels->redirect && !mapping_is_written(written, "redirect"))
        host->redirect = claim->labels->redirect;
    *ARRAY_PUSH(host->routes, host->route_count, host->route_capacity) = (struct mapped_route){
        .name = claim->route->name.len ? claim->route->name : claim->route->path,
        .path = claim->route->path,
        .service = service_of(mapper, claim),
        .priority = claim->route->priority,
        .maintenance =
            claim->labels->maintenance && !mapping_is_written(written, "maintenance.enabled"),
        .policy = &claim->route->policy,
    };
    return 0;
}

void mapping_add_label_routes(struct mapper *mapper)
{
    for (size_t i = 0; i < mapper->swarm->service_count; i++)
        if (mapper->labels[i])
            for_each_claim(mapper, i, mapper->labels[i], add_route, NULL);
}
