/*
 * Stateless session tickets (RFC 5077, RFC 8446 section 4.6.1): AES-256-CBC and HMAC-SHA256 with
 * keys of the epoch. New tickets get the key of now; those of the two epochs before, and of the
 * next (a replica whose clock is ahead), are taken. Called by OpenSSL during handshakes.
 */

#include "tickets.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "base/memory.h"
#include "tls_private.h"

#define EPOCHS_BEFORE 2
#define EPOCHS        (EPOCHS_BEFORE + 2) /* those before, now, the next */

struct tickets {
    /* owned */
    char *policy;
    EVP_CIPHER *cipher;             /* fetched once: a fetch a handshake costs locks and lookups */
    struct ticket_key keys[EPOCHS]; /* oldest first */
    uint8_t secret[KEYRING_TICKET_SECRET_BYTES];
    int64_t rotation_s;
    int64_t clock_s; /* 0: the real one */
    uint64_t epoch;  /* that keys[EPOCHS_BEFORE] belongs to */
};

static uint64_t epoch_now(const struct tickets *tickets)
{
    int64_t now_s = tickets->clock_s ? tickets->clock_s : clock_wall_s();

    return (uint64_t)(now_s > 0 ? now_s : 0) / (uint64_t)tickets->rotation_s + EPOCHS_BEFORE;
}

static int derive_all(struct tickets *tickets, uint64_t epoch, struct err *err)
{
    for (size_t i = 0; i < EPOCHS; i++)
        if (ticket_key_derive(tickets->secret, text_of(tickets->policy), epoch + i - EPOCHS_BEFORE,
                              &tickets->keys[i], err) < 0)
            return -1;
    tickets->epoch = epoch;
    return 0;
}

struct tickets *tickets_new(const uint8_t secret[KEYRING_TICKET_SECRET_BYTES], struct text policy,
                            int64_t rotation_ms, struct err *err)
{
    struct tickets *tickets = memory_new(sizeof(*tickets));

    memcpy(tickets->secret, secret, sizeof(tickets->secret));
    tickets->policy = text_to_heap(policy);
    tickets->rotation_s = rotation_ms >= 1000 ? rotation_ms / 1000 : 1;
    tickets->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    if (!tickets->cipher) {
        err_set(err, "session tickets: this OpenSSL has no AES-256-CBC; set tls.session_tickets to "
                     "off");
        tickets_free(tickets);
        return NULL;
    }
    if (derive_all(tickets, epoch_now(tickets), err) < 0) {
        tickets_free(tickets);
        return NULL;
    }
    return tickets;
}

void tickets_free(struct tickets *tickets)
{
    if (!tickets)
        return;
    EVP_CIPHER_free(tickets->cipher);
    free(tickets->policy);
    memory_wipe(tickets, sizeof(*tickets));
    free(tickets);
}

bool tickets_are(const struct tickets *tickets, const uint8_t secret[KEYRING_TICKET_SECRET_BYTES],
                 struct text policy, int64_t rotation_ms)
{
    return memcmp(tickets->secret, secret, sizeof(tickets->secret)) == 0 &&
           text_equal(text_of(tickets->policy), policy) &&
           tickets->rotation_s == (rotation_ms >= 1000 ? rotation_ms / 1000 : 1);
}

void tickets_set_clock(struct tickets *tickets, int64_t wall_s)
{
    tickets->clock_s = wall_s;
}

static int begin_mac(EVP_MAC_CTX *mac, struct ticket_key *key)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof(key->mac)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, params);
}

static int seal(struct tickets *tickets, unsigned char *name, unsigned char *iv,
                EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    struct ticket_key *key = &tickets->keys[EPOCHS_BEFORE];

    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(tickets->cipher)) != 1)
        return -1;
    memcpy(name, key->name, sizeof(key->name));
    if (EVP_EncryptInit_ex2(cipher, tickets->cipher, key->cipher, iv, NULL) != 1 ||
        begin_mac(mac, key) != 1)
        return -1;
    return 1;
}

/* The key that a ticket names. NULL: not one of ours. */
static struct ticket_key *find_key(struct tickets *tickets, const unsigned char *name)
{
    for (size_t i = 0; i < EPOCHS; i++)
        if (memcmp(name, tickets->keys[i].name, sizeof(tickets->keys[i].name)) == 0)
            return &tickets->keys[i];
    return NULL;
}

static int unseal(const struct tickets *tickets, struct ticket_key *key, const unsigned char *iv,
                  EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    return EVP_DecryptInit_ex2(cipher, tickets->cipher, key->cipher, iv, NULL) == 1 &&
           begin_mac(mac, key) == 1;
}

/*
 * OpenSSL wants 1: made, or taken; 2: taken and to be replaced; 0: not ours, a full handshake
 * follows; -1: failed. TLS 1.3 clients use a ticket once, so theirs are always replaced.
 */
// NOLINTNEXTLINE(readability-function-size): the parameters are OpenSSL's
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int is_new)
{
    const struct tls_setup *setup = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct tickets *tickets = setup->tickets;
    uint64_t epoch = epoch_now(tickets);
    struct ticket_key *key;

    if (epoch != tickets->epoch && derive_all(tickets, epoch, NULL) < 0)
        return 0; /* no ticket rather than no connection */
    if (is_new)
        return seal(tickets, name, iv, cipher, mac);
    key = find_key(tickets, name);
    if (!key)
        return 0;
    if (!unseal(tickets, key, iv, cipher, mac))
        return -1;
    return SSL_version(ssl) >= TLS1_3_VERSION || key < &tickets->keys[EPOCHS_BEFORE] ? 2 : 1;
}

void tickets_install(struct tickets *tickets, SSL_CTX *context)
{
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
    /* as long as a ticket is taken at least: one made at the end of an epoch */
    SSL_CTX_set_timeout(context, (long)(tickets->rotation_s * EPOCHS_BEFORE));
}
