/* The words for refusals and their numbers. A worker looks one up when a request fails. */

#include "model/reasons.h"

#include <stddef.h>
#include <string.h>

#define REASON_WORD(word) #word,
static const char *const words[REASON_COUNT] = { REASONS(REASON_WORD) };
#undef REASON_WORD

enum reason reason_of(const char *word)
{
    for (size_t i = 0; word && i < REASON_COUNT; i++)
        if (strcmp(words[i], word) == 0)
            return (enum reason)i;
    return REASON_other;
}

const char *reason_word(enum reason reason)
{
    return words[reason < REASON_COUNT ? reason : REASON_other];
}
