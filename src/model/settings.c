/*
 * A mapping file as plain data: made with every default, freed whole. Filled by the config folder,
 * read by control when it builds a snapshot.
 */

#include "model/settings.h"

#include <stdlib.h>

#include "base/memory.h"

struct settings *settings_new(void)
{
    struct settings *settings = memory_new(sizeof(*settings));
    struct arena *arena = &settings->arena;

    fields_set_defaults(&listener_fields, &settings->listeners, arena);
    fields_set_defaults(&docker_fields, &settings->docker, arena);
    fields_set_defaults(&metrics_fields, &settings->metrics, arena);
    fields_set_defaults(&tls_fields, &settings->tls, arena);
    fields_set_defaults(&policy_fields, &settings->policy, arena);
    fields_set_defaults(&service_fields, &settings->service_defaults, arena);
    fields_set_defaults(&route_fields, &settings->route_defaults, arena);
    fields_set_defaults(&edit_fields, &settings->delivery.policy.headers, arena);
    fields_set_defaults(&delivery_fields, &settings->delivery.policy, arena);
    fields_set_defaults(&header_fields, &settings->headers, arena);
    fields_set_defaults(&limit_fields, &settings->limits, arena);
    fields_set_defaults(&log_fields, &settings->log, arena);
    fields_set_defaults(&shutdown_fields, &settings->shutdown, arena);
    return settings;
}

void settings_free(struct settings *settings)
{
    if (!settings)
        return;
    arena_done(&settings->arena);
    free(settings->certificates);
    free(settings->services);
    free(settings->domains);
    free(settings);
}
