#ifndef SWARMWARD_MODEL_SNAPSHOT_POLICY_H
#define SWARMWARD_MODEL_SNAPSHOT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/text.h"
#include "ipc/wire.h"
#include "model/domain_policy.h"
#include "net/address.h"

/*
 * The part of a snapshot that says who may come to a domain and where they are sent. Domains with
 * nothing of the kind have none.
 */

#define SNAPSHOT_PAGE_BYTES      ((size_t)256 * 1024)
#define SNAPSHOT_USERS_MAX       10000 /* of one file */
#define SNAPSHOT_USER_NAME_BYTES 255
#define SNAPSHOT_REDIRECTS_MAX   1000 /* of one domain */

/* A path prefix (on segment borders) that is answered with another place. */
struct snapshot_redirect {
    struct text path;
    struct text to; /* "/path" or "https://host/path", without "/" at the end */
    int status;     /* 301, 302, 303, 307 or 308 */
};

struct snapshot_user {
    struct text name;
    struct text hash; /* password_hash_check() says yes */
};

struct snapshot_users {
    struct snapshot_user *items; /* by text_compare() of the names, each once */
    uint32_t count;
};

struct network_list {
    struct address_prefix *items;
    uint32_t count;
};

struct snapshot_domain_policy {
    uint64_t identity; /* whose requests are counted together for `rate` */
    struct domain_policy settings;
    struct text redirect_host;           /* exact name; "" = requests stay at this host */
    struct snapshot_redirect *redirects; /* longest path first */
    uint32_t redirect_count;
    const struct snapshot_users *users; /* NULL = nobody is asked */
    struct text page;                   /* of maintenance; "" = a line of text */
    /* made of the texts in `settings` by snapshot_policy_networks() */
    struct network_list allow;
    struct network_list deny;
    struct network_list testers;
};

struct snapshot_policies {
    struct snapshot_domain_policy *items;
    uint32_t count;
    struct snapshot_users *users; /* those of one file are there once */
    uint32_t users_count;
    struct text *pages;
    uint32_t page_count;
};

/* "/api" covers "/api" and "/api/x", not "/apix"; "/api/" covers what begins with it. */
bool route_path_covers(struct text prefix, struct text path);

void snapshot_policy_networks(struct snapshot_domain_policy *policy, struct arena *arena);

/* NULL: no such user. */
const struct snapshot_user *snapshot_users_find(const struct snapshot_users *users,
                                                struct text name);

/* For snapshot_codec.c. False: out of bounds. */
void snapshot_policies_encode(const struct snapshot_policies *policies, struct buffer *out);
/* Which one a domain has, by number. */
void snapshot_policy_put(const struct snapshot_policies *policies,
                         const struct snapshot_domain_policy *policy, struct buffer *out);
const struct snapshot_domain_policy *snapshot_policy_get(const struct snapshot_policies *policies,
                                                         struct wire *wire);
bool snapshot_policies_decode(struct snapshot_policies *policies, struct wire *wire,
                              struct arena *arena);

#endif
