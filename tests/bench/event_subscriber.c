// A durable subscriber of the set, on the client library: pages of events.
//   event_subscriber CONFIG PREFIX WARMUP COUNT
// Says "ready" when the broker is there, and ends after COUNT events. A number that was trimmed
// before it could be read is a failure.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/bus.h>
#include <ringfence/id.h>

#include "base/clock.h"
#include "config/config.h"
#include "runtime/loop.h"
#include "samples.h"
#include "stamp.h"

#define PAGE_EVENTS 1000

struct subscriber {
    struct rf_loop *loop;
    struct rf_bus *bus;
    struct rf_subscription *subscription;
    struct samples samples;
    bool ready;
};

static void on_page(void *arg, const struct rf_journal_page *page) {
    struct subscriber *subscriber = arg;
    int64_t now = stamp_utc(), instant = samples_now();
    const struct rf_event *events = page->events.items;
    if (page->trimmed != 0) {
        fprintf(stderr, "the journal was trimmed up to %llu\n", (unsigned long long)page->trimmed);
        exit(1);
    }
    for (size_t i = 0; i < page->events.count; i++)
        if (samples_end(&subscriber->samples, instant - (now - events[i].ts), 1))
            rf_loop_stop(subscriber->loop);
    rf_subscription_next(subscriber->subscription);
}

static void on_change(void *arg, bool connected) {
    struct subscriber *subscriber = arg;
    if (!connected || subscriber->ready)
        return;
    subscriber->ready = true;
    printf("ready\n");
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: event_subscriber CONFIG PREFIX WARMUP COUNT\n");
        return 2;
    }
    struct subscriber subscriber = {.loop = rf_loop_new()};
    struct rf_config *config = NULL;
    struct rf_error error = {.message = "out of memory"};
    char id[RF_ULID_SIZE], instance[64];
    const char *const prefixes[] = {argv[2]};
    struct rf_subscription_options options = {
        .prefixes = prefixes, .prefix_count = 1, .limit = PAGE_EVENTS};
    samples_init(&subscriber.samples, samples_number(argv[3], "WARMUP"),
                 samples_number(argv[4], "COUNT"));
    snprintf(instance, sizeof instance, "load-%s", rf_ulid_new(rf_clock_utc(), id));
    enum rf_err err =
        subscriber.loop == NULL ? RF_ERR_NOMEM : rf_config_load(argv[1], &config, &error);
    if (err == RF_OK)
        err = rf_bus_new(subscriber.loop, &config->bus, "bench", instance, &subscriber.bus, &error);
    if (err == RF_OK)
        err = rf_subscription_new(subscriber.bus, &options, on_page, &subscriber,
                                  &subscriber.subscription, &error);
    if (err == RF_OK) {
        rf_bus_on_change(subscriber.bus, on_change, &subscriber);
        err = rf_loop_run(subscriber.loop, &error);
    }
    if (err != RF_OK)
        fprintf(stderr, "%s\n", error.message);
    else
        samples_print(&subscriber.samples);
    rf_bus_destroy(&subscriber.bus);
    rf_loop_destroy(&subscriber.loop);
    rf_config_destroy(&config);
    samples_fini(&subscriber.samples);
    return err == RF_OK ? 0 : 1;
}
