/*
 * Passwords (RFC 7617): the fields of a request against the users of its domain. Called by policy.c
 * and, when a slow check has ended, by verifier.c. docs/decisions/basic-auth.md says why it is so.
 */

#include "../client/client.h"
#include "../exchange/exchange.h"
#include "base/memory.h"
#include "http/basic_credentials.h"
#include "policy.h"
#include "verifier.h"

#define KEY_BYTES (PASSWORD_HASH_BYTES + BASIC_CREDENTIALS_BYTES + 3)

static void refuse_challenge(struct exchange *exchange, const char *reason)
{
    struct reply reply = { .status = 401 };

    reply_add(&reply, TEXT("WWW-Authenticate"),
              arena_format(&exchange->arena, "Basic realm=\"%.*s\", charset=\"UTF-8\"",
                           TEXT_ARGS(exchange->host)));
    reply_add(&reply, TEXT("Cache-Control"), TEXT("no-store"));
    exchange_answer(exchange, &reply, reason);
}

static void refuse_busy(struct exchange *exchange)
{
    struct reply reply = { .status = 503 };

    reply_add(&reply, TEXT("Retry-After"), TEXT("1"));
    exchange_answer(exchange, &reply, "auth_busy");
}

/* The user is who they say. */
static void accept_user(struct exchange *exchange, struct text user)
{
    struct field_list *fields = &exchange->request.fields;

    exchange->user = user;
    if (exchange->domain->policy->settings.forward_credentials)
        return;
    for (size_t i = 0; i < fields->count; i++)
        if (fields->lines[i].id == FIELD_AUTHORIZATION)
            fields->lines[i].dropped = true;
}

/*
 * The same for the same password of the same user with the same hash, and for nothing else: a user
 * who is removed or gets another password is not found under the old key. 128 bits of SipHash with
 * a key that only this process knows.
 */
static struct password_key key_of(struct text hash, const struct basic_credentials *credentials)
{
    char bytes[KEY_BYTES];
    size_t len = 1;
    const struct text parts[] = { hash, credentials->user, credentials->password };
    struct password_key key;

    for (size_t i = 0; i < 3; i++) {
        memcpy(bytes + len, parts[i].at, parts[i].len);
        len += parts[i].len;
        if (i < 2)
            bytes[len++] = '\0'; /* in none of them */
    }
    for (int half = 0; half < 2; half++) {
        bytes[0] = (char)half;
        key.halves[half] = hash_keyed(bytes, len);
    }
    memory_wipe(bytes, sizeof(bytes));
    return key;
}

static bool ask(struct exchange *exchange, const struct basic_credentials *credentials)
{
    const struct snapshot_users *users = exchange->domain->policy->users;
    const struct snapshot_user *user = snapshot_users_find(users, credentials->user);
    struct worker *worker = exchange->worker;
    struct password_question question = {
        /* for a name that there is not, as slow a check as for one that there is */
        .hash = user ? user->hash : users->items[0].hash,
        .password = credentials->password,
        .known = user != NULL,
        .client = address_client_hash(exchange->client_address, worker->board->bucket_key),
    };

    question.key = key_of(question.hash, credentials);
    if (user && password_cache_has(verifier_cache(worker->verifier), &question.key,
                                   io_now_ms(worker->io))) {
        accept_user(exchange, arena_text(&exchange->arena, user->name));
        return true;
    }
    exchange->user = arena_text(&exchange->arena, credentials->user); /* to be seen */
    if (!verifier_ask(worker->verifier, exchange, &question)) {
        exchange->user = TEXT_NONE;
        refuse_busy(exchange);
    }
    return false;
}

bool basic_auth_check(struct exchange *exchange)
{
    struct basic_credentials credentials;
    bool may_go_on = false;

    if (!exchange->domain->policy->users)
        return true;
    switch (basic_credentials_read(&exchange->request.fields, &credentials)) {
    case BASIC_NONE:
        refuse_challenge(exchange, "no_credentials");
        return false;
    case BASIC_BAD:
        refuse_challenge(exchange, "bad_credentials");
        break;
    case BASIC_OK:
        may_go_on = ask(exchange, &credentials);
        break;
    }
    memory_wipe(&credentials, sizeof(credentials));
    return may_go_on;
}

void basic_auth_verdict(struct exchange *exchange, bool right)
{
    struct text user = exchange->user;

    exchange->user = TEXT_NONE;
    if (!right) {
        refuse_challenge(exchange, "bad_credentials");
        return;
    }
    accept_user(exchange, user);
    exchange_go_on(exchange);
}
