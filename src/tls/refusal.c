/* OpenSSL's error codes as the few stable words that log and metrics use. */

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>

#include "tls_private.h"

struct refusal {
    int reason;
    const char *word;
};

static const struct refusal refusals[] = {
    { SSL_R_NO_SHARED_CIPHER, "no_shared_cipher" },
    { SSL_R_NO_CIPHERS_AVAILABLE, "no_shared_cipher" },
    { SSL_R_NO_CIPHERS_SPECIFIED, "no_shared_cipher" },
    { SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, "no_shared_signature" },
    { SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "no_shared_signature" },
    { SSL_R_NO_SUITABLE_KEY_SHARE, "no_shared_group" },
    { SSL_R_NO_SHARED_GROUPS, "no_shared_group" },
    { SSL_R_UNSUPPORTED_PROTOCOL, "protocol_version" },
    { SSL_R_UNKNOWN_PROTOCOL, "protocol_version" },
    { SSL_R_VERSION_TOO_LOW, "protocol_version" },
    { SSL_R_NO_PROTOCOLS_AVAILABLE, "protocol_version" },
    { SSL_R_UNSUPPORTED_SSL_VERSION, "protocol_version" },
    { SSL_R_INAPPROPRIATE_FALLBACK, "protocol_version" },
    { SSL_R_NO_APPLICATION_PROTOCOL, "no_application_protocol" },
    { SSL_R_HTTP_REQUEST, "plain_http" },
    { SSL_R_HTTPS_PROXY_REQUEST, "plain_http" },
    { SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "client_certificate_missing" },
    { SSL_R_WRONG_VERSION_NUMBER, "bad_record" },
    { SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "bad_record" },
    { SSL_R_BAD_RECORD_TYPE, "bad_record" },
    { SSL_R_BAD_LENGTH, "bad_record" },
    { SSL_R_LENGTH_MISMATCH, "bad_record" },
    { SSL_R_RECORD_LENGTH_MISMATCH, "bad_record" },
    { SSL_R_RECORD_TOO_SMALL, "bad_record" },
    { SSL_R_PACKET_LENGTH_TOO_LONG, "bad_record" },
    { SSL_R_ENCRYPTED_LENGTH_TOO_LONG, "bad_record" },
    { SSL_R_DATA_LENGTH_TOO_LONG, "bad_record" },
    { SSL_R_EXCESSIVE_MESSAGE_SIZE, "bad_record" },
    { SSL_R_UNEXPECTED_MESSAGE, "bad_record" },
    { SSL_R_UNEXPECTED_RECORD, "bad_record" },
#ifdef SSL_R_RECORD_LAYER_FAILURE /* OpenSSL 3.2 and later */
    { SSL_R_RECORD_LAYER_FAILURE, "bad_record" },
#endif
    { SSL_R_UNEXPECTED_EOF_WHILE_READING, "closed" },
};

const char *refusal_word(unsigned long code)
{
    int reason = ERR_GET_REASON(code);

    if (code == 0)
        return "closed";
    if (ERR_GET_LIB(code) != ERR_LIB_SSL)
        return "other";
    if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255)
        return "peer_alert";
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        if (refusals[i].reason == reason)
            return refusals[i].word;
    return "other";
}

const char *refusal_text(unsigned long code)
{
    const char *text = code ? ERR_reason_error_string(code) : NULL;

    return text ? text : "the peer closed the connection";
}
