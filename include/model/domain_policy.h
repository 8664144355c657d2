#ifndef SWARMWARD_MODEL_DOMAIN_POLICY_H
#define SWARMWARD_MODEL_DOMAIN_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "model/field_table.h"

/*
 * Who may come to a domain, how often, and where they are sent instead: what an entry of `domains`
 * may say (docs/policy.md). Looked at in the order of docs/policy.md, before a route is.
 */

enum host_redirect {
    HOST_REDIRECT_NONE,
    HOST_REDIRECT_WWW_TO_APEX,
    HOST_REDIRECT_APEX_TO_WWW,
};

enum rate_key {
    RATE_KEY_CLIENT_IP,
};

struct domain_policy {
    int redirect;           /* enum host_redirect */
    struct text_list allow; /* CIDRs; none = everybody */
    struct text_list deny;
    struct rate rate;       /* count 0 = unlimited */
    int64_t burst;          /* 0 = as many as `rate` has */
    int rate_key;           /* enum rate_key */
    struct text users_file; /* path; "" = nobody is asked for a password */
    bool forward_credentials;
    bool maintenance;
    struct text maintenance_page; /* path; "" = a line of text */
    struct text_list testers;     /* CIDRs that maintenance does not stop */
};

extern const struct field_table domain_policy_fields; /* struct domain_policy: "domains.NAME" */

#define DOMAIN_NETWORKS_MAX  1000 /* of one list */
#define DOMAIN_REDIRECTS_MAX 1000 /* of one domain */

/* The host that a name is sent to under this rule: "www.NAME" -> "NAME" or the other way round,
 * written into `out` or a view of `name`. "": it stays where it is. */
#define HOST_REDIRECT_BYTES 256
struct text host_redirect_target(enum host_redirect redirect, struct text name,
                                 char out[HOST_REDIRECT_BYTES]);

#endif
