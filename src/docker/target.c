/* The endpoint as it is written in the mapping file -> what curl needs. Opens nothing. */

#include <stdlib.h>

#include "base/arena.h"
#include "base/memory.h"
#include "engine_private.h"
#include "net/address.h"

#define HOST_BYTES 253

static bool is_host_name(struct text host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = ascii_lower(host.at[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return false;
    }
    return host.len > 0 && host.len <= HOST_BYTES;
}

static bool is_loopback(struct text host)
{
    struct address address;

    if (text_equal(host, TEXT("localhost")))
        return true;
    return address_parse_host(host, 1, &address, NULL) == 0 && address_is_loopback(&address);
}

static int read_tcp(struct text authority, bool with_tls, struct docker_address *address,
                    struct err *err)
{
    size_t colon = text_find_last(authority, ':');
    struct text host = text_first(authority, colon);
    struct arena arena = { 0 };
    uint64_t port;

    if (colon == authority.len || !text_to_u64(text_from(authority, colon + 1), &port) ||
        port < 1 || port > 65535 || !(is_host_name(host) || address_is_literal(host)))
        return err_set(err, "endpoint tcp://%.*s: write tcp://host:port, like tcp://manager:2376",
                       TEXT_ARGS(text_first(authority, 100)));
    if (!with_tls && !is_loopback(host))
        return err_set(err,
                       "endpoint tcp://%.*s: the Docker API in the clear gives the whole machine "
                       "away; name the files of docker.tls, or use a unix socket",
                       TEXT_ARGS(text_first(authority, 100)));
    address->base = text_to_heap(
        arena_format(&arena, "http%s://%.*s", with_tls ? "s" : "", TEXT_ARGS(authority)));
    arena_done(&arena);
    return 0;
}

static int read_endpoint(struct text endpoint, bool with_tls, struct docker_address *address,
                         struct err *err)
{
    if (text_starts(endpoint, TEXT("tcp://")))
        return read_tcp(text_from(endpoint, 6), with_tls, address, err);
    if (!text_starts(endpoint, TEXT("unix:///")) || text_find(endpoint, '\0') < endpoint.len)
        return err_set(err, "endpoint \"%.*s\": write unix:///path or tcp://host:port",
                       TEXT_ARGS(text_first(endpoint, 100)));
    /* sun_path of unix(7) */
    if (endpoint.len - 7 > 107)
        return err_set(err, "endpoint %.*s: the path of a socket has at most 107 bytes",
                       TEXT_ARGS(text_first(endpoint, 100)));
    address->socket_path = text_to_heap(text_from(endpoint, 7));
    address->base = memory_copy_text("http://docker");
    return 0;
}

int docker_address_read(const struct docker_target *target, struct docker_address *address_out,
                        struct err *err)
{
    struct docker_address address = { 0 };
    bool with_tls = target->ca.len && target->cert.len && target->key.len;

    if (!with_tls && (target->ca.len || target->cert.len || target->key.len))
        return err_set(err, "tls needs all three of ca, cert and key");
    if (read_endpoint(target->endpoint, with_tls, &address, err) < 0)
        return -1;
    if (with_tls) {
        address.ca = text_to_heap(target->ca);
        address.cert = text_to_heap(target->cert);
        address.key = text_to_heap(target->key);
    }
    *address_out = address;
    return 0;
}

void docker_address_done(struct docker_address *address)
{
    free(address->socket_path);
    free(address->base);
    free(address->ca);
    free(address->cert);
    free(address->key);
}
