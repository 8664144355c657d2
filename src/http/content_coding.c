/* Negotiation of content codings, and the marks that a coded response has. Called by the worker. */

#include "http/content_coding.h"

#include "h1_bytes.h"

#define WEIGHT_ONE 1000

/* RFC 9110 section 12.4.2: "0.5", "1", "1.000". -1: malformed. */
static int parse_weight(struct text text)
{
    int weight = 0;
    int digit = 100;

    if (!text.len || (text.at[0] != '0' && text.at[0] != '1'))
        return -1;
    weight = (text.at[0] - '0') * WEIGHT_ONE;
    if (text.len == 1)
        return weight;
    if (text.at[1] != '.' || text.len > 5)
        return -1;
    for (size_t i = 2; i < text.len; i++, digit /= 10) {
        if (!byte_is(text.at[i], BYTE_DIGIT))
            return -1;
        weight += (text.at[i] - '0') * digit;
    }
    return weight > WEIGHT_ONE ? -1 : weight;
}

/* "gzip;q=0.5". False: this element says nothing that can be believed. */
static bool parse_element(struct text element, struct text *name_out, int *weight_out)
{
    struct text rest;
    struct text parameter;
    struct text value;

    text_split(element, ';', name_out, &rest);
    *name_out = text_trim(*name_out);
    *weight_out = WEIGHT_ONE;
    if (!name_out->len)
        return false;
    rest = text_trim(rest);
    if (!rest.len)
        return true;
    if (!text_split(rest, '=', &parameter, &value) || !text_equal_nocase(parameter, TEXT("q")))
        return false;
    *weight_out = parse_weight(value);
    return *weight_out >= 0;
}

struct liking {
    int weight; /* -1: not named */
    int any;    /* of "*"; -1: not there */
};

static bool is_coding(struct text name, enum content_coding coding)
{
    switch (coding) {
    case CODING_GZIP: /* RFC 9110 section 8.4.1.3: x-gzip is the same */
        return text_equal_nocase(name, TEXT("gzip")) || text_equal_nocase(name, TEXT("x-gzip"));
    case CODING_BROTLI:
        return text_equal_nocase(name, TEXT("br"));
    case CODING_IDENTITY:
        break;
    }
    return text_equal_nocase(name, TEXT("identity"));
}

static void read_line(struct text value, enum content_coding coding, struct liking *liking)
{
    struct text element;
    struct text name;
    int weight;

    while (h1_list_next(&value, &element)) {
        if (!parse_element(element, &name, &weight))
            continue;
        if (is_coding(name, coding))
            liking->weight = weight;
        else if (text_equal(name, TEXT("*")))
            liking->any = weight;
    }
}

/* How much the client likes it; 0: not at all. */
static int weight_of(const struct field_list *request, enum content_coding coding)
{
    struct liking liking = { .weight = -1, .any = -1 };

    for (size_t i = 0; i < request->count; i++) {
        const struct field_line *line = &request->lines[i];

        if (!line->dropped && text_equal_nocase(line->name, TEXT("Accept-Encoding")))
            read_line(line->value, coding, &liking);
    }
    if (liking.weight >= 0)
        return liking.weight;
    if (coding == CODING_IDENTITY) /* it is fine unless it is named, but liked least */
        return 0;
    return liking.any > 0 ? liking.any : 0;
}

enum content_coding content_coding_choose(const struct field_list *request,
                                          const enum content_coding *offered, size_t count)
{
    enum content_coding best = CODING_IDENTITY;
    int best_weight = 0;

    for (size_t i = 0; i < count; i++) {
        int weight = weight_of(request, offered[i]);

        if (weight > best_weight) {
            best = offered[i];
            best_weight = weight;
        }
    }
    if (best != CODING_IDENTITY && weight_of(request, CODING_IDENTITY) > best_weight)
        return CODING_IDENTITY;
    return best;
}

struct text content_coding_type(const struct field_list *response)
{
    const struct field_line *line = field_list_find_name(response, TEXT("Content-Type"));
    struct text type = TEXT_NONE;
    struct text rest;

    if (line)
        text_split(line->value, ';', &type, &rest);
    return text_trim(type);
}

/* Does a list field name this token, perhaps with something behind "="? */
static bool names_token(const struct field_list *fields, struct text field, struct text token)
{
    for (size_t i = 0; i < fields->count; i++) {
        struct text value = fields->lines[i].value;
        struct text element;

        if (fields->lines[i].dropped || !text_equal_nocase(fields->lines[i].name, field))
            continue;
        while (h1_list_next(&value, &element))
            if (text_equal_nocase(text_first(element, text_find(element, '=')), token))
                return true;
    }
    return false;
}

bool content_coding_forbidden(const struct request_head *request, const struct response_head *head)
{
    static const char *const describes_bytes[] = {
        "Content-Encoding", "Content-Range", "Content-MD5", "Content-Digest",
        "Repr-Digest",      "Digest",        NULL
    };
    const struct text cache_control = TEXT("Cache-Control");
    const struct text no_transform = TEXT("no-transform");

    for (size_t i = 0; describes_bytes[i]; i++)
        if (field_list_find_name(&head->fields, text_of(describes_bytes[i])))
            return true;
    return names_token(&head->fields, cache_control, no_transform) ||
           names_token(&request->fields, cache_control, no_transform);
}

void content_coding_vary(struct field_list *response, struct arena *arena)
{
    if (!names_token(response, TEXT("Vary"), TEXT("Accept-Encoding")) &&
        !names_token(response, TEXT("Vary"), TEXT("*")))
        field_list_add(response, arena, TEXT("Vary"), TEXT("Accept-Encoding"));
}

static bool is_strong(struct text etag)
{
    return text_starts(etag, TEXT("\""));
}

static void weaken(struct field_line *line, struct arena *arena)
{
    if (is_strong(line->value))
        line->value = arena_format(arena, "W/%.*s", TEXT_ARGS(line->value));
}

static struct field_line *find_etag(struct field_list *response)
{
    for (size_t i = 0; i < response->count; i++)
        if (!response->lines[i].dropped && text_equal_nocase(response->lines[i].name, TEXT("ETag")))
            return &response->lines[i];
    return NULL;
}

void content_coding_mark(struct field_list *response, struct arena *arena,
                         enum content_coding coding)
{
    struct field_line *etag = find_etag(response);

    if (etag)
        weaken(etag, arena);
    for (size_t i = 0; i < response->count; i++) /* ranges of what we send nobody can give */
        if (text_equal_nocase(response->lines[i].name, TEXT("Accept-Ranges")))
            response->lines[i].dropped = true;
    field_list_add(response, arena, TEXT("Content-Encoding"),
                   coding == CODING_BROTLI ? TEXT("br") : TEXT("gzip"));
}

/* Next entity tag of a list: W/"a", "b,c". False: no more, or what follows is none. */
static bool next_tag(struct text *rest, bool *weak_out, struct text *opaque_out)
{
    struct text text = *rest;
    size_t end;

    while (text.len && (text.at[0] == ' ' || text.at[0] == '\t' || text.at[0] == ','))
        text = text_from(text, 1);
    *weak_out = text_starts(text, TEXT("W/"));
    if (*weak_out)
        text = text_from(text, 2);
    if (!is_strong(text))
        return false;
    end = text_find(text_from(text, 1), '"');
    if (end + 1 == text.len)
        return false;
    *opaque_out = text_first(text, end + 2);
    *rest = text_from(text, end + 2);
    return true;
}

/* Has the client the weak one of this strong tag, and not the strong one? */
static bool knows_weak_only(const struct field_list *request, struct text etag)
{
    bool knows_weak = false;

    for (size_t i = 0; i < request->count; i++) {
        struct text rest = request->lines[i].value;
        struct text opaque;
        bool weak;

        if (!text_equal_nocase(request->lines[i].name, TEXT("If-None-Match")))
            continue;
        while (next_tag(&rest, &weak, &opaque)) {
            if (text_equal(opaque, etag) && !weak)
                return false;
            knows_weak = knows_weak || text_equal(opaque, etag);
        }
    }
    return knows_weak;
}

void content_coding_mark_304(const struct field_list *request, struct field_list *response,
                             struct arena *arena)
{
    struct field_line *etag = find_etag(response);

    if (etag && is_strong(etag->value) && knows_weak_only(request, etag->value))
        weaken(etag, arena);
}
