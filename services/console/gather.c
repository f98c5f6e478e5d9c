#include "gather.h"

#include "base/clock.h"

#define FRESH    rf_seconds(1)
#define DEADLINE rf_seconds(2)

static const struct {
    const char *service, *operation;
} questions[CONSOLE_PARTS] = {
    [CONSOLE_PART_CAMPAIGNS] = {"campaign", "status"},
    [CONSOLE_PART_ALERTS] = {"alerter", "alert_list"},
};

static void arrived(struct console_gather *gather) {
    if (--gather->missing > 0)
        return;
    gather->fresh = rf_instant_add(rf_loop_now(gather->loop), FRESH);
    gather->done(gather->arg);
}

static void on_status(void *arg, json_t *status) {
    struct console_gather *gather = arg;
    json_decref(gather->broker);
    gather->broker = json_incref(status);
    arrived(gather);
}

static void on_reply(struct console_gather *gather, enum console_part part,
                     const struct rf_call_reply *reply) {
    gather->parts[part].call[0] = '\0';
    json_decref(gather->parts[part].result);
    gather->parts[part].result = reply->ok ? json_incref(reply->result) : NULL;
    arrived(gather);
}

static void on_campaigns(void *arg, const struct rf_call_reply *reply) {
    on_reply(arg, CONSOLE_PART_CAMPAIGNS, reply);
}

static void on_alerts(void *arg, const struct rf_call_reply *reply) {
    on_reply(arg, CONSOLE_PART_ALERTS, reply);
}

static void ask(struct console_gather *gather, enum console_part part) {
    static rf_reply_fn *const functions[CONSOLE_PARTS] = {on_campaigns, on_alerts};
    struct rf_utc now = rf_clock_utc();
    json_t *params = part == CONSOLE_PART_ALERTS ? json_pack("{s:b, s:i}", "all", 0, "limit", 100)
                                                 : json_object();
    const struct rf_call_request request = {
        .id = rf_ulid_new(now, gather->parts[part].call),
        .service = questions[part].service,
        .operation = questions[part].operation,
        .deadline = rf_utc_add(now, DEADLINE).ns,
        .repeatable = true,
        .params = params,
    };
    rf_bus_call(gather->bus, &request, functions[part], gather);
    json_decref(params);
}

static void forget(struct console_gather *gather) {
    json_decref(gather->broker);
    gather->broker = NULL;
    for (size_t i = 0; i < CONSOLE_PARTS; i++) {
        json_decref(gather->parts[i].result);
        gather->parts[i].result = NULL;
    }
}

bool console_gather_begin(struct console_gather *gather) {
    if (gather->missing > 0)
        return false;
    if (!rf_bus_connected(gather->bus)) { // nobody would answer before all patience is gone
        forget(gather);
        return true;
    }
    if (rf_instant_before(rf_loop_now(gather->loop), gather->fresh))
        return true;
    gather->missing = CONSOLE_PARTS + 1;
    rf_bus_status(gather->bus, on_status, gather);
    for (int part = 0; part < CONSOLE_PARTS; part++)
        ask(gather, (enum console_part)part);
    return false;
}

void console_gather_fini(struct console_gather *gather) {
    forget(gather);
    for (size_t i = 0; i < CONSOLE_PARTS; i++)
        if (gather->parts[i].call[0] != '\0')
            rf_bus_cancel(gather->bus, gather->parts[i].call);
    *gather = (struct console_gather){0};
}
