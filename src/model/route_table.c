/*
 * Host and path to domain and route. Called by the worker for each request, so it allocates
 * nothing: a domain is one look into a map, a route is the first match of a sorted range.
 */

#include <assert.h>
#include <stdlib.h>

#include "model/snapshot.h"

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_routes(const void *left, const void *right)
{
    const struct snapshot_route *a = left;
    const struct snapshot_route *b = right;
    int order = compare_numbers((int64_t)b->path.len, (int64_t)a->path.len);

    if (order == 0)
        order = compare_numbers(b->priority, a->priority);
    /* what no rule decides must not depend on where it stood in the file */
    if (order == 0)
        order = text_compare(a->path, b->path);
    return order ? order : text_compare(a->name, b->name);
}

void snapshot_sort_routes(struct snapshot_route *routes, size_t count)
{
    if (count > 1)
        qsort(routes, count, sizeof(*routes), compare_routes);
}

int snapshot_index(struct snapshot *snapshot, struct err *err)
{
    assert(snapshot->exact.count == 0 && snapshot->wildcard.count == 0);
    for (uint32_t i = 0; i < snapshot->domain_count; i++) {
        const struct snapshot_domain *domain = &snapshot->domains[i];

        if (!string_map_put(domain->wildcard ? &snapshot->wildcard : &snapshot->exact, domain->name,
                            i))
            return err_set(err, "domain %s%.*s is there twice", domain->wildcard ? "*." : "",
                           TEXT_ARGS(domain->name));
    }
    return 0;
}

const struct snapshot_domain *snapshot_find_domain(const struct snapshot *snapshot,
                                                   struct text host)
{
    struct text label;
    struct text parent;
    size_t index;

    if (string_map_get(&snapshot->exact, host, &index))
        return &snapshot->domains[index];
    /* a star stands for exactly one label (RFC 9525 section 6.3), and that is never empty */
    if (snapshot->wildcard.count && text_split(host, '.', &label, &parent) && label.len &&
        string_map_get(&snapshot->wildcard, parent, &index))
        return &snapshot->domains[index];
    return NULL;
}

bool route_path_covers(struct text prefix, struct text path)
{
    if (!text_starts(path, prefix))
        return false;
    return path.len == prefix.len || prefix.at[prefix.len - 1] == '/' || path.at[prefix.len] == '/';
}

const struct snapshot_route *snapshot_find_route(const struct snapshot *snapshot,
                                                 const struct snapshot_domain *domain,
                                                 struct text path)
{
    const struct snapshot_route *routes = &snapshot->routes[domain->first_route];

    for (uint32_t i = 0; i < domain->route_count; i++)
        if (route_path_covers(routes[i].path, path))
            return &routes[i];
    return NULL;
}
