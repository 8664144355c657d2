#ifndef SWARMWARD_CONTROL_DOMAIN_FILES_H
#define SWARMWARD_CONTROL_DOMAIN_FILES_H

#include "base/hash.h"
#include "config/settings_file.h"
#include "model/snapshot_policy.h"

/*
 * The files that domains name: users of basic_auth and pages of maintenance. Each is read once a
 * load, however many domains name it. Zero-initialised is empty.
 */
struct domain_files {
    /* owned */
    struct arena arena;
    struct string_map user_paths; /* -> index into users */
    struct snapshot_users *users;
    size_t users_count;
    size_t users_capacity;
    struct string_map page_paths; /* -> index into pages */
    struct text *pages;
    size_t page_count;
    size_t page_capacity;
    size_t page_bytes;
};

/* What cannot be read or is not what it should be is an error in `problems`. */
void domain_files_load(struct domain_files *files, const struct settings *settings,
                       struct problems *problems);
void domain_files_done(struct domain_files *files);

/* NULL, or "": the path is "" or could not be read. */
const struct snapshot_users *domain_files_users(const struct domain_files *files, struct text path);
struct text domain_files_page(const struct domain_files *files, struct text path);

#endif
