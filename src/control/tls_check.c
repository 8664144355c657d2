/* Groups of the mapping file against the linked OpenSSL, so that no rollout has to fail for them.
 */

#include "tls_check.h"

#include "pki/tls_group.h"

static bool is_default(const struct text_list *groups)
{
    struct tls_settings defaults;
    struct arena arena = { 0 };
    bool is_same;

    fields_set_defaults(&tls_fields, &defaults, &arena);
    is_same = defaults.groups.count == groups->count;
    for (size_t i = 0; is_same && i < groups->count; i++)
        is_same = text_equal(defaults.groups.items[i], groups->items[i]);
    arena_done(&arena);
    return is_same;
}

int tls_check(const struct settings *settings, struct problems *problems)
{
    const struct text_list *groups = &settings->tls.groups;
    int status = 0;

    if (is_default(groups))
        return 0;
    for (size_t i = 0; i < groups->count; i++) {
        if (tls_group_is_there(groups->items[i]))
            continue;
        problems_error(problems, settings, (struct source_place){ 0 },
                       "tls.groups: the linked OpenSSL has no group \"%.*s\"; remove it, or leave "
                       "tls.groups out",
                       TEXT_ARGS(groups->items[i]));
        status = -1;
    }
    return status;
}
