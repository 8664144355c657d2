/*
 * The layers of the sandbox one by one, each in a process of its own, since none of them can be
 * taken off again. That nobody gets through all of them is in tests/system/test_sandbox.py.
 */

#include "process/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "sandbox_private.h"

/* Exit code of `run` in a child; -1 when it was ended by a signal. */
static int in_a_child(int (*run)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(run());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int bind_any(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return bind(fd, (struct sockaddr *)&address, sizeof(address));
}

enum finding {
    AS_IT_SHOULD_BE = 0,
    NO_LANDLOCK,
    A_FILE_WAS_OPENED,
    A_FILE_WAS_MADE,
    WHAT_WAS_OPEN_IS_UNUSABLE,
    A_PORT_WAS_BOUND,
};

static int behind_landlock(void)
{
    int before = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    struct err err;
    char byte;
    int version = landlock_apply(true, &err);

    if (version <= 0)
        return NO_LANDLOCK;
    if (open("/proc/self/status", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
        return A_FILE_WAS_OPENED;
    if (mkdir("/tmp/made-behind-landlock", 0700) == 0 || errno != EACCES)
        return A_FILE_WAS_MADE;
    if (read(before, &byte, 1) != 1)
        return WHAT_WAS_OPEN_IS_UNUSABLE;
    if (version >= 4 && (bind_any() == 0 || errno != EACCES))
        return A_PORT_WAS_BOUND;
    return AS_IT_SHOULD_BE;
}

static void behind_landlock_no_file_opens_and_no_port_is_bound(void **state)
{
    int found = in_a_child(behind_landlock);

    (void)state;
    if (found == NO_LANDLOCK)
        skip();
    assert_int_equal(found, AS_IT_SHOULD_BE);
}

static int behind_the_filter(void)
{
    struct err err;

    if (seccomp_apply(SANDBOX_KEYS, NULL, &err) <= 0)
        return 2;
    syscall(SYS_keyctl, 0, 0, 0, 0, 0);
    return 0;
}

static void behind_the_filter_what_is_in_no_list_ends_the_process(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(behind_the_filter), -1);
}

static void a_call_is_named_and_a_number_that_is_none_is_not(void **state)
{
    (void)state;
    assert_string_equal(sandbox_call_name(SYS_openat + 1), "openat");
    assert_string_equal(sandbox_call_name(SYS_execve + 1), "execve");
    assert_string_equal(sandbox_call_name(0), "a system call");
    assert_string_equal(sandbox_call_name(UINT32_MAX), "a system call");
}

static void facts_of_a_descriptor_are_those_of_libc(void **state)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct stat ours = { 0 };
    struct stat libcs = { 0 };

    (void)state;
    assert_int_equal(file_facts(fd, &ours), 0);
    assert_int_equal(fstat(fd, &libcs), 0);
    assert_int_equal(ours.st_size, libcs.st_size);
    assert_int_equal(ours.st_mode, libcs.st_mode);
    assert_int_equal(ours.st_ino, libcs.st_ino);
    close(fd);
    assert_int_equal(file_facts(fd, &ours), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behind_landlock_no_file_opens_and_no_port_is_bound),
        cmocka_unit_test(behind_the_filter_what_is_in_no_list_ends_the_process),
        cmocka_unit_test(a_call_is_named_and_a_number_that_is_none_is_not),
        cmocka_unit_test(facts_of_a_descriptor_are_those_of_libc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
