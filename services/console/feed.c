#include "feed.h"

#include <string.h>

#include "base/log.h"
#include "events/event_json.h"

#define WARM_EVENTS 200 // of the past, for those who connect again
#define PAGE_EVENTS 256

#define SILENCES "alert/silence/"

// Each has its name in a snapshot: the last word.
static const char *const areas[CONSOLE_AREAS + 1] = {"process", "breaker",  "provider",
                                                     "mark",    "fallback", "alert/silence"};
static const char *const prefixes[CONSOLE_AREAS] = {"process/", "breaker/",  "provider/",
                                                    "mark/",    "fallback/", SILENCES};

// A silence that a person has ended stays for a moment, for those who watch to hear who it was.
static bool is_over(const struct rf_state_entry *entry) {
    return entry->version == 0 || (strncmp(entry->key, SILENCES, sizeof SILENCES - 1) == 0 &&
                                   json_object_get(entry->value, "ended_by") != NULL);
}

static void on_values(void *arg, bool snapshot, const struct rf_state_entry *entries,
                      size_t count) {
    struct console_area *area = arg;
    struct console_feed *feed = area->feed;
    if (snapshot)
        console_values_replace(&feed->values, area->prefix, entries, count);
    for (size_t i = 0; i < count; i++)
        console_values_put(&feed->values, entries[i].key,
                           is_over(&entries[i]) ? NULL : entries[i].value);
    area->known = area->known || snapshot;
    feed->news(feed->arg);
}

static void on_page(void *arg, const struct rf_journal_page *page) {
    struct console_feed *feed = arg;
    struct console_recent *recent = &feed->recent;
    bool fresh = recent->floor.journal[0] == '\0';
    if (fresh || page->other || page->trimmed > recent->tip) {
        // What stands before the first event of this page was not read.
        int64_t before = page->events.count > 0 ? page->events.items[0].n - 1 : page->scanned;
        struct rf_journal_place place = rf_journal_place(before, page->journal);
        console_recent_begin(recent, &place);
    }
    console_recent_rename(recent, page->journal);
    for (size_t i = 0; i < page->events.count; i++) {
        console_recent_add(recent, &page->events.items[i]);
        if (!fresh) // those of the past are not counted
            console_counts_event(&feed->counts, &page->events.items[i]);
    }
    console_recent_reach(recent, page->scanned);
    rf_subscription_next(feed->subscription);
    feed->news(feed->arg);
}

static void on_measured(void *arg, const char *topic, const struct rf_event *event) {
    struct console_feed *feed = arg;
    (void)topic;
    console_live_add(&feed->live, console_parcel_new("metric", NULL, rf_event_json(event)));
    console_counts_measure(&feed->counts, event);
    feed->news(feed->arg);
}

static void on_change(void *arg, bool connected) {
    struct console_feed *feed = arg;
    for (size_t i = 0; i < CONSOLE_AREAS && !connected; i++)
        feed->areas[i].known = false;
}

enum rf_err console_feed_start(struct console_feed *feed, struct rf_bus *bus,
                               struct rf_error *error) {
    const struct rf_subscription_options options = {.limit = PAGE_EVENTS, .newest = WARM_EVENTS};
    feed->bus = bus;
    rf_bus_on_change(bus, on_change, feed);
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < CONSOLE_AREAS && err == RF_OK; i++) {
        feed->areas[i] = (struct console_area){feed, prefixes[i], false};
        err = rf_bus_watch(bus, prefixes[i], on_values, &feed->areas[i], error);
    }
    if (err == RF_OK)
        err = rf_subscription_new(bus, &options, on_page, feed, &feed->subscription, error);
    if (err == RF_OK)
        err = rf_bus_listen(bus, rf_event_type_name(RF_EVENT_METRIC_ATTEMPTS), on_measured, feed,
                            error);
    return err;
}

void console_feed_stop(struct console_feed *feed) {
    rf_subscription_destroy(&feed->subscription);
    console_values_fini(&feed->values);
    console_recent_fini(&feed->recent);
    console_live_fini(&feed->live);
}

bool console_feed_ready(const struct console_feed *feed) {
    bool known = rf_bus_connected(feed->bus) &&
                 (feed->recent.floor.journal[0] != '\0' || rf_bus_newest(feed->bus) == 0);
    for (size_t i = 0; i < CONSOLE_AREAS; i++)
        known = known && feed->areas[i].known;
    return known;
}

struct console_sources console_feed_sources(struct console_feed *feed) {
    return (struct console_sources){&feed->recent, &feed->values, &feed->live, areas};
}
