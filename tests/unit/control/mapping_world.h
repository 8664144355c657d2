#ifndef SWARMWARD_TESTS_CONTROL_MAPPING_WORLD_H
#define SWARMWARD_TESTS_CONTROL_MAPPING_WORLD_H

#include "builder_world.h"
#include "mapping.h"
#include "swarm_world.h"

/* A world whose certificates are made (--dev), and what a mapping in it comes to. */

#define HEAD    "version: 1\ndocker: { networks: [edge] }\n"
#define ALLOW   "policy: { default_owner: allow }\n"
#define NOTHING "domains: {}\n"

/* For cmocka: a static world, and its end. */
int world_opened(void **state);
int world_closed(void **state);

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_opened, world_closed)

/* Takes the reference. */
void use_swarm(struct builder_world *world, struct swarm *swarm);

/* The service of the first route of a domain that is there. */
const struct snapshot_service *service_at(const struct builder_world *world, const char *host);
/* `service` is "web:80"; "": the host and path lead nowhere. */
void assert_leads(const struct builder_world *world, const char *host, const char *path,
                  const char *service);

/* NULL: it is not. */
const struct quarantined_service *quarantined(const struct builder_world *world,
                                              const char *service);
void assert_quarantined(const struct builder_world *world, const char *service, const char *words,
                        bool last_good);

#endif
