#include "streams.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

#define WAKE_EVERY   rf_ms(50)
#define BEAT_EVERY   rf_seconds(15)
#define READING_MOST 16 // pages at once: a crowd that comes back does not flood the broker

struct console_open_stream {
    struct console_open_stream *previous, *next;
    struct console_streams *streams;
    struct rf_http_exchange *exchange;
    struct console_stream core;
    struct rf_subscription *subscription; // a page is being read for it
    struct rf_utc expires;
    bool over;
};

static void stop_reading(struct console_open_stream *stream) {
    if (stream->subscription == NULL)
        return;
    rf_subscription_destroy(&stream->subscription);
    stream->streams->reading--;
}

static bool is_behind(const struct console_open_stream *stream) {
    return console_stream_behind(&stream->core, &stream->streams->feed->recent);
}

static void on_page(void *arg, const struct rf_journal_page *page) {
    struct console_open_stream *stream = arg;
    struct console_streams *streams = stream->streams;
    stop_reading(stream);
    if (is_behind(stream))
        console_stream_page(&stream->core, page);
    rf_http_exchange_wake(stream->exchange);
    if (streams->turned_away)
        console_streams_news(streams);
    streams->turned_away = false;
}

// The page that it lacks, unless as many are read as may be: the next round begins it then.
static void read_page(struct console_open_stream *stream) {
    struct console_streams *streams = stream->streams;
    const struct console_filter *filter = &stream->core.filter;
    const struct rf_journal_place *place = &stream->core.place;
    if (streams->reading >= READING_MOST) {
        streams->turned_away = true; // it is woken when one of those is read
        return;
    }
    const struct rf_subscription_options options = {
        .prefixes = filter->prefixes,
        .prefix_count = filter->prefix_count,
        .limit = CONSOLE_STREAM_PAGE,
        .after = (uint64_t)place->n,
        .journal = place->journal[0] != '\0' ? place->journal : NULL,
    };
    struct rf_error error;
    if (rf_subscription_new(streams->feed->bus, &options, on_page, stream, &stream->subscription,
                            &error) == RF_OK)
        streams->reading++;
    else
        rf_log(RF_LOG_WARNING, "a stream cannot be read for: %s", error.message);
}

// ---- from the HTTP server ----

static size_t more(void *arg, char *out, size_t room) {
    struct console_open_stream *stream = arg;
    if (stream->over)
        return RF_HTTP_STREAM_END;
    struct console_sources sources = console_feed_sources(stream->streams->feed);
    // The feed may have come to where it stands: a page that still came would lead it back.
    if (!is_behind(stream))
        stop_reading(stream);
    size_t size = console_stream_fill(&stream->core, &sources, out, room);
    // Only when it has sent what it had: for a reader that does not read no journal is read.
    if (size == 0 && is_behind(stream) && stream->subscription == NULL)
        read_page(stream);
    return size;
}

static void ended(void *arg) {
    struct console_open_stream *stream = arg;
    struct console_streams *streams = stream->streams;
    stop_reading(stream);
    console_stream_fini(&stream->core);
    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        streams->first = stream->next;
    if (stream->next != NULL)
        stream->next->previous = stream->previous;
    streams->count--;
    free(stream);
}

enum rf_err console_streams_open(struct console_streams *streams, struct rf_http_exchange *exchange,
                                 const struct console_filter_words *words,
                                 const struct rf_journal_place *place, struct rf_utc expires,
                                 struct rf_error *error) {
    if (streams->count >= CONSOLE_STREAMS_MOST)
        return rf_error_set(error, RF_ERR_FULL, "%d streams are open, and no more are served",
                            CONSOLE_STREAMS_MOST);
    struct console_open_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err err = console_filter_read(words, &stream->core.filter, error);
    if (err != RF_OK) {
        free(stream);
        return err;
    }
    struct console_sources sources = console_feed_sources(streams->feed);
    stream->streams = streams;
    stream->exchange = exchange;
    stream->expires = expires;
    console_stream_begin(&stream->core, place, &sources);
    stream->next = streams->first;
    if (stream->next != NULL)
        stream->next->previous = stream;
    streams->first = stream;
    streams->count++;
    if (!rf_timer_running(&streams->beat))
        rf_timer_after(&streams->beat, BEAT_EVERY);
    rf_http_exchange_stream(exchange, 200, "text/event-stream", more, ended, stream);
    return RF_OK;
}

// ---- news ----

static void wake_all(struct console_streams *streams) {
    for (struct console_open_stream *stream = streams->first; stream != NULL; stream = stream->next)
        rf_http_exchange_wake(stream->exchange);
}

static void on_wake(void *arg) {
    struct console_streams *streams = arg;
    streams->next_wake = rf_instant_add(rf_loop_now(streams->loop), WAKE_EVERY);
    wake_all(streams);
}

void console_streams_news(struct console_streams *streams) {
    if (streams->count > 0 && !rf_timer_running(&streams->wake))
        rf_timer_at(&streams->wake, streams->next_wake);
}

static void on_beat(void *arg) {
    struct console_streams *streams = arg;
    struct rf_utc now = rf_clock_utc();
    for (struct console_open_stream *stream = streams->first; stream != NULL;
         stream = stream->next) {
        stream->core.beat = true;
        stream->over = stream->over || (stream->expires.ns > 0 && stream->expires.ns <= now.ns);
    }
    wake_all(streams);
    if (streams->count > 0)
        rf_timer_after(&streams->beat, BEAT_EVERY);
}

void console_streams_init(struct console_streams *streams, struct rf_loop *loop,
                          struct console_feed *feed) {
    *streams = (struct console_streams){.loop = loop, .feed = feed};
    rf_timer_init(&streams->wake, loop, on_wake, streams);
    rf_timer_init(&streams->beat, loop, on_beat, streams);
}

void console_streams_fini(struct console_streams *streams) {
    rf_timer_stop(&streams->wake);
    rf_timer_stop(&streams->beat);
}

void console_streams_end(struct console_streams *streams) {
    for (struct console_open_stream *stream = streams->first; stream != NULL; stream = stream->next)
        stream->over = true;
    wake_all(streams);
}
