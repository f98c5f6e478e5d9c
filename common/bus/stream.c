// Streams of events: numbered, kept until the broker has them, sent again after a reconnect.
#include <stdlib.h>
#include <string.h>

#include <ringfence/id.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/backlog.h"
#include "bus/client.h"
#include "bus/flight.h"
#include "wire/catalogue.h"
#include "wire/text.h"

// A batch is what one message carries: large enough for the broker's group commit, small enough not
// to hold the loops.
#define BATCH_EVENTS 256
#define BATCH_BYTES  ((size_t)1024 * 1024)
#define FLIGHT_MOST  ((size_t)16 * 1024 * 1024)

#define NAME_BYTES 255 // of a stream, at the broker

// Without any sign from the broker for so long, a message was lost on the way: say it again.
#define OPEN_AGAIN rf_seconds(3)
// A stream that is another key's: somebody has to mend it.
#define REFUSED_AGAIN rf_seconds(60)

enum stream_state { CLOSED, OPENING, OPEN, REFUSED };

struct rf_stream {
    struct rf_bus *bus;
    char *name;
    enum stream_state state;
    struct rf_backlog backlog;  // of struct kept
    struct rf_instant progress; // something was sent into silence, or acknowledged
    struct rf_flight flight;    // of what was sent since
    uint64_t rewound_to;        // a refusal that was followed already; 0: none
    bool held; // the broker's disk is late: nothing is sent until it says otherwise
    rf_stream_acked_fn *acked;
    void *arg;
    struct rf_stream *next;
};

// An event that waits for its acknowledgement: its envelope, as it will stand in each message that
// carries it.
struct kept {
    size_t size;
    unsigned char packed[];
};

enum rf_err rf_stream_new(struct rf_bus *bus, const char *name, uint64_t next,
                          rf_stream_acked_fn *acked, void *arg, struct rf_stream **out,
                          struct rf_error *error) {
    struct rf_stream *stream = calloc(1, sizeof *stream);
    *out = NULL;
    if (name[0] == '\0' || strlen(name) > NAME_BYTES || !rf_text_valid(name, strlen(name))) {
        free(stream);
        return rf_error_set(error, RF_ERR_INVALID, "a stream's name is UTF-8 text of 1 to %d bytes",
                            NAME_BYTES);
    }
    if (stream == NULL || (stream->name = strdup(name)) == NULL) {
        free(stream);
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    stream->bus = bus;
    stream->acked = acked;
    stream->arg = arg;
    rf_flight_init(&stream->flight, FLIGHT_MOST);
    rf_backlog_init(&stream->backlog, next, (size_t)bus->config->max_unacknowledged, free);
    stream->next = bus->streams;
    bus->streams = stream;
    rf_bus_flush_soon(bus);
    *out = stream;
    return RF_OK;
}

static void stream_free(struct rf_stream *stream) {
    rf_backlog_fini(&stream->backlog);
    free(stream->name);
    free(stream);
}

void rf_stream_destroy(struct rf_stream **out) {
    struct rf_stream *stream = *out;
    if (stream == NULL)
        return;
    *out = NULL;
    struct rf_stream **at = &stream->bus->streams;
    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    stream_free(stream);
}

void rf_streams_fini(struct rf_bus *bus) {
    struct rf_stream *stream = bus->streams;
    bus->streams = NULL;
    while (stream != NULL) {
        struct rf_stream *next = stream->next;
        stream_free(stream);
        stream = next;
    }
}

// ---- publishing ----

// What could not be sent later is refused now, as it would hold up all events behind it.
static enum rf_err pack(const struct rf_event *event, struct kept **kept, struct rf_error *error) {
    struct rf_frame frame;
    enum rf_err err = rf_wire_encode_event(event, &frame, error);
    if (err != RF_OK)
        return err;
    *kept = NULL;
    if (frame.size > RF_WIRE_PUBLISH_BYTES)
        err = rf_error_set(error, RF_ERR_INVALID, "an event of %zu bytes, over the limit of %zu",
                           frame.size, RF_WIRE_PUBLISH_BYTES);
    else if ((*kept = malloc(sizeof **kept + frame.size)) == NULL)
        err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (*kept) {
        (*kept)->size = frame.size;
        memcpy((*kept)->packed, frame.data, frame.size);
    }
    rf_frame_free(&frame);
    return err;
}

static enum rf_err keep(struct rf_stream *stream, const struct rf_event *event,
                        struct rf_error *error) {
    struct kept *kept;
    enum rf_err err = pack(event, &kept, error);
    if (err != RF_OK)
        return err;
    err = rf_backlog_put(&stream->backlog, kept);
    if (err == RF_OK) {
        rf_bus_flush_soon(stream->bus);
        return RF_OK;
    }
    free(kept);
    return rf_error_set(error, err, "%zu events wait for their acknowledgement",
                        stream->backlog.count);
}

static enum rf_err publish(struct rf_stream *stream, struct rf_event *event,
                           struct rf_error *error) {
    if (event->type == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "an event needs a type");
    event->stream = stream->name;
    event->seq = (int64_t)rf_backlog_next(&stream->backlog);
    event->n = 0;
    if (event->origin == NULL)
        event->origin = stream->bus->instance;
    if (event->severity == NULL)
        event->severity = rf_event_severity_named(event->type);
    // Refused by the broker, it would hold up all events behind it.
    const char *defect = rf_event_defect(event->type, event->severity);
    if (defect != NULL)
        return rf_error_set(error, RF_ERR_INVALID, "%s", defect);
    return keep(stream, event, error);
}

enum rf_err rf_bus_publish(struct rf_bus *bus, const struct rf_event *event,
                           struct rf_error *error) {
    struct rf_event full = *event;
    struct rf_utc now = rf_clock_utc();
    char id[RF_ULID_SIZE];
    if (full.id == NULL)
        full.id = rf_ulid_new(now, id);
    if (full.ts == 0)
        full.ts = now.ns;
    return publish(bus->own_stream, &full, error);
}

enum rf_err rf_stream_publish(struct rf_stream *stream, uint64_t seq, const struct rf_event *event,
                              struct rf_error *error) {
    struct rf_event full = *event;
    uint64_t next = rf_backlog_next(&stream->backlog);
    if (event->id == NULL || event->ts == 0)
        return rf_error_set(error, RF_ERR_INVALID, "an event of an outbox needs its id and time");
    if (seq < stream->backlog.first)
        return RF_OK; // the broker has told that it knows it
    if (seq != next)
        return rf_error_set(error, RF_ERR_INVALID, "event %llu of stream %s, where %llu is next",
                            (unsigned long long)seq, stream->name, (unsigned long long)next);
    return publish(stream, &full, error);
}

bool rf_bus_half_full(const struct rf_bus *bus) {
    return bus->own_stream->backlog.count >= bus->own_stream->backlog.limit / 2 + 1;
}

size_t rf_bus_unacknowledged(const struct rf_bus *bus) {
    size_t count = 0;
    for (const struct rf_stream *stream = bus->streams; stream != NULL; stream = stream->next)
        count += stream->backlog.count;
    return count;
}

// ---- sending ----

static bool send_open(struct rf_stream *stream) {
    struct rf_stream_open open = {.stream = stream->name, .next = (int64_t)stream->backlog.first};
    if (rf_bus_send(stream->bus, RF_MESSAGE_stream_open, &open) != RF_OK)
        return false;
    stream->state = OPENING;
    stream->progress = rf_loop_now(stream->bus->loop);
    return true;
}

// Of those that were sent, up to this number.
static size_t bytes_under_way(const struct rf_stream *stream, uint64_t number) {
    const struct rf_backlog *backlog = &stream->backlog;
    uint64_t end = backlog->first + backlog->sent;
    size_t bytes = 0;
    for (uint64_t at = backlog->first; at < end && at <= number; at++)
        bytes += ((struct kept *)rf_backlog_at(backlog, at))->size;
    return bytes;
}

// Everything from `number` on is to be sent again (0: all).
static void rewind_to(struct rf_stream *stream, uint64_t number) {
    struct rf_backlog *backlog = &stream->backlog;
    uint64_t last = backlog->first + backlog->sent - 1;
    rf_backlog_rewind(backlog, number);
    rf_flight_rewound(&stream->flight, last, bytes_under_way(stream, UINT64_MAX));
}

// The oldest unsent events as one message may carry them. 0: there are none, or no room for them.
static size_t fill_batch(const struct rf_stream *stream, struct rf_bytes *events, size_t *size) {
    const struct rf_backlog *backlog = &stream->backlog;
    size_t unsent = rf_backlog_unsent(backlog), count = 0, bytes = 0;
    while (count < unsent && count < BATCH_EVENTS) {
        const struct kept *kept = rf_backlog_at(backlog, backlog->first + backlog->sent + count);
        bool fits = count == 0 || bytes + kept->size <= BATCH_BYTES;
        if (!fits || !rf_flight_has_room(&stream->flight, bytes, kept->size))
            break;
        bytes += kept->size;
        events[count++] = (struct rf_bytes){kept->packed, kept->size};
    }
    *size = bytes;
    return count;
}

static void note_sent(struct rf_stream *stream, size_t count, size_t bytes) {
    struct rf_backlog *backlog = &stream->backlog;
    struct rf_instant now = rf_loop_now(stream->bus->loop);
    if (backlog->sent == 0)
        stream->progress = now;
    rf_backlog_sent(backlog, count);
    rf_flight_sent(&stream->flight, backlog->first + backlog->sent - 1, bytes, now);
}

// False: nothing more can be sent now.
static bool send_batch(struct rf_stream *stream, bool *failed) {
    struct rf_bytes events[BATCH_EVENTS];
    size_t bytes, count = fill_batch(stream, events, &bytes);
    if (count == 0)
        return false;
    struct rf_event_publish message = {
        .stream = stream->name, .events = {NULL, count}, .events_packed = events};
    *failed = rf_bus_send(stream->bus, RF_MESSAGE_event_publish, &message) != RF_OK;
    if (!*failed)
        note_sent(stream, count, bytes);
    return !*failed;
}

// A stream without a past has nothing to ask before it has something to say; and whoever never
// publishes needs no right to.
static bool needs_opening(const struct rf_stream *stream) {
    return stream->state == CLOSED && (stream->acked != NULL || stream->backlog.count > 0);
}

bool rf_streams_flush(struct rf_bus *bus) {
    for (struct rf_stream *stream = bus->streams; stream != NULL; stream = stream->next) {
        if (needs_opening(stream) && !send_open(stream))
            return false;
        bool failed = false;
        while (stream->state == OPEN && !stream->held && send_batch(stream, &failed))
            ;
        if (failed)
            return false;
    }
    return true;
}

void rf_streams_reset(struct rf_bus *bus) {
    for (struct rf_stream *stream = bus->streams; stream != NULL; stream = stream->next) {
        stream->state = CLOSED;
        stream->held = false;
        rewind_to(stream, 0);
    }
}

void rf_streams_heard(struct rf_bus *bus, bool held) {
    for (struct rf_stream *stream = bus->streams; stream != NULL && !held; stream = stream->next) {
        if (!stream->held)
            continue;
        stream->held = false;
        stream->rewound_to = 0;
        rf_log(RF_LOG_INFO, "the broker takes events of stream %s again", stream->name);
        rf_bus_flush_soon(bus);
    }
}

void rf_streams_tick(struct rf_bus *bus) {
    struct rf_instant now = rf_loop_now(bus->loop);
    for (struct rf_stream *stream = bus->streams; stream != NULL; stream = stream->next) {
        struct rf_duration quiet = rf_instant_since(now, stream->progress);
        if ((stream->state == OPENING && quiet.ns > OPEN_AGAIN.ns) ||
            (stream->state == REFUSED && quiet.ns > REFUSED_AGAIN.ns))
            stream->state = CLOSED;
        if (stream->state == OPEN && stream->backlog.sent > 0 &&
            quiet.ns > stream->flight.patience.ns) {
            rf_flight_missed(&stream->flight);
            rewind_to(stream, 0);
        }
    }
}

// ---- what the broker says ----

static struct rf_stream *find(struct rf_bus *bus, const char *name) {
    struct rf_stream *stream = bus->streams;
    while (stream != NULL && strcmp(stream->name, name) != 0)
        stream = stream->next;
    return stream;
}

static void acknowledged(struct rf_stream *stream, uint64_t seq) {
    struct rf_instant now = rf_loop_now(stream->bus->loop);
    size_t bytes = bytes_under_way(stream, seq);
    if (!rf_backlog_ack(&stream->backlog, seq))
        return;
    stream->progress = now;
    rf_flight_acknowledged(&stream->flight, seq, bytes, now);
    if (rf_backlog_unsent(&stream->backlog) > 0)
        rf_bus_flush_soon(stream->bus);
    stream->rewound_to = 0;
    if (stream->acked != NULL)
        stream->acked(stream->arg, seq);
}

// The broker knows less than what was acknowledged once: those events are gone from our side too,
// and are declared lost, so that the rest is not refused as a gap.
static void skip_lost(struct rf_stream *stream) {
    struct rf_stream_skip skip = {.stream = stream->name, .to = (int64_t)stream->backlog.first - 1};
    rf_log(RF_LOG_WARNING, "the broker lost events of stream %s before %llu", stream->name,
           (unsigned long long)stream->backlog.first);
    if (rf_bus_send(stream->bus, RF_MESSAGE_stream_skip, &skip) != RF_OK)
        stream->state = CLOSED; // opened again, it tells its number again
}

void rf_bus_on_stream_opened(struct rf_bus *bus, const struct rf_message *message) {
    const struct rf_stream_opened *opened = &message->as.stream_opened;
    struct rf_stream *stream = find(bus, opened->stream);
    if (stream == NULL || stream->state != OPENING)
        return;
    stream->state = OPEN;
    stream->rewound_to = 0;
    rewind_to(stream, 0);
    if ((uint64_t)opened->last + 1 < stream->backlog.first)
        skip_lost(stream);
    acknowledged(stream, (uint64_t)opened->last);
    rf_bus_flush_soon(bus);
}

void rf_bus_on_event_ack(struct rf_bus *bus, const struct rf_message *message) {
    struct rf_stream *stream = find(bus, message->as.event_ack.stream);
    if (stream != NULL)
        acknowledged(stream, (uint64_t)message->as.event_ack.seq);
}

// Its events are kept, as the key may get the stream yet.
static void on_owned(struct rf_stream *stream, const char *why) {
    if (stream->state != REFUSED)
        rf_log(RF_LOG_ERROR, "stream %s cannot be published on: %s", stream->name, why);
    stream->state = REFUSED;
    stream->progress = rf_loop_now(stream->bus->loop);
    rewind_to(stream, 0);
}

void rf_bus_on_event_refused(struct rf_bus *bus, const struct rf_message *message) {
    const struct rf_event_refused *refused = &message->as.event_refused;
    struct rf_stream *stream = find(bus, refused->stream);
    uint64_t expected = (uint64_t)refused->expected;
    if (stream != NULL && refused->owned) {
        on_owned(stream, refused->message);
        return;
    }
    // All batches that were under way are refused after a gap, but only the first is news.
    if (stream == NULL || stream->state != OPEN || (expected > 0 && expected == stream->rewound_to))
        return;
    rf_log(RF_LOG_WARNING, "the broker refused events of stream %s: %s", stream->name,
           refused->message);
    stream->rewound_to = expected;
    stream->held = refused->held;
    if (expected == 0)
        stream->state = CLOSED;
    else if (expected < stream->backlog.first)
        skip_lost(stream);
    rewind_to(stream, expected);
    if (expected > rf_backlog_next(&stream->backlog))
        acknowledged(stream, expected - 1);
    rf_bus_flush_soon(bus);
}
