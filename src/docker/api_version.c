/* Which version of the API is spoken: the highest that the Engine and this program both know. */

#include <stdio.h>

#include "docker/objects.h"
#include "engine_private.h"

/* 1.41 is Engine 20.10, the oldest with a fix for encrypted overlays; 1.52 is Engine 29, whose own
 * least is 1.44. Nothing that is asked for here changed in between. */
#define LEAST 41
#define MOST  52

/* The minor number of "1.47"; -1: it is no version that is known here. */
static int minor_of(struct text version)
{
    uint64_t minor;

    if (!text_starts(version, TEXT("1.")) || !text_to_u64(text_from(version, 2), &minor) ||
        minor > 9999)
        return -1;
    return (int)minor;
}

int docker_api_choose(struct text version_json, char version_out[DOCKER_API_BYTES], struct err *err)
{
    struct arena arena = { 0 };
    struct docker_version version;
    int status = -1;
    int most;
    int least;

    if (docker_version_decode(version_json, &arena, &version, err) < 0)
        goto out;
    most = minor_of(version.api);
    least = version.min_api.len ? minor_of(version.min_api) : 0;
    if (most < LEAST || least < 0 || least > MOST || least > most) {
        err_set(err,
                "Engine %.*s speaks API %.*s to %.*s, swarmward 1.%d to 1.%d: upgrade the older of "
                "the two",
                TEXT_ARGS(version.engine), TEXT_ARGS(version.min_api), TEXT_ARGS(version.api),
                LEAST, MOST);
        goto out;
    }
    snprintf(version_out, DOCKER_API_BYTES, "1.%d", most < MOST ? most : MOST);
    status = 0;
out:
    arena_done(&arena);
    return status;
}
