/* The right side of a mapping. Whether a service of that name is there is asked elsewhere. */

#include "mapped_value.h"

#include "model/text_check.h"

#define NAME_BYTES 63

static int parse_service(struct text name, bool has_port, struct text port,
                         struct mapped_value *value_out, struct err *err)
{
    uint64_t number = 0;

    if (has_port && (!text_to_u64(port, &number) || number < 1 || number > 65535))
        return err_set(err, "\"%.*s\" is no port; write a number from 1 to 65535 behind the colon",
                       TEXT_ARGS(text_first(port, 60)));
    if (name.len == 0)
        return err_set(err, "there is no service in front of the port; write service:port or "
                            "address:port");
    if (name.len > NAME_BYTES)
        return err_set(err, "the name of a service has at most %d letters", NAME_BYTES);
    if (text_check_name(name, err) < 0)
        return -1;
    *value_out = (struct mapped_value){ .name = name, .port = (int64_t)number };
    return 0;
}

int mapped_value_parse(struct text written, struct mapped_value *value_out, struct err *err)
{
    size_t colon = text_find_last(written, ':');
    struct text host = text_first(written, colon);
    struct address address;

    if (written.len == 0)
        return err_set(err, "must not be empty; write service:port or address:port");
    if (text_find(written, '/') < written.len)
        return err_set(err, "a service has no scheme and no path; write service:port or "
                            "address:port");
    if (address_is_literal(written))
        return err_set(err,
                       "the address %.*s has no port; write it as 127.0.0.1:8080 or "
                       "\"[::1]:8080\"",
                       TEXT_ARGS(written));
    if (written.at[0] == '[' || (colon < written.len && address_is_literal(host))) {
        if (address_parse(written, &address, err) < 0)
            return -1;
        *value_out = (struct mapped_value){ .is_address = true, .address = address };
        return 0;
    }
    return parse_service(host, colon < written.len, text_from(written, colon + 1), value_out, err);
}
