/* Fields set and removed by hand: what they take away, what they look like to the writer. */

#include "http/field_edits.h"

#include "heads.h"
#include "http/forwarding.h"

static const struct forwarding plain = { .request_id = BYTES("id"), .x_forwarded = false };

static struct text written(struct parsed *parsed, struct buffer *out)
{
    buffer_clear(out);
    h1_write_request(out, &parsed->request, &plain);
    return buffer_text(out);
}

static void what_is_removed_is_gone_in_every_spelling(void **state)
{
    static const struct {
        const char *name;
        const char *sent;
        bool gone;
    } cases[] = {
        { "X-User", "X-User: a\r\n", true },     { "X-User", "x-uSER: a\r\n", true },
        { "X-User", "X_User: a\r\n", true },     { "X-User", "X.User: a\r\n", true },
        { "X-User", "X-User-Id: a\r\n", false }, { "X-User", "X-Use: a\r\n", false },
        { "X-User", "X-Usxr: a\r\n", false },    { "Cookie", "Cookie: a=b\r\n", true },
        { "X-User", "XaUser: a\r\n", false },    { "X-User", "X1User: a\r\n", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parsed *parsed = parsed_new();
        char head[128];

        snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", cases[i].sent);
        parse_good_request(parsed, head);
        field_edits_drop(&parsed->request.fields, text_of(cases[i].name));
        if (parsed->request.fields.lines[1].dropped != cases[i].gone)
            fail_msg("%s by %s", cases[i].sent, cases[i].name);
        parsed_free(parsed);
    }
}

static void what_is_set_is_there_once(void **state)
{
    struct parsed *parsed = parsed_new();
    struct arena arena = { 0 };
    struct buffer out = { 0 };

    (void)state;
    parse_good_request(parsed,
                       "GET / HTTP/1.1\r\nHost: a\r\nX-Role: x\r\nx_role: y\r\nX-Role: z\r\n"
                       "\r\n");
    field_edits_set(&parsed->request.fields, &arena, TEXT("X-Role"), TEXT("reader"));
    expect_text("set", written(parsed, &out),
                "GET / HTTP/1.1\r\nHost: a\r\nX-Role: reader\r\nX-Request-Id: id\r\n\r\n");
    buffer_done(&out);
    arena_done(&arena);
    parsed_free(parsed);
}

/* A client may not send them, so the writer leaves them out; ours pass. */
static void what_vouches_for_a_client_passes_when_it_is_ours(void **state)
{
    struct parsed *parsed = parsed_new();
    struct arena arena = { 0 };
    struct buffer out = { 0 };

    (void)state;
    parse_good_request(parsed, "GET / HTTP/1.1\r\nHost: a\r\nRemote-User: root\r\n\r\n");
    field_edits_set(&parsed->request.fields, &arena, TEXT("Remote-User"), TEXT("anna"));
    field_edits_add(&parsed->request.fields, &arena, TEXT("X-Forwarded-Uri"), TEXT("/x"));
    expect_text("vouching", written(parsed, &out),
                "GET / HTTP/1.1\r\nHost: a\r\nRemote-User: anna\r\nX-Forwarded-Uri: /x\r\n"
                "X-Request-Id: id\r\n\r\n");
    buffer_done(&out);
    arena_done(&arena);
    parsed_free(parsed);
}

static void nothing_of_ours_goes_when_a_head_is_cleaned_again(void **state)
{
    struct parsed *parsed = parsed_new();
    struct arena arena = { 0 };

    (void)state;
    parse_good_response(parsed, "HTTP/1.1 200 OK\r\nConnection: X-A\r\nX-A: theirs\r\n\r\n");
    forwarding_clean_response(&parsed->response);
    field_edits_set(&parsed->response.fields, &arena, TEXT("X-A"), TEXT("ours"));
    forwarding_clean_response(&parsed->response);
    expect_text("ours", field_list_find_name(&parsed->response.fields, TEXT("X-A"))->value, "ours");
    arena_done(&arena);
    parsed_free(parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_removed_is_gone_in_every_spelling),
        cmocka_unit_test(what_is_set_is_there_once),
        cmocka_unit_test(nothing_of_ours_goes_when_a_head_is_cleaned_again),
        cmocka_unit_test(what_vouches_for_a_client_passes_when_it_is_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
