#ifndef SWARMWARD_WORKER_CLIENT_ADDRESS_H
#define SWARMWARD_WORKER_CLIENT_ADDRESS_H

struct exchange;

/* Settle who asks: where the other end is a trusted proxy, the last one in X-Forwarded-For that is
 * none. */
void client_address_settle(struct exchange *exchange);

#endif
