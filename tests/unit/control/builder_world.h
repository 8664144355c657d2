#ifndef SWARMWARD_TESTS_CONTROL_BUILDER_WORLD_H
#define SWARMWARD_TESTS_CONTROL_BUILDER_WORLD_H

#include <stddef.h>

#include "pki/certificate_file.h"
#include "snapshot_builder.h"

/*
 * A directory with certificate files made for the test, and the mapping file that names them. One
 * world a test.
 */
struct builder_world {
    char directory[64];
    struct snapshot_builder builder;
    struct problems problems;
    struct certificate_store *store;
    struct label_cache *labels;
    struct swarm *swarm; /* owned; NULL: without Docker */
    struct mapping_file *file;
    struct mapping *mapping;
    struct snapshot *snapshot;
    struct keyring *keyring;
};

void world_open(struct builder_world *world);
void world_close(struct builder_world *world);

enum world_key {
    WORLD_ECDSA,
    WORLD_RSA,
};

/* DIR/NAME.crt and DIR/NAME.key, valid for `days` from yesterday; `names` is comma-separated. */
void world_certificate(struct builder_world *world, const char *name, enum world_key key,
                       const char *names, int days);

/* Load `yaml`, where every % becomes the directory, and build. 0 or -1: `problems` has the errors.
 */
int world_build(struct builder_world *world, const char *yaml);

/* The swarm has changed: build again under the same file. */
int world_rebuild(struct builder_world *world);

/* The name that the file gives to the certificate of a host and kind; "" for none. */
struct text world_chosen(const struct builder_world *world, const char *host, enum key_kind kind);

#endif
