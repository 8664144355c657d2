/*
 * The parts of `swarmward explain` that are the same for every path of a domain or service: who is
 * let in, what changes on the way, how backends are verified. Called by explain.c; reads the
 * snapshot and the board, asks nobody.
 */

#include "explain_facts.h"

#include "endpoint_facts.h"

void explain_write_fields(const char *key, const struct field_table *table, const void *policy,
                          struct json_out *json)
{
    struct buffer value = { 0 };

    json_put_object(json, key);
    for (size_t i = 0; i < table->count; i++) {
        if (table->fields[i].kind == FIELD_LATER)
            continue;
        buffer_clear(&value);
        field_print(&table->fields[i], policy, &value);
        json_put_text(json, table->fields[i].name, buffer_text(&value));
    }
    json_put_object_end(json);
    buffer_done(&value);
}

static void write_client_certificate(const struct snapshot_client_auth *auth, struct json_out *json)
{
    static const char *const modes[] = {
        [CLIENT_AUTH_OFF] = "off",
        [CLIENT_AUTH_OPTIONAL] = "optional",
        [CLIENT_AUTH_REQUIRED] = "required",
    };
    static const char *const forwards[] = {
        [CLIENT_AUTH_FORWARD_NONE] = "none",
        [CLIENT_AUTH_FORWARD_SUBJECT] = "subject",
        [CLIENT_AUTH_FORWARD_CERT] = "cert",
    };

    json_put_object(json, "client_certificate");
    json_put_text(json, "mode", text_of(modes[auth->mode]));
    json_put_text(json, "forward", text_of(forwards[auth->forward]));
    json_put_object_end(json);
}

/* NULL: nothing changes. */
static const struct snapshot_delivery *delivery_of(const struct snapshot *snapshot,
                                                   const struct snapshot_domain *domain)
{
    return domain->delivery < snapshot->deliveries.count
               ? &snapshot->deliveries.items[domain->delivery]
               : NULL;
}

void explain_write_domain(const struct snapshot *snapshot, const struct snapshot_domain *domain,
                          struct json_out *json)
{
    const struct snapshot_delivery *delivery = delivery_of(snapshot, domain);

    write_client_certificate(&domain->client_auth, json);
    if (!delivery)
        return;
    explain_write_fields("headers", &edit_fields, &delivery->policy.headers, json);
    explain_write_fields("delivery", &delivery_fields, &delivery->policy, json);
}

static void write_tls(const struct snapshot *snapshot, const struct snapshot_service *service,
                      struct json_out *json)
{
    const struct snapshot_backend_tls *tls = &snapshot->backend_tls;
    struct text name = tls->server_name.len ? tls->server_name : snapshot_service_host(service);

    json_put_object(json, "tls");
    json_put_text(json, "verify", tls->checks_name ? TEXT("full") : TEXT("ca"));
    json_put_text(json, "name", name); /* "": the address of each */
    json_put_bool(json, "shows_certificate", tls->has_client);
    if (tls->has_client)
        json_put_time(json, "certificate_ends", tls->client.not_after_s);
    json_put_bool(json, "mutual", tls->is_mutual);
    json_put_object_end(json);
}

void explain_write_service(const struct snapshot *snapshot, const struct snapshot_service *service,
                           struct json_out *json)
{
    int protocol = service->policy->protocol;

    if (protocol_has_tls(protocol))
        write_tls(snapshot, service, json);
    json_put_text(json, "websocket",
                  protocol_is_h2(protocol) ? TEXT("extended_connect") : TEXT("upgrade"));
}

static size_t count_usable(const struct board *board, const struct snapshot_service *service)
{
    size_t usable = 0;

    for (uint32_t i = 0; i < service->endpoint_count; i++)
        usable += endpoint_facts(board, &service->endpoints[i]).usable;
    return usable;
}

bool explain_write_auth(const struct control *control, const struct snapshot_domain *domain,
                        struct json_out *json)
{
    const struct snapshot *snapshot = control->snapshot;
    const struct snapshot_delivery *delivery = delivery_of(snapshot, domain);
    const struct snapshot_service *service = NULL;
    size_t usable = 0;

    if (!delivery || !delivery->policy.forward_auth.service.len)
        return true;
    if (delivery->auth_route != SNAPSHOT_NONE)
        service = &snapshot->services[snapshot->routes[delivery->auth_route].service];
    if (service && service->refusal == SERVICE_SERVED)
        usable = count_usable(control->board, service);
    json_put_object(json, "forward_auth");
    json_put_text(json, "service", delivery->policy.forward_auth.service);
    json_put_text(json, "path", delivery->policy.forward_auth.path);
    json_put_number(json, "usable", (int64_t)usable);
    json_put_text(json, "why", service ? service->why : TEXT_NONE);
    json_put_object_end(json);
    return usable > 0;
}
