// Subscriptions: pages of the journal, one after the other, each when the one before is worked off.
// cursor.c decides when to ask.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/client.h"
#include "bus/cursor.h"
#include "wire/text.h"

#define NEWEST_MOST   UINT64_C(1000000)
#define DURABLE_BYTES 200
#define PREFIXES_MOST 100
#define PREFIX_BYTES  255
// A durable name is not to be forgotten for want of events.
#define LOOK_AGAIN rf_seconds(600)
// How far ahead one waits for another that is in step, and how long.
#define STEPS_MOST 16
#define STEP_WAIT  rf_ms(50)

struct rf_subscription {
    struct rf_bus *bus;
    struct rf_cursor cursor;
    char rid[RF_RID_SIZE];   // of the page under way
    struct rf_instant began; // when it was asked for first
    char **prefixes;
    size_t prefix_count;
    size_t limit;
    struct rf_utc since; // as long as the place to begin at is sought
    uint64_t newest;
    char *durable;
    bool resume, packed, in_step;
    uint64_t list; // of the page at hand
    bool took;     // the last page had events
    rf_subscription_fn *fn;
    void *arg;
    bool in_callback, destroyed; // it may be destroyed by its own subscriber
    struct rf_subscription *next;
};

static void subscription_free(struct rf_subscription *subscription) {
    for (size_t i = 0; i < subscription->prefix_count; i++)
        free(subscription->prefixes[i]);
    free(subscription->prefixes);
    free(subscription->durable);
    free(subscription);
}

static enum rf_err copy_texts(struct rf_subscription *subscription,
                              const struct rf_subscription_options *options) {
    size_t count = options->prefix_count;
    subscription->prefixes = calloc(count == 0 ? 1 : count, sizeof *subscription->prefixes);
    if (subscription->prefixes == NULL)
        return RF_ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        subscription->prefixes[i] = strdup(options->prefixes[i]);
        if (subscription->prefixes[i] == NULL)
            return RF_ERR_NOMEM;
        subscription->prefix_count++;
    }
    if (options->durable != NULL && (subscription->durable = strdup(options->durable)) == NULL)
        return RF_ERR_NOMEM;
    return RF_OK;
}

static enum rf_err hear(struct rf_subscription *subscription, struct rf_error *error) {
    enum rf_err err = RF_OK;
    if (subscription->prefix_count == 0)
        return rf_bus_hear(subscription->bus, "", error);
    for (size_t i = 0; err == RF_OK && i < subscription->prefix_count; i++)
        err = rf_bus_hear(subscription->bus, subscription->prefixes[i], error);
    return err;
}

static enum rf_err check(const struct rf_subscription_options *options, struct rf_error *error) {
    const char *name = options->durable;
    if (options->limit < 1 || options->limit > 10000)
        return rf_error_set(error, RF_ERR_INVALID, "a page has 1 to 10000 events, not %zu",
                            options->limit);
    if (options->newest > NEWEST_MOST)
        return rf_error_set(error, RF_ERR_INVALID, "the newest %llu events: at most %llu",
                            (unsigned long long)options->newest, (unsigned long long)NEWEST_MOST);
    if (options->prefix_count > PREFIXES_MOST)
        return rf_error_set(error, RF_ERR_INVALID, "%zu prefixes: at most %d",
                            options->prefix_count, PREFIXES_MOST);
    for (size_t i = 0; i < options->prefix_count; i++) {
        size_t size = strlen(options->prefixes[i]);
        if (size > PREFIX_BYTES || !rf_text_valid(options->prefixes[i], size))
            return rf_error_set(error, RF_ERR_INVALID,
                                "a topic's prefix is UTF-8 text of %d bytes at most", PREFIX_BYTES);
    }
    if (options->journal != NULL && strlen(options->journal) >= RF_JOURNAL_ID_SIZE)
        return rf_error_set(error, RF_ERR_INVALID, "a journal's id has %d bytes at most",
                            RF_JOURNAL_ID_SIZE - 1);
    if (name == NULL && options->resume)
        return rf_error_set(error, RF_ERR_INVALID, "only a durable name can be resumed");
    if (name != NULL &&
        (name[0] == '\0' || strlen(name) > DURABLE_BYTES || !rf_text_valid(name, strlen(name))))
        return rf_error_set(error, RF_ERR_INVALID, "a durable name is UTF-8 text of 1 to %d bytes",
                            DURABLE_BYTES);
    return RF_OK;
}

enum rf_err rf_subscription_new(struct rf_bus *bus, const struct rf_subscription_options *options,
                                rf_subscription_fn *fn, void *arg, struct rf_subscription **out,
                                struct rf_error *error) {
    *out = NULL;
    enum rf_err err = check(options, error);
    if (err != RF_OK)
        return err;
    struct rf_subscription *subscription = calloc(1, sizeof *subscription);
    if (subscription == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    subscription->bus = bus;
    subscription->limit = options->limit;
    subscription->since = options->since;
    subscription->newest = options->newest;
    subscription->resume = options->resume;
    subscription->packed = options->packed;
    subscription->in_step = options->in_step;
    subscription->fn = fn;
    subscription->arg = arg;
    rf_cursor_init(&subscription->cursor, options->after, options->journal);
    if (options->since.ns > 0 || options->newest > 0 || options->resume)
        rf_cursor_seek(&subscription->cursor);
    err = copy_texts(subscription, options);
    if (err != RF_OK)
        rf_error_set(error, err, "out of memory");
    else
        err = hear(subscription, error);
    if (err != RF_OK) {
        subscription_free(subscription);
        return err;
    }
    subscription->next = bus->subscriptions;
    bus->subscriptions = subscription;
    rf_bus_flush_soon(bus);
    *out = subscription;
    return RF_OK;
}

void rf_subscription_destroy(struct rf_subscription **out) {
    struct rf_subscription *subscription = *out;
    if (subscription == NULL)
        return;
    *out = NULL;
    struct rf_subscription **at = &subscription->bus->subscriptions;
    while (*at != subscription)
        at = &(*at)->next;
    *at = subscription->next;
    for (size_t i = 0; i < subscription->prefix_count; i++)
        rf_bus_unhear(subscription->bus, subscription->prefixes[i]);
    if (subscription->prefix_count == 0)
        rf_bus_unhear(subscription->bus, "");
    if (subscription->in_callback)
        subscription->destroyed = true;
    else
        subscription_free(subscription);
}

void rf_subscriptions_fini(struct rf_bus *bus) {
    while (bus->subscriptions != NULL) {
        struct rf_subscription *subscription = bus->subscriptions;
        rf_subscription_destroy(&subscription);
    }
}

void rf_subscription_next(struct rf_subscription *subscription) {
    rf_cursor_next(&subscription->cursor);
    // The broker learns what was taken by the next question, so there must be one. What none of our
    // events is among needs no haste: the next heartbeat's newest number brings the question.
    if (subscription->durable != NULL && subscription->took)
        rf_cursor_rung(&subscription->cursor);
    rf_bus_flush_soon(subscription->bus);
}

void rf_subscription_look(struct rf_subscription *subscription) {
    rf_cursor_rung(&subscription->cursor);
    rf_bus_flush_soon(subscription->bus);
}

bool rf_subscription_behind(const struct rf_subscription *subscription) {
    return rf_bus_connected(subscription->bus) && rf_cursor_behind(&subscription->cursor);
}

// Whoever is in step with others ends a page where each of them does, wherever it begins.
static size_t limit_of(const struct rf_subscription *subscription) {
    uint64_t beyond =
        subscription->in_step ? subscription->cursor.scanned % subscription->limit : 0;
    return subscription->limit - (size_t)beyond;
}

static bool ask(struct rf_subscription *subscription) {
    struct rf_bus *bus = subscription->bus;
    // The wire only reads them.
    struct rf_strs prefixes = {(const char **)subscription->prefixes, subscription->prefix_count};
    // The same question again has the same number, so that the answer to the first one counts,
    // however late it is.
    bool again = subscription->cursor.asked;
    struct rf_instant now = rf_loop_now(bus->loop);
    if (again)
        rf_portion_missed(&bus->portion);
    else
        rf_bus_rid(bus, subscription->rid);
    struct rf_journal_read message = {
        .rid = subscription->rid,
        .prefixes = prefixes,
        .after = (int64_t)subscription->cursor.scanned,
        .journal = subscription->cursor.journal[0] != '\0' ? subscription->cursor.journal : NULL,
        .limit = (int64_t)limit_of(subscription),
        .bytes = (int64_t)bus->portion.bytes,
        .durable = subscription->durable};
    if (subscription->cursor.sought) {
        message.since = subscription->since.ns;
        message.newest = (int64_t)subscription->newest;
        message.resume = subscription->resume;
    }
    if (rf_bus_send(bus, RF_MESSAGE_journal_read, &message) != RF_OK)
        return false;
    if (!again)
        subscription->began = now;
    rf_cursor_asked(&subscription->cursor, now);
    return true;
}

// Whether `one` is behind `at` by so little that `at` waits for it: it is about to ask, and goes
// first, or it is more than a page behind, and its next page is on its way.
static bool goes_first(const struct rf_subscription *one, const struct rf_subscription *at,
                       struct rf_instant now) {
    const struct rf_cursor *place = &one->cursor;
    uint64_t ahead = at->cursor.scanned - place->scanned;
    if (!one->in_step || place->sought || place->scanned >= at->cursor.scanned ||
        ahead > STEPS_MOST * at->limit || strcmp(place->journal, at->cursor.journal) != 0)
        return false;
    if (!place->asked)
        return rf_cursor_wants(place, now);
    return ahead > at->limit && rf_instant_since(now, place->when).ns < STEP_WAIT.ns;
}

// Those in step are at most a page apart, and the one that is behind gets what the other has just
// got. Nobody waits for one that does not ask, or whose question is not answered.
static bool waits(const struct rf_subscription *at, struct rf_instant now) {
    const struct rf_subscription *one = at->in_step ? at->bus->subscriptions : NULL;
    while (one != NULL && !goes_first(one, at, now))
        one = one->next;
    return one != NULL;
}

// All that want to and need not wait. False: something could not go.
static bool ask_all(struct rf_bus *bus, struct rf_instant now, bool *waiting, bool *asked) {
    *waiting = *asked = false;
    for (struct rf_subscription *at = bus->subscriptions; at != NULL; at = at->next) {
        if (!rf_cursor_wants(&at->cursor, now))
            continue;
        if (waits(at, now))
            *waiting = true;
        else if (ask(at))
            *asked = true;
        else
            return false;
    }
    return true;
}

bool rf_subscriptions_flush(struct rf_bus *bus) {
    struct rf_instant now = rf_loop_now(bus->loop);
    bool waiting, asked;
    for (struct rf_subscription *at = bus->subscriptions; at != NULL; at = at->next)
        if (at->durable != NULL && rf_instant_since(now, at->cursor.when).ns > LOOK_AGAIN.ns)
            rf_cursor_rung(&at->cursor);
    do
        if (!ask_all(bus, now, &waiting, &asked))
            return false;
    while (waiting && asked); // one may have waited for another to ask
    if (waiting)
        rf_timer_after(&bus->flush, STEP_WAIT);
    return true;
}

void rf_subscriptions_reset(struct rf_bus *bus) {
    for (struct rf_subscription *at = bus->subscriptions; at != NULL; at = at->next)
        rf_cursor_reconnected(&at->cursor);
}

void rf_subscriptions_tip(struct rf_bus *bus, uint64_t last, const char *journal) {
    for (struct rf_subscription *at = bus->subscriptions; at != NULL; at = at->next)
        rf_cursor_tip(&at->cursor, last, journal);
}

static bool matches(const struct rf_subscription *subscription, const char *topic) {
    for (size_t i = 0; i < subscription->prefix_count; i++)
        if (strncmp(topic, subscription->prefixes[i], strlen(subscription->prefixes[i])) == 0)
            return true;
    return subscription->prefix_count == 0;
}

void rf_subscriptions_ring(struct rf_bus *bus, const char *topic) {
    for (struct rf_subscription *at = bus->subscriptions; at != NULL; at = at->next)
        if (matches(at, topic)) {
            rf_cursor_rung(&at->cursor);
            rf_bus_flush_soon(bus);
        }
}

static void tell(struct rf_bus *bus, const char *subscriber, enum rf_event_type type,
                 json_t *data) {
    struct rf_error error;
    struct rf_event event = {.type = rf_event_type_name(type), .subject = subscriber, .data = data};
    if (rf_bus_publish(bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "cannot tell %s: %s", event.type, error.message);
    json_decref(data);
}

static void tell_replaced(struct rf_bus *bus, const char *subscriber,
                          const struct rf_journal_place *place,
                          const struct rf_journal_page *page) {
    const char *before = place->journal[0] != '\0' ? place->journal : "unknown";
    const char *now = page->journal != NULL ? page->journal : "unknown";
    rf_log(RF_LOG_WARNING,
           "%s: had read up to number %" PRId64 " of a journal (%s) that the broker no longer has: "
           "it is another one now (%s), or an older copy; goes on behind its number %" PRId64
           "; events may have been missed",
           subscriber, place->n, before, now, page->from);
    tell(bus, subscriber, RF_EVENT_JOURNAL_REPLACED,
         json_pack("{s:s, s:I, s:s, s:I}", "journal", before, "after", (json_int_t)place->n, "now",
                   now, "from", (json_int_t)page->from));
}

void rf_bus_tell_gap(struct rf_bus *bus, const char *subscriber,
                     const struct rf_journal_place *place, const struct rf_journal_page *page) {
    int64_t after = page->other ? page->from : place->n;
    if (page->other)
        tell_replaced(bus, subscriber, place, page);
    if (page->trimmed <= after)
        return;
    rf_log(RF_LOG_WARNING,
           "%s: the journal no longer has the event numbers %" PRId64 " to %" PRId64
           ", which were not read; events may have been missed",
           subscriber, after + 1, page->trimmed);
    tell(bus, subscriber, RF_EVENT_JOURNAL_TRIMMED,
         json_pack("{s:I, s:I}", "from", (json_int_t)after + 1, "to", (json_int_t)page->trimmed));
}

// The subscription that waits for the page with this rid.
static struct rf_subscription *asker(struct rf_bus *bus, struct rf_str rid) {
    struct rf_subscription *at = bus->subscriptions;
    while (at != NULL && !rf_str_is(rid, at->rid))
        at = at->next;
    return at;
}

static void give(struct rf_subscription *subscription, const struct rf_journal_page *page,
                 uint64_t list) {
    struct rf_bus *bus = subscription->bus;
    if (!subscription->cursor.asked)
        return;
    rf_portion_came(&bus->portion, bus->page_bytes,
                    rf_instant_since(rf_loop_now(bus->loop), subscription->began));
    if (!rf_cursor_page(&subscription->cursor, page)) {
        rf_bus_flush_soon(bus);
        return;
    }
    subscription->took = page->events.count > 0;
    subscription->list = list;
    subscription->in_callback = true;
    subscription->fn(subscription->arg, page);
    subscription->in_callback = false;
    if (subscription->in_step)
        rf_bus_flush_soon(bus); // another may wait for it
    if (subscription->destroyed)
        subscription_free(subscription);
}

bool rf_subscriptions_page(struct rf_bus *bus, struct rf_parts *parts) {
    zmq_msg_t *body = rf_parts_body(parts, 0);
    struct rf_str rid;
    if (body == NULL || !rf_page_rid(zmq_msg_data(body), zmq_msg_size(body), &rid))
        return false;
    bus->page_bytes = zmq_msg_size(body);
    struct rf_subscription *at = asker(bus, rid);
    if (at == NULL || !at->packed ||
        !rf_page_read(&bus->page, zmq_msg_data(body), zmq_msg_size(body)))
        return false;
    give(at, &bus->page.body, bus->page.list);
    return true;
}

void rf_bus_on_journal_page(struct rf_bus *bus, const struct rf_message *message) {
    const struct rf_journal_page *page = &message->as.journal_page;
    struct rf_subscription *at = asker(bus, rf_str_of(page->rid));
    if (at != NULL)
        give(at, page, 0);
}

uint64_t rf_subscription_list(const struct rf_subscription *subscription) {
    return subscription->list;
}
