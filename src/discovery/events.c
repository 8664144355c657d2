/* One event of the Engine -> what has to be looked at again. Swarm publishes nothing about tasks.
 */

#include "discovery_private.h"

/* Tasks move for a while after a node was drained, or has gone. */
#define NODE_HURRY_MS 10000

static void take_service_event(struct discovery *discovery, const struct docker_event *event)
{
    struct known_service *service = table_by_id(discovery, event->id);

    if (text_equal(event->action, TEXT("remove"))) {
        if (service)
            table_remove(service);
        return;
    }
    if (!service)
        service = table_add(discovery, event->id, TEXT_NONE);
    follow_spec(service);
    if (service_is_followed(service))
        follow_hurry(service, 3000);
}

static void take_node_event(struct discovery *discovery)
{
    link_relist(discovery, LIST_NODES);
    for (size_t i = 0; i < discovery->service_count; i++)
        if (discovery->services[i]->id[0] && service_is_followed(discovery->services[i]))
            follow_hurry(discovery->services[i], NODE_HURRY_MS);
}

void events_take(struct discovery *discovery, struct text json)
{
    struct arena arena = { 0 };
    struct docker_event event;
    struct err err;

    discovery->facts.events++;
    link_heard(discovery);
    if (docker_event_decode(json, &arena, &event, &err) < 0) {
        discovery->facts.api_errors++;
        text_to_buffer(text_of(err.text), discovery->problem, sizeof(discovery->problem));
    } else {
        if (!discovery->event_ms)
            discovery->event_ms = io_now_ms(discovery->io);
        if (text_equal(event.type, TEXT("service")) && event.id.len)
            take_service_event(discovery, &event);
        else if (text_equal(event.type, TEXT("node")))
            take_node_event(discovery);
        else if (text_equal(event.type, TEXT("network")))
            link_relist(discovery, LIST_NETWORKS);
    }
    arena_done(&arena);
}
