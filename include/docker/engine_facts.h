#ifndef SWARMWARD_DOCKER_ENGINE_FACTS_H
#define SWARMWARD_DOCKER_ENGINE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

/* What an Engine says of itself and of what happens, one object at a time: see docker/objects.h. */

struct docker_info {
    struct text node_id;
    struct text hostname;
    struct text server_version;
    struct text system_time; /* RFC 3339, of the Engine */
    struct text swarm_state; /* "active", "inactive", "locked", ... */
    struct text swarm_error;
    bool manager; /* ControlAvailable */
};

struct docker_version {
    struct text engine;
    struct text api;
    struct text min_api;
};

struct docker_event {
    struct text type;   /* "service", "node", "network", "config", "secret" */
    struct text action; /* "create", "update", "remove" */
    struct text id;
    struct text name;      /* attribute; may be empty */
    struct text new_state; /* attribute updatestate.new, or availability.new; may be empty */
    int64_t time_us;
};

int docker_info_decode(struct text json, struct arena *arena, struct docker_info *info_out,
                       struct err *err);
int docker_version_decode(struct text json, struct arena *arena, struct docker_version *version_out,
                          struct err *err);
int docker_event_decode(struct text json, struct arena *arena, struct docker_event *event_out,
                        struct err *err);

/*
 * May this Engine be trusted with an encrypted overlay (CVE-2023-28840..2)? Fixed in 20.10.24 and
 * 23.0.3. What is no version is not.
 */
bool docker_engine_encrypts(struct text engine_version);

/* RFC 3339 with a fraction of up to nanoseconds -> Unix time; 0 when it is none. */
int64_t docker_time_us(struct text written);

#endif
