/*
 * Who asks, when proxies in front write X-Forwarded-For: each appends whom it heard from, so the
 * list is read from its end for as long as those who wrote it are trusted. What stands before the
 * first stranger was written by that stranger. Called once a request; nobody else believes a field.
 */

#include "client_address.h"

#include "../client/client.h"
#include "exchange.h"

/* "192.0.2.1", "2001:db8::1", "[2001:db8::1]", each perhaps with a port where that can be told. */
static bool read_address(struct text written, struct address *address_out)
{
    return address_parse_host(written, 0, address_out, NULL) == 0 ||
           address_parse(written, address_out, NULL) == 0;
}

/* False: what stands there is no address, and nothing before it can be believed. */
static bool step(const struct exchange *exchange, struct text element, struct address *address)
{
    return serving_trusts(exchange->serving, address) && read_address(text_trim(element), address);
}

/* True: go on with the line before this one. */
static bool walk_line(const struct exchange *exchange, struct text line, struct address *address)
{
    for (;;) {
        size_t comma = text_find_last(line, ',');
        bool is_first = comma == line.len;

        if (!step(exchange, is_first ? line : text_from(line, comma + 1), address))
            return false;
        if (is_first)
            return true;
        line = text_first(line, comma);
    }
}

void client_address_settle(struct exchange *exchange)
{
    const struct field_list *fields = &exchange->request.fields;
    struct address address = exchange->client->address;
    struct address *kept;
    char text[ADDRESS_TEXT_BYTES];

    if (!exchange->serving->trusted_proxy_count || !field_list_has(fields, FIELD_X_FORWARDED) ||
        !serving_trusts(exchange->serving, &address))
        return;
    for (size_t i = fields->count; i-- > 0;)
        if (fields->lines[i].id == FIELD_X_FORWARDED &&
            text_equal_nocase(fields->lines[i].name, TEXT("X-Forwarded-For")) &&
            !walk_line(exchange, fields->lines[i].value, &address))
            break;
    kept = arena_alloc(&exchange->arena, sizeof(*kept));
    *kept = address;
    exchange->client_address = kept;
    exchange->client_address_text =
        arena_text(&exchange->arena, text_make(text, address_print_host(&address, text)));
}
