#ifndef SWARMWARD_WORKER_BALANCER_H
#define SWARMWARD_WORKER_BALANCER_H

struct endpoint;
struct exchange;

enum pick {
    PICK_OK,
    PICK_NONE, /* every endpoint is down, ejected or was tried */
    PICK_FULL, /* there are usable ones, all at their connection limit */
};

/* Choose an endpoint of the exchange's service. */
enum pick balancer_pick(struct exchange *exchange, struct endpoint **endpoint_out);

#endif
