// What happened: pages of events, the timelines of contacts, and the stream.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "errand.h"
#include "handlers.h"
#include "reply.h"
#include "timeline/timeline.h"

#define EVENTS_MOST    1000
#define EVENTS_DEFAULT 100
#define EVENTS_WITHIN  rf_seconds(5)
#define NARROW_BACK    10000 // so many of the past are looked at for the newest that fit

#define TIMELINES_MOST  4 // at once: each reads the whole journal
#define TIMELINE_WITHIN rf_seconds(30)
#define TIMELINE_KEEPS  200000 // events

#define PAGE_EVENTS 500

static struct console_filter_words words_of(const struct console_visit *visit) {
    const struct rf_http_exchange *exchange = visit->exchange;
    return (struct console_filter_words){
        .type = rf_http_exchange_query(exchange, "type"),
        .severity = rf_http_exchange_query(exchange, "severity"),
        .campaign = rf_http_exchange_query(exchange, "campaign"),
        .contact = rf_http_exchange_query(exchange, "contact"),
        .service = rf_http_exchange_query(exchange, "service"),
    };
}

static bool reachable(const struct console_visit *visit) {
    bool connected = rf_bus_connected(visit->console->process->bus);
    if (!connected)
        console_reply_error(visit->exchange, 503, "unavailable", "the broker does not answer");
    return connected;
}

// An errand that reads the journal up to where it ends now.
struct reading {
    struct console_errand errand;
    struct rf_subscription *subscription;
    struct rf_timer limit;
    int64_t tip;
};

static void reading_fini(struct reading *reading) {
    rf_subscription_destroy(&reading->subscription);
    if (reading->limit.loop != NULL)
        rf_timer_stop(&reading->limit);
}

// False: it was refused, which ended it.
static bool reading_begin(struct reading *reading, const struct rf_subscription_options *options,
                          rf_subscription_fn *on_page, rf_timer_fn *on_limit,
                          struct rf_duration within) {
    struct rf_error error;
    struct rf_process *process = reading->errand.console->process;
    rf_timer_init(&reading->limit, process->loop, on_limit, reading);
    rf_timer_after(&reading->limit, within);
    if (rf_subscription_new(process->bus, options, on_page, reading, &reading->subscription,
                            &error) == RF_OK)
        return true;
    console_errand_refuse(&reading->errand, 503, "unavailable", error.message);
    return false;
}

// ---- events ----

struct events {
    struct reading reading;
    struct console_filter filter;
    json_t *list;
    size_t limit;
    bool newest; // only the last are wanted
    int64_t next, last, trimmed;
};

static void events_fini(struct console_errand *errand) {
    struct events *events = (struct events *)errand;
    reading_fini(&events->reading);
    json_decref(events->list);
}

static void events_tell(struct events *events) {
    console_errand_reply(&events->reading.errand,
                         json_pack("{s:O, s:I, s:I, s:I}", "events", events->list, "next",
                                   (json_int_t)events->next, "last", (json_int_t)events->last,
                                   "trimmed", (json_int_t)events->trimmed));
}

static void on_events_limit(void *arg) {
    events_tell(arg);
}

static bool is_full(const struct events *events) {
    return !events->newest && json_array_size(events->list) >= events->limit;
}

static void take_event(struct events *events, const struct rf_event *event) {
    char topic[CONSOLE_FILTER_SIZE * 2];
    snprintf(topic, sizeof topic, "%s/%s", event->type, event->subject);
    struct console_facts facts = {topic, console_severity(event->severity), event->campaign,
                                  event->contact, event->service};
    events->next = event->n + 1;
    if (!console_filter_passes(&events->filter, &facts))
        return;
    json_array_append_new(events->list, console_event_json(event));
    if (events->newest && json_array_size(events->list) > events->limit)
        json_array_remove(events->list, 0);
}

static void on_events_page(void *arg, const struct rf_journal_page *page) {
    struct events *events = arg;
    if (!events->newest && page->trimmed >= events->next)
        events->trimmed = page->trimmed;
    events->last = page->last;
    for (size_t i = 0; i < page->events.count && !is_full(events); i++)
        take_event(events, &page->events.items[i]);
    if (!is_full(events))
        events->next = page->scanned + 1;
    if (is_full(events) || page->scanned >= events->reading.tip ||
        events->reading.errand.exchange == NULL)
        events_tell(events);
    else
        rf_subscription_next(events->reading.subscription);
}

void console_on_events(const struct console_visit *visit) {
    int64_t from = -1, limit = EVENTS_DEFAULT;
    struct rf_error error;
    if (!console_read_number(visit, "from", 0, INT64_MAX, &from) ||
        !console_read_number(visit, "limit", 1, EVENTS_MOST, &limit) || !reachable(visit))
        return;
    struct events *events = console_errand_new(visit, sizeof *events, events_fini);
    if (events == NULL)
        return;
    struct console_filter_words words = words_of(visit);
    if (console_filter_read(&words, &events->filter, &error) != RF_OK) {
        console_errand_refuse(&events->reading.errand, 400, "bad_request", error.message);
        return;
    }
    events->list = json_array();
    events->limit = (size_t)limit;
    events->newest = from < 0;
    events->next = from > 0 ? from : 1;
    events->reading.tip = events->last = (int64_t)rf_bus_newest(visit->console->process->bus);
    if (events->next > events->reading.tip) {
        events_tell(events);
        return;
    }
    bool narrow = console_filter_narrow(&events->filter);
    const struct rf_subscription_options options = {
        .prefixes = events->filter.prefixes,
        .prefix_count = events->filter.prefix_count,
        .limit = PAGE_EVENTS,
        .after = events->newest ? 0 : (uint64_t)events->next - 1,
        .newest = !events->newest ? 0
                  : narrow        ? NARROW_BACK
                                  : (uint64_t)limit,
    };
    (void)reading_begin(&events->reading, &options, on_events_page, on_events_limit, EVENTS_WITHIN);
}

// ---- timelines ----

struct trace {
    struct reading reading;
    struct rf_timeline timeline;
};

static void trace_fini(struct console_errand *errand) {
    struct trace *trace = (struct trace *)errand;
    reading_fini(&trace->reading);
    rf_timeline_fini(&trace->timeline);
}

static void on_trace_limit(void *arg) {
    struct trace *trace = arg;
    console_errand_refuse(&trace->reading.errand, 503, "unavailable",
                          "the journal is too long to be read within half a minute; ringfence "
                          "trace has more time");
}

// The sentences, which the command line's --json does without.
static void add_sentences(const json_t *contact, const struct rf_timeline_entry *entries) {
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(contact, "timeline"), i, line) {
        if (entries[i].attempt == NULL)
            json_object_set_new(line, "event", console_event_json(entries[i].event));
    }
}

static void trace_tell(struct trace *trace) {
    json_t *list = json_array();
    const struct rf_timeline *timeline = &trace->timeline;
    if (timeline->contact_count == 0) {
        json_decref(list);
        console_errand_refuse(&trace->reading.errand, 404, "not_found",
                              "the journal has no event of this contact");
        return;
    }
    for (size_t i = 0; i < timeline->contact_count; i++) {
        size_t count;
        struct rf_timeline_sum sum;
        struct rf_timeline_entry *entries =
            rf_timeline_of(timeline, timeline->contacts[i], &count, &sum);
        if (entries != NULL) {
            json_t *contact = rf_timeline_json(timeline->contacts[i], entries, count, &sum);
            add_sentences(contact, entries);
            json_array_append_new(list, contact);
        }
        free(entries);
    }
    console_errand_reply(&trace->reading.errand, json_pack("{s:o}", "contacts", list));
}

static void on_trace_page(void *arg, const struct rf_journal_page *page) {
    struct trace *trace = arg;
    bool whole = true;
    for (size_t i = 0; i < page->events.count && whole; i++)
        whole = rf_timeline_take(&trace->timeline, &page->events.items[i]);
    if (!whole || trace->timeline.count > TIMELINE_KEEPS)
        console_errand_refuse(&trace->reading.errand, 503, "unavailable",
                              "the journal has too many events that may belong to it; see "
                              "ringfence trace --since");
    else if (page->scanned >= trace->reading.tip || trace->reading.errand.exchange == NULL)
        trace_tell(trace);
    else
        rf_subscription_next(trace->reading.subscription);
}

static bool too_many_traces(const struct console *console) {
    size_t count = 0;
    for (const struct console_errand *errand = console->errands; errand != NULL;
         errand = errand->next)
        count += errand->route == CONSOLE_ROUTE_TIMELINE;
    return count >= TIMELINES_MOST;
}

void console_on_timeline(const struct console_visit *visit) {
    static const char *const prefixes[] = RF_TIMELINE_PREFIXES;
    if (!reachable(visit))
        return;
    if (too_many_traces(visit->console)) {
        console_reply_error(visit->exchange, 429, "too_many",
                            "as many timelines as may be are being read; ask again");
        return;
    }
    struct trace *trace = console_errand_new(visit, sizeof *trace, trace_fini);
    if (trace == NULL)
        return;
    rf_timeline_init(&trace->timeline, trace->reading.errand.subject);
    trace->reading.tip = (int64_t)rf_bus_newest(visit->console->process->bus);
    const struct rf_subscription_options options = {.prefixes = prefixes,
                                                    .prefix_count =
                                                        sizeof prefixes / sizeof *prefixes,
                                                    .limit = PAGE_EVENTS};
    if (trace->reading.tip == 0)
        trace_tell(trace);
    else
        (void)reading_begin(&trace->reading, &options, on_trace_page, on_trace_limit,
                            TIMELINE_WITHIN);
}

// ---- the stream ----

void console_on_stream(const struct console_visit *visit) {
    const char *id = rf_http_exchange_header(visit->exchange, "Last-Event-ID");
    struct rf_journal_place place = {.n = -1};
    struct console_filter_words words = words_of(visit);
    struct rf_error error;
    if (id == NULL)
        id = rf_http_exchange_query(visit->exchange, "after");
    if (id != NULL && id[0] != '\0' && !console_id_read(id, &place)) {
        console_reply_error(visit->exchange, 400, "bad_request",
                            "Last-Event-ID, after: expected a place as the overview or an id of "
                            "the stream tells it");
        return;
    }
    struct rf_utc expires =
        visit->grant->by_session ? visit->grant->session.expires : (struct rf_utc){0};
    enum rf_err err = console_streams_open(&visit->console->streams, visit->exchange, &words,
                                           &place, expires, &error);
    if (err != RF_OK)
        console_reply_error(visit->exchange, err == RF_ERR_INVALID ? 400 : 429,
                            err == RF_ERR_INVALID ? "bad_request" : "too_many", error.message);
}
