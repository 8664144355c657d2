/*
 * Any bytes as the frames of a peer, in either role: the verdict does not depend on the pieces they
 * come in, bodies have the length that their heads say, what is refused says no more, and a request
 * that is taken is none that nghttp2's own checks of messages would refuse. The first byte: "S",
 * the rest comes from a client behind its preface; else from a server, to three requests of ours.
 */

#include <nghttp2/nghttp2.h>

#include "base/hash.h"
#include "h2_private.h"
#include "http_check.h"

#define BYTES_MAX 65536
#define STREAMS   8192 /* more than frames in an input */

static const struct h1_limits limits = { .head_bytes = 2048, .fields = 32, .target_bytes = 256 };

static const struct h2_grants grants = {
    .streams = 20,
    .stream_bytes = 65535,
    .connection_bytes = 131072,
    .table_bytes = 4096,
    .kept_bytes = 65536,
    .continuations = 4,
    .resets = 20,
    .resets_ms = 10000,
    .extended_connect = true,
};

/* What became of one stream. */
struct fate {
    int32_t id;
    bool requested;
    bool refused;
    bool ended;
    bool counted;
    bool tunnel;
    uint64_t length;
    uint64_t received;
};

struct world {
    struct h2_session *session;
    struct fate *fates; /* STREAMS */
    size_t count;
    uint64_t events; /* hash of all that was reported */
};

/* By nghttp2. */
struct judged {
    int32_t head[STREAMS]; /* ids of malformed ones */
    size_t head_count;
    int32_t rest[STREAMS];
    size_t rest_count;
};

static void note(struct world *world, uint64_t what)
{
    world->events = (world->events ^ what) * 0x100000001b3ULL;
}

static struct fate *fate_of(struct world *world, const struct h2_stream *stream)
{
    for (size_t i = world->count; i-- > 0;)
        if (world->fates[i].id == stream->id)
            return &world->fates[i];
    CHECK(world->count < STREAMS);
    world->fates[world->count].id = stream->id;
    return &world->fates[world->count++];
}

static void check_request(const struct request_head *head, const struct framing *framing,
                          struct text bytes)
{
    CHECK(head->path.len && (head->path.at[0] == '/' || text_equal(head->path, TEXT("*"))));
    CHECK(is_inside(head->method_text, bytes) && is_inside(head->path, bytes));
    CHECK(head->host.len && is_inside(head->host, head->authority));
    CHECK(head->method != METHOD_TRACE);
    CHECK((head->method == METHOD_CONNECT) == framing->wants_upgrade);
    CHECK(count_fields(&head->fields, FIELD_TRANSFER_ENCODING) == 0);
    CHECK(count_fields(&head->fields, FIELD_CONNECTION) == 0);
    CHECK(count_fields(&head->fields, FIELD_UPGRADE) == 0);
    CHECK(count_fields(&head->fields, FIELD_COOKIE) <= 1);
    CHECK(count_fields(&head->fields, FIELD_CONTENT_LENGTH) == framing->has_length);
    CHECK(head->fields.count <= limits.fields);
    check_fields(&head->fields, bytes);
    for (size_t i = 0; i < head->path.len; i++)
        CHECK(head->path.at[i] > 0x20 && head->path.at[i] < 0x7f);
}

static void answer(struct h2_stream *stream, int status)
{
    struct response_head head = { .status = status };
    struct response_forwarding forwarding = { 0 };

    h2_stream_respond(stream, &head, &forwarding, false);
    h2_stream_send(stream, TEXT("hello"));
    h2_stream_end(stream, NULL);
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the session's
static void on_request(void *owner, struct h2_stream *stream, const struct request_head *head,
                       const struct framing *framing, struct text bytes)
{
    struct world *world = owner;
    struct fate *fate = fate_of(world, stream);

    check_request(head, framing, bytes);
    CHECK(!fate->requested && !fate->refused);
    *fate = (struct fate){
        .id = stream->id,
        .requested = true,
        .counted = framing->has_length,
        .length = framing->length,
        .tunnel = framing->wants_upgrade,
    };
    h2_stream_set_user(stream, world);
    note(world, hash_text(head->path));
    if (head->path.len % 3 == 0)
        answer(stream, 200);
    else if (head->path.len % 7 == 0)
        h2_stream_reset(stream, H2_CANCEL);
}

static void on_response(void *owner, struct h2_stream *stream, const struct response_head *head,
                        const struct framing *framing)
{
    struct world *world = owner;
    struct fate *fate = fate_of(world, stream);

    CHECK(head->status >= 100 && head->status <= 599 && head->status != 101);
    CHECK((head->status < 200) == !framing);
    CHECK(!fate->requested && !fate->refused);
    if (framing) {
        fate->requested = true;
        fate->counted = framing->kind == BODY_COUNTED;
        fate->length = framing->length;
    }
    note(world, (uint64_t)head->status);
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the session's
static void on_refused(void *owner, struct h2_stream *stream, const struct request_head *head,
                       struct text bytes, const struct h1_refusal *refusal)
{
    struct world *world = owner;
    struct fate *fate = fate_of(world, stream);

    CHECK(refusal->status >= 400 && refusal->reason);
    CHECK(!head || is_inside(head->path, bytes));
    CHECK(!head || !fate->requested);
    CHECK(!fate->refused && !fate->ended);
    fate->refused = true;
    note(world, (uint64_t)refusal->status);
    if (!h2_stream_user(stream))
        h2_stream_set_user(stream, world);
    if (stream->session->role == H2_SERVER && !stream->head_given)
        answer(stream, refusal->status);
    h2_stream_abandon(stream, H2_PROTOCOL_ERROR);
}

static void on_data(void *owner, struct h2_stream *stream, struct text piece)
{
    struct world *world = owner;
    struct fate *fate = fate_of(world, stream);

    CHECK(fate->requested && !fate->refused && !fate->ended && piece.len);
    fate->received += piece.len;
    CHECK(!fate->counted || fate->received <= fate->length);
    if (piece.len % 2)
        h2_stream_consume(stream, piece.len);
}

static void on_end(void *owner, struct h2_stream *stream, const struct field_list *trailers)
{
    struct world *world = owner;
    struct fate *fate = fate_of(world, stream);

    CHECK(!fate->refused && !fate->ended);
    fate->ended = true;
    CHECK(!fate->counted || fate->received == fate->length || stream->method == METHOD_HEAD);
    for (size_t i = 0; i < trailers->count; i++)
        CHECK(trailers->lines[i].name.at[0] != ':');
    note(world, fate->received);
}

static void on_closed(void *owner, struct h2_stream *stream, uint32_t code, bool by_peer)
{
    (void)code;
    (void)by_peer;
    CHECK(h2_stream_user(stream) == owner);
}

static const struct h2_handler handler = {
    .on_request = on_request,
    .on_response = on_response,
    .on_refused = on_refused,
    .on_data = on_data,
    .on_end = on_end,
    .on_closed = on_closed,
};

static void ask(struct world *world, enum http_method method, const char *name)
{
    struct request_head head = {
        .method = method,
        .method_text = text_of(name),
        .authority = TEXT("a.test"),
        .path = TEXT("/"),
    };
    struct forwarding forwarding = { .https = true };

    h2_session_request(world->session, &head, &forwarding, true, world);
}

static struct text pack(struct world *world, struct buffer *out, int64_t now_ms)
{
    buffer_clear(out);
    h2_session_pack(world->session, out, now_ms);
    return buffer_text(out);
}

struct verdict {
    uint64_t events;
    bool failed;
    bool left; /* after the peer's GOAWAY nghttp2 looks at whole reads, not at the next ones */
};

/* In pieces of `step` bytes. */
static struct verdict run(enum h2_role role, struct text bytes, size_t step)
{
    struct world world = { .fates = memory_new(STREAMS * sizeof(struct fate)) };
    struct verdict verdict;
    struct buffer out = { 0 };
    int64_t now_ms = 1000;

    world.session = h2_session_new(role, &grants, &limits, &handler, &world);
    if (role == H2_CLIENT) {
        ask(&world, METHOD_GET, "GET");
        ask(&world, METHOD_HEAD, "HEAD");
        ask(&world, METHOD_POST, "POST");
    }
    pack(&world, &out, now_ms);
    for (struct text rest = bytes; rest.len; rest = text_from(rest, step)) {
        size_t len = rest.len < step ? rest.len : step;
        char *piece = memory_copy(rest.at, len); /* a read behind it is found by ASan */
        int status = h2_session_receive(world.session, text_make(piece, len), now_ms);

        free(piece);
        CHECK((status < 0) == (h2_session_failure(world.session) != NULL));
        CHECK(h2_session_streams(world.session) <= (size_t)2 * grants.streams);
        if (step > 1) /* what leaves changes what may come */
            pack(&world, &out, now_ms);
        if (status < 0)
            break;
    }
    for (int i = 0; i < 100 && pack(&world, &out, now_ms).len; i++)
        continue;
    CHECK(h2_session_kept(world.session) <= (size_t)grants.streams * 1024);
    verdict = (struct verdict){
        .events = world.events,
        .failed = h2_session_failure(world.session) != NULL,
        .left = world.session->peer_goes_away,
    };
    h2_session_free(world.session);
    free(world.fates);
    buffer_done(&out);
    return verdict;
}

/* --- nghttp2 as a judge --------------------------------------------------------------------------
 */

static int on_invalid_frame(nghttp2_session *nghttp2, const nghttp2_frame *frame, int error,
                            void *owner)
{
    struct judged *judged = owner;

    (void)nghttp2;
    if (error != NGHTTP2_ERR_HTTP_HEADER && error != NGHTTP2_ERR_HTTP_MESSAGING)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        judged->head[judged->head_count++] = frame->hd.stream_id;
    else
        judged->rest[judged->rest_count++] = frame->hd.stream_id;
    return 0;
}

static void judge(struct text bytes, struct judged *judged)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *nghttp2;
    nghttp2_settings_entry connect = { NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 };

    CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    CHECK(nghttp2_session_server_new(&nghttp2, callbacks, judged) == 0);
    nghttp2_submit_settings(nghttp2, NGHTTP2_FLAG_NONE, &connect, 1);
    nghttp2_session_mem_recv(nghttp2, (const uint8_t *)bytes.at, bytes.len);
    nghttp2_session_del(nghttp2);
    nghttp2_session_callbacks_del(callbacks);
}

static bool is_among(int32_t id, const int32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* What goes on to a backend, nghttp2 would have let pass. Not asked of a connection that fails. */
static void check_judged(struct text bytes)
{
    struct judged *judged = memory_new(sizeof(*judged));
    struct world world = { .fates = memory_new(STREAMS * sizeof(struct fate)) };
    struct buffer out = { 0 };

    world.session = h2_session_new(H2_SERVER, &grants, &limits, &handler, &world);
    h2_session_receive(world.session, bytes, 1000);
    for (int i = 0; i < 100 && pack(&world, &out, 1000).len; i++)
        continue;
    judge(bytes, judged);
    for (size_t i = 0; i < world.count && !h2_session_failure(world.session); i++) {
        const struct fate *fate = &world.fates[i];

        CHECK(!fate->requested || !is_among(fate->id, judged->head, judged->head_count));
        CHECK(!fate->ended || !is_among(fate->id, judged->rest, judged->rest_count));
    }
    h2_session_free(world.session);
    free(world.fates);
    free(judged);
    buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const struct text magic = { NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN };
    struct buffer input = { 0 };
    struct verdict whole;
    struct verdict pieces;
    enum h2_role role;

    if (len < 1 || len > BYTES_MAX)
        return 0;
    role = bytes[0] == 'S' ? H2_SERVER : H2_CLIENT;
    if (role == H2_SERVER)
        buffer_append_text(&input, magic);
    buffer_append(&input, bytes + 1, len - 1);
    run(role, buffer_text(&input), 1000);
    whole = run(role, buffer_text(&input), buffer_len(&input));
    pieces = run(role, buffer_text(&input), 1);
    if (!whole.left && !pieces.left) {
        CHECK(whole.failed == pieces.failed);
        CHECK(whole.failed || whole.events == pieces.events); /* a flood ends what came with it */
    }
    if (role == H2_SERVER)
        check_judged(buffer_text(&input));
    buffer_done(&input);
    return 0;
}
