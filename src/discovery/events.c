/* One event of the Engine -> what has to be looked at again. Swarm publishes nothing about tasks.
 */

#include "base/hash.h"
#include "discovery_private.h"

/* Tasks move for a while after a node was drained, or has gone. */
#define NODE_HURRY_MS 10000

void events_list_begins(struct discovery *discovery)
{
    discovery->gone_count = 0;
    for (size_t i = 0; i < discovery->service_count; i++)
        discovery->services[i]->spoken_of = false;
}

bool events_know_better(const struct discovery *discovery, struct text id)
{
    for (size_t i = 0; i < discovery->service_count; i++)
        if (discovery->services[i]->spoken_of &&
            text_equal(text_of(discovery->services[i]->id), id))
            return true;
    for (size_t i = 0; i < discovery->gone_count && i < GONE_MOST; i++)
        if (discovery->gone[i] == hash_text(id))
            return true;
    return false;
}

static void note_gone(struct discovery *discovery, struct text id)
{
    if (discovery->lists[LIST_SERVICES] && discovery->gone_count++ < GONE_MOST)
        discovery->gone[discovery->gone_count - 1] = hash_text(id);
}

static void take_service_event(struct discovery *discovery, const struct docker_event *event)
{
    struct known_service *service = table_by_id(discovery, event->id);

    if (text_equal(event->action, TEXT("remove"))) {
        note_gone(discovery, event->id);
        if (service)
            table_remove(service);
        return;
    }
    if (!service)
        service = table_add(discovery, event->id, TEXT_NONE);
    service->spoken_of = true;
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
