/* Which container this is, from the mounts that Docker makes. */

#include "discovery/own_task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
    const char *mounts;
    const char *id;
} cases[] = {
    { "22 1 0:21 / /proc rw - proc proc rw\n"
      "700 690 254:1 /var/lib/docker/containers/" ID "/hosts /etc/hosts rw - ext4 /dev/vda rw\n",
      ID },
    { "700 690 254:1 /data/containers/short/hosts /etc/hosts rw - ext4 /dev/vda rw\n"
      "701 690 254:1 /docker/containers/" ID "/resolv.conf /etc/resolv.conf rw - ext4 x rw\n",
      ID },
    { "22 1 0:21 / /proc rw - proc proc rw\n", "" },
    { "1 1 0:1 /containers/" ID "0/hosts / rw - ext4 x rw\n", "" }, /* one digit too many */
    { "", "" },
};

static void the_id_is_found_among_the_mounts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[] = "/tmp/swarmward-mounts-XXXXXX";
        char id[OWN_CONTAINER_BYTES];
        int fd = mkstemp(path);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, cases[i].mounts, strlen(cases[i].mounts)),
                         strlen(cases[i].mounts));
        close(fd);
        own_container_id(path, id);
        unlink(path);
        assert_string_equal(id, cases[i].id);
    }
}

static void without_mounts_there_is_none(void **state)
{
    char id[OWN_CONTAINER_BYTES] = "x";

    (void)state;
    own_container_id("/nonexistent", id);
    assert_string_equal(id, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_id_is_found_among_the_mounts),
        cmocka_unit_test(without_mounts_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
