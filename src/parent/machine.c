/* Processors and descriptors of the machine. Called by run.c at start. */

#include "machine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

size_t machine_quota_processors(struct text cpu_max)
{
    struct text quota_text;
    struct text rest;
    uint64_t quota;
    uint64_t period;

    if (!text_split(cpu_max, ' ', &quota_text, &rest))
        return 0;
    rest = text_first(rest, text_find(rest, '\n'));
    if (!text_to_u64(quota_text, &quota) || !text_to_u64(rest, &period) || period == 0)
        return 0; /* "max": no limit */
    return (size_t)(quota / period + (quota % period != 0));
}

/* Inside a container its own group is at the root of what it sees. */
static size_t quota_processors(void)
{
    char bytes[64];
    ssize_t len;
    int fd = open("/sys/fs/cgroup/cpu.max", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    len = read(fd, bytes, sizeof(bytes));
    close(fd);
    return len > 0 ? machine_quota_processors(text_make(bytes, (size_t)len)) : 0;
}

size_t machine_processors(void)
{
    cpu_set_t set;
    size_t count = 1;
    size_t quota = quota_processors();

    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
        count = (size_t)CPU_COUNT(&set);
    return quota && quota < count ? quota : count;
}

void machine_raise_limits(void)
{
    const struct rlimit all = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (setrlimit(RLIMIT_MEMLOCK, &all) == 0) /* root may, mostly */
        return;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_MEMLOCK, &limit);
    }
}

const char *machine_docker_socket(const char *path, gid_t *group_out)
{
    const char *const paths[] = { path ? path : "/run/swarmward/docker.sock",
                                  path ? NULL : "/var/run/docker.sock" };
    struct stat info;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (paths[i] && stat(paths[i], &info) == 0 && S_ISSOCK(info.st_mode)) {
            *group_out = info.st_gid;
            return paths[i];
        }
    return NULL;
}
