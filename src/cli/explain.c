/* `swarmward explain URL`: where a request would go and why, without sending one. */

#include <stdio.h>
#include <string.h>

#include "command_client.h"
#include "subcommands.h"
#include "table.h"

/* The label's column; what it labels follows, and a line end. */
#define LINE(label, format) "%-12s " format "\n", label

/* Those whose names begin with `prefix`, without it. Nothing at all when none is set. */
static void write_fields(const char *label, json_t *policy, const char *prefix, struct buffer *out)
{
    struct buffer line = { 0 };
    size_t skip = strlen(prefix);
    const char *key;
    const json_t *value;
    void *at;

    for (at = json_object_iter(policy); at; at = json_object_iter_next(policy, at)) {
        key = json_object_iter_key(at);
        value = json_object_iter_value(at);
        if (strncmp(key, prefix, skip) != 0)
            continue;
        key += skip;
        if (json_string_length(value))
            buffer_format(&line, "%s%s=%s", buffer_len(&line) ? " " : "", key,
                          json_string_value(value));
    }
    buffer_append_byte(&line, '\0');
    if (buffer_len(&line) > 1)
        buffer_format(out, LINE(label, "%s"), line.bytes + line.start);
    buffer_done(&line);
}

static void write_policy(const char *label, json_t *policy, struct buffer *out)
{
    write_fields(label, policy, "", out);
}

static void write_client_certificate(const json_t *asked, struct buffer *out)
{
    if (!asked || strcmp(answer_text(asked, "mode"), "off") == 0)
        return;
    buffer_format(out, LINE("clients", "show a certificate (%s), the service is told: %s"),
                  answer_text(asked, "mode"), answer_text(asked, "forward"));
}

/* What is off is not told in detail. */
static void write_delivery(const json_t *domain, struct buffer *out)
{
    json_t *delivery = json_object_get(domain, "delivery");

    write_policy("headers", json_object_get(domain, "headers"), out);
    if (strcmp(answer_text(delivery, "compression.enabled"), "true") == 0)
        write_fields("compression", delivery, "compression.", out);
    if (answer_text(delivery, "forward_auth.service")[0])
        write_fields("forward_auth", delivery, "forward_auth.", out);
    if (answer_text(delivery, "error_pages")[0])
        buffer_format(out, LINE("error pages", "%s"), answer_text(delivery, "error_pages"));
}

static void write_domain(const json_t *domain, struct buffer *out)
{
    const json_t *certificate;
    size_t i;

    if (!domain)
        return;
    buffer_format(out, LINE("domain", "%s (%s)"), answer_text(domain, "name"),
                  answer_text(domain, "matched"));
    json_array_foreach(json_object_get(domain, "certificates"), i, certificate)
    {
        const char *name = answer_text(certificate, "name");

        buffer_format(out, LINE("certificate", "%s (%s), ends %s, %lld days left"),
                      name[0] ? name : "-", answer_text(certificate, "kind"),
                      answer_text(certificate, "not_after"),
                      answer_number(certificate, "days_left"));
    }
    if (json_object_get(domain, "policy"))
        write_policy("policy", json_object_get(domain, "policy"), out);
    write_client_certificate(json_object_get(domain, "client_certificate"), out);
    write_delivery(domain, out);
}

static void write_redirect(const json_t *answer, struct buffer *out)
{
    if (json_object_get(answer, "location_host"))
        buffer_format(out, LINE("sent to", "%s"), answer_text(answer, "location_host"));
    if (json_object_get(answer, "redirect_to"))
        buffer_format(out, LINE("sent to", "%s, for paths beneath %s"),
                      answer_text(answer, "redirect_to"), answer_text(answer, "redirect_path"));
}

static void write_route(const json_t *route, struct buffer *out)
{
    if (!route)
        return;
    buffer_format(out, LINE("route", "%s, path %s"), answer_text(route, "name"),
                  answer_text(route, "path"));
    write_policy("", json_object_get(route, "policy"), out);
}

static void write_endpoint(const json_t *endpoint, struct buffer *out)
{
    const char *state = answer_text(endpoint, "state");

    if (strcmp(state, "ejected") == 0)
        buffer_format(out, LINE("endpoint", "%s: ejected by %lld workers for another %lld ms"),
                      answer_text(endpoint, "name"), answer_number(endpoint, "ejected_workers"),
                      answer_number(endpoint, "ejected_for_ms"));
    else
        buffer_format(out, LINE("endpoint", "%s: %s, checked: %s, %lld in flight"),
                      answer_text(endpoint, "name"), state, answer_text(endpoint, "health"),
                      answer_number(endpoint, "in_flight"));
    if (answer_text(endpoint, "last_failure")[0])
        buffer_format(out, LINE("", "%s: could not be reached last time: %s"),
                      answer_text(endpoint, "name"), answer_text(endpoint, "last_failure"));
}

static void write_auth(const json_t *auth, struct buffer *out)
{
    if (auth)
        buffer_format(out, LINE("asked first", "%s%s, of whom %lld can be reached %s"),
                      answer_text(auth, "service"), answer_text(auth, "path"),
                      answer_number(auth, "usable"), answer_text(auth, "why"));
}

static void write_tls(const json_t *service, struct buffer *out)
{
    const json_t *tls = json_object_get(service, "tls");
    const char *name = answer_text(tls, "name");
    bool by_name = strcmp(answer_text(tls, "verify"), "full") == 0;

    if (tls)
        buffer_format(out, LINE("verified", "by CA%s%s"), by_name ? " and name " : " alone",
                      !by_name  ? ""
                      : name[0] ? name
                                : "(the address of each)");
    if (json_is_true(json_object_get(tls, "shows_certificate")))
        buffer_format(out, LINE("", "we show a certificate, which ends %s%s"),
                      answer_text(tls, "certificate_ends"),
                      json_is_true(json_object_get(tls, "mutual")) ? ", and must be asked for it"
                                                                   : "");
    if (strcmp(answer_text(service, "websocket"), "extended_connect") == 0)
        buffer_format(out, LINE("WebSocket", "by extended CONNECT; an endpoint that does not take "
                                             "it: 501 backend_no_websocket"));
}

static void write_service(const json_t *service, struct buffer *out)
{
    const json_t *endpoint;
    size_t i;

    if (!service)
        return;
    buffer_format(out, LINE("service", "%s"), answer_text(service, "name"));
    write_policy("", json_object_get(service, "policy"), out);
    write_tls(service, out);
    json_array_foreach(json_object_get(service, "endpoints"), i, endpoint)
    {
        write_endpoint(endpoint, out);
    }
}

static void write_quarantined(const json_t *quarantined, struct buffer *out)
{
    if (!quarantined)
        return;
    buffer_format(out, LINE("quarantined", "%s: %s"), answer_text(quarantined, "service"),
                  answer_text(quarantined, "reason"));
    if (json_is_true(json_object_get(quarantined, "last_good")))
        buffer_format(out, LINE("", "its labels of before are served"));
}

static void print(const json_t *answer)
{
    const char *reason = answer_text(answer, "reason");
    long long status = answer_number(answer, "status");
    struct buffer out = { 0 };

    buffer_format(&out, LINE("request", "%s %s://%s%s"), answer_text(answer, "method"),
                  answer_text(answer, "scheme"), answer_text(answer, "host"),
                  answer_text(answer, "path"));
    write_domain(json_object_get(answer, "domain"), &out);
    write_redirect(answer, &out);
    write_route(json_object_get(answer, "route"), &out);
    write_auth(json_object_get(answer, "forward_auth"), &out);
    write_service(json_object_get(answer, "service"), &out);
    write_quarantined(json_object_get(answer, "quarantined"), &out);
    buffer_format(&out, LINE("outcome", "%s"), answer_text(answer, "outcome"));
    if (status)
        buffer_format(&out, LINE("status", "%lld%s%s"), status, reason[0] ? " " : "", reason);
    else if (reason[0])
        buffer_format(&out, LINE("reason", "%s"), reason);
    buffer_format(&out, LINE("why", "%s"), answer_text(answer, "why"));
    fwrite(out.bytes + out.start, 1, buffer_len(&out), stdout);
    buffer_done(&out);
}

static void write_request(const struct arguments *arguments, struct buffer *out)
{
    buffer_format(out, "{\"command\":\"explain\",\"url\":");
    buffer_append_json(out, text_of(arguments->words[0]));
    if (arguments->word_count > 1) {
        buffer_format(out, ",\"method\":");
        buffer_append_json(out, text_of(arguments->words[1]));
    }
    buffer_append_byte(out, '}');
}

static int run(const struct arguments *arguments)
{
    struct buffer request = { 0 };
    struct buffer raw = { 0 };
    json_t *answer = NULL;
    int code;

    write_request(arguments, &request);
    code = command_ask(arguments, buffer_text(&request), &raw, &answer);
    if (code == EXIT_DONE && arguments->json)
        fwrite(raw.bytes + raw.start, 1, buffer_len(&raw), stdout);
    else if (code == EXIT_DONE)
        print(answer);
    json_decref(answer);
    buffer_done(&request);
    buffer_done(&raw);
    return code;
}

const struct subcommand explain_subcommand = {
    .name = "explain",
    .summary = "say where a request for a URL would go, and why",
    .words = "URL [METHOD]",
    .words_least = 1,
    .words_most = 2,
    .options = { &json_option, &socket_option },
    .text = "Say which domain, route, service and endpoints a request for URL would meet, under\n"
            "which policy, or where it would end and why. Nothing is sent. Exit code 0 when there\n"
            "was an answer, whatever it is.",
    .run = run,
};
