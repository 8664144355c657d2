/*
 * Who may come to which domain, and where they are sent: from file and labels into the snapshot.
 * Called by snapshot_builder.c when the domains are there. A domain without any of it gets no
 * policy, so that it costs a worker one look at a pointer.
 */

#include "policy_builder.h"

#include <stdlib.h>

#include "base/memory.h"

struct policies {
    /* borrowed */
    struct snapshot *snapshot;
    const struct mapping *mapping;
    const struct domain_files *files;
    /* owned: enum host_redirect of each of the snapshot's domains */
    int *redirects;
};

static bool says_something(const struct domain_settings *written)
{
    const struct domain_policy *policy = &written->policy;

    return policy->allow.count || policy->deny.count || policy->rate.count ||
           policy->users_file.len || policy->maintenance || written->redirect_count;
}

/* Has it one beside the redirect of hosts? */
static bool has_policy(const struct mapped_domain *domain)
{
    if (domain->written && says_something(domain->written))
        return true;
    for (size_t i = 0; i < domain->route_count; i++)
        if (domain->routes[i].maintenance)
            return true;
    return false;
}

static bool may_need_one(const struct mapped_domain *domain)
{
    return domain->redirect != HOST_REDIRECT_NONE || has_policy(domain);
}

static void build_redirects(struct policies *policies, const struct domain_settings *written,
                            struct snapshot_domain_policy *policy)
{
    policy->redirects =
        arena_new(&policies->snapshot->arena, written->redirect_count, sizeof(*policy->redirects));
    policy->redirect_count = (uint32_t)written->redirect_count;
    for (size_t i = 0; i < written->redirect_count; i++)
        policy->redirects[i] = (struct snapshot_redirect){
            .path = written->redirects[i].path,
            .to = written->redirects[i].to,
            .status = (int)written->redirects[i].status,
        };
}

static struct snapshot_domain_policy *add_policy(struct policies *policies)
{
    return &policies->snapshot->policies.items[policies->snapshot->policies.count++];
}

static struct snapshot_domain_policy *build_one(struct policies *policies,
                                                const struct mapped_domain *from)
{
    struct snapshot_domain_policy *policy = add_policy(policies);
    struct arena *arena = &policies->snapshot->arena;

    *policy = (struct snapshot_domain_policy){ .identity = hash_text(from->hosts[0]) };
    if (!from->written) {
        fields_set_defaults(&domain_policy_fields, &policy->settings, arena);
        return policy;
    }
    policy->identity = hash_text(from->written->name);
    policy->settings = from->written->policy;
    policy->users = domain_files_users(policies->files, policy->settings.users_file);
    policy->page = domain_files_page(policies->files, policy->settings.maintenance_page);
    build_redirects(policies, from->written, policy);
    snapshot_policy_networks(policy, arena);
    return policy;
}

/* The host that requests for `domain` are sent to; "": none. Both have the same rule. */
static struct text target_of(struct policies *policies, const struct snapshot_domain *domain)
{
    const struct snapshot *snapshot = policies->snapshot;
    int redirect = policies->redirects[domain - snapshot->domains];
    char bytes[HOST_REDIRECT_BYTES];
    struct text target = TEXT_NONE;
    size_t at;

    if (!domain->wildcard)
        target = host_redirect_target((enum host_redirect)redirect, domain->name, bytes);
    if (!target.len || !string_map_get(&snapshot->exact, target, &at) ||
        policies->redirects[at] != redirect)
        return TEXT_NONE;
    return snapshot->domains[at].name;
}

static void build_hosts(struct policies *policies, const struct mapped_domain *from,
                        struct snapshot_domain *domains)
{
    struct snapshot_domain_policy *shared = has_policy(from) ? build_one(policies, from) : NULL;

    for (size_t i = 0; i < from->host_count; i++) {
        struct text target = target_of(policies, &domains[i]);
        struct snapshot_domain_policy *own;

        domains[i].policy = shared;
        if (!target.len)
            continue;
        if (shared) {
            own = add_policy(policies);
            *own = *shared;
        } else {
            own = build_one(policies, from);
        }
        own->redirect_host = target;
        domains[i].policy = own;
    }
}

static void note_redirects(struct policies *policies)
{
    const struct mapping *mapping = policies->mapping;
    size_t at = 0;

    for (size_t i = 0; i < mapping->domain_count; i++)
        for (size_t j = 0; j < mapping->domains[i].host_count; j++)
            policies->redirects[at++] = mapping->domains[i].redirect;
}

void policy_build(struct snapshot *snapshot, const struct mapping *mapping,
                  const struct domain_files *files)
{
    struct policies policies = { .snapshot = snapshot, .mapping = mapping, .files = files };
    struct snapshot_domain *domains = snapshot->domains;
    size_t most = 0;

    for (size_t i = 0; i < mapping->domain_count; i++)
        if (may_need_one(&mapping->domains[i]))
            most += 1 + mapping->domains[i].host_count;
    snapshot->policies = (struct snapshot_policies){
        .items = arena_new(&snapshot->arena, most, sizeof(*snapshot->policies.items)),
        .users = files->users,
        .users_count = (uint32_t)files->users_count,
        .pages = files->pages,
        .page_count = (uint32_t)files->page_count,
    };
    if (!most)
        return;
    policies.redirects =
        memory_resize(NULL, snapshot->domain_count + 1, sizeof(*policies.redirects));
    note_redirects(&policies);
    for (size_t i = 0; i < mapping->domain_count; i++) {
        build_hosts(&policies, &mapping->domains[i], domains);
        domains += mapping->domains[i].host_count;
    }
    free(policies.redirects);
}
