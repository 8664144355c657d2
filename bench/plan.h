#ifndef SWARMWARD_BENCH_PLAN_H
#define SWARMWARD_BENCH_PLAN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a run of the load generator has to do; read from the command line, then never changed. */

enum load_mode {
    LOAD_FULL,      /* a new connection and a full handshake for each request */
    LOAD_RESUME,    /* a new connection with a resumed session for each request */
    LOAD_KEEPALIVE, /* one request after the other on each connection */
    LOAD_UPLOAD,    /* as keep-alive, with a body */
    LOAD_IDLE,      /* one request on each connection, all stay open, then another */
    LOAD_REDIRECT,  /* a new connection without TLS for each request */
};

struct plan {
    enum load_mode mode;
    struct sockaddr_in address;
    char *name; /* SNI and Host */
    const char *path;
    size_t connections;
    int64_t warmup_ns;
    int64_t duration_ns;
    int64_t pause_ns; /* between two requests of a connection */
    uint64_t upload_bytes;
    int expected_status;
    int64_t expected_bytes; /* -1: any */
    /* made from the above */
    bool tls;
    bool reconnects;
    char head[1024];
    size_t head_bytes;
};

/* Ends the program with usage (status 2) when the command line is wrong. */
void plan_read(struct plan *plan, int argc, char **argv);

#endif
