/* Error pages of a domain, for answers of our own. Called for each of them. */

#include <stdio.h>

#include "../exchange/exchange.h"
#include "delivery.h"
#include "model/snapshot.h"

/* "{{name}}" at the beginning of `text`? `*word_out` is what it stands for. */
static bool find_word(const struct exchange *exchange, int status, struct text text,
                      struct text *name_out, struct text *word_out)
{
    static const struct text request_id = { "{{request_id}}", 14 };
    static const struct text status_name = { "{{status}}", 10 };
    static const struct text reason = { "{{reason}}", 10 };
    static char digits[16];

    if (text_starts(text, request_id)) {
        *name_out = request_id;
        *word_out = exchange->request_id;
    } else if (text_starts(text, status_name)) {
        snprintf(digits, sizeof(digits), "%03d", status % 1000);
        *name_out = status_name;
        *word_out = text_of(digits);
    } else if (text_starts(text, reason)) {
        *name_out = reason;
        *word_out = text_of(exchange->reason);
    } else {
        return false;
    }
    return true;
}

/* Words are letters, digits and "_": nothing to escape. */
static void fill_in(const struct exchange *exchange, int status, struct text page,
                    struct buffer *out)
{
    while (page.len) {
        size_t brace = text_find(page, '{');
        struct text name;
        struct text word;

        buffer_append_text(out, text_first(page, brace));
        page = text_from(page, brace);
        if (!page.len)
            break;
        if (find_word(exchange, status, page, &name, &word)) {
            buffer_append_text(out, word);
            page = text_from(page, name.len);
        } else {
            buffer_append_byte(out, '{');
            page = text_from(page, 1);
        }
    }
}

void delivery_error_page(struct exchange *exchange, struct reply *reply)
{
    const struct snapshot_deliveries *deliveries = &exchange->serving->snapshot->deliveries;
    struct text page = snapshot_find_page(deliveries, delivery_of(exchange), reply->status);
    struct buffer filled = { 0 };

    if (!page.len)
        return;
    fill_in(exchange, reply->status, page, &filled);
    reply->body = arena_text(&exchange->arena, buffer_text(&filled));
    reply->content_type = TEXT("text/html; charset=utf-8");
    buffer_done(&filled);
}
