/*
 * What a proxy in front writes before the bytes of its client. A trusted proxy must write it, and
 * is believed; from anybody else nothing is believed, and one that tries is shown out. Called by
 * the stream of a client of a listener where the PROXY protocol is on.
 */

#include "../admission.h"
#include "client.h"
#include "net/proxy_header.h"

static void take(struct client *client, const struct proxy_header *header)
{
    struct text rest = text_from(buffer_text(&client->input), header->bytes);

    if (header->has_source) {
        client_set_address(client, &header->source);
        if (!admission_enter_address(client->worker->admission, client)) {
            client_refuse(client, "connections_per_address");
            return;
        }
    }
    client_begin_protocol(client, rest);
}

static void judge_proxy(struct client *client)
{
    struct proxy_header header;

    switch (proxy_header_parse(buffer_text(&client->input), client->proxy_versions, &header)) {
    case PROXY_DONE:
        take(client, &header);
        break;
    case PROXY_MORE:
        break;
    case PROXY_ABSENT:
        client_refuse(client, "proxy_header_missing");
        break;
    case PROXY_BAD:
        client_refuse(client, "proxy_header_bad");
        break;
    }
}

/* Of no version, in no state: who is no proxy of ours begins like a client. */
static void judge_stranger(struct client *client)
{
    struct text input = buffer_text(&client->input);
    struct proxy_header header;

    switch (proxy_header_parse(input, PROXY_VERSION_1 | PROXY_VERSION_2, &header)) {
    case PROXY_ABSENT:
        client_begin_protocol(client, input);
        break;
    case PROXY_MORE:
        break;
    case PROXY_DONE:
    case PROXY_BAD:
        client_refuse(client, "proxy_header_of_stranger");
        break;
    }
}

static void on_readable(void *owner)
{
    struct client *client = owner;
    char *scratch = io_scratch(client->worker->io);
    size_t got = 0;

    switch (stream_read(client->stream, scratch, PROXY_HEADER_BYTES, &got)) {
    case IO_OK:
        buffer_append(&client->input, scratch, got);
        if (client->by_proxy)
            judge_proxy(client);
        else
            judge_stranger(client);
        break;
    case IO_CLOSED: /* a probe of the port: nothing was refused */
        client_close(client);
        break;
    case IO_AGAIN:
    case IO_FAILED: /* on_broken follows */
        break;
    }
}

static void on_broken(void *owner)
{
    client_close(owner);
}

const struct stream_handler client_proxy_handler = {
    .on_readable = on_readable,
    .on_broken = on_broken,
};
