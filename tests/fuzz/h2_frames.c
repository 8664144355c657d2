/* Frames in letters to frames in bytes, and back to their parts. */

#include "h2_frames.h"

#include <string.h>

#include <nghttp2/nghttp2.h>

#define HEAD_BYTES 9
#define LARGE_MOST 16384

static void append_u32(struct buffer *out, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buffer_append_byte(out, (char)(number >> shift));
}

static uint32_t number_of(struct text digits)
{
    uint32_t number = 0;

    for (size_t i = 0; i < digits.len && digits.at[i] >= '0' && digits.at[i] <= '9'; i++)
        number = number * 10 + (uint32_t)(digits.at[i] - '0');
    return number;
}

/* RFC 7541 section 5.2, with seven bits of the first byte, and no Huffman. */
static void append_string(struct buffer *out, struct text string)
{
    size_t left = string.len;

    buffer_append_byte(out, (char)(left < 127 ? left : 127));
    if (left >= 127) {
        for (left -= 127; left >= 128; left >>= 7)
            buffer_append_byte(out, (char)((left & 127) | 128));
        buffer_append_byte(out, (char)left);
    }
    buffer_append_text(out, string);
}

static void append_fields(struct buffer *out, struct text lines)
{
    struct text line;

    if (lines.len && lines.at[0] == 1) {
        buffer_append_text(out, text_from(lines, 1));
        return;
    }
    while (lines.len) {
        struct text value;
        size_t colon;

        text_split(lines, '\n', &line, &lines);
        colon = text_find(text_from(line, line.len ? 1 : 0), ':') + (line.len ? 1 : 0);
        value = text_from(line, colon < line.len ? colon + 1 : line.len);
        buffer_append_byte(out, 0); /* a literal that is not remembered */
        append_string(out, text_first(line, colon));
        append_string(out, value);
    }
}

static void append_settings(struct buffer *out, struct text settings)
{
    struct text one;
    struct text value;

    while (settings.len) {
        text_split(settings, ',', &one, &settings);
        text_split(one, '=', &one, &value);
        buffer_append_byte(out, 0);
        buffer_append_byte(out, (char)number_of(one));
        append_u32(out, number_of(value));
    }
}

static void append_large(struct buffer *out, struct text number)
{
    size_t len = (size_t)number_of(number) * 16;

    len = len < LARGE_MOST ? len : LARGE_MOST;
    memset(buffer_reserve(out, len + 1), 'x', len);
    buffer_grew(out, len);
}

static uint8_t type_of(char kind)
{
    switch (kind) {
    case 'H':
        return NGHTTP2_HEADERS;
    case 'C':
        return NGHTTP2_CONTINUATION;
    case 'P':
        return NGHTTP2_PUSH_PROMISE;
    case 'R':
        return NGHTTP2_RST_STREAM;
    case 'W':
        return NGHTTP2_WINDOW_UPDATE;
    case 'S':
        return NGHTTP2_SETTINGS;
    case 'I':
        return NGHTTP2_PING;
    case 'G':
        return NGHTTP2_GOAWAY;
    default:
        return NGHTTP2_DATA;
    }
}

static void append_payload(struct buffer *out, char kind, struct text content)
{
    switch (kind) {
    case 'P':
        append_u32(out, 2);
        append_fields(out, content);
        break;
    case 'H':
    case 'C':
        append_fields(out, content);
        break;
    case 'R':
    case 'W':
        append_u32(out, number_of(content));
        break;
    case 'S':
        append_settings(out, content);
        break;
    case 'L':
        append_large(out, content);
        break;
    default:
        buffer_append_text(out, content);
        break;
    }
}

static uint8_t flags_of(char letter)
{
    if (letter >= '0' && letter <= '9')
        return (uint8_t)(letter - '0');
    return letter >= 'a' && letter <= 'f' ? (uint8_t)(letter - 'a' + 10) : (uint8_t)letter;
}

static uint32_t stream_of(char letter, uint32_t *next_stream)
{
    if (letter == '+') {
        uint32_t stream = *next_stream;

        *next_stream += 2;
        return stream;
    }
    if (letter >= '0' && letter <= '9')
        return letter == '0' ? 0 : (uint32_t)(letter - '0') * 2 - 1;
    return (uint32_t)(uint8_t)letter * 2;
}

void h2_frame_write(struct buffer *out, struct text letters, uint32_t *next_stream)
{
    struct buffer payload = { 0 };
    struct text content = text_from(letters, letters.len < 3 ? letters.len : 3);
    uint8_t type;
    char kind;
    size_t len;

    if (letters.len < 3)
        return;
    kind = letters.at[0];
    type = type_of(kind);
    if (kind == '!' && content.len) {
        type = (uint8_t)content.at[0];
        content = text_from(content, 1);
    }
    append_payload(&payload, kind, content);
    len = buffer_len(&payload);
    append_u32(out, ((uint32_t)len << 8) | type);
    buffer_append_byte(out, (char)flags_of(letters.at[1]));
    append_u32(out, stream_of(letters.at[2], next_stream));
    buffer_append_text(out, buffer_text(&payload));
    buffer_done(&payload);
}

static uint32_t read_u32(const char *at)
{
    const uint8_t *bytes = (const uint8_t *)at;

    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

bool h2_frame_read(struct text *input, struct h2_raw_frame *frame_out)
{
    size_t len;

    if (input->len < HEAD_BYTES)
        return false;
    len = read_u32(input->at) >> 8;
    if (input->len - HEAD_BYTES < len)
        return false;
    *frame_out = (struct h2_raw_frame){
        .type = (uint8_t)input->at[3],
        .flags = (uint8_t)input->at[4],
        .stream = read_u32(input->at + 5) & 0x7fffffff,
        .payload = text_first(text_from(*input, HEAD_BYTES), len),
    };
    *input = text_from(*input, HEAD_BYTES + len);
    return true;
}
