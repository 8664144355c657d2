/*
 * The life of the parent: what it needs is opened while it may, privileges go, children start, and
 * the loop runs until shutdown.c stops it. Called by the command line for `swarmward run`.
 */

#include "parent/run.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "machine.h"
#include "parent.h"
#include "parent/command_socket.h"
#include "process/privileges.h"
#include "process/sandbox.h"
#include "process/signals.h"

struct child *parent_child(struct parent *parent, size_t i)
{
    if (i == 0)
        return &parent->control;
    return parent_member(parent, i - 1);
}

struct child *parent_member(struct parent *parent, size_t i)
{
    if (signers_are_wanted(parent) && i-- == 0)
        return &parent->keys;
    if (i-- == 0)
        return &parent->checker;
    return i < parent->worker_count ? &parent->workers[i] : NULL;
}

/* Strangers too: in a container we are the process that inherits every orphan. */
static void reap(struct parent *parent)
{
    struct child *child;
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; (child = parent_child(parent, i)); i++)
            if (child->pid == pid) {
                child_reaped(child, status);
                break;
            }
}

static void on_signal(void *owner, int number)
{
    struct parent *parent = owner;

    switch (number) {
    case SIGCHLD:
        reap(parent);
        break;
    case SIGHUP:
        control_link_reload(parent);
        break;
    case SIGUSR1:
        publish_reopen_log(parent);
        break;
    default: /* SIGTERM, SIGINT */
        shutdown_signal(parent, number);
    }
}

/*
 * Control keeps its own things there, so it must belong to the user that control becomes. One that
 * is there already is not given away: the name may be a slip, and it may hold what is not ours.
 */
static int check_state_directory(const struct parent *parent, const char *path, struct err *err)
{
    struct stat info;

    if (stat(path, &info) < 0)
        return err_set(err, "--state-dir %s: %s", path, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return err_set(err, "--state-dir %s: not a directory", path);
    if (parent->identity.drop && info.st_uid != parent->identity.uid)
        return err_set(
            err,
            "--state-dir %s: belongs to user %u, but control runs as user %u; chown it, or "
            "name a directory that is not there yet",
            path, (unsigned)info.st_uid, (unsigned)parent->identity.uid);
    return 0;
}

static int make_state_directory(const struct parent *parent, struct err *err)
{
    const char *path = parent->options->state_directory;

    if (!path || !path[0])
        return 0;
    if (mkdir(path, 0700) < 0)
        return errno == EEXIST ? check_state_directory(parent, path, err)
                               : err_set(err, "--state-dir %s: %s", path, strerror(errno));
    if (parent->identity.drop && chown(path, parent->identity.uid, parent->identity.gid) < 0)
        return err_set(err, "--state-dir %s: %s", path, strerror(errno));
    return 0;
}

static int open_command_socket(struct parent *parent, char *path, size_t bytes, struct err *err)
{
    if (!parent->options->socket_path) {
        if (command_socket_default(path, bytes, err) < 0)
            return -1;
    } else if (text_to_buffer(text_of(parent->options->socket_path), path, bytes) <
               strlen(parent->options->socket_path)) {
        return err_set(err, "--socket: the path is too long");
    }
    parent->command_socket = command_socket_listen(path, err);
    return parent->command_socket < 0 ? -1 : 0;
}

/* Without another user to become, every process has every group: the Docker socket's, too. */
static void warn_of_docker_group(const struct parent *parent)
{
    gid_t group;
    const char *path = machine_docker_socket(parent->options->docker_socket, &group);

    if (parent->identity.drop || !path || access(path, W_OK) < 0)
        return;
    log_warn("event=docker_socket_open path=%s user=%u every process may use it, the workers too; "
             "start as root, so that control alone joins group %u",
             path, (unsigned)geteuid(), (unsigned)group);
}

/* All that needs what the parent is about to give up. */
static int open_with_privileges(struct parent *parent, char *socket_path, size_t bytes,
                                struct err *err)
{
    capability_mask have = privileges_permitted();
    bool root = geteuid() == 0;

    if (!root && parent->options->user)
        return err_set(err, "--user: only root can become another user; leave it out");
    if (root && privileges_choose_user(parent->options->user, have, &parent->identity, err) < 0)
        return -1;
    parent->keys_identity = privileges_keys_user(&parent->identity);
    parent->board_fd = board_create(err);
    if (parent->board_fd < 0)
        return -1;
    parent->board = board_map(parent->board_fd, err);
    if (!parent->board || make_state_directory(parent, err) < 0 ||
        open_command_socket(parent, socket_path, bytes, err) < 0)
        return -1;
    log_sink_init(&parent->log_sink);
    return root ? privileges_keep(privileges_for_parent(have), err) : 0;
}

static int init_children(struct parent *parent, struct err *err)
{
    parent->control.board = &parent->board->control;
    parent->keys.board = &parent->board->keys;
    parent->checker.board = &parent->board->checker;
    if (child_init(&parent->control, parent, &control_kind, err) < 0 ||
        child_init(&parent->checker, parent, &checker_kind, err) < 0 ||
        (signers_are_wanted(parent) && child_init(&parent->keys, parent, &keys_kind, err) < 0))
        return -1;
    for (size_t i = 0; i < parent->worker_count; i++) {
        parent->workers[i].board = &parent->board->workers[i];
        parent->workers[i].index = i;
        if (child_init(&parent->workers[i], parent, &worker_kind, err) < 0)
            return -1;
    }
    return 0;
}

static void serve(struct parent *parent)
{
    static const int numbers[] = { SIGCHLD, SIGHUP, SIGTERM, SIGINT, SIGUSR1 };
    struct signals *signals =
        signals_new(parent->io, numbers, sizeof(numbers) / sizeof(numbers[0]), on_signal, parent);
    struct child *child;

    publish_init(parent);
    shutdown_init(parent);
    listeners_init(&parent->listeners, parent->worker_count);
    atomic_store(&parent->board->worker_count, (uint32_t)parent->worker_count);
    log_info("event=start workers=%zu user=%u", parent->worker_count,
             parent->identity.drop ? (unsigned)parent->identity.uid : (unsigned)geteuid());
    warn_of_docker_group(parent);
    sandbox_confine(SANDBOX_PARENT, NULL);
    for (size_t i = 0; (child = parent_child(parent, i)); i++)
        child_start(child);
    io_run(parent->io);
    publish_done(parent);
    shutdown_done(parent);
    signals_free(signals);
    log_info("event=end exit_code=%d", parent->shutdown.exit_code);
}

static size_t choose_worker_count(const struct run_options *options)
{
    size_t count = options->workers ? options->workers : machine_processors();

    return count > BOARD_WORKERS ? BOARD_WORKERS : count;
}

static void parent_free(struct parent *parent)
{
    struct child *child;

    for (size_t i = 0; (child = parent_child(parent, i)); i++)
        if (child->kind)
            child_done(child);
    log_sink_done(&parent->log_sink);
    if (parent->command_socket >= 0)
        close(parent->command_socket);
    if (parent->board)
        board_unmap(parent->board);
    if (parent->board_fd >= 0)
        close(parent->board_fd);
    io_free(parent->io);
    memory_wipe(parent->boot_secret, sizeof(parent->boot_secret));
    free(parent);
}

int parent_run(const struct run_options *options)
{
    struct parent *parent = memory_new(sizeof(*parent));
    char socket_path[PATH_MAX];
    struct err err;
    int exit_code = 1;

    log_open("swarmward");
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* the boot secret is in here */
    signal(SIGPIPE, SIG_IGN);
    machine_raise_limits();
    parent->options = options;
    parent->command_socket = parent->board_fd = -1;
    parent->log_sink.fd = parent->log_sink.output = -1;
    parent->worker_count = choose_worker_count(options);
    parent->io = io_new();
    random_bytes(parent->boot_secret, sizeof(parent->boot_secret));
    if (open_with_privileges(parent, socket_path, sizeof(socket_path), &err) < 0 ||
        init_children(parent, &err) < 0) {
        fprintf(stderr, "swarmward: cannot start: %s\n", err.text);
    } else {
        serve(parent);
        exit_code = parent->shutdown.exit_code;
    }
    if (parent->command_socket >= 0)
        unlink(socket_path);
    parent_free(parent);
    return exit_code;
}
