/* The rows of what changes on the way: written under "defaults" for all, in a domain for one. */

#include "model/delivery.h"
#include "model/text_check.h"

static const struct field edit_rows[] = {
    {
        .name = "request.set",
        FIELD_AT(struct header_edits, request_set),
        .kind = FIELD_TEXT_MAP,
        .most = 32,
        .fallback = "",
        .check = text_check_edited_field,
        .check_value = text_check_field_value,
        .help = "Fields that every request to a service has; what the client sent under these "
                "names goes.",
    },
    {
        .name = "request.remove",
        FIELD_AT(struct header_edits, request_remove),
        .kind = FIELD_TEXT_LIST,
        .most = 32,
        .fallback = "",
        .check = text_check_edited_field,
        .help = "Fields of requests that do not reach a service.",
    },
    {
        .name = "response.set",
        FIELD_AT(struct header_edits, response_set),
        .kind = FIELD_TEXT_MAP,
        .most = 32,
        .fallback = "",
        .check = text_check_edited_field,
        .check_value = text_check_field_value,
        .help = "Fields that every response of a service has; what the service said under these "
                "names goes.",
    },
    {
        .name = "response.remove",
        FIELD_AT(struct header_edits, response_remove),
        .kind = FIELD_TEXT_LIST,
        .most = 32,
        .fallback = "Server,X-Powered-By",
        .check = text_check_edited_field,
        .help = "Fields of responses that do not reach a client.",
    },
};

const struct field_table edit_fields = {
    .section = "defaults.headers",
    .fields = edit_rows,
    .count = sizeof(edit_rows) / sizeof(edit_rows[0]),
    .struct_bytes = sizeof(struct header_edits),
};

static const struct field delivery_rows[] = {
    {
        .name = "error_pages",
        FIELD_AT(struct delivery_policy, error_pages),
        .kind = FIELD_TEXT_MAP,
        .most = 16,
        .fallback = "",
        .check = text_check_error_status,
        .check_value = text_check_file,
        .help = "HTML files for the answers of swarmward itself, by status from 400 to 599, at "
                "most 64 KiB each; {{request_id}}, {{status}} and {{reason}} in them are filled "
                "in. What a service answers is not touched.",
    },
    {
        .name = "compression.enabled",
        FIELD_AT(struct delivery_policy, compression.enabled),
        .kind = FIELD_BOOL,
        .fallback = "false",
        .help = "Compress responses for clients that take it. Off, because a page that repeats "
                "what a client sent beside a secret gives the secret away by its length (BREACH).",
    },
    {
        .name = "compression.encodings",
        FIELD_AT(struct delivery_policy, compression.encodings),
        .kind = FIELD_TEXT_LIST,
        .least = 1,
        .most = 2,
        .fallback = "br,gzip",
        .check = text_check_encoding,
        .help = "`br` and `gzip`, or one of them; of two that a client likes equally the first.",
    },
    {
        .name = "compression.types",
        FIELD_AT(struct delivery_policy, compression.types),
        .kind = FIELD_TEXT_LIST,
        .least = 1,
        .most = 64,
        .fallback = "text/html,text/css,text/plain,text/xml,text/javascript,"
                    "application/javascript,application/json,application/xml,"
                    "application/manifest+json,image/svg+xml",
        .check = text_check_media_type,
        .help = "The media types that are compressed, without parameters.",
    },
    {
        .name = "compression.min_size",
        FIELD_AT(struct delivery_policy, compression.min_bytes),
        .kind = FIELD_BYTES,
        .least = 0,
        .most = 1048576,
        .fallback = "1KiB",
        .help = "Leave smaller responses alone; those whose size is not known before are "
                "compressed.",
    },
    {
        .name = "compression.level",
        FIELD_AT(struct delivery_policy, compression.level),
        .kind = FIELD_INTEGER,
        .least = 1,
        .most = 9,
        .fallback = "4",
        .help = "From fast to small; of brotli 3 and above are the same, its higher qualities hold "
                "megabytes for each response.",
    },
    {
        .name = "forward_auth.service",
        FIELD_AT(struct delivery_policy, forward_auth.service),
        .kind = FIELD_TEXT,
        .most = 200,
        .fallback = "",
        .help = "Ask this service about every request before it goes on: 2xx lets it, any other "
                "answer is the client's, and none is a 503. Written like the service of a route; "
                "empty asks nobody.",
    },
    {
        .name = "forward_auth.network",
        FIELD_AT(struct delivery_policy, forward_auth.network),
        .kind = FIELD_TEXT,
        .most = 128,
        .fallback = "",
        .help = "The network over which it is reached in Swarm; empty is the one that is shared.",
    },
    {
        .name = "forward_auth.path",
        FIELD_AT(struct delivery_policy, forward_auth.path),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 1024,
        .fallback = "/",
        .check = text_check_target,
        .help = "What it is asked for, by GET; what the client asked for is in "
                "X-Forwarded-Method, -Proto, -Host, -Uri and -For.",
    },
    {
        .name = "forward_auth.timeout",
        FIELD_AT(struct delivery_policy, forward_auth.timeout_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 100,
        .most = 60000,
        .fallback = "5s",
        .help = "Answer 503 when it has not answered in full by then.",
    },
    {
        .name = "forward_auth.request_headers",
        FIELD_AT(struct delivery_policy, forward_auth.request_headers),
        .kind = FIELD_TEXT_LIST,
        .most = 32,
        .fallback = "Authorization,Cookie",
        .check = text_check_edited_field,
        .help = "The fields of the client that it gets to see.",
    },
    {
        .name = "forward_auth.response_headers",
        FIELD_AT(struct delivery_policy, forward_auth.response_headers),
        .kind = FIELD_TEXT_LIST,
        .most = 32,
        .fallback = "",
        .check = text_check_edited_field,
        .help = "The fields of its answer that the request goes on with; a client can not send "
                "them itself.",
    },
};

const struct field_table delivery_fields = {
    .section = "defaults",
    .fields = delivery_rows,
    .count = sizeof(delivery_rows) / sizeof(delivery_rows[0]),
    .struct_bytes = sizeof(struct delivery_policy),
};
