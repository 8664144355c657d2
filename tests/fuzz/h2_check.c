/* One side's frames, one after the other. Called by exchange_h2_fuzz.c for each connection. */

#include "h2_check.h"

#include <nghttp2/nghttp2.h>

#include "exchange_world.h"
#include "h2_frames.h"
#include "http_check.h"

#define WINDOW_AT_FIRST 65535

enum side {
    TO_CLIENT,
    TO_BACKEND,
};

/* What was said on one stream. */
struct said {
    bool head; /* the final one */
    bool ended;
    bool reset;
    bool has_length;
    bool body; /* DATA came: the end is that of a body */
    uint64_t length;
    uint64_t data;
};

struct reader {
    enum side side;
    nghttp2_hd_inflater *inflater;
    struct said *streams; /* H2_CHECK_STREAMS */
    uint64_t data;
    size_t frames;
    struct buffer block; /* of a head in several frames */
    uint32_t block_stream;
    bool block_ends;
};

/* A head while it is read. */
struct head {
    uint64_t length;
    int status;
    bool has_length;
    bool regular;
    bool is_trailers;
    unsigned pseudo; /* how many */
    unsigned ids;
    unsigned forwarded;
};

static struct said *said_on(struct reader *reader, uint32_t stream)
{
    CHECK(stream % 2 == 1 && stream / 2 < H2_CHECK_STREAMS);
    return &reader->streams[stream / 2];
}

static uint64_t number(struct text digits)
{
    uint64_t sum = 0;

    CHECK(digits.len > 0 && digits.len < 20);
    for (size_t i = 0; i < digits.len; i++) {
        CHECK(digits.at[i] >= '0' && digits.at[i] <= '9');
        sum = sum * 10 + (uint64_t)(digits.at[i] - '0');
    }
    return sum;
}

/* --- heads --------------------------------------------------------------------------------------
 */

static void check_pseudo(const struct reader *reader, struct head *head, struct text name,
                         struct text value)
{
    CHECK(!head->regular && !head->is_trailers);
    head->pseudo++;
    if (reader->side == TO_CLIENT) {
        CHECK(text_equal(name, TEXT(":status")));
        head->status = (int)number(value);
    } else if (text_equal(name, TEXT(":authority"))) {
        CHECK(text_equal_nocase(value, TEXT("a.test")));
    } else {
        CHECK(text_equal(name, TEXT(":method")) || text_equal(name, TEXT(":scheme")) ||
              text_equal(name, TEXT(":path")));
        CHECK(value.len > 0);
    }
}

/* RFC 9113 section 8.2. */
static void check_octets(struct text name, struct text value)
{
    CHECK(name.len > 0);
    for (size_t i = 0; i < name.len; i++)
        CHECK(name.at[i] > ' ' && name.at[i] < 0x7f && name.at[i] != ':' &&
              !(name.at[i] >= 'A' && name.at[i] <= 'Z'));
    for (size_t i = 0; i < value.len; i++)
        CHECK(value.at[i] != '\0' && value.at[i] != '\r' && value.at[i] != '\n');
    CHECK(text_trim(value).len == value.len);
}

static void check_regular(const struct reader *reader, struct head *head, struct text name,
                          struct text value)
{
    head->regular = true;
    check_octets(name, value);
    switch (field_identify(name)) {
    case FIELD_CONNECTION:
    case FIELD_KEEP_ALIVE:
    case FIELD_PROXY_CONNECTION:
    case FIELD_TRANSFER_ENCODING:
    case FIELD_UPGRADE:
    case FIELD_HOST:
        CHECK(false); /* HTTP/2 does not have it */
        break;
    case FIELD_TE:
        CHECK(text_equal(value, TEXT("trailers")));
        break;
    case FIELD_CONTENT_LENGTH:
        CHECK(!head->has_length && !head->is_trailers);
        head->has_length = true;
        head->length = number(value);
        break;
    case FIELD_X_REQUEST_ID:
        if (reader->side == TO_BACKEND) {
            head->ids++;
            check_counts(value);
        }
        break;
    case FIELD_X_FORWARDED:
        head->forwarded++;
        if (reader->side == TO_BACKEND && text_equal(name, TEXT("x-forwarded-for")))
            CHECK(text_equal(value, TEXT("198.51.100.7")));
        break;
    case FIELD_FORWARDED:
    case FIELD_IDENTITY:
        CHECK(reader->side == TO_CLIENT);
        break;
    default:
        break;
    }
}

static void read_fields(struct reader *reader, struct head *head)
{
    struct text block = buffer_text(&reader->block);

    for (;;) {
        nghttp2_nv field;
        int flags = 0;
        ssize_t used = nghttp2_hd_inflate_hd2(reader->inflater, &field, &flags,
                                              (const uint8_t *)block.at, block.len, 1);
        struct text name;
        struct text value;

        CHECK(used >= 0);
        block = text_from(block, (size_t)used);
        if (flags & NGHTTP2_HD_INFLATE_EMIT) {
            name = text_make((const char *)field.name, field.namelen);
            value = text_make((const char *)field.value, field.valuelen);
            if (name.len && name.at[0] == ':')
                check_pseudo(reader, head, name, value);
            else
                check_regular(reader, head, name, value);
        }
        if (flags & NGHTTP2_HD_INFLATE_FINAL)
            break;
    }
    CHECK(!block.len);
    nghttp2_hd_inflate_end_headers(reader->inflater);
}

static void check_end(const struct said *said)
{
    CHECK(!said->has_length || !said->body || said->data == said->length);
}

static void take_block(struct reader *reader)
{
    struct said *said = said_on(reader, reader->block_stream);
    struct head head = { .is_trailers = said->head };

    CHECK(!said->ended && !said->reset);
    read_fields(reader, &head);
    buffer_clear(&reader->block);
    if (head.is_trailers) {
        CHECK(reader->block_ends);
        check_end(said);
    } else if (reader->side == TO_CLIENT) {
        CHECK(head.pseudo == 1 && head.status >= 100 && head.status <= 599 && head.status != 101);
        said->head = head.status >= 200;
        CHECK(said->head || !reader->block_ends);
    } else {
        CHECK(head.pseudo == 4 && head.ids == 1 && head.forwarded == 3);
        said->head = true;
        said->body = true; /* there are no requests whose length is that of another message */
        CHECK(!reader->block_ends || !head.has_length || head.length == 0);
    }
    if (said->head && !head.is_trailers) {
        said->has_length = head.has_length;
        said->length = head.length;
    }
    said->ended = reader->block_ends;
}

/* --- frames -------------------------------------------------------------------------------------
 */

static void take_data(struct reader *reader, const struct h2_raw_frame *frame)
{
    struct said *said = said_on(reader, frame->stream);

    CHECK(said->head && !said->ended && !said->reset);
    CHECK(!(frame->flags & NGHTTP2_FLAG_PADDED));
    said->body = true;
    said->data += frame->payload.len;
    reader->data += frame->payload.len;
    CHECK(!said->has_length || said->data <= said->length);
    if (frame->flags & NGHTTP2_FLAG_END_STREAM) {
        said->ended = true;
        check_end(said);
    }
}

static void take_fragment(struct reader *reader, const struct h2_raw_frame *frame)
{
    CHECK(frame->stream == reader->block_stream);
    buffer_append_text(&reader->block, frame->payload);
    if (frame->flags & NGHTTP2_FLAG_END_HEADERS)
        take_block(reader);
}

static void take_frame(struct reader *reader, const struct h2_raw_frame *frame)
{
    CHECK((frame->type == NGHTTP2_CONTINUATION) == (buffer_len(&reader->block) > 0));
    CHECK(reader->frames++ || frame->type == NGHTTP2_SETTINGS); /* RFC 9113 section 3.4 */
    switch (frame->type) {
    case NGHTTP2_HEADERS:
        reader->block_stream = frame->stream;
        reader->block_ends = frame->flags & NGHTTP2_FLAG_END_STREAM;
        CHECK(!(frame->flags & (NGHTTP2_FLAG_PADDED | NGHTTP2_FLAG_PRIORITY)));
        take_fragment(reader, frame);
        break;
    case NGHTTP2_CONTINUATION:
        take_fragment(reader, frame);
        break;
    case NGHTTP2_DATA:
        take_data(reader, frame);
        break;
    case NGHTTP2_RST_STREAM:
        CHECK(frame->payload.len == 4);
        if (reader->side == TO_CLIENT || frame->stream % 2) /* else a push, which is refused */
            said_on(reader, frame->stream)->reset = true;
        break;
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PING:
    case NGHTTP2_GOAWAY:
        CHECK(frame->stream == 0);
        break;
    case NGHTTP2_WINDOW_UPDATE:
        CHECK(frame->payload.len == 4);
        break;
    default:
        CHECK(false); /* we never send it */
        break;
    }
}

static void reader_begin(struct reader *reader, enum side side)
{
    *reader = (struct reader){ .side = side };
    reader->streams = memory_new(H2_CHECK_STREAMS * sizeof(*reader->streams));
    CHECK(nghttp2_hd_inflate_new(&reader->inflater) == 0);
}

static void reader_end(struct reader *reader)
{
    nghttp2_hd_inflate_del(reader->inflater);
    buffer_done(&reader->block);
    free(reader->streams);
}

static void read_all(struct reader *reader, struct text bytes)
{
    struct h2_raw_frame frame;

    while (h2_frame_read(&bytes, &frame))
        take_frame(reader, &frame);
    CHECK(!bytes.len);
}

void h2_check_responses(struct text bytes, const struct h2_peer_said *said, bool over)
{
    struct reader reader;

    reader_begin(&reader, TO_CLIENT);
    read_all(&reader, bytes);
    CHECK(reader.data <= said->connection);
    for (size_t i = 0; i < H2_CHECK_STREAMS; i++) {
        const struct said *stream = &reader.streams[i];

        CHECK(stream->data <= said->window + said->updates[i]);
        CHECK(!stream->head || 2 * i + 1 <= said->last);
        CHECK(!over || !stream->head || stream->ended || stream->reset);
    }
    reader_end(&reader);
}

void h2_check_requests(struct text bytes)
{
    static const struct text magic = { H2_MAGIC, sizeof(H2_MAGIC) - 1 };
    struct reader reader;

    if (!bytes.len)
        return; /* it never came to that */
    CHECK(text_equal(text_first(bytes, magic.len), magic));
    reader_begin(&reader, TO_BACKEND);
    read_all(&reader, text_from(bytes, magic.len));
    reader_end(&reader);
}

/* --- what a client sent -------------------------------------------------------------------------
 */

static uint32_t u32(const char *at)
{
    const uint8_t *bytes = (const uint8_t *)at;

    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void note_settings(struct text payload, struct h2_peer_said *said)
{
    for (; payload.len >= 6; payload = text_from(payload, 6)) {
        uint32_t value = u32(payload.at + 2);

        if (payload.at[0] == 0 && payload.at[1] == NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE &&
            value > said->window)
            said->window = value;
    }
}

void h2_peer_said(struct text bytes, struct h2_peer_said *said_out)
{
    struct h2_raw_frame frame;

    *said_out = (struct h2_peer_said){ .connection = WINDOW_AT_FIRST, .window = WINDOW_AT_FIRST };
    while (h2_frame_read(&bytes, &frame)) {
        if (frame.type == NGHTTP2_SETTINGS)
            note_settings(frame.payload, said_out);
        if (frame.type == NGHTTP2_WINDOW_UPDATE && frame.payload.len == 4) {
            if (frame.stream == 0)
                said_out->connection += u32(frame.payload.at) & 0x7fffffff;
            else if (frame.stream / 2 < H2_CHECK_STREAMS)
                said_out->updates[frame.stream / 2] += u32(frame.payload.at) & 0x7fffffff;
        }
        if (frame.type == NGHTTP2_HEADERS && frame.stream > said_out->last) {
            said_out->last = frame.stream;
            said_out->requests++;
        }
    }
}
