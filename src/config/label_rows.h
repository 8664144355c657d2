#ifndef SWARMWARD_CONFIG_LABEL_ROWS_H
#define SWARMWARD_CONFIG_LABEL_ROWS_H

#include "model/field_table.h"

/* The labels that are no settings of the mapping file's `defaults`. */

struct label_flat {
    bool enable;
    struct text domain; /* comma-separated */
    struct text path;
    int64_t port; /* 0 = not written */
    struct text network;
    int64_t priority;
    int redirect; /* enum host_redirect */
    bool maintenance;
};

struct label_route_keys {
    struct text host;
    struct text path;
    int64_t port;
    struct text network;
    int64_t priority;
};

extern const struct field_table label_flat_rows;
extern const struct field_table label_route_rows;
extern const struct field_table label_operator_rows; /* the operator's, in the file */

#endif
