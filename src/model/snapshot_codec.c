/*
 * A snapshot as bytes and back. The sender is control, which reads text from outside: nothing that
 * comes in is believed, every number is compared with its bound and every index with what it points
 * into before it is used. Decoding copies no text: it makes views.
 *
 *     magic, version, length of all, generation
 *     sections, each through its field table
 *     certificates; services with their endpoints; routes; domains; each behind its count
 *
 * A policy is written where it is used first; later uses of an equal one name its number.
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/memory.h"
#include "ipc/wire.h"
#include "model/board.h"
#include "model/snapshot.h"

#define MAGIC   0x50414e5344524157U /* "WARDSNAP" */
#define VERSION 1
/* of the length, behind magic and version */
#define LENGTH_OFFSET 12

#define NAME_BYTES       1024
#define DOMAIN_BYTES     253
#define PATH_BYTES       8192
#define CHAIN_BYTES      ((size_t)256 * 1024)
#define CERTIFICATES_MAX 65536
#define SERVICES_MAX     65536
#define ENDPOINTS_MAX    262144 /* of all services together */
#define ROUTES_MAX       262144
#define DOMAINS_MAX      262144
#define ENDPOINT_WEIGHT  256

/* The fewest bytes that one of them takes: a count that cannot be true is refused at once. */
#define CERTIFICATE_LEAST 89
#define SERVICE_LEAST     20
#define ENDPOINT_LEAST    29
#define ROUTE_LEAST       24
#define DOMAIN_LEAST      21

/* Encoding */

/* Numbers for policies, the same for equal ones. */
struct policy_numbers {
    const struct field_table *table;
    struct arena arena; /* of the keys */
    struct string_map numbers;
    struct buffer encoded;
    const void *last; /* many neighbours share one */
    size_t last_number;
};

static void put_policy(struct buffer *out, struct policy_numbers *policies, const void *policy)
{
    size_t number = policies->numbers.count;

    if (policy != policies->last) {
        buffer_clear(&policies->encoded);
        fields_encode(policies->table, policy, &policies->encoded);
        policies->last = policy;
        if (!string_map_get(&policies->numbers, buffer_text(&policies->encoded),
                            &policies->last_number)) {
            string_map_put(&policies->numbers,
                           arena_text(&policies->arena, buffer_text(&policies->encoded)), number);
            policies->last_number = number;
            wire_put_u32(out, (uint32_t)number);
            buffer_append_text(out, buffer_text(&policies->encoded));
            return;
        }
    }
    wire_put_u32(out, (uint32_t)policies->last_number);
}

static void policy_numbers_done(struct policy_numbers *policies)
{
    buffer_done(&policies->encoded);
    string_map_done(&policies->numbers);
    arena_done(&policies->arena);
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
    for (uint32_t i = 0; i < snapshot->certificate_count; i++) {
        const struct snapshot_certificate *certificate = &snapshot->certificates[i];

        wire_put_text(out, certificate->name);
        wire_put_text(out, certificate->chain);
        wire_put_bytes(out, certificate->id, sizeof(certificate->id));
        wire_put_bytes(out, certificate->key_id, sizeof(certificate->key_id));
        wire_put_u8(out, (uint8_t)certificate->kind);
        wire_put_i64(out, certificate->not_before_s);
        wire_put_i64(out, certificate->not_after_s);
    }
}

static void put_services(struct buffer *out, const struct snapshot *snapshot)
{
    struct policy_numbers policies = { .table = &service_fields };

    wire_put_u32(out, snapshot->service_count);
    for (uint32_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        wire_put_text(out, service->name);
        put_policy(out, &policies, service->policy);
        wire_put_u64(out, service->identity);
        wire_put_u32(out, service->endpoint_count);
        for (uint32_t j = 0; j < service->endpoint_count; j++) {
            const struct snapshot_endpoint *endpoint = &service->endpoints[j];

            wire_put_text(out, endpoint->name);
            wire_put_address(out, &endpoint->address);
            wire_put_u64(out, endpoint->identity);
            wire_put_u32(out, endpoint->slot);
            wire_put_u32(out, endpoint->weight);
        }
    }
    policy_numbers_done(&policies);
}

static void put_routes(struct buffer *out, const struct snapshot *snapshot)
{
    struct policy_numbers policies = { .table = &route_fields };

    wire_put_u32(out, snapshot->route_count);
    for (uint32_t i = 0; i < snapshot->route_count; i++) {
        const struct snapshot_route *route = &snapshot->routes[i];

        wire_put_text(out, route->name);
        wire_put_text(out, route->path);
        wire_put_u32(out, route->service);
        wire_put_i64(out, route->priority);
        put_policy(out, &policies, route->policy);
    }
    policy_numbers_done(&policies);
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
    }
}

void snapshot_encode(const struct snapshot *snapshot, struct buffer *out)
{
    size_t start = buffer_len(out);
    uint64_t length;

    wire_put_u64(out, MAGIC);
    wire_put_u32(out, VERSION);
    wire_put_u64(out, 0);
    wire_put_u64(out, snapshot->generation);
    put_sections(out, snapshot);
    put_certificates(out, snapshot);
    put_certificate_choice(out, snapshot->fallback_certificates);
    put_services(out, snapshot);
    put_routes(out, snapshot);
    put_domains(out, snapshot);
    length = buffer_len(out) - start;
    for (size_t i = 0; i < sizeof(length); i++)
        out->bytes[out->start + start + LENGTH_OFFSET + i] = (char)(uint8_t)(length >> (8 * i));
}

/* Decoding */

struct decoder {
    struct wire wire;
    struct snapshot *snapshot;
    const void **policies; /* heap; the policies themselves are in the snapshot's arena */
    size_t policy_count;
    size_t policy_capacity;
    uint32_t *disorder; /* heap: how often up to this route the order was broken */
    size_t endpoint_count;
};

static void refuse(struct decoder *decoder)
{
    decoder->wire.bad = true;
}

static void forget_policies(struct decoder *decoder)
{
    free(decoder->policies);
    decoder->policies = NULL;
    decoder->policy_count = decoder->policy_capacity = 0;
}

/* The policy that is named, or comes here for the first time. NULL: bad. */
static const void *get_policy(struct decoder *decoder, const struct field_table *table)
{
    size_t number = wire_get_u32(&decoder->wire);
    void *policy;

    if (!decoder->wire.bad && number < decoder->policy_count)
        return decoder->policies[number];
    if (decoder->wire.bad || number > decoder->policy_count) {
        refuse(decoder);
        return NULL;
    }
    policy = arena_new(&decoder->snapshot->arena, 1, table->struct_bytes);
    if (fields_decode(table, policy, &decoder->wire, &decoder->snapshot->arena) < 0) {
        refuse(decoder);
        return NULL;
    }
    *ARRAY_PUSH(decoder->policies, decoder->policy_count, decoder->policy_capacity) = policy;
    return policy;
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

static bool decode_certificates(struct decoder *decoder)
{
    struct snapshot *snapshot = decoder->snapshot;
    struct wire *wire = &decoder->wire;
    size_t count = wire_get_count(wire, CERTIFICATES_MAX, CERTIFICATE_LEAST);

    snapshot->certificates = arena_new(&snapshot->arena, count, sizeof(*snapshot->certificates));
    for (size_t i = 0; i < count && !wire->bad; i++) {
        struct snapshot_certificate *certificate = &snapshot->certificates[i];
        uint8_t kind;

        certificate->name = wire_get_text(wire, NAME_BYTES);
        certificate->chain = wire_get_text(wire, CHAIN_BYTES);
        wire_get_bytes(wire, certificate->id, sizeof(certificate->id));
        wire_get_bytes(wire, certificate->key_id, sizeof(certificate->key_id));
        kind = wire_get_u8(wire);
        certificate->kind = kind == KEY_RSA ? KEY_RSA : KEY_ECDSA;
        certificate->not_before_s = wire_get_i64(wire);
        certificate->not_after_s = wire_get_i64(wire);
        if (!certificate->chain.len || kind >= KEY_KIND_COUNT)
            refuse(decoder);
    }
    snapshot->certificate_count = (uint32_t)count;
    get_certificate_choice(decoder, snapshot->fallback_certificates);
    return !wire->bad;
}

static void decode_endpoint(struct decoder *decoder, struct snapshot_endpoint *endpoint)
{
    struct wire *wire = &decoder->wire;

    endpoint->name = wire_get_text(wire, NAME_BYTES);
    endpoint->address = wire_get_address(wire);
    endpoint->identity = wire_get_u64(wire);
    endpoint->slot = wire_get_u32(wire);
    endpoint->weight = wire_get_u32(wire);
    if (endpoint->slot >= BOARD_ENDPOINTS || endpoint->weight < 1 ||
        endpoint->weight > ENDPOINT_WEIGHT)
        refuse(decoder);
}

/* It is written into a request line as it is. */
static bool is_health_path(struct text path)
{
    if (path.len && path.at[0] != '/')
        return false;
    for (size_t i = 0; i < path.len; i++)
        if (path.at[i] <= ' ' || path.at[i] > '~')
            return false;
    return true;
}

static void decode_service(struct decoder *decoder, struct snapshot_service *service)
{
    struct arena *arena = &decoder->snapshot->arena;
    struct wire *wire = &decoder->wire;
    size_t count;

    service->name = wire_get_text(wire, NAME_BYTES);
    service->policy = get_policy(decoder, &service_fields);
    service->identity = wire_get_u64(wire);
    count = wire_get_count(wire, ENDPOINTS_MAX - decoder->endpoint_count, ENDPOINT_LEAST);
    if (wire->bad || !is_health_path(service->policy->health.path)) {
        refuse(decoder);
        return;
    }
    decoder->endpoint_count += count;
    service->endpoints = arena_new(arena, count, sizeof(*service->endpoints));
    service->endpoint_count = (uint32_t)count;
    for (size_t i = 0; i < count && !wire->bad; i++)
        decode_endpoint(decoder, &service->endpoints[i]);
}

static bool decode_services(struct decoder *decoder)
{
    struct snapshot *snapshot = decoder->snapshot;
    size_t count = wire_get_count(&decoder->wire, SERVICES_MAX, SERVICE_LEAST);

    snapshot->services = arena_new(&snapshot->arena, count, sizeof(*snapshot->services));
    snapshot->service_count = (uint32_t)count;
    for (size_t i = 0; i < count && !decoder->wire.bad; i++)
        decode_service(decoder, &snapshot->services[i]);
    forget_policies(decoder);
    return !decoder->wire.bad;
}

static void decode_route(struct decoder *decoder, struct snapshot_route *route)
{
    struct wire *wire = &decoder->wire;

    route->name = wire_get_text(wire, NAME_BYTES);
    route->path = wire_get_text(wire, PATH_BYTES);
    route->service = wire_get_u32(wire);
    route->priority = wire_get_i64(wire);
    route->policy = get_policy(decoder, &route_fields);
    if (!text_starts(route->path, TEXT("/")) || route->service >= decoder->snapshot->service_count)
        refuse(decoder);
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
    forget_policies(decoder);
    return !decoder->wire.bad;
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
    return wire_is_done(&decoder->wire);
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
        { "a setting", decode_sections }, { "a certificate", decode_certificates },
        { "a service", decode_services }, { "a route", decode_routes },
        { "a domain", decode_domains },
    };
    struct decoder decoder = { .wire = wire_read(bytes), .snapshot = snapshot };
    int status = decode_header(&decoder, bytes.len, err);

    for (size_t i = 0; status == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!parts[i].decode(&decoder))
            status = err_set(err, "snapshot: %s is out of bounds, byte %zu of %zu", parts[i].name,
                             bytes.len - decoder.wire.left.len, bytes.len);
    forget_policies(&decoder);
    free(decoder.disorder);
    return status == 0 ? snapshot_index(snapshot, err) : -1;
}
