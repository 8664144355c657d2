/*
 * WebSocket from HTTP/2 to HTTP/1.1 and the other way round: what each asks and answers in other
 * words. Called by exchanges that want a tunnel; the bytes in it are nobody's business.
 */

#include "websocket.h"

#include "exchange.h"
#include "http/forwarding.h"
#include "tls/websocket_key.h"

static const struct text key_name = { "Sec-WebSocket-Key", 17 };
static const struct text accept_name = { "Sec-WebSocket-Accept", 20 };

static void drop(struct field_list *fields, struct text name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (text_equal_nocase(fields->lines[i].name, name))
            fields->lines[i].dropped = true;
}

/* Whoever answers must show that it has read the key. */
void websocket_become_upgrade(struct exchange *exchange)
{
    struct request_head *request = &exchange->request;
    struct field_list *fields = &request->fields;
    char *key = arena_alloc(&exchange->arena, WEBSOCKET_KEY_BYTES);
    char *accept = arena_alloc(&exchange->arena, WEBSOCKET_ACCEPT_BYTES);

    websocket_key_make(key, accept);
    exchange->websocket_accept = text_make(accept, WEBSOCKET_ACCEPT_BYTES - 1);
    request->method = METHOD_GET;
    request->method_text = TEXT("GET");
    drop(fields, key_name);
    field_list_add(fields, &exchange->arena, TEXT("Upgrade"), TEXT("websocket"));
    field_list_add(fields, &exchange->arena, key_name, text_make(key, WEBSOCKET_KEY_BYTES - 1));
}

/* The one that was not dropped; "": there is none, or more than one. */
static struct text find_key(const struct request_head *request)
{
    struct text key = TEXT_NONE;

    for (size_t i = 0; i < request->fields.count; i++) {
        const struct field_line *line = &request->fields.lines[i];

        if (line->dropped || !text_equal_nocase(line->name, key_name))
            continue;
        if (key.len)
            return TEXT_NONE;
        key = line->value;
    }
    return key;
}

/* 16 bytes in base64: 22 digits, of which the last has four bits that must be zero. */
static bool is_key(struct text key)
{
    static const struct text last = { "AQgw", 4 };

    if (key.len != WEBSOCKET_KEY_BYTES - 1 || key.at[22] != '=' || key.at[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++) {
        char digit = key.at[i];

        if (!(digit >= 'A' && digit <= 'Z') && !(digit >= 'a' && digit <= 'z') &&
            !(digit >= '0' && digit <= '9') && digit != '+' && digit != '/')
            return false;
    }
    return text_find(last, key.at[21]) < last.len;
}

bool websocket_has_key(const struct request_head *request)
{
    return is_key(find_key(request));
}

bool websocket_is_accepted(const struct exchange *exchange, const struct response_head *head)
{
    const struct field_line *accept;

    if (!exchange->websocket_accept.len)
        return true;
    accept = field_list_find_name(&head->fields, accept_name);
    return accept && text_equal(accept->value, exchange->websocket_accept);
}

static struct text answer_to_key(struct exchange *exchange)
{
    struct text key = find_key(&exchange->request);
    char *accept;

    if (exchange->websocket_accept.len)
        return exchange->websocket_accept;
    if (!is_key(key)) /* another snapshot has made it a service of HTTP/2 since it was looked at */
        return TEXT("none");
    accept = arena_alloc(&exchange->arena, WEBSOCKET_ACCEPT_BYTES);
    websocket_key_accept(key.at, accept);
    return text_make(accept, WEBSOCKET_ACCEPT_BYTES - 1);
}

void websocket_switched(struct exchange *exchange, const struct response_head *head,
                        struct response_head *switched_out)
{
    struct response_head switched = *head;

    switched.status = 101;
    switched.reason = text_of(http_reason(101));
    drop(&switched.fields, accept_name);
    field_list_add(&switched.fields, &exchange->arena, TEXT("Upgrade"), TEXT("websocket"));
    field_list_add(&switched.fields, &exchange->arena, accept_name, answer_to_key(exchange));
    *switched_out = switched;
}
