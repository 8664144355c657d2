/* The Engine's JSON as it is (taken from Engine 20.10 and the documents of API 1.52), and as nobody
 * should have written it. */

#include "docker/objects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "json_read.h"

#define SERVICE                                                                                    \
    "{\"ID\":\"s1\",\"Version\":{\"Index\":4711},\"CreatedAt\":\"2026-11-24T09:00:00."             \
    "123456789Z\","                                                                                \
    "\"UpdatedAt\":\"2026-11-24T09:00:01Z\",\"Spec\":{\"Name\":\"shop\",\"Labels\":{"              \
    "\"swarmward.enable\":\"true\",\"number\":7,\"a\":\"\\u0000\"},\"TaskTemplate\":{"             \
    "\"ContainerSpec\":{\"Image\":\"x\",\"Env\":[\"PASSWORD=secret]\\\"},{\"]},"                   \
    "\"RestartPolicy\":{\"MaxAttempts\":18446744073709551615},"                                    \
    "\"Networks\":[{\"Target\":\"net1\",\"Aliases\":[\"s\"]},{\"Target\":5}]},"                    \
    "\"Mode\":{\"Replicated\":{\"Replicas\":3}},\"EndpointSpec\":{\"Mode\":\"vip\"}},"             \
    "\"Endpoint\":{\"Spec\":{\"Mode\":\"vip\"},\"Ports\":[{\"Protocol\":\"udp\","                  \
    "\"TargetPort\":53,\"PublishedPort\":5353,\"PublishMode\":\"host\"},"                          \
    "{\"TargetPort\":99999}],\"VirtualIPs\":[{\"NetworkID\":\"net1\",\"Addr\":\"10.0.1.2/24\"},"   \
    "{\"NetworkID\":\"net2\"}]},\"UpdateStatus\":{\"State\":\"updating\"}}"

#define TASK                                                                                       \
    "{\"ID\":\"t1\",\"ServiceID\":\"s1\",\"Slot\":2,\"NodeID\":\"n1\",\"DesiredState\":"           \
    "\"running\","                                                                                 \
    "\"Status\":{\"Timestamp\":\"2026-11-24T10:00:00+01:00\",\"State\":\"running\","               \
    "\"ContainerStatus\":{\"ContainerID\":\"c1\",\"PID\":7}},"                                     \
    "\"NetworksAttachments\":[{\"Network\":{\"ID\":\"net1\"},\"Addresses\":[\"10.0.1.5/24\"]},"    \
    "{\"Network\":{\"ID\":\"net2\"},\"Addresses\":[]},"                                            \
    "{\"Network\":{\"ID\":\"net3\"},\"Addresses\":[\"fd00::5/64\"]}]}"

static void same(struct text is, const char *wanted)
{
    if (!text_equal(is, text_of(wanted)))
        fail_msg("\"%.*s\" instead of \"%s\"", TEXT_ARGS(is), wanted);
}

static void a_service_is_read(void **state)
{
    struct arena arena = { 0 };
    struct docker_service *services;
    size_t count;
    size_t bad;
    struct err err;
    char printed[ADDRESS_TEXT_BYTES];

    (void)state;
    assert_int_equal(
        docker_services_decode(TEXT(" [" SERVICE "]\n"), &arena, &services, &count, &bad, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(bad, 0);
    same(services->id, "s1");
    same(services->name, "shop");
    assert_int_equal(services->version, 4711);
    assert_int_equal(services->created_us, 1795510800123456);
    assert_int_equal(services->label_count, 2);
    same(services->labels[0].name, "swarmward.enable");
    same(services->labels[0].value, "true");
    assert_int_equal(services->labels[1].value.len, 1); /* the NUL, for who checks labels */
    assert_int_equal(services->network_count, 1);
    same(services->networks[0], "net1");
    assert_int_equal(services->vip_count, 1);
    address_print_host(&services->vips[0].address, printed);
    assert_string_equal(printed, "10.0.1.2");
    assert_int_equal(services->port_count, 2);
    assert_int_equal(services->ports[0].published, 5353);
    assert_int_equal(services->ports[0].target, 53);
    assert_true(services->ports[0].host_mode && services->ports[0].udp);
    assert_int_equal(services->ports[1].target, 0);
    assert_int_equal(services->update, DOCKER_UPDATE_RUNS);
    assert_int_equal(services->replicas, 3);
    assert_false(services->global || services->dns_round_robin);
    arena_done(&arena);
}

static void updates_and_modes(void **state)
{
    static const struct {
        const char *word;
        enum docker_update update;
    } words[] = {
        { "updating", DOCKER_UPDATE_RUNS },       { "rollback_started", DOCKER_UPDATE_RUNS },
        { "paused", DOCKER_UPDATE_PAUSED },       { "rollback_paused", DOCKER_UPDATE_PAUSED },
        { "completed", DOCKER_UPDATE_NONE },      { "rollback_completed", DOCKER_UPDATE_NONE },
        { "something else", DOCKER_UPDATE_NONE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct arena arena = { 0 };
        struct docker_service *services;
        size_t count;
        size_t bad;
        struct text json = arena_format(
            &arena,
            "[{\"ID\":\"a\",\"Spec\":{\"Name\":\"b\",\"Mode\":{\"Global\":{}},\"EndpointSpec\":"
            "{\"Mode\":\"dnsrr\"}},\"UpdateStatus\":{\"State\":\"%s\"}}]",
            words[i].word);

        assert_int_equal(docker_services_decode(json, &arena, &services, &count, &bad, NULL), 0);
        assert_int_equal(services->update, words[i].update);
        assert_true(services->global && services->dns_round_robin);
        arena_done(&arena);
    }
}

static void a_task_is_read(void **state)
{
    struct arena arena = { 0 };
    struct docker_task *tasks;
    size_t count;
    size_t bad;
    char printed[ADDRESS_TEXT_BYTES];

    (void)state;
    assert_int_equal(docker_tasks_decode(TEXT("[" TASK "]"), &arena, &tasks, &count, &bad, NULL),
                     0);
    assert_int_equal(count, 1);
    same(tasks->id, "t1");
    same(tasks->service, "s1");
    same(tasks->node, "n1");
    same(tasks->container, "c1");
    assert_int_equal(tasks->slot, 2);
    assert_int_equal(tasks->state, DOCKER_TASK_RUNNING);
    assert_int_equal(tasks->desired, DOCKER_TASK_RUNNING);
    assert_int_equal(tasks->state_since_us, 1795510800000000);
    assert_int_equal(tasks->attachment_count, 2);
    same(tasks->attachments[0].network, "net1");
    address_print_host(&tasks->attachments[0].address, printed);
    assert_string_equal(printed, "10.0.1.5");
    same(tasks->attachments[1].network, "net3");
    arena_done(&arena);
}

static void networks_say_whether_they_are_encrypted(void **state)
{
    static const struct {
        const char *driver;
        const char *options;
        bool encrypted;
        int64_t mtu;
    } rows[] = {
        { "overlay", "{\"encrypted\":\"\"}", true, 0 },
        { "overlay", "{\"encrypted\":\"true\",\"com.docker.network.driver.mtu\":\"1400\"}", true,
          1400 },
        { "overlay", "{\"encrypted\":\"false\"}", false, 0 },
        { "overlay", "{\"encrypted\":true}", false, 0 },
        { "overlay", "{\"com.docker.network.driver.mtu\":\"99999999999\"}", false, 0 },
        { "overlay", "null", false, 0 },
        { "bridge", "{\"encrypted\":\"\"}", false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena arena = { 0 };
        struct docker_network *networks;
        size_t count;
        size_t bad;
        struct text json = arena_format(
            &arena,
            "[{\"Id\":\"w\",\"Name\":\"front\",\"Scope\":\"swarm\",\"Driver\":\"%s\",\"Options\":%"
            "s,"
            "\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.1.0/24\"},{}]},\"Ingress\":true}]",
            rows[i].driver, rows[i].options);

        assert_int_equal(docker_networks_decode(json, &arena, &networks, &count, &bad, NULL), 0);
        assert_int_equal(count, 1);
        if (networks->encrypted != rows[i].encrypted)
            fail_msg("%s %s", rows[i].driver, rows[i].options);
        assert_int_equal(networks->mtu, rows[i].mtu);
        assert_true(networks->swarm_scope && networks->ingress);
        assert_int_equal(networks->subnet_count, 1);
        arena_done(&arena);
    }
}

static void nodes_info_and_events_are_read(void **state)
{
    struct arena arena = { 0 };
    struct docker_node *nodes;
    struct docker_info info;
    struct docker_event event;
    size_t count;
    size_t bad;

    (void)state;
    assert_int_equal(
        docker_nodes_decode(
            TEXT("[{\"ID\":\"n1\",\"Spec\":{\"Role\":\"manager\",\"Availability\":\"drain\"},"
                 "\"Description\":{\"Hostname\":\"h\",\"Engine\":{\"EngineVersion\":\"20.10.24+"
                 "dfsg1\"}},\"Status\":{\"State\":\"ready\",\"Addr\":\"127.0.0.1\"},"
                 "\"ManagerStatus\":{\"Leader\":true}}]"),
            &arena, &nodes, &count, &bad, NULL),
        0);
    same(nodes->engine_version, "20.10.24+dfsg1");
    assert_true(nodes->manager && nodes->leader && nodes->ready && !nodes->active);
    assert_int_equal(
        docker_info_decode(TEXT("{\"Name\":\"h\",\"ServerVersion\":\"29.0\",\"Swarm\":{\"NodeID\":"
                                "\"n1\",\"LocalNodeState\":\"active\",\"ControlAvailable\":true}}"),
                           &arena, &info, NULL),
        0);
    same(info.node_id, "n1");
    same(info.swarm_state, "active");
    assert_true(info.manager);
    assert_int_equal(
        docker_event_decode(
            TEXT("{\"Type\":\"service\",\"Action\":\"update\",\"Actor\":{\"ID\":\"s1\","
                 "\"Attributes\":{\"name\":\"shop\",\"updatestate.new\":\"updating\"}},"
                 "\"scope\":\"swarm\",\"time\":1795514516,\"timeNano\":1795514516881326153}"),
            &arena, &event, NULL),
        0);
    same(event.id, "s1");
    same(event.new_state, "updating");
    assert_int_equal(event.time_us, 1795514516881326);
    arena_done(&arena);
}

/* --- what nobody should have written -------------------------------------------------------------
 */

static const struct {
    const char *json;
    int count; /* -1: no list at all */
    int bad;
} hostile[] = {
    { "[]", 0, 0 },
    { " [ ] ", 0, 0 },
    { "", -1, 0 },
    { "{}", -1, 0 },
    { "null", -1, 0 },
    { "[", -1, 0 },
    { "[" TASK, -1, 0 },
    { "[" TASK ",", -1, 0 },
    { "[" TASK "] x", -1, 0 },
    { "[" TASK "}", -1, 0 },
    { "[\"abc", -1, 0 },
    { "[\"abc\\", -1, 0 },
    { "[" TASK "," TASK "]", 2, 0 },
    { "[" TASK ",]", 1, 1 },
    { "[null, 1, \"],[\", {}, [[]], " TASK "]", 1, 5 },
    { "[{\"ID\":\"a\xff\",\"ServiceID\":\"s\"}, " TASK "]", 1, 1 },
    { "[{\"ID\":\"a\\u0000b\",\"ServiceID\":\"s\"}, " TASK "]", 1, 1 },
    { "[{\"ID\":\"a b\",\"ServiceID\":\"s\"}, " TASK "]", 1, 1 },
    { "[{\"ID\":7,\"ServiceID\":\"s\"}, " TASK "]", 1, 1 },
    { "[{\"\\u0000\":1,\"ID\":\"a\",\"ServiceID\":\"s\"}, " TASK "]", 2, 0 },
    { "[{\"ID\":\"a\",\"ServiceID\":\"s\",\"x\":1e999}, " TASK "]", 1, 1 },
    { "[{\"ID\":\"a\",\"ServiceID\":\"s\",\"Slot\":-1}, " TASK "]", 2, 0 },
    { "[{\"ID\":\"a\",\"ServiceID\":\"s\",\"Slot\":99999999999999999999}, " TASK "]", 2, 0 },
    { "[{\"ID\":\"a\",\"ServiceID\":\"s\",\"NetworksAttachments\":{\"a\":1}}, " TASK "]", 2, 0 },
    { "[{\"ID\":\"a\",\"ServiceID\":\"s\",\"NetworksAttachments\":[1,null,{}],\"Status\":[]}]", 1,
      0 },
    { "[{\"ID\":\"a\" \"ServiceID\":\"s\"}, " TASK "]", 1, 1 },
};

static void one_bad_object_harms_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        struct arena arena = { 0 };
        struct docker_task *tasks;
        size_t count = 0;
        size_t bad = 0;
        struct err err = { "" };
        int status =
            docker_tasks_decode(text_of(hostile[i].json), &arena, &tasks, &count, &bad, &err);

        if ((status < 0) != (hostile[i].count < 0))
            fail_msg("%s: %d %s", hostile[i].json, status, err.text);
        if (status == 0 && ((int)count != hostile[i].count || (int)bad != hostile[i].bad))
            fail_msg("%s: %zu, %zu bad", hostile[i].json, count, bad);
        assert_true(status == 0 || err.text[0]);
        arena_done(&arena);
    }
}

static void every_cut_is_noticed(void **state)
{
    static const char whole[] = "[" SERVICE "," SERVICE "]";

    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        struct arena arena = { 0 };
        struct docker_service *services;
        size_t count;
        size_t bad;
        char *cut = text_to_heap(text_make(whole, len)); /* so that reading past it is seen */

        assert_int_equal(
            docker_services_decode(text_make(cut, len), &arena, &services, &count, &bad, NULL), -1);
        arena_done(&arena);
        free(cut);
    }
}

static void depth_is_bounded(void **state)
{
    struct buffer json = { 0 };
    struct arena arena = { 0 };
    struct docker_task *tasks;
    size_t count;
    size_t bad;

    (void)state;
    buffer_append_text(&json, TEXT("[{\"ID\":"));
    for (int i = 0; i < 100000; i++)
        buffer_append_byte(&json, '[');
    for (int i = 0; i < 100000; i++)
        buffer_append_byte(&json, ']');
    buffer_append_text(&json, TEXT("}," TASK "]"));
    assert_int_equal(docker_tasks_decode(buffer_text(&json), &arena, &tasks, &count, &bad, NULL),
                     0);
    assert_int_equal(count, 1);
    assert_int_equal(bad, 1);
    buffer_done(&json);
    arena_done(&arena);
}

static void lists_and_labels_are_bounded(void **state)
{
    struct buffer json = { 0 };
    struct arena arena = { 0 };
    struct docker_service *services;
    size_t count;
    size_t bad;
    struct err err;

    (void)state;
    buffer_append_byte(&json, '[');
    for (int i = 0; i < 200000; i++)
        buffer_append_text(&json, TEXT("1,"));
    buffer_append_text(&json, TEXT("1]"));
    assert_int_equal(
        docker_services_decode(buffer_text(&json), &arena, &services, &count, &bad, &err), -1);
    assert_int_equal(arena.total, 0);
    buffer_clear(&json);
    buffer_append_text(&json, TEXT("[{\"ID\":\"a\",\"Spec\":{\"Name\":\"b\",\"Labels\":{"));
    for (int i = 0; i <= DOCKER_LABELS_MAX; i++)
        buffer_format(&json, "%s\"l%d\":\"\"", i ? "," : "", i);
    buffer_append_text(&json, TEXT("}}}," SERVICE "]"));
    assert_int_equal(
        docker_services_decode(buffer_text(&json), &arena, &services, &count, &bad, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(bad, 0);
    same(services[0].id, "a");
    same(services[0].name, "b");
    assert_non_null(services[0].problem);
    assert_int_equal(services[0].label_count, 0);
    assert_null(services[1].problem);
    buffer_done(&json);
    arena_done(&arena);
}

/* Whoever asks knows at least whom not to take for removed. */
static void of_a_service_that_cannot_be_read_the_id_is_kept(void **state)
{
    static const struct {
        const char *json;
        const char *id; /* NULL: nobody can say whose it is */
    } cases[] = {
        { "{\"ID\":\"a\"}", "a" },
        { "{\"ID\":\"a\",\"Spec\":{\"Name\":7}}", "a" },
        { "{\"ID\":\"a\",\"Spec\":{\"Name\":\"b\",}}", "a" },
        { " { \"ID\" : \"a\", what is this? }", "a" },
        { "{\"ID\":\"a b\", what is this? }", NULL },
        { "{\"ID\":\"\", what is this? }", NULL },
        { "{\"ID\":7, what is this? }", NULL },
        { "{\"Id\":\"a\", what is this? }", NULL },
        { "{\"Spec\":{\"Name\":\"b\"}}", NULL },
        { "null", NULL },
        { "{\"ID\":\"a\"", "a" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena = { 0 };
        struct docker_service *services;
        size_t count = 0;
        size_t bad = 0;
        struct text json = arena_format(&arena, "[%s," SERVICE "]", cases[i].json);
        int status = docker_services_decode(json, &arena, &services, &count, &bad, NULL);

        if (i + 1 == sizeof(cases) / sizeof(cases[0])) { /* it takes the list's end along */
            assert_int_equal(status, -1);
        } else {
            assert_int_equal(status, 0);
            assert_int_equal(count, cases[i].id ? 2 : 1);
            assert_int_equal(bad, cases[i].id ? 0 : 1);
            assert_null(services[count - 1].problem);
        }
        if (count == 2) {
            same(services[0].id, cases[i].id);
            assert_non_null(services[0].problem);
        }
        arena_done(&arena);
    }
}

/* jansson refuses those; in the JSON of the Engine they are allowed, and one is enough to be mean.
 */
static void a_nul_in_a_name_is_another_character(void **state)
{
    struct arena arena = { 0 };
    struct docker_service *services;
    size_t count;
    size_t bad;

    (void)state;
    assert_int_equal(
        docker_services_decode(
            TEXT("[{\"ID\":\"a\",\"Spec\":{\"Name\":\"b\",\"Labels\":{\"x\\u0000\":\"1\","
                 "\"y\\\\u0000\":\"2\\\\\"}}}]"),
            &arena, &services, &count, &bad, NULL),
        0);
    assert_int_equal(count, 1);
    assert_null(services->problem);
    assert_int_equal(services->label_count, 2);
    for (size_t i = 0; i < 2; i++) {
        bool first = text_equal(services->labels[i].value, TEXT("1"));

        same(services->labels[i].name, first ? "x\xef\xbf\xbd" : "y\\u0000");
        same(services->labels[i].value, first ? "1" : "2\\");
    }
    arena_done(&arena);
}

static void times(void **state)
{
    static const struct {
        const char *written;
        int64_t us;
    } rows[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01T00:00:01Z", 1000000 },
        { "2026-11-24T09:00:00.5Z", 1795510800500000 },
        { "2026-11-24T09:00:00.123456789Z", 1795510800123456 },
        { "2026-11-24T10:30:00+01:30", 1795510800000000 },
        { "2026-11-24T07:30:00-01:30", 1795510800000000 },
        { "0001-01-01T00:00:00Z", 0 },
        { "2026-11-24 09:00:00Z", 0 },
        { "2026-13-24T09:00:00Z", 0 },
        { "2026-11-24T09:00:00", 0 },
        { "2026-11-24T09:00:00.", 0 },
        { "2026-11-24T09:00:00+1:30", 0 },
        { "2026-11-24T-9:00:00Z", 0 },
        { "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (docker_time_us(text_of(rows[i].written)) != rows[i].us)
            fail_msg("%s: %lld", rows[i].written,
                     (long long)docker_time_us(text_of(rows[i].written)));
}

static void engines_that_may_encrypt(void **state)
{
    static const struct {
        const char *version;
        bool good;
    } rows[] = {
        { "20.10.24", true }, { "20.10.24+dfsg1", true },
        { "20.10.25", true }, { "20.10.23", false },
        { "20.9.30", false }, { "19.03.99", false },
        { "23.0.2", false },  { "23.0.3", true },
        { "23.1.0", true },   { "24.0.0", true },
        { "29.0.1", true },   { "", false },
        { "dev", false },     { "-1.0.0", false },
        { "25", false },      { "99999999999999999999999.0.0", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (docker_engine_encrypts(text_of(rows[i].version)) != rows[i].good)
            fail_msg("%s", rows[i].version);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_is_read),
        cmocka_unit_test(updates_and_modes),
        cmocka_unit_test(a_task_is_read),
        cmocka_unit_test(networks_say_whether_they_are_encrypted),
        cmocka_unit_test(nodes_info_and_events_are_read),
        cmocka_unit_test(one_bad_object_harms_no_other),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(lists_and_labels_are_bounded),
        cmocka_unit_test(of_a_service_that_cannot_be_read_the_id_is_kept),
        cmocka_unit_test(a_nul_in_a_name_is_another_character),
        cmocka_unit_test(times),
        cmocka_unit_test(engines_that_may_encrypt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
