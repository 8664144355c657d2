#ifndef SWARMWARD_CONTROL_CLIENT_CAS_H
#define SWARMWARD_CONTROL_CLIENT_CAS_H

#include "base/hash.h"
#include "config/settings_file.h"
#include "pki/client_ca.h"

/* The authorities that the domains of a file name, each read once. */
struct client_cas {
    /* owned */
    struct arena arena;
    struct client_ca *items;
    size_t count;
    size_t capacity;
    struct string_map by_path; /* -> index */
};

/* What cannot be read goes to `problems`. */
void client_cas_load(struct client_cas *cas, const struct settings *settings, int64_t now_s,
                     struct problems *problems);
void client_cas_done(struct client_cas *cas);

/* The index of the one at `path`; SNAPSHOT_NONE for none. */
uint32_t client_cas_find(const struct client_cas *cas, struct text path);

#endif
