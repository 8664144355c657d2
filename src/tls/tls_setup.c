/*
 * Settings -> SSL_CTX: versions, suites, groups, tickets; everything that is not said here is off.
 * One for all domains (DESIGN section 7: a context a domain costs 146 us and 20 KiB). Made when
 * settings change, not at each reload.
 */

#include <stdlib.h>

#include <openssl/err.h>

#include "base/memory.h"
#include "model/field_table.h"
#include "tls_private.h"

#define CLIENT_CHAIN_BYTES ((long)32 * 1024) /* what a client may show */

static const char suites_13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                "TLS_CHACHA20_POLY1305_SHA256";
static const char suites_12[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
/* The protocols that we speak, as ALPN writes them, the best first. */
static const unsigned char protocols[] = "\x02h2\x08http/1.1";
#define H2_BYTES 3 /* in front: left out where HTTP/2 is off */

// NOLINTNEXTLINE(readability-function-size): the parameters are OpenSSL's
static int on_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *arg)
{
    const struct tls_setup *setup = arg;
    size_t skipped = setup->http2 ? 0 : H2_BYTES;
    unsigned char *chosen;

    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_len, protocols + skipped,
                              (unsigned)(sizeof(protocols) - 1 - skipped), in,
                              in_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 section 3.2 */
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/*
 * Handshake messages behind the handshake (KeyUpdate, and in TLS 1.2 attempts to renegotiate) cost
 * us more than the peer. A few are free, one more is for each MiB that came. Records that OpenSSL
 * writes under the keys that we take over are counted, as their numbers go on.
 */
// NOLINTNEXTLINE(readability-function-size): the parameters are OpenSSL's
static void on_message(int is_written, int version, int kind, const void *bytes, size_t len,
                       SSL *ssl, void *arg)
{
    struct tls_session *session = ((struct tls_server *)arg)->active;

    (void)version;
    (void)bytes;
    (void)len;
    (void)ssl;
    if (!session)
        return;
    if (is_written && kind == SSL3_RT_HEADER && session->records)
        session->records->out.sequence++;
    if (is_written || kind != SSL3_RT_HANDSHAKE || !session->established)
        return;
    if (++session->late_messages > LATE_MESSAGES_FREE + (session->received >> 20))
        session->flooded = true;
}

static bool is_default(const struct text_list *groups)
{
    struct tls_settings settings;
    struct arena arena = { 0 };
    bool is_same;

    fields_set_defaults(&tls_fields, &settings, &arena);
    is_same = settings.groups.count == groups->count;
    for (size_t i = 0; is_same && i < groups->count; i++)
        is_same = text_equal(settings.groups.items[i], groups->items[i]);
    arena_done(&arena);
    return is_same;
}

/* "A:B:C" on the heap. */
static char *join_groups(const struct text_list *groups)
{
    struct buffer list = { 0 };
    char *joined;

    for (size_t i = 0; i < groups->count; i++)
        buffer_format(&list, "%s%.*s", i ? ":" : "", TEXT_ARGS(groups->items[i]));
    joined = text_to_heap(buffer_text(&list));
    buffer_done(&list);
    return joined;
}

static bool knows_group(SSL_CTX *context, struct text group)
{
    char *name = text_to_heap(group);
    bool is_known = SSL_CTX_set1_groups_list(context, name) == 1;

    ERR_clear_error();
    free(name);
    return is_known;
}

/* The list of the settings, without what an older OpenSSL lacks of our own default. */
static int set_groups(SSL_CTX *context, const struct text_list *groups, struct err *err)
{
    struct buffer list = { 0 };
    bool may_skip = is_default(groups);
    int status = 0;

    for (size_t i = 0; i < groups->count && status == 0; i++) {
        struct text group = groups->items[i];

        if (knows_group(context, group)) {
            buffer_format(&list, "%s%.*s", buffer_len(&list) ? ":" : "", TEXT_ARGS(group));
        } else if (!may_skip) {
            status = err_set(err,
                             "tls.groups: OpenSSL %s does not know %.*s; remove it, or see "
                             "`openssl list -kem-algorithms` for what there is",
                             OpenSSL_version(OPENSSL_VERSION_STRING), TEXT_ARGS(group));
        }
    }
    buffer_append_byte(&list, '\0');
    if (status == 0 && SSL_CTX_set1_groups_list(context, list.bytes) != 1)
        status = err_set(err, "tls.groups: no group that OpenSSL %s knows",
                         OpenSSL_version(OPENSSL_VERSION_STRING));
    ERR_clear_error();
    buffer_done(&list);
    return status;
}

static int set_algorithms(SSL_CTX *context, int profile, struct err *err)
{
    char signatures[] = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:"
                        "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
                        "RSA+SHA256:RSA+SHA384:RSA+SHA512";
    int least = profile == TLS_PROFILE_MODERN ? TLS1_3_VERSION : TLS1_2_VERSION;

    if (SSL_CTX_set_min_proto_version(context, least) == 1 &&
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
        SSL_CTX_set_ciphersuites(context, suites_13) == 1 &&
        SSL_CTX_set_cipher_list(context, suites_12) == 1 &&
        SSL_CTX_set1_sigalgs_list(context, signatures) == 1)
        return 0;
    return err_set(err, "tls.profile: OpenSSL %s lacks what the profile needs: %s",
                   OpenSSL_version(OPENSSL_VERSION_STRING), refusal_text(ERR_peek_last_error()));
}

/* Client's order of suites: our servers and its phone differ in what is quick for them. */
static void set_behaviour(SSL_CTX *context, struct tls_server *server)
{
    SSL_CTX_set_security_level(context, 2); /* as Debian has it; src/pki refuses what is below */
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_clear_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_early_data(context, 0);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL); /* but by domain: client_auth.c */
    SSL_CTX_set_max_cert_list(context, CLIENT_CHAIN_BYTES);
    SSL_CTX_set_alpn_select_cb(context, on_protocol, SSL_CTX_get_app_data(context));
    SSL_CTX_set_msg_callback(context, on_message);
    SSL_CTX_set_msg_callback_arg(context, server);
    certificate_choice_install(context, server);
}

/* What a ticket may be used for, besides its domain: the rules that its session was made under. */
static struct text ticket_policy(const struct tls_settings *settings)
{
    return settings->profile == TLS_PROFILE_MODERN ? TEXT("modern") : TEXT("intermediate");
}

static int set_tickets(struct tls_setup *setup, const struct tls_settings *settings,
                       const struct keyring *keyring, struct err *err)
{
    if (settings->session_tickets == SESSION_TICKETS_OFF) {
        SSL_CTX_set_options(setup->context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(setup->context, 0);
        return 0;
    }
    setup->tickets = tickets_new(keyring->ticket_secret, ticket_policy(settings),
                                 settings->ticket_rotation_ms, err);
    if (!setup->tickets)
        return -1;
    tickets_install(setup->tickets, setup->context);
    client_auth_install(setup->context, setup->server);
    SSL_CTX_set_num_tickets(setup->context, 1); /* the second costs 24 us and nobody uses it */
    return 0;
}

struct tls_setup *tls_setup_new(struct tls_server *server, const struct snapshot *snapshot,
                                const struct keyring *keyring, struct err *err)
{
    const struct tls_settings *settings = &snapshot->tls;
    struct tls_setup *setup = memory_new(sizeof(*setup));

    setup->references = 1;
    setup->server = server;
    setup->profile = settings->profile;
    setup->http2 = snapshot->listeners.https_http2;
    setup->context = SSL_CTX_new(TLS_server_method());
    if (!setup->context) {
        err_set(err, "OpenSSL: %s", refusal_text(ERR_peek_last_error()));
    } else {
        SSL_CTX_set_app_data(setup->context, setup);
        set_behaviour(setup->context, server);
        if (set_algorithms(setup->context, settings->profile, err) == 0 &&
            set_groups(setup->context, &settings->groups, err) == 0 &&
            set_tickets(setup, settings, keyring, err) == 0) {
            setup->groups = join_groups(&settings->groups);
            return setup;
        }
    }
    ERR_clear_error();
    tls_setup_unref(setup);
    return NULL;
}

struct tls_setup *tls_setup_ref(struct tls_setup *setup)
{
    setup->references++;
    return setup;
}

void tls_setup_unref(struct tls_setup *setup)
{
    if (!setup || --setup->references)
        return;
    SSL_CTX_free(setup->context);
    tickets_free(setup->tickets);
    free(setup->groups);
    free(setup);
}

bool tls_setup_fits(const struct tls_setup *setup, const struct snapshot *snapshot,
                    const struct keyring *keyring)
{
    const struct tls_settings *settings = &snapshot->tls;
    char *groups;
    bool is_same;

    if (setup->profile != settings->profile || setup->http2 != snapshot->listeners.https_http2 ||
        !setup->tickets != (settings->session_tickets == SESSION_TICKETS_OFF))
        return false;
    if (setup->tickets && !tickets_are(setup->tickets, keyring->ticket_secret,
                                       ticket_policy(settings), settings->ticket_rotation_ms))
        return false;
    groups = join_groups(&settings->groups);
    is_same = strcmp(groups, setup->groups) == 0;
    free(groups);
    return is_same;
}
