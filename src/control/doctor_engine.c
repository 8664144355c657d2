/* Doctor's checks of the socket, the Engine, the versions of all nodes, and the clock. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor_private.h"
#include "process/privileges.h"

#define CLOCK_WARNING_MS 2000
#define CLOCK_ERROR_MS   60000

/* --- the socket ----------------------------------------------------------------------------------
 */

/* As whom control will run: the parent gives it the group of the Docker socket on top. */
static int control_identity(const struct doctor *doctor, struct spawn_identity *identity,
                            struct err *err)
{
    *identity = (struct spawn_identity){ .uid = geteuid(), .gid = getegid() };
    if (geteuid() != 0)
        return 0;
    return privileges_choose_user(doctor->options->user, privileges_permitted(), identity, err);
}

/* The paths whose group control joins: see --docker-socket of `run`. */
static bool joins_group_of(const struct doctor *doctor, const char *path)
{
    if (doctor->options->docker_socket)
        return strcmp(path, doctor->options->docker_socket) == 0;
    return strcmp(path, "/run/swarmward/docker.sock") == 0 ||
           strcmp(path, "/var/run/docker.sock") == 0;
}

static bool may_open(const struct spawn_identity *identity, const struct stat *info)
{
    if (identity->uid == 0)
        return true;
    if (identity->uid == info->st_uid)
        return info->st_mode & S_IWUSR;
    if (identity->gid == info->st_gid || (identity->has_group && identity->group == info->st_gid))
        return info->st_mode & S_IWGRP;
    return info->st_mode & S_IWOTH;
}

static void judge_permission(const struct doctor *doctor, const char *path, const struct stat *info,
                             struct finding *finding)
{
    struct spawn_identity identity;
    struct err err;

    if (control_identity(doctor, &identity, &err) < 0) {
        finding_say(finding, VERDICT_ERROR, "%s", err.text);
        finding_advise(finding, "see --user of swarmward run");
        return;
    }
    /* started as root it joins the group; an ordinary user has the groups that it has */
    if (geteuid() == 0) {
        identity.has_group = identity.drop && joins_group_of(doctor, path);
        identity.group = info->st_gid;
        identity.uid = identity.drop ? identity.uid : 0;
    }
    if (geteuid() == 0 ? may_open(&identity, info) : access(path, W_OK) == 0) {
        finding_say(finding, VERDICT_OK, "%s, mode %03o, open to uid %u", path,
                    info->st_mode & 0777, (unsigned)identity.uid);
        return;
    }
    finding_say(finding, VERDICT_ERROR,
                "%s belongs to uid %u and gid %u with mode %03o: closed to uid %u, which "
                "swarmward-control becomes",
                path, (unsigned)info->st_uid, (unsigned)info->st_gid, info->st_mode & 0777,
                (unsigned)identity.uid);
    if (geteuid() == 0)
        finding_advise(finding, "start swarmward run with --docker-socket %s", path);
    else
        finding_advise(finding, "put this user into group %u, or start swarmward as root",
                       (unsigned)info->st_gid);
}

static void judge_path(const struct doctor *doctor, const char *path, struct finding *finding)
{
    struct stat info;

    if (stat(path, &info) < 0) {
        finding_say(finding, VERDICT_ERROR, "%s: %s", path, strerror(errno));
        finding_advise(finding,
                       "in a stack file mount /var/run/docker.sock to %s; elsewhere set "
                       "docker.endpoint",
                       path);
    } else if (!S_ISSOCK(info.st_mode)) {
        finding_say(finding, VERDICT_ERROR, "%s is no socket", path);
        finding_advise(finding, "Docker makes a folder where the source of a mount is not there: "
                                "look at the mount's source on this node");
    } else {
        judge_permission(doctor, path, &info, finding);
    }
}

void doctor_check_socket(const struct doctor *doctor, struct finding *finding)
{
    struct text endpoint = doctor->settings->docker.endpoint;

    if (!doctor->settings->docker_given || !endpoint.len) {
        finding_say(finding, VERDICT_SKIPPED, "%s", doctor_why_unknown(doctor));
    } else if (text_starts(endpoint, TEXT("unix://"))) {
        char path[256];

        text_to_buffer(text_from(endpoint, 7), path, sizeof(path));
        judge_path(doctor, path, finding);
    } else {
        finding_say(finding, VERDICT_OK, "none: %.*s%s", TEXT_ARGS(endpoint),
                    doctor->settings->docker.tls_ca.len ? " with mutual TLS" : " in the clear");
    }
}

/* --- the Engine ----------------------------------------------------------------------------------
 */

static void judge_swarm(const struct docker_info *info, struct finding *finding)
{
    struct text state = info->swarm_state;

    if (text_equal(state, TEXT("locked"))) {
        finding_say(finding, VERDICT_ERROR, "the swarm is locked");
        finding_advise(finding, "docker swarm unlock");
    } else if (!text_equal(state, TEXT("active"))) {
        finding_say(finding, VERDICT_ERROR, "swarm mode is %.*s", TEXT_ARGS(state));
        finding_advise(finding, "docker swarm init, or docker swarm join");
    } else if (!info->manager) {
        finding_say(finding, VERDICT_ERROR,
                    "node %.*s is no manager; services, tasks and labels are read on managers only",
                    TEXT_ARGS(info->hostname));
        finding_advise(finding, "place swarmward by the constraint node.role == manager, or set "
                                "docker.endpoint to a manager; with \"\" tasks come from DNS alone "
                                "and labels are not read");
    } else {
        finding_say(finding, VERDICT_OK, "a manager");
    }
    if (info->swarm_error.len)
        finding_say(finding, VERDICT_WARNING, "it says: %.*s", TEXT_ARGS(info->swarm_error));
}

void doctor_check_engine(const struct doctor *doctor, struct finding *finding)
{
    if (!doctor->settings->docker_given || !doctor->settings->docker.endpoint.len) {
        finding_say(finding, VERDICT_SKIPPED, "%s", doctor_why_unknown(doctor));
        return;
    }
    if (!doctor->has_version) {
        finding_say(finding, VERDICT_ERROR, "%s", doctor->problem);
        finding_advise(finding, "see that the Docker daemon runs, and that docker.endpoint is its");
        return;
    }
    finding_say(finding, VERDICT_OK, "Engine %.*s, API %s (it has %.*s to %.*s)",
                TEXT_ARGS(doctor->version.engine), doctor->api_version,
                TEXT_ARGS(doctor->version.min_api), TEXT_ARGS(doctor->version.api));
    if (doctor->has_info)
        judge_swarm(&doctor->info, finding);
    if (doctor->problem[0] && (!doctor->has_info || doctor->info.manager)) {
        finding_say(finding, VERDICT_ERROR, "%s", doctor->problem);
        finding_advise(finding, "look at docker node ls: a swarm that lost most of its managers "
                                "answers no lists");
    }
}

/* --- versions ------------------------------------------------------------------------------------
 */

static bool any_network_encrypts(const struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->network_count; i++)
        if (doctor->networks[i].encrypted)
            return true;
    return false;
}

static void judge_old_engines(const struct doctor *doctor, struct finding *finding)
{
    struct name_list old = { 0 };
    bool gated = doctor->settings->policy.backend_encryption == BACKEND_ENCRYPTION_OVERLAY;
    bool matters = gated || any_network_encrypts(doctor);

    for (size_t i = 0; i < doctor->node_count; i++) {
        const struct docker_node *node = &doctor->nodes[i];
        char name[256];

        if (docker_engine_encrypts(node->engine_version) || docker_node_is_joining(node))
            continue;
        snprintf(name, sizeof(name), "%.*s (%.*s)", TEXT_ARGS(text_first(node->hostname, 100)),
                 TEXT_ARGS(text_first(node->engine_version, 40)));
        name_list_add(&old, text_of(name));
    }
    if (old.count) {
        finding_say(finding, matters ? VERDICT_ERROR : VERDICT_WARNING,
                    "encrypted overlays leak on %s (CVE-2023-28840)%s", name_list_end(&old),
                    gated ? ": no request passes the encryption gate" : "");
        finding_advise(finding, "upgrade these Engines to 20.10.24, 23.0.3 or later");
    }
    name_list_done(&old);
}

static void judge_missing_nodes(const struct doctor *doctor, struct finding *finding)
{
    struct name_list away = { 0 };

    for (size_t i = 0; i < doctor->node_count; i++)
        if (!doctor->nodes[i].ready)
            name_list_add(&away, doctor->nodes[i].hostname);
    if (away.count) {
        finding_say(finding, VERDICT_WARNING, "not ready: %s", name_list_end(&away));
        finding_advise(finding, "docker node ls; remove nodes that will not come back with docker "
                                "node rm");
    }
    name_list_done(&away);
}

void doctor_check_versions(const struct doctor *doctor, struct finding *finding)
{
    struct name_list different = { 0 };

    if (!doctor->has_lists) {
        finding_say(finding, VERDICT_SKIPPED, "%s", doctor_why_unknown(doctor));
        return;
    }
    for (size_t i = 0; i < doctor->node_count; i++) {
        bool known = false;

        for (size_t j = 0; j < i && !known; j++)
            known = text_equal(doctor->nodes[i].engine_version, doctor->nodes[j].engine_version);
        if (!known)
            name_list_add(&different, doctor->nodes[i].engine_version);
    }
    finding_say(finding, VERDICT_OK, "%zu node%s with Engine %s", doctor->node_count,
                doctor->node_count == 1 ? "" : "s", name_list_end(&different));
    name_list_done(&different);
    judge_old_engines(doctor, finding);
    judge_missing_nodes(doctor, finding);
}

/* --- the clock -----------------------------------------------------------------------------------
 */

void doctor_check_clock(const struct doctor *doctor, struct finding *finding)
{
    int64_t off_ms = doctor->clock_off_ms < 0 ? -doctor->clock_off_ms : doctor->clock_off_ms;

    if (!doctor->has_clock) {
        finding_say(finding, VERDICT_SKIPPED, "%s",
                    doctor->has_info ? "the Engine does not say its time"
                                     : doctor_why_unknown(doctor));
        return;
    }
    if (off_ms <= CLOCK_WARNING_MS) {
        finding_say(finding, VERDICT_OK, "the Engine's and ours agree within %lld ms",
                    (long long)CLOCK_WARNING_MS);
        return;
    }
    finding_say(finding, off_ms > CLOCK_ERROR_MS ? VERDICT_ERROR : VERDICT_WARNING,
                "the Engine's is %lld.%lld s %s of ours", (long long)(off_ms / 1000),
                (long long)(off_ms % 1000 / 100), doctor->clock_off_ms > 0 ? "ahead" : "behind");
    finding_advise(finding, "run chrony or systemd-timesyncd on both machines; certificates and "
                            "session tickets are judged by the clock");
}
