/* The forms of texts in settings. Named by the rows of the field tables, called through them. */

#include "model/text_check.h"

#include "net/address.h"

static bool is_alphanumeric(char c)
{
    char lower = ascii_lower(c);

    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

static bool is_one_of(char c, struct text characters)
{
    return text_find(characters, c) < characters.len;
}

static bool is_token_char(char c)
{
    return is_alphanumeric(c) || is_one_of(c, TEXT("!#$%&'*+-.^_`|~"));
}

int text_check_token(struct text value, struct err *err)
{
    for (size_t i = 0; i < value.len; i++)
        if (!is_token_char(value.at[i]))
            return err_set(err, "may have letters, digits and !#$%%&'*+-.^_`|~ only");
    return 0;
}

int text_check_target(struct text value, struct err *err)
{
    if (value.at[0] != '/')
        return err_set(err, "must begin with /");
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] <= ' ' || value.at[i] > '~')
            return err_set(err, "may have visible ASCII only; write other bytes as %%XX");
        if (value.at[i] == '#' || value.at[i] == '\\')
            return err_set(err, "must not have # or \\ in it");
    }
    return 0;
}

int text_check_file(struct text value, struct err *err)
{
    if (value.at[value.len - 1] == '/')
        return err_set(err, "is a folder; write the path of a file");
    return 0;
}

int text_check_log_output(struct text value, struct err *err)
{
    if (text_equal(value, TEXT("stdout")) || text_equal(value, TEXT("off")))
        return 0;
    if (text_find(value, '/') == value.len)
        return err_set(err, "must be stdout, off, or a path with a / in it");
    return text_check_file(value, err);
}

int text_check_group(struct text value, struct err *err)
{
    if (text_equal_nocase(value, TEXT("DEFAULT")))
        return err_set(err, "\"DEFAULT\" is not accepted; name the groups, like X25519");
    for (size_t i = 0; i < value.len; i++)
        if (!is_alphanumeric(value.at[i]) && value.at[i] != '-' && value.at[i] != '_')
            return err_set(err, "\"%.*s\" is no name of a group; write it like X25519",
                           TEXT_ARGS(text_first(value, 60)));
    return 0;
}

int text_check_prefix(struct text value, struct err *err)
{
    struct address_prefix prefix;

    return address_prefix_parse(value, &prefix, err);
}

int text_check_name(struct text value, struct err *err)
{
    for (size_t i = 0; i < value.len; i++)
        if (!is_alphanumeric(value.at[i]) && (i == 0 || !is_one_of(value.at[i], TEXT("_.-"))))
            return err_set(err, "\"%.*s\" is no name; use letters, digits, and _ . - within",
                           TEXT_ARGS(text_first(value, 60)));
    return 0;
}
