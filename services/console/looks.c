// How things stand: the overview, campaigns, alerts, silences.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "errand.h"
#include "handlers.h"
#include "reply.h"

#define ALERTS_MOST    500
#define ALERTS_DEFAULT 100
#define SILENCES       "alert/silence/"

// ---- the overview ----

json_t *console_alerts(json_t *result) {
    json_t *list = json_copy(result);
    json_object_set_new(list, "more", json_boolean(json_object_get(result, "next") != NULL));
    json_object_del(list, "next");
    return list;
}

static json_t *silences_json(const struct console *console) {
    json_t *list = json_array(), *all = console_values_json(&console->feed.values, SILENCES),
           *value;
    const char *id;
    json_object_foreach(all, id, value)
        json_array_append_new(list, json_pack("{s:s, s:O}", "id", id, "value", value));
    json_decref(all);
    return list;
}

static json_t *or_null(json_t *json) {
    return json != NULL ? json : json_null();
}

static json_t *overview_json(struct console *console) {
    static const char *const areas[][2] = {{"process", "process/"},
                                           {"breaker", "breaker/"},
                                           {"provider", "provider/"},
                                           {"mark", "mark/"},
                                           {"fallback", "fallback/"}};
    const struct console_gather *gather = &console->gather;
    const struct console_recent *recent = &console->feed.recent;
    json_t *campaigns = gather->parts[CONSOLE_PART_CAMPAIGNS].result;
    json_t *alerts = gather->parts[CONSOLE_PART_ALERTS].result;
    char id[CONSOLE_ID_SIZE] = "";
    struct rf_journal_place tip = console_recent_tip(recent);
    if (recent->floor.journal[0] != '\0')
        console_id(&tip, id);
    json_t *all = json_pack("{s:I, s:s, s:o}", "at", (json_int_t)rf_clock_utc().ns, "place", id,
                            "broker", or_null(json_incref(gather->broker)));
    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++)
        json_object_set_new(all, areas[i][0],
                            console_values_json(&console->feed.values, areas[i][1]));
    json_object_set_new(all, "campaigns",
                        or_null(json_incref(json_object_get(campaigns, "campaigns"))));
    json_object_set_new(all, "alerts", alerts != NULL ? console_alerts(alerts) : json_null());
    json_object_set_new(all, "silences", silences_json(console));
    return all;
}

// ---- figures ----

static void reply_metrics(struct console *console, struct rf_http_exchange *exchange) {
    const struct console_gather *gather = &console->gather;
    json_t *process = console_values_json(&console->feed.values, "process/");
    json_t *provider = console_values_json(&console->feed.values, "provider/");
    json_t *mark = console_values_json(&console->feed.values, "mark/");
    struct rf_text text = {0};
    const struct console_figures figures = {
        .counts = &console->feed.counts,
        .connected = rf_bus_connected(console->process->bus),
        .broker = gather->broker,
        .campaigns = json_object_get(gather->parts[CONSOLE_PART_CAMPAIGNS].result, "campaigns"),
        .alerts = gather->parts[CONSOLE_PART_ALERTS].result,
        .process = process,
        .provider = provider,
        .mark = mark,
        .streams = console->streams.count,
    };
    console_metrics(&figures, &text);
    if (text.failed)
        console_reply_error(exchange, 503, "unavailable", "out of memory");
    else
        rf_http_exchange_reply(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", text.data,
                               text.size);
    rf_text_fini(&text);
    json_decref(process);
    json_decref(provider);
    json_decref(mark);
}

void console_on_metrics(const struct console_visit *visit) {
    struct console *console = visit->console;
    if (console_gather_begin(&console->gather))
        reply_metrics(console, visit->exchange);
    else
        (void)console_errand_new(visit, sizeof(struct console_errand), NULL);
}

void console_tell_gathered(void *arg) {
    struct console *console = arg;
    for (struct console_errand *errand = console->errands, *next; errand != NULL; errand = next) {
        next = errand->next;
        if (errand->route == CONSOLE_ROUTE_OVERVIEW) {
            console_errand_reply(errand, overview_json(console));
        } else if (errand->route == CONSOLE_ROUTE_METRICS) {
            if (errand->exchange != NULL)
                reply_metrics(console, errand->exchange);
            console_errand_done(errand);
        }
    }
}

void console_on_overview(const struct console_visit *visit) {
    struct console *console = visit->console;
    if (console_gather_begin(&console->gather))
        console_reply_json(visit->exchange, 200, overview_json(console));
    else
        (void)console_errand_new(visit, sizeof(struct console_errand), NULL);
}

// ---- campaigns and alerts ----

static void pass_on(struct console_errand *errand, json_t *result) {
    console_errand_reply(errand, json_incref(result));
}

void console_on_campaigns(const struct console_visit *visit) {
    struct console_errand *errand = console_errand_new(visit, sizeof *errand, NULL);
    if (errand != NULL)
        console_errand_call(errand, "campaign", "status", json_object(), pass_on);
}

static void on_alerts(struct console_errand *errand, json_t *result) {
    console_errand_reply(errand, console_alerts(result));
}

// Whether a query's value says yes, or is absent; else it was answered.
static bool read_flag(const struct console_visit *visit, const char *name, bool *flag) {
    const char *text = rf_http_exchange_query(visit->exchange, name);
    *flag = text != NULL && strcmp(text, "true") == 0;
    if (text == NULL || *flag || strcmp(text, "false") == 0)
        return true;
    console_reply_error(visit->exchange, 400, "bad_request", "all: expected true or false");
    return false;
}

void console_on_alerts(const struct console_visit *visit) {
    bool all;
    int64_t limit = ALERTS_DEFAULT;
    if (!read_flag(visit, "all", &all) ||
        !console_read_number(visit, "limit", 1, ALERTS_MOST, &limit))
        return;
    struct console_errand *errand = console_errand_new(visit, sizeof *errand, NULL);
    if (errand != NULL)
        console_errand_call(errand, "alerter", "alert_list",
                            json_pack("{s:b, s:I}", "all", all, "limit", (json_int_t)limit),
                            on_alerts);
}

void console_on_alert(const struct console_visit *visit) {
    struct console_errand *errand = console_errand_new(visit, sizeof *errand, NULL);
    if (errand == NULL)
        return;
    errand->invalid = 404;
    console_errand_call(errand, "alerter", "alert_show", json_pack("{s:s}", "id", errand->subject),
                        pass_on);
}

void console_on_silences(const struct console_visit *visit) {
    if (!console_feed_ready(&visit->console->feed))
        console_reply_error(visit->exchange, 503, "unavailable", "the broker does not answer");
    else
        console_reply_json(visit->exchange, 200, silences_json(visit->console));
}
