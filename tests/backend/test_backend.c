/*
 * A small web server to stand behind swarmward in the demo and in the tests: it says which backend
 * answered and what it was sent, as a page for people or as JSON for programs. Run by conf/demo/run
 * and by tests/system. It is polite; backends that lie are scripted in tests/system instead.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <jansson.h>

#define BYTES_MOST 1073741824L /* of /bytes/N */

struct backend {
    const char *name;
    unsigned long answered;
};

static const char *method_name(enum evhttp_cmd_type type)
{
    switch (type) {
    case EVHTTP_REQ_GET:
        return "GET";
    case EVHTTP_REQ_POST:
        return "POST";
    case EVHTTP_REQ_HEAD:
        return "HEAD";
    case EVHTTP_REQ_PUT:
        return "PUT";
    case EVHTTP_REQ_DELETE:
        return "DELETE";
    case EVHTTP_REQ_OPTIONS:
        return "OPTIONS";
    case EVHTTP_REQ_PATCH:
        return "PATCH";
    case EVHTTP_REQ_TRACE:
    case EVHTTP_REQ_CONNECT:
        break;
    }
    return "?";
}

static void answer(struct evhttp_request *request, int status, const char *type,
                   struct evbuffer *body)
{
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
    evhttp_send_reply(request, status, NULL, body);
}

static void answer_page(const struct backend *backend, struct evhttp_request *request,
                        struct evbuffer *body)
{
    const struct evkeyval *field;

    evbuffer_add_printf(body,
                        "<!doctype html>\n<title>%s</title>\n<h1>Backend %s answered</h1>\n"
                        "<p>Its request number %lu. It was sent these fields:</p>\n<table>\n",
                        backend->name, backend->name, backend->answered);
    for (field = evhttp_request_get_input_headers(request)->tqh_first; field != NULL;
         field = field->next.tqe_next) {
        char *name = evhttp_htmlescape(field->key);
        char *value = evhttp_htmlescape(field->value);

        evbuffer_add_printf(body, "<tr><td>%s<td>%s\n", name, value);
        free(name);
        free(value);
    }
    evbuffer_add_printf(body, "</table>\n");
    answer(request, 200, "text/html; charset=utf-8", body);
}

static void answer_facts(const struct backend *backend, struct evhttp_request *request,
                         struct evbuffer *body)
{
    json_t *fields = json_object();
    const struct evkeyval *field;
    char *text;
    json_t *facts;

    for (field = evhttp_request_get_input_headers(request)->tqh_first; field != NULL;
         field = field->next.tqe_next)
        json_object_set_new(fields, field->key, json_string_nocheck(field->value));
    facts = json_pack("{s:s, s:s, s:s, s:I, s:o}", "backend", backend->name, "method",
                      method_name(evhttp_request_get_command(request)), "target",
                      evhttp_request_get_uri(request), "body_bytes",
                      (json_int_t)evbuffer_get_length(evhttp_request_get_input_buffer(request)),
                      "fields", fields);
    text = json_dumps(facts, JSON_INDENT(2));
    evbuffer_add_printf(body, "%s\n", text != NULL ? text : "{}");
    free(text);
    json_decref(facts);
    answer(request, 200, "application/json", body);
}

static void answer_bytes(struct evhttp_request *request, const char *count, struct evbuffer *body)
{
    static const char zeros[16384];
    char *end;
    long left = strtol(count, &end, 10);

    if (end == count || *end != '\0' || left < 0 || left > BYTES_MOST) {
        evbuffer_add_printf(body, "write /bytes/N with N up to %ld\n", BYTES_MOST);
        answer(request, 400, "text/plain", body);
        return;
    }
    for (; left > 0; left -= (long)sizeof(zeros)) {
        size_t piece = left < (long)sizeof(zeros) ? (size_t)left : sizeof(zeros);

        evbuffer_add_reference(body, zeros, piece, NULL, NULL);
    }
    answer(request, 200, "application/octet-stream", body);
}

static void on_request(struct evhttp_request *request, void *owner)
{
    struct backend *backend = owner;
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    const char *accept = evhttp_find_header(evhttp_request_get_input_headers(request), "Accept");
    struct evbuffer *body = evbuffer_new();

    backend->answered++;
    evhttp_add_header(evhttp_request_get_output_headers(request), "X-Backend", backend->name);
    if (strcmp(path, "/healthz") == 0) {
        evbuffer_add_printf(body, "ok\n");
        answer(request, 200, "text/plain", body);
    } else if (strncmp(path, "/bytes/", 7) == 0) {
        answer_bytes(request, path + 7, body);
    } else if (accept != NULL && strstr(accept, "text/html") != NULL) {
        answer_page(backend, request, body);
    } else {
        answer_facts(backend, request, body);
    }
    evbuffer_free(body);
}

static void on_stop(evutil_socket_t signal_number, short what, void *owner)
{
    (void)signal_number;
    (void)what;
    event_base_loopbreak(owner);
}

static int serve(struct backend *backend, const char *address, const char *port)
{
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    struct event *stop = evsignal_new(base, SIGTERM, on_stop, base);
    int status = EXIT_FAILURE;

    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                         EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
                                         EVHTTP_REQ_PATCH);
    evhttp_set_gencb(http, on_request, backend);
    evsignal_add(stop, NULL);
    if (evhttp_bind_socket(http, address, (uint16_t)strtoul(port, NULL, 10)) != 0) {
        fprintf(stderr, "test-backend: %s:%s: can not listen there; is the port taken?\n", address,
                port);
        goto out;
    }
    printf("backend %s on %s:%s\n", backend->name, address, port);
    fflush(stdout);
    event_base_dispatch(base);
    status = EXIT_SUCCESS;
out:
    event_free(stop);
    evhttp_free(http);
    event_base_free(base);
    return status;
}

int main(int count, char **arguments)
{
    struct backend backend = { 0 };

    if (count != 4) {
        fprintf(stderr, "usage: test-backend NAME ADDRESS PORT\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* nothing stays behind when a demo is killed */
    backend.name = arguments[1];
    return serve(&backend, arguments[2], arguments[3]);
}
