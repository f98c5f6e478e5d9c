#include "file_sink.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/bus.h>

#include "base/crash.h"
#include "base/file.h"
#include "base/log.h"
#include "config/config.h"
#include "runtime/service.h"

#define PAGE_EVENTS 500

static void on_page(void *arg, const struct rf_event *events, size_t count, uint64_t scanned,
                    uint64_t trimmed);

// ---- the place in the journal ----

// A rotated file is new and holds no number, so the place is kept beside it. Whoever was killed has
// not kept the last one: the broker may know a later one, as it is asked for each page.
static int64_t kept_cursor(const struct rf_file_sink *sink) {
    char *text = NULL, *end;
    struct rf_error error;
    if (rf_file_read(sink->cursor_path, 64, &text, NULL, &error) != RF_OK)
        return 0;
    long long n = strtoll(text, &end, 10);
    if (end == text || *end != '\n' || n < 0)
        n = 0;
    free(text);
    return n;
}

static void keep_cursor(const struct rf_file_sink *sink) {
    struct rf_text text = {0};
    struct rf_error error;
    rf_text_add(&text, "%" PRId64 "\n", sink->sink.cursor);
    if (text.failed)
        return;
    if (rf_file_replace(sink->cursor_path, text.data, text.size, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "%s", error.message);
    rf_text_fini(&text);
}

// ---- opening ----

static void fail(struct rf_file_sink *sink, const struct rf_error *error) {
    rf_timer_after(&sink->timer, rf_sink_failed(&sink->sink, error->message));
}

static enum rf_err subscribe(struct rf_file_sink *sink, int64_t in_file, struct rf_error *error) {
    sink->sink.cursor = in_file > 0 ? in_file : kept_cursor(sink);
    sink->sink.known = sink->sink.cursor > 0;
    struct rf_subscription_options all = {.after = (uint64_t)sink->sink.cursor,
                                          .limit = PAGE_EVENTS,
                                          .durable = sink->sink.subscriber,
                                          .resume = in_file == 0};
    return rf_subscription_new(sink->sink.process->bus, &all, on_page, sink, &sink->subscription,
                               error);
}

static enum rf_err open_file(struct rf_file_sink *sink, struct rf_error *error) {
    int64_t n = 0;
    enum rf_err result = rf_log_file_open(&sink->file, &n, error);
    if (result != RF_OK)
        return result;
    if (sink->subscription == NULL)
        return subscribe(sink, n, error);
    keep_cursor(sink);
    return RF_OK;
}

// ---- pages ----

static void write_page(struct rf_file_sink *sink) {
    struct rf_error error = {0};
    if (sink->file.fd >= 0 && rf_log_file_moved(&sink->file))
        rf_log_file_close(&sink->file);
    if ((sink->file.fd < 0 && open_file(sink, &error) != RF_OK) ||
        (sink->page.size > 0 &&
         rf_log_file_write(&sink->file, sink->page.data, sink->page.size, &error) != RF_OK)) {
        fail(sink, &error);
        return;
    }
    rf_crash_point("logger.page_written");
    rf_sink_works(&sink->sink);
    sink->sink.cursor = sink->scanned;
    sink->sink.known = true;
    sink->waiting = false;
    rf_text_fini(&sink->page);
    sink->active(sink->arg);
    rf_subscription_next(sink->subscription);
}

static void on_page(void *arg, const struct rf_event *events, size_t count, uint64_t scanned,
                    uint64_t trimmed) {
    struct rf_file_sink *sink = arg;
    rf_sink_trimmed(&sink->sink, trimmed);
    for (size_t i = 0; i < count; i++)
        sink->record(&events[i], &sink->page);
    if (sink->page.failed) {
        struct rf_error error;
        rf_error_set(&error, RF_ERR_NOMEM, "no memory for a page of %zu events", count);
        rf_process_fail(sink->sink.process, &error);
        return;
    }
    sink->scanned = (int64_t)scanned;
    sink->waiting = true;
    sink->active(sink->arg);
    write_page(sink);
}

static void on_timer(void *arg) {
    struct rf_file_sink *sink = arg;
    struct rf_error error;
    if (sink->waiting)
        write_page(sink);
    else if (sink->file.fd < 0 && open_file(sink, &error) != RF_OK)
        fail(sink, &error);
    else
        rf_sink_works(&sink->sink);
}

// ---- life ----

enum rf_err rf_file_sink_init(struct rf_file_sink *sink, struct rf_process *process,
                              const char *name, const char *path, rf_record_fn *record,
                              rf_tail_number_fn *number, void (*active)(void *arg), void *arg,
                              struct rf_error *error) {
    struct rf_text cursor_path = {0};
    *sink = (struct rf_file_sink){.record = record, .active = active, .arg = arg};
    rf_sink_init(&sink->sink, process, name);
    rf_timer_init(&sink->timer, process->loop, on_timer, sink);
    rf_text_add(&cursor_path, "%s/logger/%s.cursor", process->config->state_dir, name);
    sink->cursor_path = rf_text_take(&cursor_path);
    if (sink->cursor_path == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a path");
    return rf_log_file_init(&sink->file, path, number, error);
}

void rf_file_sink_fini(struct rf_file_sink *sink) {
    if (sink->sink.process == NULL) // never initialised
        return;
    rf_timer_stop(&sink->timer);
    if (sink->subscription != NULL)
        keep_cursor(sink);
    rf_subscription_destroy(&sink->subscription);
    rf_text_fini(&sink->page);
    rf_log_file_fini(&sink->file);
    free(sink->cursor_path);
    sink->cursor_path = NULL;
}

void rf_file_sink_run(struct rf_file_sink *sink) {
    struct rf_error error;
    if (open_file(sink, &error) != RF_OK)
        fail(sink, &error);
}

void rf_file_sink_reopen(struct rf_file_sink *sink) {
    if (sink->subscription == NULL || sink->sink.failing)
        return;
    rf_log_file_close(&sink->file);
    rf_timer_after(&sink->timer, rf_ns(0));
}

void rf_file_sink_drain(struct rf_file_sink *sink) {
    if (sink->subscription != NULL)
        rf_subscription_look(sink->subscription);
}

bool rf_file_sink_busy(const struct rf_file_sink *sink) {
    bool behind = sink->subscription != NULL && rf_subscription_behind(sink->subscription);
    return (sink->waiting || behind) && !sink->sink.failing;
}
