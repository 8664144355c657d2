#ifndef SWARMWARD_CONTROL_LOAD_FILES_H
#define SWARMWARD_CONTROL_LOAD_FILES_H

#include <stdint.h>

#include "config/settings_file.h"
#include "ipc/messages.h"
#include "snapshot_builder.h"

/* Files -> sealed snapshot and keyring, with the time that each stage took. */

struct loaded_files {
    /* owned by the caller */
    int snapshot_fd;
    int keyring_fd;
    char access_log[MESSAGE_PATH_BYTES];
    struct message_publish publish; /* access_log points at the member above */
    int log_level;
    uint32_t domains;
    uint32_t services;
    uint32_t certificates;
    int64_t parse_ms;
    int64_t build_ms;
    int64_t encode_ms;
};

/* -1: `problems` has the errors, and `*loaded_out` nothing. */
int load_files(const char *path, struct snapshot_builder *builder, struct problems *problems,
               struct loaded_files *loaded_out);

#endif
