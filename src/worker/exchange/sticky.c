/* The sticky cookie, read from the request and set on the response. */

#include "sticky.h"

#include "../backend/endpoint.h"
#include "../backend/service.h"
#include "exchange.h"

/* The identity of `service` and endpoint as the cookie's value. */
static uint32_t find_identity(const struct service *service, struct text value)
{
    uint64_t identity;

    if (value.len != 16 || !text_hex_to_u64(value, &identity))
        return SNAPSHOT_NONE;
    for (uint32_t i = 0; i < service->endpoint_count; i++)
        if (service->endpoints[i]->identity == identity)
            return i;
    return SNAPSHOT_NONE;
}

/* RFC 6265 section 4.2.1: pairs separated by semicolons. */
static bool cookie_find(struct text cookies, struct text wanted, struct text *value_out)
{
    while (cookies.len) {
        struct text pair;
        struct text name;

        text_split(cookies, ';', &pair, &cookies);
        if (text_split(text_trim(pair), '=', &name, value_out) && text_equal(name, wanted))
            return true;
    }
    return false;
}

uint32_t sticky_find(const struct exchange *exchange)
{
    struct text wanted = exchange->route->policy->sticky_cookie;
    const struct field_list *fields = &exchange->request.fields;
    struct text value;

    if (!wanted.len || !field_list_has(fields, FIELD_COOKIE))
        return SNAPSHOT_NONE;
    for (size_t i = 0; i < fields->count; i++)
        if (fields->lines[i].id == FIELD_COOKIE &&
            cookie_find(fields->lines[i].value, wanted, &value))
            return find_identity(exchange->service, value);
    return SNAPSHOT_NONE;
}

void sticky_set(struct exchange *exchange, uint32_t index)
{
    struct text name = exchange->route->policy->sticky_cookie;

    exchange->set_cookie = TEXT_NONE;
    if (!name.len || sticky_find(exchange) == index)
        return;
    exchange->set_cookie = arena_format(
        &exchange->arena, "%.*s=%016llx; Path=/; Secure; HttpOnly; SameSite=Lax", TEXT_ARGS(name),
        (unsigned long long)exchange->service->endpoints[index]->identity);
}
