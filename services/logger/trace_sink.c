#include "trace_sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crash_point.h"
#include "base/log.h"
#include "config/config.h"
#include "runtime/service.h"

// That room had to be made is logged so often at most.
#define TELL_PAUSE rf_seconds(60)

static struct rf_trace_sink *sink_of(void *otlp) {
    return RF_OWNER(otlp, struct rf_trace_sink, otlp);
}

static const struct rf_config_otlp *settings(const struct rf_config *config) {
    return &config->logger.traces.otlp;
}

static const struct rf_config_traces *traces_of(const struct rf_trace_sink *sink) {
    return &sink->otlp.forward.sink.process->config->logger.traces;
}

// ---- a page ----

// What was given in an earlier life, whose last word to the broker was lost.
static bool was_given(const struct rf_trace_sink *sink, const struct rf_journal_page *page,
                      const struct rf_event *event) {
    const struct rf_journal_place *place = &sink->store.place;
    return event->n <= place->n && page->journal != NULL &&
           strcmp(page->journal, place->journal) == 0;
}

static bool take_event(struct rf_trace_sink *sink, const struct rf_event *event) {
    struct rf_otlp_sink *otlp = &sink->otlp;
    struct rf_redacted_event shown;
    if (rf_redact_event(rf_sink_redaction(&otlp->forward.sink), event, &shown) != RF_OK)
        return false;
    const struct rf_span_source source = {
        .event = event, .shown = &shown.event, .config = otlp->forward.sink.process->config};
    bool done = rf_traces_take(&sink->traces, &source, otlp->entries);
    rf_redacted_event_fini(&shown);
    return done;
}

static void tell_given_up(struct rf_trace_sink *sink) {
    struct rf_instant now = rf_loop_now(sink->otlp.forward.sink.process->loop);
    int64_t count = sink->traces.given_up - sink->told_given_up;
    if (count == 0 || (sink->told.ns != 0 && rf_instant_since(now, sink->told).ns < TELL_PAUSE.ns))
        return;
    rf_log(RF_LOG_WARNING,
           "traces: %lld contacts were told as unfinished, as more than logger.traces.contacts"
           " (%zu) are under way",
           (long long)count, sink->traces.most);
    sink->told_given_up = sink->traces.given_up;
    sink->told = now;
}

static bool take(void *arg, const struct rf_journal_page *page) {
    struct rf_trace_sink *sink = sink_of(arg);
    rf_otlp_sink_forget(&sink->otlp);
    sink->otlp.entries = json_array();
    if (sink->otlp.entries == NULL)
        return false;
    for (size_t i = 0; i < page->events.count; i++)
        if (!was_given(sink, page, &page->events.items[i]) &&
            !take_event(sink, &page->events.items[i]))
            return false;
    tell_given_up(sink);
    sink->otlp.first = 0;
    rf_otlp_sink_next(&sink->otlp);
    return true;
}

static void on_kept(void *arg, enum rf_err result, const struct rf_error *error) {
    struct rf_trace_sink *sink = arg;
    if (result == RF_ERR_DAMAGED) { // no further attempt mends that, but another file
        rf_forward_renew(&sink->otlp.forward);
        return;
    }
    if (result != RF_OK) {
        rf_forward_failed(&sink->otlp.forward, error->message, rf_ns(0));
        return;
    }
    RF_CRASH_POINT(logger, traces_kept);
    rf_otlp_sink_forget(&sink->otlp);
    rf_forward_done(&sink->otlp.forward);
}

static void given(struct rf_otlp_sink *otlp) {
    struct rf_trace_sink *sink = sink_of(otlp);
    if (rf_open_traces_touched(&sink->traces.open, NULL) == NULL &&
        sink->traces.open.gone_count == 0) {
        rf_otlp_sink_forget(otlp);
        rf_forward_done(&otlp->forward);
        return;
    }
    RF_CRASH_POINT(logger, spans_given);
    rf_trace_store_keep(&sink->store, &otlp->forward.end, on_kept, sink);
}

// What is kept in memory may be ahead of what was given: it is read again.
static void drop(void *arg) {
    struct rf_trace_sink *sink = sink_of(arg);
    rf_otlp_sink_drop(&sink->otlp);
    rf_trace_store_close(&sink->store);
    rf_open_traces_fini(&sink->traces.open);
}

// ---- life ----

static void run(void *arg) {
    rf_trace_sink_run(sink_of(arg));
}

static const char *const prefixes[] = RF_TRACES_PREFIXES;

static const struct rf_otlp_sink_kind kind = {
    .forward = {.name = "traces",
                .prefixes = prefixes,
                .prefix_count = sizeof prefixes / sizeof prefixes[0],
                .take = take,
                .give = rf_otlp_sink_give,
                .drop = drop,
                .run = run},
    .signal = &rf_otlp_traces,
    .settings = settings,
    .given = given,
};

void rf_trace_sink_init(struct rf_trace_sink *sink, struct rf_process *process,
                        struct rf_http *http, void (*active)(void *arg), void *arg) {
    *sink = (struct rf_trace_sink){0};
    rf_otlp_sink_init(&sink->otlp, &kind, process, http, active, arg);
}

void rf_trace_sink_fini(struct rf_trace_sink *sink) {
    rf_otlp_sink_fini(&sink->otlp);
}

static enum rf_err open_store(struct rf_trace_sink *sink, struct rf_error *error) {
    struct rf_process *process = sink->otlp.forward.sink.process;
    struct rf_text path = {0};
    rf_text_add(&path, "%s/logger/traces.db", process->config->state_dir);
    enum rf_err err = path.failed ? rf_error_set(error, RF_ERR_NOMEM, "no memory for a path")
                                  : rf_trace_store_open(&sink->store, process->loop, path.data,
                                                        &sink->traces, error);
    rf_text_fini(&path);
    if (err == RF_OK && sink->store.damage[0] != '\0') // it works again with the next page
        (void)rf_sink_failed(&sink->otlp.forward.sink, sink->store.damage);
    return err;
}

void rf_trace_sink_run(struct rf_trace_sink *sink) {
    const struct rf_config_traces *traces = traces_of(sink);
    struct rf_error error;
    rf_forward_end(&sink->otlp.forward);
    sink->traces.most = (size_t)traces->contacts;
    if (!traces->otlp.enabled) {
        sink->otlp.forward.sink.failing = false;
        return;
    }
    if (open_store(sink, &error) != RF_OK) {
        rf_process_fail(sink->otlp.forward.sink.process, &error);
        return;
    }
    rf_forward_begin(&sink->otlp.forward, (size_t)traces->otlp.batch, traces->otlp.interval);
}
