/*
 * Fuzz target: any bytes as the table on disk. Beyond not crashing: a refusal has a reason, nothing
 * that was read counts as confirmed, and what can be written is read again.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz_target.h"
#include "stored_table.h"

static void must(bool what)
{
    if (!what)
        abort();
}

static void check_service(const struct swarm *swarm, const struct swarm_service *service)
{
    must(service->id.len > 0 && service->name.len > 0);
    must(swarm_find(swarm, service->name) != NULL);
    for (size_t i = 0; i < service->network_count; i++)
        must(service->networks[i] < swarm->network_count);
    for (size_t i = 0; i < service->task_count; i++)
        for (size_t j = 0; j < service->tasks[i].address_count; j++) {
            must(service->tasks[i].addresses[j].network < swarm->network_count);
            must(!service->tasks[i].addresses[j].confirmed);
            must(address_port(&service->tasks[i].addresses[j].address) == 0);
        }
}

static void write_and_read(const struct swarm *swarm)
{
    char path[64];
    struct swarm *again;
    struct err err;
    bool missing;

    snprintf(path, sizeof(path), "/tmp/stored_table_fuzz.%d", (int)getpid());
    if (stored_table_write(path, swarm, &err) < 0)
        return; /* not every text is UTF-8 */
    again = stored_table_read(path, &missing, &err);
    unlink(path);
    must(again && again->service_count == swarm->service_count &&
         again->network_count == swarm->network_count);
    swarm_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct err err = { "" };
    struct swarm *swarm = stored_table_decode(text_make((const char *)bytes, len), &err);

    if (!swarm) {
        must(err.text[0] != '\0');
        return 0;
    }
    must(swarm->stale && !swarm->complete);
    for (size_t i = 0; i < swarm->service_count; i++)
        check_service(swarm, &swarm->services[i]);
    write_and_read(swarm);
    swarm_unref(swarm);
    return 0;
}
