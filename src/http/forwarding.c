/*
 * Which fields of a client and of a backend may pass (RFC 9110 section 7.6.1, CVE-2024-45410).
 * Called by the worker once for each head, before h1_writer.c writes what is left and adds ours.
 * The order is the defence: everything of the peer is marked first, ours come afterwards, so
 * nothing that a peer writes can remove or double a field of ours.
 */

#include "http/forwarding.h"

#include "connection_options.h"
#include "field_names.h"

#define ID(id) (1U << (id))

static const uint32_t hop_by_hop = ID(FIELD_CONNECTION) | ID(FIELD_KEEP_ALIVE) |
                                   ID(FIELD_PROXY_CONNECTION) | ID(FIELD_PROXY_AUTHENTICATE) |
                                   ID(FIELD_PROXY_AUTHORIZATION) | ID(FIELD_TE) |
                                   ID(FIELD_TRANSFER_ENCODING) | ID(FIELD_UPGRADE);

/* What only a proxy may say about a client, and the request id, which is always ours. */
static const uint32_t vouched =
    ID(FIELD_FORWARDED) | ID(FIELD_X_FORWARDED) | ID(FIELD_IDENTITY) | ID(FIELD_X_REQUEST_ID);

static void drop_ids(struct field_list *fields, uint32_t ids)
{
    if (!(fields->present & ids))
        return;
    for (size_t i = 0; i < fields->count; i++)
        if (ID(fields->lines[i].id) & ids)
            fields->lines[i].dropped = true;
}

/* Framing and routing do not depend on these marks: the writer makes those fields anew. */
static void drop_named(struct field_list *fields, const struct connection_options *options)
{
    for (size_t option = 0; option < options->count; option++)
        for (size_t i = 0; i < fields->count; i++)
            if (text_equal_nocase(fields->lines[i].name, options->names[option]))
                fields->lines[i].dropped = true;
}

/* A list that can not be believed was refused by framing.c; what was read of it still counts. */
static void drop_hop_by_hop(struct field_list *fields)
{
    struct connection_options options;

    /* only before its own line is dropped: what is added afterwards is ours, whoever cleans again
     */
    if (field_list_find(fields, FIELD_CONNECTION)) {
        connection_options_read(fields, &options);
        drop_named(fields, &options);
    }
    drop_ids(fields, hop_by_hop);
}

static bool has_underscore(struct text name)
{
    return text_find(name, '_') < name.len;
}

/* -1: refused. A name that becomes one which we know is dropped whatever the rule says. */
static int drop_odd_names(struct field_list *fields, enum underscore_rule rule,
                          struct h1_refusal *refusal)
{
    for (size_t i = 0; i < fields->count; i++) {
        struct field_line *line = &fields->lines[i];

        if (!line->odd_name)
            continue;
        if (has_underscore(line->name) && rule == UNDERSCORE_FIELDS_REJECT) {
            *refusal = (struct h1_refusal){ .status = 400, .reason = "underscore_in_field_name" };
            return -1;
        }
        if (has_underscore(line->name) && rule == UNDERSCORE_FIELDS_DROP)
            line->dropped = true;
        if (field_identify_alias(line->name) != FIELD_OTHER)
            line->dropped = true;
    }
    return 0;
}

int forwarding_clean_request(struct request_head *head, enum underscore_rule underscore,
                             bool pass_traceparent, struct h1_refusal *refusal)
{
    struct field_list *fields = &head->fields;
    uint32_t ids = vouched;

    if (drop_odd_names(fields, underscore, refusal) < 0)
        return -1;
    if (!pass_traceparent)
        ids |= ID(FIELD_TRACEPARENT) | ID(FIELD_TRACESTATE);
    if (head->minor_version == 0) /* RFC 9110 section 10.1.1: not understood, so not passed on */
        ids |= ID(FIELD_EXPECT);
    drop_hop_by_hop(fields);
    drop_ids(fields, ids);
    return 0;
}

void forwarding_clean_response(struct response_head *head)
{
    drop_hop_by_hop(&head->fields);
}
