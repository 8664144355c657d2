/*
 * Enters a sandbox as our programs do, tries one thing there, and says what came of it: "worked",
 * "failed: REASON", "ended by its sandbox: CALL" or "signal N". Run by test_sandbox.py:
 *
 *     sandbox-probe PROFILE TRY [PATH]
 */

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/sandbox.h"
#include "sandbox_tries.h"

static const struct {
    const char *name;
    enum sandbox_profile profile;
} profiles[] = {
    { "parent", SANDBOX_PARENT },   { "control", SANDBOX_CONTROL }, { "worker", SANDBOX_WORKER },
    { "checker", SANDBOX_CHECKER }, { "keys", SANDBOX_KEYS },
};

/* Shared with the process that tries. */
struct notes {
    _Atomic uint32_t refused;
    int reason;     /* errno of what was tried; 0: it worked */
    struct err err; /* why the sandbox could not be entered */
};

static const struct sandbox_try *find_try(const char *name)
{
    for (size_t i = 0; i < sandbox_try_count; i++)
        if (strcmp(sandbox_tries[i].name, name) == 0)
            return &sandbox_tries[i];
    return NULL;
}

static void try_inside(enum sandbox_profile profile, const struct sandbox_try *what,
                       const char *path, struct notes *notes)
{
    struct sandbox_facts facts;

    if (sandbox_enter(profile, &notes->refused, &facts, &notes->err) < 0)
        _exit(2);
    notes->reason = what->run(path) < 0 ? errno : 0;
    _exit(0);
}

static void tell(int status, const struct notes *notes)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        printf("ended by its sandbox: %s\n", sandbox_call_name(notes->refused));
    else if (WIFSIGNALED(status))
        printf("signal %d\n", WTERMSIG(status));
    else if (WEXITSTATUS(status) == 2)
        printf("no sandbox: %s\n", notes->err.text);
    else if (notes->reason)
        printf("failed: %s\n", strerror(notes->reason));
    else
        printf("worked\n");
}

int main(int argc, char **argv)
{
    struct notes *notes =
        mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const struct sandbox_try *what = argc > 2 ? find_try(argv[2]) : NULL;
    int status;
    pid_t child;

    if (!what || notes == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
        if (strcmp(profiles[i].name, argv[1]) != 0)
            continue;
        child = fork();
        if (child == 0)
            try_inside(profiles[i].profile, what, argc > 3 ? argv[3] : "/", notes);
        if (child < 0 || waitpid(child, &status, 0) < 0)
            return 1;
        tell(status, notes);
        return 0;
    }
    return 1;
}
