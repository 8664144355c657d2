/* What the parent opens at start: processors by quota, the command socket, the access log. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "log_sink.h"
#include "machine.h"
#include "parent/command_socket.h"

static const struct {
    const char *cpu_max;
    size_t processors;
} quotas[] = {
    { "max 100000\n", 0 },
    { "100000 100000\n", 1 },
    { "50000 100000\n", 1 },
    { "150000 100000\n", 2 },
    { "400000 100000", 4 },
    { "100000 0\n", 0 },
    { "", 0 },
    { "100000", 0 },
    { "-1 100000", 0 },
};

static void a_quota_is_rounded_up_to_whole_processors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++)
        assert_int_equal(machine_quota_processors(text_of(quotas[i].cpu_max)),
                         quotas[i].processors);
    assert_true(machine_processors() >= 1);
}

static char *make_directory(void)
{
    static char path[64];

    strcpy(path, "/tmp/swarmward-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static void the_command_socket_is_private_and_its_directory_is_made(void **state)
{
    char *directory = make_directory();
    char sub[128];
    char path[160];
    struct stat info;
    struct err err;
    int fd;

    (void)state;
    snprintf(sub, sizeof(sub), "%s/run", directory);
    snprintf(path, sizeof(path), "%s/control.sock", sub);
    fd = command_socket_listen(path, &err);
    assert_true(fd >= 0);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(stat(sub, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(command_socket_listen(path, &err), -1); /* a live one is not replaced */
    assert_non_null(strstr(err.text, path));
    close(fd);
    fd = command_socket_listen(path, &err); /* a dead one is */
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    rmdir(sub);
    rmdir(directory);
}

static void a_directory_where_others_may_write_is_refused(void **state)
{
    char *directory = make_directory();
    char path[128];
    struct err err;

    (void)state;
    snprintf(path, sizeof(path), "%s/control.sock", directory);
    assert_int_equal(chmod(directory, 0777), 0);
    assert_int_equal(command_socket_listen(path, &err), -1);
    assert_non_null(strstr(err.text, "others may write"));
    rmdir(directory);
}

static void the_log_goes_where_it_is_told_and_a_new_file_is_not_for_everybody(void **state)
{
    char *directory = make_directory();
    char path[128];
    struct log_sink sink;
    struct stat info;
    struct err err;
    int fd = 42;

    (void)state;
    log_sink_init(&sink);
    assert_int_equal(log_sink_open(&sink, TEXT("off"), &fd, &err), 0);
    assert_int_equal(fd, -1);
    assert_int_equal(log_sink_open(&sink, TEXT("stdout"), &fd, &err), 0);
    assert_true(fd > STDERR_FILENO);
    log_sink_use(&sink, TEXT("stdout"), fd);
    assert_true(log_sink_is(&sink, TEXT("stdout")));
    snprintf(path, sizeof(path), "%s/access.log", directory);
    assert_int_equal(log_sink_open(&sink, text_of(path), &fd, &err), 0);
    log_sink_use(&sink, text_of(path), fd);
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_mode & 0137, 0);
    assert_true(fcntl(fd, F_GETFL) & O_APPEND);
    assert_int_equal(log_sink_open(&sink, TEXT("/nowhere/access.log"), &fd, &err), -1);
    assert_non_null(strstr(err.text, "/nowhere/access.log"));
    log_sink_done(&sink);
    unlink(path);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quota_is_rounded_up_to_whole_processors),
        cmocka_unit_test(the_command_socket_is_private_and_its_directory_is_made),
        cmocka_unit_test(a_directory_where_others_may_write_is_refused),
        cmocka_unit_test(the_log_goes_where_it_is_told_and_a_new_file_is_not_for_everybody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
