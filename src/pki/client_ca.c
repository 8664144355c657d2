/*
 * CA certificates for verifying clients. Called by control when it loads the mapping file. Nothing
 * is verified here: that is the worker's handshake.
 */

#include "pki/client_ca.h"

#include "ca_list.h"
#include "certificate_parse.h"

int client_ca_read(const char *path, int64_t now_s, struct arena *arena, struct client_ca *ca_out,
                   struct err *err)
{
    const struct ca_list_rules rules = {
        .bytes = CERTIFICATE_FILE_BYTES,
        .most = CLIENT_CA_CERTIFICATES_MAX,
        .must_sign = true,
        .now_s = now_s,
    };
    struct ca_list list;

    if (ca_list_read(path, &rules, &list, err) < 0)
        return -1;
    if (list.any_in_date) {
        ca_out->certificates = arena_text(arena, buffer_text(&list.der));
        certificate_digest(ca_out->certificates, ca_out->id);
    }
    buffer_done(&list.der);
    return list.any_in_date
               ? 0
               : err_set(err, "%s: its CA certificates are expired, or not valid yet", path);
}
