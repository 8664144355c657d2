#ifndef SWARMWARD_CONFIG_MAPPED_VALUE_H
#define SWARMWARD_CONFIG_MAPPED_VALUE_H

#include "base/err.h"
#include "base/text.h"
#include "net/address.h"

/* What a domain or a route is mapped to: "service", "service:port", or "address:port". */
struct mapped_value {
    struct text name; /* borrowed from what was parsed; empty for an address */
    int64_t port;     /* 0: not given */
    bool is_address;
    struct address address;
};

int mapped_value_parse(struct text written, struct mapped_value *value_out, struct err *err);

#endif
