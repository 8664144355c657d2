/* Field tables: every kind of value, its bounds and words, printing, and the way through bytes. */

#include "model/field_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "model/nearest.h"
#include "model/settings.h"
#include "model/text_check.h"

enum colour {
    RED,
    GREEN,
};

static const char *const colours[] = { "red", "green", NULL };
static const char *const later_colours[] = { "blue", NULL };
static const char *const statuses[] = { "301", "308", NULL };

struct thing {
    int64_t number;
    int64_t listed;
    int64_t wait_ms;
    int64_t size;
    int64_t rate;
    int64_t share;
    int64_t fraction;
    int colour;
    bool flag;
    struct text name;
    struct text_list words;
    struct address address;
    struct status_range status;
    struct rate visits;
    int64_t port;
};

static const struct field rows[] = {
    { .name = "flag", FIELD_AT(struct thing, flag), .kind = FIELD_BOOL, .fallback = "false" },
    { .name = "number",
      FIELD_AT(struct thing, number),
      .kind = FIELD_INTEGER,
      .least = 1,
      .most = 100,
      .fallback = "7" },
    { .name = "listed",
      FIELD_AT(struct thing, listed),
      .kind = FIELD_INTEGER,
      .choices = statuses,
      .fallback = "308" },
    { .name = "wait",
      FIELD_AT(struct thing, wait_ms),
      .kind = FIELD_MILLISECONDS,
      .least = 100,
      .most = 600000,
      .fallback = "10s" },
    { .name = "size",
      FIELD_AT(struct thing, size),
      .kind = FIELD_BYTES,
      .least = 0,
      .most = 1073741824,
      .fallback = "32KiB" },
    { .name = "rate",
      FIELD_AT(struct thing, rate),
      .kind = FIELD_BYTE_RATE,
      .least = 0,
      .most = 1048576,
      .fallback = "500B/s" },
    { .name = "share",
      FIELD_AT(struct thing, share),
      .kind = FIELD_PERCENT,
      .least = 0,
      .most = 100,
      .fallback = "20%" },
    { .name = "fraction",
      FIELD_AT(struct thing, fraction),
      .kind = FIELD_FRACTION,
      .least = 0,
      .most = 1000000,
      .fallback = "1.0" },
    { .name = "colour",
      FIELD_AT(struct thing, colour),
      .kind = FIELD_CHOICE,
      .choices = colours,
      .later_choices = later_colours,
      .fallback = "green" },
    { .name = "name",
      FIELD_AT(struct thing, name),
      .kind = FIELD_TEXT,
      .least = 1,
      .most = 8,
      .check = text_check_token,
      .fallback = "some" },
    { .name = "words",
      FIELD_AT(struct thing, words),
      .kind = FIELD_TEXT_LIST,
      .least = 1,
      .most = 3,
      .check = text_check_name,
      .fallback = "a,b" },
    { .name = "address",
      FIELD_AT(struct thing, address),
      .kind = FIELD_ADDRESS,
      .fallback = "[::1]:443" },
    { .name = "status",
      FIELD_AT(struct thing, status),
      .kind = FIELD_STATUS_RANGE,
      .fallback = "200-399" },
    { .name = "visits",
      FIELD_AT(struct thing, visits),
      .kind = FIELD_RATE,
      .least = 1,
      .most = 1000,
      .fallback = "100/10s" },
    { .name = "deep.port",
      FIELD_AT(struct thing, port),
      .kind = FIELD_AUTO_INTEGER,
      .least = 1,
      .most = 65535,
      .fallback = "auto" },
    { .name = "later", .kind = FIELD_LATER, .help = "it is not built yet" },
};

static const struct field_table table = {
    .section = "thing",
    .fields = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .struct_bytes = sizeof(struct thing),
};

/* What is printed after setting, or NULL and the words of the error. */
static const struct {
    const char *name;
    const char *written;
    const char *printed;
    const char *error;
} cases[] = {
    { "flag", "true", "true", NULL },
    { "flag", "false", "false", NULL },
    { "flag", "yes", NULL, "\"yes\" is neither true nor false" },
    { "flag", "True", NULL, "\"True\" is neither true nor false" },
    { "flag", "", NULL, "\"\" is neither true nor false" },
    { "number", "1", "1", NULL },
    { "number", "100", "100", NULL },
    { "number", "0", NULL, "must be between 1 and 100" },
    { "number", "101", NULL, "must be between 1 and 100" },
    { "number", "99999999999999999999999", NULL, "must be between 1 and 100" },
    { "number", "-1", NULL, "\"-1\" is no whole number" },
    { "number", "+1", NULL, "\"+1\" is no whole number" },
    { "number", "07", NULL, "\"07\" is no whole number" },
    { "number", "1.0", NULL, "\"1.0\" is no whole number" },
    { "number", "0x10", NULL, "\"0x10\" is no whole number" },
    { "number", " 1", NULL, "\" 1\" is no whole number" },
    { "number", "1e3", NULL, "\"1e3\" is no whole number" },
    { "listed", "301", "301", NULL },
    { "listed", "305", NULL, "must be one of 301, 308" },
    { "wait", "100ms", "100ms", NULL },
    { "wait", "1500ms", "1500ms", NULL },
    { "wait", "90s", "90s", NULL },
    { "wait", "10m", "10m", NULL },
    { "wait", "10", NULL, "\"10\" has no unit; write 10ms, 10s, 10m or 10h" },
    { "wait", "0", NULL, "\"0\" has no unit; write 0ms, 0s, 0m or 0h" },
    { "wait", "99ms", NULL, "must be between 100ms and 10m" },
    { "wait", "601s", NULL, "must be between 100ms and 10m" },
    { "wait", "9223372036854775807h", NULL, "must be between 100ms and 10m" },
    { "wait", "99999999999999999999h", NULL, "must be between 100ms and 10m" },
    { "wait", "1.5s", NULL,
      "\"1.5s\" is no duration; write a whole number and ms, s, m or h, like 500ms" },
    { "wait", "1m30s", NULL,
      "\"1m30s\" is no duration; write a whole number and ms, s, m or h, like 500ms" },
    { "wait", "5 s", NULL,
      "\"5 s\" is no duration; write a whole number and ms, s, m or h, like 500ms" },
    { "wait", "-5s", NULL,
      "\"-5s\" is no duration; write a whole number and ms, s, m or h, like 500ms" },
    { "wait", "5S", NULL,
      "\"5S\" is no duration; write a whole number and ms, s, m or h, like 500ms" },
    { "wait", "", NULL, "\"\" is no duration; write a whole number and ms, s, m or h, like 500ms" },
    { "size", "0", "0B", NULL },
    { "size", "1B", "1B", NULL },
    { "size", "1024B", "1KiB", NULL },
    { "size", "1025B", "1025B", NULL },
    { "size", "1GiB", "1GiB", NULL },
    { "size", "64", NULL, "\"64\" has no unit; write 64B, 64KiB, 64MiB or 64GiB" },
    { "size", "64MB", NULL,
      "\"64MB\" is no size; write a whole number and B, KiB, MiB or GiB, like 32KiB" },
    { "size", "2GiB", NULL, "must be between 0B and 1GiB" },
    { "size", "9007199254740993GiB", NULL, "must be between 0B and 1GiB" },
    { "rate", "500B/s", "500B/s", NULL },
    { "rate", "0B/s", "0B/s", NULL },
    { "rate", "1KiB/s", "1KiB/s", NULL },
    { "rate", "500B", NULL, "\"500B\" is no rate; write a size a second, like 500B/s" },
    { "rate", "500/s", NULL, "\"500/s\" is no rate; write a size a second, like 500B/s" },
    { "rate", "/s", NULL, "\"/s\" is no rate; write a size a second, like 500B/s" },
    { "rate", "", NULL, "\"\" is no rate; write a size a second, like 500B/s" },
    { "rate", "s", NULL, "\"s\" is no rate; write a size a second, like 500B/s" },
    { "rate", "2MiB/s", NULL, "must be between 0B/s and 1MiB/s" },
    { "share", "0%", "0%", NULL },
    { "share", "100%", "100%", NULL },
    { "share", "101%", NULL, "must be between 0% and 100%" },
    { "share", "20", NULL, "\"20\" is no percentage; write it like 20%" },
    { "share", "%", NULL, "\"%\" is no percentage; write it like 20%" },
    { "fraction", "0", "0.0", NULL },
    { "fraction", "1", "1.0", NULL },
    { "fraction", "0.25", "0.25", NULL },
    { "fraction", "0.000001", "0.000001", NULL },
    { "fraction", "1.0", "1.0", NULL },
    { "fraction", "1.5", NULL, "must be between 0.0 and 1.0" },
    { "fraction", "2", NULL, "\"2\" is no fraction; write 0.0 to 1.0 with at most 6 digits" },
    { "fraction", ".5", NULL, "\".5\" is no fraction; write 0.0 to 1.0 with at most 6 digits" },
    { "fraction", "0.", NULL, "\"0.\" is no fraction; write 0.0 to 1.0 with at most 6 digits" },
    { "fraction", "0.0000001", NULL,
      "\"0.0000001\" is no fraction; write 0.0 to 1.0 with at most 6 digits" },
    { "colour", "red", "red", NULL },
    { "colour", "Red", NULL, "\"Red\" is not known here; write red or green" },
    { "colour", "blue", NULL, "\"blue\" is not available in this version; write red or green" },
    { "name", "x-y", "x-y", NULL },
    { "name", "eightbyt", "eightbyt", NULL },
    { "name", "", NULL, "must not be empty" },
    { "name", "ninebytes", NULL, "9 bytes are more than the 8 that fit" },
    { "name", "a\nb", NULL, "has a line break or a control character; write it on one line" },
    { "name", "a\xc2\x9b", NULL, "has a line break or a control character; write it on one line" },
    { "name", "a b", NULL, "may have letters, digits and !#$%&'*+-.^_`|~ only" },
    { "words", "a", "a", NULL },
    { "words", "a, b ,c", "a,b,c", NULL },
    { "words", "a,b,c,d", NULL, "has more than 3 items" },
    { "words", "a,a", NULL, "\"a\" is there twice" },
    { "words", "a,,b", NULL, "an item of a list must not be empty" },
    { "words", "a,-b", NULL, "\"-b\" is no name; use letters, digits, and _ . - within" },
    { "address", "127.0.0.1:80", "127.0.0.1:80", NULL },
    { "address", "[::1]:80", "[::1]:80", NULL },
    { "address", "localhost:80", NULL, "\"localhost\" is no IPv4 or IPv6 address" },
    { "address", "127.0.0.1:0", NULL, "port 0 is not between 1 and 65535" },
    { "address", "127.0.0.1:65536", NULL, "port 65536 is not between 1 and 65535" },
    { "status", "204", "204", NULL },
    { "status", "200-299", "200-299", NULL },
    { "status", "100-599", "100-599", NULL },
    { "status", "299-200", NULL, "must be within 100-599, the smaller one first" },
    { "status", "099-200", NULL, "must be within 100-599, the smaller one first" },
    { "status", "200-600", NULL, "must be within 100-599, the smaller one first" },
    { "status", "2xx", NULL, "\"2xx\" is no range of statuses; write it like 200-399 or 204" },
    { "status", "200-", NULL, "\"200-\" is no range of statuses; write it like 200-399 or 204" },
    { "visits", "1/s", "1/s", NULL },
    { "visits", "1/1s", "1/s", NULL },
    { "visits", "1000/60s", "1000/m", NULL },
    { "visits", "5/90s", "5/90s", NULL },
    { "visits", "5/h", "5/h", NULL },
    { "visits", "5/60m", "5/h", NULL },
    { "visits", "0/s", NULL, "must be between 1 and 1000 in a time" },
    { "visits", "1001/s", NULL, "must be between 1 and 1000 in a time" },
    { "visits", "99999999999999999999/s", NULL,
      "\"99999999999999999999/s\" is no rate; write a whole number and a time of 1s to 1h, like "
      "20/s, 100/10s or 300/m" },
    { "visits", "5", NULL,
      "\"5\" is no rate; write a whole number and a time of 1s to 1h, like 20/s, 100/10s or "
      "300/m" },
    { "visits", "5/", NULL,
      "\"5/\" is no rate; write a whole number and a time of 1s to 1h, like 20/s, 100/10s or "
      "300/m" },
    { "visits", "5/0s", NULL,
      "\"5/0s\" is no rate; write a whole number and a time of 1s to 1h, like 20/s, 100/10s or "
      "300/m" },
    { "visits", "5/2h", NULL,
      "\"5/2h\" is no rate; write a whole number and a time of 1s to 1h, like 20/s, 100/10s or "
      "300/m" },
    { "visits", "05/s", NULL,
      "\"05/s\" is no rate; write a whole number and a time of 1s to 1h, like 20/s, 100/10s or "
      "300/m" },
    { "visits", "5/ms", NULL,
      "\"5/ms\" is no rate; write a whole number and a time of 1s to 1h, like 20/s, 100/10s or "
      "300/m" },
    { "visits", "5B/s", NULL,
      "\"5B/s\" is no rate; write a whole number and a time of 1s to 1h, like 20/s, 100/10s or "
      "300/m" },
    { "deep.port", "auto", "auto", NULL },
    { "deep.port", "443", "443", NULL },
    { "deep.port", "0", NULL, "must be auto or between 1 and 65535" },
    { "deep.port", "Auto", NULL, "\"Auto\" is neither auto nor a whole number" },
    { "later", "x", NULL, "is not available in this version: it is not built yet" },
};

static void set_all_defaults(struct thing *thing, struct arena *arena)
{
    *thing = (struct thing){ 0 };
    fields_set_defaults(&table, thing, arena);
}

static void every_kind_takes_its_values_and_says_how_to_write_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct field *field = fields_find(&table, text_of(cases[i].name));
        struct arena arena = { 0 };
        struct buffer out = { 0 };
        struct buffer before = { 0 };
        struct thing thing;
        struct err err = { "" };
        int status;

        assert_non_null(field);
        set_all_defaults(&thing, &arena);
        field_print(field, &thing, &before);
        status = field_set(field, &thing, text_of(cases[i].written), &arena, &err);
        field_print(field, &thing, &out);
        buffer_append_byte(&out, '\0');
        buffer_append_byte(&before, '\0');
        if (cases[i].printed) {
            assert_string_equal(err.text, "");
            assert_int_equal(status, 0);
            assert_string_equal(out.bytes, cases[i].printed);
        } else {
            assert_int_equal(status, -1);
            assert_string_equal(err.text, cases[i].error);
            assert_string_equal(out.bytes, before.bytes); /* nothing changed */
        }
        buffer_done(&out);
        buffer_done(&before);
        arena_done(&arena);
    }
}

static void an_error_may_be_ignored(void **state)
{
    struct arena arena = { 0 };
    struct thing thing = { 0 };

    (void)state;
    for (size_t i = 0; i < table.count; i++)
        assert_int_equal(field_set(&rows[i], &thing, TEXT("\x01"), &arena, NULL), -1);
    arena_done(&arena);
}

static void a_long_value_is_cut_in_the_message_but_not_within_a_character(void **state)
{
    char written[200];
    struct arena arena = { 0 };
    struct thing thing = { 0 };
    struct err err;

    (void)state;
    memset(written, 'x', 59);
    memcpy(written + 59, "\xc3\xa4", 3); /* two bytes: one would fit */
    assert_int_equal(
        field_set(fields_find(&table, TEXT("number")), &thing, text_of(written), &arena, &err), -1);
    written[59] = '\0';
    assert_non_null(strstr(err.text, written));
    assert_null(strstr(err.text, "\xc3"));
    arena_done(&arena);
}

static void a_name_is_found_and_a_misspelt_one_is_near_to_it(void **state)
{
    static const struct {
        const char *written;
        const char *meant;
    } names[] = {
        { "colour", "colour" },
        { "color", "colour" },
        { "adress", "address" },
        { "nubmer", "number" },
        { "wati", "wait" },
        { "fl", NULL },
        { "deep.prot", "deep.port" },
        { "banana", NULL },
        { "x", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *meant = fields_nearest(&table, text_of(names[i].written));

        if (names[i].meant)
            assert_string_equal(meant, names[i].meant);
        else
            assert_null(meant);
    }
    assert_null(fields_find(&table, TEXT("colou")));
    assert_null(fields_find(&table, TEXT("")));
}

static void a_name_too_long_for_a_hint_is_near_to_nothing(void **state)
{
    char written[200];
    struct nearest nearest;

    (void)state;
    memset(written, 'a', sizeof(written));
    nearest_start(&nearest, text_make(written, sizeof(written)));
    nearest_offer(&nearest, text_make(written, sizeof(written)));
    assert_int_equal(nearest.best.len, 0);
}

static void assert_same(const struct thing *a, const struct thing *b)
{
    for (size_t i = 0; i < table.count; i++) {
        struct buffer left = { 0 };
        struct buffer right = { 0 };

        field_print(&rows[i], a, &left);
        field_print(&rows[i], b, &right);
        assert_true(text_equal(buffer_text(&left), buffer_text(&right)));
        buffer_done(&left);
        buffer_done(&right);
    }
}

static int decode(struct text bytes, struct thing *thing, struct arena *arena)
{
    struct wire wire = wire_read(bytes);

    if (fields_decode(&table, thing, &wire, arena) < 0)
        return -1;
    return wire_is_done(&wire) ? 0 : -1;
}

static void what_is_encoded_comes_back_and_a_cut_is_never_taken_for_the_whole(void **state)
{
    struct arena arena = { 0 };
    struct thing thing;
    struct thing back = { 0 };
    struct buffer bytes = { 0 };

    (void)state;
    set_all_defaults(&thing, &arena);
    fields_encode(&table, &thing, &bytes);
    assert_int_equal(decode(buffer_text(&bytes), &back, &arena), 0);
    assert_same(&thing, &back);
    for (size_t len = 0; len < buffer_len(&bytes); len++)
        assert_int_equal(decode(text_first(buffer_text(&bytes), len), &back, &arena), -1);
    buffer_done(&bytes);
    arena_done(&arena);
}

/* One member out of its bounds: whoever encodes it is broken, whoever decodes it must notice. */
static void bounds_are_checked_again_when_decoding(void **state)
{
    struct text bad_words[] = { TEXT("a"), TEXT("b"), TEXT("c"), TEXT("d") };
    struct text bad_item[] = { TEXT("-") };
    struct text_list four_words = { .items = bad_words, .count = 4 };
    struct text_list no_name = { .items = bad_item, .count = 1 };
    struct arena arena = { 0 };
    struct thing good;
    struct thing bad[16];
    size_t count = 0;

    (void)state;
    set_all_defaults(&good, &arena);
    for (size_t i = 0; i < 16; i++)
        bad[i] = good;
    bad[count++].number = 0;
    bad[count++].number = INT64_MIN;
    bad[count++].listed = 302;
    bad[count++].wait_ms = 600001;
    bad[count++].size = -1;
    bad[count++].rate = INT64_MAX;
    bad[count++].share = 101;
    bad[count++].fraction = 1000001;
    bad[count++].colour = 2;
    bad[count++].name = TEXT("ninebytes");
    bad[count++].name = TEXT("a b");
    bad[count++].name = TEXT_NONE;
    bad[count++].words = four_words;
    bad[count++].words = no_name;
    bad[count++].status = (struct status_range){ 0, 999 };
    bad[count++].port = -2;
    for (size_t i = 0; i < count; i++) {
        struct buffer bytes = { 0 };
        struct thing back = { 0 };

        fields_encode(&table, &bad[i], &bytes);
        assert_int_equal(decode(buffer_text(&bytes), &back, &arena), -1);
        buffer_done(&bytes);
    }
    arena_done(&arena);
}

static void only_the_rows_of_the_mask_are_laid_over(void **state)
{
    static const struct field_table overlaid = { "x", rows, sizeof(rows) / sizeof(rows[0]),
                                                 sizeof(struct thing) };
    const struct thing from = { .number = 1, .flag = true, .colour = GREEN, .name = TEXT("over") };
    uint64_t all = (UINT64_C(1) << overlaid.count) - 1;

    (void)state;
    for (size_t i = 0; i < overlaid.count; i++) {
        struct thing thing = { .number = 99, .name = TEXT("under"), .colour = RED };
        const char *name = rows[i].name;

        fields_overlay(&overlaid, &thing, &from, UINT64_C(1) << i);
        assert_int_equal(thing.number, strcmp(name, "number") == 0 ? 1 : 99);
        assert_int_equal(thing.flag, strcmp(name, "flag") == 0);
        assert_int_equal(thing.colour, strcmp(name, "colour") == 0 ? GREEN : RED);
        assert_true(
            text_equal(thing.name, strcmp(name, "name") == 0 ? TEXT("over") : TEXT("under")));
        fields_overlay(&overlaid, &thing, &from, all);
        assert_int_equal(thing.number, 1);
        assert_int_equal(thing.colour, GREEN);
        assert_ptr_equal(thing.name.at, from.name.at); /* borrowed */
        fields_overlay(&overlaid, &thing, &(const struct thing){ 0 }, 0);
        assert_int_equal(thing.number, 1);
    }
}

static void every_section_has_defaults_that_its_own_rows_accept(void **state)
{
    struct settings *settings = settings_new(); /* aborts otherwise */

    (void)state;
    assert_int_equal(settings->limits.header_bytes, 32 * 1024);
    assert_int_equal(settings->listeners.redirect_status, 308);
    assert_int_equal(settings->listeners.redirect_port, -1);
    assert_int_equal(settings->tls.groups.count, 4);
    assert_int_equal(settings->route_defaults.max_body_bytes, 64 * 1024 * 1024);
    assert_int_equal(settings->service_defaults.health.status.most, 399);
    assert_int_equal(settings->limits.connections_total, -1);
    assert_int_equal(settings->log.access_sample, 1000000);
    assert_int_equal(settings->shutdown.drain_ms, 20000);
    settings_free(settings);
    settings_free(NULL);
}

static void every_row_of_every_section_has_a_sentence_and_a_place_in_its_struct(void **state)
{
    static const struct field_table *const tables[] = {
        &listener_fields, &tls_fields,   &policy_fields, &service_fields,  &route_fields,
        &header_fields,   &limit_fields, &log_fields,    &shutdown_fields,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (size_t j = 0; j < tables[i]->count; j++) {
            const struct field *field = &tables[i]->fields[j];

            assert_non_null(field->help);
            assert_null(strchr(field->help, '|')); /* would break the tables of the reference */
            assert_true(field->offset < tables[i]->struct_bytes);
            assert_ptr_equal(fields_find(tables[i], text_of(field->name)), field);
            assert_true((field->kind == FIELD_LATER) == (field->fallback == NULL));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_takes_its_values_and_says_how_to_write_others),
        cmocka_unit_test(an_error_may_be_ignored),
        cmocka_unit_test(a_long_value_is_cut_in_the_message_but_not_within_a_character),
        cmocka_unit_test(a_name_is_found_and_a_misspelt_one_is_near_to_it),
        cmocka_unit_test(a_name_too_long_for_a_hint_is_near_to_nothing),
        cmocka_unit_test(what_is_encoded_comes_back_and_a_cut_is_never_taken_for_the_whole),
        cmocka_unit_test(bounds_are_checked_again_when_decoding),
        cmocka_unit_test(only_the_rows_of_the_mask_are_laid_over),
        cmocka_unit_test(every_section_has_defaults_that_its_own_rows_accept),
        cmocka_unit_test(every_row_of_every_section_has_a_sentence_and_a_place_in_its_struct),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
