// Subscribes durably: every journaled event under a prefix is printed, in order, over any number of
// restarts of this program and of the broker.
//
//     subscribe RUN_DIR CURSOR [PREFIX...]
//
// The cursor is a file with the number up to which all is printed and the journal that it belongs
// to, so that a database that was replaced is noticed. It is written after the output, so that a
// kill in between repeats one event and loses none; who has a store of its own keeps the two there,
// in one act with its work, and uses rf_subscription_new. Ends by SIGTERM.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <ringfence/bus.h>
#include <ringfence/loop.h>

// One event. True: it is done, and the next one may come: a slow subscriber is waited for.
static bool on_event(void *arg, const struct rf_event *event) {
    (void)arg;
    char *data = event->data != NULL ? json_dumps(event->data, JSON_COMPACT) : NULL;
    printf("%" PRId64 " %s/%s %s\n", event->n, event->type, event->subject,
           data != NULL ? data : "{}");
    free(data);
    return fflush(stdout) == 0;
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    char ingest[128], events[128];
    struct rf_bus_config config = RF_BUS_CONFIG_DEFAULT;
    struct rf_loop *loop = rf_loop_new();
    struct rf_bus *bus = NULL;
    struct rf_durable *durable = NULL;
    struct rf_error error = {0};
    snprintf(ingest, sizeof ingest, "ipc://%s/ingest", argv[1]);
    snprintf(events, sizeof events, "ipc://%s/events", argv[1]);
    config.ingest = ingest; // pages
    config.events = events; // the doorbell: it says when to ask for the next
    struct rf_durable_options options = {
        .path = argv[2],
        .name = "subscribe",
        .prefixes = (const char *const *)argv + 3,
        .prefix_count = (size_t)argc - 3,
    };
    enum rf_err err = rf_bus_new(loop, &config, "example", "subscribe-1", &bus, &error);
    if (err == RF_OK)
        err = rf_durable_new(bus, &options, on_event, NULL, &durable, &error);
    if (err == RF_OK)
        err = rf_loop_run(loop, &error);
    fprintf(stderr, "subscribe: %s\n", error.message);
    rf_durable_destroy(&durable);
    rf_bus_destroy(&bus);
    rf_loop_destroy(&loop);
    return 1; // it ends by a signal, or because it cannot go on
}
