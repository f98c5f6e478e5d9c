#include "recent.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/event_json.h"
#include "events/sentence.h"

// ---- one event ----

char *console_id(const struct rf_journal_place *place, char out[CONSOLE_ID_SIZE]) {
    snprintf(out, CONSOLE_ID_SIZE, "%" PRId64 "%s%s", place->n,
             place->journal[0] != '\0' ? "@" : "", place->journal);
    return out;
}

bool console_id_read(const char *text, struct rf_journal_place *place) {
    size_t digits = strspn(text, "0123456789");
    const char *journal = text + digits;
    *place = (struct rf_journal_place){0};
    if (digits == 0 || digits > 18)
        return false;
    place->n = strtoll(text, NULL, 10);
    if (*journal == '\0')
        return true;
    size_t length =
        strspn(journal + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-_");
    if (*journal != '@' || length == 0 || journal[1 + length] != '\0' ||
        length >= RF_JOURNAL_ID_SIZE)
        return false;
    *place = rf_journal_place(place->n, journal + 1);
    return true;
}

json_t *console_event_json(const struct rf_event *event) {
    struct rf_text sentence = {0};
    json_t *json = rf_event_json(event);
    rf_event_sentence(event, &sentence);
    if (json != NULL && sentence.data != NULL)
        json_object_set_new(json, "text", json_string(sentence.data));
    rf_text_fini(&sentence);
    return json;
}

struct console_parcel *console_event_parcel(const struct rf_event *event, const char *journal) {
    char id[CONSOLE_ID_SIZE];
    struct rf_journal_place place = rf_journal_place(event->n, journal);
    return console_parcel_new("event", console_id(&place, id), console_event_json(event));
}

// ---- the ring ----

static struct console_event *at(struct console_recent *recent, size_t i) {
    return &recent->items[(recent->first + i) % CONSOLE_RECENT_EVENTS];
}

static void event_fini(struct console_event *event) {
    console_parcel_drop(&event->parcel);
    free((char *)(uintptr_t)event->facts.topic); // the others stand behind it
    *event = (struct console_event){0};
}

static void forget_first(struct console_recent *recent) {
    struct console_event *event = at(recent, 0);
    recent->floor.n = event->n;
    recent->bytes -= event->parcel->size;
    event_fini(event);
    recent->first = (recent->first + 1) % CONSOLE_RECENT_EVENTS;
    recent->count--;
}

void console_recent_fini(struct console_recent *recent) {
    while (recent->count > 0)
        forget_first(recent);
}

void console_recent_begin(struct console_recent *recent, const struct rf_journal_place *place) {
    console_recent_fini(recent);
    recent->floor = *place;
    recent->tip = place->n;
}

void console_recent_rename(struct console_recent *recent, const char *journal) {
    recent->floor = rf_journal_place(recent->floor.n, journal);
}

static const char *put(char **rest, const char *text) {
    if (text == NULL)
        return NULL;
    char *place = *rest;
    size_t size = strlen(text) + 1;
    memcpy(place, text, size);
    *rest += size;
    return place;
}

static size_t size_of(const char *text) {
    return text == NULL ? 0 : strlen(text) + 1;
}

static bool take_facts(struct console_facts *facts, const struct rf_event *event) {
    // No event comes without its type and subject.
    size_t size = strlen(event->type) + 1 + strlen(event->subject) + 1 + size_of(event->campaign) +
                  size_of(event->contact) + size_of(event->service);
    char *room = malloc(size);
    if (room == NULL)
        return false;
    char *rest = room;
    facts->topic = room;
    (void)put(&rest, event->type);
    rest[-1] = '/';
    (void)put(&rest, event->subject);
    facts->campaign = put(&rest, event->campaign);
    facts->contact = put(&rest, event->contact);
    facts->service = put(&rest, event->service);
    facts->severity = console_severity(event->severity);
    return true;
}

void console_recent_add(struct console_recent *recent, const struct rf_event *event) {
    struct console_event fresh = {.n = event->n};
    fresh.parcel = console_event_parcel(event, recent->floor.journal);
    if (fresh.parcel == NULL || !take_facts(&fresh.facts, event)) {
        struct rf_journal_place place = rf_journal_place(event->n, recent->floor.journal);
        event_fini(&fresh);
        console_recent_begin(recent, &place);
        return;
    }
    while (recent->count > 0 && (recent->count == CONSOLE_RECENT_EVENTS ||
                                 recent->bytes + fresh.parcel->size > CONSOLE_RECENT_BYTES))
        forget_first(recent);
    *at(recent, recent->count++) = fresh;
    recent->bytes += fresh.parcel->size;
    console_recent_reach(recent, event->n);
}

void console_recent_reach(struct console_recent *recent, int64_t tip) {
    recent->tip = tip > recent->tip ? tip : recent->tip;
}

bool console_recent_covers(const struct console_recent *recent,
                           const struct rf_journal_place *place) {
    bool same = place->journal[0] == '\0' || recent->floor.journal[0] == '\0' ||
                strcmp(place->journal, recent->floor.journal) == 0;
    return same && place->n >= recent->floor.n && place->n <= recent->tip;
}

const struct console_event *console_recent_after(const struct console_recent *recent, int64_t n) {
    size_t low = 0, high = recent->count; // the numbers ascend
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (recent->items[(recent->first + middle) % CONSOLE_RECENT_EVENTS].n > n)
            high = middle;
        else
            low = middle + 1;
    }
    return low == recent->count ? NULL
                                : &recent->items[(recent->first + low) % CONSOLE_RECENT_EVENTS];
}

struct rf_journal_place console_recent_tip(const struct console_recent *recent) {
    return rf_journal_place(recent->tip, recent->floor.journal);
}
