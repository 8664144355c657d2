/* The reason for a failure, in words. Used by every library; logs nothing itself. */

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, const char *format, ...)
{
    va_list arguments;

    if (!err)
        return -1;
    va_start(arguments, format);
    vsnprintf(err->text, sizeof(err->text), format, arguments);
    va_end(arguments);
    return -1;
}

int err_prefix(struct err *err, const char *format, ...)
{
    char old[ERR_TEXT_BYTES];
    va_list arguments;
    size_t used;

    if (!err)
        return -1;
    memcpy(old, err->text, sizeof(old));
    va_start(arguments, format);
    vsnprintf(err->text, sizeof(err->text), format, arguments);
    va_end(arguments);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof(err->text) - used, ": %s", old);
    return -1;
}
