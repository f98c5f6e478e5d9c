#include "file_sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/file.h"
#include "base/log.h"
#include "config/config.h"
#include "redact/redactor.h"
#include "runtime/service.h"

#define PAGE_EVENTS 500

static void on_page(void *arg, const struct rf_journal_page *page);

// ---- the place in the journal ----

// A rotated file is new and holds no number, so the place is kept beside it, and when the file was
// begun. Whoever was killed has not kept the last one: the broker may know a later one, as it is
// asked for each page. False: there is none.
static bool kept_cursor(const struct rf_file_sink *sink, struct rf_journal_place *place,
                        struct rf_utc *began) {
    char *text = NULL;
    struct rf_error error;
    long long number = 0, begun = 0;
    *place = (struct rf_journal_place){0}; // without an id in a file of an earlier version
    *began = (struct rf_utc){0};
    if (rf_file_read(sink->cursor_path, 128, &text, NULL, &error) != RF_OK)
        return false;
    int found = sscanf(text, "%lld %63s %lld", &number, place->journal, &begun);
    bool there = found >= 1 && number >= 0;
    place->n = there ? number : 0;
    began->ns = found == 3 && begun > 0 ? begun : 0;
    free(text);
    return there;
}

static enum rf_err keep_cursor(const struct rf_file_sink *sink,
                               const struct rf_journal_place *place, struct rf_error *error) {
    struct rf_text text = {0};
    rf_text_add(&text, "%" PRId64, place->n);
    if (place->journal[0] != '\0')
        rf_text_add(&text, " %s %" PRId64, place->journal, sink->rotation.began.ns);
    rf_text_add(&text, "\n");
    enum rf_err result = text.failed
                             ? rf_error_set(error, RF_ERR_NOMEM, "out of memory")
                             : rf_file_replace(sink->cursor_path, text.data, text.size, error);
    rf_text_fini(&text);
    return result;
}

// Nothing is lost without it but time: the broker knows the place too.
static void try_to_keep(const struct rf_file_sink *sink) {
    struct rf_error error;
    if (keep_cursor(sink, &sink->sink.place, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "%s", error.message);
}

// ---- opening ----

static void fail(struct rf_file_sink *sink, const struct rf_error *error) {
    rf_timer_after(&sink->timer, rf_sink_failed(&sink->sink, error->message));
}

static enum rf_err subscribe(struct rf_file_sink *sink, int64_t in_file, struct rf_error *error) {
    struct rf_journal_place place;
    struct rf_utc began;
    bool there = kept_cursor(sink, &place, &began);
    rf_rotation_opened(&sink->rotation, began);
    // Numbers of an unknown journal are no place: an emptied state_dir leaves the logs behind.
    sink->unplaced = there ? 0 : in_file;
    if (sink->unplaced > 0)
        rf_log(RF_LOG_WARNING,
               "%s: %s is missing, so that nobody knows of which journal its number %" PRId64
               " is: goes on where the broker knows %s, or at the beginning",
               sink->file.path, sink->cursor_path, in_file, sink->sink.subscriber);
    if (in_file > 0 && there)
        place.n = in_file;
    rf_sink_reached(&sink->sink, &place);
    sink->sink.known = sink->sink.place.n > 0;
    struct rf_subscription_options all = {.after = (uint64_t)sink->sink.place.n,
                                          .journal = sink->sink.place.journal,
                                          .limit = PAGE_EVENTS,
                                          .packed = true,
                                          .in_step = true,
                                          .durable = sink->sink.subscriber,
                                          .resume = in_file == 0 || !there};
    return rf_subscription_new(sink->sink.process->bus, &all, on_page, sink, &sink->subscription,
                               error);
}

static void close_file(struct rf_file_sink *sink) {
    rf_rotation_closed(&sink->rotation);
    rf_log_file_close(&sink->file);
}

// After the first time it is new, or the one that was closed for a moment.
static enum rf_err open_file(struct rf_file_sink *sink, struct rf_error *error) {
    int64_t n = 0;
    enum rf_err result = rf_log_file_open(&sink->file, &n, error);
    if (result != RF_OK)
        return result;
    if (sink->subscription == NULL) {
        result = subscribe(sink, n, error);
        if (result != RF_OK)
            close_file(sink); // so that the next try begins here again
        return result;
    }
    rf_rotation_opened(&sink->rotation, sink->rotation.began);
    try_to_keep(sink);
    return RF_OK;
}

// What is before the first line of a new file must be known before the old one has lost its name: a
// kill leaves either the old file with its numbers, or the place.
static void rotate(struct rf_file_sink *sink) {
    char name[RF_ROTATED_NAME_SIZE];
    struct rf_error error;
    enum rf_err result = rf_rotation_settle(&sink->rotation, name, &error);
    if (result == RF_OK)
        result = keep_cursor(sink, &sink->sink.place, &error);
    RF_CRASH_POINT(logger, place_kept);
    if (result == RF_OK)
        result = rf_rotation_rename(&sink->rotation, name, &error);
    if (result != RF_OK)
        rf_rotation_failed(&sink->rotation, &error);
}

// Others have their way with the file too: logrotate moves it away, or copies it and cuts it off.
static void look_at_file(struct rf_file_sink *sink) {
    switch (rf_log_file_look(&sink->file)) {
    case RF_LOG_FILE_SAME:
        break;
    case RF_LOG_FILE_MOVED:
        close_file(sink);
        break;
    case RF_LOG_FILE_SHORTER:
        rf_rotation_opened(&sink->rotation, sink->rotation.began);
        try_to_keep(sink);
        break;
    }
}

// ---- pages ----

// The mark comes first: a kill before the journal is known leaves its number behind, with the
// journal that was replaced, and from there the broker leads to the same place again.
static enum rf_err begin_journal(struct rf_file_sink *sink, struct rf_error *error) {
    if (strcmp(sink->from.journal, sink->sink.place.journal) == 0)
        return RF_OK;
    if (sink->mark.size > 0) {
        enum rf_err result =
            rf_log_file_write(&sink->file, sink->mark.data, sink->mark.size, error);
        if (result != RF_OK)
            return result;
        rf_text_fini(&sink->mark);
    }
    enum rf_err result = keep_cursor(sink, &sink->from, error);
    if (result == RF_OK)
        rf_sink_reached(&sink->sink, &sink->from);
    return result;
}

static enum rf_err put_page(struct rf_file_sink *sink, struct rf_error *error) {
    enum rf_err result = RF_OK;
    if (sink->file.fd >= 0)
        look_at_file(sink);
    if (sink->file.fd >= 0 && rf_rotation_due(&sink->rotation, sink->page.size))
        rotate(sink);
    if (sink->file.fd < 0)
        result = open_file(sink, error);
    bool empty = sink->file.size == 0;
    if (result == RF_OK)
        result = begin_journal(sink, error);
    if (result == RF_OK && sink->page.size > 0)
        result = rf_log_file_write(&sink->file, sink->page.data, sink->page.size, error);
    if (empty && sink->file.size > 0)
        rf_rotation_begun(&sink->rotation);
    return result;
}

static void write_page(struct rf_file_sink *sink) {
    struct rf_error error;
    if (put_page(sink, &error) != RF_OK) {
        fail(sink, &error);
        return;
    }
    RF_CRASH_POINT(logger, page_written);
    rf_sink_works(&sink->sink);
    rf_sink_reached(&sink->sink, &sink->end);
    sink->waiting = false;
    sink->page.size = 0; // its room is that of the next one
    sink->active(sink->arg);
    rf_subscription_next(sink->subscription);
}

// A line of our own: from here on the numbers are those of another journal.
static void mark_journal(struct rf_file_sink *sink) {
    bool unknown = sink->sink.place.journal[0] == '\0';
    int64_t after = sink->unplaced > 0 ? sink->unplaced : sink->sink.place.n;
    json_t *data = json_pack(
        "{s:s, s:I, s:s, s:I}", "journal", unknown ? "unknown" : sink->sink.place.journal, "after",
        (json_int_t)after, "now", sink->from.journal, "from", (json_int_t)sink->from.n);
    struct rf_event event = {
        .n = sink->from.n,
        .ts = rf_clock_utc().ns,
        .type = rf_event_type_name(RF_EVENT_JOURNAL_REPLACED),
        .severity = rf_event_severity(RF_EVENT_JOURNAL_REPLACED),
        .subject = sink->sink.subscriber,
        .origin = sink->sink.process->instance,
        .data = data,
    };
    bool json = sink->kind == RF_LINE_JSON;
    rf_record(&sink->lines->recorder, rf_sink_redaction(&sink->sink), &event,
              json ? &sink->mark : NULL, json ? NULL : &sink->mark);
    json_decref(data);
}

static void on_page(void *arg, const struct rf_journal_page *page) {
    struct rf_file_sink *sink = arg;
    size_t count = page->events.count;
    rf_sink_got(&sink->sink, page);
    int64_t from = page->other ? page->from : sink->sink.place.n;
    if (sink->unplaced > 0)
        from = count > 0 ? page->events.items[0].n - 1 : page->scanned;
    sink->from = rf_journal_place(from, page->journal);
    sink->end = rf_journal_place(page->scanned, page->journal);
    if (sink->unplaced > 0 || (page->other && sink->sink.known))
        mark_journal(sink);
    sink->unplaced = 0;
    const struct rf_redaction *redaction = rf_sink_redaction(&sink->sink);
    rf_lines_take(sink->lines, rf_subscription_list(sink->subscription), redaction,
                  page->events.items, count, sink->kind, &sink->page);
    if (sink->page.failed || sink->mark.failed) {
        struct rf_error error;
        rf_error_set(&error, RF_ERR_NOMEM, "no memory for a page of %zu events", count);
        rf_process_fail(sink->sink.process, &error);
        return;
    }
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

// A page that waits comes first: the file is looked at before it is written.
static void on_old(void *arg) {
    struct rf_file_sink *sink = arg;
    struct rf_error error;
    if (sink->waiting)
        return;
    look_at_file(sink);
    if (sink->file.fd >= 0 && rf_rotation_due(&sink->rotation, 0))
        rotate(sink);
    if (sink->file.fd < 0 && open_file(sink, &error) != RF_OK)
        fail(sink, &error);
}

// ---- life ----

enum rf_err rf_file_sink_init(struct rf_file_sink *sink, struct rf_process *process,
                              const char *name, const char *path, struct rf_lines *lines,
                              enum rf_line kind, rf_tail_number_fn *number,
                              void (*active)(void *arg), void *arg, struct rf_error *error) {
    struct rf_text cursor_path = {0};
    *sink = (struct rf_file_sink){.lines = lines, .kind = kind, .active = active, .arg = arg};
    rf_sink_init(&sink->sink, process, name);
    rf_timer_init(&sink->timer, process->loop, on_timer, sink);
    rf_text_add(&cursor_path, "%s/logger/%s.cursor", process->config->state_dir, name);
    sink->cursor_path = rf_text_take(&cursor_path);
    if (sink->cursor_path == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a path");
    enum rf_err result = rf_log_file_init(&sink->file, path, number, error);
    if (result == RF_OK)
        result = rf_rotation_init(&sink->rotation, process, &sink->file, on_old, sink, error);
    return result;
}

void rf_file_sink_fini(struct rf_file_sink *sink) {
    if (sink->sink.process == NULL) // never initialised
        return;
    rf_timer_stop(&sink->timer);
    rf_rotation_fini(&sink->rotation);
    if (sink->subscription != NULL)
        try_to_keep(sink);
    rf_subscription_destroy(&sink->subscription);
    rf_text_fini(&sink->page);
    rf_text_fini(&sink->mark);
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
    close_file(sink);
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
