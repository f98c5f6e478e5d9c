#include "sheet_sink.h"

#include <stdlib.h>
#include <string.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/file.h"
#include "base/log.h"
#include "config/config.h"
#include "events/text.h"
#include "record.h"
#include "runtime/service.h"
#include "sheet_reply.h"
#include "sheet_request.h"

#define KEPT_LIMIT ((size_t)64 * 1024 * 1024)

static void go_on(struct rf_sheet_sink *sink);

static const struct rf_config_logger *settings(const struct rf_sheet_sink *sink) {
    return &sink->sink.process->config->logger;
}

static void wait_at_least(struct rf_sheet_sink *sink, const char *message,
                          struct rf_duration least) {
    struct rf_duration wait = rf_sink_failed(&sink->sink, message);
    rf_timer_after(&sink->timer, wait.ns < least.ns ? least : wait);
}

static void wait_after_failure(struct rf_sheet_sink *sink, const char *message) {
    wait_at_least(sink, message, rf_ns(0));
}

// ---- replies ----

static void on_token(struct rf_sheet_sink *sink, const json_t *body) {
    struct rf_error error;
    const char *token = json_string_value(json_object_get(body, "access_token"));
    json_int_t seconds = json_integer_value(json_object_get(body, "expires_in"));
    if (rf_sheet_token(&sink->sheet, token, rf_seconds(seconds),
                       rf_loop_now(sink->sink.process->loop), &error) != RF_OK)
        wait_after_failure(sink, error.message);
    else
        go_on(sink);
}

static void on_appended(struct rf_sheet_sink *sink, const json_t *body) {
    const json_t *updates = json_object_get(body, "updates");
    const char *range = json_string_value(json_object_get(updates, "updatedRange"));
    RF_CRASH_POINT(logger, sheet_appended);
    if (rf_sheet_appended(&sink->sheet, RF_SHEET_OK, range))
        go_on(sink);
    else
        wait_after_failure(sink, "Sheets did not tell the range that it appended");
}

static void on_success(struct rf_sheet_sink *sink, const json_t *body) {
    switch (sink->action) {
    case RF_SHEET_TOKEN:
        on_token(sink, body);
        return;
    case RF_SHEET_PEEK:
        rf_sheet_peeked(&sink->sheet, json_object_get(body, "values"));
        break;
    case RF_SHEET_HEADER:
        rf_sheet_headed(&sink->sheet);
        break;
    case RF_SHEET_LOOK:
        rf_sheet_looked(&sink->sheet, json_object_get(body, "values"));
        break;
    case RF_SHEET_APPEND:
        on_appended(sink, body);
        return;
    case RF_SHEET_UPDATE:
        RF_CRASH_POINT(logger, sheet_updated);
        rf_sheet_updated(&sink->sheet);
        rf_sink_works(&sink->sink);
        break;
    case RF_SHEET_NOTHING:
    case RF_SHEET_KEEP:
        break;
    }
    go_on(sink);
}

static void on_failure(struct rf_sheet_sink *sink, const struct rf_sheet_verdict *verdict,
                       struct rf_duration asked) {
    if (sink->action == RF_SHEET_APPEND)
        rf_sheet_appended(&sink->sheet, verdict->outcome, NULL);
    if (sink->action == RF_SHEET_UPDATE && verdict->outcome == RF_SHEET_REFUSED)
        rf_sheet_misplaced(&sink->sheet);
    bool again = verdict->outcome == RF_SHEET_NO_ACCESS && rf_sheet_no_access(&sink->sheet);
    if (sink->action == RF_SHEET_LOOK && verdict->outcome == RF_SHEET_REFUSED)
        again = rf_sheet_look_refused(&sink->sheet);
    if (again)
        go_on(sink);
    else
        wait_at_least(sink, verdict->message,
                      asked.ns > RF_SINK_LONGEST_WAIT.ns ? RF_SINK_LONGEST_WAIT : asked);
}

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct rf_sheet_sink *sink = arg;
    sink->transfer = NULL;
    struct rf_sheet_verdict verdict =
        sink->action == RF_SHEET_TOKEN ? rf_sheet_token_reply(reply) : rf_sheet_reply(reply);
    if (verdict.outcome == RF_SHEET_OK)
        on_success(sink, verdict.body);
    else
        on_failure(sink, &verdict, rf_http_retry_after(reply, rf_clock_utc()));
    json_decref(verdict.body);
}

// ---- actions ----

static void reached(struct rf_sheet_sink *sink) {
    const struct rf_journal_place place = rf_journal_place(sink->sheet.cursor, sink->sheet.journal);
    rf_sink_reached(&sink->sink, &place);
}

static bool keep(struct rf_sheet_sink *sink) {
    struct rf_error error;
    char *text = rf_sheet_dump(&sink->sheet);
    enum rf_err result = text == NULL
                             ? rf_error_set(&error, RF_ERR_NOMEM, "no memory to keep a batch")
                             : rf_file_replace(sink->path, text, strlen(text), &error);
    free(text);
    if (result != RF_OK) {
        wait_after_failure(sink, error.message);
        return false;
    }
    rf_sheet_kept(&sink->sheet);
    reached(sink);
    return true;
}

static void ask_next_page(void *arg) {
    struct rf_sheet_sink *sink = arg;
    rf_subscription_next(sink->subscription);
}

static void on_page(void *arg, const struct rf_journal_page *page);

static void subscribe(struct rf_sheet_sink *sink) {
    struct rf_error error;
    struct rf_subscription_options all = {.after = (uint64_t)sink->sheet.cursor,
                                          .journal = sink->sheet.journal,
                                          .limit = (size_t)settings(sink)->sheets.batch,
                                          .durable = sink->sink.subscriber};
    if (rf_subscription_new(sink->sink.process->bus, &all, on_page, sink, &sink->subscription,
                            &error) != RF_OK)
        wait_after_failure(sink, error.message);
}

// A batch is taken up at most once an interval, so that what comes in between makes one batch: the
// API allows few requests a minute.
static void rest(struct rf_sheet_sink *sink) {
    struct rf_instant next = rf_instant_add(sink->began, settings(sink)->sheets.interval);
    sink->active(sink->arg);
    if (sink->subscription == NULL) // a batch of an earlier life, if any, is done
        subscribe(sink);
    else if (sink->sink.process->draining)
        ask_next_page(sink);
    else
        rf_timer_at(&sink->page_timer, next);
}

// Google counts reading and writing apart, a minute at a time. False: it has to wait, and does.
static bool may_ask(struct rf_sheet_sink *sink, enum rf_sheet_action action) {
    struct rf_instant when;
    if (action == RF_SHEET_TOKEN)
        return true; // of another service
    bool reads = action == RF_SHEET_LOOK || action == RF_SHEET_PEEK;
    if (rf_rate_limit_take(reads ? &sink->reads : &sink->writes,
                           rf_loop_now(sink->sink.process->loop), &when))
        return true;
    rf_timer_at(&sink->timer, when);
    return false;
}

static void go_on(struct rf_sheet_sink *sink) {
    struct rf_error error;
    enum rf_sheet_action action;
    while ((action = rf_sheet_next(&sink->sheet, rf_loop_now(sink->sink.process->loop))) ==
           RF_SHEET_KEEP)
        if (!keep(sink))
            return;
    if (action == RF_SHEET_NOTHING) {
        rest(sink);
        return;
    }
    if (!may_ask(sink, action))
        return;
    sink->action = action;
    if (rf_sheet_request_send(sink->http, settings(sink), &sink->sheet, action, rf_clock_utc(),
                              on_reply, sink, &sink->transfer, &error) != RF_OK)
        wait_after_failure(sink, error.message);
}

static void on_page(void *arg, const struct rf_journal_page *page) {
    struct rf_sheet_sink *sink = arg;
    size_t count = page->events.count;
    json_t *rows = json_array();
    char *journal = page->journal != NULL ? strdup(page->journal) : NULL;
    bool failed = page->journal != NULL && journal == NULL;
    rf_sink_got(&sink->sink, page);
    sink->began = rf_loop_now(sink->sink.process->loop);
    const struct rf_redaction *redaction = rf_sink_redaction(&sink->sink);
    for (size_t i = 0; i < count; i++)
        if (rf_sink_wants(&page->events.items[i], settings(sink)->sheets.log_lines))
            failed = json_array_append_new(rows,
                                           rf_record_row(redaction, &page->events.items[i])) != 0 ||
                     failed;
    if (failed || rows == NULL) {
        struct rf_error error;
        rf_error_set(&error, RF_ERR_NOMEM, "no memory for a batch of %zu rows", count);
        json_decref(rows);
        free(journal);
        rf_process_fail(sink->sink.process, &error);
        return;
    }
    rf_sheet_batch(&sink->sheet, rows, page->scanned, journal);
    sink->active(sink->arg);
    go_on(sink);
}

// ---- life ----

static enum rf_err open_kept(struct rf_sheet_sink *sink, struct rf_error *error) {
    const struct rf_config_sheets *sheets = &settings(sink)->sheets;
    char *text = NULL;
    enum rf_err result = rf_file_read(sink->path, KEPT_LIMIT, &text, NULL, error);
    if (result == RF_OK || result == RF_ERR_NOT_FOUND) {
        result = rf_sheet_init(&sink->sheet, sheets->spreadsheet, sheets->sheet, text, error);
        if (result != RF_OK)
            rf_error_prefix(error, "%s: ", sink->path);
    }
    free(text);
    if (result != RF_OK)
        return result;
    reached(sink);
    sink->sink.known = sink->sheet.known;
    sink->open = true;
    return RF_OK;
}

static void on_timer(void *arg) {
    struct rf_sheet_sink *sink = arg;
    struct rf_error error;
    if (!sink->open && open_kept(sink, &error) != RF_OK)
        wait_after_failure(sink, error.message);
    else
        go_on(sink);
}

enum rf_err rf_sheet_sink_init(struct rf_sheet_sink *sink, struct rf_process *process,
                               struct rf_http *http, void (*active)(void *arg), void *arg,
                               struct rf_error *error) {
    struct rf_text path = {0};
    *sink = (struct rf_sheet_sink){.http = http, .active = active, .arg = arg};
    rf_sink_init(&sink->sink, process, "sheets");
    rf_timer_init(&sink->timer, process->loop, on_timer, sink);
    rf_timer_init(&sink->page_timer, process->loop, ask_next_page, sink);
    rf_text_add(&path, "%s/logger/sheets.json", process->config->state_dir);
    sink->path = rf_text_take(&path);
    return sink->path == NULL ? rf_error_set(error, RF_ERR_NOMEM, "no memory for a path") : RF_OK;
}

static void end(struct rf_sheet_sink *sink) {
    rf_timer_stop(&sink->timer);
    rf_timer_stop(&sink->page_timer);
    if (sink->transfer != NULL)
        rf_http_cancel(sink->transfer);
    sink->transfer = NULL;
    rf_subscription_destroy(&sink->subscription);
    rf_sheet_fini(&sink->sheet);
    sink->open = false;
}

void rf_sheet_sink_fini(struct rf_sheet_sink *sink) {
    if (sink->sink.process == NULL)
        return;
    end(sink);
    free(sink->path);
    sink->path = NULL;
}

// A fifth of a minute's requests at once and the rest spread over it: in no minute, wherever it
// begins, are there more than all.
static void take_quota(struct rf_sheet_sink *sink) {
    int64_t quota = settings(sink)->sheets.quota;
    struct rf_rate_limit_policy policy = {.burst = quota < 5 ? 1 : quota / 5};
    if (quota > 0)
        policy.rate = (double)(quota - (quota > 1 ? policy.burst : 0)) / 60;
    struct rf_instant now = rf_loop_now(sink->sink.process->loop);
    if (sink->quota == quota && quota > 0)
        return; // what was used is used
    sink->quota = quota;
    rf_rate_limit_init(&sink->reads, &policy, now);
    rf_rate_limit_init(&sink->writes, &policy, now);
}

// Beginning anew costs a look at most, as all that counts is kept in the file.
void rf_sheet_sink_run(struct rf_sheet_sink *sink) {
    end(sink);
    sink->sink.failures = 0;
    take_quota(sink);
    if (settings(sink)->sheets.enabled)
        on_timer(sink);
    else
        sink->sink.failing = false;
}

void rf_sheet_sink_hurry(struct rf_sheet_sink *sink) {
    if (rf_timer_running(&sink->page_timer)) {
        rf_timer_stop(&sink->page_timer);
        ask_next_page(sink);
    }
}

bool rf_sheet_sink_busy(const struct rf_sheet_sink *sink) {
    return sink->open && !sink->sink.failing && (sink->sheet.rows != NULL || sink->sheet.dirty);
}
