/*
 * Reads responses of the proxies under test. Only what they send is understood: a counted body, no
 * chunks, no interim responses; everything else is a failure the bench has to report.
 */
#include "reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void reply_reset(struct reply *reply)
{
    reply->status = 0;
    reply->closes = false;
    reply->head_complete = false;
    reply->body_bytes = 0;
    reply->body_seen = 0;
    reply->head_bytes = 0;
}

/* The value of a field in a head that ends with a NUL, or NULL. */
static const char *find_field(const char *head, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':')
            return line + 2 + length + 1 + strspn(line + 2 + length + 1, " ");
    return NULL;
}

static enum reply_result read_head(struct reply *reply)
{
    const char *connection;
    const char *length;

    reply->head[reply->head_bytes] = '\0';
    if (strncmp(reply->head, "HTTP/1.1 ", 9) != 0)
        return REPLY_BAD;
    reply->status = (int)strtol(reply->head + 9, NULL, 10);
    length = find_field(reply->head, "Content-Length");
    if (length == NULL)
        return REPLY_BAD;
    reply->body_bytes = strtoull(length, NULL, 10);
    connection = find_field(reply->head, "Connection");
    reply->closes = connection != NULL && strncasecmp(connection, "close", 5) == 0;
    reply->head_complete = true;
    return REPLY_MORE;
}

/* How many of the bytes belong to the head; the head is complete when it ends with an empty line.
 */
static size_t take_head(struct reply *reply, const char *bytes, size_t count, bool *complete_out)
{
    size_t room = REPLY_HEAD_BYTES - 1 - reply->head_bytes;
    size_t taken = count < room ? count : room;
    size_t before = reply->head_bytes;
    size_t from = before > 3 ? before - 3 : 0;
    const char *end;

    memcpy(reply->head + before, bytes, taken);
    end = memmem(reply->head + from, before + taken - from, "\r\n\r\n", 4);
    *complete_out = end != NULL;
    if (end != NULL)
        taken = (size_t)(end + 4 - reply->head) - before;
    reply->head_bytes = before + taken;
    return taken;
}

enum reply_result reply_feed(struct reply *reply, const char *bytes, size_t count)
{
    if (!reply->head_complete) {
        bool complete;
        size_t taken = take_head(reply, bytes, count, &complete);

        if (!complete)
            return reply->head_bytes == REPLY_HEAD_BYTES - 1 ? REPLY_BAD : REPLY_MORE;
        if (read_head(reply) == REPLY_BAD)
            return REPLY_BAD;
        count -= taken;
    }
    reply->body_seen += count;
    if (reply->body_seen > reply->body_bytes)
        return REPLY_BAD;
    return reply->body_seen == reply->body_bytes ? REPLY_DONE : REPLY_MORE;
}
