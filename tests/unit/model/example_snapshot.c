/* Snapshots for the tests of everything that reads one. */

#include "example_snapshot.h"

#include <stdlib.h>
#include <string.h>

static struct snapshot *with_defaults(void)
{
    struct snapshot *snapshot = snapshot_new();
    struct arena *arena = &snapshot->arena;

    snapshot->generation = 42;
    fields_set_defaults(&listener_fields, &snapshot->listeners, arena);
    fields_set_defaults(&tls_fields, &snapshot->tls, arena);
    fields_set_defaults(&header_fields, &snapshot->headers, arena);
    fields_set_defaults(&limit_fields, &snapshot->limits, arena);
    fields_set_defaults(&log_fields, &snapshot->log, arena);
    fields_set_defaults(&shutdown_fields, &snapshot->shutdown, arena);
    return snapshot;
}

static void add_client_cas(struct snapshot *snapshot)
{
    snapshot->client_cas = arena_new(&snapshot->arena, 2, sizeof(*snapshot->client_cas));
    snapshot->client_ca_count = 2;
    snapshot->client_cas[0] =
        (struct snapshot_client_ca){ .certificates = TEXT("the DER of one CA"), .id = { 5 } };
    snapshot->client_cas[1] =
        (struct snapshot_client_ca){ .certificates = TEXT("the DER of two CAs"), .id = { 6 } };
}

static struct service_policy *service_policy(struct snapshot *snapshot)
{
    struct service_policy *policy = arena_new(&snapshot->arena, 1, sizeof(*policy));

    fields_set_defaults(&service_fields, policy, &snapshot->arena);
    return policy;
}

static struct route_policy *route_policy(struct snapshot *snapshot)
{
    struct route_policy *policy = arena_new(&snapshot->arena, 1, sizeof(*policy));

    fields_set_defaults(&route_fields, policy, &snapshot->arena);
    return policy;
}

static struct snapshot_endpoint endpoint(const char *address, uint32_t slot)
{
    struct snapshot_endpoint made = {
        .name = text_of(address), .slot = slot, .weight = 1, .pooled = slot % 2 == 0
    };

    if (address_parse(text_of(address), &made.address, NULL) < 0)
        abort();
    made.identity = address_hash(&made.address);
    return made;
}

static void add_certificates(struct snapshot *snapshot)
{
    snapshot->certificates = arena_new(&snapshot->arena, 2, sizeof(*snapshot->certificates));
    snapshot->certificate_count = 2;
    snapshot->certificates[0] = (struct snapshot_certificate){
        .name = TEXT("clinic"),
        .chain = TEXT("the DER of an ECDSA chain"),
        .id = { 1 },
        .key_id = { 2 },
        .kind = KEY_ECDSA,
        .not_before_s = 1000,
        .not_after_s = 2000,
    };
    snapshot->certificates[1] = (struct snapshot_certificate){
        .name = TEXT("clinic"),
        .chain = TEXT("the DER of an RSA chain"),
        .id = { 3 },
        .key_id = { 4 },
        .kind = KEY_RSA,
        .not_before_s = -5,
        .not_after_s = INT64_MAX,
    };
    snapshot->fallback_certificates[KEY_RSA] = 1;
}

static void add_services(struct snapshot *snapshot)
{
    struct service_policy *checked = service_policy(snapshot);
    struct snapshot_endpoint *web = arena_new(&snapshot->arena, 2, sizeof(*web));
    struct snapshot_endpoint *api = arena_new(&snapshot->arena, 1, sizeof(*api));

    checked->health.path = TEXT("/healthz");
    web[0] = endpoint("127.0.0.1:3000", 0);
    web[1] = endpoint("[::1]:3001", 1);
    web[1].weight = 256;
    api[0] = endpoint("192.0.2.1:9090", 2);
    snapshot->services = arena_new(&snapshot->arena, 2, sizeof(*snapshot->services));
    snapshot->service_count = 2;
    snapshot->services[0] = (struct snapshot_service){
        .name = TEXT("portal_web"),
        .policy = service_policy(snapshot),
        .endpoints = web,
        .endpoint_count = 2,
    };
    snapshot->services[1] = (struct snapshot_service){
        .name = TEXT("portal_api"),
        .policy = checked,
        .endpoints = api,
        .endpoint_count = 1,
        .refusal = SERVICE_NOT_ENCRYPTED,
        .in_swarm = true,
        .why = TEXT("network plain is not encrypted"),
    };
}

static void add_routes(struct snapshot *snapshot)
{
    struct route_policy *patient = route_policy(snapshot);

    patient->response_timeout_ms = 120000;
    patient->sticky_cookie = TEXT("swid");
    snapshot->routes = arena_new(&snapshot->arena, 5, sizeof(*snapshot->routes));
    snapshot->route_count = 5;
    snapshot->routes[0] = (struct snapshot_route){ .name = TEXT("app"),
                                                   .path = TEXT("/"),
                                                   .policy = route_policy(snapshot) };
    snapshot->routes[1] = (struct snapshot_route){
        .name = TEXT("api"), .path = TEXT("/api"), .service = 1, .policy = patient
    };
    snapshot->routes[2] = (struct snapshot_route){ .maintenance = true,
                                                   .name = TEXT("v2"),
                                                   .path = TEXT("/api/v2"),
                                                   .service = 1,
                                                   .policy = patient };
    snapshot->routes[3] = (struct snapshot_route){ .name = TEXT("new"),
                                                   .path = TEXT("/api"),
                                                   .service = 1,
                                                   .priority = 10,
                                                   .policy = route_policy(snapshot) };
    snapshot_sort_routes(snapshot->routes, 4);
    snapshot->routes[4] = (struct snapshot_route){ .name = TEXT("lab"),
                                                   .path = TEXT("/lab/"),
                                                   .policy = route_policy(snapshot) };
}

static void add_deliveries(struct snapshot *snapshot)
{
    struct arena *arena = &snapshot->arena;
    struct snapshot_deliveries *deliveries = &snapshot->deliveries;
    struct snapshot_delivery *items = arena_new(arena, 2, sizeof(*items));
    struct text_pair *pair = arena_new(arena, 1, sizeof(*pair));

    for (size_t i = 0; i < 2; i++) {
        fields_set_defaults(&edit_fields, &items[i].policy.headers, arena);
        fields_set_defaults(&delivery_fields, &items[i].policy, arena);
        items[i].auth_route = SNAPSHOT_NONE;
    }
    *pair = (struct text_pair){ TEXT("X-Site"), TEXT("north") };
    items[1].policy.headers.request_set = (struct text_map){ .pairs = pair, .count = 1 };
    items[1].auth_route = 4;
    items[1].pages = arena_new(arena, 1, sizeof(*items[1].pages));
    items[1].pages[0] = (struct snapshot_page){ .status = 502, .text = 0 };
    items[1].page_count = 1;
    deliveries->items = items;
    deliveries->count = 2;
    deliveries->texts = arena_new(arena, 1, sizeof(*deliveries->texts));
    deliveries->texts[0] = TEXT("<h1>{{status}}</h1>");
    deliveries->text_count = 1;
}

static void add_users(struct snapshot *snapshot)
{
    struct snapshot_users *users = arena_new(&snapshot->arena, 1, sizeof(*users));

    users->items = arena_new(&snapshot->arena, 2, sizeof(*users->items));
    users->count = 2;
    users->items[0] =
        (struct snapshot_user){ TEXT("ada"),
                                TEXT("$5$a$FWXdh6oXOJQkX7oAcP02d0Gnxjct6ra8Fwv29U9RIN2") };
    users->items[1] = (struct snapshot_user){
        TEXT("bob"), TEXT("$2b$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW")
    };
    snapshot->policies.users = users;
    snapshot->policies.users_count = 1;
}

/* The first has everything, the second nothing but a host. */
static void add_domain_policies(struct snapshot *snapshot)
{
    struct arena *arena = &snapshot->arena;
    struct snapshot_policies *policies = &snapshot->policies;
    struct snapshot_domain_policy *all;

    add_users(snapshot);
    policies->pages = arena_new(arena, 1, sizeof(*policies->pages));
    policies->pages[policies->page_count++] = TEXT("<p>closed");
    policies->items = arena_new(arena, 2, sizeof(*policies->items));
    policies->count = 2;
    for (uint32_t i = 0; i < 2; i++)
        fields_set_defaults(&domain_policy_fields, &policies->items[i].settings, arena);
    all = &policies->items[0];
    all->identity = 7;
    field_add(fields_find(&domain_policy_fields, TEXT("access.allow")), &all->settings,
              TEXT("10.0.0.0/8"), arena, NULL);
    field_add(fields_find(&domain_policy_fields, TEXT("access.deny")), &all->settings,
              TEXT("10.1.0.0/16"), arena, NULL);
    all->settings.rate = (struct rate){ .count = 100, .period_ms = 10000 };
    all->settings.maintenance = true;
    all->users = policies->users;
    all->page = policies->pages[0];
    all->redirects = arena_new(arena, 2, sizeof(*all->redirects));
    all->redirect_count = 2;
    all->redirects[0] = (struct snapshot_redirect){ TEXT("/old"), TEXT("https://b.test/x"), 302 };
    all->redirects[1] = (struct snapshot_redirect){ TEXT("/a"), TEXT_NONE, 308 };
    snapshot_policy_networks(all, arena);
    policies->items[1].redirect_host = TEXT("portal.example");
}

struct snapshot *example_snapshot(void)
{
    struct snapshot *snapshot = with_defaults();
    struct snapshot_domain *domains = arena_new(&snapshot->arena, 3, sizeof(*domains));

    add_certificates(snapshot);
    add_services(snapshot);
    add_routes(snapshot);
    add_deliveries(snapshot);
    add_client_cas(snapshot);
    add_domain_policies(snapshot);
    domains[0] = (struct snapshot_domain){
        .name = TEXT("portal.example"),
        .certificates = { 0, 1 },
        .first_route = 0,
        .route_count = 4,
        .delivery = 1,
        .policy = &snapshot->policies.items[0],
    };
    domains[1] = domains[0];
    domains[1].name = TEXT("www.portal.example");
    domains[1].policy = &snapshot->policies.items[1];
    domains[2] = (struct snapshot_domain){
        .name = TEXT("lab.example"),
        .wildcard = true,
        .certificates = { SNAPSHOT_NONE, 1 },
        .first_route = 4,
        .route_count = 1,
        .client_auth = { CLIENT_AUTH_REQUIRED, CLIENT_AUTH_FORWARD_CERT, 1 },
    };
    snapshot->domains = domains;
    snapshot->domain_count = 3;
    if (snapshot_index(snapshot, NULL) < 0)
        abort();
    return snapshot;
}

struct snapshot *large_snapshot(uint32_t count, size_t chain_bytes)
{
    struct snapshot *snapshot = with_defaults();
    struct arena *arena = &snapshot->arena;
    char *chain = arena_new(arena, 1, chain_bytes);

    snapshot->certificates = arena_new(arena, count, sizeof(*snapshot->certificates));
    snapshot->services = arena_new(arena, count, sizeof(*snapshot->services));
    snapshot->routes = arena_new(arena, count, sizeof(*snapshot->routes));
    snapshot->domains = arena_new(arena, count, sizeof(*snapshot->domains));
    snapshot->certificate_count = snapshot->service_count = count;
    snapshot->route_count = snapshot->domain_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct snapshot_endpoint *one = arena_new(arena, 1, sizeof(*one));

        *one = endpoint("127.0.0.1:3000", i % 16384);
        snapshot->certificates[i].chain = text_make(chain, chain_bytes);
        memcpy(snapshot->certificates[i].id, &i, sizeof(i));
        memcpy(snapshot->certificates[i].key_id, &i, sizeof(i));
        snapshot->services[i] = (struct snapshot_service){
            .name = arena_format(arena, "stack%u_web", i),
            .policy = service_policy(snapshot),
            .endpoints = one,
            .endpoint_count = 1,
        };
        snapshot->routes[i] = (struct snapshot_route){
            .name = TEXT("app"), .path = TEXT("/"), .service = i, .policy = route_policy(snapshot)
        };
        snapshot->domains[i] = (struct snapshot_domain){
            .name = arena_format(arena, "portal%u.clinic.example", i),
            .certificates = { i, SNAPSHOT_NONE },
            .first_route = i,
            .route_count = 1,
        };
    }
    if (snapshot_index(snapshot, NULL) < 0)
        abort();
    return snapshot;
}
