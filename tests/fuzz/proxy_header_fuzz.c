/*
 * Any bytes as a PROXY header: the verdict does not depend on the pieces they come in, a header is
 * no longer than its bound, and what is taken of version 1 is the only spelling of what it says.
 */

#include "http_check.h"
#include "net/proxy_header.h"

#define BOTH (PROXY_VERSION_1 | PROXY_VERSION_2)

static enum proxy_result in_pieces(const uint8_t *bytes, size_t len, struct proxy_header *header)
{
    enum proxy_result result = PROXY_MORE;

    for (size_t fed = 0; fed <= len && result == PROXY_MORE; fed++) {
        /* of just this size, so that a read behind it is seen */
        char *copy = fed ? memory_copy(bytes, fed) : NULL;

        result = proxy_header_parse(text_make(copy, fed), BOTH, header);
        free(copy);
    }
    return result;
}

/* Source, destination and ports were written as they are printed. */
static void check_line(struct text line, const struct proxy_header *header)
{
    char source[ADDRESS_TEXT_BYTES];
    char port[8];

    CHECK(line.len <= 107 && text_ends(line, TEXT("\r\n")));
    if (!header->has_source)
        return;
    snprintf(port, sizeof(port), " %u ", (unsigned)address_port(&header->source));
    CHECK(memmem(line.at, line.len, port, strlen(port)));
    address_print_host(&header->source, source);
    if (header->source.any.sa_family == AF_INET)
        CHECK(memmem(line.at, line.len, source, strlen(source)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct text all = text_make((const char *)bytes, len);
    struct proxy_header whole = { 0 };
    struct proxy_header pieces = { 0 };
    enum proxy_result result = proxy_header_parse(all, BOTH, &whole);

    CHECK(in_pieces(bytes, len, &pieces) == result);
    CHECK(result != PROXY_MORE || len < PROXY_HEADER_BYTES);
    if (result != PROXY_DONE)
        return 0;
    CHECK(whole.bytes == pieces.bytes && whole.bytes <= len && whole.bytes <= PROXY_HEADER_BYTES);
    CHECK(whole.has_source == pieces.has_source);
    if (whole.has_source)
        CHECK(address_equal(&whole.source, &pieces.source));
    if (bytes[0] == 'P')
        check_line(text_first(all, whole.bytes), &whole);
    return 0;
}
