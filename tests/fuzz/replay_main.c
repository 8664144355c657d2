/*
 * Runs a fuzz target over files instead of random bytes: each argument is a directory, each file in
 * it one input. For compilers without libFuzzer, and for `make test`, which replays every corpus.
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "fuzz_target.h"

#define INPUT_BYTES ((size_t)4 * 1024 * 1024)

/* In memory of just this size, so that the sanitizer sees the first byte behind it read. */
static void replay(const char *path)
{
    struct err err;
    char *bytes;
    uint8_t *exact;
    size_t len;

    if (file_read(path, INPUT_BYTES, &bytes, &len, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    exact = len ? memory_copy(bytes, len) : memory_new(1);
    free(bytes);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay_all(const char *directory)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, is_input, alphasort);

    if (count < 0) {
        perror(directory);
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        char path[4096];

        if (snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name) >=
            (int)sizeof(path))
            exit(1);
        replay(path);
        free(entries[i]);
    }
    free(entries);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;

    for (int i = 1; i < argc; i++)
        count += replay_all(argv[i]);
    printf("%d inputs\n", count);
    return count ? 0 : 1; /* nothing was tested */
}
