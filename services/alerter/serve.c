#include "serve_parts.h"

#include <stdlib.h>
#include <string.h>

#include <ringfence/class.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "query.h"
#include "runtime/service.h"

#define SERVICE  "alerter"
#define CAPACITY 16 // requests in hand; each waits for the store or for one attempt

// ---- replies ----

static void reply(struct rf_serve *serve, const struct rf_call_reply *what) {
    rf_worker_reply(serve->worker, what);
    rf_worker_release(serve->worker, SERVICE, 0);
}

void rf_serve_reply(struct rf_serve *serve, const char *id, json_t *result) {
    const struct rf_call_reply what = {
        .id = id, .ok = true, .class = rf_class_name(RF_CLASS_OK), .result = result};
    reply(serve, &what);
}

void rf_serve_refuse(struct rf_serve *serve, const char *id, enum rf_err err, const char *message) {
    bool wrong = err == RF_ERR_INVALID || err == RF_ERR_NOT_FOUND;
    const struct rf_call_reply what = {
        .id = id,
        .class = rf_class_name(wrong ? RF_CLASS_PERMANENT_INVALID : RF_CLASS_TRANSIENT),
        .code = rf_err_name(err),
        .message = message};
    reply(serve, &what);
}

// ---- queries ----

// What is sent again has its place with its courier. Where nothing could be, the reason is said.
static enum rf_err take_resent(struct rf_serve *serve, const struct rf_query *query,
                               struct rf_error *error) {
    json_t *resent = json_object_get(query->result, "resent");
    if (json_array_size(resent) == 0)
        return rf_couriers_refuse(serve->couriers, json_object_get(query->result, "left"), error);
    rf_couriers_resend(serve->couriers, resent, query->now);
    return RF_OK;
}

// Who keeps an incident from being told is not stored: it is found anew as long as it is asked for.
static void add_holders(const struct rf_serve *serve, const json_t *incidents) {
    size_t i;
    json_t *incident;
    json_array_foreach(incidents, i, incident) {
        const char *name = json_string_value(json_object_get(incident, "incident"));
        const char *id = json_string_value(json_object_get(incident, "id"));
        const struct rf_incident *holder = rf_engine_holder(serve->engine, name, id);
        json_object_set_new(incident, "inhibited_by",
                            holder == NULL
                                ? json_null()
                                : json_pack("{s:s, s:s, s:s}", "id", holder->id, "incident",
                                            holder->fingerprint, "title", holder->title));
    }
}

static void on_queried(struct rf_query *query, enum rf_err result, const struct rf_error *error) {
    struct rf_serve *serve = query->owner;
    struct rf_error refused;
    if (!serve->stopped && result == RF_OK && query->run == rf_query_resend) {
        result = take_resent(serve, query, &refused);
        error = &refused;
    }
    if (!serve->stopped && result == RF_OK)
        add_holders(serve, json_object_get(query->result, "incidents"));
    if (!serve->stopped && result == RF_OK)
        rf_serve_reply(serve, query->call, query->result);
    else if (!serve->stopped)
        rf_serve_refuse(serve, query->call, result, error->message);
    rf_query_destroy(&query);
}

typedef enum rf_err run_fn(struct rf_query *, struct rf_db *, struct rf_error *);

// `channels`: taken over; NULL: the question needs none.
static void ask_with(struct rf_serve *serve, const struct rf_call_request *request, run_fn *run,
                     json_t *channels) {
    struct rf_query *query = rf_query_new(request->id, request->params, rf_clock_utc());
    if (query == NULL) {
        json_decref(channels);
        rf_serve_refuse(serve, request->id, RF_ERR_NOMEM, "out of memory");
        return;
    }
    query->channels = channels;
    query->run = run;
    query->done = on_queried;
    query->owner = serve;
    rf_ledger_query(serve->couriers->means.ledger, query);
}

static void ask(struct rf_serve *serve, const struct rf_call_request *request, run_fn *run) {
    ask_with(serve, request, run, NULL);
}

static void serve_list(struct rf_serve *serve, const struct rf_call_request *request) {
    ask(serve, request, rf_query_list);
}

static void serve_show(struct rf_serve *serve, const struct rf_call_request *request) {
    ask(serve, request, rf_query_show);
}

static void serve_dead(struct rf_serve *serve, const struct rf_call_request *request) {
    ask(serve, request, rf_query_dead);
}

static void serve_resend(struct rf_serve *serve, const struct rf_call_request *request) {
    const char *name = json_string_value(json_object_get(request->params, "channel"));
    json_t *wanted = name == NULL ? NULL : json_pack("[{s:s}]", "channel", name);
    struct rf_error error;
    if (wanted != NULL && !rf_couriers_takes(serve->couriers, name))
        rf_serve_refuse(serve, request->id, rf_couriers_refuse(serve->couriers, wanted, &error),
                        error.message);
    else
        ask_with(serve, request, rf_query_resend, rf_couriers_taking(serve->couriers));
    json_decref(wanted);
}

// ---- the worker ----

static const struct {
    const char *operation;
    void (*serve)(struct rf_serve *serve, const struct rf_call_request *request);
} operations[] = {
    {"alert_list", serve_list},     {"alert_show", serve_show},    {"alert_dead", serve_dead},
    {"alert_resend", serve_resend}, {"alert_test", rf_serve_test},
};

static void on_request(void *arg, const struct rf_call_request *request) {
    struct rf_serve *serve = arg;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(request->operation, operations[i].operation) == 0) {
            operations[i].serve(serve, request);
            return;
        }
    }
    rf_serve_refuse(serve, request->id, RF_ERR_INVALID, "the alerter has no such operation");
}

static void on_connected(void *arg, bool connected) {
    (void)arg, (void)connected;
}

enum rf_err rf_serve_start(struct rf_serve *serve, struct rf_couriers *couriers,
                           const struct rf_engine *engine, struct rf_error *error) {
    static const struct rf_worker_offer offers[] = {{SERVICE, CAPACITY}};
    static const struct rf_worker_handlers handlers = {.request = on_request,
                                                       .connected = on_connected};
    *serve = (struct rf_serve){.couriers = couriers, .engine = engine};
    return rf_worker_new(couriers->means.process->bus, offers, 1, &handlers, serve, &serve->worker,
                         error);
}

void rf_serve_drain(struct rf_serve *serve) {
    if (serve->worker != NULL)
        rf_worker_drain(serve->worker);
}

void rf_serve_stop(struct rf_serve *serve) {
    serve->stopped = true;
    rf_serve_stop_tests(serve);
    rf_worker_destroy(&serve->worker);
}
