#ifndef SWARMWARD_CONTROL_SNAPSHOT_BUILDER_H
#define SWARMWARD_CONTROL_SNAPSHOT_BUILDER_H

#include <stdint.h>

#include "config/settings_file.h"
#include "mapping.h"
#include "model/keyring.h"
#include "model/snapshot.h"
#include "pki/dev_authority.h"
#include "slot_map.h"

/*
 * A mapping and the file beneath it -> what a worker needs. All that is wrong is reported in one
 * go, each with its place in the file; what labels say was checked before and is no problem here.
 */

struct snapshot_builder {
    /* borrowed */
    struct dev_authority *authority; /* NULL: every domain needs a certificate of its own */
    struct slot_map *slots;          /* between slot_map_begin() and _keep() or _drop() */
    struct slot_map *domain_slots;   /* the same */
    const uint8_t *boot_secret;      /* KEYRING_TICKET_SECRET_BYTES */
    uint64_t generation;
    int64_t now_s;
};

struct built_snapshot {
    struct snapshot *snapshot;
    struct keyring *keyring;
};

/*
 * 0: one reference of both is the caller's; they borrow from `file`, `mapping`, the store and the
 * authority, so they must be gone before those change. -1: `problems` has the errors.
 */
int snapshot_build(struct snapshot_builder *builder, struct mapping_file *file,
                   const struct mapping *mapping, struct problems *problems,
                   struct built_snapshot *built_out);

#endif
