/* The sections of the file that are nothing but field tables, and the order of reading them all. */

#include "entries.h"
#include "section.h"

static const struct trail listeners_trail = { .name = { "listeners", 9 } };
static const struct trail tls_trail = { .name = { "tls", 3 } };
static const struct trail policy_trail = { .name = { "policy", 6 } };
static const struct trail defaults_trail = { .name = { "defaults", 8 } };
static const struct trail headers_trail = { .parent = &defaults_trail, .name = { "headers", 7 } };
static const struct trail limits_trail = { .name = { "limits", 6 } };
static const struct trail shutdown_trail = { .name = { "shutdown", 8 } };
static const struct trail metrics_trail = { .name = { "metrics", 7 } };

/* One section that is one table. */
static void read_table(struct reading *reading, const struct trail *trail,
                       const struct field_table *table, void *target, const struct yaml_node *node)
{
    struct binding binding = { .table = table, .target = target };
    struct section section = { .trail = trail, .bindings = &binding, .binding_count = 1 };

    section_read(reading, &section, node);
}

static void read_tls(struct reading *reading, const struct yaml_node *node)
{
    static const char *const others[] = { "certificates", NULL };
    struct tls_settings *tls = &reading->settings->tls;
    struct binding binding = { .table = &tls_fields, .target = tls };
    struct section section = {
        .trail = &tls_trail,
        .bindings = &binding,
        .binding_count = 1,
        .others = others,
    };

    section_read(reading, &section, node);
    if (binding_has(&binding, "ticket_secret")) {
        reading->settings->ticket_secret_given = true;
        tls->ticket_secret =
            reading_mounted_path(reading, &tls_trail, node->place, tls->ticket_secret, true);
    }
    read_certificates(reading, node);
}

static void mount_backend_tls(struct reading *reading, struct source_place place)
{
    struct backend_tls_settings *tls = &reading->settings->policy.backend_tls;

    tls->ca = reading_mounted_path(reading, &policy_trail, place, tls->ca, false);
    tls->cert_path = reading_mounted_path(reading, &policy_trail, place, tls->cert_path, false);
    tls->key_path = reading_mounted_path(reading, &policy_trail, place, tls->key_path, true);
}

static void read_policy(struct reading *reading, const struct yaml_node *node)
{
    static const char *const others[] = { "owners", NULL };
    struct binding binding = { .table = &policy_fields, .target = &reading->settings->policy };
    struct section section = {
        .trail = &policy_trail,
        .bindings = &binding,
        .binding_count = 1,
        .others = others,
    };

    section_read(reading, &section, node);
    if (node && node->kind == YAML_MAPPING)
        mount_backend_tls(reading, node->place);
    read_owners(reading, node);
}

static void read_defaults(struct reading *reading, const struct yaml_node *node)
{
    static const char *const others[] = { "headers", NULL };
    struct binding bindings[] = {
        { .table = &service_fields, .target = &reading->settings->service_defaults },
        { .table = &route_fields, .target = &reading->settings->route_defaults },
        { .table = &delivery_fields, .target = &reading->settings->delivery.policy },
    };
    struct binding headers[] = {
        { .table = &header_fields, .target = &reading->settings->headers },
        { .table = &edit_fields, .target = &reading->settings->delivery.policy.headers },
    };
    struct section section = {
        .trail = &defaults_trail,
        .bindings = bindings,
        .binding_count = 3,
        .others = others,
    };
    struct section headers_section = {
        .trail = &headers_trail,
        .bindings = headers,
        .binding_count = 2,
    };

    section_read(reading, &section, node);
    section_read(reading, &headers_section, yaml_find(node, "headers"));
    read_default_delivery(reading, &defaults_trail, node);
}

static void read_root_names(struct reading *reading, const struct yaml_node *root)
{
    static const char *const others[] = { "version", "listeners", "docker",  "tls",
                                          "policy",  "defaults",  "limits",  "services",
                                          "domains", "shutdown",  "metrics", NULL };
    struct log_settings *log = &reading->settings->log;
    struct binding binding = { .table = &log_fields, .target = log };
    struct section section = { .bindings = &binding, .binding_count = 1, .others = others };

    section_read(reading, &section, root);
    if (!text_equal(log->access_output, TEXT("stdout")) &&
        !text_equal(log->access_output, TEXT("off")))
        log->access_output = reading_path(reading, log->access_output);
}

/* False: the rest of the file is written for somebody else. */
static bool check_version(struct reading *reading, const struct yaml_node *root)
{
    const struct yaml_node *version = yaml_find(root, "version");

    if (!version) {
        reading_error(reading, NULL, root->place,
                      "\"version\" is missing; the first line must be version: 1");
        return true;
    }
    if (version->kind == YAML_SCALAR && text_equal(version->text, TEXT("1")))
        return true;
    reading_error(reading, NULL, version->place,
                  "this program reads files of version 1; the first line must be version: 1");
    return false;
}

void read_root(struct reading *reading, const struct yaml_node *root)
{
    struct settings *settings = reading->settings;
    const struct yaml_node *domains = yaml_find(root, "domains");

    if (root->kind == YAML_NOTHING) {
        reading_error(reading, NULL, root->place,
                      "the file is empty; it needs version: 1 and domains:");
        return;
    }
    if (!reading_expects(reading, NULL, root, YAML_MAPPING) || !check_version(reading, root))
        return;
    read_root_names(reading, root);
    read_table(reading, &listeners_trail, &listener_fields, &settings->listeners,
               yaml_find(root, "listeners"));
    if (yaml_find(root, "tls"))
        read_tls(reading, yaml_find(root, "tls"));
    read_docker(reading, yaml_find(root, "docker"));
    read_table(reading, &metrics_trail, &metrics_fields, &settings->metrics,
               yaml_find(root, "metrics"));
    read_policy(reading, yaml_find(root, "policy"));
    read_defaults(reading, yaml_find(root, "defaults"));
    read_table(reading, &limits_trail, &limit_fields, &settings->limits, yaml_find(root, "limits"));
    read_table(reading, &shutdown_trail, &shutdown_fields, &settings->shutdown,
               yaml_find(root, "shutdown"));
    read_services(reading, yaml_find(root, "services"));
    read_auth_route(reading, &defaults_trail, &settings->delivery);
    if (domains)
        read_domains(reading, domains);
    else if (!reading_takes_labels(reading))
        reading_error(reading, NULL, root->place,
                      "\"domains\" is missing; map one, like domains: { www.example.com: "
                      "\"127.0.0.1:3000\" }");
    check_across(reading, root);
}
