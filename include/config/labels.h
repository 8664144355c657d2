#ifndef SWARMWARD_CONFIG_LABELS_H
#define SWARMWARD_CONFIG_LABELS_H

#include "config/settings_file.h"
#include "model/settings.h"

/*
 * The labels of one service -> the same structs as the mapping file, through the same field tables
 * (CONFIG.md section 2 and docs/labels.md). Widening what the file allows is not possible here:
 * who may claim which domain is asked by the caller.
 */

#define LABELS_MAX        256 /* under the prefix */
#define LABEL_VALUE_BYTES 4096
#define LABEL_DOMAINS_MAX 64
#define LABEL_ROUTES_MAX  32

struct label {
    struct text name; /* without the prefix and its dot: "routes.hl7.path" */
    struct text value;
};

/* One route; what was not written is as in `swarmward.KEY`, and then as in the file's defaults. */
struct label_route {
    struct text name; /* "" for the flat keys, else NAME of `routes.NAME` */
    struct text host; /* "" = every domain of the service; else one name */
    struct text path;
    struct text network; /* "" = the one that is shared */
    int64_t port;        /* 0 = not written */
    int64_t priority;
    struct service_policy service_policy;
    struct route_policy policy;
    uint64_t service_given; /* bit i: row i of service_fields was written */
    uint64_t policy_given;  /* the same of route_fields */
};

struct label_settings {
    struct arena arena; /* owns everything here */
    bool enabled;
    struct text *domains; /* lower case, "*.name" for a wildcard */
    size_t domain_count;
    int redirect; /* enum host_redirect */
    bool maintenance;
    struct label_route *routes; /* the first is that of the flat keys */
    size_t route_count;
};

/*
 * `file` gives the defaults, the label policy (strict: an unknown key is an error; lenient: a
 * warning) and must outlive the result. `service` is the name for the messages: "service
 * portal_web: error: swarmward.port: ...". NULL: `problems` has at least one error.
 */
struct label_settings *labels_read(const struct settings *file, struct text service,
                                   const struct label *labels, size_t count,
                                   struct problems *problems);
void label_settings_free(struct label_settings *settings); /* NULL is fine */

/* docs/labels.md, from the tables. */
void labels_write_reference(struct buffer *out);

#endif
