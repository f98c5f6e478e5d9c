#include "log_sink.h"

#include "base/clock.h"
#include "config/config.h"
#include "runtime/service.h"

static const struct rf_config_otlp *settings(const struct rf_config *config) {
    return &config->logger.otlp;
}

static bool take(void *arg, const struct rf_journal_page *page) {
    struct rf_otlp_sink *sink = arg;
    const struct rf_config *config = sink->forward.sink.process->config;
    const struct rf_redaction *redaction = rf_sink_redaction(&sink->forward.sink);
    struct rf_utc now = rf_clock_utc();
    rf_otlp_sink_forget(sink);
    sink->entries = json_array();
    for (size_t i = 0; i < page->events.count; i++) {
        const struct rf_event *event = &page->events.items[i];
        if (rf_sink_wants(event, settings(config)->log_lines) &&
            json_array_append_new(sink->entries, rf_otlp_record(redaction, event, now)) != 0)
            return false;
    }
    sink->first = 0;
    rf_otlp_sink_next(sink);
    return sink->entries != NULL;
}

static void given(struct rf_otlp_sink *sink) {
    rf_otlp_sink_forget(sink);
    rf_forward_done(&sink->forward);
}

void rf_log_sink_run(void *arg) {
    struct rf_otlp_sink *sink = arg;
    const struct rf_config_otlp *otlp = settings(sink->forward.sink.process->config);
    rf_forward_end(&sink->forward);
    if (otlp->enabled)
        rf_forward_begin(&sink->forward, (size_t)otlp->batch, otlp->interval);
    else
        sink->forward.sink.failing = false;
}

const struct rf_otlp_sink_kind rf_log_sink = {
    .forward = {.name = "otlp",
                .take = take,
                .give = rf_otlp_sink_give,
                .drop = rf_otlp_sink_drop,
                .run = rf_log_sink_run},
    .signal = &rf_otlp_logs,
    .settings = settings,
    .given = given,
};
