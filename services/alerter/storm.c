// Storms: a channel is told singly what a person can read. What is more is held for that channel,
// and told at the end of its storm, in one digest if it is much. Other channels go on.
#include <stdlib.h>

#include "engine_parts.h"
#include "tell.h"
#include "want.h"

static size_t singles_most(const struct rf_engine *engine) {
    int64_t most = engine->setup.config->storm.notices;
    return most < RF_SINGLES_MOST ? (size_t)most : RF_SINGLES_MOST;
}

// Those of the channels that can take one more notice now.
static unsigned ready(const struct rf_engine *engine, unsigned channels, struct rf_utc now) {
    size_t oldest = singles_most(engine) - 1;
    channels &= ~engine->storming;
    for (int c = 0; c < RF_CHANNELS_MOST; c++) {
        struct rf_utc then = engine->singles[c][oldest];
        // A clock that was put back must not shut the channel.
        if (channels & 1U << c && then.ns > 0 && then.ns <= now.ns &&
            rf_utc_since(now, then).ns < engine->setup.config->storm.within.ns)
            channels &= ~(1U << c);
    }
    return channels;
}

// To those who can take it now; for the others it is held.
static void offer(struct rf_engine *engine, struct rf_want *want, struct rf_utc now) {
    unsigned channels = ready(engine, want->channels, now);
    if (channels != 0 || want->channels == 0)
        rf_tell(engine, want, channels, now);
    rf_want_hold(engine, want, now);
}

void rf_engine_consider(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now,
                        struct rf_utc *wake) {
    if (engine->failed)
        return;
    struct rf_want want = rf_want_of(engine, incident, now, wake);
    if (!rf_want_is_empty(&want) && !rf_want_is_story(&want)) // with the others, by the tick
        offer(engine, &want, now);
}

// ---- all of them ----

struct wants {
    struct rf_want *items;
    size_t count;
};

static void add(struct wants *wants, const struct rf_want *want) {
    if (want->channels != 0)
        wants->items[wants->count++] = *want;
}

// What wants something, and was not told yet to all who are to hear it.
static void gather(struct rf_engine *engine, struct wants *all, struct wants *stories,
                   struct rf_utc now, struct rf_utc *wake) {
    for (struct rf_incident *incident = engine->first; !engine->failed && incident != NULL;
         incident = incident->next) {
        rf_tell_acked(engine, incident, now);
        struct rf_want want = rf_want_of(engine, incident, now, wake);
        if (rf_want_is_empty(&want))
            continue;
        if (rf_want_is_story(&want) && want.channels != 0) {
            add(stories, &want);
            continue;
        }
        offer(engine, &want, now);
        add(all, &want);
    }
}

// What came together out of quiet hours, or was over before it could be told, is one story. What
// cannot be told now goes to the others.
static void tell_stories(struct rf_engine *engine, struct wants *stories, struct wants *all,
                         struct rf_utc now) {
    unsigned channels = 0;
    for (size_t i = 0; i < stories->count; i++)
        channels |= stories->items[i].channels;
    if (channels == 0)
        return;
    rf_tell_together(engine, stories->items, stories->count, ready(engine, channels, now), 1,
                     stories->items[0].incident->quieted ? "quiet hours" : "storm", now);
    for (size_t i = 0; i < stories->count; i++) {
        rf_want_hold(engine, &stories->items[i], now);
        add(all, &stories->items[i]);
    }
}

// A storm's digest leaves when nothing came for a while, or it has been gathered for long enough.
static bool is_storm_over(const struct rf_engine *engine, const struct wants *all, unsigned c,
                          struct rf_utc now, struct rf_utc *wake) {
    const struct rf_config_storm *storm = &engine->setup.config->storm;
    struct rf_utc first = RF_NEVER, last = {0};
    for (size_t i = 0; i < all->count; i++) {
        struct rf_utc held = all->items[i].incident->held[c];
        if (held.ns == 0)
            continue;
        first = held.ns < first.ns ? held : first;
        last = held.ns > last.ns ? held : last;
    }
    if (last.ns == 0)
        return false;
    struct rf_utc calm = rf_utc_add(last, storm->within), full = rf_utc_add(first, storm->gather);
    struct rf_utc when = calm.ns < full.ns ? calm : full;
    if (when.ns <= now.ns)
        return true;
    if (when.ns < wake->ns)
        *wake = when;
    return false;
}

// Those whose storm is over. It is looked anew which have one: what held them may be gone.
static unsigned look_over(struct rf_engine *engine, const struct wants *all, struct rf_utc now,
                          struct rf_utc *wake) {
    unsigned over = 0;
    engine->storming = 0;
    for (size_t i = 0; i < all->count; i++)
        engine->storming |= all->items[i].channels;
    for (unsigned c = 0; c < RF_CHANNELS_MOST; c++)
        if (engine->storming & 1U << c && is_storm_over(engine, all, c, now, wake))
            over |= 1U << c;
    return over;
}

static void consider_all(struct rf_engine *engine, struct rf_utc now, struct rf_utc *wake) {
    struct wants all = {.items = calloc(engine->count + 1, sizeof *all.items)};
    struct wants stories = {.items = calloc(engine->count + 1, sizeof *stories.items)};
    if (all.items == NULL || stories.items == NULL)
        engine->failed = true;
    if (!engine->failed)
        gather(engine, &all, &stories, now, wake);
    if (!engine->failed)
        tell_stories(engine, &stories, &all, now);
    unsigned over = engine->failed ? 0 : look_over(engine, &all, now, wake);
    rf_tell_together(engine, all.items, all.count, over, singles_most(engine), "storm", now);
    engine->storming &= ~over;
    free(all.items);
    free(stories.items);
}

// What was told just now may have a next thing to tell, and has a next time of its own.
struct rf_utc rf_engine_tick(struct rf_engine *engine, struct rf_utc now) {
    struct rf_utc wake;
    size_t before;
    do {
        before = engine->notice_count;
        wake = RF_NEVER;
        consider_all(engine, now, &wake);
    } while (engine->notice_count != before && !engine->failed);
    return wake;
}
