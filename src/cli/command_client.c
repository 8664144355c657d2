/* One question to the running swarmward, over its command socket. Used by every subcommand that has
 * one. The answer comes from our own control, but is bounded all the same. */

#include "command_client.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/file.h"
#include "net/socket.h"
#include "parent/command_socket.h"

#define ANSWER_BYTES ((size_t)256 * 1024 * 1024)
#define READ_BYTES   ((size_t)64 * 1024)
#define WAIT_SECONDS 150 /* longer than the longest reload */

static int socket_path(const struct arguments *arguments, char *path, size_t bytes, struct err *err)
{
    if (!arguments->socket)
        return command_socket_default(path, bytes, err);
    if (text_to_buffer(text_of(arguments->socket), path, bytes) < strlen(arguments->socket))
        return err_set(err, "--socket: the path is too long");
    return 0;
}

static int read_answer(int fd, struct buffer *answer, struct err *err)
{
    while (buffer_len(answer) < ANSWER_BYTES) {
        ssize_t got = read(fd, buffer_reserve(answer, READ_BYTES), READ_BYTES);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, "%s", errno == EAGAIN ? "it does not answer" : strerror(errno));
        if (got == 0)
            return buffer_len(answer) ? 0 : err_set(err, "it ended without an answer");
        buffer_grew(answer, (size_t)got);
    }
    return err_set(err, "the answer is too long");
}

static int exchange(int fd, struct text request, struct buffer *answer, struct err *err)
{
    struct timeval wait = { .tv_sec = WAIT_SECONDS };

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    if (file_write_all(fd, request.at, request.len) < 0 || file_write_all(fd, "\n", 1) < 0)
        return err_set(err, "%s", strerror(errno));
    return read_answer(fd, answer, err);
}

static int connect_and_exchange(const struct arguments *arguments, struct text request,
                                struct buffer *answer, struct err *err)
{
    char path[PATH_MAX];
    int status;
    int fd;

    if (socket_path(arguments, path, sizeof(path), err) < 0)
        return -1;
    fd = socket_connect_unix(path, err);
    if (fd < 0) {
        char reason[ERR_TEXT_BYTES];

        memcpy(reason, err->text, sizeof(reason));
        return err_set(err,
                       "no swarmward answers (%s); start one with `swarmward run`, or name its "
                       "socket with --socket",
                       reason);
    }
    status = exchange(fd, request, answer, err);
    close(fd);
    return status < 0 ? err_prefix(err, "%s", path) : 0;
}

static int check_answer(const json_t *answer)
{
    const char *error = answer_text(answer, "error");

    if (json_is_true(json_object_get(answer, "ok")))
        return EXIT_DONE;
    /* An invalid file brings one line a problem, already in the form of a compiler. */
    fprintf(stderr, strchr(error, '\n') ? "%s" : "swarmward: %s\n",
            error[0] ? error : "an answer that cannot be read");
    return json_is_true(json_object_get(answer, "invalid")) ? EXIT_USAGE : EXIT_FAILED;
}

int command_ask(const struct arguments *arguments, struct text request, struct buffer *raw,
                json_t **answer_out)
{
    struct err err;
    json_t *answer;
    int code;

    if (connect_and_exchange(arguments, request, raw, &err) < 0) {
        fprintf(stderr, "swarmward: %s\n", err.text);
        return EXIT_FAILED;
    }
    answer = json_loadb(raw->bytes + raw->start, buffer_len(raw), 0, NULL);
    code = check_answer(answer);
    if (code == EXIT_DONE)
        *answer_out = answer;
    else
        json_decref(answer);
    return code;
}

int command_ask_plain(const struct arguments *arguments, const char *command, struct buffer *raw,
                      json_t **answer_out)
{
    struct buffer request = { 0 };
    int code;

    buffer_format(&request, "{\"command\":\"%s\"}", command);
    code = command_ask(arguments, buffer_text(&request), raw, answer_out);
    buffer_done(&request);
    return code;
}

const char *answer_text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value ? value : "";
}

long long answer_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}
