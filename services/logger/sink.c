#include "sink.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ringfence/bus.h>
#include <ringfence/id.h>

#include "base/file.h"
#include "base/log.h"
#include "config/config.h"
#include "redact/redactor.h"
#include "resilience/backoff.h"
#include "runtime/loop.h"
#include "runtime/service.h"

static void mark_of(const struct rf_sink *sink, char path[PATH_MAX]) {
    (void)snprintf(path, PATH_MAX, "%s/logger/%s.failing", sink->process->config->state_dir,
                   sink->name);
}

void rf_sink_init(struct rf_sink *sink, struct rf_process *process, const char *name) {
    *sink = (struct rf_sink){.process = process, .name = name, .rng = {rf_random_u64()}};
    snprintf(sink->subscriber, sizeof sink->subscriber, "%s-%s", process->service, name);
    char mark[PATH_MAX];
    mark_of(sink, mark);
    sink->told = access(mark, F_OK) == 0;
}

const struct rf_redaction *rf_sink_redaction(const struct rf_sink *sink) {
    return rf_redactor_now(sink->redactor, rf_loop_now(sink->process->loop));
}

static void publish(struct rf_sink *sink, enum rf_event_type type, const char *subject,
                    json_t *data) {
    struct rf_event event = {.type = rf_event_type_name(type), .subject = subject, .data = data};
    struct rf_error error;
    if (rf_bus_publish(sink->process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "cannot tell %s: %s", event.type, error.message);
    json_decref(data);
}

// Where it cannot be kept, as on a full disk, the end is told by this life alone.
static void keep_told(struct rf_sink *sink, bool told) {
    char mark[PATH_MAX];
    struct rf_error error;
    mark_of(sink, mark);
    if (!told)
        (void)unlink(mark);
    else if (!sink->told && rf_file_replace(mark, "", 0, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "%s", error.message);
    sink->told = told;
}

struct rf_duration rf_sink_failed(struct rf_sink *sink, const char *message) {
    if (!sink->failing) {
        rf_log(RF_LOG_ERROR, "sink %s cannot be written, goes on trying: %s", sink->name, message);
        keep_told(sink, true);
        publish(sink, RF_EVENT_SINK_FAILED, sink->name, json_pack("{s:s}", "message", message));
    }
    sink->failing = true;
    return rf_backoff_wait(&sink->process->config->logger.retry, sink->failures++, &sink->rng);
}

void rf_sink_works(struct rf_sink *sink) {
    if (sink->told) {
        rf_log(RF_LOG_INFO, "sink %s works again", sink->name);
        publish(sink, RF_EVENT_SINK_RECOVERED, sink->name, NULL);
        keep_told(sink, false);
    }
    sink->failing = false;
    sink->failures = 0;
}

void rf_sink_dropped(struct rf_sink *sink, int64_t count, int64_t n, const char *message) {
    rf_log(RF_LOG_ERROR, "sink %s will never take %lld events, the last of them number %lld: %s",
           sink->name, (long long)count, (long long)n, message);
    publish(sink, RF_EVENT_SINK_DROPPED, sink->name,
            json_pack("{s:I, s:I, s:s}", "count", (json_int_t)count, "n", (json_int_t)n, "message",
                      message));
}

bool rf_sink_wants(const struct rf_event *event, bool log_lines) {
    return log_lines || strcmp(event->type, rf_event_type_name(RF_EVENT_LOG_LINE)) != 0;
}

void rf_sink_got(struct rf_sink *sink, const struct rf_journal_page *page) {
    if (sink->known)
        rf_bus_tell_gap(sink->process->bus, sink->subscriber, &sink->place, page);
}

void rf_sink_reached(struct rf_sink *sink, const struct rf_journal_place *place) {
    sink->known = true;
    sink->place = *place;
}
