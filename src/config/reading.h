#ifndef SWARMWARD_CONFIG_READING_H
#define SWARMWARD_CONFIG_READING_H

#include "base/hash.h"
#include "config/settings_file.h"
#include "yaml_tree.h"

/* One file on its way into `struct settings`: what the readers of the sections share. */

struct reading {
    /* borrowed */
    struct settings *settings;
    struct problems *problems;
    /* owned */
    struct string_map service_names;     /* -> index into settings.services */
    struct string_map certificate_names; /* -> index into settings.certificates, the first one */
    struct string_map host_names;        /* domains and aliases -> line */
    size_t host_count;
    bool docker_written;   /* the section is there */
    bool only_fixed;       /* a name that is not under `services` is a slip */
    bool lenient;          /* an unknown name is a warning */
    const char *reference; /* the page that lists the names */
};

/* Where in the nesting of the file we are; each reader puts its link on its own stack. */
struct trail {
    const struct trail *parent; /* NULL: the root */
    struct text name;
};

/* "domains.www.example.com.routes: ..." */
void reading_error(struct reading *reading, const struct trail *trail, struct source_place place,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
void reading_warning(struct reading *reading, const struct trail *trail, struct source_place place,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Is it of the kind? Otherwise says so, unless it was complained about already. */
bool reading_expects(struct reading *reading, const struct trail *trail,
                     const struct yaml_node *node, enum yaml_kind kind);

/* Domains may come by label: the file need not have one. */
bool reading_takes_labels(const struct reading *reading);

/* No more errors will be shown: hints need not be looked for. */
bool reading_is_hopeless(const struct reading *reading);

/* A relative path of a file is meant from the folder of the mapping file. */
struct text reading_path(struct reading *reading, struct text path);

/*
 * The path of a file; "secret:NAME" and "config:NAME" are where Docker mounts those. A key must not
 * be in a config, which everybody who may inspect the swarm can read.
 */
struct text reading_mounted_path(struct reading *reading, const struct trail *trail,
                                 struct source_place place, struct text path, bool is_secret);

/* "/api/" means "/api". -1: no request could have it. */
int route_path_normalise(struct text *path, struct err *err);
/* What its settings say of each other. */
void check_service_policy(struct reading *reading, const struct trail *trail,
                          struct source_place place, const struct service_policy *policy);

/* One function a section. `node` may be NULL where the section may be left out. */
void read_root(struct reading *reading, const struct yaml_node *root);
void read_docker(struct reading *reading, const struct yaml_node *node);
void read_owners(struct reading *reading, const struct yaml_node *policy);
void read_certificates(struct reading *reading, const struct yaml_node *tls);
void read_services(struct reading *reading, const struct yaml_node *node);
void read_domains(struct reading *reading, const struct yaml_node *node);
/* The routes of one domain: a list, or (the short form) one mapped value. */
void read_routes(struct reading *reading, const struct trail *trail, const struct yaml_node *list,
                 struct domain_settings *domain);
void read_short_route(struct reading *reading, const struct trail *trail,
                      const struct yaml_node *value, struct domain_settings *domain);
/* The service that a route leads to, as it was written. `route->place` is where. */
void read_route_service(struct reading *reading, const struct trail *trail, struct text written,
                        struct route_settings *route);
/* Once the defaults are read; and the service of forward_auth, once the services are. */
void read_default_delivery(struct reading *reading, const struct trail *trail,
                           const struct yaml_node *defaults);
void read_auth_route(struct reading *reading, const struct trail *trail,
                     struct delivery_settings *delivery);
/* What a domain's policy needs beside its rows, which are read. */
void read_domain_policy(struct reading *reading, const struct trail *trail,
                        const struct yaml_node *node, struct domain_settings *domain);
/* Is there a name that would be sent to another one of them? */
bool host_redirect_has_pair(enum host_redirect redirect, const struct text *names, size_t count);
/* What only the whole can tell. */
void check_across(struct reading *reading, const struct yaml_node *root);

#endif
