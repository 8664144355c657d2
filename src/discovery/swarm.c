/* The view as a shared thing: counted references, found by name. Made by view.c or read from disk.
 */

#include "discovery/swarm.h"

#include <stdlib.h>

struct swarm *swarm_ref(struct swarm *swarm)
{
    swarm->references++;
    return swarm;
}

void swarm_unref(struct swarm *swarm)
{
    if (!swarm || --swarm->references > 0)
        return;
    string_map_done(&swarm->by_name);
    arena_done(&swarm->arena);
    free(swarm);
}

const struct swarm_service *swarm_find(const struct swarm *swarm, struct text name)
{
    size_t at;

    return string_map_get(&swarm->by_name, name, &at) ? &swarm->services[at] : NULL;
}
