/* The limits in time of one request body (limits.body_*), the same for both protocols. */

#include "body_watch.h"

#include <stddef.h>

void body_watch_begin(struct body_watch *watch, int64_t now_ms)
{
    *watch = (struct body_watch){
        .since_ms = now_ms,
        .last_ms = now_ms,
        .paused_since_ms = now_ms,
    };
}

void body_watch_pause(struct body_watch *watch, bool paused, int64_t now_ms)
{
    if (paused && !watch->paused_since_ms) {
        watch->paused_since_ms = now_ms;
    } else if (!paused && watch->paused_since_ms) {
        watch->paused_ms += now_ms - watch->paused_since_ms;
        watch->paused_since_ms = 0;
        watch->last_ms = now_ms;
    }
}

void body_watch_count(struct body_watch *watch, uint64_t bytes, int64_t now_ms)
{
    watch->bytes += bytes;
    watch->last_ms = now_ms;
}

const char *body_watch_verdict(const struct body_watch *watch, const struct limit_settings *limits,
                               int64_t now_ms)
{
    int64_t active_ms = now_ms - watch->since_ms - watch->paused_ms;

    if (watch->paused_since_ms)
        return NULL;
    if (now_ms - watch->last_ms >= limits->body_idle_ms)
        return "body_idle";
    if (limits->body_min_rate > 0 && active_ms > limits->body_grace_ms &&
        watch->bytes < (uint64_t)(limits->body_min_rate * active_ms / 1000))
        return "body_too_slow";
    return NULL;
}
