// A publisher of the set, on the client library and a stream of its own.
//   event_publisher CONFIG TYPE DATA_BYTES RATE COUNT     RATE 0: as fast as they are acknowledged
// Ends when all are acknowledged.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/bus.h>
#include <ringfence/id.h>

#include "base/clock.h"
#include "config/config.h"
#include "pace.h"
#include "runtime/loop.h"
#include "samples.h"
#include "stamp.h"

struct publisher {
    struct rf_loop *loop;
    struct rf_bus *bus;
    struct rf_stream *stream;
    struct rf_timer timer;
    struct pace pace;
    const char *type;
    json_t *data;
    size_t rate, count, published;
    char instance[64];
};

// True if it was taken; a full backlog goes on after the next acknowledgement.
static bool publish_one(struct publisher *publisher, int64_t due) {
    char id[RF_ULID_SIZE];
    struct rf_error error;
    struct rf_event event = {
        .id = rf_ulid_new(rf_clock_utc(), id),
        .ts = due,
        .type = publisher->type,
        .subject = "load",
        .campaign = "bench",
        .contact = "+15550100",
        .data = publisher->data,
    };
    enum rf_err err =
        rf_stream_publish(publisher->stream, publisher->published + 1, &event, &error);
    if (err == RF_OK)
        publisher->published++;
    else if (err != RF_ERR_FULL) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    return err == RF_OK;
}

static void pump(void *arg) {
    struct publisher *publisher = arg;
    while (publisher->published < publisher->count) {
        int64_t due = pace_due(&publisher->pace, publisher->published);
        int64_t early = due - stamp_utc();
        if (publisher->rate != 0 && early > 0) {
            rf_timer_after(&publisher->timer, rf_ns(early));
            return;
        }
        if (!publish_one(publisher, due))
            return;
    }
}

static void on_acked(void *arg, uint64_t seq) {
    struct publisher *publisher = arg;
    if (seq == publisher->count)
        rf_loop_stop(publisher->loop);
    else if (publisher->pace.began_utc != 0)
        pump(publisher);
}

static void on_change(void *arg, bool connected) {
    struct publisher *publisher = arg;
    if (!connected || publisher->pace.began_utc != 0)
        return;
    pace_begin(&publisher->pace, publisher->rate);
    pump(publisher);
}

static enum rf_err open_bus(struct publisher *publisher, const struct rf_config *config,
                            struct rf_error *error) {
    enum rf_err err = rf_bus_new(publisher->loop, &config->bus, "bench", publisher->instance,
                                 &publisher->bus, error);
    if (err == RF_OK)
        err = rf_stream_new(publisher->bus, publisher->instance, 1, on_acked, publisher,
                            &publisher->stream, error);
    if (err == RF_OK)
        rf_bus_on_change(publisher->bus, on_change, publisher);
    return err;
}

static json_t *data_of(size_t bytes) {
    char *text = malloc(bytes + 1);
    if (text == NULL)
        exit(1);
    memset(text, 'x', bytes);
    text[bytes] = '\0';
    json_t *data = json_pack("{s:i, s:s}", "took_ms", 123, "text", text);
    free(text);
    return data;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: event_publisher CONFIG TYPE DATA_BYTES RATE COUNT\n");
        return 2;
    }
    struct publisher publisher = {.type = argv[2], .loop = rf_loop_new()};
    struct rf_config *config = NULL;
    struct rf_error error = {.message = "out of memory"};
    char id[RF_ULID_SIZE];
    publisher.data = data_of(samples_number(argv[3], "DATA_BYTES"));
    publisher.rate = strcmp(argv[4], "0") == 0 ? 0 : samples_number(argv[4], "RATE");
    publisher.count = samples_number(argv[5], "COUNT");
    snprintf(publisher.instance, sizeof publisher.instance, "load-%s",
             rf_ulid_new(rf_clock_utc(), id));
    enum rf_err err =
        publisher.loop == NULL ? RF_ERR_NOMEM : rf_config_load(argv[1], &config, &error);
    if (err == RF_OK) {
        rf_timer_init(&publisher.timer, publisher.loop, pump, &publisher);
        err = open_bus(&publisher, config, &error);
    }
    if (err == RF_OK)
        err = rf_loop_run(publisher.loop, &error);
    if (err != RF_OK)
        fprintf(stderr, "%s\n", error.message);
    double seconds = (double)(stamp_utc() - publisher.pace.began_utc) / 1e9;
    printf("{\"requests\": %zu, \"failed\": 0, \"per_second\": %.1f, \"cpu_us\": %.2f}\n",
           publisher.count, (double)publisher.count / seconds,
           (double)samples_cpu_ns() / 1e3 / (double)publisher.count);
    rf_bus_destroy(&publisher.bus);
    rf_loop_destroy(&publisher.loop);
    rf_config_destroy(&config);
    json_decref(publisher.data);
    return err == RF_OK ? 0 : 1;
}
