#ifndef SWARMWARD_CONTROL_GOOD_LABELS_H
#define SWARMWARD_CONTROL_GOOD_LABELS_H

#include "label_cache.h"

/*
 * The last good labels of services whose present ones are not what is served, in a file beside
 * docker.snapshot: for the control after this one. Nothing is kept where docker.snapshot is "".
 */
struct good_labels;

#define GOOD_LABELS_BYTES ((size_t)64 * 1024 * 1024)

struct good_labels *good_labels_new(void);
void good_labels_free(struct good_labels *good); /* NULL is fine */

/* With the first file: what is on disk, into the cache. What cannot be read is logged. */
void good_labels_read(struct good_labels *good, const struct settings *file,
                      struct label_cache *cache);
/* After label_cache_keep(): written when it is not what is on disk. */
void good_labels_write(struct good_labels *good, const struct settings *file,
                       const struct label_cache *cache);

/* The bytes of the file, and back; checked like anything that comes from outside. -1: `err`, and
 * the cache is as it was. */
void good_labels_encode(const struct label_cache *cache, struct buffer *out);
int good_labels_decode(struct text json, struct label_cache *cache, struct err *err);

#endif
