#ifndef SWARMWARD_MODEL_BOARD_COUNTERS_H
#define SWARMWARD_MODEL_BOARD_COUNTERS_H

/*
 * One writer each (that worker), so a relaxed load and store is enough. A worker that takes the
 * place of one that died counts on: who reads the sum of all workers would take a smaller one for
 * a new beginning, and count what is left of it a second time.
 */
#define BOARD_COUNTERS(X)                                                                          \
    X(connections_accepted)                                                                        \
    X(connections_refused)                                                                         \
    X(connections_shed)                                                                            \
    X(handshakes_full)                                                                             \
    X(handshakes_resumed)                                                                          \
    X(handshakes_failed)                                                                           \
    X(signatures)                                                                                  \
    X(signatures_again)                                                                            \
    X(signatures_refused)                                                                          \
    X(requests)                                                                                    \
    X(requests_refused)                                                                            \
    X(responses_2xx)                                                                               \
    X(responses_3xx)                                                                               \
    X(responses_4xx)                                                                               \
    X(responses_5xx)                                                                               \
    X(rate_limits_forgotten)                                                                       \
    X(redirects)                                                                                   \
    X(retries)                                                                                     \
    X(ejections)                                                                                   \
    X(drains)                                                                                      \
    X(drains_cut)                                                                                  \
    X(tls_1_2)                                                                                     \
    X(tls_1_3)                                                                                     \
    X(group_x25519mlkem768)                                                                        \
    X(group_x25519)                                                                                \
    X(group_secp256r1)                                                                             \
    X(group_secp384r1)                                                                             \
    X(group_other)                                                                                 \
    X(mesh_connections)                                                                            \
    X(bytes_in)                                                                                    \
    X(bytes_out)                                                                                   \
    X(log_lines)                                                                                   \
    X(log_lines_dropped)                                                                           \
    X(accept_pauses)

/* What is now. */
#define BOARD_GAUGES(X)                                                                            \
    X(connections_open)                                                                            \
    X(tunnels_open)                                                                                \
    X(exchanges_open)                                                                              \
    X(snapshots_alive)                                                                             \
    X(generation)

#endif
