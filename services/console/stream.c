#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- measurements ----

void console_live_add(struct console_live *live, struct console_parcel *parcel) {
    if (parcel == NULL)
        return;
    struct console_parcel **place = &live->items[live->count++ % CONSOLE_LIVE];
    console_parcel_drop(place);
    *place = parcel;
}

void console_live_fini(struct console_live *live) {
    for (size_t i = 0; i < CONSOLE_LIVE; i++)
        console_parcel_drop(&live->items[i]);
}

// ---- the reader ----

void console_stream_begin(struct console_stream *stream, const struct rf_journal_place *place,
                          const struct console_sources *sources) {
    stream->place = *place;
    stream->heard = sources->live->count;
}

static void drop_waiting(struct console_stream *stream) {
    while (stream->next < stream->count)
        console_parcel_drop(&stream->waiting[stream->next++]);
    stream->next = stream->count = 0;
}

void console_stream_fini(struct console_stream *stream) {
    drop_waiting(stream);
    console_parcel_drop(&stream->current);
}

bool console_stream_behind(const struct console_stream *stream,
                           const struct console_recent *recent) {
    return stream->next == stream->count && stream->place.n >= 0 &&
           !console_recent_covers(recent, &stream->place);
}

// ---- what was read for it ----

static void wait_for(struct console_stream *stream, struct console_parcel *parcel) {
    if (parcel != NULL) // out of memory: it is missed, as after a gap
        stream->waiting[stream->count++] = parcel;
}

static void tell_gap(struct console_stream *stream, int64_t from, int64_t to, const char *why) {
    wait_for(stream, console_parcel_new("gap", NULL,
                                        json_pack("{s:I, s:I, s:s}", "from", (json_int_t)from, "to",
                                                  (json_int_t)to, "why", why)));
}

void console_stream_page(struct console_stream *stream, const struct rf_journal_page *page) {
    drop_waiting(stream);
    if (page->other)
        tell_gap(stream, stream->place.n + 1, page->from, "replaced");
    else if (page->trimmed > stream->place.n)
        tell_gap(stream, stream->place.n + 1, page->trimmed, "trimmed");
    for (size_t i = 0; i < page->events.count && stream->count <= CONSOLE_STREAM_PAGE; i++) {
        const struct rf_event *event = &page->events.items[i];
        char topic[CONSOLE_FILTER_SIZE * 2];
        snprintf(topic, sizeof topic, "%s/%s", event->type, event->subject);
        struct console_facts facts = {topic, console_severity(event->severity), event->campaign,
                                      event->contact, event->service};
        if (console_filter_passes(&stream->filter, &facts))
            wait_for(stream, console_event_parcel(event, page->journal));
    }
    stream->place = rf_journal_place(page->scanned, page->journal);
}

// ---- what it gets next ----

// The next event of the ring that fits; the place goes on over what does not.
static struct console_parcel *next_event(struct console_stream *stream,
                                         const struct console_recent *recent) {
    const struct console_event *event;
    if (stream->place.n < 0 && recent->floor.journal[0] != '\0')
        stream->place = console_recent_tip(recent); // now it is known where that is
    if (!console_recent_covers(recent, &stream->place))
        return NULL;
    while ((event = console_recent_after(recent, stream->place.n)) != NULL) {
        stream->place.n = event->n;
        if (console_filter_passes(&stream->filter, &event->facts))
            return event->parcel;
    }
    stream->place = console_recent_tip(recent);
    return NULL;
}

static struct console_parcel *next_value(struct console_stream *stream,
                                         const struct console_sources *sources) {
    struct console_values *values = sources->values;
    if (!stream->begun || stream->seen < values->floor) {
        stream->begun = true;
        stream->seen = values->change;
        return console_values_snapshot(values, sources->areas);
    }
    struct console_value *value = console_values_after(values, stream->seen);
    if (value == NULL)
        return NULL;
    stream->seen = value->change;
    return console_value_parcel(value);
}

static struct console_parcel *next_measurement(struct console_stream *stream,
                                               const struct console_live *live) {
    if (live->count - stream->heard > CONSOLE_LIVE)
        stream->heard = live->count - CONSOLE_LIVE;
    return stream->heard == live->count ? NULL : live->items[stream->heard++ % CONSOLE_LIVE];
}

// A sign of life: behind all that fits, so that its id says how far it was looked; an id without
// data is taken over by the reader, and shown to nobody.
static void begin_beat(struct console_stream *stream) {
    char id[CONSOLE_ID_SIZE];
    int size = stream->place.n < 0 ? snprintf(stream->beats, sizeof stream->beats, ": \n\n")
                                   : snprintf(stream->beats, sizeof stream->beats, "id: %s\n\n",
                                              console_id(&stream->place, id));
    stream->beats_size = (size_t)size;
    stream->beats_sent = 0;
    stream->beat = false;
}

static struct console_parcel *next_parcel(struct console_stream *stream,
                                          const struct console_sources *sources) {
    struct console_parcel *parcel = next_value(stream, sources);
    if (parcel != NULL)
        return console_parcel_hold(parcel);
    if (stream->next < stream->count) {
        parcel = stream->waiting[stream->next];
        stream->waiting[stream->next++] = NULL;
        return parcel;
    }
    parcel = next_event(stream, sources->recent);
    if (parcel == NULL)
        parcel = next_measurement(stream, sources->live);
    return console_parcel_hold(parcel);
}

static size_t copy(const char *from, size_t size, size_t *sent, char *out, size_t room) {
    size_t count = size - *sent < room ? size - *sent : room;
    memcpy(out, from + *sent, count);
    *sent += count;
    return count;
}

size_t console_stream_fill(struct console_stream *stream, const struct console_sources *sources,
                           char *out, size_t room) {
    size_t done = 0;
    while (done < room) {
        if (stream->current == NULL && stream->beats_sent == stream->beats_size) {
            stream->current = next_parcel(stream, sources);
            stream->sent = 0;
            if (stream->current == NULL && stream->beat)
                begin_beat(stream);
            else if (stream->current == NULL)
                break;
        }
        if (stream->current == NULL) {
            done += copy(stream->beats, stream->beats_size, &stream->beats_sent, out + done,
                         room - done);
            continue;
        }
        done += copy(stream->current->data, stream->current->size, &stream->sent, out + done,
                     room - done);
        if (stream->sent == stream->current->size)
            console_parcel_drop(&stream->current);
    }
    return done;
}
