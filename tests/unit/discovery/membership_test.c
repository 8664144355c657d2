/* The rule by which an address is used: every line of the table is a moment in a task's life. */

#include "membership.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define RUNS  DOCKER_TASK_RUNNING
#define STOPS DOCKER_TASK_SHUTDOWN

static const struct {
    const char *moment;
    struct membership_facts facts;
    enum swarm_membership wanted;
} moments[] = {
    { "it is being prepared", { .state = DOCKER_TASK_PREPARING, .desired = RUNS }, SWARM_STARTING },
    { "its health check has not passed",
      { .state = DOCKER_TASK_STARTING, .desired = RUNS },
      SWARM_STARTING },
    { "it runs, and nobody sees DNS", { .state = RUNS, .desired = RUNS }, SWARM_USABLE },
    { "it runs, and DNS has it",
      { .state = RUNS,
        .desired = RUNS,
        .dns_sees_network = true,
        .dns_sees_service = true,
        .in_dns = true },
      SWARM_USABLE },
    { "it has just begun to run, and DNS has it not yet",
      { .state = RUNS, .desired = RUNS, .dns_sees_network = true, .dns_sees_service = true },
      SWARM_STARTING },
    { "DNS has taken it out: swarm stops it in two seconds",
      { .state = RUNS,
        .desired = RUNS,
        .dns_sees_network = true,
        .dns_sees_service = true,
        .settled = true },
      SWARM_DRAINING },
    { "the API has decided to stop it, and DNS still has it",
      { .state = RUNS,
        .desired = STOPS,
        .dns_sees_network = true,
        .dns_sees_service = true,
        .in_dns = true },
      SWARM_DRAINING },
    { "it is to be removed", { .state = RUNS, .desired = DOCKER_TASK_REMOVE }, SWARM_DRAINING },
    { "start-first: it runs, but is only to be ready so far",
      { .state = RUNS, .desired = DOCKER_TASK_READY },
      SWARM_STARTING },
    { "it has failed, and DNS still has it",
      { .state = DOCKER_TASK_FAILED,
        .desired = RUNS,
        .dns_sees_network = true,
        .dns_sees_service = true,
        .in_dns = true },
      SWARM_DRAINING },
    { "it has ended", { .state = DOCKER_TASK_COMPLETE, .desired = STOPS }, SWARM_DRAINING },
    { "its node is lost", { .state = DOCKER_TASK_ORPHANED, .desired = STOPS }, SWARM_DRAINING },
    { "a word that we do not know",
      { .state = DOCKER_TASK_UNKNOWN, .desired = RUNS },
      SWARM_DRAINING },
    { "DNS never heard of the service, though the task runs for long",
      { .state = RUNS, .desired = RUNS, .dns_sees_network = true, .settled = true },
      SWARM_USABLE },
    { "DNS says that the service has no task at all, and the API that it runs",
      { .state = RUNS,
        .desired = RUNS,
        .dns_sees_network = true,
        .dns_sees_service = true,
        .dns_is_doubted = true,
        .settled = true },
      SWARM_USABLE },
};

static void either_source_takes_an_address_away_and_neither_by_silence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        enum swarm_membership is = membership_of(&moments[i].facts);

        if (is != moments[i].wanted)
            print_error("%s: %d, not %d\n", moments[i].moment, (int)is, (int)moments[i].wanted);
        assert_int_equal(is, moments[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_source_takes_an_address_away_and_neither_by_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
