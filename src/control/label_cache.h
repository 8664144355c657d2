#ifndef SWARMWARD_CONTROL_LABEL_CACHE_H
#define SWARMWARD_CONTROL_LABEL_CACHE_H

#include <stdbool.h>

#include "config/labels.h"
#include "discovery/swarm.h"

/*
 * The labels of each service as they were read, and its last good ones: read once a change, not
 * once a snapshot. By service ID, so a service that is made again starts anew.
 */
struct label_cache;

/* What the labels of one service say under one mapping file. */
struct label_reading {
    const struct label_settings *now;  /* NULL: they cannot be read, and `problem` says why */
    const struct label_settings *good; /* of the last snapshot that used them; NULL: none */
    struct text problem;
};

struct label_cache *label_cache_new(void);
void label_cache_free(struct label_cache *cache);

/* Borrowed until the next call for this service, or label_cache_keep(). */
struct label_reading label_cache_get(struct label_cache *cache, const struct settings *file,
                                     const struct swarm_service *service);

/* The labels of `service` were good enough for a snapshot; so they are its last good ones when that
 * snapshot runs. */
void label_cache_mark(struct label_cache *cache, const struct swarm_service *service);

/*
 * A snapshot runs: what was marked is good, and everything that was read under another file than
 * this one is forgotten; so are services that were not asked for since the last time, when `all`
 * that there are could be.
 */
void label_cache_keep(struct label_cache *cache, const struct settings *file, bool all);
/* It does not: the marks are forgotten. */
void label_cache_drop(struct label_cache *cache);

/* Labels that were good before this process began; copied. Those that the cache has are newer. */
void label_cache_seed(struct label_cache *cache, struct text id, const struct label *labels,
                      size_t count);

/* The last good labels of each service that has others by now, and a hash of them all (0: none). */
typedef void label_function(void *owner, struct text id, const struct label *labels, size_t count);
void label_cache_each_superseded(const struct label_cache *cache, label_function *call,
                                 void *owner);
uint64_t label_cache_hash_superseded(const struct label_cache *cache);

#endif
