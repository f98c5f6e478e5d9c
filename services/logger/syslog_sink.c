#include "syslog_sink.h"

#include <stdlib.h>
#include <unistd.h>

#include <ringfence/bus.h>

#include "config/config.h"
#include "config/syslog_address.h"
#include "runtime/service.h"
#include "syslog_carrier.h"

#define STREAM_PAGE   rf_ns(0)
#define STREAM_EVENTS 500
// A receiver's socket holds some 200 KiB, and what comes while it is full is lost without a word.
#define UDP_PAGE   rf_ms(100)
#define UDP_EVENTS 50

static const struct rf_config_logger *settings(const struct rf_syslog_sink *sink) {
    return &sink->forward.sink.process->config->logger;
}

static void on_carried(void *arg, const struct rf_error *error) {
    struct rf_syslog_sink *sink = arg;
    if (error == NULL)
        rf_forward_done(&sink->forward);
    else
        rf_forward_failed(&sink->forward, error->message, rf_ns(0));
}

static bool take(void *arg, const struct rf_journal_page *page) {
    struct rf_syslog_sink *sink = arg;
    struct rf_text text = {0};
    struct rf_syslog_batch batch = {.ends = calloc(page->events.count + 1, sizeof *batch.ends)};
    const struct rf_redaction *redaction = rf_sink_redaction(&sink->forward.sink);
    for (size_t i = 0; batch.ends != NULL && i < page->events.count; i++) {
        const struct rf_event *event = &page->events.items[i];
        if (!rf_sink_wants(event, settings(sink)->syslog.log_lines))
            continue;
        rf_syslog_record(redaction, event, &sink->form, &text);
        batch.ends[batch.count++] = text.size;
    }
    if (text.failed || batch.ends == NULL) {
        rf_text_fini(&text);
        free(batch.ends);
        return false;
    }
    batch.data = rf_text_take(&text);
    bool done = batch.data != NULL;
    if (done)
        rf_syslog_carrier_take(sink->carrier, &batch);
    free(batch.ends);
    return done;
}

static void give(void *arg) {
    struct rf_syslog_sink *sink = arg;
    rf_syslog_carrier_send(sink->carrier);
}

static void drop(void *arg) {
    struct rf_syslog_sink *sink = arg;
    rf_syslog_carrier_destroy(&sink->carrier);
}

static void run(void *arg) {
    rf_syslog_sink_run(arg);
}

static const struct rf_forward_kind kind = {
    .name = "syslog", .take = take, .give = give, .drop = drop, .run = run};

void rf_syslog_sink_init(struct rf_syslog_sink *sink, struct rf_process *process,
                         void (*active)(void *arg), void *arg) {
    *sink = (struct rf_syslog_sink){0};
    rf_forward_init(&sink->forward, process, &kind, sink, active, arg);
    gethostname(sink->host, sizeof sink->host - 1);
}

void rf_syslog_sink_fini(struct rf_syslog_sink *sink) {
    rf_forward_fini(&sink->forward);
}

static enum rf_err start_carrier(struct rf_syslog_sink *sink,
                                 const struct rf_syslog_address *address, struct rf_error *error) {
    struct rf_process *process = sink->forward.sink.process;
    struct rf_syslog_link *link =
        rf_syslog_link_new(address, settings(sink)->syslog.ca_file, settings(sink)->timeout);
    if (link == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a sink");
    return rf_syslog_carrier_new(process->loop, link, on_carried, sink, &sink->carrier, error);
}

void rf_syslog_sink_run(struct rf_syslog_sink *sink) {
    const struct rf_config_syslog *syslog = &settings(sink)->syslog;
    struct rf_syslog_address address;
    struct rf_error error;
    rf_forward_end(&sink->forward);
    if (!syslog->enabled || !rf_syslog_address_parse(syslog->url, &address)) {
        sink->forward.sink.failing = false;
        return;
    }
    bool stream = address.transport == RF_SYSLOG_TCP || address.transport == RF_SYSLOG_TLS;
    bool udp = address.transport == RF_SYSLOG_UDP;
    sink->form = (struct rf_syslog_form){
        .facility = rf_syslog_facility(syslog->facility),
        .host = sink->host,
        .app_name = syslog->app_name,
        .sd_id = syslog->sd_id,
        .limit = udp ? RF_SYSLOG_DATAGRAM_BYTES : RF_SYSLOG_STREAM_BYTES,
        .counted = stream,
    };
    if (start_carrier(sink, &address, &error) != RF_OK) {
        rf_process_fail(sink->forward.sink.process, &error);
        return;
    }
    rf_forward_begin(&sink->forward, udp ? UDP_EVENTS : STREAM_EVENTS,
                     udp ? UDP_PAGE : STREAM_PAGE);
}
