/*
 * The nodes of the swarm: their names, and whether each Engine may be trusted with encrypted
 * networks. Called by link.c with what the Engine lists.
 */

#include "nodes.h"

#include <stdio.h>

static void keep_names(struct discovery *discovery, const struct docker_node *nodes, size_t count)
{
    struct arena *arena = &discovery->node_arena;

    arena_done(arena);
    discovery->nodes = arena_new(arena, count + 1, sizeof(*discovery->nodes));
    discovery->node_count = count;
    for (size_t i = 0; i < count; i++)
        discovery->nodes[i] = (struct docker_node){
            .id = arena_text(arena, nodes[i].id),
            .hostname = arena_text(arena, nodes[i].hostname),
        };
}

static void open_gate(struct discovery *discovery)
{
    discovery->engines_encrypt = true;
    discovery->engines_why[0] = '\0';
}

static void close_gate(struct discovery *discovery, const char *why)
{
    discovery->engines_encrypt = false;
    text_to_buffer(text_of(why), discovery->engines_why, sizeof(discovery->engines_why));
}

static void close_gate_for(struct discovery *discovery, const struct docker_node *node)
{
    struct text name = text_first(node->hostname.len ? node->hostname : node->id, 64);
    struct text version = text_first(node->engine_version, 32);

    discovery->engines_encrypt = false;
    if (!version.len)
        snprintf(discovery->engines_why, sizeof(discovery->engines_why),
                 "node %.*s does not say which Engine it runs: its encrypted networks may carry "
                 "clear text (CVE-2023-28840)",
                 TEXT_ARGS(name));
    else
        snprintf(discovery->engines_why, sizeof(discovery->engines_why),
                 "node %.*s runs Engine %.*s, whose encrypted networks may carry clear text "
                 "(CVE-2023-28840); upgrade it to 20.10.24, 23.0.3 or later",
                 TEXT_ARGS(name), TEXT_ARGS(version));
}

void nodes_init(struct discovery *discovery)
{
    close_gate(discovery, "no manager has listed the nodes yet: nobody knows whether their Engines "
                          "may be trusted with encrypted networks");
}

void nodes_take(struct discovery *discovery, const struct docker_node *nodes, size_t count,
                bool whole)
{
    size_t engines = 0;

    if (whole)
        keep_names(discovery, nodes, count);
    discovery_touch(discovery);
    for (size_t i = 0; i < count; i++) {
        if (docker_node_is_joining(&nodes[i]))
            continue;
        engines++;
        if (docker_engine_encrypts(nodes[i].engine_version))
            continue;
        close_gate_for(discovery, &nodes[i]);
        return;
    }
    if (!whole) /* who could not be read is as it was */
        return;
    if (engines)
        open_gate(discovery);
    else
        close_gate(discovery, "no node of the swarm has said which Engine it runs");
}

void nodes_restore(struct discovery *discovery, const struct swarm *stored)
{
    if (stored->engines_encrypt)
        open_gate(discovery);
    else if (stored->engines_why.len)
        text_to_buffer(stored->engines_why, discovery->engines_why, sizeof(discovery->engines_why));
}
