/*
 * A snapshot as bytes and back. The sender is control, which reads text from outside: nothing that
 * comes in is believed, every number is compared with its bound and every index with what it points
 * into before it is used. Decoding copies no text: it makes views.
 *
 *     magic, version, length of all, generation
 *     sections, each through its field table
 *     policies of services, policies of routes: equal ones once, others name their number
 *     policies of domains (snapshot_policies.c)
 *     certificates; authorities of clients; TLS to backends; services with their endpoints; routes;
 *     what changes on the way; domains; each behind its count
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ipc/wire.h"
#include "model/board.h"
#include "snapshot_private.h"

#define MAGIC   0x50414e5344524157U /* "WARDSNAP" */
#define VERSION 4
/* of the length, behind magic and version */
#define LENGTH_OFFSET 12

#define NAME_BYTES       1024
#define DOMAIN_BYTES     253
#define PATH_BYTES       8192
#define WHY_BYTES        1024
#define CERTIFICATES_MAX 65536
#define SERVICES_MAX     65536
#define ENDPOINTS_MAX    262144 /* of all services together */
#define ROUTES_MAX       262144
#define POLICIES_MAX     262144
#define DOMAINS_MAX      262144
#define SOURCES_MAX      1024
#define ENDPOINT_WEIGHT  256

/* The fewest bytes that one of them takes: a count that cannot be true is refused at once. */
#define CERTIFICATE_LEAST 89
#define SERVICE_LEAST     18
#define ENDPOINT_LEAST    30
#define ROUTE_LEAST       25
#define DOMAIN_LEAST      39
#define SOURCE_LEAST      8

/* Encoding */

/* The distinct policies of one kind, and which one each service (or route) has. */
struct policy_numbers {
    const struct field_table *table;
    struct arena arena; /* of the keys of `numbers` */
    struct string_map numbers;
    struct buffer distinct; /* encoded, one behind the other */
    struct buffer one;
    const void *last; /* many neighbours share one */
    uint32_t last_number;
    uint32_t *of; /* heap */
};

static void number_policy(struct policy_numbers *policies, uint32_t owner, const void *policy)
{
    size_t number = policies->numbers.count;

    if (policy != policies->last) {
        struct text encoded;

        buffer_clear(&policies->one);
        fields_encode(policies->table, policy, &policies->one);
        encoded = buffer_text(&policies->one);
        if (!string_map_get(&policies->numbers, encoded, &number)) {
            string_map_put(&policies->numbers, arena_text(&policies->arena, encoded), number);
            buffer_append_text(&policies->distinct, encoded);
        }
        policies->last = policy;
        policies->last_number = (uint32_t)number;
    }
    policies->of[owner] = policies->last_number;
}

static void put_policies(struct buffer *out, const struct policy_numbers *policies)
{
    wire_put_u32(out, (uint32_t)policies->numbers.count);
    buffer_append_text(out, buffer_text(&policies->distinct));
}

static struct policy_numbers number_service_policies(const struct snapshot *snapshot)
{
    struct policy_numbers policies = { .table = &service_fields };

    policies.of = memory_new((snapshot->service_count + 1) * sizeof(*policies.of));
    for (uint32_t i = 0; i < snapshot->service_count; i++)
        number_policy(&policies, i, snapshot->services[i].policy);
    return policies;
}

static struct policy_numbers number_route_policies(const struct snapshot *snapshot)
{
    struct policy_numbers policies = { .table = &route_fields };

    policies.of = memory_new((snapshot->route_count + 1) * sizeof(*policies.of));
    for (uint32_t i = 0; i < snapshot->route_count; i++)
        number_policy(&policies, i, snapshot->routes[i].policy);
    return policies;
}

static void policy_numbers_done(struct policy_numbers *policies)
{
    buffer_done(&policies->one);
    buffer_done(&policies->distinct);
    string_map_done(&policies->numbers);
    arena_done(&policies->arena);
    free(policies->of);
}

static void put_sections(struct buffer *out, const struct snapshot *snapshot)
{
    fields_encode(&listener_fields, &snapshot->listeners, out);
    fields_encode(&tls_fields, &snapshot->tls, out);
    fields_encode(&header_fields, &snapshot->headers, out);
    fields_encode(&limit_fields, &snapshot->limits, out);
    fields_encode(&log_fields, &snapshot->log, out);
    fields_encode(&shutdown_fields, &snapshot->shutdown, out);
}

static void put_certificates(struct buffer *out, const struct snapshot *snapshot)
{
    wire_put_u32(out, snapshot->certificate_count);
    for (uint32_t i = 0; i < snapshot->certificate_count; i++)
        snapshot_put_certificate(out, &snapshot->certificates[i]);
}

static void put_services(struct buffer *out, const struct snapshot *snapshot,
                         const struct policy_numbers *policies)
{
    uint32_t endpoints = 0;

    for (uint32_t i = 0; i < snapshot->service_count; i++)
        endpoints += snapshot->services[i].endpoint_count;
    wire_put_u32(out, endpoints);
    wire_put_u32(out, snapshot->service_count);
    for (uint32_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        wire_put_text(out, service->name);
        wire_put_u32(out, policies->of[i]);
        wire_put_u8(out, (uint8_t)service->refusal);
        wire_put_bool(out, service->in_swarm);
        wire_put_text(out, service->why);
        wire_put_u32(out, service->endpoint_count);
        for (uint32_t j = 0; j < service->endpoint_count; j++) {
            const struct snapshot_endpoint *endpoint = &service->endpoints[j];

            wire_put_text(out, endpoint->name);
            wire_put_address(out, &endpoint->address);
            wire_put_u64(out, endpoint->identity);
            wire_put_u32(out, endpoint->slot);
            wire_put_u32(out, endpoint->weight);
            wire_put_bool(out, endpoint->pooled);
        }
    }
}

static void put_routes(struct buffer *out, const struct snapshot *snapshot,
                       const struct policy_numbers *policies)
{
    wire_put_u32(out, snapshot->route_count);
    for (uint32_t i = 0; i < snapshot->route_count; i++) {
        const struct snapshot_route *route = &snapshot->routes[i];

        wire_put_text(out, route->name);
        wire_put_text(out, route->path);
        wire_put_u32(out, route->service);
        wire_put_i64(out, route->priority);
        wire_put_u32(out, policies->of[i]);
        wire_put_bool(out, route->maintenance);
    }
}

static void put_certificate_choice(struct buffer *out, const uint32_t choice[KEY_KIND_COUNT])
{
    for (int kind = 0; kind < KEY_KIND_COUNT; kind++)
        wire_put_u32(out, choice[kind]);
}

static void put_domains(struct buffer *out, const struct snapshot *snapshot)
{
    wire_put_u32(out, snapshot->domain_count);
    for (uint32_t i = 0; i < snapshot->domain_count; i++) {
        const struct snapshot_domain *domain = &snapshot->domains[i];

        wire_put_text(out, domain->name);
        wire_put_bool(out, domain->wildcard);
        put_certificate_choice(out, domain->certificates);
        wire_put_u32(out, domain->first_route);
        wire_put_u32(out, domain->route_count);
        wire_put_u32(out, domain->slot);
        wire_put_u32(out, domain->delivery);
        client_auth_encode(&domain->client_auth, out);
        snapshot_policy_put(&snapshot->policies, domain->policy, out);
    }
}

static void put_shared_sources(struct buffer *out, const struct snapshot *snapshot)
{
    wire_put_u32(out, snapshot->shared_source_count);
    for (uint32_t i = 0; i < snapshot->shared_source_count; i++) {
        wire_put_address(out, &snapshot->shared_sources[i].address);
        wire_put_u8(out, snapshot->shared_sources[i].bits);
    }
}

void snapshot_encode(const struct snapshot *snapshot, struct buffer *out)
{
    struct policy_numbers service_policies = number_service_policies(snapshot);
    struct policy_numbers route_policies = number_route_policies(snapshot);
    size_t start = buffer_len(out);
    uint64_t length;

    wire_put_u64(out, MAGIC);
    wire_put_u32(out, VERSION);
    wire_put_u64(out, 0);
    wire_put_u64(out, snapshot->generation);
    put_sections(out, snapshot);
    put_policies(out, &service_policies);
    put_policies(out, &route_policies);
    snapshot_policies_encode(&snapshot->policies, out);
    put_certificates(out, snapshot);
    put_certificate_choice(out, snapshot->fallback_certificates);
    client_cas_encode(snapshot, out);
    snapshot_put_backend_tls(out, &snapshot->backend_tls);
    put_services(out, snapshot, &service_policies);
    put_routes(out, snapshot, &route_policies);
    snapshot_put_deliveries(out, &snapshot->deliveries);
    put_domains(out, snapshot);
    put_shared_sources(out, snapshot);
    policy_numbers_done(&service_policies);
    policy_numbers_done(&route_policies);
    length = buffer_len(out) - start;
    for (size_t i = 0; i < sizeof(length); i++)
        out->bytes[out->start + start + LENGTH_OFFSET + i] = (char)(uint8_t)(length >> (8 * i));
}

/* Decoding */

struct decoder {
    struct wire wire;
    struct snapshot *snapshot;
    /* in the snapshot's arena */
    const struct service_policy *service_policies;
    size_t service_policy_count;
    const struct route_policy *route_policies;
    size_t route_policy_count;
    struct snapshot_endpoint *endpoints; /* of all services, one behind the other */
    size_t endpoints_left;
    /* heap: how often up to this route the order was broken */
    uint32_t *disorder;
};

static void refuse(struct decoder *decoder)
{
    decoder->wire.bad = true;
}

/* Both name a certificate of the right kind, or none. */
static void get_certificate_choice(struct decoder *decoder, uint32_t choice[KEY_KIND_COUNT])
{
    const struct snapshot *snapshot = decoder->snapshot;

    for (int kind = 0; kind < KEY_KIND_COUNT; kind++) {
        choice[kind] = wire_get_u32(&decoder->wire);
        if (choice[kind] == SNAPSHOT_NONE)
            continue;
        if (choice[kind] >= snapshot->certificate_count ||
            (int)snapshot->certificates[choice[kind]].kind != kind)
            refuse(decoder);
    }
}

static bool decode_sections(struct decoder *decoder)
{
    struct snapshot *snapshot = decoder->snapshot;
    struct arena *arena = &snapshot->arena;
    struct wire *wire = &decoder->wire;

    return fields_decode(&listener_fields, &snapshot->listeners, wire, arena) == 0 &&
           fields_decode(&tls_fields, &snapshot->tls, wire, arena) == 0 &&
           fields_decode(&header_fields, &snapshot->headers, wire, arena) == 0 &&
           fields_decode(&limit_fields, &snapshot->limits, wire, arena) == 0 &&
           fields_decode(&log_fields, &snapshot->log, wire, arena) == 0 &&
           fields_decode(&shutdown_fields, &snapshot->shutdown, wire, arena) == 0;
}

/* All policies of one kind, as an array of its structs. */
static void *get_policies(struct decoder *decoder, const struct field_table *table,
                          size_t *count_out)
{
    struct arena *arena = &decoder->snapshot->arena;
    size_t count = wire_get_count(&decoder->wire, POLICIES_MAX, 1);
    char *policies = arena_new(arena, count, table->struct_bytes);

    for (size_t i = 0; i < count; i++)
        if (fields_decode(table, policies + i * table->struct_bytes, &decoder->wire, arena) < 0) {
            refuse(decoder);
            break;
        }
    *count_out = count;
    return policies;
}

static bool decode_policies(struct decoder *decoder)
{
    decoder->service_policies =
        get_policies(decoder, &service_fields, &decoder->service_policy_count);
    decoder->route_policies = get_policies(decoder, &route_fields, &decoder->route_policy_count);
    return !decoder->wire.bad;
}

static bool decode_certificates(struct decoder *decoder)
{
    struct snapshot *snapshot = decoder->snapshot;
    struct wire *wire = &decoder->wire;
    size_t count = wire_get_count(wire, CERTIFICATES_MAX, CERTIFICATE_LEAST);

    snapshot->certificates = arena_new(&snapshot->arena, count, sizeof(*snapshot->certificates));
    for (size_t i = 0; i < count && !wire->bad; i++)
        snapshot_get_certificate(wire, &snapshot->certificates[i]);
    snapshot->certificate_count = (uint32_t)count;
    get_certificate_choice(decoder, snapshot->fallback_certificates);
    return !wire->bad;
}

static bool decode_client_cas(struct decoder *decoder)
{
    client_cas_decode(decoder->snapshot, &decoder->wire);
    return !decoder->wire.bad;
}

static bool decode_backend_tls(struct decoder *decoder)
{
    return snapshot_get_backend_tls(&decoder->wire, &decoder->snapshot->backend_tls);
}

static void decode_endpoint(struct decoder *decoder, struct snapshot_endpoint *endpoint)
{
    struct wire *wire = &decoder->wire;

    endpoint->name = wire_get_text(wire, NAME_BYTES);
    endpoint->address = wire_get_address(wire);
    endpoint->identity = wire_get_u64(wire);
    endpoint->slot = wire_get_u32(wire);
    endpoint->weight = wire_get_u32(wire);
    endpoint->pooled = wire_get_bool(wire);
    if (endpoint->slot >= BOARD_ENDPOINTS || endpoint->weight < 1 ||
        endpoint->weight > ENDPOINT_WEIGHT)
        refuse(decoder);
}

static void decode_service(struct decoder *decoder, struct snapshot_service *service)
{
    struct wire *wire = &decoder->wire;
    uint32_t policy;
    uint8_t refusal;
    size_t count;

    service->name = wire_get_text(wire, NAME_BYTES);
    policy = wire_get_u32(wire);
    refusal = wire_get_u8(wire);
    service->in_swarm = wire_get_bool(wire);
    service->why = wire_get_text(wire, WHY_BYTES);
    count = wire_get_count(wire, decoder->endpoints_left, ENDPOINT_LEAST);
    if (policy >= decoder->service_policy_count || refusal >= SERVICE_REFUSAL_COUNT) {
        refuse(decoder);
        return;
    }
    service->refusal = (enum service_refusal)refusal;
    service->policy = &decoder->service_policies[policy];
    service->endpoints = decoder->endpoints;
    service->endpoint_count = (uint32_t)count;
    decoder->endpoints += count;
    decoder->endpoints_left -= count;
    for (size_t i = 0; i < count && !wire->bad; i++)
        decode_endpoint(decoder, &service->endpoints[i]);
}

static bool decode_services(struct decoder *decoder)
{
    struct snapshot *snapshot = decoder->snapshot;
    struct wire *wire = &decoder->wire;
    size_t endpoints = wire_get_count(wire, ENDPOINTS_MAX, ENDPOINT_LEAST);
    size_t count = wire_get_count(wire, SERVICES_MAX, SERVICE_LEAST);

    decoder->endpoints = arena_new(&snapshot->arena, endpoints, sizeof(*decoder->endpoints));
    decoder->endpoints_left = endpoints;
    snapshot->services = arena_new(&snapshot->arena, count, sizeof(*snapshot->services));
    snapshot->service_count = (uint32_t)count;
    for (size_t i = 0; i < count && !wire->bad; i++)
        decode_service(decoder, &snapshot->services[i]);
    return !wire->bad && decoder->endpoints_left == 0;
}

static void decode_route(struct decoder *decoder, struct snapshot_route *route)
{
    struct wire *wire = &decoder->wire;
    int64_t priority;
    uint32_t policy;

    route->name = wire_get_text(wire, NAME_BYTES);
    route->path = wire_get_text(wire, PATH_BYTES);
    route->service = wire_get_u32(wire);
    priority = wire_get_i64(wire);
    policy = wire_get_u32(wire);
    route->maintenance = wire_get_bool(wire);
    if (priority < INT32_MIN || priority > INT32_MAX || !text_starts(route->path, TEXT("/")) ||
        policy >= decoder->route_policy_count ||
        route->service >= decoder->snapshot->service_count) {
        refuse(decoder);
        return;
    }
    route->priority = (int32_t)priority;
    route->policy = &decoder->route_policies[policy];
}

static bool in_order(const struct snapshot_route *before, const struct snapshot_route *route)
{
    return before->path.len > route->path.len ||
           (before->path.len == route->path.len && before->priority >= route->priority);
}

static bool decode_routes(struct decoder *decoder)
{
    struct snapshot *snapshot = decoder->snapshot;
    size_t count = wire_get_count(&decoder->wire, ROUTES_MAX, ROUTE_LEAST);
    uint32_t breaks = 0;

    snapshot->routes = arena_new(&snapshot->arena, count, sizeof(*snapshot->routes));
    snapshot->route_count = (uint32_t)count;
    decoder->disorder = memory_resize(NULL, count + 1, sizeof(*decoder->disorder));
    for (size_t i = 0; i < count && !decoder->wire.bad; i++) {
        decode_route(decoder, &snapshot->routes[i]);
        breaks += i && !in_order(&snapshot->routes[i - 1], &snapshot->routes[i]);
        decoder->disorder[i] = breaks;
    }
    return !decoder->wire.bad;
}

static bool decode_deliveries(struct decoder *decoder)
{
    struct snapshot *snapshot = decoder->snapshot;

    return snapshot_get_deliveries(&snapshot->deliveries, &decoder->wire, &snapshot->arena,
                                   snapshot->route_count);
}

static void get_delivery(struct decoder *decoder, struct snapshot_domain *domain)
{
    uint32_t index = wire_get_u32(&decoder->wire);
    uint32_t count = decoder->snapshot->deliveries.count;

    domain->delivery = (uint16_t)index;
    if (index >= count && (index || count))
        refuse(decoder);
}

static bool decode_domain_policies(struct decoder *decoder)
{
    struct snapshot *snapshot = decoder->snapshot;

    return snapshot_policies_decode(&snapshot->policies, &decoder->wire, &snapshot->arena);
}

static void decode_domain(struct decoder *decoder, struct snapshot_domain *domain)
{
    struct wire *wire = &decoder->wire;
    uint32_t routes = decoder->snapshot->route_count;

    domain->name = wire_get_text(wire, DOMAIN_BYTES);
    domain->wildcard = wire_get_bool(wire);
    get_certificate_choice(decoder, domain->certificates);
    domain->first_route = wire_get_u32(wire);
    domain->route_count = wire_get_u32(wire);
    domain->slot = wire_get_u32(wire);
    get_delivery(decoder, domain);
    client_auth_decode(decoder->snapshot, &domain->client_auth, wire);
    domain->policy = snapshot_policy_get(&decoder->snapshot->policies, wire);
    if (domain->slot != SNAPSHOT_NONE && domain->slot >= BOARD_DOMAINS)
        refuse(decoder);
    if (wire->bad || !domain->name.len || domain->first_route > routes ||
        domain->route_count > routes - domain->first_route) {
        refuse(decoder);
        return;
    }
    /* the first match of a range is only the longest when the range is sorted */
    if (domain->route_count && decoder->disorder[domain->first_route] !=
                                   decoder->disorder[domain->first_route + domain->route_count - 1])
        refuse(decoder);
}

static bool decode_domains(struct decoder *decoder)
{
    struct snapshot *snapshot = decoder->snapshot;
    size_t count = wire_get_count(&decoder->wire, DOMAINS_MAX, DOMAIN_LEAST);

    snapshot->domains = arena_new(&snapshot->arena, count, sizeof(*snapshot->domains));
    snapshot->domain_count = (uint32_t)count;
    for (size_t i = 0; i < count && !decoder->wire.bad; i++)
        decode_domain(decoder, &snapshot->domains[i]);
    return !decoder->wire.bad;
}

static bool decode_shared_sources(struct decoder *decoder)
{
    struct snapshot *snapshot = decoder->snapshot;
    struct wire *wire = &decoder->wire;
    size_t count = wire_get_count(wire, SOURCES_MAX, SOURCE_LEAST);

    snapshot->shared_sources =
        arena_new(&snapshot->arena, count, sizeof(*snapshot->shared_sources));
    snapshot->shared_source_count = (uint32_t)count;
    for (size_t i = 0; i < count && !wire->bad; i++) {
        struct address_prefix *source = &snapshot->shared_sources[i];

        source->address = wire_get_address(wire);
        source->bits = wire_get_u8(wire);
        if (source->bits > (source->address.any.sa_family == AF_INET ? 32 : 128))
            refuse(decoder);
    }
    return wire_is_done(wire);
}

static int decode_header(struct decoder *decoder, size_t length, struct err *err)
{
    struct wire *wire = &decoder->wire;
    uint32_t version;

    if (wire_get_u64(wire) != MAGIC)
        return err_set(err, "snapshot: these bytes are none");
    version = wire_get_u32(wire);
    if (version != VERSION)
        return err_set(err, "snapshot: version %u, this program reads %d: restart swarmward whole",
                       version, VERSION);
    if (wire_get_u64(wire) != length)
        return err_set(err, "snapshot: it is cut or has something behind it");
    decoder->snapshot->generation = wire_get_u64(wire);
    return 0;
}

int snapshot_decode(struct snapshot *snapshot, struct text bytes, struct err *err)
{
    static const struct {
        const char *name;
        bool (*decode)(struct decoder *decoder);
    } parts[] = {
        { "a setting", decode_sections },
        { "a policy", decode_policies },
        { "a domain's policy", decode_domain_policies },
        { "a certificate", decode_certificates },
        { "an authority of clients", decode_client_cas },
        { "TLS to backends", decode_backend_tls },
        { "a service", decode_services },
        { "a route", decode_routes },
        { "what changes on the way", decode_deliveries },
        { "a domain", decode_domains },
        { "a shared source", decode_shared_sources },
    };
    struct decoder decoder = { .wire = wire_read(bytes), .snapshot = snapshot };
    int status = decode_header(&decoder, bytes.len, err);

    for (size_t i = 0; status == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!parts[i].decode(&decoder))
            status = err_set(err, "snapshot: %s is out of bounds, byte %zu of %zu", parts[i].name,
                             bytes.len - decoder.wire.left.len, bytes.len);
    free(decoder.disorder);
    return status == 0 ? snapshot_index(snapshot, err) : -1;
}
