#ifndef SWARMWARD_DOCKER_ENGINE_PRIVATE_H
#define SWARMWARD_DOCKER_ENGINE_PRIVATE_H

#include "docker/engine.h"

/* How the Engine is reached, checked. */
struct docker_address {
    /* owned */
    char *socket_path; /* NULL: over TCP */
    char *base;        /* "http://docker", "https://host:port" */
    char *ca;          /* NULL: in the clear */
    char *cert;
    char *key;
};

/* target.c. -1: `err`. */
int docker_address_read(const struct docker_target *target, struct docker_address *address_out,
                        struct err *err);
void docker_address_done(struct docker_address *address);

/* api_version.c: "1.47" of both ranges, from the body of /version. */
#define DOCKER_API_BYTES 16
int docker_api_choose(struct text version_json, char version_out[DOCKER_API_BYTES],
                      struct err *err);

/* For the tests: how long an ordinary call may take. */
void docker_engine_set_timeout(struct docker_engine *engine, long timeout_ms);

#endif
