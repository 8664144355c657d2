/*
 * What the Engine says and nobody can read: it takes nothing away, it counts as an error, and
 * status names it until it is as it should be. Called by link.c, follow.c and table.c.
 */

#include "oddities.h"

#include <stdio.h>

static const char *const list_paths[LIST_COUNT] = {
    [LIST_INFO] = "/info",         [LIST_NODES] = "/nodes",    [LIST_NETWORKS] = "/networks",
    [LIST_SERVICES] = "/services", [LIST_OWN_TASK] = "/tasks",
};

static bool say_service(struct discovery *discovery, const struct known_service *service)
{
    const char *what = service->odd_spec ? service->odd_spec : service->odd_tasks;
    char name[129];

    if (!what)
        return false;
    text_to_buffer(text_of(service->name), name, sizeof(name));
    for (char *at = name; *at; at++) /* it ends on somebody's terminal */
        if ((unsigned char)*at < ' ' || *at == '\x7f')
            *at = '?';
    snprintf(discovery->oddity, sizeof(discovery->oddity),
             "service %s%s%.64s: %s; what was known of it stays", name, name[0] ? ", ID " : "",
             service->id, what);
    return true;
}

/* The first one is enough: who mends it sees the next. */
static void say(struct discovery *discovery)
{
    for (int i = 0; i < LIST_COUNT; i++) {
        if (!discovery->odd_lists[i])
            continue;
        snprintf(discovery->oddity, sizeof(discovery->oddity), "%s: %s; what was known stays",
                 list_paths[i], discovery->odd_lists[i]);
        return;
    }
    for (size_t i = 0; i < discovery->service_count; i++)
        if (say_service(discovery, discovery->services[i]))
            return;
    discovery->oddity[0] = '\0';
}

static void note(struct discovery *discovery, const char **place, const char *what)
{
    bool changed = *place != what;

    *place = what;
    if (what)
        discovery->facts.api_errors++;
    if (changed)
        say(discovery);
}

void odd_list(struct discovery *discovery, enum list_kind kind, const char *what)
{
    note(discovery, &discovery->odd_lists[kind], what);
}

void odd_spec(struct known_service *service, const char *what)
{
    note(service->discovery, &service->odd_spec, what);
}

void odd_tasks(struct known_service *service, const char *what)
{
    note(service->discovery, &service->odd_tasks, what);
}

void odd_forget(struct known_service *service)
{
    odd_spec(service, NULL);
    odd_tasks(service, NULL);
}
