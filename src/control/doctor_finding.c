/* What a check says: sentences with a verdict. Used by the checks of doctor. */

#include <stdarg.h>
#include <stdio.h>

#include "doctor_private.h"

#define SENTENCE_BYTES 2048
#define NAMES_SHOWN    5

/* Names come from other people's services: no control character of theirs reaches a terminal. */
static void append(struct buffer *out, const char *sentence)
{
    if (buffer_len(out))
        buffer_append_text(out, TEXT("; "));
    for (; *sentence; sentence++) {
        bool harmless = (unsigned char)*sentence >= 0x20 && *sentence != 0x7f;

        buffer_append(out, harmless ? sentence : "?", 1);
    }
}

void finding_say(struct finding *finding, enum verdict verdict, const char *format, ...)
{
    char sentence[SENTENCE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    append(&finding->found, sentence);
    if (verdict > finding->verdict)
        finding->verdict = verdict;
}

void finding_advise(struct finding *finding, const char *format, ...)
{
    char sentence[SENTENCE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    append(&finding->todo, sentence);
}

void name_list_add(struct name_list *list, struct text name)
{
    if (list->count++ < NAMES_SHOWN)
        buffer_format(&list->names, "%s%.*s", list->count > 1 ? ", " : "",
                      TEXT_ARGS(text_first(name, 128)));
}

const char *name_list_end(struct name_list *list)
{
    if (list->count > NAMES_SHOWN)
        buffer_format(&list->names, " and %zu more", list->count - NAMES_SHOWN);
    buffer_append_byte(&list->names, '\0');
    return list->names.bytes + list->names.start;
}

void name_list_done(struct name_list *list)
{
    buffer_done(&list->names);
}
