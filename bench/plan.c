/*
 * The command line of the load generator. Called once by load.c; knows nothing of sockets.
 */
#include "plan.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: swarmward-load --mode MODE --port N [options]\n"
    "  --mode full|resume|keepalive|download|upload|idle|redirect\n"
    "  --host ADDRESS        IPv4 address to connect to (127.0.0.1)\n"
    "  --port N              port to connect to\n"
    "  --name NAME           SNI and Host (bench.example)\n"
    "  --path PATH           request target (/)\n"
    "  --connections N       at the same time (1)\n"
    "  --seconds S           how long to measure (1)\n"
    "  --warmup S            how long to warm up before (0.2)\n"
    "  --pause-ms N          rest of a connection between requests (0)\n"
    "  --upload-bytes N      body of each request\n"
    "  --expect-status N     anything else is a failure (200)\n"
    "  --expect-bytes N      any other body length is a failure (-1: any)\n"
    "Prints `ready` after the warm-up, waits for a line on stdin, measures until the time is over "
    "or\n"
    "stdin has another line, prints one line of JSON, and waits for stdin to end.\n";

static const struct {
    const char *name;
    enum load_mode mode;
} modes[] = {
    { "full", LOAD_FULL },          { "resume", LOAD_RESUME }, { "keepalive", LOAD_KEEPALIVE },
    { "download", LOAD_KEEPALIVE }, { "upload", LOAD_UPLOAD }, { "idle", LOAD_IDLE },
    { "redirect", LOAD_REDIRECT },
};

static char default_name[] = "bench.example";

static void usage_exit(const char *what, const char *value)
{
    fprintf(stderr, "swarmward-load: %s: %s\n%s", what, value, usage);
    exit(2);
}

static double number(const char *option, const char *text, double least, double most)
{
    char *end;
    double value = strtod(text, &end);

    if (*text == '\0' || *end != '\0' || !(value >= least && value <= most))
        usage_exit(option, text);
    return value;
}

static void read_mode(struct plan *plan, const char *text)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(modes[i].name, text) == 0) {
            plan->mode = modes[i].mode;
            return;
        }
    }
    usage_exit("--mode", text);
}

enum option_id {
    OPTION_MODE,
    OPTION_HOST,
    OPTION_PORT,
    OPTION_NAME,
    OPTION_PATH,
    OPTION_CONNECTIONS,
    OPTION_SECONDS,
    OPTION_WARMUP,
    OPTION_PAUSE,
    OPTION_UPLOAD,
    OPTION_STATUS,
    OPTION_BYTES,
};

static const struct option options[] = {
    { "mode", required_argument, NULL, OPTION_MODE },
    { "host", required_argument, NULL, OPTION_HOST },
    { "port", required_argument, NULL, OPTION_PORT },
    { "name", required_argument, NULL, OPTION_NAME },
    { "path", required_argument, NULL, OPTION_PATH },
    { "connections", required_argument, NULL, OPTION_CONNECTIONS },
    { "seconds", required_argument, NULL, OPTION_SECONDS },
    { "warmup", required_argument, NULL, OPTION_WARMUP },
    { "pause-ms", required_argument, NULL, OPTION_PAUSE },
    { "upload-bytes", required_argument, NULL, OPTION_UPLOAD },
    { "expect-status", required_argument, NULL, OPTION_STATUS },
    { "expect-bytes", required_argument, NULL, OPTION_BYTES },
    { NULL, 0, NULL, 0 },
};

static void read_option(struct plan *plan, int id, char *value)
{
    switch ((enum option_id)id) {
    case OPTION_MODE:
        read_mode(plan, value);
        break;
    case OPTION_HOST:
        if (inet_pton(AF_INET, value, &plan->address.sin_addr) != 1)
            usage_exit("--host", value);
        break;
    case OPTION_PORT:
        plan->address.sin_port = htons((uint16_t)number("--port", value, 1, 65535));
        break;
    case OPTION_NAME:
        plan->name = value;
        break;
    case OPTION_PATH:
        plan->path = value;
        break;
    case OPTION_CONNECTIONS:
        plan->connections = (size_t)number("--connections", value, 1, 50000);
        break;
    case OPTION_SECONDS:
        plan->duration_ns = (int64_t)(number("--seconds", value, 0, 3600) * 1e9);
        break;
    case OPTION_WARMUP:
        plan->warmup_ns = (int64_t)(number("--warmup", value, 0, 60) * 1e9);
        break;
    case OPTION_PAUSE:
        plan->pause_ns = (int64_t)(number("--pause-ms", value, 0, 60000) * 1e6);
        break;
    case OPTION_UPLOAD:
        plan->upload_bytes = (uint64_t)number("--upload-bytes", value, 0, 1e12);
        break;
    case OPTION_STATUS:
        plan->expected_status = (int)number("--expect-status", value, 100, 599);
        break;
    case OPTION_BYTES:
        plan->expected_bytes = (int64_t)number("--expect-bytes", value, -1, 1e12);
        break;
    }
}

/* About what a browser sends, so that the proxies have fields to read and to pass on. */
static void write_head(struct plan *plan)
{
    char length[64] = "";
    int count;

    if (plan->mode == LOAD_UPLOAD)
        snprintf(length, sizeof(length), "Content-Length: %llu\r\n",
                 (unsigned long long)plan->upload_bytes);
    count = snprintf(plan->head, sizeof(plan->head),
                     "%s %s HTTP/1.1\r\n"
                     "Host: %s\r\n"
                     "User-Agent: swarmward-load/1 (X11; Linux x86_64)\r\n"
                     "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
                     "Accept-Language: en,de;q=0.7\r\n"
                     "Referer: https://%s/index.html\r\n"
                     "%s\r\n",
                     plan->mode == LOAD_UPLOAD ? "POST" : "GET", plan->path, plan->name, plan->name,
                     length);
    if (count < 0 || (size_t)count >= sizeof(plan->head))
        usage_exit("--path", "too long");
    plan->head_bytes = (size_t)count;
}

void plan_read(struct plan *plan, int argc, char **argv)
{
    int id;

    memset(plan, 0, sizeof(*plan));
    plan->address.sin_family = AF_INET;
    plan->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    plan->name = default_name;
    plan->path = "/";
    plan->connections = 1;
    plan->duration_ns = 1000000000;
    plan->warmup_ns = 200000000;
    plan->expected_status = 200;
    plan->expected_bytes = -1;
    while ((id = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (id == '?')
            usage_exit("wrong option", argv[optind - 1]);
        read_option(plan, id, optarg);
    }
    if (optind < argc)
        usage_exit("unexpected", argv[optind]);
    if (plan->address.sin_port == 0)
        usage_exit("--port", "missing");
    plan->tls = plan->mode != LOAD_REDIRECT;
    plan->reconnects =
        plan->mode == LOAD_FULL || plan->mode == LOAD_RESUME || plan->mode == LOAD_REDIRECT;
    write_head(plan);
}
