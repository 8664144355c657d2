/*
 * From the section `docker` to a discovery that runs, and from its changes to loader.c. Called by
 * loader.c with every file.
 */

#include "swarm_link.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/memory.h"
#include "swarm_facts.h"

#define WATCH_MS 10000

struct swarm_link {
    /* owned */
    struct discovery *discovery;
    struct deadline watch;
    /* borrowed */
    struct control *control;
    uint64_t options; /* hash of the settings that it was made from */
};

static void on_changed(void *owner)
{
    struct swarm_link *link = owner;

    link->control->on_swarm_changed(link->control);
}

static const struct discovery_handler handler = { .on_changed = on_changed };

static void on_watch(void *owner)
{
    struct swarm_link *link = owner;

    swarm_warn_of_mesh(link->control);
    deadline_set(&link->watch, io_now_ms(link->control->io) + WATCH_MS);
}

static uint64_t hash_options(const struct settings *settings)
{
    struct buffer encoded = { 0 };
    uint64_t hash;

    fields_encode(&docker_fields, &settings->docker, &encoded);
    hash = hash_text(buffer_text(&encoded));
    buffer_done(&encoded);
    return hash;
}

static struct swarm_link *link_new(struct control *control, const struct settings *settings,
                                   struct err *err)
{
    const struct docker_settings *docker = &settings->docker;
    struct swarm_link *link = memory_new(sizeof(*link));
    struct discovery_options options = {
        .endpoint = docker->endpoint,
        .ca = docker->tls_ca,
        .cert = docker->tls_cert,
        .key = docker->tls_key,
        .networks = docker->networks.items,
        .network_count = docker->networks.count,
        .label_prefix = docker->label_prefix,
        .dns_server = docker->dns_server,
        .table_path = docker->snapshot,
        .dns_interval_ms = docker->dns_interval_ms,
        .resync_interval_ms = docker->resync_interval_ms,
        .lease_ms = docker->lease_ms,
    };

    link->control = control;
    link->options = hash_options(settings);
    if (discovery_new(control->io, &options, &handler, link, &link->discovery, err) == 0) {
        deadline_init(&link->watch, control->io, on_watch, link);
        deadline_set(&link->watch, io_now_ms(control->io) + WATCH_MS);
        return link;
    }
    err_prefix(err, "docker");
    free(link);
    return NULL;
}

struct swarm_link *swarm_link_for(struct control *control, const struct settings *settings,
                                  struct err *err)
{
    struct swarm_link *link = control->link;

    err->text[0] = '\0';
    if (!settings->docker_given)
        return NULL;
    if (link && link->options == hash_options(settings))
        return link;
    return link_new(control, settings, err);
}

void swarm_link_free(struct swarm_link *link)
{
    if (!link)
        return;
    discovery_free(link->discovery);
    deadline_done(&link->watch);
    free(link);
}

struct names {
    struct text *items; /* heap */
    size_t count;
    size_t capacity;
};

static void add_names(struct names *names, const struct settings *settings)
{
    for (size_t i = 0; settings && i < settings->service_count; i++)
        if (settings->services[i].in_swarm)
            *ARRAY_PUSH(names->items, names->count, names->capacity) = settings->services[i].name;
}

void swarm_link_want(struct swarm_link *link, const struct settings *settings,
                     const struct settings *served)
{
    struct names names = { 0 };

    add_names(&names, settings);
    if (served != settings)
        add_names(&names, served);
    discovery_want(link->discovery, names.items, names.count);
    free(names.items);
}

bool swarm_link_is_settled(const struct swarm_link *link)
{
    return discovery_settled(link->discovery);
}

bool swarm_link_is_known(const struct swarm_link *link)
{
    struct discovery_facts facts;

    discovery_get_facts(link->discovery, &facts);
    if (facts.link != DISCOVERY_OFF)
        return discovery_swarm(link->discovery)->complete;
    return facts.last_dns_ms && discovery_settled(link->discovery);
}

struct swarm *swarm_link_swarm(const struct swarm_link *link)
{
    return discovery_swarm(link->discovery);
}

const struct discovery_facts *swarm_link_facts(const struct swarm_link *link,
                                               struct discovery_facts *facts)
{
    if (!link)
        return NULL;
    discovery_get_facts(link->discovery, facts);
    return facts;
}
