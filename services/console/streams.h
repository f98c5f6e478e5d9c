// The open streams of server-sent events.
#ifndef CONSOLE_STREAMS_H
#define CONSOLE_STREAMS_H

#include <ringfence/bus.h>
#include <ringfence/loop.h>

#include "feed.h"
#include "http/server.h"

#define CONSOLE_STREAMS_MOST 1024

struct console_open_stream;

struct console_streams {
    struct rf_loop *loop;
    struct console_feed *feed;
    struct console_open_stream *first;
    size_t count;
    bool turned_away;            // somebody could not have his page read as yet
    size_t reading;              // pages that are being read for streams
    struct rf_timer wake, beat;  // for news; for signs of life
    struct rf_instant next_wake; // not before
};

void console_streams_init(struct console_streams *streams, struct rf_loop *loop,
                          struct console_feed *feed);
void console_streams_fini(struct console_streams *streams);

// console_streams_open: replies with a stream of what passes `filter`, from behind `place` on,
// until `expires` (0: no end). RF_ERR_FULL: there are too many; RF_ERR_NOMEM.
RF_NODISCARD enum rf_err console_streams_open(struct console_streams *streams,
                                              struct rf_http_exchange *exchange,
                                              const struct console_filter_words *words,
                                              const struct rf_journal_place *place,
                                              struct rf_utc expires, struct rf_error *error);

// console_streams_news: the feed has something new. What comes in a burst goes out together.
void console_streams_news(struct console_streams *streams);

// console_streams_end: all of them end; their readers come back, and show again who they are.
void console_streams_end(struct console_streams *streams);

#endif
