/*
 * The counting of HTTP/2 frames that may be a flood. Called for each frame that carries no message:
 * SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA and unknown types. What a peer sends for good
 * reasons follows traffic (updates follow data, pings measure it), so traffic earns frames; the
 * bucket is for the rest.
 */

#include "h2_budget.h"

#include <nghttp2/nghttp2.h>

/* Frames without any traffic: a start has about ten; a measuring peer sends a few a second. */
#define FRAMES_MOST      256
#define FRAMES_WINDOW_MS 10000
/* What is earned and not used: a whole large window may be updated late. */
#define EARNED_MOST 8192

bool h2_bucket_take(struct h2_bucket *bucket, int64_t most, int64_t window_ms, int64_t now_ms)
{
    int64_t elapsed_ms = now_ms - bucket->at_ms;

    if (elapsed_ms < 0)
        elapsed_ms = 0;
    if (elapsed_ms >= window_ms)
        bucket->level = 0;
    else
        bucket->level -= elapsed_ms * most;
    if (bucket->level < 0)
        bucket->level = 0;
    bucket->at_ms = now_ms;
    if (bucket->level + window_ms > most * window_ms)
        return false;
    bucket->level += window_ms;
    return true;
}

static const char *reason_of_flood(uint8_t type)
{
    switch (type) {
    case NGHTTP2_DATA:
        return "empty_data_flood";
    case NGHTTP2_PRIORITY:
    case NGHTTP2_PRIORITY_UPDATE:
        return "priority_flood";
    case NGHTTP2_SETTINGS:
        return "settings_flood";
    case NGHTTP2_PING:
        return "ping_flood";
    case NGHTTP2_WINDOW_UPDATE:
        return "window_flood";
    default:
        return "frame_flood";
    }
}

const char *h2_budget_frame(struct h2_budget *budget, uint8_t type, int64_t now_ms)
{
    if (budget->earned) {
        budget->earned--;
        return NULL;
    }
    if (h2_bucket_take(&budget->frames, FRAMES_MOST, FRAMES_WINDOW_MS, now_ms))
        return NULL;
    return reason_of_flood(type);
}

void h2_budget_earn(struct h2_budget *budget, unsigned frames)
{
    budget->earned += frames;
    if (budget->earned > EARNED_MOST)
        budget->earned = EARNED_MOST;
}
