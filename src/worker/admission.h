#ifndef SWARMWARD_WORKER_ADMISSION_H
#define SWARMWARD_WORKER_ADMISSION_H

#include <stdbool.h>

struct client;
struct worker;

/*
 * Who may come in: connections in total and per address, and who is shown out first when there are
 * too many: the connection that has been idle for longest.
 */
struct admission;

struct admission *admission_new(struct worker *worker);
void admission_free(struct admission *admission);

/* Is there no room for one more connection? */
bool admission_is_full(const struct admission *admission);

/* Show out the connection that has been idle for longest. False: none is idle. */
bool admission_shed_idle(struct admission *admission);
/* Show out what has been idle for `least_ms` or longer. */
void admission_close_idle(struct admission *admission, long least_ms);

/* Count the client of connection `fd` in; false: its address has too many. Every true is ended by
 * admission_leave(). */
bool admission_enter(struct admission *admission, struct client *client, int fd);
/* Its proxy has said who the client is: count that address, too. False: it has too many. */
bool admission_enter_address(struct admission *admission, struct client *client);
void admission_leave(struct admission *admission, struct client *client);

void admission_is_idle(struct admission *admission, struct client *client);
void admission_is_busy(struct admission *admission, struct client *client);

#endif
