/*
 * Preloaded into the programs under test (test_clock.py): the wall clock, and no other, is ahead of
 * the machine's by as many seconds as the file that JUMPING_CLOCK names says at this moment, an
 * int64_t. Without that file it is the machine's.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t none;
static const volatile int64_t *ahead_s = &none;

__attribute__((constructor)) static void find_offset(void)
{
    const char *path = getenv("JUMPING_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped;

    if (fd < 0)
        return;
    mapped = mmap(NULL, sizeof(*ahead_s), PROT_READ, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED)
        ahead_s = mapped;
    close(fd);
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's are reserved names
int clock_gettime(clockid_t clock, struct timespec *now)
{
    int status = (int)syscall(SYS_clock_gettime, clock, now);

    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += *ahead_s;
    return status;
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's are reserved names
int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's are reserved names
time_t time(time_t *now_out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (now_out)
        *now_out = now.tv_sec;
    return now.tv_sec;
}
