#ifndef SWARMWARD_CONTROL_PUBLICATION_H
#define SWARMWARD_CONTROL_PUBLICATION_H

#include <stdint.h>

#include "ipc/messages.h"
#include "snapshot_builder.h"

/* A mapping -> sealed snapshot and keyring, ready to be published. */

struct publication {
    /* owned by the caller */
    int snapshot_fd;
    int keyring_fd; /* the private keys */
    int tickets_fd; /* the ticket secret */
    char access_log[MESSAGE_PATH_BYTES];
    struct message_publish publish; /* access_log points at the member above */
    int log_level;
    uint64_t content; /* hash of all but the generation: equal ones need not be published */
    uint32_t domains;
    uint32_t services;
    uint32_t certificates;
    int64_t build_ms;
    int64_t encode_ms;
};

/* -1: `problems` has the errors, and `*publication_out` nothing. */
int publication_make(struct snapshot_builder *builder, struct mapping_file *file,
                     const struct mapping *mapping, struct problems *problems,
                     struct publication *publication_out);
void publication_close(struct publication *publication);

/* The same hash of a snapshot that runs. 0: it cannot be read. */
uint64_t publication_content(int snapshot_fd);

#endif
