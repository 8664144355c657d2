/* The files that `client_auth.ca` of the domains name. Called by mapping_file.c. */

#include "client_cas.h"

#include <stdlib.h>

#include "base/array.h"
#include "model/client_auth.h"

static void load_one(struct client_cas *cas, const struct settings *settings,
                     const struct domain_settings *domain, int64_t now_s, struct problems *problems)
{
    struct text path = domain->client_auth.ca;
    struct client_ca ca = { 0 };
    struct err err;
    char *terminated;

    if (!string_map_put(&cas->by_path, path, cas->count))
        return; /* it was read, or complained about, for another domain */
    terminated = text_to_heap(path);
    if (client_ca_read(terminated, now_s, &cas->arena, &ca, &err) < 0)
        problems_error(problems, settings, domain->place, "domains.%.*s.client_auth.ca: %s",
                       TEXT_ARGS(domain->name), err.text);
    free(terminated);
    *ARRAY_PUSH(cas->items, cas->count, cas->capacity) = ca;
}

void client_cas_load(struct client_cas *cas, const struct settings *settings, int64_t now_s,
                     struct problems *problems)
{
    for (size_t i = 0; i < settings->domain_count; i++)
        if (settings->domains[i].client_auth.mode != CLIENT_AUTH_OFF)
            load_one(cas, settings, &settings->domains[i], now_s, problems);
}

void client_cas_done(struct client_cas *cas)
{
    string_map_done(&cas->by_path);
    free(cas->items);
    arena_done(&cas->arena);
    *cas = (struct client_cas){ 0 };
}

uint32_t client_cas_find(const struct client_cas *cas, struct text path)
{
    size_t index;

    return string_map_get(&cas->by_path, path, &index) ? (uint32_t)index : SNAPSHOT_NONE;
}
