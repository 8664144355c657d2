/* Names and certificates of a snapshot, as status and explain show them. */

#include "snapshot_facts.h"

#include <stdio.h>

#include "base/clock.h"

#define DAY_SECONDS 86400

static const char *const kind_names[KEY_KIND_COUNT] = {
    [KEY_ECDSA] = "ecdsa",
    [KEY_RSA] = "rsa",
};

static void write_id(const struct snapshot_certificate *certificate, struct json_out *json)
{
    char hex[17];

    for (size_t i = 0; i < 8; i++)
        snprintf(hex + 2 * i, 3, "%02x", certificate->id[i]);
    json_put_text(json, "id", text_of(hex));
}

void snapshot_write_certificate(const struct snapshot_certificate *certificate, int64_t now_s,
                                struct json_out *json)
{
    int64_t left_s = certificate->not_after_s - now_s;

    json_put_object(json, NULL);
    json_put_text(json, "name", certificate->name);
    json_put_text(json, "kind", text_of(kind_names[certificate->kind]));
    write_id(certificate, json);
    json_put_time(json, "not_before", certificate->not_before_s);
    json_put_time(json, "not_after", certificate->not_after_s);
    json_put_number(json, "days_left", left_s >= 0 ? left_s / DAY_SECONDS : -1);
    json_put_object_end(json);
}

void snapshot_write_certificates(const struct snapshot *snapshot,
                                 const uint32_t certificates[KEY_KIND_COUNT], const char *key,
                                 struct json_out *json)
{
    int64_t now_s = clock_wall_s();

    json_put_array(json, key);
    for (int kind = 0; kind < KEY_KIND_COUNT; kind++)
        if (certificates[kind] != SNAPSHOT_NONE)
            snapshot_write_certificate(&snapshot->certificates[certificates[kind]], now_s, json);
    json_put_array_end(json);
}

struct text snapshot_domain_name(const struct snapshot_domain *domain, char buffer[256])
{
    int len =
        snprintf(buffer, 256, "%s%.*s", domain->wildcard ? "*." : "", TEXT_ARGS(domain->name));

    return text_make(buffer, len < 0 || len > 255 ? 0 : (size_t)len);
}
