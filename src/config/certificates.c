/* The list `tls.certificates`: names and paths. The files are read by whoever loads settings. */

#include "base/array.h"
#include "entries.h"
#include "section.h"

static bool is_reserved(struct text name)
{
    return text_equal(name, TEXT("auto")) || text_equal(name, TEXT("acme")) ||
           text_equal(name, TEXT("reject"));
}

/* Twice is a pair, three times is a mistake. `pairs` has a bit for each first one. */
static void check_name(struct reading *reading, const struct trail *trail, bool *pairs,
                       size_t index)
{
    const struct certificate_settings *all = reading->settings->certificates;
    const struct certificate_settings *certificate = &all[index];
    size_t first;

    if (certificate->name.len == 0)
        return;
    if (is_reserved(certificate->name))
        reading_error(reading, trail, certificate->place,
                      "\"%.*s\" has a meaning of its own, choose another name",
                      TEXT_ARGS(certificate->name));
    if (string_map_put(&reading->certificate_names, certificate->name, index))
        return;
    string_map_get(&reading->certificate_names, certificate->name, &first);
    if (pairs[first])
        reading_error(reading, trail, certificate->place,
                      "the name \"%.*s\" is there three times; a pair is one ECDSA and one RSA "
                      "certificate, choose another name",
                      TEXT_ARGS(certificate->name));
    else if (text_equal(certificate->cert_path, all[first].cert_path))
        reading_error(reading, trail, certificate->place,
                      "the same file is there twice under the name \"%.*s\", the first time in "
                      "line %u; remove one",
                      TEXT_ARGS(certificate->name), all[first].place.line);
    pairs[first] = true;
}

static void read_certificate(struct reading *reading, const struct trail *trail,
                             const struct yaml_node *node)
{
    struct settings *settings = reading->settings;
    struct certificate_settings *certificate = ARRAY_PUSH(
        settings->certificates, settings->certificate_count, settings->certificate_capacity);
    struct binding binding = { .table = &certificate_entry, .target = certificate };
    struct section section = { .trail = trail, .bindings = &binding, .binding_count = 1 };

    *certificate = (struct certificate_settings){ .place = node->place };
    section_read(reading, &section, node);
    certificate->cert_path =
        reading_mounted_path(reading, trail, node->place, certificate->cert_path, false);
    certificate->key_path =
        reading_mounted_path(reading, trail, node->place, certificate->key_path, true);
}

void read_certificates(struct reading *reading, const struct yaml_node *tls)
{
    static const struct trail tls_trail = { .name = { "tls", 3 } };
    static const struct trail trail = { .parent = &tls_trail, .name = { "certificates", 12 } };
    const struct yaml_node *list = yaml_find(tls, "certificates");
    struct settings *settings = reading->settings;
    bool *pairs;

    if (!list || !reading_expects(reading, &trail, list, YAML_SEQUENCE))
        return;
    for (const struct yaml_node *node = list->first; node; node = node->next)
        read_certificate(reading, &trail, node);
    pairs = arena_new(&settings->arena, settings->certificate_count, sizeof(*pairs));
    for (size_t i = 0; i < settings->certificate_count; i++)
        check_name(reading, &trail, pairs, i);
}
