// A person tries a channel: a notice is sent, and each step of it is told. To a receiver that has
// incidents of its own the end is sent as well, so that nobody has to close it by hand.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "probe.h"
#include "runtime/service.h"
#include "serve_parts.h"

struct rf_serve_test {
    struct rf_serve_test *next, **link;
    struct rf_serve *serve;
    struct rf_probe *probe;
    struct rf_manner manner;
    char channel[RF_CHANNEL_NAME_SIZE];
    char notice[RF_ALERT_ID_SIZE];
    char *call;
    json_t *report; // of what began an incident there, whose end is being sent
};

static void test_free(struct rf_serve_test *test) {
    json_decref(test->report);
    free(test->call);
    free(test);
}

static void test_end(struct rf_serve_test *test) {
    *test->link = test->next;
    if (test->next != NULL)
        test->next->link = test->link;
    test_free(test);
}

static struct rf_serve_test *test_new(struct rf_serve *serve, const char *call,
                                      const char *channel) {
    struct rf_serve_test *test = calloc(1, sizeof *test);
    if (test == NULL)
        return NULL;
    test->call = strdup(call);
    if (test->call == NULL) {
        free(test);
        return NULL;
    }
    memcpy(test->channel, channel, strnlen(channel, sizeof test->channel - 1));
    test->serve = serve;
    test->link = &serve->tests;
    test->next = serve->tests;
    if (test->next != NULL)
        test->next->link = &test->next;
    serve->tests = test;
    return test;
}

static void answer(struct rf_serve_test *test, json_t *report) {
    if (report != NULL)
        rf_serve_reply(test->serve, test->call, report);
    else
        rf_serve_refuse(test->serve, test->call, RF_ERR_NOMEM, "out of memory");
    test_end(test);
}

static enum rf_err send(struct rf_serve_test *test, const struct rf_alert *notice, rf_probe_fn *fn,
                        struct rf_error *error) {
    const struct rf_couriers *couriers = test->serve->couriers;
    int slot = rf_channels_find(&couriers->channels, test->channel);
    if (slot < 0)
        return rf_error_set(error, RF_ERR_NOT_FOUND, "channel %s is not in the configuration",
                            test->channel);
    const struct rf_courier *courier = couriers->items[slot];
    // Where its group moved to, if it did.
    test->manner = courier->manner;
    rf_manner_reset(&test->manner);
    struct rf_sending sending = {.http = couriers->means.http,
                                 .config = &couriers->means.process->config->alerter,
                                 .forms = *couriers->means.forms,
                                 .channel = &courier->channel,
                                 .alert = notice,
                                 .manner = &test->manner,
                                 .now = rf_clock_utc()};
    return rf_request_probe(&sending, fn, test, &test->probe, error);
}

// ---- the end of what the test began ----

// One step of the report; without it the test is not well.
static void add_end(struct rf_serve_test *test, bool ok, double took_ms, const char *detail) {
    json_t *report = test->report;
    json_t *took = json_object_get(report, "took_ms");
    json_array_append_new(json_object_get(report, "steps"),
                          json_pack("{s:s, s:b, s:f, s:s}", "step", "resolve", "ok", ok, "took_ms",
                                    took_ms, "detail", detail));
    json_object_set_new(report, "took_ms", json_real(json_number_value(took) + took_ms));
    if (!ok) {
        json_object_set_new(report, "ok", json_false());
        json_object_set_new(report, "message",
                            json_sprintf("the incident was opened, but not resolved; close it by "
                                         "hand: %s",
                                         detail));
    }
}

static void on_ended(void *arg, bool ok, const char *json) {
    struct rf_serve_test *test = arg;
    json_t *ended = json_loads(json, 0, NULL), *report = test->report;
    const json_t *steps = json_object_get(ended, "steps");
    const json_t *last = json_array_get(steps, json_array_size(steps) - 1);
    const char *said = json_string_value(json_object_get(last, "detail"));
    const char *message = json_string_value(json_object_get(ended, "message"));
    const char *detail = ok ? said : message;
    add_end(test, ok, json_number_value(json_object_get(ended, "took_ms")),
            detail == NULL ? "" : detail);
    test->probe = NULL;
    answer(test, report);
    json_decref(ended);
}

static void send_end(struct rf_serve_test *test) {
    struct rf_alert notice = {0};
    struct rf_error error;
    enum rf_err err =
        rf_probe_resolved(test->channel, test->notice, rf_clock_utc(), &notice, &error);
    if (err == RF_OK)
        err = send(test, &notice, on_ended, &error);
    rf_alert_fini(&notice);
    if (err == RF_OK)
        return;
    add_end(test, false, 0, error.message);
    answer(test, test->report);
}

// ---- the beginning ----

static bool keeps_incidents(const struct rf_serve_test *test) {
    const struct rf_channels *channels = &test->serve->couriers->channels;
    int slot = rf_channels_find(channels, test->channel);
    return slot >= 0 && (rf_channels_acks(channels) & 1U << slot) != 0;
}

static void on_sent(void *arg, bool ok, const char *json) {
    struct rf_serve_test *test = arg;
    json_t *report = json_loads(json, 0, NULL);
    test->probe = NULL;
    test->report = report;
    if (ok && report != NULL && keeps_incidents(test))
        send_end(test);
    else
        answer(test, report);
}

static enum rf_err begin(struct rf_serve_test *test, struct rf_error *error) {
    struct rf_alert notice = {0};
    enum rf_err err = rf_probe_notice(test->channel, rf_clock_utc(), &notice, error);
    if (err != RF_OK)
        return err;
    memcpy(test->notice, notice.id, sizeof test->notice);
    err = send(test, &notice, on_sent, error);
    rf_alert_fini(&notice);
    return err;
}

static void set_unknown(const struct rf_serve *serve, const char *name, struct rf_error *error) {
    char list[RF_ERROR_MESSAGE_SIZE] = "";
    for (size_t i = 0; i < RF_CHANNELS_MOST; i++) {
        const char *known = serve->couriers->channels.slots[i].name;
        size_t used = strlen(list);
        if (known[0] != '\0')
            snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", known);
    }
    rf_error_set(error, RF_ERR_NOT_FOUND, "there is no channel %.32s; there are %s", name, list);
}

// Also of a channel that is not enabled: it is tried before it is.
void rf_serve_test(struct rf_serve *serve, const struct rf_call_request *request) {
    const char *given = json_string_value(json_object_get(request->params, "channel"));
    const char *name = given == NULL ? "" : given;
    struct rf_error error;
    if (rf_channels_find(&serve->couriers->channels, name) < 0) {
        set_unknown(serve, name, &error);
        rf_serve_refuse(serve, request->id, RF_ERR_NOT_FOUND, error.message);
        return;
    }
    struct rf_serve_test *test = test_new(serve, request->id, name);
    enum rf_err err =
        test == NULL ? rf_error_set(&error, RF_ERR_NOMEM, "out of memory") : begin(test, &error);
    if (err == RF_OK)
        return;
    rf_serve_refuse(serve, request->id, err, error.message);
    if (test != NULL)
        test_end(test);
}

void rf_serve_stop_tests(struct rf_serve *serve) {
    for (struct rf_serve_test *test = serve->tests, *next; test != NULL; test = next) {
        next = test->next;
        rf_probe_cancel(&test->probe);
        test_free(test);
    }
    serve->tests = NULL;
}
