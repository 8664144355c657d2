#ifndef SWARMWARD_WORKER_CLIENT_TURN_H
#define SWARMWARD_WORKER_CLIENT_TURN_H

struct client_h2;
struct worker;

/*
 * What HTTP/2 clients are to be sent, written once at the end of a turn of the loop: many backends
 * may answer in one turn, and all their frames share records and one send.
 */
struct client_turn;

struct client_turn *client_turn_new(struct worker *worker);
/* All clients are gone before. NULL is fine. */
void client_turn_free(struct client_turn *turn);

/* client_h2_write() will be called when all that is ready now has been looked at. */
void client_turn_add(struct client_turn *turn, struct client_h2 *h2);
/* Memory for its output, while it has none: most clients need it for one turn only. */
void client_turn_lend(struct client_turn *turn, struct client_h2 *h2);
/* All of the output is written. */
void client_turn_take_back(struct client_turn *turn, struct client_h2 *h2);
void client_turn_remove(struct client_turn *turn, struct client_h2 *h2);

#endif
