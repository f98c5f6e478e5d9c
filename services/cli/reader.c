#include "reader.h"

#include <inttypes.h>

#define PAGE_EVENTS 1000

static uint64_t end_of(const struct cli_reader *reader) {
    uint64_t to = reader->range->to;
    return to != 0 && to < reader->tip ? to : reader->tip;
}

static void on_page(void *arg, const struct rf_journal_page *page) {
    struct cli_reader *reader = arg;
    const struct cli_range *range = reader->range;
    const struct rf_event *events = page->events.items;
    uint64_t scanned = (uint64_t)page->scanned, trimmed = (uint64_t)page->trimmed;
    if (page->other) {
        cli_say("the broker's journal was replaced by another, or by an older copy: it goes on "
                "behind number %" PRId64 " of what is there now",
                page->from);
        reader->place = (uint64_t)page->from;
    }
    if (trimmed > reader->place && reader->place > 0)
        cli_say("the journal no longer has the events from number %" PRIu64 " to %" PRIu64
                ", if there were any",
                reader->place + 1, trimmed);
    reader->place = scanned;
    for (size_t i = 0; i < page->events.count && reader->subscription != NULL; i++)
        if (range->to == 0 || (uint64_t)events[i].n <= range->to)
            reader->event(reader->arg, &events[i]);
    if (reader->subscription != NULL)
        reader->page(reader->arg, scanned >= end_of(reader));
}

void cli_reader_begin(struct cli_reader *reader) {
    const struct cli_range *range = reader->range;
    struct cli_session *session = reader->session;
    reader->tip = rf_bus_newest(session->bus);
    struct rf_subscription_options options = {
        .prefixes = range->prefixes,
        .prefix_count = range->prefix_count,
        .limit = PAGE_EVENTS,
        .after = range->future     ? reader->tip
                 : range->from > 0 ? range->from - 1
                                   : 0,
        .since = range->since,
        .newest = range->newest,
    };
    struct rf_error error;
    reader->place = options.after;
    if (rf_subscription_new(session->bus, &options, on_page, reader, &reader->subscription,
                            &error) != RF_OK) {
        cli_session_fail(session, "%s", error.message);
        return;
    }
    // No page comes where there is nothing behind the beginning.
    if (options.after >= end_of(reader))
        reader->page(reader->arg, true);
}

void cli_reader_next(struct cli_reader *reader) {
    if (reader->subscription != NULL)
        rf_subscription_next(reader->subscription);
}

void cli_reader_end(struct cli_reader *reader) {
    rf_subscription_destroy(&reader->subscription);
}
