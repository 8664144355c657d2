#ifndef SWARMWARD_MODEL_DELIVERY_H
#define SWARMWARD_MODEL_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "model/field_table.h"

/*
 * What changes on the way between a client and the services of a domain: `defaults` has it for all,
 * a domain for itself. Only the file says it, never a label. Durations in milliseconds, sizes in
 * bytes.
 */

/* A field that is set takes the place of every one of that name. */
struct header_edits {
    struct text_map request_set;
    struct text_list request_remove;
    struct text_map response_set;
    struct text_list response_remove;
};

struct compression_settings {
    bool enabled;
    struct text_list encodings; /* "br", "gzip"; the first is preferred */
    struct text_list types;     /* media types without parameters */
    int64_t min_bytes;
    int64_t level; /* 1-9 */
};

/* Who is asked whether a request may go on. */
struct forward_auth_settings {
    struct text service;               /* "" = nobody */
    struct text network;               /* of a service in Swarm; "" = the one that is shared */
    struct text path;                  /* perhaps with a query */
    int64_t timeout_ms;                /* from the question to the end of the answer */
    struct text_list request_headers;  /* of the client, for the question */
    struct text_list response_headers; /* of a good answer, for the service */
};

struct delivery_policy {
    struct header_edits headers;
    struct text_map error_pages; /* status -> path of a file */
    struct compression_settings compression;
    struct forward_auth_settings forward_auth;
};

#define ERROR_PAGE_BYTES ((size_t)64 * 1024)
#define PAGE_TEXTS_MAX   1024 /* different files of all domains together */

extern const struct field_table edit_fields; /* struct header_edits: "defaults.headers", domains */
extern const struct field_table delivery_fields; /* all else of struct delivery_policy */

#endif
