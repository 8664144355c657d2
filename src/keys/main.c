/*
 * swarmward-keys: has the private keys, and signs what workers ask it to. It listens nowhere,
 * connects to nobody, opens nothing after its start, and its memory is locked.
 */

#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "keys.h"
#include "process/descriptors.h"
#include "process/sandbox.h"
#include "process/spawn.h"

/* Channels of the workers, two of a worker that is replaced, the loop, and what PREPARE brings. */
#define DESCRIPTORS_MOST ((rlim_t)256)

static void limit_itself(void)
{
    const struct rlimit few = { .rlim_cur = DESCRIPTORS_MOST, .rlim_max = DESCRIPTORS_MOST };

    (void)setrlimit(RLIMIT_NOFILE, &few); /* lower is always allowed */
}

int main(void)
{
    struct keys keys;

    child_begin("swarmward-keys");
    close(CHILD_BOARD); /* it has nothing to count */
    limit_itself();
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    keys_open(&keys, CHILD_CHANNEL);
    sandbox_confine(SANDBOX_KEYS, NULL);
    io_run(keys.io);
    keys_close(&keys);
    return 0;
}
