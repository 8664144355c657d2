/* The rows of the section "tls". Its list of certificates is read by the config folder. */

#include "model/sections.h"
#include "model/text_check.h"

static const char *const profiles[] = { "intermediate", "modern", NULL };
static const char *const later_profiles[] = { "custom", NULL };
static const char *const ticket_modes[] = { "shared", "local", "off", NULL };

static const struct field rows[] = {
    {
        .name = "profile",
        FIELD_AT(struct tls_settings, profile),
        .kind = FIELD_CHOICE,
        .choices = profiles,
        .later_choices = later_profiles,
        .fallback = "intermediate",
        .help = "`intermediate` is TLS 1.2 (six ECDHE AEAD suites) and 1.3, `modern` is TLS 1.3 "
                "only.",
    },
    {
        .name = "groups",
        FIELD_AT(struct tls_settings, groups),
        .kind = FIELD_TEXT_LIST,
        .least = 1,
        .most = 16,
        .fallback = "X25519MLKEM768,X25519,prime256v1,secp384r1",
        .check = text_check_group,
        .help = "Groups for the key exchange, best first; of the default list those that the "
                "linked OpenSSL does not know are left out, of another list they are an error.",
    },
    {
        .name = "session_tickets",
        FIELD_AT(struct tls_settings, session_tickets),
        .kind = FIELD_CHOICE,
        .choices = ticket_modes,
        .fallback = "shared",
        .help = "Resume sessions with tickets: `shared` between replicas that have the same "
                "ticket_secret, `local` to this process, or `off`.",
    },
    {
        .name = "ticket_rotation",
        FIELD_AT(struct tls_settings, ticket_rotation_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 3600000,
        .most = 86400000,
        .fallback = "8h",
        .help = "How often the ticket key changes; tickets of the two keys before still resume.",
    },
    {
        .name = "ticket_secret",
        FIELD_AT(struct tls_settings, ticket_secret),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 1024,
        .fallback = "/run/secrets/swarmward_tickets",
        .check = text_check_file,
        .opt_in = true,
        .help = "The file that ticket keys are derived from; written here it must exist, left out "
                "and not there a random secret is used.",
    },
    {
        .name = "unknown_sni",
        FIELD_AT(struct tls_settings, unknown_sni),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 64,
        .fallback = "reject",
        .help = "What a client gets that asks for a name which is not mapped: `reject` (a fatal "
                "alert) or the name of a certificate.",
    },
    {
        .name = "early_data",
        .kind = FIELD_LATER,
        .help = "TLS 1.3 early data is never accepted",
    },
    {
        .name = "acme",
        .kind = FIELD_LATER,
        .help = "certificates are not fetched by ACME yet; list their files under "
                "`tls.certificates`",
    },
};

const struct field_table tls_fields = {
    .section = "tls",
    .fields = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .struct_bytes = sizeof(struct tls_settings),
};
