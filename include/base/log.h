#ifndef SWARMWARD_BASE_LOG_H
#define SWARMWARD_BASE_LOG_H

/*
 * One event, one line of key=value on standard error. Programs log; libraries return `struct err`.
 * No secrets, no bodies, no bytes of a peer that were not escaped first.
 */

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};

/* `program` is borrowed and named in every line. */
void log_open(const char *program);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
