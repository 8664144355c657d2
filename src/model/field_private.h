#ifndef SWARMWARD_MODEL_FIELD_PRIVATE_H
#define SWARMWARD_MODEL_FIELD_PRIVATE_H

#include "model/field_table.h"

/* What the files behind model/field_table.h share. */

/* One item of a FIELD_TEXT_LIST has at most this many bytes. */
#define FIELD_ITEM_BYTES 256
/* One value of a FIELD_TEXT_MAP. */
#define FIELD_VALUE_BYTES 4096

static inline void *field_member(const struct field *field, void *target)
{
    return (char *)target + field->offset;
}

static inline const void *field_member_const(const struct field *field, const void *target)
{
    return (const char *)target + field->offset;
}

/* True for the kinds whose member is an int64_t. */
bool field_is_number(const struct field *field);

/* The same checks for what was written and for what was decoded. -1: `err` says why. */
int field_check_number(const struct field *field, int64_t number, struct err *err);
int field_check_text(const struct field *field, struct text text, struct err *err);
int field_check_item(const struct field *field, struct text item, struct err *err);
int field_check_pair(const struct field *field, const struct text_pair *pair, struct err *err);
int field_check_status(const struct field *field, struct status_range range, struct err *err);
int field_check_rate(const struct field *field, struct rate rate, struct err *err);
size_t field_choice_count(const struct field *field);

/* Room for one more item; the array's capacity is the next power of two. */
void text_list_add(struct text_list *list, struct text item, struct arena *arena);
void text_map_add(struct text_map *map, const struct text_pair *pair, struct arena *arena);
/* Names compare without case. */
bool text_map_has(const struct text_map *map, struct text name);

/* A number of this row's kind as it would be written. */
void field_print_number(const struct field *field, int64_t number, struct buffer *out);

/* A written number with its unit -> the number; bounds are not checked here. */
int field_parse_number(const struct field *field, struct text value, int64_t *number_out,
                       struct err *err);

/* "100/10s"; bounds are checked. */
int field_parse_rate(const struct field *field, struct text value, struct rate *rate_out,
                     struct err *err);
void field_print_rate(struct rate rate, struct buffer *out);

/* For messages: what was written, cut to a length that leaves room for the rest. */
struct text field_shown(struct text value);

#endif
