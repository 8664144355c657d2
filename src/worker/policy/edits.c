/* Fields that a domain sets and removes. Called once for each head on its way through. */

#include "../exchange/exchange.h"
#include "delivery.h"
#include "http/field_edits.h"
#include "model/snapshot.h"

const struct snapshot_delivery *delivery_of(const struct exchange *exchange)
{
    const struct snapshot_deliveries *deliveries = &exchange->serving->snapshot->deliveries;

    uint16_t index = exchange->domain ? exchange->domain->delivery : 0;

    return index < deliveries->count ? &deliveries->items[index] : NULL;
}

static void edit(struct field_list *fields, struct arena *arena, const struct text_list *remove,
                 const struct text_map *set)
{
    for (size_t i = 0; i < remove->count; i++)
        field_edits_drop(fields, remove->items[i]);
    for (size_t i = 0; i < set->count; i++)
        field_edits_set(fields, arena, set->pairs[i].name, set->pairs[i].value);
}

void delivery_edit_request(struct exchange *exchange)
{
    const struct snapshot_delivery *delivery = delivery_of(exchange);

    if (delivery && !exchange->parent)
        edit(&exchange->request.fields, &exchange->arena, &delivery->policy.headers.request_remove,
             &delivery->policy.headers.request_set);
}

void delivery_edit_response(struct exchange *exchange, struct response_head *head)
{
    const struct snapshot_delivery *delivery = delivery_of(exchange);

    if (delivery && !exchange->parent)
        edit(&head->fields, &exchange->arena, &delivery->policy.headers.response_remove,
             &delivery->policy.headers.response_set);
}

void delivery_edit_rest(const struct exchange *exchange, struct field_list *fields)
{
    static const struct text_map nothing;
    const struct snapshot_delivery *delivery = delivery_of(exchange);

    if (delivery && !exchange->parent && fields->count)
        edit(fields, NULL, &delivery->policy.headers.response_remove, &nothing);
}
