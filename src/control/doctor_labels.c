/* Doctor's checks of labels and of DNS. */

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config/labels.h"
#include "doctor_private.h"

/* Those under the prefix, without it. Returns how many. */
static size_t labels_of(const struct doctor *doctor, const struct docker_service *service,
                        struct label *labels)
{
    struct text prefix = doctor->settings->docker.label_prefix;
    size_t count = 0;

    for (size_t i = 0; i < service->label_count; i++) {
        struct text name = service->labels[i].name;

        if (text_starts(name, prefix) && name.len > prefix.len && name.at[prefix.len] == '.')
            labels[count++] = (struct label){
                .name = text_from(name, prefix.len + 1),
                .value = service->labels[i].value,
            };
    }
    return count;
}

/* The first line, without its end. */
static void take_problem(const struct problems *problems, struct err *problem_out)
{
    struct text lines = buffer_text(&problems->lines);

    err_set(problem_out, "%.*s", TEXT_ARGS(text_first(lines, text_find(lines, '\n'))));
}

bool doctor_service_is_enabled(const struct doctor *doctor, const struct docker_service *service,
                               struct err *problem_out)
{
    struct label *labels = memory_new((service->label_count + 1) * sizeof(*labels));
    size_t count = labels_of(doctor, service, labels);
    struct problems problems = { 0 };
    struct label_settings *settings = NULL;
    bool enabled = false;

    problem_out->text[0] = '\0';
    if (count && doctor->settings->docker.label_policy != LABEL_POLICY_IGNORE) {
        settings = labels_read(doctor->settings, service->name, labels, count, &problems);
        if (settings)
            enabled = settings->enabled;
        else
            take_problem(&problems, problem_out);
    }
    label_settings_free(settings);
    problems_done(&problems);
    free(labels);
    return enabled;
}

void doctor_check_labels(const struct doctor *doctor, struct finding *finding)
{
    struct text prefix = doctor->settings->docker.label_prefix;
    struct name_list wrong = { 0 };
    size_t good = 0;

    if (!doctor->has_lists || doctor->settings->docker.label_policy == LABEL_POLICY_IGNORE) {
        finding_say(finding, VERDICT_SKIPPED, "%s",
                    doctor->has_lists ? "docker.label_policy is ignore"
                                      : doctor_why_unknown(doctor));
        return;
    }
    for (size_t i = 0; i < doctor->service_count; i++) {
        struct err problem;

        if (doctor_service_is_enabled(doctor, &doctor->services[i], &problem))
            good++;
        else if (problem.text[0])
            name_list_add(&wrong, text_of(problem.text));
    }
    finding_say(finding, VERDICT_OK, "%zu of %zu services have %.*s.enable and can be read", good,
                doctor->service_count, TEXT_ARGS(prefix));
    if (wrong.count) {
        finding_say(finding, VERDICT_ERROR, "%zu quarantined: %s", wrong.count,
                    name_list_end(&wrong));
        finding_advise(finding, "docker service update --label-add ... SERVICE; docs/labels.md has "
                                "every label; swarmward status says who claims which domain");
    }
    name_list_done(&wrong);
}

/* --- DNS -----------------------------------------------------------------------------------------
 */

static void skip_dns(const struct doctor *doctor, struct finding *finding)
{
    if (!doctor->settings->docker_given) {
        finding_say(finding, VERDICT_SKIPPED, "%s", doctor_why_unknown(doctor));
    } else if (!doctor->dns_name[0]) {
        finding_say(finding, VERDICT_SKIPPED,
                    "no service is followed that could be asked for: neither a label nor the "
                    "mapping file names one");
    } else {
        finding_say(finding, VERDICT_SKIPPED, "Docker's DNS answers in containers only");
        finding_advise(finding, "docker exec CONTAINER swarmward doctor ...");
    }
}

void doctor_check_dns(const struct doctor *doctor, struct finding *finding)
{
    const char *name = doctor->dns_name;

    switch (doctor->dns) {
    case DNS_NOT_ASKED:
        skip_dns(doctor, finding);
        return;
    case DNS_SILENT:
        finding_say(finding, VERDICT_ERROR, "tasks.%s: no answer%s%s", name,
                    doctor->dns_problem[0] ? ": " : "", doctor->dns_problem);
        finding_advise(finding,
                       "see that /etc/resolv.conf of the container names 127.0.0.11; "
                       "without DNS swarmward learns of a task's end only when it is over");
        return;
    case DNS_EMPTY:
        finding_say(finding, VERDICT_WARNING, "tasks.%s: no address, after %lld.%lld ms", name,
                    (long long)(doctor->dns_us / 1000), (long long)(doctor->dns_us % 1000 / 100));
        finding_advise(finding,
                       "see that the service runs (docker service ps %s) and shares a "
                       "network with swarmward",
                       name);
        return;
    case DNS_GOOD:
        finding_say(finding, VERDICT_OK, "tasks.%s: %zu address%s after %lld.%lld ms", name,
                    doctor->dns_count, doctor->dns_count == 1 ? "" : "es",
                    (long long)(doctor->dns_us / 1000), (long long)(doctor->dns_us % 1000 / 100));
        return;
    }
}
