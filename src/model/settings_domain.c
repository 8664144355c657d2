/* The rows of a domain's policy: written in one entry of "domains"; two of them may be labels. */

#include <string.h>

#include "model/domain_policy.h"
#include "model/text_check.h"

static const char *const redirects[] = { "none", "www_to_apex", "apex_to_www", NULL };
static const char *const rate_keys[] = { "client_ip", NULL };

static const struct field rows[] = {
    {
        .name = "redirect",
        FIELD_AT(struct domain_policy, redirect),
        .kind = FIELD_CHOICE,
        .choices = redirects,
        .fallback = "none",
        .help = "`www_to_apex`: requests for www.NAME are sent to NAME by a 308 that keeps path "
                "and query, `apex_to_www` the other way round; both names must be mapped, one of "
                "them under `aliases`.",
    },
    {
        .name = "access.allow",
        FIELD_AT(struct domain_policy, allow),
        .kind = FIELD_TEXT_LIST,
        .most = DOMAIN_NETWORKS_MAX,
        .fallback = "",
        .check = text_check_prefix,
        .help = "Networks like 10.0.0.0/8 or 2001:db8::/32; when there are any, nobody else is let "
                "in (403).",
    },
    {
        .name = "access.deny",
        FIELD_AT(struct domain_policy, deny),
        .kind = FIELD_TEXT_LIST,
        .most = DOMAIN_NETWORKS_MAX,
        .fallback = "",
        .check = text_check_prefix,
        .help = "Networks that are kept out (403), whatever `access.allow` says.",
    },
    {
        .name = "rate_limit.rate",
        FIELD_AT(struct domain_policy, rate),
        .kind = FIELD_RATE,
        .least = 0,
        .most = 1000000,
        .fallback = "0/s",
        .help =
            "So many requests of one client are answered in the long run, all workers together; "
            "others get 429 with Retry-After. 0 is no limit.",
    },
    {
        .name = "rate_limit.burst",
        FIELD_AT(struct domain_policy, burst),
        .kind = FIELD_INTEGER,
        .least = 0,
        .most = 1000000,
        .fallback = "0",
        .help = "So many may come at once after a pause; 0 is as many as `rate_limit.rate` names.",
    },
    {
        .name = "rate_limit.key",
        FIELD_AT(struct domain_policy, rate_key),
        .kind = FIELD_CHOICE,
        .choices = rate_keys,
        .fallback = "client_ip",
        .help = "Who is one client: an IPv4 address, or the /64 of an IPv6 address.",
    },
    {
        .name = "basic_auth.users_file",
        FIELD_AT(struct domain_policy, users_file),
        .kind = FIELD_TEXT,
        .most = 1024,
        .fallback = "",
        .check = text_check_file,
        .help = "A file with lines of NAME:HASH; whoever cannot name one with its password gets "
                "401. Hashes of bcrypt and SHA-crypt (`htpasswd -B`, `openssl passwd -6`). "
                "secret:NAME is the Docker secret of that name.",
    },
    {
        .name = "basic_auth.forward",
        FIELD_AT(struct domain_policy, forward_credentials),
        .kind = FIELD_BOOL,
        .fallback = "false",
        .help = "Whether the service gets the field Authorization, with the password in it.",
    },
    {
        .name = "maintenance.enabled",
        FIELD_AT(struct domain_policy, maintenance),
        .kind = FIELD_BOOL,
        .fallback = "false",
        .help = "Every request is answered 503 with Retry-After.",
    },
    {
        .name = "maintenance.page",
        FIELD_AT(struct domain_policy, maintenance_page),
        .kind = FIELD_TEXT,
        .most = 1024,
        .fallback = "",
        .check = text_check_file,
        .help = "A file of HTML that is sent with it, at most 256 KiB; read at each load. "
                "config:NAME is the Docker config of that name.",
    },
    {
        .name = "maintenance.allow",
        FIELD_AT(struct domain_policy, testers),
        .kind = FIELD_TEXT_LIST,
        .most = DOMAIN_NETWORKS_MAX,
        .fallback = "",
        .check = text_check_prefix,
        .help = "Networks whose requests go through nevertheless.",
    },
};

const struct field_table domain_policy_fields = {
    .section = "domains.NAME",
    .fields = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .struct_bytes = sizeof(struct domain_policy),
};

struct text host_redirect_target(enum host_redirect redirect, struct text name,
                                 char out[HOST_REDIRECT_BYTES])
{
    struct text www = TEXT("www.");
    bool has_www = text_starts(name, www);

    switch (redirect) {
    case HOST_REDIRECT_NONE:
        break;
    case HOST_REDIRECT_WWW_TO_APEX:
        return has_www ? text_from(name, www.len) : TEXT_NONE;
    case HOST_REDIRECT_APEX_TO_WWW:
        if (has_www || name.len + www.len >= HOST_REDIRECT_BYTES)
            return TEXT_NONE;
        memcpy(out, www.at, www.len);
        memcpy(out + www.len, name.at, name.len);
        return text_make(out, www.len + name.len);
    }
    return TEXT_NONE;
}
