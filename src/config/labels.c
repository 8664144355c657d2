/*
 * The labels of one service through the tables of the mapping file. Called by control for every
 * service whose labels have changed; who may claim which domain is decided there.
 */

#include "config/labels.h"

#include <stdlib.h>

#include "base/memory.h"
#include "domain_name.h"
#include "label_rows.h"
#include "label_tree.h"
#include "section.h"

static const struct source_place nowhere;

static const char operators_own[] =
    "is the operator's decision, not the application's; it is written in the mapping file";

struct labels {
    struct reading reading;
    struct trail trail; /* the prefix */
    const struct yaml_node *root;
    struct label_flat flat;
    struct label_settings *settings; /* being filled */
};

static void claim_domain(struct labels *labels, const struct trail *trail, struct text written)
{
    struct reading *reading = &labels->reading;
    struct label_settings *settings = labels->settings;
    struct text name;
    struct err err;

    if (domain_name_read(text_trim(written), &reading->settings->arena, &name, &err) < 0) {
        reading_error(reading, trail, nowhere, "\"%.*s\": %s", TEXT_ARGS(text_first(written, 80)),
                      err.text);
        return;
    }
    for (size_t i = 0; i < settings->domain_count; i++)
        if (text_equal(settings->domains[i], name)) {
            reading_error(reading, trail, nowhere, "\"%.*s\" is there twice; remove one",
                          TEXT_ARGS(name));
            return;
        }
    if (settings->domain_count == LABEL_DOMAINS_MAX) {
        reading_error(reading, trail, nowhere, "has more than %d names", LABEL_DOMAINS_MAX);
        return;
    }
    settings->domains[settings->domain_count++] = name;
}

static void read_domains_of(struct labels *labels)
{
    struct trail trail = { .parent = &labels->trail, .name = TEXT("domain") };
    struct text rest = labels->flat.domain;
    struct text name;
    size_t errors = labels->reading.problems->error_count;

    labels->settings->domains =
        arena_new(&labels->reading.settings->arena, LABEL_DOMAINS_MAX, sizeof(struct text));
    while (rest.len && labels->reading.problems->error_count < errors + 3) {
        text_split(rest, ',', &name, &rest);
        claim_domain(labels, &trail, name);
    }
}

static void check_path(struct labels *labels, const struct trail *parent, struct text *path)
{
    struct trail trail = { .parent = parent, .name = TEXT("path") };
    struct err err;

    if (route_path_normalise(path, &err) < 0)
        reading_error(&labels->reading, &trail, nowhere, "%s", err.text);
}

static void check_redirect(struct labels *labels)
{
    struct trail trail = { .parent = &labels->trail, .name = TEXT("redirect") };
    const struct label_settings *settings = labels->settings;

    if (settings->redirect != HOST_REDIRECT_NONE &&
        !host_redirect_has_pair((enum host_redirect)settings->redirect, settings->domains,
                                settings->domain_count))
        reading_error(&labels->reading, &trail, nowhere,
                      "needs a name both with and without www.; write both in the label domain");
}

/* The flat keys: the first route. */
static void read_flat(struct labels *labels)
{
    static const char *const others[] = { "routes", NULL };
    struct label_route *route = &labels->settings->routes[labels->settings->route_count++];
    struct binding bindings[] = {
        { .table = &label_flat_rows, .target = &labels->flat },
        { .table = &service_fields, .target = &route->service_policy },
        { .table = &route_fields, .target = &route->policy },
    };
    struct section section = {
        .trail = &labels->trail,
        .bindings = bindings,
        .binding_count = 3,
        .others = others,
        .elsewhere = &label_operator_rows,
        .elsewhere_hint = operators_own,
    };

    route->service_policy = labels->reading.settings->service_defaults;
    route->policy = labels->reading.settings->route_defaults;
    fields_set_defaults(&label_flat_rows, &labels->flat, &labels->reading.settings->arena);
    section_read(&labels->reading, &section, labels->root);
    check_path(labels, &labels->trail, &labels->flat.path);
    check_service_policy(&labels->reading, &labels->trail, nowhere, &route->service_policy);
    route->path = labels->flat.path;
    route->network = labels->flat.network;
    route->port = labels->flat.port;
    route->priority = labels->flat.priority;
    route->service_given = bindings[1].given;
    route->policy_given = bindings[2].given;
    labels->settings->redirect = labels->flat.redirect;
    labels->settings->maintenance = labels->flat.maintenance;
    read_domains_of(labels);
    check_redirect(labels);
}

static void check_host(struct labels *labels, const struct trail *parent, struct text *host)
{
    struct trail trail = { .parent = parent, .name = TEXT("host") };
    struct err err;

    if (host->len && domain_name_read(*host, &labels->reading.settings->arena, host, &err) < 0)
        reading_error(&labels->reading, &trail, nowhere, "%s", err.text);
}

static void check_twice(struct labels *labels, const struct trail *trail,
                        const struct label_route *route)
{
    for (const struct label_route *other = labels->settings->routes; other < route; other++)
        if (text_equal(other->path, route->path) && text_equal(other->host, route->host) &&
            other->priority == route->priority)
            reading_error(&labels->reading, trail, nowhere,
                          "path %.*s is there twice with the same priority; remove one",
                          TEXT_ARGS(route->path));
}

/* One of `routes.NAME`: what it does not say is as in the flat keys. */
static void read_named_route(struct labels *labels, const struct trail *parent,
                             const struct yaml_node *node)
{
    struct label_settings *settings = labels->settings;
    const struct label_route *flat = &settings->routes[0];
    struct label_route *route = &settings->routes[settings->route_count++];
    struct label_route_keys keys = { .port = flat->port, .network = flat->network };
    struct trail trail = { .parent = parent, .name = node->key };
    struct binding bindings[] = {
        { .table = &label_route_rows, .target = &keys },
        { .table = &service_fields, .target = &route->service_policy },
        { .table = &route_fields, .target = &route->policy },
    };
    struct section section = {
        .trail = &trail,
        .bindings = bindings,
        .binding_count = 3,
        .elsewhere = &label_operator_rows,
        .elsewhere_hint = operators_own,
    };

    *route = *flat;
    keys.path = TEXT("/");
    section_read(&labels->reading, &section, node);
    check_path(labels, &trail, &keys.path);
    check_host(labels, &trail, &keys.host);
    check_service_policy(&labels->reading, &trail, nowhere, &route->service_policy);
    route->name = node->key;
    route->host = keys.host;
    route->path = keys.path;
    route->network = keys.network;
    route->port = keys.port;
    route->priority = keys.priority;
    route->service_given |= bindings[1].given;
    route->policy_given |= bindings[2].given;
    check_twice(labels, &trail, route);
}

static void read_named_routes(struct labels *labels)
{
    struct trail trail = { .parent = &labels->trail, .name = TEXT("routes") };
    const struct yaml_node *list = yaml_find(labels->root, "routes");

    if (!list || !reading_expects(&labels->reading, &trail, list, YAML_MAPPING))
        return;
    if (list->count >= LABEL_ROUTES_MAX) {
        reading_error(&labels->reading, &trail, nowhere, "has more than %d routes",
                      LABEL_ROUTES_MAX - 1);
        return;
    }
    for (const struct yaml_node *node = list->first; node; node = node->next)
        read_named_route(labels, &trail, node);
}

/*
 * Only "true" opens the door; anything but "false" beside it is a slip that is said. Asked before
 * the other labels are looked at: whoever has not opted in is not complained about.
 */
static bool is_enabled(struct labels *labels, const struct label *written, size_t count)
{
    struct trail trail = { .parent = &labels->trail, .name = TEXT("enable") };
    const struct label *enable = NULL;

    for (size_t i = 0; i < count && !enable; i++)
        if (text_equal(written[i].name, trail.name))
            enable = &written[i];
    if (!enable || text_equal(enable->value, TEXT("false")))
        return false;
    if (text_equal(enable->value, TEXT("true")))
        return true;
    reading_error(&labels->reading, &trail, nowhere, "must be true or false");
    return false;
}

static void read_all(struct labels *labels, const struct label *written, size_t count)
{
    if (!is_enabled(labels, written, count))
        return;
    labels->root = label_tree(&labels->reading, &labels->trail, written, count);
    labels->settings->enabled = true;
    labels->settings->routes =
        arena_new(&labels->reading.settings->arena, LABEL_ROUTES_MAX, sizeof(struct label_route));
    read_flat(labels);
    read_named_routes(labels);
}

struct label_settings *labels_read(const struct settings *file, struct text service,
                                   const struct label *labels, size_t count,
                                   struct problems *problems)
{
    /* the defaults of the file, with an arena and a name of its own */
    struct settings scratch = *file;
    struct label_settings *settings = memory_new(sizeof(*settings));
    size_t errors = problems->error_count;
    struct text shown;
    struct labels reader = {
        .reading = {
            .settings = &scratch,
            .problems = problems,
            .lenient = file->docker.label_policy == LABEL_POLICY_LENIENT,
            .reference = "docs/labels.md",
        },
        .trail = { .name = file->docker.label_prefix },
        .settings = settings,
    };

    scratch.arena = (struct arena){ 0 };
    shown = label_printable(&scratch.arena, service);
    scratch.path = arena_format(&scratch.arena, "service %.*s", TEXT_ARGS(shown));
    read_all(&reader, labels, count);
    problems_settle(problems, &scratch);
    settings->arena = scratch.arena; /* handed over */
    if (problems->error_count == errors)
        return settings;
    label_settings_free(settings);
    return NULL;
}

void label_settings_free(struct label_settings *settings)
{
    if (!settings)
        return;
    arena_done(&settings->arena);
    free(settings);
}
