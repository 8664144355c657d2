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
#include <stdio.h>
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
    A_FILE_WAS_NOT_READ,
    A_PROGRAM_WAS_RUN,
    WRITING_WAS_NOT_AS_ALLOWED,
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

/* Reading goes on anywhere; writing where it was left, and nothing is executed. */
static int behind_landlock_of_control(const char *kept)
{
    struct err err;
    int version = landlock_keep_writes(kept, &err);
    bool is_kept;

    if (version <= 0)
        return NO_LANDLOCK;
    if (open("/proc/self/status", O_RDONLY | O_CLOEXEC) < 0)
        return A_FILE_WAS_NOT_READ;
    if (open("/tmp/behind-landlock-elsewhere", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0 ||
        errno != EACCES)
        return A_FILE_WAS_MADE;
    if (execl("/bin/true", "true", (char *)NULL) == 0 || errno != EACCES)
        return A_PROGRAM_WAS_RUN;
    is_kept = open("/tmp/behind-landlock/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0 &&
              rename("/tmp/behind-landlock/new", "/tmp/behind-landlock/newer") == 0 &&
              unlink("/tmp/behind-landlock/newer") == 0;
    return is_kept == (kept != NULL) ? AS_IT_SHOULD_BE : WRITING_WAS_NOT_AS_ALLOWED;
}

static int with_a_directory(void)
{
    return behind_landlock_of_control("/tmp/behind-landlock");
}

static int without_a_directory(void)
{
    return behind_landlock_of_control(NULL);
}

static void control_writes_beneath_its_own_directory_only(void **state)
{
    int found;

    (void)state;
    mkdir("/tmp/behind-landlock", 0700);
    found = in_a_child(with_a_directory);
    if (found != NO_LANDLOCK) {
        assert_int_equal(found, AS_IT_SHOULD_BE);
        assert_int_equal(in_a_child(without_a_directory), AS_IT_SHOULD_BE);
    }
    rmdir("/tmp/behind-landlock");
    if (found == NO_LANDLOCK)
        skip();
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
        cmocka_unit_test(control_writes_beneath_its_own_directory_only),
        cmocka_unit_test(behind_the_filter_what_is_in_no_list_ends_the_process),
        cmocka_unit_test(a_call_is_named_and_a_number_that_is_none_is_not),
        cmocka_unit_test(facts_of_a_descriptor_are_those_of_libc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
