/*
 * The table of commands: a name, and what it says. Called by command_server.c with one request
 * line. Facts come from the running snapshot and the board.
 */

#include "commands.h"

#include <jansson.h>

#include "health.h"
#include "json_out.h"

/* Members of the answer, into an open object; -1: `err`. */
typedef int command_function(struct control *control, const json_t *request, struct json_out *json,
                             struct err *err);

struct command {
    const char *name;
    command_function *run; /* NULL: reload, which waits */
};

void command_answer_error(struct buffer *out, struct text reason, bool invalid)
{
    struct json_out json = json_to(out);

    json_put_object(&json, NULL);
    json_put_bool(&json, "ok", false);
    json_put_text(&json, "error", reason);
    json_put_bool(&json, "invalid", invalid);
    json_put_object_end(&json);
}

void command_answer_load(struct buffer *out, const struct load_result *result)
{
    struct json_out json = json_to(out);

    if (result->reason[0]) {
        command_answer_error(out, text_of(result->reason), result->invalid);
        return;
    }
    json_put_object(&json, NULL);
    json_put_bool(&json, "ok", true);
    json_put_number(&json, "generation", (int64_t)result->generation);
    json_put_number(&json, "milliseconds", result->milliseconds);
    json_put_object_end(&json);
}

static int run_status(struct control *control, const json_t *request, struct json_out *json,
                      struct err *err)
{
    (void)request;
    (void)err;
    status_write(control, json);
    return 0;
}

static struct text text_member(const json_t *request, const char *name)
{
    const json_t *member = json_object_get(request, name);

    return json_is_string(member) ? text_make(json_string_value(member), json_string_length(member))
                                  : TEXT_NONE;
}

static int run_explain(struct control *control, const json_t *request, struct json_out *json,
                       struct err *err)
{
    struct text method = text_member(request, "method");

    return explain_write(control, text_member(request, "url"), method.len ? method : TEXT("GET"),
                         json, err);
}

static int run_health(struct control *control, const json_t *request, struct json_out *json,
                      struct err *err)
{
    (void)request;
    (void)err;
    health_write(control, json);
    return 0;
}

static const struct command commands[] = {
    { "reload", NULL },
    { "status", run_status },
    { "explain", run_explain },
    { "health", run_health },
};

static const struct command *find_command(struct text name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (text_equal(text_of(commands[i].name), name))
            return &commands[i];
    return NULL;
}

static void answer(struct control *control, const struct command *command, const json_t *request,
                   struct buffer *out)
{
    struct json_out json = json_to(out);
    struct err err;

    json_put_object(&json, NULL);
    json_put_bool(&json, "ok", true);
    if (command->run(control, request, &json, &err) < 0) {
        buffer_clear(out);
        command_answer_error(out, text_of(err.text), false);
        return;
    }
    json_put_object_end(&json);
}

enum command_outcome command_run(struct control *control, struct text request, struct buffer *out,
                                 uint64_t *load_out)
{
    json_t *root = json_loadb(request.at, request.len, JSON_REJECT_DUPLICATES, NULL);
    const struct command *command = find_command(text_member(root, "command"));
    enum command_outcome outcome = COMMAND_ANSWERED;

    if (!json_is_object(root)) {
        command_answer_error(out, TEXT("the request is not a JSON object in one line"), false);
    } else if (!command) {
        command_answer_error(out,
                             TEXT("no such command; this swarmward knows reload, status, "
                                  "explain and health"),
                             false);
    } else if (command->run) {
        answer(control, command, root, out);
    } else if (atomic_load(&control->board->phase) == BOARD_DRAINING) {
        command_answer_error(out, TEXT("swarmward is shutting down; nothing is loaded"), false);
    } else {
        *load_out = loader_request(control);
        outcome = COMMAND_WAITS;
    }
    json_decref(root);
    return outcome;
}
