#ifndef SWARMWARD_HTTP_FIELD_NAMES_H
#define SWARMWARD_HTTP_FIELD_NAMES_H

#include <stdbool.h>

#include "http/head.h"

/* Which field a name is, and which spellings of a name a careless backend takes for it. */

/*
 * Backends that put fields into CGI-like variables (HTTP_X_FORWARDED_FOR) see no difference between
 * "-" and "_", and some none between "-" and any other mark. The field that `name` would become
 * there; FIELD_OTHER: none that we know.
 */
enum field_id field_identify_alias(struct text name);

/* May a field be sent behind the body (RFC 9110 section 6.5.1)? */
bool field_may_be_trailer(const struct field_line *line);

#endif
