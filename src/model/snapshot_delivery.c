/*
 * The part of a snapshot that says what changes on the way, as bytes and back; called by
 * snapshot_codec.c. The rows of the field tables check every value again.
 */

#include "model/snapshot_delivery.h"

#include "model/snapshot.h"

#define DELIVERIES_MAX UINT16_MAX
#define PAGES_MAX      16
/* The fewest bytes of one: the members of both tables, pages, route. */
#define DELIVERY_LEAST 64
#define PAGE_BYTES     8

struct text snapshot_find_page(const struct snapshot_deliveries *deliveries,
                               const struct snapshot_delivery *delivery, int status)
{
    for (uint32_t i = 0; delivery && i < delivery->page_count; i++)
        if (delivery->pages[i].status == status)
            return deliveries->texts[delivery->pages[i].text];
    return TEXT_NONE;
}

void snapshot_put_deliveries(struct buffer *out, const struct snapshot_deliveries *deliveries)
{
    wire_put_u32(out, deliveries->text_count);
    for (uint32_t i = 0; i < deliveries->text_count; i++)
        wire_put_text(out, deliveries->texts[i]);
    wire_put_u32(out, deliveries->count);
    for (uint32_t i = 0; i < deliveries->count; i++) {
        const struct snapshot_delivery *delivery = &deliveries->items[i];

        fields_encode(&edit_fields, &delivery->policy.headers, out);
        fields_encode(&delivery_fields, &delivery->policy, out);
        wire_put_u32(out, delivery->auth_route);
        wire_put_u32(out, delivery->page_count);
        for (uint32_t j = 0; j < delivery->page_count; j++) {
            wire_put_u32(out, (uint32_t)delivery->pages[j].status);
            wire_put_u32(out, delivery->pages[j].text);
        }
    }
}

static bool get_texts(struct snapshot_deliveries *deliveries, struct wire *wire,
                      struct arena *arena)
{
    size_t count = wire_get_count(wire, PAGE_TEXTS_MAX, sizeof(uint32_t));

    if (count)
        deliveries->texts = arena_new(arena, count, sizeof(*deliveries->texts));
    for (size_t i = 0; i < count; i++)
        deliveries->texts[i] = wire_get_text(wire, ERROR_PAGE_BYTES);
    deliveries->text_count = (uint32_t)count;
    return !wire->bad;
}

static bool get_pages(const struct snapshot_deliveries *deliveries,
                      struct snapshot_delivery *delivery, struct wire *wire, struct arena *arena)
{
    size_t count = wire_get_count(wire, PAGES_MAX, PAGE_BYTES);

    if (count)
        delivery->pages = arena_new(arena, count, sizeof(*delivery->pages));
    for (size_t i = 0; i < count; i++) {
        uint32_t status = wire_get_u32(wire);
        uint32_t text = wire_get_u32(wire);

        if (status < 400 || status > 599 || text >= deliveries->text_count)
            return false;
        delivery->pages[i] = (struct snapshot_page){ .status = (int)status, .text = text };
    }
    delivery->page_count = (uint32_t)count;
    return !wire->bad;
}

bool snapshot_get_deliveries(struct snapshot_deliveries *deliveries, struct wire *wire,
                             struct arena *arena, uint32_t route_count)
{
    size_t count;

    if (!get_texts(deliveries, wire, arena))
        return false;
    count = wire_get_count(wire, DELIVERIES_MAX, DELIVERY_LEAST);
    if (count)
        deliveries->items = arena_new(arena, count, sizeof(*deliveries->items));
    for (size_t i = 0; i < count; i++) {
        struct snapshot_delivery *delivery = &deliveries->items[i];

        if (fields_decode(&edit_fields, &delivery->policy.headers, wire, arena) < 0 ||
            fields_decode(&delivery_fields, &delivery->policy, wire, arena) < 0)
            return false;
        delivery->auth_route = wire_get_u32(wire);
        if (delivery->auth_route != SNAPSHOT_NONE && delivery->auth_route >= route_count)
            return false;
        if (!get_pages(deliveries, delivery, wire, arena))
            return false;
    }
    deliveries->count = (uint16_t)count;
    return !wire->bad;
}
