/* Pages for secrets. Used for keyrings, and by swarmward-keys for all of its memory. */

#include "base/locked_memory.h"

#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"

#define HEAP_STEP (2 * 1024 * 1024)

void *locked_memory_new(size_t bytes, bool *locked_out)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        abort(); /* out of memory */
    /* both are old enough to be there, and what they guard against is guarded elsewhere, too */
    (void)madvise(at, bytes, MADV_DONTDUMP);
    (void)madvise(at, bytes, MADV_WIPEONFORK);
    *locked_out = mlock(at, bytes) == 0;
    return at;
}

void locked_memory_free(void *at, size_t bytes)
{
    if (!at)
        return;
    memory_wipe(at, bytes);
    munmap(at, bytes);
}

/* Field 47 of proc(5), stat; the second is a name in parentheses. NULL: it cannot be read. */
static char *heap_start(void)
{
    char line[2048];
    char *at = NULL;
    FILE *file = fopen("/proc/self/stat", "re");

    if (file && fgets(line, sizeof(line), file))
        at = strrchr(line, ')');
    if (file)
        fclose(file);
    for (int field = 2; at && field < 47; field++)
        at = strchr(at + 1, ' ');
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel gives it as a number
    return at ? (char *)(uintptr_t)strtoull(at, NULL, 10) : NULL;
}

bool locked_memory_for_heap(struct locked_heap *heap)
{
    mallopt(M_TOP_PAD, HEAP_STEP);
    mallopt(M_TRIM_THRESHOLD, INT_MAX); /* what was given back could be swapped out after all */
    mallopt(M_MMAP_THRESHOLD, HEAP_STEP);
    if (!heap->start) {
        free(memory_resize(NULL, HEAP_STEP - 64, 1)); /* the first step */
        heap->start = heap_start();
    }
    return heap->start && mlock(heap->start, (size_t)((char *)sbrk(0) - heap->start)) == 0;
}

bool locked_memory_for_all(void)
{
    struct rlimit limit;

    /* With a limit the first map beyond it would fail, and what fails there is an allocation. */
    if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
        return false;
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_max != RLIM_INFINITY || setrlimit(RLIMIT_MEMLOCK, &limit) < 0)
        return false;
    return mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
}
