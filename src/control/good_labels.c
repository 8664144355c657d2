/*
 * Last good labels <-> JSON file. Written when that set changes, which is when somebody makes a
 * mistake or mends one; read once, at the start. Called by loader.c.
 */

#include "good_labels.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

#define FORMAT       1
#define SERVICES_MAX 65536
#define ID_BYTES     128
#define NAME_BYTES   200

struct good_labels {
    /* owned */
    char *path;       /* of what was read or written last; NULL: nothing yet */
    uint64_t written; /* hash of what is there */
};

struct good_labels *good_labels_new(void)
{
    return memory_new(sizeof(struct good_labels));
}

void good_labels_free(struct good_labels *good)
{
    if (!good)
        return;
    free(good->path);
    free(good);
}

/* "" on the heap: nothing is kept. */
static char *path_of(const struct settings *file)
{
    struct buffer path = { 0 };
    char *copy;

    if (file->docker_given && file->docker.snapshot.len)
        buffer_format(&path, "%.*s.labels", TEXT_ARGS(file->docker.snapshot));
    copy = text_to_heap(buffer_text(&path));
    buffer_done(&path);
    return copy;
}

/* --- writing -------------------------------------------------------------------------------------
 */

static void add_service(void *owner, struct text id, const struct label *labels, size_t count)
{
    json_t *service = json_object();
    json_t *pairs = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *pair = json_array();

        json_array_append_new(pair, json_stringn(labels[i].name.at, labels[i].name.len));
        json_array_append_new(
            pair, json_stringn(labels[i].value.len ? labels[i].value.at : "", labels[i].value.len));
        json_array_append_new(pairs, pair);
    }
    json_object_set_new(service, "id", json_stringn(id.at, id.len));
    json_object_set_new(service, "labels", pairs);
    json_array_append_new(owner, service);
}

void good_labels_encode(const struct label_cache *cache, struct buffer *out)
{
    json_t *root = json_object();
    json_t *services = json_array();
    char *text;

    label_cache_each_superseded(cache, add_service, services);
    json_object_set_new(root, "format", json_integer(FORMAT));
    json_object_set_new(root, "services", services);
    text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
    if (text) /* labels that could be read are ASCII */
        buffer_append_text(out, text_of(text));
    free(text);
    json_decref(root);
}

static void write_to(struct good_labels *good, const struct label_cache *cache)
{
    struct buffer json = { 0 };
    struct text text;
    struct err err;

    good_labels_encode(cache, &json);
    text = buffer_text(&json);
    if (file_write(good->path, text.at, text.len, 0600, &err) < 0)
        log_warn("event=good_labels reason=\"they cannot be kept for the next control: %s\"",
                 err.text);
    buffer_done(&json);
}

void good_labels_write(struct good_labels *good, const struct settings *file,
                       const struct label_cache *cache)
{
    uint64_t hash = label_cache_hash_superseded(cache);
    char *path = path_of(file);
    bool moved = !good->path || strcmp(path, good->path) != 0;

    if (moved || hash != good->written) {
        free(good->path);
        good->path = path;
        path = NULL;
        good->written = hash;
        if (good->path[0])
            write_to(good, cache);
    }
    free(path);
}

/* --- reading -------------------------------------------------------------------------------------
 */

static bool get_text(const json_t *json, size_t least, size_t most, struct text *text_out)
{
    size_t len = json_string_length(json);

    if (!json_is_string(json) || len < least || len > most)
        return false;
    *text_out = text_make(json_string_value(json), len);
    return true;
}

static bool get_labels(const json_t *pairs, struct label labels[LABELS_MAX], size_t *count_out)
{
    size_t count = json_array_size(pairs);

    if (count == 0 || count > LABELS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(pairs, i);

        if (json_array_size(pair) != 2 ||
            !get_text(json_array_get(pair, 0), 1, NAME_BYTES, &labels[i].name) ||
            !get_text(json_array_get(pair, 1), 0, LABEL_VALUE_BYTES, &labels[i].value))
            return false;
    }
    *count_out = count;
    return true;
}

/* Into the cache, or (NULL) only looked at. */
static bool take_services(const json_t *services, struct label_cache *cache)
{
    struct label labels[LABELS_MAX];

    if (!json_is_array(services) || json_array_size(services) > SERVICES_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(services); i++) {
        const json_t *service = json_array_get(services, i);
        struct text id;
        size_t count;

        if (!get_text(json_object_get(service, "id"), 1, ID_BYTES, &id) ||
            !get_labels(json_object_get(service, "labels"), labels, &count))
            return false;
        if (cache)
            label_cache_seed(cache, id, labels, count);
    }
    return true;
}

int good_labels_decode(struct text json, struct label_cache *cache, struct err *err)
{
    json_error_t error;
    json_t *root = json_loadb(json.at ? json.at : "", json.len, 0, &error);
    const json_t *services = json_object_get(root, "services");
    bool good = json_integer_value(json_object_get(root, "format")) == FORMAT &&
                take_services(services, NULL);

    if (good)
        take_services(services, cache);
    json_decref(root);
    return good ? 0 : err_set(err, "these are no labels of this version");
}

void good_labels_read(struct good_labels *good, const struct settings *file,
                      struct label_cache *cache)
{
    char *text = NULL;
    size_t len = 0;
    struct stat info;
    struct err err;

    if (good->path) /* since then the cache knows better */
        return;
    good->path = path_of(file);
    if (!good->path[0] || stat(good->path, &info) < 0)
        return;
    if (file_read(good->path, GOOD_LABELS_BYTES, &text, &len, &err) < 0 ||
        good_labels_decode(text_make(text, len), cache, &err) < 0)
        log_warn("event=good_labels path=%s reason=\"%s; services whose labels are wrong have no "
                 "route until they are mended\"",
                 good->path, err.text);
    good->written = label_cache_hash_superseded(cache);
    free(text);
}
