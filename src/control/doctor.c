/*
 * `swarmward doctor`: a table of checks, one row each. doctor_ask.c asks first, then every check
 * judges what it was told; this file runs them and prints.
 */

#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/settings_file.h"
#include "discovery/own_task.h"
#include "doctor_private.h"
#include "json_out.h"

enum {
    DOCTOR_GOOD = 0,
    DOCTOR_ERROR = 1,
    DOCTOR_USAGE = 2,
};

struct doctor_check {
    const char *name;
    void (*judge)(const struct doctor *doctor, struct finding *finding);
};

static const struct doctor_check checks[] = {
    { "socket", doctor_check_socket },     /* may control open the Docker socket? */
    { "engine", doctor_check_engine },     /* does it answer, as a manager of a swarm? */
    { "versions", doctor_check_versions }, /* of the Engines of all nodes */
    { "clock", doctor_check_clock },       /* the Engine's against ours */
    { "publish", doctor_check_publish },   /* host mode or routing mesh */
    { "networks", doctor_check_networks }, /* shared with services, and encrypted */
    { "mtu", doctor_check_mtu },           /* do packets of the overlay fit? */
    { "dns", doctor_check_dns },           /* does tasks.SERVICE answer? */
    { "labels", doctor_check_labels },     /* can they be read? */
};

#define CHECKS (sizeof(checks) / sizeof(checks[0]))

static const char *const verdict_names[] = {
    [VERDICT_OK] = "ok",
    [VERDICT_SKIPPED] = "skipped",
    [VERDICT_WARNING] = "warning",
    [VERDICT_ERROR] = "error",
};

static void print_lines(const struct finding *findings, const size_t *counts, struct buffer *out)
{
    for (size_t i = 0; i < CHECKS; i++) {
        buffer_format(out, "%-8s %-9s %.*s\n", verdict_names[findings[i].verdict], checks[i].name,
                      TEXT_ARGS(buffer_text(&findings[i].found)));
        if (buffer_len(&findings[i].todo))
            buffer_format(out, "%-18s -> %.*s\n", "", TEXT_ARGS(buffer_text(&findings[i].todo)));
    }
    buffer_format(out, "\nerrors=%zu warnings=%zu skipped=%zu\n", counts[VERDICT_ERROR],
                  counts[VERDICT_WARNING], counts[VERDICT_SKIPPED]);
}

static void print_json(const struct finding *findings, const size_t *counts, struct buffer *out)
{
    struct json_out json = json_to(out);

    json_put_object(&json, NULL);
    json_put_array(&json, "checks");
    for (size_t i = 0; i < CHECKS; i++) {
        json_put_object(&json, NULL);
        json_put_text(&json, "name", text_of(checks[i].name));
        json_put_text(&json, "verdict", text_of(verdict_names[findings[i].verdict]));
        json_put_text(&json, "found", buffer_text(&findings[i].found));
        json_put_text(&json, "todo", buffer_text(&findings[i].todo));
        json_put_object_end(&json);
    }
    json_put_array_end(&json);
    json_put_number(&json, "errors", (int64_t)counts[VERDICT_ERROR]);
    json_put_number(&json, "warnings", (int64_t)counts[VERDICT_WARNING]);
    json_put_number(&json, "skipped", (int64_t)counts[VERDICT_SKIPPED]);
    json_put_object_end(&json);
    buffer_append_byte(out, '\n');
}

static int judge(const struct doctor *doctor)
{
    struct finding findings[CHECKS] = { 0 };
    size_t counts[VERDICT_ERROR + 1] = { 0 };
    struct buffer out = { 0 };

    for (size_t i = 0; i < CHECKS; i++) {
        checks[i].judge(doctor, &findings[i]);
        counts[findings[i].verdict]++;
    }
    if (doctor->options->json)
        print_json(findings, counts, &out);
    else
        print_lines(findings, counts, &out);
    fwrite(out.bytes + out.start, 1, buffer_len(&out), stdout);
    buffer_done(&out);
    for (size_t i = 0; i < CHECKS; i++) {
        buffer_done(&findings[i].found);
        buffer_done(&findings[i].todo);
    }
    return counts[VERDICT_ERROR] ? DOCTOR_ERROR : DOCTOR_GOOD;
}

static struct settings *load(const char *path)
{
    struct problems problems = { 0 };
    struct settings *settings;

    if (!path) {
        settings = settings_new();
        settings->docker_given = true;
        return settings;
    }
    settings = settings_load(path, &problems);
    if (!settings) {
        struct text lines = buffer_text(&problems.lines);

        fprintf(stderr, "%.*s%s: not valid; see swarmward check\n", TEXT_ARGS(lines), path);
    }
    problems_done(&problems);
    return settings;
}

/* An option with a value; NULL: it is none. */
static const char **place_of(struct doctor_options *options, const char *name)
{
    if (strcmp(name, "--config") == 0)
        return &options->config_path;
    if (strcmp(name, "--service") == 0)
        return &options->service;
    if (strcmp(name, "--docker-socket") == 0)
        return &options->docker_socket;
    if (strcmp(name, "--user") == 0)
        return &options->user;
    return NULL;
}

static int parse_arguments(int argc, char **argv, struct doctor_options *options)
{
    for (int i = 2; i < argc; i++) {
        const char **place = place_of(options, argv[i]);

        if (strcmp(argv[i], "--json") == 0)
            options->json = true;
        else if (place && i + 1 < argc)
            *place = argv[++i];
        else
            return -1;
    }
    return 0;
}

int doctor_main(int argc, char **argv)
{
    struct doctor_options options = { 0 };
    struct doctor doctor = { .options = &options };
    int code;

    if (parse_arguments(argc, argv, &options) < 0) {
        fputs("use: swarmward doctor [--json] [-c FILE] [--service NAME]\n", stderr);
        return DOCTOR_USAGE;
    }
    doctor.settings = load(options.config_path);
    if (!doctor.settings)
        return DOCTOR_USAGE;
    own_container_id("/proc/self/mountinfo", doctor.container);
    doctor_ask(&doctor);
    code = judge(&doctor);
    arena_done(&doctor.arena);
    settings_free(doctor.settings);
    return code;
}
