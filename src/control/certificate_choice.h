#ifndef SWARMWARD_CONTROL_CERTIFICATE_CHOICE_H
#define SWARMWARD_CONTROL_CERTIFICATE_CHOICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "config/settings_file.h"
#include "model/snapshot.h"
#include "pki/certificate_file.h"

/*
 * All certificates of a load, and which of them a host gets: the named ones, or by the names in the
 * certificates; one a kind of key. Only those that are chosen end up in the snapshot.
 */

struct certificate_candidate {
    struct text name;                      /* "" for those that nobody named */
    const struct certificate_facts *facts; /* borrowed; NULL: it could not be read */
    struct source_place place;
    size_t next_same_name; /* index, or SIZE_MAX */
    uint32_t published;    /* index in the snapshot, or SNAPSHOT_NONE: not chosen so far */
};

struct certificate_choice {
    /* owned */
    struct certificate_candidate *candidates;
    size_t count;
    size_t capacity;
    struct string_map by_name;                 /* -> index of the first */
    struct string_map by_host[KEY_KIND_COUNT]; /* name in a certificate -> index into `best` */
    size_t *best;                              /* -> index of the candidate that lives longest */
    size_t best_count;
    size_t best_capacity;
    /* what was chosen, in the order of snapshot_certificate indices */
    uint32_t *published; /* -> candidate */
    size_t published_count;
    size_t published_capacity;
};

void certificate_choice_done(struct certificate_choice *choice);

/* Read and sort all of settings.certificates. What is wrong goes to `problems`. */
void certificate_choice_load(struct certificate_choice *choice, const struct settings *settings,
                             struct certificate_store *store, int64_t now_s,
                             struct problems *problems);

/* One that was made. Returns its index. */
size_t certificate_choice_add(struct certificate_choice *choice,
                              const struct certificate_facts *facts);

/*
 * What covers `host` ("*.x" for a wildcard), per kind of key: indices of the snapshot, and marked
 * as chosen. False: nothing does, and the indices are SNAPSHOT_NONE.
 */
bool certificate_choice_by_host(struct certificate_choice *choice, struct text host,
                                uint32_t chosen_out[KEY_KIND_COUNT]);

/* The same among those called `name`, without a look at what they cover when `host` is empty. */
bool certificate_choice_by_name(struct certificate_choice *choice, struct text name,
                                struct text host, uint32_t chosen_out[KEY_KIND_COUNT]);

/* Does any cover `host`? Chooses nothing. */
bool certificate_choice_covers(const struct certificate_choice *choice, struct text host);

/* Nothing is chosen any more, and those that were added behind the first `count` are forgotten. */
void certificate_choice_rewind(struct certificate_choice *choice, size_t count);

uint32_t certificate_choice_publish(struct certificate_choice *choice, size_t candidate);

#endif
