/* The rules of the mapping file that are about bytes and YAML, before any setting is looked at. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "refusals.h"

#define EMPTY "the file is empty; it needs version: 1 and domains:"

static const struct refusal bytes[] = {
    { "", EMPTY },
    { "# only this\n", EMPTY },
    { "---\n", "2:1: " EMPTY },
    { "~\n", "1:1: " EMPTY },
    { WHOLE "# \xff\n", "3:3: byte 0xFF is not valid UTF-8; save the file as UTF-8" },
    { WHOLE "# \xc0\xaf\n", "3:3: byte 0xC0 is not valid UTF-8; save the file as UTF-8" },
    { WHOLE "# \xed\xa0\x80\n", "3:3: byte 0xED is not valid UTF-8; save the file as UTF-8" },
    { WHOLE "# \xe0\x80\x80\n", "3:3: byte 0xE0 is not valid UTF-8; save the file as UTF-8" },
    { WHOLE "# \xf4\x90\x80\x80\n", "3:3: byte 0xF4 is not valid UTF-8; save the file as UTF-8" },
    { WHOLE "# \xf5\x80\x80\x80\n", "3:3: byte 0xF5 is not valid UTF-8; save the file as UTF-8" },
    { WHOLE "# \x80\xbf\n", "3:3: byte 0x80 is not valid UTF-8; save the file as UTF-8" },
    { WHOLE "# \xc2\x80\n", "3:3: control character U+0080; remove it" },
    { WHOLE "# \xe4", "3:3: byte 0xE4 is not valid UTF-8; save the file as UTF-8" },
    { "\xff\xfev\0e", "1:1: byte 0xFF is not valid UTF-8; save the file as UTF-8" },
    { WHOLE "# \xc3\xa4\x1b[2J\n", "3:4: control character U+001B; remove it" },
    { WHOLE "# \x7f and \xc2\x85\n",
      "3:3: control character U+007F; remove it\n3:9: control character U+0085; remove it" },
    { WHOLE "# \xe2\x80\xa8\n", "3:3: control character U+2028; remove it" },
    { WHOLE "# \xef\xbb\xbf\n", "3:3: control character U+FEFF; remove it" },
    { WHOLE "# a\rb\n", "3:4: control character U+000D; remove it" },
    { "%YAML 1.1\n---\n" WHOLE, "1:1: YAML directives are not accepted; remove the line" },
    { "%TAG ! tag:x,2000:\n---\n" WHOLE, "1:1: YAML directives are not accepted; remove the line" },
};

static const struct refusal yaml[] = {
    { WHOLE "---\nversion: 1\n", "3:1: a second document begins here; one file is one document" },
    { WHOLE "...\n---\n", "4:1: a second document begins here; one file is one document" },
    { WHOLE "version: 1\n",
      "3:1: \"version\" is there twice, the first time in line 1; remove one" },
    { WHOLE "limits: { header_timeout: 1s, header_timeout: 2s }\n",
      "3:31: \"header_timeout\" is there twice, the first time in line 3; remove one" },
    { WHOLE "limits: { header_timeout: 1s, \"header_timeout\": { x: [1] } }\n",
      "3:31: \"header_timeout\" is there twice, the first time in line 3; remove one" },
    /* a large mapping is looked through by hash */
    { WHOLE "x: { a: , b: , c: , d: , e: , f: , g: , h: , i: , j: , k: , l: , m: , n: , o: , b: ,\n"
            "o: , n: , z: }\n",
      "3:1: \"x\" is not known; docs/configuration.md lists every setting\n"
      "3:81: \"b\" is there twice, the first time in line 3; remove one\n"
      "4:1: \"o\" is there twice, the first time in line 3; remove one\n"
      "4:6: \"n\" is there twice, the first time in line 3; remove one" },
    { "version: 1\ndomains: { a.example: &a \"127.0.0.1:80\", b.example: *a }\n",
      "2:23: anchors (&a) are not accepted; write the value where it is needed, or quote it if "
      "the & belongs to it\n"
      "2:53: aliases (*a) are not accepted; quote a name that begins with *" },
    { WHOLE "limits: &x { header_timeout: 1s }\n",
      "3:9: anchors (&x) are not accepted; write the value where it is needed, or quote it if the "
      "& belongs to it" },
    { WHOLE "limits: { <<: { header_timeout: 1s } }\n",
      "3:11: merge keys (<<) are not accepted; write the settings out" },
    { WHOLE "limits: { header_timeout: !!str 1s }\n",
      "3:27: tags (tag:yaml.org,2002:str) are not accepted; remove it, or quote the value if the ! "
      "belongs to it" },
    { WHOLE "limits: ! { header_timeout: 1s }\n",
      "3:9: tags (!) are not accepted; remove it, or quote the value if the ! belongs to it" },
    { WHOLE "tls: { groups: !x [X25519] }\n",
      "3:16: tags (!x) are not accepted; remove it, or quote the value if the ! belongs to it" },
    { "version: 1\ndomains:\n  *.example.com: \"127.0.0.1:80\"\n",
      "3:4: not YAML: did not find expected alphabetic or numeric character while scanning an "
      "alias; quote a name that begins with * or &, like \"*.example.com\"" },
    { "version: 1\ndomains:\n  *lab: \"127.0.0.1:80\"\n",
      "3:3: aliases (*lab) are not accepted; quote a name that begins with *" },
    { WHOLE "limits: { a: { b: { c: { d: { e: { f: { g: { h: 1 } } } } } } } }\n",
      "3:44: nested deeper than 8 levels; nothing in this file needs that" },
    { WHOLE "tls: [[[[[[[[[[]]]]]]]]]]\n",
      "3:13: nested deeper than 8 levels; nothing in this file needs that" },
    { WHOLE "{a: b}: c\n",
      "3:1: a name must be plain text; quote a value that begins with { or [" },
    { WHOLE "limits: {{ limits }}\n",
      "3:10: a name must be plain text; quote a value that begins with { or [" },
    { WHOLE "limits:\n\theader_timeout: 1s\n",
      "4:1: not YAML: found character that cannot start any token while scanning for the next "
      "token; indent with spaces, not with tabs" },
    { WHOLE "limits: a: b\n",
      "3:10: not YAML: mapping values are not allowed in this context; quote a value that has "
      "\": \" in it, and indent the lines of a mapping alike" },
    { WHOLE "limits: { header_timeout: 1s\n",
      "4:1: not YAML: did not find expected ',' or '}' while parsing a flow mapping; check quotes, "
      "brackets and indentation around here" },
    { WHOLE "limits: \"\n",
      "4:1: not YAML: found unexpected end of stream while scanning a quoted scalar; check quotes, "
      "brackets and indentation around here" },
    { WHOLE "limits: { header_timeout: \"a\\0b\", \"x\\0\": 1 }\n",
      "3:27: the escape \\0 is not accepted, no setting can have a NUL byte; remove it\n"
      "3:35: the escape \\0 is not accepted, no setting can have a NUL byte; remove it" },
    { "- version\n", "1:1: must be a mapping, like { name: value }" },
    { "version\n", "1:1: must be a mapping, like { name: value }" },
    { "*a\n", "1:1: aliases (*a) are not accepted; quote a name that begins with *" },
};

static void bytes_that_nobody_can_see_are_refused(void **state)
{
    (void)state;
    assert_refusals(bytes, sizeof(bytes) / sizeof(bytes[0]));
}

static void what_makes_yaml_surprising_is_refused(void **state)
{
    (void)state;
    assert_refusals(yaml, sizeof(yaml) / sizeof(yaml[0]));
}

static void a_nul_byte_is_a_control_character_and_not_the_end(void **state)
{
    static const char text[] = WHOLE "\0version: 2\n";
    struct settings *settings = NULL;
    char *lines = read_lines(text_make(text, sizeof(text) - 1), &settings);

    (void)state;
    assert_null(settings);
    assert_string_equal(lines, "f.yaml:3:1: error: control character U+0000; remove it\n");
    free(lines);
}

static void what_a_windows_editor_writes_is_read(void **state)
{
    struct settings *settings = assert_accepted(
        "\xef\xbb\xbfversion: 1\r\n# "
        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\xc2\xa0\r\ndomains:\r\n"
        "  a.example: \"127.0.0.1:80\"\t# tab\r\n");

    (void)state;
    assert_int_equal(settings->domain_count, 1);
    assert_int_equal(settings->domains[0].place.line, 4);
    assert_int_equal(settings->domains[0].place.column, 3);
    settings_free(settings);
}

static void an_end_of_document_is_no_second_one(void **state)
{
    struct settings *settings = assert_accepted("---\n" WHOLE "...\n");

    (void)state;
    settings_free(settings);
}

/* A file that is cut anywhere is refused or (between two sections) a whole file; never a crash. */
static void a_file_may_be_cut_anywhere(void **state)
{
    static const char whole[] =
        WHOLE "limits: { header: { bytes: 16KiB } }\nservices:\n"
              "  s: { servers: [\"127.0.0.1:3000\", { address: \"[::1]:1\", weight: 2 }] }\n"
              "log: { access: { output: off } } # \xc3\xa4\n";

    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        char *copy = text_to_heap(text_make(whole, len));
        struct settings *settings = NULL;
        char *lines = read_lines(text_make(copy, len), &settings);

        settings_free(settings);
        free(lines);
        free(copy);
    }
}

/* "\e" in quotes is a way around the check of the bytes. */
static void escapes_do_not_bring_control_characters_into_messages(void **state)
{
    struct settings *settings = NULL;
    char *lines =
        read_lines(TEXT(WHOLE "\"\\e[2J\\x9b\\n\": 1\nlimits: { header_timeout: \"\\r\\e\\n\" }\n"),
                   &settings);

    (void)state;
    assert_null(settings);
    assert_string_equal(
        lines, "f.yaml:3:1: error: \"?[2J???\" is not known; docs/configuration.md lists "
               "every setting\n"
               "f.yaml:4:27: error: limits.header_timeout: \"???\" is no duration; write a "
               "whole number and ms, s, m or h, like 500ms\n");
    free(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_nobody_can_see_are_refused),
        cmocka_unit_test(what_makes_yaml_surprising_is_refused),
        cmocka_unit_test(a_nul_byte_is_a_control_character_and_not_the_end),
        cmocka_unit_test(what_a_windows_editor_writes_is_read),
        cmocka_unit_test(an_end_of_document_is_no_second_one),
        cmocka_unit_test(a_file_may_be_cut_anywhere),
        cmocka_unit_test(escapes_do_not_bring_control_characters_into_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
