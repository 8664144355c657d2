/*
 * What was read of certificate files, remembered by their paths and stat(): ten thousand unchanged
 * pairs cost two stat() each, no reading. Used by control, one a process.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/memory.h"
#include "certificate_pair.h"
#include "certificate_parse.h"

/* Younger changes may share their timestamp with the next one (the kernel's clock ticks every 1-10
 * ms). */
#define SETTLED_NS 100000000

struct file_stamp {
    dev_t device;
    ino_t inode;
    off_t bytes;
    mode_t mode;
    struct timespec modified;
    struct timespec changed;
};

struct stored_pair {
    /* owned */
    char *paths; /* certificate NUL key NUL: the key in the index */
    struct certificate_facts *facts;
    struct file_stamp cert;
    struct file_stamp key;
    bool is_settled; /* read long enough after the last change to believe the stamps */
    bool is_used;    /* asked for since the last sweep */
};

struct retired_facts {
    struct certificate_facts *facts; /* owned */
};

struct certificate_store {
    /* owned */
    struct stored_pair *pairs;
    size_t pair_count;
    size_t pair_capacity;
    struct retired_facts *retired; /* replaced since the last sweep */
    size_t retired_count;
    size_t retired_capacity;
    struct string_map index; /* paths -> place in pairs */
    struct arena scratch;
};

struct certificate_store *certificate_store_new(void)
{
    return memory_new(sizeof(struct certificate_store));
}

static void free_retired(struct certificate_store *store)
{
    for (size_t i = 0; i < store->retired_count; i++)
        certificate_facts_free(store->retired[i].facts);
    store->retired_count = 0;
}

static void pair_done(struct stored_pair *pair)
{
    certificate_facts_free(pair->facts);
    free(pair->paths);
}

void certificate_store_free(struct certificate_store *store)
{
    if (!store)
        return;
    free_retired(store);
    for (size_t i = 0; i < store->pair_count; i++)
        pair_done(&store->pairs[i]);
    string_map_done(&store->index);
    arena_done(&store->scratch);
    free(store->retired);
    free(store->pairs);
    free(store);
}

static struct file_stamp stamp_of(const struct stat *info)
{
    return (struct file_stamp){
        .device = info->st_dev,
        .inode = info->st_ino,
        .bytes = info->st_size,
        .mode = info->st_mode,
        .modified = info->st_mtim,
        .changed = info->st_ctim,
    };
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_unchanged(const struct file_stamp *old, const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && old->device == info.st_dev && old->inode == info.st_ino &&
           old->bytes == info.st_size && old->mode == info.st_mode &&
           is_same_time(old->modified, info.st_mtim) && is_same_time(old->changed, info.st_ctim);
}

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static bool is_settled(const struct certificate_pair *files)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return nanoseconds(now) - nanoseconds(files->cert.info.st_ctim) > SETTLED_NS &&
           nanoseconds(now) - nanoseconds(files->key.info.st_ctim) > SETTLED_NS;
}

/* "cert NUL key NUL" on the heap. */
static char *join_paths(const struct certificate_paths *paths, size_t *bytes_out)
{
    size_t cert_bytes = strlen(paths->cert) + 1;
    size_t key_bytes = strlen(paths->key) + 1;
    char *joined = memory_new(cert_bytes + key_bytes);

    memcpy(joined, paths->cert, cert_bytes);
    memcpy(joined + cert_bytes, paths->key, key_bytes);
    *bytes_out = cert_bytes + key_bytes;
    return joined;
}

/* The pair of these paths; a new one is empty. */
static struct stored_pair *pair_of(struct certificate_store *store,
                                   const struct certificate_paths *paths)
{
    size_t bytes;
    char *joined = join_paths(paths, &bytes);
    struct stored_pair *pair;
    size_t at;

    if (string_map_get(&store->index, text_make(joined, bytes), &at)) {
        free(joined);
        return &store->pairs[at];
    }
    string_map_put(&store->index, text_make(joined, bytes), store->pair_count);
    pair = ARRAY_PUSH(store->pairs, store->pair_count, store->pair_capacity);
    *pair = (struct stored_pair){ .paths = joined };
    return pair;
}

/* The old facts go with the next sweep: what is served may still be made of them. */
static void replace_facts(struct certificate_store *store, struct stored_pair *pair,
                          struct certificate_facts *facts)
{
    if (pair->facts)
        *ARRAY_PUSH(store->retired, store->retired_count, store->retired_capacity) =
            (struct retired_facts){ pair->facts };
    pair->facts = facts;
}

static int pair_refresh(struct certificate_store *store, struct stored_pair *pair,
                        const struct certificate_paths *paths, struct err *err)
{
    struct certificate_pair files;
    struct certificate_facts facts;
    struct file_stamp cert;
    struct file_stamp key;
    bool settled;

    arena_reset(&store->scratch);
    if (certificate_pair_read(&files, paths, err) < 0)
        return -1;
    cert = stamp_of(&files.cert.info);
    key = stamp_of(&files.key.info);
    settled = is_settled(&files);
    if (certificate_pair_parse(&files, paths, &store->scratch, &facts, err) < 0)
        return -1;
    replace_facts(store, pair, certificate_facts_copy(&facts));
    certificate_facts_wipe(&facts);
    pair->cert = cert;
    pair->key = key;
    pair->is_settled = settled;
    return 0;
}

int certificate_store_get(struct certificate_store *store, const struct certificate_paths *paths,
                          int64_t now_s, const struct certificate_facts **facts_out,
                          struct err *err)
{
    struct stored_pair *pair = pair_of(store, paths);
    bool is_known = pair->facts && pair->is_settled && is_unchanged(&pair->cert, paths->cert) &&
                    is_unchanged(&pair->key, paths->key);

    if (!is_known && pair_refresh(store, pair, paths, err) < 0)
        return -1;
    pair->is_used = true;
    if (certificate_check_dates(pair->facts, now_s, err) < 0)
        return err_prefix(err, "%s", paths->cert);
    *facts_out = pair->facts;
    return 0;
}

void certificate_store_sweep(struct certificate_store *store)
{
    size_t kept = 0;

    free_retired(store);
    arena_done(&store->scratch);
    string_map_done(&store->index);
    for (size_t i = 0; i < store->pair_count; i++) {
        struct stored_pair *pair = &store->pairs[i];
        size_t cert_bytes = strlen(pair->paths) + 1;
        size_t bytes = cert_bytes + strlen(pair->paths + cert_bytes) + 1;

        if (!pair->is_used) {
            pair_done(pair);
            continue;
        }
        pair->is_used = false;
        string_map_put(&store->index, text_make(pair->paths, bytes), kept);
        store->pairs[kept++] = *pair;
    }
    store->pair_count = kept;
}
