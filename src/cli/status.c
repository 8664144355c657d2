/* `swarmward status`: the facts of the running swarmward as tables, or as JSON. */

#include <stdio.h>

#include "command_client.h"
#include "subcommands.h"
#include "table.h"

const struct option_row json_option = {
    .name = "--json",
    .offset = offsetof(struct arguments, json),
    .help = "as JSON, for programs",
};

#define NUMBER_BYTES 24

struct number {
    char text[NUMBER_BYTES];
};

static struct number number_of(const json_t *object, const char *key)
{
    struct number number;

    snprintf(number.text, sizeof(number.text), "%lld", answer_number(object, key));
    return number;
}

static void write_head(const json_t *answer, struct buffer *out)
{
    buffer_format(out, "swarmward %s: %s, generation %lld since %s\n",
                  answer_text(answer, "version"), answer_text(answer, "phase"),
                  answer_number(answer, "generation"), answer_text(answer, "since"));
    buffer_format(out, "https %s, http %s, file %s%s\n\n", answer_text(answer, "https"),
                  answer_text(answer, "http"), answer_text(answer, "file"),
                  json_is_true(json_object_get(answer, "dev")) ? ", with certificates of --dev"
                                                               : "");
}

/* "clinic (ecdsa), clinic (rsa)"; the name of one that nobody named is "-". */
static void write_certificate_names(const json_t *answer, const json_t *domain, struct buffer *out)
{
    const json_t *all = json_object_get(answer, "certificates");
    const json_t *index;
    size_t i;

    buffer_clear(out);
    json_array_foreach(json_object_get(domain, "certificates"), i, index)
    {
        const json_t *certificate = json_array_get(all, (size_t)json_integer_value(index));
        const char *name = answer_text(certificate, "name");

        buffer_format(out, "%s%s (%s)", i ? ", " : "", name[0] ? name : "-",
                      answer_text(certificate, "kind"));
    }
    buffer_append_byte(out, '\0');
}

static void write_domains(const json_t *answer, struct buffer *out)
{
    struct table table = { 0 };
    struct buffer names = { 0 };
    const json_t *domain;
    const json_t *route;
    size_t i;
    size_t j;

    TABLE_ROW(&table, "DOMAIN", "ROUTE", "PATH", "SERVICE", "CERTIFICATES");
    json_array_foreach(json_object_get(answer, "domains"), i, domain)
    {
        write_certificate_names(answer, domain, &names);
        json_array_foreach(json_object_get(domain, "routes"), j, route)
        {
            TABLE_ROW(&table, answer_text(domain, "name"), answer_text(route, "name"),
                      answer_text(route, "path"), answer_text(route, "service"),
                      names.bytes + names.start);
        }
    }
    table_write(&table, out);
    buffer_done(&names);
}

static void write_services(const json_t *answer, struct buffer *out)
{
    struct table table = { 0 };
    const json_t *service;
    const json_t *endpoint;
    size_t i;
    size_t j;

    TABLE_ROW(&table, "SERVICE", "ENDPOINT", "STATE", "CHECKED", "WEIGHT", "IN FLIGHT", "REQUESTS");
    json_array_foreach(json_object_get(answer, "services"), i, service)
    {
        json_array_foreach(json_object_get(service, "endpoints"), j, endpoint)
        {
            TABLE_ROW(&table, answer_text(service, "name"), answer_text(endpoint, "name"),
                      answer_text(endpoint, "state"), answer_text(endpoint, "health"),
                      number_of(endpoint, "weight").text, number_of(endpoint, "in_flight").text,
                      number_of(endpoint, "requests").text);
        }
    }
    table_write(&table, out);
}

static void write_certificates(const json_t *answer, struct buffer *out)
{
    struct table table = { 0 };
    const json_t *certificate;
    size_t i;

    TABLE_ROW(&table, "CERTIFICATE", "KEY", "ID", "ENDS", "DAYS LEFT");
    json_array_foreach(json_object_get(answer, "certificates"), i, certificate)
    {
        const char *name = answer_text(certificate, "name");

        TABLE_ROW(&table, name[0] ? name : "-", answer_text(certificate, "kind"),
                  answer_text(certificate, "id"), answer_text(certificate, "not_after"),
                  number_of(certificate, "days_left").text);
    }
    table_write(&table, out);
}

static void write_docker(const json_t *answer, struct buffer *out)
{
    const json_t *docker = json_object_get(answer, "docker");
    const char *problem = answer_text(docker, "problem");

    if (!docker)
        return;
    buffer_format(out, "docker %s%s%s%s, API %s, %lld services followed of %lld%s\n",
                  answer_text(docker, "link"), problem[0] ? " (" : "", problem,
                  problem[0] ? ")" : "", answer_text(docker, "api_version"),
                  answer_number(docker, "services_followed"),
                  answer_number(docker, "services_seen"),
                  json_is_true(json_object_get(docker, "stale")) ? ", stale" : "");
}

static void write_quarantined(const json_t *answer, struct buffer *out)
{
    const json_t *all = json_object_get(answer, "quarantined");
    struct table table = { 0 };
    const json_t *one;
    size_t i;

    if (!json_array_size(all))
        return;
    TABLE_ROW(&table, "QUARANTINED", "LAST GOOD", "REASON");
    json_array_foreach(all, i, one)
    {
        TABLE_ROW(&table, answer_text(one, "service"),
                  json_is_true(json_object_get(one, "last_good")) ? "served" : "none",
                  answer_text(one, "reason"));
    }
    table_write(&table, out);
}

/* Services whose requests are refused, and why. */
static void write_refusals(const json_t *answer, struct buffer *out)
{
    struct table table = { 0 };
    const json_t *service;
    size_t i;
    bool any = false;

    json_array_foreach(json_object_get(answer, "services"), i, service)
    {
        const char *refusal = answer_text(service, "refusal");

        if (!refusal[0])
            continue;
        if (!any)
            TABLE_ROW(&table, "REFUSED", "REASON", "WHY");
        any = true;
        TABLE_ROW(&table, answer_text(service, "name"), refusal, answer_text(service, "why"));
    }
    if (any)
        table_write(&table, out);
}

static void write_process(struct table *table, const char *name, const json_t *process)
{
    TABLE_ROW(table, name, number_of(process, "pid").text, number_of(process, "restarts").text,
              number_of(process, "up_s").text, "", "", "");
}

static void write_processes(const json_t *answer, struct buffer *out)
{
    struct table table = { 0 };
    const json_t *worker;
    size_t i;

    TABLE_ROW(&table, "PROCESS", "PID", "RESTARTS", "UP (S)", "CONNECTIONS", "REQUESTS",
              "GENERATION");
    write_process(&table, "control", json_object_get(answer, "control"));
    write_process(&table, "keys", json_object_get(answer, "keys"));
    write_process(&table, "checker", json_object_get(answer, "checker"));
    json_array_foreach(json_object_get(answer, "workers"), i, worker)
    {
        char name[32];

        snprintf(name, sizeof(name), "worker %lld", answer_number(worker, "index"));
        TABLE_ROW(&table, name, number_of(worker, "pid").text, number_of(worker, "restarts").text,
                  number_of(worker, "up_s").text, number_of(worker, "connections_open").text,
                  number_of(worker, "requests").text, number_of(worker, "generation").text);
    }
    table_write(&table, out);
}

static void print(const json_t *answer)
{
    struct buffer out = { 0 };

    write_head(answer, &out);
    write_docker(answer, &out);
    write_domains(answer, &out);
    write_services(answer, &out);
    write_refusals(answer, &out);
    write_quarantined(answer, &out);
    write_certificates(answer, &out);
    write_processes(answer, &out);
    fwrite(out.bytes + out.start, 1, buffer_len(&out), stdout);
    buffer_done(&out);
}

static int run(const struct arguments *arguments)
{
    struct buffer raw = { 0 };
    json_t *answer = NULL;
    int code = command_ask_plain(arguments, "status", &raw, &answer);

    if (code == EXIT_DONE && arguments->json)
        fwrite(raw.bytes + raw.start, 1, buffer_len(&raw), stdout);
    else if (code == EXIT_DONE)
        print(answer);
    json_decref(answer);
    buffer_done(&raw);
    return code;
}

const struct subcommand status_subcommand = {
    .name = "status",
    .summary = "show domains, services, endpoints, certificates and processes",
    .options = { &json_option, &socket_option },
    .text = "Show what is served: domains with their routes, services with the state of their\n"
            "endpoints, certificates with their end, processes with their counters.",
    .run = run,
};
