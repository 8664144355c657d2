/*
 * The form of a password's hash. Asked when control reads a users file and when a worker decodes a
 * snapshot: what a worker gives to crypt(3) is of a known kind and of bounded cost.
 */

#include "model/password_hash.h"

#define BCRYPT_BYTES      60
#define BCRYPT_COST_LEAST 4
#define BCRYPT_COST_MOST  14
#define SALT_BYTES        16
#define SHA256_DIGITS     43
#define SHA512_DIGITS     86
#define ROUNDS_LEAST      1000
#define ROUNDS_MOST       1000000

/* The alphabet of all of them. */
static bool is_hash64(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        char lower = ascii_lower(c);

        if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '/')
            return false;
    }
    return true;
}

static int check_bcrypt(struct text hash, struct err *err)
{
    struct text cost;
    struct text rest;
    uint64_t number = 0;

    if (!text_split(text_from(hash, 4), '$', &cost, &rest) || cost.len != 2 ||
        !text_to_u64(cost, &number) || hash.len != BCRYPT_BYTES || !is_hash64(rest))
        return err_set(err, "the bcrypt hash is cut or garbled; make it anew with `htpasswd -nB "
                            "NAME`");
    if (number < BCRYPT_COST_LEAST || number > BCRYPT_COST_MOST)
        return err_set(err,
                       "a bcrypt cost of %llu is not between %d and %d; a check must not take "
                       "longer than about a second",
                       (unsigned long long)number, BCRYPT_COST_LEAST, BCRYPT_COST_MOST);
    return 0;
}

static int check_rounds(struct text written, struct err *err)
{
    uint64_t rounds = 0;

    if (!text_to_u64(written, &rounds) || rounds < ROUNDS_LEAST || rounds > ROUNDS_MOST)
        return err_set(err, "rounds of a SHA-crypt hash must be between %d and %d", ROUNDS_LEAST,
                       ROUNDS_MOST);
    return 0;
}

static int check_sha(struct text hash, size_t digits, struct err *err)
{
    struct text rounds = TEXT("rounds=");
    struct text salt;
    struct text rest;

    text_split(text_from(hash, 3), '$', &salt, &rest);
    if (text_starts(salt, rounds)) {
        if (check_rounds(text_from(salt, rounds.len), err) < 0)
            return -1;
        text_split(rest, '$', &salt, &rest);
    }
    if (salt.len < 1 || salt.len > SALT_BYTES || !is_hash64(salt) || rest.len != digits ||
        !is_hash64(rest))
        return err_set(err, "the SHA-crypt hash is cut or garbled; make it anew with `openssl "
                            "passwd -6`");
    return 0;
}

int password_hash_check(struct text hash, struct err *err)
{
    if (text_starts(hash, TEXT("$2a$")) || text_starts(hash, TEXT("$2b$")) ||
        text_starts(hash, TEXT("$2y$")))
        return check_bcrypt(hash, err);
    if (text_starts(hash, TEXT("$5$")))
        return check_sha(hash, SHA256_DIGITS, err);
    if (text_starts(hash, TEXT("$6$")))
        return check_sha(hash, SHA512_DIGITS, err);
    if (text_starts(hash, TEXT("$apr1$")) || text_starts(hash, TEXT("$1$")) ||
        text_starts(hash, TEXT("{SHA}")))
        return err_set(err,
                       "a hash made with MD5 or one round of SHA-1 is guessed in no time; make "
                       "it anew with `htpasswd -nB NAME`");
    return err_set(err, "no hash of a known kind; make one with `htpasswd -nB NAME` or `openssl "
                        "passwd -6`");
}
