#ifndef SWARMWARD_MODEL_REASONS_H
#define SWARMWARD_MODEL_REASONS_H

#include <stdint.h>

#include "model/reasons_h2.h"

/* Why a request was refused or cut: the words of access log, error pages, `explain` and metric
 * swarmward_refusals_total. All there are, so that it is bounded; a test finds others in the code.
 */
#define REASONS(X)                                                                                 \
    X(other)                                                                                       \
    /* the mapping */                                                                              \
    X(no_host)                                                                                     \
    X(no_such_domain)                                                                              \
    X(no_such_route)                                                                               \
    X(other_client_auth)                                                                           \
    X(other_certificate)                                                                           \
    X(access_denied)                                                                               \
    X(rate_limited)                                                                                \
    X(maintenance)                                                                                 \
    X(no_credentials)                                                                              \
    X(bad_credentials)                                                                             \
    X(auth_busy)                                                                                   \
    X(bad_path)                                                                                    \
    X(backend_not_encrypted)                                                                       \
    X(service_not_found)                                                                           \
    X(service_network)                                                                             \
    X(service_port)                                                                                \
    /* the backend */                                                                              \
    X(no_endpoint)                                                                                 \
    X(endpoint_limit)                                                                              \
    X(endpoint_drained)                                                                            \
    X(queue_timeout)                                                                               \
    X(connect_failed)                                                                              \
    X(connect_timeout)                                                                             \
    X(backend_silent)                                                                              \
    X(backend_closed)                                                                              \
    X(backend_cut)                                                                                 \
    X(backend_invalid)                                                                             \
    X(response_timeout)                                                                            \
    X(backend_unknown_ca)                                                                          \
    X(backend_expired)                                                                             \
    X(backend_name_mismatch)                                                                       \
    X(backend_bad_certificate)                                                                     \
    X(backend_no_tls)                                                                              \
    X(backend_tls_version)                                                                         \
    X(backend_no_h2)                                                                               \
    X(backend_refused_us)                                                                          \
    X(backend_not_mutual)                                                                          \
    X(backend_refused)                                                                             \
    X(backend_reset)                                                                               \
    X(backend_tls_failed)                                                                          \
    X(backend_stalled)                                                                             \
    /* the client */                                                                               \
    X(auth_denied)                                                                                 \
    X(auth_unavailable)                                                                            \
    X(auth_timeout)                                                                                \
    X(compression_failed)                                                                          \
    X(client_closed)                                                                               \
    X(connection_memory)                                                                           \
    X(write_timeout)                                                                               \
    X(header_timeout)                                                                              \
    X(body_too_slow)                                                                               \
    X(body_too_large)                                                                              \
    X(bare_lf)                                                                                     \
    X(bare_cr)                                                                                     \
    X(bad_request_line)                                                                            \
    X(folded_field)                                                                                \
    X(empty_field_name)                                                                            \
    X(bad_field_name)                                                                              \
    X(space_before_colon)                                                                          \
    X(bad_field_value)                                                                             \
    X(too_many_fields)                                                                             \
    X(bad_version)                                                                                 \
    X(version_not_supported)                                                                       \
    X(method_too_long)                                                                             \
    X(method_not_implemented)                                                                      \
    X(bad_method)                                                                                  \
    X(target_too_long)                                                                             \
    X(bad_target)                                                                                  \
    X(bad_status)                                                                                  \
    X(header_too_large)                                                                            \
    X(asterisk_without_options)                                                                    \
    X(bad_101)                                                                                     \
    X(bad_content_length)                                                                          \
    X(bad_host)                                                                                    \
    X(bad_target_authority)                                                                        \
    X(bad_target_scheme)                                                                           \
    X(bad_transfer_encoding)                                                                       \
    X(bad_connection_option)                                                                       \
    X(connection_names_framing)                                                                    \
    X(content_length_overflow)                                                                     \
    X(empty_transfer_coding)                                                                       \
    X(host_differs_from_target)                                                                    \
    X(host_missing)                                                                                \
    X(host_repeated)                                                                               \
    X(length_and_transfer_encoding)                                                                \
    X(repeated_content_length)                                                                     \
    X(repeated_transfer_encoding)                                                                  \
    X(transfer_coding_not_implemented)                                                             \
    X(transfer_encoding_in_http_1_0)                                                               \
    X(too_many_connection_options)                                                                 \
    X(unasked_101)                                                                                 \
    X(unknown_expectation)                                                                         \
    X(underscore_in_field_name)                                                                    \
    X(chunk_size_overflow)                                                                         \
    X(bad_chunk_size)                                                                              \
    X(chunk_overhead)                                                                              \
    X(chunk_line_too_long)                                                                         \
    X(bad_chunk_extension)                                                                         \
    X(bad_chunk_line)                                                                              \
    X(bad_chunk_end)                                                                               \
    X(body_idle)                                                                                   \
    /* the PROXY protocol */                                                                       \
    X(proxy_header_missing)                                                                        \
    X(proxy_header_bad)                                                                            \
    X(proxy_header_of_stranger)                                                                    \
    X(proxy_header_timeout)                                                                        \
    H2_REASONS(X)                                                                                  \
    /* TLS */                                                                                      \
    X(unrecognized_name)                                                                           \
    X(no_shared_cipher)                                                                            \
    X(no_shared_signature)                                                                         \
    X(no_shared_group)                                                                             \
    X(protocol_version)                                                                            \
    X(no_application_protocol)                                                                     \
    X(plain_http)                                                                                  \
    X(bad_record)                                                                                  \
    X(flood)                                                                                       \
    X(peer_alert)                                                                                  \
    X(client_certificate_missing)                                                                  \
    X(client_certificate_expired)                                                                  \
    X(client_certificate_untrusted)                                                                \
    X(client_certificate_invalid)                                                                  \
    X(handshake_timeout)                                                                           \
    X(connections_per_address)

#define REASON_ENUM(word) REASON_##word,
enum reason {
    REASONS(REASON_ENUM) REASON_COUNT
};
#undef REASON_ENUM

/* REASON_other for a word that is not in the list (or NULL). */
enum reason reason_of(const char *word);
const char *reason_word(enum reason reason);

#endif
