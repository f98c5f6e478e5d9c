// Events in: known, new or after a gap; into the journal, then out to the subscribers, then
// acknowledged. Pages of the journal.
#include "core.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_EVENTS 1000
#define PAGE_BYTES  ((size_t)1024 * 1024)
#define PAGE_SCAN   20000 // a long way without a match is made in several pages

// ---- one event ----

static bool measured_only(const char *topic) {
    return strncmp(topic, "metric.", strlen("metric.")) == 0;
}

static enum rf_err encode_and_send(struct rf_core *core, const struct rf_event *event,
                                   struct rf_error *error) {
    char topic[RF_TOPIC_SIZE];
    rf_event_topic(event, topic);
    struct rf_frame frame;
    enum rf_err err = rf_wire_encode_event(event, &frame, error);
    if (err != RF_OK)
        return err;
    // What a subscriber has seen is in the journal: so the journal comes first.
    if (event->n != 0)
        err = rf_journal_append(&core->journal, event->n, topic, frame.data, frame.size,
                                &core->ground.counters.events_trimmed);
    if (err == RF_OK)
        core->ground.sink.publish(core->ground.sink.arg, topic, frame.data, frame.size);
    else
        rf_error_set(error, err, "out of memory");
    rf_frame_free(&frame);
    return err;
}

static enum rf_err take_number(struct rf_core *core, int64_t *n, struct rf_error *error) {
    *n = rf_numbers_take(&core->numbers);
    if (rf_numbers_low(&core->numbers))
        core->ground.sink.reserve(core->ground.sink.arg, RF_LINE_JOURNAL);
    if (*n == 0)
        return rf_error_set(error, RF_ERR_FULL, "no journal numbers reserved: the disk is late");
    return RF_OK;
}

// Numbers the event, keeps it and publishes it. Measurements go out without the journal: n is 0.
static enum rf_err keep(struct rf_core *core, struct rf_event *event, struct rf_error *error) {
    char id[RF_ULID_SIZE];
    if (event->id == NULL) {
        core->ground.sink.new_id(core->ground.sink.arg, core->ground.now.utc, id);
        event->id = id;
    }
    if (event->ts == 0)
        event->ts = core->ground.now.utc.ns;
    event->n = 0;
    enum rf_err err = RF_OK;
    if (!measured_only(event->type))
        err = take_number(core, &event->n, error);
    if (err == RF_OK)
        err = encode_and_send(core, event, error);
    if (err == RF_OK && event->n != 0)
        core->ground.counters.events_accepted++;
    else if (err == RF_OK)
        core->ground.counters.events_unjournaled++;
    if (event->id == id)
        event->id = NULL;
    return err;
}

void rf_core_publish(struct rf_core *core, const struct rf_event *event) {
    struct rf_event own = *event;
    own.stream = core->ground.instance;
    own.origin = core->ground.instance;
    own.seq = ++core->own_seq;
    struct rf_error error;
    if (keep(core, &own, &error) != RF_OK)
        core->ground.counters.events_lost++;
}

// ---- streams ----

// The rows' own timer follows the row that has been idle for longest.
static void watch_idle(struct rf_core *core) {
    struct rf_instant when;
    if (core->streams_timer.place == 0 && rf_stream_book_wake(&core->streams, &when))
        rf_ground_start(&core->ground, &core->streams_timer, when);
}

void rf_on_stream_open(struct rf_core *core, const struct rf_peer *from,
                       struct rf_message **message, size_t size) {
    (void)size;
    const struct rf_stream_open *open = &(*message)->as.stream_open;
    struct rf_stream_opened opened = {.stream = open->stream};
    enum rf_err err = rf_stream_book_open(&core->streams, open->stream, open->next,
                                          core->ground.now.instant, &opened.last);
    if (err != RF_OK) {
        rf_ground_refuse(&core->ground, from, NULL, "invalid",
                         "a stream's name has 1 to 255 bytes");
        return;
    }
    watch_idle(core);
    rf_ground_send(&core->ground, from, RF_MESSAGE_stream_opened, &opened);
}

static void acknowledge(struct rf_core *core, const struct rf_peer *from, const char *stream,
                        int64_t seq) {
    struct rf_event_ack ack = {.stream = stream, .seq = seq};
    rf_ground_send(&core->ground, from, RF_MESSAGE_event_ack, &ack);
}

static void refuse(struct rf_core *core, const struct rf_peer *from, const char *stream,
                   int64_t expected, const char *why) {
    core->ground.counters.events_refused++;
    struct rf_event_refused refused = {.stream = stream, .expected = expected, .message = why};
    rf_ground_send(&core->ground, from, RF_MESSAGE_event_refused, &refused);
}

static const char closed_text[] = "the stream is not open: open it first";

void rf_on_stream_skip(struct rf_core *core, const struct rf_peer *from,
                       struct rf_message **message, size_t size) {
    (void)size;
    const struct rf_stream_skip *skip = &(*message)->as.stream_skip;
    struct rf_instant now = core->ground.now.instant;
    int64_t last;
    if (!rf_stream_book_advance(&core->streams, skip->stream, skip->to, now)) {
        refuse(core, from, skip->stream, 0, closed_text);
        return;
    }
    (void)rf_stream_book_check(&core->streams, skip->stream, skip->to, now, &last);
    acknowledge(core, from, skip->stream, last);
}

static const char *defect_of(const struct rf_event *event) {
    static const char *const severities[] = {"info", "warning", "error", "critical"};
    if (event->seq < 1)
        return "an event's seq begins with 1";
    if (event->type[0] == '\0')
        return "an event needs a type";
    for (size_t i = 0; i < sizeof severities / sizeof severities[0]; i++) {
        if (strcmp(event->severity, severities[i]) == 0)
            return NULL;
    }
    return "severity is info, warning, error or critical";
}

// One event of a publisher. False: refused, the rest of the message with it.
static bool take_event(struct rf_core *core, const struct rf_peer *from, const char *stream,
                       struct rf_event *event, int64_t *last) {
    const char *defect = defect_of(event);
    if (defect != NULL) {
        refuse(core, from, stream, *last + 1, defect);
        return false;
    }
    switch (
        rf_stream_book_check(&core->streams, stream, event->seq, core->ground.now.instant, last)) {
    case RF_STREAM_CLOSED:
        refuse(core, from, stream, 0, closed_text);
        return false;
    case RF_STREAM_GAP:
        refuse(core, from, stream, *last + 1, "there is a gap before this event");
        return false;
    case RF_STREAM_DUPLICATE:
        core->ground.counters.events_duplicate++;
        return true;
    case RF_STREAM_NEW:
        break;
    }
    event->stream = stream;
    if (event->origin == NULL) {
        const struct rf_client *client = rf_clients_find(&core->clients, from);
        event->origin = client != NULL ? client->instance : stream;
    }
    struct rf_error error;
    if (keep(core, event, &error) != RF_OK) {
        refuse(core, from, stream, *last + 1, error.message);
        return false;
    }
    *last = event->seq;
    rf_stream_book_advance(&core->streams, stream, event->seq, core->ground.now.instant);
    return true;
}

void rf_on_event_publish(struct rf_core *core, const struct rf_peer *from,
                         struct rf_message **message, size_t size) {
    (void)size;
    struct rf_event_publish *publish = &(*message)->as.event_publish;
    int64_t last = 0;
    if (rf_stream_book_check(&core->streams, publish->stream, 0, core->ground.now.instant, &last) ==
        RF_STREAM_CLOSED) {
        refuse(core, from, publish->stream, 0, closed_text);
        return;
    }
    size_t taken = 0;
    while (taken < publish->events.count &&
           take_event(core, from, publish->stream, &publish->events.items[taken], &last))
        taken++;
    if (taken > 0 || publish->events.count == 0)
        acknowledge(core, from, publish->stream, last);
}

// ---- pages ----

// A page on its way: the entries that were found, and the events decoded from them.
struct page {
    const struct rf_journal_entry *entries[PAGE_EVENTS];
    struct rf_message *decoded[PAGE_EVENTS];
    struct rf_event events[PAGE_EVENTS];
    struct rf_journal_found found;
};

static void find_page(const struct rf_core *core, const struct rf_journal_read *read,
                      struct page *page) {
    struct rf_journal_limits limits = {
        .events = read->limit < PAGE_EVENTS ? (size_t)read->limit : PAGE_EVENTS,
        .bytes = PAGE_BYTES,
        .scan = PAGE_SCAN,
    };
    page->found.entries = page->entries;
    rf_journal_find(&core->journal, read->after, read->prefixes.items, read->prefixes.count,
                    &limits, &page->found);
}

// We encoded these frames ourselves, so that only memory can fail here; then the page ends early.
static void decode_page(struct page *page) {
    for (size_t i = 0; i < page->found.count; i++) {
        const struct rf_journal_entry *entry = page->entries[i];
        if (rf_wire_decode_event(entry->frame, entry->size, &page->decoded[i], NULL) != RF_OK) {
            page->found.count = i;
            page->found.scanned = entry->n - 1;
            return;
        }
        page->events[i] = page->decoded[i]->as.event_publish.events.items[0];
    }
}

void rf_on_journal_read(struct rf_core *core, const struct rf_peer *from,
                        struct rf_message **message, size_t size) {
    (void)size;
    const struct rf_journal_read *read = &(*message)->as.journal_read;
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL) {
        rf_ground_refuse(&core->ground, from, read->rid, "overloaded", "out of memory");
        return;
    }
    find_page(core, read, page);
    decode_page(page);
    struct rf_journal_page reply = {
        .rid = read->rid,
        .events = {page->events, page->found.count},
        .scanned = page->found.scanned,
        .last = core->journal.last,
        .trimmed = page->found.trimmed,
    };
    core->ground.counters.pages_served++;
    rf_ground_send(&core->ground, from, RF_MESSAGE_journal_page, &reply);
    for (size_t i = 0; i < page->found.count; i++)
        rf_message_destroy(&page->decoded[i]);
    free(page);
}
