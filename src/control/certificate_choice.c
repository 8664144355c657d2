/*
 * Which certificate a host gets. Every name of every certificate is in a map, so that ten thousand
 * domains cost ten thousand look-ups. Used by snapshot_builder.c. Reads files through pki only.
 */

#include "certificate_choice.h"

#include <stdlib.h>

#include "base/array.h"

#define NOT_FOUND   SIZE_MAX
#define SOON_DAYS   7
#define DAY_SECONDS 86400

static const char *const kind_names[KEY_KIND_COUNT] = { "ECDSA", "RSA" };

void certificate_choice_done(struct certificate_choice *choice)
{
    free(choice->candidates);
    free(choice->best);
    free(choice->published);
    string_map_done(&choice->by_name);
    for (int kind = 0; kind < KEY_KIND_COUNT; kind++)
        string_map_done(&choice->by_host[kind]);
}

static size_t add_candidate(struct certificate_choice *choice, struct text name,
                            const struct certificate_facts *facts, struct source_place place)
{
    *ARRAY_PUSH(choice->candidates, choice->count, choice->capacity) =
        (struct certificate_candidate){
            .name = name,
            .facts = facts,
            .place = place,
            .next_same_name = NOT_FOUND,
            .published = SNAPSHOT_NONE,
        };
    return choice->count - 1;
}

static void index_host(struct certificate_choice *choice, struct text host, size_t candidate)
{
    const struct certificate_facts *facts = choice->candidates[candidate].facts;
    struct string_map *map = &choice->by_host[facts->kind];
    size_t at;

    if (string_map_put(map, host, choice->best_count)) {
        *ARRAY_PUSH(choice->best, choice->best_count, choice->best_capacity) = candidate;
        return;
    }
    string_map_get(map, host, &at);
    if (facts->not_after_s > choice->candidates[choice->best[at]].facts->not_after_s)
        choice->best[at] = candidate;
}

static void index_hosts(struct certificate_choice *choice, size_t candidate)
{
    const struct certificate_facts *facts = choice->candidates[candidate].facts;

    for (size_t i = 0; i < facts->name_count; i++)
        index_host(choice, facts->names[i], candidate);
}

/* One a kind of key under each name. False: there is one already. */
static bool index_name(struct certificate_choice *choice, size_t candidate)
{
    struct certificate_candidate *added = &choice->candidates[candidate];
    size_t at;

    if (!added->name.len || string_map_put(&choice->by_name, added->name, candidate))
        return true;
    string_map_get(&choice->by_name, added->name, &at);
    for (;; at = choice->candidates[at].next_same_name) {
        const struct certificate_facts *facts = choice->candidates[at].facts;

        if (facts && added->facts && facts->kind == added->facts->kind)
            return false;
        if (choice->candidates[at].next_same_name == NOT_FOUND)
            break;
    }
    choice->candidates[at].next_same_name = candidate;
    return true;
}

static void warn_when_it_ends_soon(const struct settings *settings,
                                   const struct certificate_settings *from,
                                   const struct certificate_facts *facts, int64_t now_s,
                                   struct problems *problems)
{
    int64_t days = (facts->not_after_s - now_s) / DAY_SECONDS;

    if (days < SOON_DAYS)
        problems_warning(problems, settings, from->place,
                         "certificate %.*s ends in %lld days; renew it now",
                         TEXT_ARGS(from->cert_path), (long long)days);
}

static void load_one(struct certificate_choice *choice, const struct settings *settings,
                     const struct certificate_settings *from, const struct certificate_facts *facts,
                     struct problems *problems)
{
    size_t candidate = add_candidate(choice, from->name, facts, from->place);

    if (!index_name(choice, candidate) && facts)
        problems_error(problems, settings, from->place,
                       "certificate \"%.*s\" has two %s keys; give each kind of key once under a "
                       "name, or use another name",
                       TEXT_ARGS(from->name), kind_names[facts->kind]);
    if (facts)
        index_hosts(choice, candidate);
}

void certificate_choice_load(struct certificate_choice *choice, const struct settings *settings,
                             struct certificate_store *store, int64_t now_s,
                             struct problems *problems)
{
    for (size_t i = 0; i < settings->certificate_count; i++) {
        const struct certificate_settings *from = &settings->certificates[i];
        const struct certificate_facts *facts = NULL;
        char *cert_path = text_to_heap(from->cert_path);
        char *key_path = text_to_heap(from->key_path);
        struct certificate_paths paths = { .cert = cert_path, .key = key_path };
        struct err err;

        if (certificate_store_get(store, &paths, now_s, &facts, &err) < 0) {
            facts = NULL;
            problems_error(problems, settings, from->place, "%s", err.text);
        } else {
            warn_when_it_ends_soon(settings, from, facts, now_s, problems);
        }
        load_one(choice, settings, from, facts, problems);
        free(cert_path);
        free(key_path);
    }
}

size_t certificate_choice_add(struct certificate_choice *choice,
                              const struct certificate_facts *facts)
{
    return add_candidate(choice, TEXT_NONE, facts, (struct source_place){ 0 });
}

uint32_t certificate_choice_publish(struct certificate_choice *choice, size_t candidate)
{
    struct certificate_candidate *chosen = &choice->candidates[candidate];

    if (chosen->published == SNAPSHOT_NONE) {
        chosen->published = (uint32_t)choice->published_count;
        *ARRAY_PUSH(choice->published, choice->published_count, choice->published_capacity) =
            (uint32_t)candidate;
    }
    return chosen->published;
}

static bool find_host(const struct certificate_choice *choice, int kind, struct text host,
                      size_t *candidate_out)
{
    size_t at;

    if (!string_map_get(&choice->by_host[kind], host, &at))
        return false;
    *candidate_out = choice->best[at];
    return true;
}

/* The exact name first, then "*" for the left-most label. */
static bool find_covering(const struct certificate_choice *choice, int kind, struct text host,
                          size_t *candidate_out)
{
    char wildcard[256] = "*";
    size_t dot = text_find(host, '.');
    size_t len = host.len - dot;

    if (find_host(choice, kind, host, candidate_out))
        return true;
    if (dot == host.len || len + 1 >= sizeof(wildcard))
        return false;
    memcpy(wildcard + 1, host.at + dot, len);
    return find_host(choice, kind, text_make(wildcard, len + 1), candidate_out);
}

bool certificate_choice_by_host(struct certificate_choice *choice, struct text host,
                                uint32_t chosen_out[KEY_KIND_COUNT])
{
    bool found = false;

    for (int kind = 0; kind < KEY_KIND_COUNT; kind++) {
        size_t candidate;

        chosen_out[kind] = SNAPSHOT_NONE;
        if (!find_covering(choice, kind, host, &candidate))
            continue;
        chosen_out[kind] = certificate_choice_publish(choice, candidate);
        found = true;
    }
    return found;
}

bool certificate_choice_covers(const struct certificate_choice *choice, struct text host)
{
    size_t candidate;

    for (int kind = 0; kind < KEY_KIND_COUNT; kind++)
        if (find_covering(choice, kind, host, &candidate))
            return true;
    return false;
}

void certificate_choice_rewind(struct certificate_choice *choice, size_t count)
{
    choice->count = count;
    choice->published_count = 0;
    for (size_t i = 0; i < count; i++)
        choice->candidates[i].published = SNAPSHOT_NONE;
}

bool certificate_choice_by_name(struct certificate_choice *choice, struct text name,
                                struct text host, uint32_t chosen_out[KEY_KIND_COUNT])
{
    bool found = false;
    size_t at;

    for (int kind = 0; kind < KEY_KIND_COUNT; kind++)
        chosen_out[kind] = SNAPSHOT_NONE;
    if (!string_map_get(&choice->by_name, name, &at))
        return false;
    for (; at != NOT_FOUND; at = choice->candidates[at].next_same_name) {
        const struct certificate_facts *facts = choice->candidates[at].facts;

        if (!facts || (host.len && !certificate_covers(facts, host)))
            continue;
        chosen_out[facts->kind] = certificate_choice_publish(choice, at);
        found = true;
    }
    return found;
}
