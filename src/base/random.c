/* Random numbers: from the kernel for secrets, xoshiro256++ for choices. */

#include "base/random.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *out, size_t bytes)
{
    char *at = out;

    while (bytes) {
        ssize_t got = getrandom(at, bytes, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            fputs("the kernel gives no random bytes\n", stderr);
            abort();
        }
        at += got;
        bytes -= (size_t)got;
    }
}

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

uint64_t random_u64(void)
{
    static uint64_t s[4];
    static bool seeded;
    uint64_t result;
    uint64_t kept;

    if (!seeded) {
        random_bytes(s, sizeof(s));
        s[0] |= 1; /* never all zero */
        seeded = true;
    }
    result = rotate_left(s[0] + s[3], 23) + s[0];
    kept = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= kept;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t random_below(uint64_t bound)
{
    __extension__ typedef unsigned __int128 wide;

    return (uint64_t)(((wide)random_u64() * bound) >> 64); /* Lemire, without the rejection step */
}
