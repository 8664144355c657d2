#ifndef SWARMWARD_MODEL_REASONS_H2_H
#define SWARMWARD_MODEL_REASONS_H2_H

/* The words of reasons.h that only HTTP/2 has, to clients or to backends. */
#define H2_REASONS(X)                                                                              \
    /* messages */                                                                                 \
    X(pseudo_field_unknown)                                                                        \
    X(pseudo_field_order)                                                                          \
    X(pseudo_field_repeated)                                                                       \
    X(pseudo_field_missing)                                                                        \
    X(bad_connect)                                                                                 \
    X(protocol_not_implemented)                                                                    \
    X(upper_case_field_name)                                                                       \
    X(connection_field)                                                                            \
    X(length_differs_from_data)                                                                    \
    X(trailers_without_end)                                                                        \
    X(interim_with_end)                                                                            \
    X(data_before_head)                                                                            \
    /* WebSocket by extended CONNECT to a backend */                                               \
    X(backend_no_websocket)                                                                        \
    X(bad_websocket_key)                                                                           \
    /* floods: ENHANCE_YOUR_CALM */                                                                \
    X(empty_data_flood)                                                                            \
    X(priority_flood)                                                                              \
    X(settings_flood)                                                                              \
    X(ping_flood)                                                                                  \
    X(window_flood)                                                                                \
    X(frame_flood)                                                                                 \
    X(header_flood)                                                                                \
    X(continuation_flood)                                                                          \
    X(rapid_reset)                                                                                 \
    /* errors of the connection, by their code */                                                  \
    X(bad_preface)                                                                                 \
    X(h2_protocol)                                                                                 \
    X(h2_internal)                                                                                 \
    X(h2_flow_control)                                                                             \
    X(h2_stream_closed)                                                                            \
    X(h2_frame_size)                                                                               \
    X(h2_compression)

#endif
