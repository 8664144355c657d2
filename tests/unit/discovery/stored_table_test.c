/* The table on disk: what was written comes back, and nothing else is believed. */

#include "stored_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char whole[] =
    "{\"format\":1,\"engines_encrypt\":true,\"engines_why\":\"\","
    "\"networks\":[{\"id\":\"n1\",\"name\":\"edge\",\"shared\":true,\"encrypted\":true,"
    "\"ingress\":false,\"subnets\":[\"10.0.1.0/24\"]}],"
    "\"services\":[{\"id\":\"s1\",\"name\":\"web\",\"stack\":\"portal\",\"created_us\":5,"
    "\"labels\":{\"enable\":\"true\",\"domain\":\"a.test\"},\"networks\":[0],"
    "\"vips\":[{\"network\":0,\"address\":\"10.0.1.2\"}],"
    "\"tasks\":[{\"id\":\"t1\",\"name\":\"web.1\","
    "\"addresses\":[{\"network\":0,\"address\":\"10.0.1.5\"}]}]}]}";

static void assert_whole(const struct swarm *swarm)
{
    const struct swarm_service *web = swarm_find(swarm, TEXT("web"));
    char printed[ADDRESS_TEXT_BYTES];

    assert_non_null(web);
    assert_true(swarm->stale);
    assert_false(swarm->complete);
    assert_true(swarm->networks[0].encrypted && swarm->networks[0].shared);
    assert_true(text_equal(web->stack, TEXT("portal")));
    assert_int_equal(web->created_us, 5);
    assert_int_equal(web->label_count, 2);
    assert_int_equal(web->vip_count, 1);
    assert_int_equal(web->vips[0].network, 0);
    assert_int_equal(address_print_host(&web->vips[0].address, printed), strlen("10.0.1.2"));
    assert_string_equal(printed, "10.0.1.2");
    assert_int_equal(web->task_count, 1);
    assert_true(text_equal(web->tasks[0].name, TEXT("web.1")));
    assert_int_equal(web->tasks[0].addresses[0].membership, SWARM_USABLE);
    assert_false(web->tasks[0].addresses[0].confirmed);
}

static void what_was_written_comes_back(void **state)
{
    char path[] = "/tmp/swarmward-table-XXXXXX";
    struct swarm *swarm = stored_table_decode(text_of(whole), NULL);
    struct swarm *again;
    struct stat info;
    bool missing;
    struct err err;
    int fd = mkstemp(path);

    (void)state;
    close(fd);
    assert_non_null(swarm);
    assert_whole(swarm);
    assert_int_equal(stored_table_write(path, swarm, &err), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    again = stored_table_read(path, &missing, &err);
    assert_non_null(again);
    assert_false(missing);
    assert_whole(again);
    swarm_unref(swarm);
    swarm_unref(again);
    unlink(path);
}

static void only_what_is_usable_is_kept(void **state)
{
    char path[] = "/tmp/swarmward-table-XXXXXX";
    struct swarm *swarm = stored_table_decode(text_of(whole), NULL);
    struct swarm *again;
    struct err err;
    bool missing;
    int fd = mkstemp(path);

    (void)state;
    close(fd);
    swarm->services[0].tasks[0].addresses[0].membership = SWARM_DRAINING;
    assert_int_equal(stored_table_write(path, swarm, &err), 0);
    again = stored_table_read(path, &missing, &err);
    assert_int_equal(again->services[0].tasks[0].address_count, 0);
    swarm_unref(swarm);
    swarm_unref(again);
    unlink(path);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len++)
        assert_null(stored_table_decode(text_make(whole, len), NULL));
}

static const char *const broken[] = {
    "[]",
    "{}",
    "{\"format\":2}",
    "{\"format\":1,\"engines_why\":\"\",\"networks\":{},\"services\":[]}",
    "{\"format\":1,\"engines_why\":\"\",\"networks\":[],\"services\":{}}",
    "{\"format\":1,\"engines_why\":\"\",\"networks\":[{\"id\":1}],\"services\":[]}",
};

static void what_has_another_shape_is_refused(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        err.text[0] = '\0';
        if (stored_table_decode(text_of(broken[i]), &err))
            fail_msg("accepted: %s", broken[i]);
        assert_true(err.text[0] != '\0');
    }
}

/* One service in front of one that is well. */
#define TABLE_WITH(service)                                                                        \
    "{\"format\":1,\"engines_why\":\"\",\"networks\":[{\"id\":\"n\",\"name\":\"n\","               \
    "\"subnets\":[]}],\"services\":[" service ",{\"id\":\"b\",\"name\":\"well\",\"stack\":\"\","   \
    "\"labels\":{},\"networks\":[0],\"tasks\":[]}]}"

static const char *const broken_services[] = {
    TABLE_WITH("7"),
    TABLE_WITH(
        "{\"id\":\"\",\"name\":\"x\",\"stack\":\"\",\"labels\":{},\"networks\":[],\"tasks\":[]}"),
    TABLE_WITH("{\"id\":\"a\",\"name\":\"x\",\"stack\":\"\",\"labels\":{},\"networks\":[]}"),
    /* an index beyond the networks */
    TABLE_WITH(
        "{\"id\":\"a\",\"name\":\"x\",\"stack\":\"\",\"labels\":{},\"networks\":[1],\"tasks\":[]}"),
    TABLE_WITH("{\"id\":\"a\",\"name\":\"x\",\"stack\":\"\",\"labels\":{},\"networks\":[],\"vips\":"
               "[{\"network\":1,\"address\":\"10.0.0.1\"}],\"tasks\":[]}"),
    TABLE_WITH(
        "{\"id\":\"a\",\"name\":\"x\",\"stack\":\"\",\"labels\":{},\"networks\":[],\"tasks\":"
        "[{\"id\":\"t\",\"name\":\"t\",\"addresses\":[{\"network\":-1,\"address\":\"10.0.0.1\"}]}]"
        "}"),
    /* no addresses */
    TABLE_WITH("{\"id\":\"a\",\"name\":\"x\",\"stack\":\"\",\"labels\":{},\"networks\":[],\"vips\":"
               "[{\"network\":0,\"address\":\"10.0.0.1\\u0000\"}],\"tasks\":[]}"),
    TABLE_WITH(
        "{\"id\":\"a\",\"name\":\"x\",\"stack\":\"\",\"labels\":{},\"networks\":[],\"tasks\":"
        "[{\"id\":\"t\",\"name\":\"t\",\"addresses\":[{\"network\":0,\"address\":\"evil\"}]}]}"),
};

static bool only_one_is_left_out(const char *json)
{
    struct err err = { "" };
    struct swarm *swarm = stored_table_decode(text_of(json), &err);
    bool is_so = swarm && swarm->service_count == 1 && swarm_find(swarm, TEXT("well")) &&
                 strcmp(err.text, "1 of its services cannot be read and are left out") == 0;

    swarm_unref(swarm);
    return is_so;
}

static void a_service_that_cannot_be_read_is_left_out_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(broken_services) / sizeof(broken_services[0]); i++)
        if (!only_one_is_left_out(broken_services[i]))
            fail_msg("%s", broken_services[i]);
}

static void a_nul_in_a_label_comes_back(void **state)
{
    char path[] = "/tmp/swarmward-table-XXXXXX";
    struct swarm *swarm = stored_table_decode(text_of(whole), NULL);
    struct docker_label *labels = swarm->services[0].labels;
    struct swarm *again;
    struct err err;
    bool missing;
    int fd = mkstemp(path);

    (void)state;
    close(fd);
    for (size_t i = 0; i < swarm->services[0].label_count; i++)
        labels[i].value = text_make("a\0b", 3);
    assert_int_equal(stored_table_write(path, swarm, &err), 0);
    again = stored_table_read(path, &missing, &err);
    assert_non_null(again);
    assert_string_equal(err.text, "");
    assert_true(text_equal(again->services[0].labels[0].value, text_make("a\0b", 3)));
    swarm_unref(swarm);
    swarm_unref(again);
    unlink(path);
}

static void a_file_that_is_not_there_is_no_mistake(void **state)
{
    struct err err;
    bool missing = false;

    (void)state;
    assert_null(stored_table_read("/nonexistent/table.json", &missing, &err));
    assert_true(missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_comes_back),
        cmocka_unit_test(only_what_is_usable_is_kept),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(what_has_another_shape_is_refused),
        cmocka_unit_test(a_service_that_cannot_be_read_is_left_out_alone),
        cmocka_unit_test(a_nul_in_a_label_comes_back),
        cmocka_unit_test(a_file_that_is_not_there_is_no_mistake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
