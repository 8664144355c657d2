/*
 * A child has the numbered descriptors and no other, the ids it was told, and dies with its parent.
 * The test executes itself as the child (argument "child"), which reports over its channel.
 */

#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/descriptors.h"
#include "process/privileges.h"

struct report {
    int open_descriptors[32]; /* 1: open */
    uid_t uid;
    gid_t gid;
    int group_count;
    int dumpable;
    int no_new_privileges;
    int ignores_interrupt;
    capability_mask permitted;
    int bounded; /* capabilities in the bounding set */
};

/* What the child sees of itself. */
static void child_main(void)
{
    struct report report = { 0 };
    struct sigaction action;

    child_begin("spawn_test");
    for (int fd = 0; fd < 32; fd++)
        report.open_descriptors[fd] = fcntl(fd, F_GETFD) >= 0;
    report.uid = getuid();
    report.gid = getgid();
    report.group_count = getgroups(0, NULL);
    report.dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    report.no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    report.permitted = privileges_permitted();
    for (int number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++)
        report.bounded += prctl(PR_CAPBSET_READ, number, 0, 0, 0);
    sigaction(SIGINT, NULL, &action);
    report.ignores_interrupt = action.sa_handler == SIG_IGN;
    if (send(CHILD_CHANNEL, &report, sizeof(report), MSG_NOSIGNAL) != (ssize_t)sizeof(report))
        _exit(1);
    pause(); /* until the parent is gone */
    _exit(0);
}

struct family {
    int ours; /* our end of the child's channel */
    pid_t child;
    char program[256];
};

static void give_birth(struct family *family, struct spawn_identity identity)
{
    static const char *const arguments[] = { "spawn_test", "child", NULL };
    int ends[2];
    int board = open("/dev/zero", O_RDWR | O_CLOEXEC);
    struct err err = { 0 };
    struct spawn_plan plan = {
        .program = "/proc/self/exe", .arguments = arguments, .board = board, .identity = identity
    };

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    plan.channel = ends[1];
    family->ours = ends[0];
    family->child = spawn_child(&plan, &err);
    assert_string_equal(err.text, "");
    assert_true(family->child > 0);
    close(ends[1]);
    close(board);
}

static struct report hear(const struct family *family)
{
    struct report report;

    assert_int_equal(recv(family->ours, &report, sizeof(report), 0), sizeof(report));
    return report;
}

static void bury(struct family *family)
{
    kill(family->child, SIGKILL);
    assert_int_equal(waitpid(family->child, NULL, 0), family->child);
    close(family->ours);
}

static void a_child_has_its_numbered_descriptors_and_no_other(void **state)
{
    struct family family;
    struct report report;
    int stray = open("/dev/null", O_RDONLY); /* not close-on-exec, and not for the child */

    (void)state;
    give_birth(&family, (struct spawn_identity){ .drop = false });
    report = hear(&family);
    for (int fd = 0; fd < 32; fd++)
        assert_int_equal(report.open_descriptors[fd], fd <= CHILD_BOARD);
    assert_int_equal(report.dumpable, 0);
    assert_int_equal(report.no_new_privileges, 1);
    assert_int_equal(report.ignores_interrupt, 1);
    bury(&family);
    close(stray);
}

static void descriptors_that_sit_on_each_others_numbers_are_sorted_out(void **state)
{
    struct family family;
    int saved[2] = { fcntl(CHILD_CHANNEL, F_DUPFD_CLOEXEC, 20),
                     fcntl(CHILD_BOARD, F_DUPFD_CLOEXEC, 20) };

    (void)state;
    close(CHILD_CHANNEL); /* the board is opened here, */
    close(CHILD_BOARD);   /* and a channel end here */
    give_birth(&family, (struct spawn_identity){ .drop = false });
    hear(&family);
    bury(&family);
    for (int i = 0; i < 2; i++) {
        if (saved[i] < 0)
            continue;
        dup2(saved[i], CHILD_CHANNEL + i);
        close(saved[i]);
    }
}

static void a_program_that_is_not_there_is_an_error_with_its_name(void **state)
{
    static const char *const arguments[] = { "nothing", NULL };
    struct spawn_plan plan = {
        .program = "/nowhere/nothing", .arguments = arguments, .channel = 0, .board = 0
    };
    struct err err;

    (void)state;
    assert_int_equal(spawn_child(&plan, &err), -1);
    assert_string_equal(err.text, "/nowhere/nothing: open: No such file or directory");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and no process is left */
    assert_int_equal(errno, ECHILD);
}

static void a_child_dies_with_its_parent(void **state)
{
    struct family family;
    struct pollfd wait_for;
    pid_t parent;
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    parent = fork();
    if (parent == 0) {
        give_birth(&family, (struct spawn_identity){ .drop = false });
        hear(&family);
        _exit(write(ends[1], &family.child, sizeof(family.child)) < 0);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &family.child, sizeof(family.child)), sizeof(family.child));
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    /* Nobody of ours can wait for a grandchild, but a pidfd can be watched. */
    wait_for =
        (struct pollfd){ .fd = (int)syscall(SYS_pidfd_open, family.child, 0), .events = POLLIN };
    if (wait_for.fd >= 0)
        assert_int_equal(poll(&wait_for, 1, 10000), 1);
    close(wait_for.fd);
    close(ends[0]);
}

static void root_becomes_nobody_and_only_some_keep_one_capability(void **state)
{
    struct spawn_identity identity = { 0 };
    struct family family;
    struct report report;
    capability_mask kept;
    struct err err;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(privileges_choose_user("nobody", privileges_permitted(), &identity, &err), 0);
    assert_int_equal(setgroups(1, (const gid_t[]){ 1 }), 0); /* one more for the child to lose */
    for (int which = 0; which < 3; which++) {
        identity.read_files = which == 1;
        identity.change_root = which == 2;
        kept = which == 1   ? privileges_for_reader(privileges_permitted())
               : which == 2 ? privileges_permitted() & (capability_mask)1 << CAP_SYS_CHROOT
                            : 0;
        give_birth(&family, identity);
        report = hear(&family);
        assert_int_equal(report.uid, identity.uid);
        assert_int_equal(report.gid, identity.gid);
        assert_int_equal(report.group_count, 0);
        assert_true(report.permitted == kept);
        if (privileges_permitted() & (capability_mask)1 << CAP_SETPCAP)
            assert_int_equal(report.bounded, 0);
        bury(&family);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_has_its_numbered_descriptors_and_no_other),
        cmocka_unit_test(descriptors_that_sit_on_each_others_numbers_are_sorted_out),
        cmocka_unit_test(a_program_that_is_not_there_is_an_error_with_its_name),
        cmocka_unit_test(a_child_dies_with_its_parent),
        cmocka_unit_test(root_becomes_nobody_and_only_some_keep_one_capability),
    };

    if (argc > 1 && strcmp(argv[1], "child") == 0)
        child_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
