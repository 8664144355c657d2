/*
 * A service in Swarm as a snapshot needs it: the network, whether the way over it is encrypted, and
 * which of its tasks may be used. What is wrong makes its requests a 503 that says why; it never
 * makes a route disappear. Called by mapping.c and mapping_labels.c.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/memory.h"
#include "mapping_private.h"

#define KEY_BYTES 512
#define WHY_BYTES 400

static void refuse(struct mapper *mapper, struct mapped_service *service,
                   enum service_refusal refusal, struct text why)
{
    service->refusal = refusal;
    service->why = arena_text(&mapper->mapping->arena, text_first(why, WHY_BYTES));
}

/* --- the network ---------------------------------------------------------------------------------
 */

static struct text network_name(const struct mapper *mapper, uint32_t network)
{
    return network < mapper->swarm->network_count ? mapper->swarm->networks[network].name
                                                  : TEXT("(unknown)");
}

static void refuse_several(struct mapper *mapper, const struct swarm_service *from,
                           struct mapped_service *service)
{
    struct buffer why = { 0 };

    buffer_format(&why, "it shares several networks with swarmward:");
    for (size_t i = 0; i < from->network_count; i++)
        buffer_format(&why, "%s %.*s", i ? "," : "",
                      TEXT_ARGS(network_name(mapper, from->networks[i])));
    buffer_format(&why, "; name one by the label network, or in the route");
    refuse(mapper, service, SERVICE_NETWORK, buffer_text(&why));
    buffer_done(&why);
}

static bool find_network(const struct mapper *mapper, const struct swarm_service *from,
                         struct text name, uint32_t *network_out)
{
    for (size_t i = 0; i < from->network_count; i++)
        if (text_equal(network_name(mapper, from->networks[i]), name)) {
            *network_out = from->networks[i];
            return true;
        }
    return false;
}

/* False: refused. */
static bool choose_network(struct mapper *mapper, const struct swarm_service *from,
                           struct text wanted, struct mapped_service *service,
                           uint32_t *network_out)
{
    char why[WHY_BYTES];

    if (wanted.len) {
        if (find_network(mapper, from, wanted, network_out))
            return true;
        snprintf(why, sizeof(why),
                 "network %.*s is not one that it and swarmward share; attach both to it, and "
                 "list it under docker.networks when that is given",
                 TEXT_ARGS(text_first(wanted, 64)));
        refuse(mapper, service, SERVICE_NETWORK, text_of(why));
        return false;
    }
    if (!from->id.len && from->network_count == 0) { /* DNS alone knows it */
        *network_out = SWARM_NETWORK_UNKNOWN;
        return true;
    }
    if (from->network_count > 1) {
        refuse_several(mapper, from, service);
        return false;
    }
    if (from->network_count == 0) {
        refuse(mapper, service, SERVICE_NETWORK,
               TEXT("it shares no network with swarmward; attach both to one overlay network, and "
                    "list that under docker.networks when swarmward is no swarm service"));
        return false;
    }
    *network_out = from->networks[0];
    return true;
}

bool mapping_swarm_shares(struct mapper *mapper, const struct swarm_service *service,
                          struct text network, struct err *err)
{
    struct mapped_service asked = { 0 };
    uint32_t unused;

    if (choose_network(mapper, service, network, &asked, &unused))
        return true;
    err_set(err, "%.*s", TEXT_ARGS(asked.why));
    return false;
}

/* --- the encryption gate ------------------------------------------------------------------------
 */

/*
 * With `overlay` it is the network that counts, even when the protocol has TLS: that is the word of
 * a label, and a label never widens what the file allows.
 */
static bool is_on_encrypted_network(struct mapper *mapper, uint32_t network,
                                    struct mapped_service *service)
{
    const struct swarm *swarm = mapper->swarm;
    char why[WHY_BYTES];

    if (network >= swarm->network_count) {
        refuse(mapper, service, SERVICE_NOT_ENCRYPTED,
               TEXT("without the Docker API nobody can say that its network is encrypted; give "
                    "docker.endpoint, or write policy: { backend_encryption: none, exception: "
                    "\"why\" }, or backend_encryption: tls when it speaks TLS"));
        return false;
    }
    if (!swarm->networks[network].encrypted) {
        snprintf(why, sizeof(why),
                 "network %.*s is not encrypted; create one with `docker network create --driver "
                 "overlay --opt encrypted` and attach both services to it",
                 TEXT_ARGS(text_first(swarm->networks[network].name, 64)));
        refuse(mapper, service, SERVICE_NOT_ENCRYPTED, text_of(why));
        return false;
    }
    if (!swarm->engines_encrypt) {
        refuse(mapper, service, SERVICE_NOT_ENCRYPTED, swarm->engines_why);
        return false;
    }
    return true;
}

static bool is_encrypted(struct mapper *mapper, uint32_t network, struct mapped_service *service)
{
    struct text why = mapping_protocol_why(mapper, service->policy.protocol);

    if (why.len) {
        refuse(mapper, service, SERVICE_NOT_ENCRYPTED, why);
        return false;
    }
    return mapper->file->policy.backend_encryption != BACKEND_ENCRYPTION_OVERLAY ||
           is_on_encrypted_network(mapper, network, service);
}

/* --- the endpoints ------------------------------------------------------------------------------
 */

static void set_port(struct address *address, int64_t port)
{
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons((uint16_t)port);
    else
        address->v4.sin_port = htons((uint16_t)port);
}

static uint64_t with_port(uint64_t identity, int64_t port)
{
    uint64_t mixed = hash_mix(identity ^ hash_mix((uint64_t)port));

    return mixed ? mixed : 1;
}

/* From the worst to the best. */
enum fitness {
    UNFIT,
    LAST_RESORT, /* somebody says that it runs, though it is on its way in or out */
    UNCONFIRMED, /* nobody has spoken of it for longer than the lease */
    FIT,
};

static enum fitness fitness_of(const struct swarm_task *task, const struct swarm_address *address)
{
    if (address->membership == SWARM_USABLE)
        return address->confirmed ? FIT : UNCONFIRMED;
    return address->confirmed && strcmp(task->state, "running") == 0 ? LAST_RESORT : UNFIT;
}

static const struct swarm_address *address_on(const struct swarm_task *task, uint32_t network)
{
    for (size_t i = 0; i < task->address_count; i++)
        if (task->addresses[i].network == network)
            return &task->addresses[i];
    return NULL;
}

/*
 * Only the fittest are used. Where no task is usable the last resort is better than a 503: a
 * stop-first update may take the last old task out of DNS a moment before DNS knows the new one,
 * and Swarm leaves the old one two seconds before its SIGTERM.
 */
static enum fitness best_fitness(const struct swarm_service *from, uint32_t network)
{
    enum fitness best = UNFIT;

    for (size_t i = 0; i < from->task_count; i++) {
        const struct swarm_address *address = address_on(&from->tasks[i], network);
        enum fitness found = address ? fitness_of(&from->tasks[i], address) : UNFIT;

        if (found > best)
            best = found;
    }
    return best;
}

static void add_tasks(struct mapper *mapper, const struct swarm_service *from, uint32_t network,
                      int64_t port, struct mapped_service *service)
{
    enum fitness best = best_fitness(from, network);

    service->endpoints =
        arena_new(&mapper->mapping->arena, from->task_count, sizeof(*service->endpoints));
    for (size_t i = 0; best > UNFIT && i < from->task_count; i++) {
        const struct swarm_address *address = address_on(&from->tasks[i], network);
        struct mapped_endpoint *endpoint = &service->endpoints[service->endpoint_count];

        if (!address || fitness_of(&from->tasks[i], address) < best)
            continue;
        *endpoint = (struct mapped_endpoint){
            .name = from->tasks[i].name,
            .address = address->address,
            .identity = mapping_identity(mapper, service->policy.protocol,
                                         with_port(address->identity, port)),
            .weight = 1,
            .pooled = true,
        };
        set_port(&endpoint->address, port);
        service->endpoint_count++;
    }
}

/* Connections through a virtual address die unseen when they are idle (moby 31208): none is kept.
 */
static void add_vip(struct mapper *mapper, const struct swarm_service *from, uint32_t network,
                    int64_t port, struct mapped_service *service)
{
    service->endpoints = arena_new(&mapper->mapping->arena, 1, sizeof(*service->endpoints));
    for (size_t i = 0; i < from->vip_count && !service->endpoint_count; i++) {
        if (from->vips[i].network != network)
            continue;
        service->endpoints[0] = (struct mapped_endpoint){
            .name = arena_format(&mapper->mapping->arena, "%.*s(vip)", TEXT_ARGS(from->name)),
            .address = from->vips[i].address,
            .identity = mapping_identity(mapper, service->policy.protocol,
                                         with_port(from->vips[i].identity, port)),
            .weight = 1,
        };
        set_port(&service->endpoints[0].address, port);
        service->endpoint_count = 1;
    }
}

static void fill(struct mapper *mapper, const struct swarm_route *route,
                 struct mapped_service *service)
{
    const struct swarm_service *from =
        mapper->swarm ? swarm_find(mapper->swarm, route->service) : NULL;
    uint32_t network = 0;

    if (!from) {
        refuse(mapper, service, SERVICE_NOT_FOUND,
               TEXT("the swarm has no service of this name (yet)"));
        return;
    }
    if (!route->port) {
        refuse(mapper, service, SERVICE_PORT,
               TEXT("nobody says at which port it listens; write service:PORT in the file, or the "
                    "label port"));
        return;
    }
    if (!choose_network(mapper, from, route->network, service, &network) ||
        !is_encrypted(mapper, network, service))
        return;
    if (route->policy->backend_mode == BACKEND_MODE_VIP)
        add_vip(mapper, from, network, route->port, service);
    else
        add_tasks(mapper, from, network, route->port, service);
}

/* Routes that lead to the same port in the same way share queue, budget and balancing. */
static struct text service_key(const struct swarm_route *route, char key[KEY_BYTES])
{
    struct buffer policy = { 0 };
    int len;

    fields_encode(&service_fields, route->policy, &policy);
    len =
        snprintf(key, KEY_BYTES, "%.*s:%lld@%.*s#%llx", TEXT_ARGS(text_first(route->service, 200)),
                 (long long)route->port, TEXT_ARGS(text_first(route->network, 200)),
                 (unsigned long long)hash_text(buffer_text(&policy)));
    buffer_done(&policy);
    return text_make(key, len < KEY_BYTES ? (size_t)len : KEY_BYTES - 1);
}

size_t mapping_swarm_service(struct mapper *mapper, const struct swarm_route *route)
{
    struct mapping *mapping = mapper->mapping;
    struct mapped_service *service;
    char bytes[KEY_BYTES];
    struct text key = service_key(route, bytes);
    size_t at;

    if (string_map_get(&mapper->services, key, &at))
        return at;
    key = arena_text(&mapping->arena, key);
    string_map_put(&mapper->services, key, mapping->service_count);
    service = ARRAY_PUSH(mapping->services, mapping->service_count, mapping->service_capacity);
    *service = (struct mapped_service){
        .policy = *route->policy,
        .in_swarm = true,
        .identity = hash_text(key),
    };
    service->name = route->port ? arena_format(&mapping->arena, "%.*s:%lld",
                                               TEXT_ARGS(route->service), (long long)route->port)
                                : arena_text(&mapping->arena, route->service);
    fill(mapper, route, service);
    return mapping->service_count - 1;
}
