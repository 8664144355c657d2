/*
 * Listening sockets that outlive workers and reloads. Used by publish.c for changes, by member.c to
 * hand them out, by shutdown.c to close them. Accepts nothing.
 */

#include "listeners.h"

#include <string.h>
#include <unistd.h>

#include "net/socket.h"

/* The kernel cuts it to net.core.somaxconn. */
#define BACKLOG 4096

void listeners_init(struct listeners *listeners, size_t workers)
{
    *listeners = (struct listeners){ .workers = workers };
}

static void close_first(struct listener *listener, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(listener->fds[i]);
}

static int open_listener(struct listeners *listeners, const struct message_listener *what,
                         struct err *err)
{
    struct listener *listener = &listeners->items[listeners->count];

    *listener = (struct listener){ .what = *what, .fresh = true, .wanted = true };
    for (size_t i = 0; i < listeners->workers; i++) {
        listener->fds[i] = socket_listen(&what->address, BACKLOG, err);
        if (listener->fds[i] < 0) {
            close_first(listener, i);
            return -1;
        }
    }
    listeners->count++;
    return 0;
}

static struct listener *find(struct listeners *listeners, const struct message_listener *what)
{
    for (size_t i = 0; i < listeners->count; i++)
        if (listeners->items[i].what.kind == what->kind &&
            address_equal(&listeners->items[i].what.address, &what->address))
            return &listeners->items[i];
    return NULL;
}

static void close_where(struct listeners *listeners, bool fresh, bool wanted)
{
    size_t kept = 0;

    for (size_t i = 0; i < listeners->count; i++) {
        struct listener *listener = &listeners->items[i];

        if (listener->fresh == fresh && listener->wanted == wanted)
            close_first(listener, listeners->workers);
        else
            listeners->items[kept++] = *listener;
    }
    listeners->count = kept;
    for (size_t i = 0; i < kept; i++)
        listeners->items[i].fresh = false;
}

int listeners_stage(struct listeners *listeners, const struct message_publish *publish,
                    struct err *err)
{
    for (size_t i = 0; i < listeners->count; i++)
        listeners->items[i].wanted = false;
    for (size_t i = 0; i < publish->listener_count; i++) {
        const struct message_listener *what = &publish->listeners[i];
        struct listener *known = find(listeners, what);

        if (known) {
            known->wanted = true;
        } else if (open_listener(listeners, what, err) < 0) {
            listeners_cancel(listeners);
            return -1;
        }
    }
    return 0;
}

void listeners_commit(struct listeners *listeners)
{
    close_where(listeners, false, false);
}

void listeners_cancel(struct listeners *listeners)
{
    close_where(listeners, true, true);
}

void listeners_close(struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        close_first(&listeners->items[i], listeners->workers);
    listeners->count = 0;
}

void listeners_forget_worker(struct listeners *listeners, size_t worker)
{
    for (size_t i = 0; i < listeners->count; i++)
        listeners->items[i].given[worker] = false;
}
