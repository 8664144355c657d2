/*
 * Questions to a Docker Engine and their answers. Curl fills buffers; handlers are called when curl
 * has returned, so that they may ask, cancel, and even free the engine. What the answers mean is
 * objects.c.
 */

#include "docker/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "curl_loop.h"
#include "engine_private.h"

#define TIMEOUT_MS    10000L
#define EVENT_BYTES   ((size_t)1024 * 1024)
#define REASON_BYTES  300
#define MESSAGE_BYTES ((size_t)64 * 1024)
#define HEAD_BYTES    ((size_t)64 * 1024)
#define MIB           ((size_t)1024 * 1024)

static const struct {
    const char *path;
    bool versioned;
    size_t most_bytes;
} calls[] = {
    [DOCKER_PING] = { "/_ping", false, MIB },
    [DOCKER_VERSION] = { "/version", false, MIB },
    [DOCKER_INFO] = { "/info", true, 4 * MIB },
    [DOCKER_SERVICES] = { "/services", true, 64 * MIB },
    [DOCKER_TASKS] = { "/tasks", true, 64 * MIB },
    [DOCKER_NETWORKS] = { "/networks", true, 16 * MIB },
    [DOCKER_NODES] = { "/nodes", true, 16 * MIB },
    [DOCKER_CONFIGS] = { "/configs", true, 64 * MIB },
    [DOCKER_EVENTS] = { "/events", true, 2 * EVENT_BYTES },
};

struct docker_request {
    TAILQ_ENTRY(docker_request) link;
    /* owned */
    CURL *easy;
    struct buffer body;
    /* borrowed */
    struct docker_engine *engine;
    const struct docker_handler *handler;
    void *owner;
    enum docker_call call;
    long status; /* of the head that came; 0: none */
    size_t head_bytes;
    bool too_large;
    bool opened; /* on_open was called */
    bool ended;  /* curl is done with it: `result` */
    CURLcode result;
    char detail[CURL_ERROR_SIZE];
};

TAILQ_HEAD(request_list, docker_request);

struct docker_engine {
    /* owned */
    struct request_list requests;
    struct curl_loop *loop;
    struct docker_address address;
    /* borrowed */
    struct io *io;
    char api[DOCKER_API_BYTES]; /* "": not negotiated */
    long timeout_ms;
    uint64_t request_count;
    uint64_t byte_count;
    bool freed; /* its memory goes at the end of the turn */
};

/* --- asking --------------------------------------------------------------------------------------
 */

static size_t on_bytes(char *bytes, size_t size, size_t count, void *owner)
{
    struct docker_request *request = owner;
    size_t len = size * count;

    request->engine->byte_count += len;
    if (buffer_len(&request->body) + len > calls[request->call].most_bytes) {
        request->too_large = true;
        return 0; /* ends the transfer */
    }
    buffer_append(&request->body, bytes, len);
    return len;
}

/* The empty line behind a head: its status is known, and a stream may be silent from now on. */
// NOLINTNEXTLINE(readability-non-const-parameter): the type is curl's
static size_t on_head(char *line, size_t size, size_t count, void *owner)
{
    struct docker_request *request = owner;

    (void)line;
    request->head_bytes += size * count;
    if (request->head_bytes > HEAD_BYTES) {
        request->too_large = true;
        return 0; /* ends the transfer */
    }
    if (size * count <= 2) {
        curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &request->status);
        if (request->call == DOCKER_EVENTS && request->status == 200)
            curl_easy_setopt(request->easy, CURLOPT_TIMEOUT_MS, 0L);
    }
    return size * count;
}

static void set_url(struct docker_request *request, struct text filters)
{
    const struct docker_engine *engine = request->engine;
    bool versioned = calls[request->call].versioned;
    char *escaped =
        filters.len ? curl_easy_escape(request->easy, filters.at, (int)filters.len) : NULL;
    struct buffer url = { 0 };

    buffer_format(&url, "%s%s%s%s%s%s", engine->address.base, versioned ? "/v" : "",
                  versioned ? engine->api : "", calls[request->call].path,
                  escaped ? "?filters=" : "", escaped ? escaped : "");
    buffer_append_byte(&url, '\0');
    curl_easy_setopt(request->easy, CURLOPT_URL, url.bytes + url.start);
    buffer_done(&url);
    curl_free(escaped);
}

/* Nothing of the environment, no redirect, no other protocol: it talks to the Engine or not at all.
 */
static void set_options(struct docker_request *request)
{
    const struct docker_engine *engine = request->engine;
    const struct docker_address *address = &engine->address;
    CURL *easy = request->easy;

    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, address->ca ? "https" : "http");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "swarmward");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, engine->timeout_ms / 2);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->detail);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
    if (address->socket_path)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, address->socket_path);
    if (address->ca) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, address->ca);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
        curl_easy_setopt(easy, CURLOPT_SSLCERT, address->cert);
        curl_easy_setopt(easy, CURLOPT_SSLKEY, address->key);
        curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    }
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     engine->timeout_ms); /* on_head() ends it for streams */
    if (request->call != DOCKER_EVENTS)
        return;
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 10L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
}

struct docker_request *docker_get(struct docker_engine *engine, enum docker_call call,
                                  struct text filters, const struct docker_handler *handler,
                                  void *owner)
{
    struct docker_request *request = memory_new(sizeof(*request));

    request->engine = engine;
    request->call = call;
    request->handler = handler;
    request->owner = owner;
    request->easy = curl_easy_init();
    if (!request->easy)
        abort(); /* out of memory */
    set_options(request);
    set_url(request, filters);
    engine->request_count++;
    TAILQ_INSERT_TAIL(&engine->requests, request, link);
    if (calls[call].versioned && !engine->api[0]) {
        text_to_buffer(TEXT("the version of the API is not negotiated yet"), request->detail,
                       sizeof(request->detail));
        request->result = CURLE_FAILED_INIT;
        request->ended = true;
        curl_loop_wake(engine->loop);
        return request;
    }
    curl_multi_add_handle(curl_loop_multi(engine->loop), request->easy);
    return request;
}

void docker_cancel(struct docker_request *request)
{
    if (!request)
        return;
    TAILQ_REMOVE(&request->engine->requests, request, link);
    curl_multi_remove_handle(curl_loop_multi(request->engine->loop), request->easy);
    curl_easy_cleanup(request->easy);
    buffer_done(&request->body);
    free(request);
}

/* --- answering -----------------------------------------------------------------------------------
 */

/* {"message": "..."} of the Engine, else the beginning of what it said; one harmless line. */
static void copy_message(struct text body, char *reason)
{
    bool short_enough = body.len && body.len <= MESSAGE_BYTES;
    json_t *root = short_enough ? json_loadb(body.at, body.len, 0, NULL) : NULL;
    const char *message = json_string_value(json_object_get(root, "message"));

    text_to_buffer(message ? text_of(message) : body, reason, REASON_BYTES);
    for (char *at = reason; *at; at++)
        if (*at < ' ' || *at > '~' || *at == '"')
            *at = ' ';
    json_decref(root);
}

static enum docker_outcome outcome_of(const struct docker_request *request)
{
    if (request->too_large)
        return DOCKER_TOO_LARGE;
    if (request->result == CURLE_OPERATION_TIMEDOUT)
        return DOCKER_TIMED_OUT;
    if (request->result != CURLE_OK)
        return DOCKER_UNREACHABLE;
    return request->status == 200 ? DOCKER_OK : DOCKER_STATUS;
}

/* Curl's words, and the kernel's, which say more: of a socket that is not there, or not for us. */
static void describe_failure(const struct docker_request *request, char *reason)
{
    long number = 0;

    curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &number);
    snprintf(reason, REASON_BYTES, "%s: %.150s%s%.60s%s", calls[request->call].path,
             request->detail[0] ? request->detail : curl_easy_strerror(request->result),
             number ? ": " : "", number ? strerror((int)number) : "",
             number == EACCES ? "; be in the group of the socket (run --docker-socket)" : "");
}

static void describe(const struct docker_request *request, enum docker_outcome outcome,
                     char *reason)
{
    char message[REASON_BYTES] = "";
    const char *path = calls[request->call].path;

    switch (outcome) {
    case DOCKER_OK:
        reason[0] = '\0';
        break;
    case DOCKER_TOO_LARGE:
        snprintf(reason, REASON_BYTES, "%s: the answer is longer than %zu bytes", path,
                 calls[request->call].most_bytes);
        break;
    case DOCKER_STATUS:
        copy_message(buffer_text(&request->body), message);
        snprintf(reason, REASON_BYTES, "%s: status %ld: %.200s", path, request->status, message);
        break;
    case DOCKER_TIMED_OUT:
    case DOCKER_UNREACHABLE:
        describe_failure(request, reason);
        break;
    }
}

/* The request is gone before its handler is called, so that the handler may do what it likes. */
static void deliver_end(struct docker_request *request)
{
    const struct docker_handler *handler = request->handler;
    void *owner = request->owner;
    struct buffer body = request->body;
    char reason[REASON_BYTES];
    struct docker_answer answer = {
        .outcome = outcome_of(request),
        .status = request->status,
        .reason = reason,
        .body = buffer_text(&body),
    };

    describe(request, answer.outcome, reason);
    request->body = (struct buffer){ 0 };
    docker_cancel(request);
    handler->on_answer(owner, &answer);
    buffer_done(&body);
}

/* One object of the stream, a line. True: there was one (and the request may be gone). */
static bool deliver_event(struct docker_request *request)
{
    struct text all = buffer_text(&request->body);
    size_t line = text_find(all, '\n');
    struct buffer copy = { 0 };

    if (line == all.len) {
        if (all.len > EVENT_BYTES) {
            request->too_large = true;
            request->ended = true;
        }
        return false;
    }
    buffer_append_text(&copy, text_first(all, line));
    buffer_consume(&request->body, line + 1);
    if (buffer_len(&copy) > 0)
        request->handler->on_event(request->owner, buffer_text(&copy));
    buffer_done(&copy);
    return true;
}

/* True: a handler was called, so any request may be gone. */
static bool deliver_one(struct docker_request *request)
{
    if (request->call == DOCKER_EVENTS && request->status == 200) {
        if (!request->opened) {
            request->opened = true;
            request->handler->on_open(request->owner);
            return true;
        }
        if (deliver_event(request))
            return true;
    }
    if (!request->ended)
        return false;
    deliver_end(request);
    return true;
}

static bool deliver_next(struct docker_engine *engine)
{
    struct docker_request *request;

    TAILQ_FOREACH(request, &engine->requests, link) {
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): who is gone has left the list
        if (deliver_one(request))
            return true;
    }
    return false;
}

static void on_progress(void *owner)
{
    struct docker_engine *engine = owner;
    struct docker_request *request;
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(curl_loop_multi(engine->loop), &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
        request->ended = true;
        request->result = message->data.result;
    }
    while (!engine->freed && deliver_next(engine))
        continue;
}

/* --- the engine ----------------------------------------------------------------------------------
 */

int docker_engine_new(struct io *io, const struct docker_target *target,
                      struct docker_engine **engine_out, struct err *err)
{
    struct docker_address address;
    struct docker_engine *engine;

    if (docker_address_read(target, &address, err) < 0)
        return -1;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    engine = memory_new(sizeof(*engine));
    engine->io = io;
    engine->address = address;
    engine->timeout_ms = TIMEOUT_MS;
    TAILQ_INIT(&engine->requests);
    engine->loop = curl_loop_new(io, on_progress, engine);
    *engine_out = engine;
    return 0;
}

static void release(void *memory)
{
    struct docker_engine *engine = memory;

    curl_loop_free(engine->loop);
    docker_address_done(&engine->address);
    curl_global_cleanup();
    free(engine);
}

void docker_engine_free(struct docker_engine *engine)
{
    struct docker_request *next;

    if (!engine)
        return;
    for (struct docker_request *each = TAILQ_FIRST(&engine->requests); each; each = next) {
        next = TAILQ_NEXT(each, link);
        docker_cancel(each);
    }
    engine->freed = true;
    io_free_later(engine->io, engine, release);
}

int docker_engine_negotiate(struct docker_engine *engine, struct text version_json, struct err *err)
{
    return docker_api_choose(version_json, engine->api, err);
}

struct text docker_engine_api_version(const struct docker_engine *engine)
{
    return text_of(engine->api);
}

uint64_t docker_engine_requests(const struct docker_engine *engine)
{
    return engine->request_count;
}

uint64_t docker_engine_bytes(const struct docker_engine *engine)
{
    return engine->byte_count;
}

void docker_engine_set_timeout(struct docker_engine *engine, long timeout_ms)
{
    engine->timeout_ms = timeout_ms;
}
