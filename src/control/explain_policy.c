/* The part of `swarmward explain` that is about policies of domains; the same order as in workers.
 */

#include "explain_policy.h"

static struct verdict sent_to_host(const struct snapshot_domain_policy *policy,
                                   struct json_out *json)
{
    json_put_text(json, "location_host", policy->redirect_host);
    return (struct verdict){ 308, "", TEXT("`redirect` sends this name to another one") };
}

static struct verdict sent_to_path(const struct snapshot_redirect *redirect, struct json_out *json)
{
    json_put_text(json, "redirect_path", redirect->path);
    json_put_text(json, "redirect_to", redirect->to.len ? redirect->to : TEXT("/"));
    return (struct verdict){ redirect->status, "",
                             TEXT("`redirects` of the domain send this path elsewhere") };
}

struct verdict explain_policy(const struct snapshot_domain *domain,
                              const struct snapshot_route *route, struct text path,
                              struct json_out *json)
{
    const struct snapshot_domain_policy *policy = domain->policy;

    if (!policy)
        return (struct verdict){ 0, "", TEXT_NONE };
    if (policy->settings.maintenance || (route && route->maintenance))
        return (struct verdict){ 503, "maintenance",
                                 TEXT("it is closed for maintenance, but for the networks of "
                                      "maintenance.allow") };
    if (policy->redirect_host.len)
        return sent_to_host(policy, json);
    for (uint32_t i = 0; i < policy->redirect_count; i++)
        if (route_path_covers(policy->redirects[i].path, path))
            return sent_to_path(&policy->redirects[i], json);
    return (struct verdict){ 0, "", TEXT_NONE };
}
