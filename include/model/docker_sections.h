#ifndef SWARMWARD_MODEL_DOCKER_SECTIONS_H
#define SWARMWARD_MODEL_DOCKER_SECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "model/field_table.h"

/* The sections "docker" and "metrics" of the mapping file; workers never see them. */

enum label_policy {
    LABEL_POLICY_STRICT,  /* an unknown label quarantines its service */
    LABEL_POLICY_LENIENT, /* it is a warning */
    LABEL_POLICY_IGNORE,  /* no label is read */
};

struct docker_settings {
    struct text endpoint; /* "unix:///path", "tcp://host:port"; "" = no API, DNS alone */
    struct text tls_ca;   /* paths, for tcp:// */
    struct text tls_cert;
    struct text tls_key;
    struct text_list networks; /* names; none = those of swarmward's own task */
    struct text label_prefix;
    int label_policy; /* enum label_policy */
    int64_t dns_interval_ms;
    int64_t resync_interval_ms;
    int64_t lease_ms;
    struct text dns_server; /* "address:port"; "" = the system's */
    struct text snapshot;   /* path of the last good table; "" = off */
};

struct metrics_settings {
    bool prometheus;
    bool per_domain;
};

extern const struct field_table docker_fields;  /* struct docker_settings: "docker" */
extern const struct field_table metrics_fields; /* struct metrics_settings: "metrics" */

#endif
