#ifndef SWARMWARD_CONTROL_MAPPING_FILE_H
#define SWARMWARD_CONTROL_MAPPING_FILE_H

#include <stdint.h>

#include "backend_tls.h"
#include "certificate_choice.h"
#include "client_cas.h"
#include "config/settings_file.h"
#include "domain_files.h"
#include "model/keyring.h"

/*
 * The mapping file as it was loaded: its settings, the certificates and the secret that it names.
 * Kept while it is served, so that a change in the swarm makes a new snapshot without a look at the
 * disk: what an operator is editing there is not asked for yet.
 */
struct mapping_file {
    /* owned */
    struct settings *settings;
    struct certificate_choice certificates;
    struct client_cas client_cas;
    struct domain_files files;
    struct backend_tls backend_tls;
    int text_fd; /* the text itself, sealed: for the control after this one */
    uint8_t ticket_secret[KEYRING_TICKET_SECRET_BYTES]; /* when it has one */
    bool has_ticket_secret;
    bool ticket_secret_missing; /* tickets are shared, but the default file is not there */
    size_t loaded_count; /* candidates of the file; those that --dev made for a build follow */
};

/*
 * Read it and all certificates it names. NULL: `problems` has the errors. The result borrows from
 * the store until it is freed.
 */
struct mapping_file *mapping_file_load(const char *path, struct certificate_store *store,
                                       int64_t now_s, struct problems *problems);
/* The same from a text that was loaded before. */
struct mapping_file *mapping_file_from_fd(const char *path, int text_fd,
                                          struct certificate_store *store, int64_t now_s,
                                          struct problems *problems);
void mapping_file_free(struct mapping_file *file); /* NULL is fine; wipes the secret */

/* Before every build: no certificate is chosen, and those of the last build are forgotten. */
void mapping_file_rewind(struct mapping_file *file);

#endif
