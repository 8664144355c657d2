#ifndef SWARMWARD_HTTP_CONNECTION_OPTIONS_H
#define SWARMWARD_HTTP_CONNECTION_OPTIONS_H

#include "http/head.h"

/* What the Connection lines of one head say (RFC 9110 section 7.6.1). */

/* Each is compared with each field of the head, so there is a bound. Browsers send one or two. */
#define CONNECTION_OPTIONS_MAX 32

struct connection_options {
    struct text names[CONNECTION_OPTIONS_MAX]; /* of fields: all options but the three below */
    size_t count;
    bool close;
    bool keep_alive;
    bool upgrade;
};

/* NULL, or why they can not be believed: "bad_connection_option", "too_many_connection_options". */
const char *connection_options_read(const struct field_list *fields,
                                    struct connection_options *options_out);

#endif
