/*
 * The command socket: its default place and its safe creation. Used by the parent to listen and by
 * the command line to find it.
 */

#include "parent/command_socket.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/socket.h"

static int check_path(int len, size_t bytes, struct err *err)
{
    if (len < 0 || (size_t)len >= bytes)
        return err_set(err, "the path of the command socket is too long; name one with --socket");
    return 0;
}

int command_socket_default(char *path, size_t bytes, struct err *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int len;

    if (geteuid() == 0)
        len = snprintf(path, bytes, "/run/swarmward/control.sock");
    else if (runtime && runtime[0] == '/')
        len = snprintf(path, bytes, "%s/swarmward/control.sock", runtime);
    else
        len = snprintf(path, bytes, "/tmp/swarmward-%u/control.sock", (unsigned)geteuid());
    return check_path(len, bytes, err);
}

/* Whoever may write to the directory may replace the socket, and then answers for us. */
static int check_directory(const char *directory, struct err *err)
{
    struct stat info;

    if (mkdir(directory, 0700) < 0 && errno != EEXIST)
        return err_set(err, "directory of the command socket: %s: %s; name another with --socket",
                       directory, strerror(errno));
    if (lstat(directory, &info) < 0)
        return err_set(err, "%s: %s", directory, strerror(errno));
    if (S_ISLNK(info.st_mode) && stat(directory, &info) < 0)
        return err_set(err, "%s: %s", directory, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return err_set(err, "%s: not a directory", directory);
    if (info.st_uid != geteuid() && info.st_uid != 0)
        return err_set(err,
                       "%s: belongs to another user; name a directory of your own with --socket",
                       directory);
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) && !(info.st_mode & S_ISVTX))
        return err_set(err, "%s: others may write there; chmod go-w, or name another with --socket",
                       directory);
    return 0;
}

int command_socket_listen(const char *path, struct err *err)
{
    char directory[PATH_MAX];
    char *slash;

    if (check_path(snprintf(directory, sizeof(directory), "%s", path), sizeof(directory), err) < 0)
        return -1;
    slash = strrchr(directory, '/');
    if (slash && slash != directory)
        *slash = '\0';
    else if (!slash)
        strcpy(directory, ".");
    if (check_directory(directory, err) < 0)
        return -1;
    return socket_listen_unix(path, 0600, err);
}
