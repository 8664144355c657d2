#ifndef SWARMWARD_MODEL_FIELD_TABLE_H
#define SWARMWARD_MODEL_FIELD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "ipc/wire.h"

/*
 * One row says all there is to know about one setting: its name, where it lives, its kind, bounds,
 * default, and the sentence that the documentation prints. The mapping file, the labels, the
 * documentation and the snapshot codec all go through these rows.
 */

enum field_kind {
    FIELD_BOOL,         /* bool: exactly `true` or `false` */
    FIELD_INTEGER,      /* int64_t */
    FIELD_MILLISECONDS, /* int64_t: "500ms", "2s", "5m", "1h"; a unit is required */
    FIELD_BYTES,     /* int64_t: "100B", "32KiB", "64MiB", "1GiB"; a unit is required, but for 0 */
    FIELD_BYTE_RATE, /* int64_t bytes a second: "500B/s" */
    FIELD_PERCENT,   /* int64_t: "20%" */
    FIELD_FRACTION,  /* int64_t millionths: "1.0", "0.25" */
    FIELD_CHOICE,    /* int: index into `choices` */
    FIELD_TEXT,      /* struct text, at most `most` bytes */
    FIELD_TEXT_LIST, /* struct text_list, at most `most` items */
    FIELD_TEXT_MAP,  /* struct text_map, at most `most` pairs; no name twice */
    FIELD_ADDRESS,   /* struct address */
    FIELD_STATUS_RANGE, /* struct status_range: "200-399" or "204" */
    FIELD_RATE,         /* struct rate: "20/s", "100/10s", "300/m" */
    FIELD_AUTO_INTEGER, /* int64_t: "auto" (-1) or an integer */
    FIELD_LATER,        /* no member: known, not built yet; using it is an error that says so */
};

struct text_list {
    struct text *items;
    size_t count;
};

struct text_pair {
    struct text name;
    struct text value;
};

struct text_map {
    struct text_pair *pairs;
    size_t count;
};

struct status_range {
    int least;
    int most;
};

struct rate {
    int64_t count;
    int64_t period_ms; /* 1s to 1h */
};

struct field {
    const char *name; /* dotted below its section: "keepalive.idle" */
    size_t offset;
    enum field_kind kind;
    bool opt_in; /* written it means more than its default: the example shows it commented */
    int64_t least;
    int64_t most;
    const char *fallback; /* the default, as it would be written; NULL: required, or FIELD_LATER */
    /* FIELD_CHOICE: NULL-terminated, in the order of the enum; FIELD_INTEGER: the only numbers */
    const char *const *choices;
    /* NULL, or the words that are known but not built yet: using one is an error that says so */
    const char *const *later_choices;
    /* NULL, or what a text that is not empty (or an item of a list, a name of a map) must be */
    int (*check)(struct text value, struct err *err);
    /* FIELD_TEXT_MAP: NULL, or what its values must be */
    int (*check_value)(struct text value, struct err *err);
    const char *help; /* one sentence; for FIELD_LATER what is missing and what to do */
};

struct field_table {
    const char *section; /* as in the file: "limits", "defaults", "tls" */
    const struct field *fields;
    size_t count;
    size_t struct_bytes;
};

#define FIELD_AT(type, member) .offset = offsetof(type, member)

/*
 * Set every member to its row's default; rows without one are left alone. Aborts on a default that
 * its own row refuses.
 */
void fields_set_defaults(const struct field_table *table, void *target, struct arena *arena);

/* NULL: no such name. */
const struct field *fields_find(const struct field_table *table, struct text name);
/* The known name nearest to a misspelt one, for the hint; NULL when none is near. */
const char *fields_nearest(const struct field_table *table, struct text name);

/* Parse one written value into the member. -1: `err` says what is wrong and how to write it. */
int field_set(const struct field *field, void *target, struct text value, struct arena *arena,
              struct err *err);
/* FIELD_TEXT_LIST: add one item (field_set() of an empty text makes the list empty first). */
int field_add(const struct field *field, void *target, struct text value, struct arena *arena,
              struct err *err);

/* FIELD_TEXT_MAP: add one pair (field_set() of an empty text makes the map empty first). */
int field_add_pair(const struct field *field, void *target, const struct text_pair *pair,
                   struct arena *arena, struct err *err);

/* Copy the members of those rows whose bit is set in `mask` (texts are then borrowed from both). */
void fields_overlay(const struct field_table *table, void *target, const void *source,
                    uint64_t mask);

/* The member as it would be written, into `out`. */
void field_print(const struct field *field, const void *target, struct buffer *out);

/* All members to bytes and back; every bound is checked again on the way in (-1: out of bounds). */
void fields_encode(const struct field_table *table, const void *source, struct buffer *out);
int fields_decode(const struct field_table *table, void *target, struct wire *wire,
                  struct arena *arena);

#endif
