/* The section "domains": which names are answered, with which certificate, and their routes. */

#include "base/array.h"
#include "domain_name.h"
#include "entries.h"
#include "model/nearest.h"
#include "section.h"

/* Check a name and claim it. False: it was complained about. */
static bool claim_name(struct reading *reading, const struct trail *trail, struct text written,
                       struct source_place place, struct text *name_out)
{
    struct arena *arena = &reading->settings->arena;
    size_t line = 0;
    struct err err;

    if (domain_name_read(written, arena, name_out, &err) < 0) {
        reading_error(reading, trail, place, "\"%.*s\": %s", TEXT_ARGS(text_first(written, 80)),
                      err.text);
        return false;
    }
    if (!string_map_put(&reading->host_names, *name_out, place.line)) {
        string_map_get(&reading->host_names, *name_out, &line);
        reading_error(reading, trail, place,
                      "\"%.*s\" is there twice, the first time in line %zu; remove one",
                      TEXT_ARGS(*name_out), line);
        return false;
    }
    if (++reading->host_count == SETTINGS_DOMAINS + 1)
        reading_error(reading, trail, place, "more than %d domains and aliases", SETTINGS_DOMAINS);
    return true;
}

static void read_aliases(struct reading *reading, const struct trail *trail,
                         const struct yaml_node *list, struct domain_settings *domain)
{
    struct trail here = { .parent = trail, .name = TEXT("aliases") };

    if (!reading_expects(reading, &here, list, YAML_SEQUENCE))
        return;
    domain->aliases = arena_new(&reading->settings->arena, list->count, sizeof(*domain->aliases));
    for (const struct yaml_node *node = list->first; node; node = node->next)
        if (reading_expects(reading, &here, node, YAML_SCALAR) &&
            claim_name(reading, &here, node->text, node->place,
                       &domain->aliases[domain->alias_count]))
            domain->alias_count++;
}

static void check_certificate(struct reading *reading, const struct trail *trail,
                              const struct yaml_node *node, struct text name)
{
    const struct settings *settings = reading->settings;
    struct trail here = { .parent = trail, .name = TEXT("certificate") };
    struct nearest nearest;
    size_t index;

    if (text_equal(name, TEXT("auto")) || node->kind != YAML_SCALAR ||
        string_map_get(&reading->certificate_names, name, &index))
        return;
    nearest_start(&nearest, name);
    if (!reading_is_hopeless(reading))
        for (size_t i = 0; i < settings->certificate_count; i++)
            nearest_offer(&nearest, settings->certificates[i].name);
    if (nearest.best.len)
        reading_error(reading, &here, node->place,
                      "no certificate \"%.*s\" under tls.certificates; did you mean \"%.*s\"?",
                      TEXT_ARGS(name), TEXT_ARGS(nearest.best));
    else
        reading_error(reading, &here, node->place,
                      "no certificate \"%.*s\" under tls.certificates; name one of them, or write "
                      "auto",
                      TEXT_ARGS(name));
}

static void settle_client_auth(struct reading *reading, const struct trail *trail,
                               const struct yaml_node *node, struct domain_settings *domain)
{
    struct client_auth_settings *auth = &domain->client_auth;
    struct trail here = { .parent = trail, .name = TEXT("client_auth") };
    struct source_place place = node->key_place;

    auth->ca = reading_mounted_path(reading, &here, place, auth->ca, false);
    if (auth->mode != CLIENT_AUTH_OFF && !auth->ca.len)
        reading_error(reading, &here, place,
                      "needs ca: the PEM file of whoever issues the client certificates");
    else if (auth->mode == CLIENT_AUTH_OFF && (auth->ca.len || auth->forward))
        reading_error(reading, &here, place,
                      "nobody is asked for a certificate without mode: optional or required");
}

static void read_edits(struct reading *reading, const struct trail *trail,
                       const struct yaml_node *node, struct delivery_reading *way)
{
    struct trail here = { .parent = trail, .name = TEXT("headers") };
    struct section section = {
        .trail = &here,
        .bindings = &way->edits,
        .binding_count = 1,
        .elsewhere = &header_fields,
        .elsewhere_hint = "is the same for all domains; write it under defaults.headers",
    };

    way->edits = (struct binding){ .table = &edit_fields, .target = &way->delivery.policy.headers };
    section_read(reading, &section, yaml_find(node, "headers"));
}

static void read_full_form(struct reading *reading, const struct trail *trail,
                           const struct yaml_node *node, struct domain_settings *domain)
{
    static const char *const others[] = { "aliases", "routes", "headers", "redirects", NULL };
    struct delivery_reading way = { .delivery = reading->settings->delivery };
    struct binding bindings[] = {
        { .table = &domain_entry, .target = domain },
        { .table = &delivery_fields, .target = &way.delivery.policy },
        { .table = &domain_policy_fields, .target = &domain->policy },
    };
    struct section section = {
        .trail = trail,
        .bindings = bindings,
        .binding_count = 3,
        .others = others,
        .elsewhere = &route_entry,
        .elsewhere_hint = "belongs to a route; write routes: [{ path: /, service: ... }]",
    };
    const struct yaml_node *aliases = yaml_find(node, "aliases");
    const struct yaml_node *routes = yaml_find(node, "routes");
    const struct yaml_node *certificate = yaml_find(node, "certificate");
    const struct yaml_node *client_auth = yaml_find(node, "client_auth");

    section_read(reading, &section, node);
    way.binding = bindings[1];
    read_edits(reading, trail, node, &way);
    read_domain_delivery(reading, trail, &way, domain);
    domain->policy_given = bindings[2].given;
    if (certificate)
        check_certificate(reading, trail, certificate, domain->certificate);
    if (client_auth)
        settle_client_auth(reading, trail, client_auth, domain);
    if (aliases)
        read_aliases(reading, trail, aliases, domain);
    read_domain_policy(reading, trail, node, domain);
    if (routes)
        read_routes(reading, trail, routes, domain);
    else
        reading_error(reading, trail, node->place,
                      "has no routes; write routes: [{ path: /, service: ... }]");
}

static void read_domain(struct reading *reading, const struct trail *trail,
                        const struct yaml_node *node)
{
    struct settings *settings = reading->settings;
    struct trail here = { .parent = trail, .name = node->key };
    struct domain_settings *domain =
        ARRAY_PUSH(settings->domains, settings->domain_count, settings->domain_capacity);

    *domain = (struct domain_settings){
        .certificate = TEXT("auto"),
        .delivery = &settings->delivery,
        .place = node->key_place,
    };
    fields_set_defaults(&domain_policy_fields, &domain->policy, &settings->arena);
    if (!claim_name(reading, trail, node->key, node->key_place, &domain->name))
        domain->name = TEXT("?"); /* goes on to find more errors; nobody will see the settings */
    if (node->kind == YAML_SCALAR)
        read_short_route(reading, &here, node, domain);
    else if (node->kind == YAML_MAPPING)
        read_full_form(reading, &here, node, domain);
    else if (node->kind == YAML_NOTHING)
        reading_error(reading, &here, node->key_place,
                      "has no value; write service:port, address:port, or { routes: [...] }");
    else if (node->kind != YAML_BROKEN)
        reading_error(reading, &here, node->place,
                      "must be mapped; write service:port, address:port, or { routes: [...] }");
}

void read_domains(struct reading *reading, const struct yaml_node *node)
{
    static const struct trail trail = { .name = { "domains", 7 } };

    if (!reading_expects(reading, &trail, node, YAML_MAPPING))
        return;
    if (node->count == 0 && !reading_takes_labels(reading))
        reading_error(reading, &trail, node->place,
                      "must not be empty; map one, like www.example.com: \"127.0.0.1:3000\"");
    for (const struct yaml_node *domain = node->first; domain; domain = domain->next) {
        read_domain(reading, &trail, domain);
        if (reading->host_count > SETTINGS_DOMAINS)
            return;
    }
}
