// One reader of server-sent events: where it stands, and what it gets next. It holds a place in the
// journal and the number of a change, no queue: what it is too slow for is read again for it. Pure.
#ifndef CONSOLE_STREAM_H
#define CONSOLE_STREAM_H

#include "recent.h"
#include "values.h"

#define CONSOLE_STREAM_PAGE 32 // events that are read for it at once
#define CONSOLE_LIVE        64 // measurements that are kept for those who are near

// Measurements, which are in no journal: who is too slow misses some. All zero: none yet.
struct console_live {
    struct console_parcel *items[CONSOLE_LIVE];
    uint64_t count; // ever
};

// console_live_add: one more, which is taken over; NULL is fine. console_live_fini: frees them.
void console_live_add(struct console_live *live, struct console_parcel *parcel);
void console_live_fini(struct console_live *live);

// What all streams are fed from. Borrowed.
struct console_sources {
    struct console_recent *recent;
    struct console_values *values;
    const struct console_live *live;
    const char *const *areas; // of the values
};

struct console_stream {
    struct console_filter filter;
    struct rf_journal_place place; // all up to it was sent, is waiting, or does not fit
    bool begun;                    // the snapshot was sent
    uint64_t seen;                 // change of the values
    uint64_t heard;                // measurements
    bool beat;                     // a sign of life is due
    struct console_parcel *waiting[CONSOLE_STREAM_PAGE + 1]; // what was read for it, and a gap
    size_t next, count;
    struct console_parcel *current; // that is being sent
    size_t sent;                    // bytes of it
    char beats[CONSOLE_ID_SIZE + 8];
    size_t beats_size, beats_sent;
};

// console_stream_begin: a reader that has seen all up to `place`; number -1: what comes from now
// on, as soon as the sources know where that is. The filter is set before.
void console_stream_begin(struct console_stream *stream, const struct rf_journal_place *place,
                          const struct console_sources *sources);
void console_stream_fini(struct console_stream *stream);

// console_stream_fill: up to `room` bytes of what it gets next; returns how many, 0: nothing now.
size_t console_stream_fill(struct console_stream *stream, const struct console_sources *sources,
                           char *out, size_t room);

// console_stream_behind: whether a page of the journal behind its place has to be read for it, of
// at most CONSOLE_STREAM_PAGE events.
bool console_stream_behind(const struct console_stream *stream,
                           const struct console_recent *recent);

// console_stream_page: that page.
void console_stream_page(struct console_stream *stream, const struct rf_journal_page *page);

#endif
