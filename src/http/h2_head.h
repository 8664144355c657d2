#ifndef SWARMWARD_HTTP_H2_HEAD_H
#define SWARMWARD_HTTP_H2_HEAD_H

#include "base/buffer.h"
#include "http/h1_parser.h"
#include "http/head.h"

/*
 * A head or trailers as HPACK gives them, field by field, to a head as HTTP/1.1 has it (RFC 9113
 * sections 8.2 and 8.3). The first thing that is wrong settles the refusal; the rest is only
 * counted.
 */

enum h2_pseudo {
    H2_PSEUDO_METHOD,
    H2_PSEUDO_SCHEME,
    H2_PSEUDO_AUTHORITY,
    H2_PSEUDO_PATH,
    H2_PSEUDO_PROTOCOL,
    H2_PSEUDO_STATUS,
    H2_PSEUDO_COUNT,
};

enum h2_head_kind {
    H2_HEAD_REQUEST,
    H2_HEAD_RESPONSE,
    H2_HEAD_TRAILERS,
};

struct h2_raw_field;

struct h2_head_builder {
    /* owned */
    struct buffer bytes;         /* names and values, one behind the other */
    struct h2_raw_field *fields; /* their places */
    struct arena arena;          /* lines of the finished head */
    size_t field_count;
    size_t field_capacity;
    struct h1_limits limits;
    enum h2_head_kind kind;
    bool extended_connect; /* :protocol is known */
    size_t decoded;        /* bytes of all fields, also of those that are not kept */
    size_t decoded_fields;
    uint32_t pseudo_seen;                /* bit per enum h2_pseudo */
    unsigned pseudo_count;               /* of them */
    struct text pseudo[H2_PSEUDO_COUNT]; /* once finished */
    bool regular_seen;
    size_t cookies;            /* crumbs */
    struct h1_refusal refusal; /* status 0: nothing is wrong so far */
};

void h2_head_begin(struct h2_head_builder *builder, enum h2_head_kind kind);
/* False: it goes on too far beyond the limits for a refusal; the connection must end. */
bool h2_head_add(struct h2_head_builder *builder, struct text name, struct text value);

/*
 * -1: `builder->refusal` says why; `*head` has what was good. Views point into the builder (or at
 * literals) and last until h2_head_end().
 */
int h2_head_finish_request(struct h2_head_builder *builder, struct request_head *head);
int h2_head_finish_response(struct h2_head_builder *builder, struct response_head *head);
int h2_head_finish_trailers(struct h2_head_builder *builder, struct field_list *fields);

/* Held from the heap. */
size_t h2_head_memory(const struct h2_head_builder *builder);
void h2_head_end(struct h2_head_builder *builder);
void h2_head_done(struct h2_head_builder *builder);

#endif
