#ifndef SWARMWARD_CONTROL_SNAPSHOT_BUILDER_H
#define SWARMWARD_CONTROL_SNAPSHOT_BUILDER_H

#include <stdbool.h>
#include <stdint.h>

#include "config/settings_file.h"
#include "model/keyring.h"
#include "model/settings.h"
#include "model/snapshot.h"
#include "pki/certificate_file.h"
#include "pki/dev_authority.h"
#include "slot_map.h"

/*
 * Settings and the files that they name -> what a worker needs. All that is wrong is reported in
 * one go, each with its place in the file.
 */

struct snapshot_builder {
    /* borrowed */
    struct certificate_store *store;
    struct dev_authority *authority; /* NULL: every domain needs a certificate of its own */
    struct slot_map *slots;          /* between slot_map_begin() and _keep() or _drop() */
    const uint8_t *boot_secret;      /* KEYRING_TICKET_SECRET_BYTES */
    uint64_t generation;
    int64_t now_s;
    /* out */
    bool ticket_secret_missing; /* shared tickets, but only within this run */
};

/*
 * 0: one reference of both is the caller's; they borrow from `settings`, the store and the
 * authority, so they must be gone before those change. -1: `problems` has the errors.
 */
int snapshot_build(struct snapshot_builder *builder, const struct settings *settings,
                   struct problems *problems, struct snapshot **snapshot_out,
                   struct keyring **keyring_out);

#endif
