/*
 * Labels read once: by service ID, the present ones and those of the last snapshot that ran. Used
 * by mapping.c; what they claim is decided there.
 */

#include "label_cache.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/memory.h"

/* Labels as they were written, and as they read under one file. */
struct reading {
    /* owned */
    struct arena arena;
    struct label *labels;
    size_t count;
    struct label_settings *settings;
    char *problem; /* NULL when they could be read */
    /* borrowed: what they were read under; NULL: not read yet */
    const struct settings *file;
    uint64_t hash; /* of the labels; 0: there are none */
};

struct cached_service {
    /* owned */
    char *id;
    struct reading now;
    struct reading good;
    bool asked_for;
    bool marked;
};

struct label_cache {
    /* owned */
    struct cached_service **services;
    size_t count;
    size_t capacity;
    struct string_map index; /* ID -> place in services */
};

struct label_cache *label_cache_new(void)
{
    return memory_new(sizeof(struct label_cache));
}

static void forget_settings(struct reading *reading)
{
    label_settings_free(reading->settings);
    free(reading->problem);
    reading->settings = NULL;
    reading->problem = NULL;
    reading->file = NULL;
}

static void reading_done(struct reading *reading)
{
    forget_settings(reading);
    arena_done(&reading->arena);
    *reading = (struct reading){ 0 };
}

static void cached_free(struct cached_service *cached)
{
    reading_done(&cached->now);
    reading_done(&cached->good);
    free(cached->id);
    free(cached);
}

void label_cache_free(struct label_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->count; i++)
        cached_free(cache->services[i]);
    free(cache->services);
    string_map_done(&cache->index);
    free(cache);
}

static uint64_t hash_labels(const struct label *labels, size_t count)
{
    uint64_t hash = 1;

    for (size_t i = 0; i < count; i++)
        hash = hash_mix(hash_mix(hash ^ hash_text(labels[i].name)) ^ hash_text(labels[i].value));
    return hash ? hash : 1;
}

static struct cached_service *cached_of(struct label_cache *cache, struct text id)
{
    struct cached_service *cached;
    size_t at;

    if (string_map_get(&cache->index, id, &at))
        return cache->services[at];
    cached = memory_new(sizeof(*cached));
    cached->id = text_to_heap(id);
    string_map_put(&cache->index, text_of(cached->id), cache->count);
    *ARRAY_PUSH(cache->services, cache->count, cache->capacity) = cached;
    return cached;
}

/* Copied; not read yet. */
static void set_labels(struct reading *reading, const struct label *labels, size_t count)
{
    reading_done(reading);
    reading->hash = hash_labels(labels, count);
    reading->count = count;
    reading->labels = arena_new(&reading->arena, count, sizeof(*reading->labels));
    for (size_t i = 0; i < count; i++)
        reading->labels[i] = (struct label){
            .name = arena_text(&reading->arena, labels[i].name),
            .value = arena_text(&reading->arena, labels[i].value),
        };
}

static void take_labels(struct reading *reading, const struct swarm_service *service)
{
    struct label *labels = memory_new((service->label_count + 1) * sizeof(*labels));

    for (size_t i = 0; i < service->label_count; i++)
        labels[i] = (struct label){ service->labels[i].name, service->labels[i].value };
    if (reading->hash != hash_labels(labels, service->label_count))
        set_labels(reading, labels, service->label_count);
    free(labels);
}

/* The first line is enough for a log; without its end. */
static char *first_problem(const struct problems *problems)
{
    struct text lines = buffer_text(&problems->lines);

    return text_to_heap(text_first(lines, text_find(lines, '\n')));
}

static void read_under(struct reading *reading, const struct settings *file, struct text service)
{
    struct problems problems = { 0 };

    if (reading->file == file || !reading->hash)
        return;
    forget_settings(reading);
    reading->file = file;
    reading->settings = labels_read(file, service, reading->labels, reading->count, &problems);
    if (!reading->settings)
        reading->problem = first_problem(&problems);
    problems_done(&problems);
}

struct label_reading label_cache_get(struct label_cache *cache, const struct settings *file,
                                     const struct swarm_service *service)
{
    struct cached_service *cached = cached_of(cache, service->id);

    cached->asked_for = true;
    cached->marked = false;
    take_labels(&cached->now, service);
    read_under(&cached->now, file, service->name);
    if (cached->good.hash != cached->now.hash)
        read_under(&cached->good, file, service->name);
    return (struct label_reading){
        .now = cached->now.settings,
        .good = cached->good.hash == cached->now.hash ? NULL : cached->good.settings,
        .problem = text_of(cached->now.problem),
    };
}

void label_cache_mark(struct label_cache *cache, const struct swarm_service *service)
{
    cached_of(cache, service->id)->marked = true;
}

/* The present labels become the last good ones, to be read again when they are needed. */
static void make_good(struct cached_service *cached)
{
    struct reading *good = &cached->good;

    if (good->hash != cached->now.hash)
        set_labels(good, cached->now.labels, cached->now.count);
}

static void forget_other_file(struct reading *reading, const struct settings *file)
{
    if (reading->file != file)
        forget_settings(reading);
}

void label_cache_keep(struct label_cache *cache, const struct settings *file, bool all)
{
    size_t kept = 0;

    string_map_done(&cache->index);
    for (size_t i = 0; i < cache->count; i++) {
        struct cached_service *cached = cache->services[i];

        if (all && !cached->asked_for) {
            cached_free(cached);
            continue;
        }
        if (cached->marked)
            make_good(cached);
        forget_other_file(&cached->now, file);
        forget_other_file(&cached->good, file);
        cached->asked_for = cached->marked = false;
        string_map_put(&cache->index, text_of(cached->id), kept);
        cache->services[kept++] = cached;
    }
    cache->count = kept;
}

void label_cache_drop(struct label_cache *cache)
{
    for (size_t i = 0; i < cache->count; i++) {
        struct cached_service *cached = cache->services[i];

        cached->marked = false;
        /* the file that they were read under may be gone */
        forget_settings(&cached->now);
        forget_settings(&cached->good);
    }
}

void label_cache_seed(struct label_cache *cache, struct text id, const struct label *labels,
                      size_t count)
{
    struct cached_service *cached = cached_of(cache, id);

    if (!cached->good.hash)
        set_labels(&cached->good, labels, count);
}

static bool is_superseded(const struct cached_service *cached)
{
    return cached->good.hash && cached->good.hash != cached->now.hash;
}

void label_cache_each_superseded(const struct label_cache *cache, label_function *call, void *owner)
{
    for (size_t i = 0; i < cache->count; i++)
        if (is_superseded(cache->services[i]))
            call(owner, text_of(cache->services[i]->id), cache->services[i]->good.labels,
                 cache->services[i]->good.count);
}

/* Whatever the order. */
uint64_t label_cache_hash_superseded(const struct label_cache *cache)
{
    uint64_t hash = 0;

    for (size_t i = 0; i < cache->count; i++)
        if (is_superseded(cache->services[i]))
            hash += hash_mix(cache->services[i]->good.hash ^
                             hash_text(text_of(cache->services[i]->id)));
    return hash;
}
