#ifndef SWARMWARD_DISCOVERY_DNS_WATCH_H
#define SWARMWARD_DISCOVERY_DNS_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "net/address.h"
#include "net/io.h"

/*
 * The records tasks.NAME of a list of services, asked again and again: those in a hurry at the
 * interval, the others with what is left of DNS_WATCH_RATE.
 */
struct dns_watch;

#define DNS_WATCH_RATE      200 /* queries a second, all names together */
#define DNS_WATCH_ADDRESSES 1024

enum dns_outcome {
    DNS_ADDRESSES,
    DNS_NOTHING, /* no such name, or no address */
    DNS_FAILED,  /* nobody answered, or with a failure */
};

struct dns_answer {
    struct text name;
    enum dns_outcome outcome;
    const struct address *addresses; /* port 0; until the handler returns */
    size_t count;
};

typedef void dns_answer_function(void *owner, const struct dns_answer *answer);

struct dns_watch_options {
    struct text server; /* "address:port"; "" = the system's */
    int64_t interval_ms;
};

/* -1: `err`: the server cannot be used. */
int dns_watch_new(struct io *io, const struct dns_watch_options *options,
                  dns_answer_function *on_answer, void *owner, struct dns_watch **watch_out,
                  struct err *err);
void dns_watch_free(struct dns_watch *watch); /* NULL is fine */

/* The name is copied; one that is there already stays as it is. It is asked for at once. */
void dns_watch_add(struct dns_watch *watch, struct text name);
void dns_watch_remove(struct dns_watch *watch, struct text name);
/* In a hurry until then (on the clock of io_now_ms()). */
void dns_watch_hurry(struct dns_watch *watch, struct text name, int64_t until_ms);

uint64_t dns_watch_queries(const struct dns_watch *watch);

#endif
