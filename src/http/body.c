/*
 * Bodies off the wire: counted, chunked (RFC 9112 section 7.1), or until the connection ends.
 * Called by the worker for both directions with whatever was received; hands out views of it.
 * Trailers are gathered and parsed with the rules of head fields. Refusals are written as 400;
 * for a backend's body the worker answers 502 or cuts the connection.
 */

#include "http/body.h"

#include "base/compiler.h"
#include "h1_bytes.h"

#define CHUNK_LINE_BYTES_MAX 256 /* the size with its extensions */

/*
 * Chunk lines may cost 16 bytes each plus twice the payload, and this much on credit. Single-byte
 * chunks pass for ever; lines stuffed with extensions around nearly no payload do not.
 */
#define CHUNK_OVERHEAD_FREE 16
#define CHUNK_OVERHEAD_MAX  ((size_t)16 * 1024)

enum body_state {
    BODY_AT_SIZE,      /* before the first digit */
    BODY_IN_SIZE,      /* digits */
    BODY_IN_EXTENSION, /* behind ";" */
    BODY_AT_LINE_LF,   /* behind the CR of a chunk line */
    BODY_IN_DATA,      /* payload, `left` bytes of it */
    BODY_AT_DATA_CR,   /* behind a chunk's payload */
    BODY_AT_DATA_LF,
    BODY_IN_TRAILERS,
    BODY_FINISHED,
};

static enum parse_result bad(struct h1_refusal *refusal, int status, const char *reason)
{
    *refusal = (struct h1_refusal){ .status = status, .reason = reason };
    return PARSE_BAD;
}

static void enter(struct body_reader *reader, enum body_state state)
{
    reader->state = (int)state;
}

void body_reader_init(struct body_reader *reader, const struct framing *framing,
                      const struct h1_limits *limits, struct arena *arena)
{
    *reader = (struct body_reader){ .kind = framing->kind, .limits = limits, .arena = arena };
    switch (framing->kind) {
    case BODY_NONE:
        enter(reader, BODY_FINISHED);
        break;
    case BODY_COUNTED:
        reader->left = framing->length;
        enter(reader, framing->length ? BODY_IN_DATA : BODY_FINISHED);
        break;
    case BODY_CHUNKED:
        enter(reader, BODY_AT_SIZE);
        break;
    case BODY_UNTIL_CLOSE:
    case BODY_TUNNEL:
        enter(reader, BODY_IN_DATA);
        break;
    }
}

void body_reader_done(struct body_reader *reader)
{
    buffer_done(&reader->trailer_bytes);
}

static struct text eat(struct text *input, uint64_t most)
{
    struct text eaten = text_first(*input, most < input->len ? (size_t)most : input->len);

    *input = text_from(*input, eaten.len);
    return eaten;
}

static void eat_data(struct body_reader *reader, struct text *input, struct text *piece_out)
{
    bool counted = reader->kind == BODY_COUNTED || reader->kind == BODY_CHUNKED;

    *piece_out = eat(input, counted ? reader->left : UINT64_MAX);
    reader->received += piece_out->len;
    if (!counted)
        return;
    reader->left -= piece_out->len;
    if (reader->left == 0)
        enter(reader, reader->kind == BODY_CHUNKED ? BODY_AT_DATA_CR : BODY_FINISHED);
}

static int digit_value(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* A byte of the size. No sign, no space, no "0x"; INT64_MAX at most. */
static enum parse_result take_size(struct body_reader *reader, char c, struct h1_refusal *refusal)
{
    if (byte_is(c, BYTE_HEX)) {
        if (reader->left > INT64_MAX >> 4)
            return bad(refusal, 400, "chunk_size_overflow");
        reader->left = reader->left << 4 | (uint64_t)digit_value(c);
        enter(reader, BODY_IN_SIZE);
        return PARSE_MORE;
    }
    if (reader->state == BODY_AT_SIZE)
        return bad(refusal, 400, "bad_chunk_size");
    if (c == ';')
        enter(reader, BODY_IN_EXTENSION);
    else if (c == '\r')
        enter(reader, BODY_AT_LINE_LF);
    else
        return bad(refusal, 400, "bad_chunk_size");
    return PARSE_MORE;
}

/* The line is complete: what did it cost, and what comes next? */
static enum parse_result end_chunk_line(struct body_reader *reader, struct h1_refusal *refusal)
{
    uint64_t allowed = CHUNK_OVERHEAD_FREE;

    if (reader->left < CHUNK_OVERHEAD_MAX)
        allowed += 2 * reader->left;
    else
        allowed += CHUNK_OVERHEAD_MAX; /* clears any debt */
    reader->overhead += reader->line_bytes + sizeof("\r\n") - 1;
    reader->overhead -= allowed < reader->overhead ? (size_t)allowed : reader->overhead;
    if (reader->overhead > CHUNK_OVERHEAD_MAX)
        return bad(refusal, 400, "chunk_overhead");
    reader->line_bytes = 0;
    enter(reader, reader->left ? BODY_IN_DATA : BODY_IN_TRAILERS);
    return PARSE_MORE;
}

/* One byte that is no payload. */
static enum parse_result take_byte(struct body_reader *reader, char c, struct h1_refusal *refusal)
{
    if (++reader->line_bytes > CHUNK_LINE_BYTES_MAX)
        return bad(refusal, 400, "chunk_line_too_long");
    switch ((enum body_state)reader->state) {
    case BODY_AT_SIZE:
    case BODY_IN_SIZE:
        return take_size(reader, c, refusal);
    case BODY_IN_EXTENSION: /* ignored (section 7.1.1), but never a place for a bare LF */
        if (c == '\r')
            enter(reader, BODY_AT_LINE_LF);
        else if (!byte_is(c, BYTE_VALUE))
            return bad(refusal, 400, "bad_chunk_extension");
        return PARSE_MORE;
    case BODY_AT_LINE_LF:
        return c == '\n' ? end_chunk_line(reader, refusal) : bad(refusal, 400, "bad_chunk_line");
    case BODY_AT_DATA_CR:
        enter(reader, BODY_AT_DATA_LF);
        return c == '\r' ? PARSE_MORE : bad(refusal, 400, "bad_chunk_end");
    case BODY_AT_DATA_LF:
        reader->line_bytes = 0;
        enter(reader, BODY_AT_SIZE);
        return c == '\n' ? PARSE_MORE : bad(refusal, 400, "bad_chunk_end");
    case BODY_IN_DATA:
    case BODY_IN_TRAILERS:
    case BODY_FINISHED:
        break;
    }
    return bad(refusal, 400, "bad_chunk_line"); /* not reached: the caller knows these */
}

/* The trailers are complete in `trailer_bytes`; they move to the arena. */
static void keep_trailers(struct body_reader *reader, struct field_list *fields)
{
    struct text bytes = buffer_text(&reader->trailer_bytes);
    struct response_head head = { .fields = *fields };

    if (fields->count) {
        response_head_rebase(&head, bytes.at, bytes.len, arena_text(reader->arena, bytes).at,
                             reader->arena);
        reader->trailers = head.fields;
    }
    buffer_done(&reader->trailer_bytes);
    enter(reader, BODY_FINISHED);
}

/* Up to and with the next line end: nothing behind the last line must be eaten. */
static struct text eat_line(struct text *input, size_t most)
{
    size_t line_end = text_find(*input, '\n');

    if (line_end < input->len)
        line_end++;
    return eat(input, line_end < most ? line_end : most);
}

static enum parse_result eat_trailers(struct body_reader *reader, struct text *input,
                                      struct h1_refusal *refusal)
{
    NOT_INITIALISED struct field_line lines[FIELD_LINES_MAX];
    struct field_list fields = { 0 };
    enum parse_result result = PARSE_MORE;
    size_t consumed;

    if (buffer_len(&reader->trailer_bytes) == 0 && text_starts(*input, TEXT("\r\n"))) {
        eat(input, 2); /* no trailers, as nearly always */
        enter(reader, BODY_FINISHED);
        return PARSE_DONE;
    }
    while (result == PARSE_MORE && input->len) {
        struct buffer *bytes = &reader->trailer_bytes;

        /* the parser refuses before the room is used up */
        buffer_append_text(bytes, eat_line(input, reader->limits->head_bytes - buffer_len(bytes)));
        result = h1_parse_trailers(buffer_text(bytes), reader->limits, &reader->scan, lines,
                                   &fields, &consumed, refusal);
    }
    if (result == PARSE_DONE)
        keep_trailers(reader, &fields);
    return result;
}

static enum parse_result eat_chunked(struct body_reader *reader, struct text *input,
                                     struct text *piece_out, struct h1_refusal *refusal)
{
    while (input->len) {
        if (reader->state == BODY_IN_DATA) {
            eat_data(reader, input, piece_out);
            return PARSE_MORE;
        }
        if (reader->state == BODY_IN_TRAILERS)
            return eat_trailers(reader, input, refusal);
        if (take_byte(reader, eat(input, 1).at[0], refusal) == PARSE_BAD)
            return PARSE_BAD;
    }
    return PARSE_MORE;
}

enum parse_result body_reader_next(struct body_reader *reader, struct text *input,
                                   struct text *piece_out, struct h1_refusal *refusal)
{
    enum parse_result result = PARSE_MORE;

    *piece_out = TEXT_NONE;
    if (reader->state == BODY_FINISHED)
        return PARSE_DONE;
    if (reader->kind == BODY_CHUNKED)
        result = eat_chunked(reader, input, piece_out, refusal);
    else
        eat_data(reader, input, piece_out);
    return reader->state == BODY_FINISHED ? PARSE_DONE : result;
}

bool body_reader_end_is_clean(const struct body_reader *reader)
{
    return reader->state == BODY_FINISHED || reader->kind == BODY_UNTIL_CLOSE ||
           reader->kind == BODY_TUNNEL;
}

bool body_reader_is_finished(const struct body_reader *reader)
{
    return reader->state == BODY_FINISHED;
}

size_t chunk_line(uint64_t bytes, char line[CHUNK_LINE_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    size_t digits = 1;

    while (digits < 16 && bytes >> (4 * digits))
        digits++;
    for (size_t i = 0; i < digits; i++)
        line[i] = hex[bytes >> (4 * (digits - 1 - i)) & 15];
    line[digits] = '\r';
    line[digits + 1] = '\n';
    return digits + 2;
}
