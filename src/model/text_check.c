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

/* No control octet comes so far: they are refused in every text (RFC 9110 section 5.5). */
int text_check_field_value(struct text value, struct err *err)
{
    if (!text_equal(text_trim(value), value))
        return err_set(err, "must not begin or end with a space");
    return 0;
}

/*
 * What frames a message, leads it, or says who the client is is written by swarmward alone; of
 * these an error on this page would be a hole.
 */
static bool is_reserved_field(struct text name)
{
    static const char names[] = "connection,content-encoding,content-length,content-range,expect,"
                                "forwarded,host,http2-settings,keep-alive,proxy,te,trailer,"
                                "transfer-encoding,upgrade,x-request-id";
    static const char prefixes[] = "client-cert,x-client-dn,proxy-,sec-websocket-,x-forwarded";
    struct text rest = TEXT(names);
    struct text one;

    while (text_split(rest, ',', &one, &rest) || one.len) {
        if (text_equal_nocase(name, one))
            return true;
    }
    rest = TEXT(prefixes);
    while (text_split(rest, ',', &one, &rest) || one.len) {
        if (text_equal_nocase(text_first(name, one.len), one))
            return true;
    }
    return false;
}

int text_check_edited_field(struct text value, struct err *err)
{
    if (text_check_token(value, err) < 0)
        return -1;
    if (text_find(value, '_') < value.len)
        return err_set(err, "backends take _ in a name for -, so write -");
    if (text_equal_nocase(value, TEXT("Strict-Transport-Security")))
        return err_set(err, "this field is made by defaults.headers.hsts");
    if (is_reserved_field(value))
        return err_set(err,
                       "\"%.*s\" frames or leads messages, or says who the client is; "
                       "only swarmward itself writes it",
                       TEXT_ARGS(text_first(value, 60)));
    return 0;
}

int text_check_error_status(struct text value, struct err *err)
{
    uint64_t status = 0;

    if (value.len != 3 || !text_to_u64(value, &status) || status < 400 || status > 599)
        return err_set(err, "\"%.*s\" is no status from 400 to 599",
                       TEXT_ARGS(text_first(value, 60)));
    return 0;
}

int text_check_encoding(struct text value, struct err *err)
{
    if (!text_equal(value, TEXT("br")) && !text_equal(value, TEXT("gzip")))
        return err_set(err, "\"%.*s\" is not known here; write br or gzip",
                       TEXT_ARGS(text_first(value, 60)));
    return 0;
}

int text_check_media_type(struct text value, struct err *err)
{
    struct text type;
    struct text subtype;

    if (!text_split(value, '/', &type, &subtype) || !type.len || !subtype.len ||
        text_check_token(type, err) < 0 || text_check_token(subtype, err) < 0)
        return err_set(err,
                       "\"%.*s\" is no media type; write it like text/html, without "
                       "parameters",
                       TEXT_ARGS(text_first(value, 60)));
    return 0;
}

static bool is_authority(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_alphanumeric(text.at[i]) && !is_one_of(text.at[i], TEXT(".-:[]")))
            return false;
    return text.len > 0;
}

int text_check_redirect(struct text value, struct err *err)
{
    size_t scheme = text_starts(value, TEXT("https://"))  ? 8
                    : text_starts(value, TEXT("http://")) ? 7
                                                          : 0;
    struct text path = text_from(value, scheme);

    if (!scheme && value.at[0] != '/')
        return err_set(err, "must begin with / or https://");
    if (scheme) {
        if (!is_authority(text_first(path, text_find(path, '/'))))
            return err_set(err, "must have a host behind its scheme, and no user");
        path = text_from(path, text_find(path, '/'));
    }
    for (size_t i = 0; i < path.len; i++)
        if (path.at[i] <= ' ' || path.at[i] > '~' || is_one_of(path.at[i], TEXT("?#\\\"<>")))
            return err_set(err, "may have visible ASCII without ?, # and \\ only; the query of the "
                                "request goes along by itself");
    return 0;
}
