#ifndef SWARMWARD_NET_ADDRESS_H
#define SWARMWARD_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/text.h"

/* An IPv4 or IPv6 address with a port. Plain data; compare with address_equal(). */
struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

#define ADDRESS_TEXT_BYTES 64

/* "10.0.0.0/24": the addresses that begin with the same bits. */
struct address_prefix {
    struct address address; /* port 0; the bits behind the prefix are 0 */
    uint8_t bits;
};

/* "127.0.0.1:80", "[::1]:80". The port is required (1-65535). Names are refused. */
int address_parse(struct text text, struct address *address_out, struct err *err);
/* "127.0.0.1", "::1" or "[::1]", with `port` taken as given. */
int address_parse_host(struct text host, uint16_t port, struct address *address_out,
                       struct err *err);

/* CIDR notation; bits behind the prefix are cleared. */
int address_prefix_parse(struct text text, struct address_prefix *prefix_out, struct err *err);
/* IPv4-mapped IPv6 counts as IPv4. */
bool address_prefix_contains(const struct address_prefix *prefix, const struct address *address);

/* True for text that is an IPv4 or IPv6 literal (brackets allowed). */
bool address_is_literal(struct text host);

socklen_t address_len(const struct address *address);
uint16_t address_port(const struct address *address);
bool address_equal(const struct address *a, const struct address *b);
bool address_is_loopback(const struct address *address);
uint64_t address_hash(const struct address *address);            /* with port, stable across runs */
uint64_t address_host_hash_keyed(const struct address *address); /* without port, keyed */
uint64_t address_host_hash(const struct address *address);       /* without port, stable */
/* Who one client is: an IPv4 address, or the /64 of an IPv6 one. Keyed, for tables that processes
 * share. */
uint64_t address_client_hash(const struct address *address, const uint64_t key[2]);
bool address_host_equal(const struct address *a, const struct address *b);

/* With the port, in brackets where it is IPv6. Returns the length. */
size_t address_print(const struct address *address, char text[ADDRESS_TEXT_BYTES]);
/* The host alone; IPv4-mapped IPv6 prints as IPv4. */
size_t address_print_host(const struct address *address, char text[ADDRESS_TEXT_BYTES]);

#endif
