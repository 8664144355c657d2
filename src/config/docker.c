/* The section "docker", and who may claim domains by label (policy.owners). */

#include "domain_name.h"
#include "entries.h"
#include "section.h"

static const struct trail docker_trail = { .name = { "docker", 6 } };

/* Whose clear text stays on this machine. "127.0.0.1.attacker.example" does not. */
static bool is_loopback(struct text host_and_port)
{
    struct address address;

    return address_parse(host_and_port, &address, NULL) == 0 && address_is_loopback(&address);
}

static void check_endpoint(struct reading *reading, const struct yaml_node *node)
{
    const struct docker_settings *docker = &reading->settings->docker;
    int files = (docker->tls_ca.len > 0) + (docker->tls_cert.len > 0) + (docker->tls_key.len > 0);
    struct text endpoint = docker->endpoint;

    if (endpoint.len && !text_starts(endpoint, TEXT("unix:///")) &&
        !text_starts(endpoint, TEXT("tcp://")))
        reading_error(reading, &docker_trail, node->place,
                      "endpoint must be unix:///path, tcp://host:port, or \"\" for DNS alone");
    if (files != 0 && files != 3)
        reading_error(reading, &docker_trail, node->place,
                      "tls needs all three of ca, cert and key");
    if (text_starts(endpoint, TEXT("tcp://")) && files == 0 &&
        !is_loopback(text_from(endpoint, TEXT("tcp://").len)))
        reading_error(reading, &docker_trail, node->place,
                      "whoever reaches the Docker API in the clear owns the machine; name the "
                      "files under tls, or use a unix socket");
}

static void check_times(struct reading *reading, const struct yaml_node *node)
{
    const struct docker_settings *docker = &reading->settings->docker;

    if (docker->lease_ms <= 2 * docker->resync_interval_ms)
        reading_error(reading, &docker_trail, node->place,
                      "lease must be more than twice resync_interval, else a task is given up "
                      "between two looks");
}

void read_docker(struct reading *reading, const struct yaml_node *node)
{
    struct docker_settings *docker = &reading->settings->docker;
    struct binding binding = { .table = &docker_fields, .target = docker };
    struct section section = { .trail = &docker_trail, .bindings = &binding, .binding_count = 1 };

    if (!node)
        return;
    reading->docker_written = true;
    reading->settings->docker_given = true;
    section_read(reading, &section, node);
    docker->tls_ca = reading_path(reading, docker->tls_ca);
    docker->tls_cert = reading_path(reading, docker->tls_cert);
    docker->tls_key = reading_path(reading, docker->tls_key);
    docker->snapshot = reading_path(reading, docker->snapshot);
    check_endpoint(reading, node);
    check_times(reading, node);
}

/* --- owners --------------------------------------------------------------------------------------
 */

static void check_domain(struct reading *reading, const struct trail *trail,
                         const struct yaml_node *node, struct owner_settings *owner)
{
    const struct settings *settings = reading->settings;
    struct err err;

    if (!owner->domain.len)
        return; /* it was said that it is missing */
    if (domain_name_read(owner->domain, &reading->settings->arena, &owner->domain, &err) < 0) {
        reading_error(reading, trail, node->place, "domain: %s", err.text);
        return;
    }
    for (const struct owner_settings *other = settings->owners; other < owner; other++)
        if (text_equal(other->domain, owner->domain))
            reading_error(reading, trail, node->place,
                          "\"%.*s\" is there twice, the first time in line %u; put the stacks into "
                          "one list",
                          TEXT_ARGS(owner->domain), other->place.line);
}

void read_owners(struct reading *reading, const struct yaml_node *policy)
{
    static const struct trail policy_trail = { .name = { "policy", 6 } };
    static const struct trail trail = { .parent = &policy_trail, .name = { "owners", 6 } };
    const struct yaml_node *list = yaml_find(policy, "owners");
    struct settings *settings = reading->settings;

    if (!list || !reading_expects(reading, &trail, list, YAML_SEQUENCE))
        return;
    settings->owners = arena_new(&settings->arena, list->count + 1, sizeof(*settings->owners));
    for (const struct yaml_node *node = list->first; node; node = node->next) {
        struct owner_settings *owner = &settings->owners[settings->owner_count];
        struct binding binding = { .table = &owner_entry, .target = owner };
        struct section section = { .trail = &trail, .bindings = &binding, .binding_count = 1 };

        owner->place = node->place;
        section_read(reading, &section, node);
        check_domain(reading, &trail, node, owner);
        settings->owner_count++;
    }
}
