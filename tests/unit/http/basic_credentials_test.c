/* The field Authorization: what is a password, what is a garbled one, what is none. */

#include "http/basic_credentials.h"

#include "heads.h"

static const struct {
    const char *value; /* of the one field; NULL: there is none */
    enum basic_status want;
    const char *user;
    const char *password;
} cases[] = {
    { NULL, BASIC_NONE, NULL, NULL },
    { "", BASIC_NONE, NULL, NULL },
    { "Bearer abc", BASIC_NONE, NULL, NULL },
    { "BasicYWRhOm9wZW4=", BASIC_NONE, NULL, NULL },
    { "Basic", BASIC_BAD, NULL, NULL },
    { "Basic ", BASIC_BAD, NULL, NULL },
    { "Basic YWRhOm9wZW4=", BASIC_OK, "ada", "open" },
    { "basic YWRhOm9wZW4=", BASIC_OK, "ada", "open" },
    { "BASIC   YWRhOm9wZW4=", BASIC_OK, "ada", "open" },
    { "Basic YWRhOm9wZW4=x", BASIC_BAD, NULL, NULL },
    { "Basic YWRhOm9wZW4", BASIC_BAD, NULL, NULL },  /* not padded */
    { "Basic YWRhOm9wZW5=", BASIC_BAD, NULL, NULL }, /* bits behind the end */
    { "Basic YWRhOm9wZW4= ,", BASIC_BAD, NULL, NULL },
    { "Basic YWRh Om9wZW4=", BASIC_BAD, NULL, NULL },
    { "Basic YW==Om9wZW4=", BASIC_BAD, NULL, NULL }, /* padded within */
    { "Basic Og==", BASIC_OK, "", "" },
    { "Basic Oj==", BASIC_BAD, NULL, NULL },
    { "Basic O===", BASIC_BAD, NULL, NULL },
    { "Basic ====", BASIC_BAD, NULL, NULL },
    { "Basic YTo6Yg==", BASIC_OK, "a", ":b" },       /* the first colon ends the name */
    { "Basic YWRh", BASIC_BAD, NULL, NULL },         /* no colon */
    { "Basic YWRhOm8AcA==", BASIC_BAD, NULL, NULL }, /* NUL */
    { "Basic YWQKOm9w", BASIC_BAD, NULL, NULL },     /* line break */
    { "Basic YTp/", BASIC_BAD, NULL, NULL },         /* DEL */
    { "Basic w7w6w6Q=", BASIC_OK, "\xc3\xbc", "\xc3\xa4" },
    { "Basic Pz8/Oj4+Pg==", BASIC_OK,
      "?"
      "?"
      "?",
      ">>>" },
    { "Basic Pz8_Oj4-Pg==", BASIC_BAD, NULL, NULL }, /* that is base64url */
};

static void read_one(const char *value, enum basic_status want, const char *user,
                     const char *password)
{
    struct basic_credentials got;
    struct arena arena = { 0 };
    struct field_list fields = { 0 };
    enum basic_status status;

    field_list_add(&fields, &arena, TEXT("Host"), TEXT("a.test"));
    if (value)
        field_list_add(&fields, &arena, TEXT("authorization"), text_of(value));
    status = basic_credentials_read(&fields, &got);
    if (status != want)
        fail_msg("%s: %d", value ? value : "none", (int)status);
    if (want == BASIC_OK) {
        expect_text(value, got.user, user);
        expect_text(value, got.password, password);
    }
    arena_done(&arena);
}

static void every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        read_one(cases[i].value, cases[i].want, cases[i].user, cases[i].password);
}

static void two_are_none_that_can_be_believed(void **state)
{
    struct basic_credentials got;
    struct arena arena = { 0 };
    struct field_list fields = { 0 };

    (void)state;
    field_list_add(&fields, &arena, TEXT("Authorization"), TEXT("Basic YWRhOm9wZW4="));
    field_list_add(&fields, &arena, TEXT("AUTHORIZATION"), TEXT("Basic YWRhOm9wZW4="));
    assert_int_equal(basic_credentials_read(&fields, &got), BASIC_BAD);
    fields.lines[0].dropped = true; /* it came nevertheless */
    assert_int_equal(basic_credentials_read(&fields, &got), BASIC_BAD);
    arena_done(&arena);
}

/* "x...": the colon is far away, but it need not be there for the length to be refused. */
static void a_length_is_refused_before_it_is_decoded(void **state)
{
    struct basic_credentials got;
    char value[6 + 8192] = "Basic ";

    (void)state;
    for (size_t len = 4; len <= 8192; len += 4) {
        struct field_line line = { .name = TEXT("Authorization"), .id = FIELD_AUTHORIZATION };
        struct field_list fields = { .lines = &line, .count = 1 };

        place(value + 6 + len - 4, TEXT("Ojo6")); /* ":::" */
        line.value = text_make(value, 6 + len);
        fields.present = 1U << FIELD_AUTHORIZATION;
        assert_int_equal(basic_credentials_read(&fields, &got),
                         len / 4 * 3 <= BASIC_CREDENTIALS_BYTES ? BASIC_OK : BASIC_BAD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form),
        cmocka_unit_test(two_are_none_that_can_be_believed),
        cmocka_unit_test(a_length_is_refused_before_it_is_decoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
