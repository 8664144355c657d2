/*
 * The policies of domains as bytes and back: called by snapshot_codec.c. Whatever comes in is
 * checked as if an operator had written it, hashes of passwords too.
 *
 *     pages; lists of users; policies, each naming its page and its users by number
 */

#include <assert.h>

#include "model/password_hash.h"
#include "model/snapshot.h"

#define POLICIES_MAX   262144
#define PAGES_MAX      1024
#define USER_LISTS_MAX 1024
#define TO_BYTES       2048
#define PATH_BYTES     1024

/* The fewest bytes that one of them takes. */
#define PAGE_LEAST     4
#define USERS_LEAST    4
#define USER_LEAST     8
#define REDIRECT_LEAST 12
#define POLICY_LEAST   24

/* --- networks ------------------------------------------------------------------------------------
 */

static struct network_list networks_of(const struct text_list *texts, struct arena *arena)
{
    struct network_list list = { .items = arena_new(arena, texts->count, sizeof(*list.items)) };

    for (size_t i = 0; i < texts->count; i++)
        if (address_prefix_parse(texts->items[i], &list.items[list.count], NULL) == 0)
            list.count++;
    assert(list.count == texts->count); /* each was checked by its row */
    return list;
}

void snapshot_policy_networks(struct snapshot_domain_policy *policy, struct arena *arena)
{
    policy->allow = networks_of(&policy->settings.allow, arena);
    policy->deny = networks_of(&policy->settings.deny, arena);
    policy->testers = networks_of(&policy->settings.testers, arena);
}

const struct snapshot_user *snapshot_users_find(const struct snapshot_users *users,
                                                struct text name)
{
    uint32_t from = 0;
    uint32_t to = users->count;

    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        int order = text_compare(users->items[middle].name, name);

        if (order == 0)
            return &users->items[middle];
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

/* --- to bytes ------------------------------------------------------------------------------------
 */

static uint32_t page_number(const struct snapshot_policies *policies, struct text page)
{
    for (uint32_t i = 0; page.len && i < policies->page_count; i++)
        if (policies->pages[i].at == page.at)
            return i;
    return SNAPSHOT_NONE;
}

static void put_policy(struct buffer *out, const struct snapshot_policies *policies,
                       const struct snapshot_domain_policy *policy)
{
    wire_put_u64(out, policy->identity);
    fields_encode(&domain_policy_fields, &policy->settings, out);
    wire_put_text(out, policy->redirect_host);
    wire_put_u32(out, policy->redirect_count);
    for (uint32_t i = 0; i < policy->redirect_count; i++) {
        wire_put_text(out, policy->redirects[i].path);
        wire_put_text(out, policy->redirects[i].to);
        wire_put_u32(out, (uint32_t)policy->redirects[i].status);
    }
    wire_put_u32(out, policy->users ? (uint32_t)(policy->users - policies->users) : SNAPSHOT_NONE);
    wire_put_u32(out, page_number(policies, policy->page));
}

void snapshot_policies_encode(const struct snapshot_policies *policies, struct buffer *out)
{
    wire_put_u32(out, policies->page_count);
    for (uint32_t i = 0; i < policies->page_count; i++)
        wire_put_text(out, policies->pages[i]);
    wire_put_u32(out, policies->users_count);
    for (uint32_t i = 0; i < policies->users_count; i++) {
        const struct snapshot_users *users = &policies->users[i];

        wire_put_u32(out, users->count);
        for (uint32_t j = 0; j < users->count; j++) {
            wire_put_text(out, users->items[j].name);
            wire_put_text(out, users->items[j].hash);
        }
    }
    wire_put_u32(out, policies->count);
    for (uint32_t i = 0; i < policies->count; i++)
        put_policy(out, policies, &policies->items[i]);
}

/* --- and back ------------------------------------------------------------------------------------
 */

static void get_pages(struct snapshot_policies *policies, struct wire *wire, struct arena *arena)
{
    size_t count = wire_get_count(wire, PAGES_MAX, PAGE_LEAST);

    policies->pages = arena_new(arena, count, sizeof(*policies->pages));
    policies->page_count = (uint32_t)count;
    for (size_t i = 0; i < count && !wire->bad; i++)
        policies->pages[i] = wire_get_text(wire, SNAPSHOT_PAGE_BYTES);
}

static void get_users(struct snapshot_users *users, struct wire *wire, struct arena *arena)
{
    size_t count = wire_get_count(wire, SNAPSHOT_USERS_MAX, USER_LEAST);

    users->items = arena_new(arena, count, sizeof(*users->items));
    users->count = (uint32_t)count;
    for (size_t i = 0; i < count && !wire->bad; i++) {
        struct snapshot_user *user = &users->items[i];

        user->name = wire_get_text(wire, SNAPSHOT_USER_NAME_BYTES);
        user->hash = wire_get_text(wire, PASSWORD_HASH_BYTES);
        if (!user->name.len || password_hash_check(user->hash, NULL) < 0 ||
            (i && text_compare(user[-1].name, user->name) >= 0))
            wire->bad = true;
    }
}

static void get_user_lists(struct snapshot_policies *policies, struct wire *wire,
                           struct arena *arena)
{
    size_t count = wire_get_count(wire, USER_LISTS_MAX, USERS_LEAST);

    policies->users = arena_new(arena, count, sizeof(*policies->users));
    policies->users_count = (uint32_t)count;
    for (size_t i = 0; i < count && !wire->bad; i++)
        get_users(&policies->users[i], wire, arena);
}

static bool is_redirect_status(uint32_t status)
{
    return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

/* What goes into a field of a response must not end it. */
static bool is_printable(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    return true;
}

static void get_redirects(struct snapshot_domain_policy *policy, struct wire *wire,
                          struct arena *arena)
{
    size_t count = wire_get_count(wire, DOMAIN_REDIRECTS_MAX, REDIRECT_LEAST);

    policy->redirects = arena_new(arena, count, sizeof(*policy->redirects));
    policy->redirect_count = (uint32_t)count;
    for (size_t i = 0; i < count && !wire->bad; i++) {
        struct snapshot_redirect *redirect = &policy->redirects[i];
        uint32_t status;

        redirect->path = wire_get_text(wire, PATH_BYTES);
        redirect->to = wire_get_text(wire, TO_BYTES);
        status = wire_get_u32(wire);
        redirect->status = (int)(status & 0xFFF);
        if (!text_starts(redirect->path, TEXT("/")) || !is_redirect_status(status) ||
            !is_printable(redirect->to) || (i && redirect[-1].path.len < redirect->path.len))
            wire->bad = true;
    }
}

static void get_policy(struct snapshot_policies *policies, struct snapshot_domain_policy *policy,
                       struct wire *wire, struct arena *arena)
{
    uint32_t users;
    uint32_t page;

    policy->identity = wire_get_u64(wire);
    if (fields_decode(&domain_policy_fields, &policy->settings, wire, arena) < 0) {
        wire->bad = true;
        return;
    }
    policy->redirect_host = wire_get_text(wire, HOST_REDIRECT_BYTES);
    get_redirects(policy, wire, arena);
    users = wire_get_u32(wire);
    page = wire_get_u32(wire);
    if (wire->bad || !is_printable(policy->redirect_host) ||
        (users != SNAPSHOT_NONE && users >= policies->users_count) ||
        (page != SNAPSHOT_NONE && page >= policies->page_count)) {
        wire->bad = true;
        return;
    }
    policy->users = users == SNAPSHOT_NONE ? NULL : &policies->users[users];
    policy->page = page == SNAPSHOT_NONE ? TEXT_NONE : policies->pages[page];
    snapshot_policy_networks(policy, arena);
}

bool snapshot_policies_decode(struct snapshot_policies *policies, struct wire *wire,
                              struct arena *arena)
{
    size_t count;

    get_pages(policies, wire, arena);
    get_user_lists(policies, wire, arena);
    count = wire_get_count(wire, POLICIES_MAX, POLICY_LEAST);
    policies->items = arena_new(arena, count, sizeof(*policies->items));
    policies->count = (uint32_t)count;
    for (size_t i = 0; i < count && !wire->bad; i++)
        get_policy(policies, &policies->items[i], wire, arena);
    return !wire->bad;
}

void snapshot_policy_put(const struct snapshot_policies *policies,
                         const struct snapshot_domain_policy *policy, struct buffer *out)
{
    wire_put_u32(out, policy ? (uint32_t)(policy - policies->items) : SNAPSHOT_NONE);
}

const struct snapshot_domain_policy *snapshot_policy_get(const struct snapshot_policies *policies,
                                                         struct wire *wire)
{
    uint32_t number = wire_get_u32(wire);

    if (number == SNAPSHOT_NONE)
        return NULL;
    if (number < policies->count)
        return &policies->items[number];
    wire->bad = true;
    return NULL;
}
