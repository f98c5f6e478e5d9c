// The service "health": what people ask of the monitor. Several monitors each know their own
// history; any of them answers.
#include <jansson.h>
#include <string.h>

#include <ringfence/bus.h>
#include <ringfence/worker.h>

#include "base/clock.h"
#include "monitor.h"

#define SERVICE   "health"
#define CAPACITY  16
#define BARS      90
#define BARS_MOST 1000

static void reply(struct monitor *monitor, const struct rf_call_reply *what) {
    rf_worker_reply(monitor->worker, what);
    rf_worker_release(monitor->worker, SERVICE, 0);
}

static void answer(struct monitor *monitor, const char *call, const json_t *result) {
    const struct rf_call_reply what = {.id = call,
                                       .ok = true,
                                       .class = rf_class_name(RF_CLASS_OK),
                                       .result = (json_t *)(uintptr_t)result};
    reply(monitor, &what);
}

static void refuse(struct monitor *monitor, const char *call, enum rf_err err,
                   const char *message) {
    enum rf_class class = err == RF_ERR_INVALID ? RF_CLASS_PERMANENT_INVALID : RF_CLASS_TRANSIENT;
    const struct rf_call_reply what = {
        .id = call, .class = rf_class_name(class), .code = rf_err_name(err), .message = message};
    reply(monitor, &what);
}

static void answer_own(struct monitor *monitor, const char *call, json_t *result) {
    if (result == NULL)
        refuse(monitor, call, RF_ERR_NOMEM, "no memory");
    else
        answer(monitor, call, result);
    json_decref(result);
}

// ---- from memory ----

static void serve_status(struct monitor *monitor, const struct rf_call_request *request) {
    json_t *providers = json_object();
    for (size_t i = 0; i < monitor->target_count; i++) {
        const struct health_target *target = &monitor->targets[i];
        json_object_set_new(
            providers, rf_provider_name(target->provider),
            health_target_json(target, rf_loop_now(monitor->process->loop), rf_clock_utc()));
    }
    const struct health_own_side *own = &monitor->own_side;
    json_t *failed = !own->failed
                         ? NULL
                         : json_pack("{s:s, s:I, s:s}", "what", own->what, "since",
                                     (json_int_t)own->since_utc.ns, "why", monitor->own_why);
    const struct health_skew *skew = &monitor->skew;
    json_t *clock =
        json_pack("{s:s, s:I, s:I}", "status", health_skew_status_name(skew->status), "since",
                  (json_int_t)skew->since.ns, "ahead_ns", (json_int_t)skew->ahead.ns);
    answer_own(
        monitor, request->id,
        json_pack("{s:o, s:o, s:o*}", "providers", providers, "clock", clock, "own_side", failed));
}

static const struct health_account *account_named(const struct monitor *monitor, const char *name) {
    for (size_t i = 0; name != NULL && i < monitor->named_count; i++)
        if (strcmp(monitor->named[i].name, name) == 0)
            return monitor->named[i].account;
    return NULL;
}

static json_t *bars_json(const struct health_account *account, struct rf_duration length,
                         int64_t count, struct rf_utc now) {
    json_t *bars = json_array();
    struct rf_utc from = rf_utc_add(now, rf_ns(-length.ns * count));
    for (int64_t i = 0; i < count; i++) {
        struct rf_utc until = rf_utc_add(from, length);
        struct health_spent spent =
            health_availability_between(&account->availability, from, until, now);
        json_array_append_new(bars, json_pack("{s:I, s:I, s:I, s:I}", "at", (json_int_t)from.ns,
                                              "up_ns", (json_int_t)spent.up_ns, "degraded_ns",
                                              (json_int_t)spent.degraded_ns, "down_ns",
                                              (json_int_t)spent.down_ns));
        from = until;
    }
    return bars;
}

static void serve_bars(struct monitor *monitor, const struct rf_call_request *request) {
    const struct health_account *account =
        account_named(monitor, json_string_value(json_object_get(request->params, "provider")));
    const json_t *span = json_object_get(request->params, "span_ns");
    const json_t *wanted = json_object_get(request->params, "count");
    int64_t count = wanted == NULL ? BARS : json_integer_value(wanted);
    int64_t length = span == NULL ? 90 * HEALTH_DAY.ns : json_integer_value(span);
    if (account == NULL)
        refuse(monitor, request->id, RF_ERR_INVALID,
               "provider: expected one that is in a chain of this configuration, or own-side");
    else if (count < 1 || count > BARS_MOST)
        refuse(monitor, request->id, RF_ERR_INVALID, "count: expected 1 to 1000");
    else if (length < count * RF_NS_PER_S || length > 90 * HEALTH_DAY.ns)
        refuse(monitor, request->id, RF_ERR_INVALID,
               "span_ns: expected a second for each bar, and 90 days at most");
    else
        answer_own(monitor, request->id,
                   json_pack("{s:I, s:o}", "length_ns", (json_int_t)(length / count), "bars",
                             bars_json(account, rf_ns(length / count), count, rf_clock_utc())));
}

// ---- from the disk ----

static void on_answer(void *arg, const char *call, const json_t *result, enum rf_err err,
                      const char *message) {
    struct monitor *monitor = arg;
    if (monitor->worker == NULL)
        return; // we end: nobody can be answered any more
    if (err == RF_OK)
        answer(monitor, call, result);
    else
        refuse(monitor, call, err, message);
}

typedef enum rf_err ask_fn(struct health_history *history, const char *call, const json_t *params,
                           health_history_fn *fn, void *arg);

static void ask(struct monitor *monitor, const struct rf_call_request *request, ask_fn *fn) {
    if (monitor->history == NULL)
        refuse(monitor, request->id, RF_ERR_IO,
               "the history is not kept: see what the health monitor said when it began");
    else if (fn(monitor->history, request->id, request->params, on_answer, monitor) != RF_OK)
        refuse(monitor, request->id, RF_ERR_NOMEM, "no memory");
}

static void serve_incidents(struct monitor *monitor, const struct rf_call_request *request) {
    ask(monitor, request, health_history_incidents);
}

static void serve_changes(struct monitor *monitor, const struct rf_call_request *request) {
    ask(monitor, request, health_history_changes);
}

// ---- the worker ----

static const struct {
    const char *operation;
    void (*serve)(struct monitor *monitor, const struct rf_call_request *request);
} operations[] = {
    {"health_status", serve_status},
    {"health_bars", serve_bars},
    {"health_incidents", serve_incidents},
    {"health_changes", serve_changes},
};

static void on_request(void *arg, const struct rf_call_request *request) {
    struct monitor *monitor = arg;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(request->operation, operations[i].operation) == 0) {
            operations[i].serve(monitor, request);
            return;
        }
    }
    refuse(monitor, request->id, RF_ERR_INVALID, "the health monitor has no such operation");
}

static void on_connected(void *arg, bool connected) {
    (void)arg, (void)connected;
}

enum rf_err serve_begin(struct monitor *monitor, struct rf_error *error) {
    static const struct rf_worker_offer offers[] = {{SERVICE, CAPACITY}};
    static const struct rf_worker_handlers handlers = {.request = on_request,
                                                       .connected = on_connected};
    return rf_worker_new(monitor->process->bus, offers, 1, &handlers, monitor, &monitor->worker,
                         error);
}

void serve_drain(struct monitor *monitor) {
    if (monitor->worker != NULL)
        rf_worker_drain(monitor->worker);
}

void serve_end(struct monitor *monitor) {
    rf_worker_destroy(&monitor->worker);
}
