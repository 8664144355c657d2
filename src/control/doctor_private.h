#ifndef SWARMWARD_CONTROL_DOCTOR_PRIVATE_H
#define SWARMWARD_CONTROL_DOCTOR_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/err.h"
#include "docker/objects.h"
#include "model/settings.h"

/* What doctor asked and was told, and what its checks make of it. */

/* The worse one is the greater. */
enum verdict {
    VERDICT_OK,
    VERDICT_SKIPPED, /* it cannot be seen from here */
    VERDICT_WARNING, /* it works, but not well */
    VERDICT_ERROR,
};

/* Of one check. Zero-initialised is ok, with nothing found. */
struct finding {
    /* owned */
    struct buffer found; /* what was found, parts divided by "; " */
    struct buffer todo;  /* what to do about it; empty when nothing */
    enum verdict verdict;
};

/* doctor_finding.c. A finding has the worst verdict of what was said. */
void finding_say(struct finding *finding, enum verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void finding_advise(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Names for a sentence: "a, b, c and 7 more". Zero-initialised is empty. */
struct name_list {
    /* owned */
    struct buffer names;
    size_t count;
};

void name_list_add(struct name_list *list, struct text name);
const char *name_list_end(struct name_list *list); /* until the list is done */
void name_list_done(struct name_list *list);

enum dns_state {
    DNS_NOT_ASKED,
    DNS_SILENT, /* no answer, or a failure */
    DNS_EMPTY,  /* no such name */
    DNS_GOOD,
};

struct doctor_options {
    const char *config_path;
    const char *service;       /* swarmward's own; NULL: that of the container it runs in */
    const char *docker_socket; /* as given to `run`; NULL: not given */
    const char *user;          /* the same */
    bool json;
};

struct doctor {
    /* owned */
    struct settings *settings;
    struct arena arena; /* all that the Engine said */
    /* borrowed */
    const struct doctor_options *options;
    const struct docker_service *own; /* swarmward's service; NULL: not known */
    char container[65];               /* that doctor runs in; "" outside of one */
    /* Why the Engine was not asked, or what it answered instead; "" when all is well. Lists are
     * empty then. */
    char problem[ERR_TEXT_BYTES];
    bool has_version;
    bool has_info;
    bool has_lists;
    char api_version[16];
    struct docker_version version;
    struct docker_info info;
    int64_t clock_off_ms; /* the Engine's before ours */
    bool has_clock;
    struct docker_node *nodes;
    size_t node_count;
    struct docker_network *networks;
    size_t network_count;
    struct docker_service *services;
    size_t service_count;
    struct docker_task *tasks; /* of this node */
    size_t task_count;
    char dns_name[256]; /* of the service that DNS was asked for */
    char dns_problem[ERR_TEXT_BYTES];
    enum dns_state dns;
    size_t dns_count;
    int64_t dns_us;
};

/* doctor_ask.c: fills in all that is asked. */
void doctor_ask(struct doctor *doctor);
/* Why a check that needs the lists is skipped: `problem`, or that it was said already. */
const char *doctor_why_unknown(const struct doctor *doctor);
/* NULL: there is none of this ID or name. */
const struct docker_network *doctor_network(const struct doctor *doctor, struct text id_or_name);
/* Is it one that swarmward may use: of docker.networks, else of its own service? */
bool doctor_network_is_own(const struct doctor *doctor, const struct docker_network *network);
bool doctor_knows_own_networks(const struct doctor *doctor);
/* The service is on one of those; true as well when they are not known. */
bool doctor_shares_network(const struct doctor *doctor, const struct docker_service *service);

/* doctor_labels.c: its labels can be read, and say that it is enabled. `problem_out` is "" when
 * they can be read. */
bool doctor_service_is_enabled(const struct doctor *doctor, const struct docker_service *service,
                               struct err *problem_out);

/* The checks. */
void doctor_check_socket(const struct doctor *doctor, struct finding *finding);
void doctor_check_engine(const struct doctor *doctor, struct finding *finding);
void doctor_check_versions(const struct doctor *doctor, struct finding *finding);
void doctor_check_clock(const struct doctor *doctor, struct finding *finding);
void doctor_check_publish(const struct doctor *doctor, struct finding *finding);
void doctor_check_networks(const struct doctor *doctor, struct finding *finding);
void doctor_check_mtu(const struct doctor *doctor, struct finding *finding);
void doctor_check_dns(const struct doctor *doctor, struct finding *finding);
void doctor_check_labels(const struct doctor *doctor, struct finding *finding);

#endif
