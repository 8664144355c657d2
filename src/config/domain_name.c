/* Names of domains, as RFC 1123 section 2.1 has them, and what people write instead. */

#include "domain_name.h"

#include "net/address.h"

#define NAME_BYTES  253
#define LABEL_BYTES 63

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter_digit_hyphen(char c)
{
    char lower = ascii_lower(c);

    return (lower >= 'a' && lower <= 'z') || is_digit(c) || c == '-';
}

static bool is_number(struct text label)
{
    for (size_t i = 0; i < label.len; i++)
        if (!is_digit(label.at[i]))
            return false;
    return true;
}

/* Mistakes that deserve words of their own. 0: none of them. */
static int check_habits(struct text name, struct err *err)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.at[i] >= 0x80)
            return err_set(err, "letters beyond ASCII must be written in their xn-- form (idn2 or "
                                "a web page converts it)");
    if (address_is_literal(name))
        return err_set(err, "an IP address is no domain; certificates and routes go by names");
    if (text_find(name, '/') < name.len)
        return err_set(err, "a domain has no scheme and no path; write the name alone");
    if (text_find(name, ':') < name.len)
        return err_set(err, "a domain has no port; the port of the service goes behind the "
                            "service, where HTTPS is answered is listeners.https.address");
    if (name.at[name.len - 1] == '.')
        return err_set(err, "write the name without the dot at its end");
    if (name.at[0] == '.')
        return err_set(err, "write \"*%.*s\" for every name below it", TEXT_ARGS(name));
    return 0;
}

static int check_label(struct text label, struct err *err)
{
    if (label.len == 0)
        return err_set(err, "there is nothing between two dots");
    if (label.len > LABEL_BYTES)
        return err_set(err, "\"%.*s...\" is longer than %d letters",
                       TEXT_ARGS(text_first(label, 20)), LABEL_BYTES);
    if (text_find(label, '*') < label.len)
        return err_set(err, "* may only be the whole first label, as in *.example.com");
    for (size_t i = 0; i < label.len; i++)
        if (!is_letter_digit_hyphen(label.at[i]))
            return err_set(err, "a domain has letters, digits, hyphens and dots only, no \"%c\"",
                           label.at[i]);
    if (label.at[0] == '-' || label.at[label.len - 1] == '-')
        return err_set(err, "\"%.*s\" must not begin or end with a hyphen", TEXT_ARGS(label));
    return 0;
}

static int check_labels(struct text name, struct err *err)
{
    struct text label = name;
    struct text rest = name;

    if (text_starts(name, TEXT("*.")))
        rest = text_from(name, 2);
    do {
        if (!text_split(rest, '.', &label, &rest))
            rest = TEXT_NONE;
        if (check_label(label, err) < 0)
            return -1;
    } while (rest.len);
    if (is_number(label))
        return err_set(err, "the last label must not be a number, browsers take such a name for "
                            "an IP address");
    return 0;
}

int domain_name_read(struct text written, struct arena *arena, struct text *name_out,
                     struct err *err)
{
    char *name;

    if (written.len == 0)
        return err_set(err, "a domain must not be empty");
    if (written.len > NAME_BYTES)
        return err_set(err, "a domain must not be longer than %d letters", NAME_BYTES);
    if (check_habits(written, err) < 0 || check_labels(written, err) < 0)
        return -1;
    name = arena_cstr(arena, written);
    text_lower(name, written.len);
    *name_out = text_make(name, written.len);
    return 0;
}
