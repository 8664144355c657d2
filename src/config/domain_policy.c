/* Who may come to a domain and where they are sent: what its rows say of each other, and its list
 * of redirects. Called by domains.c and, for hosts, by labels.c. */

#include <stdlib.h>

#include "entries.h"
#include "model/snapshot_policy.h"
#include "section.h"

static bool is_among(struct text name, const struct text *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(names[i], name))
            return true;
    return false;
}

bool host_redirect_has_pair(enum host_redirect redirect, const struct text *names, size_t count)
{
    char bytes[HOST_REDIRECT_BYTES];

    for (size_t i = 0; i < count; i++) {
        struct text target = TEXT_NONE;

        if (!text_starts(names[i], TEXT("*.")))
            target = host_redirect_target(redirect, names[i], bytes);
        if (target.len && is_among(target, names, count))
            return true;
    }
    return false;
}

static void check_hosts(struct reading *reading, const struct trail *trail,
                        const struct yaml_node *node, const struct domain_settings *domain)
{
    struct text *names =
        arena_new(&reading->settings->arena, domain->alias_count + 1, sizeof(*names));

    names[0] = domain->name;
    for (size_t i = 0; i < domain->alias_count; i++)
        names[i + 1] = domain->aliases[i];
    if (!host_redirect_has_pair((enum host_redirect)domain->policy.redirect, names,
                                domain->alias_count + 1))
        reading_error(reading, trail, node->place,
                      "needs a name both with and without www.; write the other one under "
                      "aliases");
}

/* --- redirects -----------------------------------------------------------------------------------
 */

static void check_against(struct reading *reading, const struct trail *trail,
                          const struct redirect_settings *redirect,
                          const struct redirect_settings *others, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(others[i].path, redirect->path))
            reading_error(reading, trail, redirect->place,
                          "the path %.*s is there twice, the first time in line %u; remove one",
                          TEXT_ARGS(redirect->path), others[i].place.line);
}

static bool read_redirect(struct reading *reading, const struct trail *trail,
                          const struct yaml_node *node, struct redirect_settings *redirect)
{
    struct binding binding = { .table = &redirect_entry, .target = redirect };
    struct section section = { .trail = trail, .bindings = &binding, .binding_count = 1 };
    size_t errors = reading->problems->error_count;
    struct err err;

    *redirect = (struct redirect_settings){ .place = node->place };
    fields_set_defaults(&redirect_entry, redirect, &reading->settings->arena);
    section_read(reading, &section, node);
    if (reading->problems->error_count != errors)
        return false;
    if (route_path_normalise(&redirect->path, &err) < 0) {
        reading_error(reading, trail, node->place, "path %s", err.text);
        return false;
    }
    if (text_starts(redirect->to, TEXT("/")) && route_path_covers(redirect->path, redirect->to)) {
        reading_error(reading, trail, node->place,
                      "%.*s is beneath %.*s, so the redirect would lead to itself",
                      TEXT_ARGS(redirect->to), TEXT_ARGS(redirect->path));
        return false;
    }
    if (text_ends(redirect->to, TEXT("/")))
        redirect->to.len--; /* what follows the path begins with one */
    return true;
}

/* Longest first, so that the first that matches is the one. */
static int compare_redirects(const void *a, const void *b)
{
    const struct redirect_settings *first = a;
    const struct redirect_settings *second = b;

    if (first->path.len != second->path.len)
        return first->path.len > second->path.len ? -1 : 1;
    return text_compare(first->path, second->path);
}

static void read_redirects(struct reading *reading, const struct trail *trail,
                           const struct yaml_node *list, struct domain_settings *domain)
{
    struct trail here = { .parent = trail, .name = TEXT("redirects") };

    if (!reading_expects(reading, &here, list, YAML_SEQUENCE))
        return;
    if (list->count > DOMAIN_REDIRECTS_MAX) {
        reading_error(reading, &here, list->place, "more than %d redirects", DOMAIN_REDIRECTS_MAX);
        return;
    }
    domain->redirects =
        arena_new(&reading->settings->arena, list->count, sizeof(*domain->redirects));
    for (const struct yaml_node *node = list->first; node; node = node->next) {
        struct redirect_settings *redirect = &domain->redirects[domain->redirect_count];

        if (!read_redirect(reading, &here, node, redirect))
            continue;
        check_against(reading, &here, redirect, domain->redirects, domain->redirect_count);
        domain->redirect_count++;
    }
    if (domain->redirect_count)
        qsort(domain->redirects, domain->redirect_count, sizeof(*domain->redirects),
              compare_redirects);
}

/* --- all of it -----------------------------------------------------------------------------------
 */

void read_domain_policy(struct reading *reading, const struct trail *trail,
                        const struct yaml_node *node, struct domain_settings *domain)
{
    struct trail auth = { .parent = trail, .name = TEXT("basic_auth") };
    struct trail maintenance = { .parent = trail, .name = TEXT("maintenance") };
    struct trail limit = { .parent = trail, .name = TEXT("rate_limit") };
    struct trail redirect = { .parent = trail, .name = TEXT("redirect") };
    const struct yaml_node *redirects = yaml_find(node, "redirects");
    struct domain_policy *policy = &domain->policy;

    if (policy->redirect != HOST_REDIRECT_NONE)
        check_hosts(reading, &redirect, yaml_find(node, "redirect"), domain);
    if (policy->burst && !policy->rate.count)
        reading_error(reading, &limit, yaml_find(node, "rate_limit")->place,
                      "burst has no effect without rate; remove it, or add rate: 20/s");
    if (policy->users_file.len)
        policy->users_file = reading_mounted_path(
            reading, &auth, yaml_find(node, "basic_auth")->place, policy->users_file, true);
    else if (policy->forward_credentials)
        reading_error(reading, &auth, yaml_find(node, "basic_auth")->place,
                      "forward has no effect without users_file; remove it (without users_file the "
                      "field Authorization always goes on)");
    if (policy->maintenance_page.len)
        policy->maintenance_page =
            reading_mounted_path(reading, &maintenance, yaml_find(node, "maintenance")->place,
                                 policy->maintenance_page, false);
    if (redirects)
        read_redirects(reading, trail, redirects, domain);
}
