// Telling: singly what a person can read, and as one digest what a storm, or the end of quiet
// hours, brings together.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_parts.h"
#include "notice.h"

struct wanted {
    struct rf_incident *incident;
    enum rf_due due;
    unsigned channels;
};

static enum rf_notice kind_of(enum rf_due due) {
    switch (due) {
    case RF_DUE_UPDATED:
        return RF_NOTICE_UPDATED;
    case RF_DUE_REMINDER:
        return RF_NOTICE_REMINDER;
    case RF_DUE_ESCALATED:
        return RF_NOTICE_ESCALATED;
    case RF_DUE_RESOLVED:
    case RF_DUE_OVER:
        return RF_NOTICE_RESOLVED;
    case RF_DUE_NOTHING:
    case RF_DUE_OPENED:
        break;
    }
    return RF_NOTICE_OPENED;
}

// ---- what a person can read ----

static size_t singles_most(const struct rf_engine *engine) {
    int64_t most = engine->setup.config->storm.notices;
    return most < RF_SINGLES_MOST ? (size_t)most : RF_SINGLES_MOST;
}

// Whether each of the channels can take one more notice now.
static bool has_room(const struct rf_engine *engine, unsigned channels, struct rf_utc now) {
    size_t oldest = singles_most(engine) - 1;
    for (int c = 0; c < RF_CHANNELS_MOST; c++) {
        struct rf_utc then = engine->singles[c][oldest];
        // A clock that was put back must not shut the channel.
        if (channels & 1U << c && then.ns > 0 && then.ns <= now.ns &&
            rf_utc_since(now, then).ns < engine->setup.config->storm.within.ns)
            return false;
    }
    return true;
}

static void note_single(struct rf_engine *engine, unsigned channels, struct rf_utc now) {
    for (int c = 0; c < RF_CHANNELS_MOST; c++) {
        if (!(channels & 1U << c))
            continue;
        memmove(&engine->singles[c][1], &engine->singles[c][0],
                (RF_SINGLES_MOST - 1) * sizeof engine->singles[c][0]);
        engine->singles[c][0] = now;
    }
}

// ---- one notice ----

static struct rf_alert *new_notice(struct rf_engine *engine) {
    if (engine->notice_count == engine->notice_capacity) {
        size_t capacity = engine->notice_capacity == 0 ? 16 : 2 * engine->notice_capacity;
        struct rf_alert *larger = realloc(engine->notices, capacity * sizeof *larger);
        if (larger == NULL) {
            engine->failed = true;
            return NULL;
        }
        engine->notices = larger;
        engine->notice_capacity = capacity;
    }
    struct rf_alert *notice = &engine->notices[engine->notice_count];
    *notice = (struct rf_alert){.order = engine->order + 1};
    return notice;
}

static void keep_notice(struct rf_engine *engine, enum rf_err result) {
    if (result != RF_OK) {
        engine->failed = true;
        return;
    }
    engine->order++;
    engine->notice_count++;
}

static bool is_of(const struct rf_engine *engine, const struct rf_incident *incident) {
    return engine->event != NULL && incident->n == engine->event->n && incident->touched.ns > 0 &&
           engine->event->id != NULL && strlen(engine->event->id) <= 48;
}

// The first notice has the incident's id, which is its first event's; one that an event calls for
// at once has that one's, so that it can be traced; any other one is counted.
static void set_id(struct rf_engine *engine, struct rf_incident *incident, bool first,
                   char id[RF_ALERT_ID_SIZE]) {
    if (first && incident->notices == 0) {
        memcpy(id, incident->id, RF_ALERT_ID_SIZE);
        if (is_of(engine, incident))
            engine->event_id_free = false;
        return;
    }
    if (is_of(engine, incident) && engine->event_id_free &&
        strspn(engine->event->id,
               "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-") ==
            strlen(engine->event->id)) {
        snprintf(id, RF_ALERT_ID_SIZE, "%s", engine->event->id);
        engine->event_id_free = false;
        return;
    }
    snprintf(id, RF_ALERT_ID_SIZE, "%.48s-%" PRId64, incident->id, incident->notices);
}

// Who was told of it is told of its end, whatever the rules say then.
static void note_heard(struct rf_engine *engine, struct rf_incident *incident, unsigned channels) {
    const struct rf_engine_setup *setup = &engine->setup;
    unsigned known = setup->named(setup->arg, incident->told_to), all = known | channels;
    struct rf_text names = {0};
    if (all == known && known != 0)
        return;
    for (unsigned c = 0; c < RF_CHANNELS_MOST; c++)
        if (all & 1U << c && setup->names[c] != NULL)
            rf_text_add(&names, "%s%s", names.size > 0 ? "," : "", setup->names[c]);
    char *text = rf_text_take(&names);
    if (text == NULL) {
        engine->failed = true;
        return;
    }
    free(incident->told_to);
    incident->told_to = text;
}

static void mark_told(struct rf_engine *engine, const struct wanted *wanted, const char *id,
                      struct rf_utc now) {
    struct rf_incident *incident = wanted->incident;
    enum rf_due due = wanted->due;
    note_heard(engine, incident, wanted->channels);
    if (incident->thread[0] == '\0')
        memcpy(incident->thread, id, sizeof incident->thread);
    incident->notices++;
    incident->spoke_at = now;
    incident->held = (struct rf_utc){0};
    incident->quieted = false;
    incident->news = incident->news_now = false;
    incident->dirty = true;
    if (due == RF_DUE_OPENED) {
        incident->told = RF_TOLD_OPENED;
        incident->told_at = now;
        if (incident->reminded_at.ns == 0)
            incident->reminded_at = now;
    } else if (due == RF_DUE_RESOLVED || due == RF_DUE_OVER) {
        incident->told = RF_TOLD_RESOLVED;
    } else if (due == RF_DUE_UPDATED) {
        incident->updates++;
    } else {
        incident->reminded_at = now;
        incident->escalated = incident->escalated || due == RF_DUE_ESCALATED;
    }
}

static void tell(struct rf_engine *engine, const struct wanted *wanted, struct rf_utc now) {
    struct rf_incident *incident = wanted->incident;
    struct rf_alert *notice = new_notice(engine);
    struct rf_error error;
    if (notice == NULL)
        return;
    notice->kind = kind_of(wanted->due);
    notice->channels = wanted->channels;
    set_id(engine, incident, wanted->due == RF_DUE_OPENED, notice->id);
    memcpy(notice->thread, incident->thread[0] != '\0' ? incident->thread : notice->id,
           sizeof notice->thread);
    keep_notice(engine,
                rf_notice_make(incident, rf_engine_rule(engine, incident), now, notice, &error));
    mark_told(engine, wanted, notice->id, now);
    note_single(engine, wanted->channels, now);
}

// ---- an acknowledgement ----

// Not what a person reads, but what a receiver does that has incidents of its own: nothing holds it
// back, and it counts as nothing that was told. Of an incident that nobody heard of yet it waits.
static void tell_acked(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now) {
    struct rf_error error;
    if (!incident->ack_owed || incident->told == RF_TOLD_NOTHING)
        return;
    incident->ack_owed = false;
    incident->dirty = true;
    unsigned channels = rf_engine_channels(engine, incident, RF_DUE_NOTHING) & engine->setup.acks;
    if (channels == 0 || incident->phase != RF_PHASE_OPEN)
        return;
    struct rf_alert *notice = new_notice(engine);
    if (notice == NULL)
        return;
    notice->kind = RF_NOTICE_ACKED;
    notice->channels = channels;
    snprintf(notice->id, sizeof notice->id, "%.48s-%" PRId64, incident->id, incident->notices++);
    memcpy(notice->thread, incident->thread, sizeof notice->thread);
    keep_notice(engine,
                rf_notice_make(incident, rf_engine_rule(engine, incident), now, notice, &error));
}

// ---- a digest ----

// The channels that would hear the very same of `wanted` as channel c does.
static unsigned alike(const struct wanted *wanted, size_t count, unsigned c) {
    unsigned channels = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        bool hears = wanted[i].channels & 1U << c;
        channels &= hears ? wanted[i].channels : ~wanted[i].channels;
    }
    return channels;
}

static void tell_group(struct rf_engine *engine, const struct wanted *wanted, size_t count,
                       unsigned channels, const char *why, struct rf_utc now,
                       char id[RF_ALERT_ID_SIZE]) {
    struct rf_digest_line *lines = calloc(count + 1, sizeof *lines);
    struct rf_alert *notice = lines == NULL ? NULL : new_notice(engine);
    struct rf_incident *named = NULL;
    struct rf_error error;
    size_t lined = 0;
    for (size_t i = 0; lines != NULL && i < count; i++) {
        if ((wanted[i].channels & channels) == 0 && channels != 0)
            continue;
        named = named == NULL ? wanted[i].incident : named;
        lines[lined++] = (struct rf_digest_line){.incident = wanted[i].incident,
                                                 .kind = kind_of(wanted[i].due),
                                                 .over = wanted[i].due == RF_DUE_OVER};
    }
    if (notice == NULL || named == NULL) {
        engine->failed = engine->failed || lines == NULL;
        free(lines);
        return;
    }
    notice->kind = RF_NOTICE_DIGEST;
    notice->channels = channels;
    snprintf(notice->id, sizeof notice->id, "%.48s-%" PRId64, named->id, named->notices++);
    memcpy(notice->thread, notice->id, sizeof notice->thread);
    memcpy(id, notice->id, RF_ALERT_ID_SIZE);
    keep_notice(engine, rf_notice_digest(lines, lined, why, now, notice, &error));
    note_single(engine, channels, now);
    free(lines);
}

static void tell_together(struct rf_engine *engine, const struct wanted *wanted, size_t count,
                          const char *why, struct rf_utc now) {
    char id[RF_ALERT_ID_SIZE] = "", other[RF_ALERT_ID_SIZE];
    unsigned left = 0;
    for (size_t i = 0; i < count; i++)
        left |= wanted[i].channels;
    if (left == 0)
        tell_group(engine, wanted, count, 0, why, now, id);
    for (unsigned c = 0; left != 0 && c < RF_CHANNELS_MOST; c++) {
        if (!(left & 1U << c))
            continue;
        unsigned channels = alike(wanted, count, c);
        tell_group(engine, wanted, count, channels, why, now, id[0] == '\0' ? id : other);
        left &= ~channels;
    }
    for (size_t i = 0; !engine->failed && i < count; i++)
        mark_told(engine, &wanted[i], id, now);
}

// ---- storms ----

static void hold(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now) {
    engine->storming = true;
    if (incident->held.ns > 0)
        return;
    incident->held = now;
    incident->dirty = true;
}

static void let_go(struct rf_incident *incident) {
    incident->dirty = incident->dirty || incident->held.ns > 0;
    incident->held = (struct rf_utc){0};
}

static bool is_story(const struct wanted *wanted) {
    return wanted->due == RF_DUE_OVER || wanted->incident->quieted;
}

void rf_engine_consider(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now,
                        struct rf_utc *wake) {
    if (engine->failed)
        return;
    struct wanted wanted = {.incident = incident,
                            .due = rf_engine_due(engine, incident, now, wake)};
    if (wanted.due == RF_DUE_NOTHING) {
        let_go(incident);
        return;
    }
    wanted.channels = rf_engine_channels(engine, incident, wanted.due);
    if (is_story(&wanted) || incident->held.ns > 0) // with the others, by the tick
        return;
    if (!engine->storming && has_room(engine, wanted.channels, now))
        tell(engine, &wanted, now);
    else
        hold(engine, incident, now);
}

// What came together out of quiet hours, or was over before it could be told, is one story.
static void tell_stories(struct rf_engine *engine, const struct wanted *all, size_t count,
                         struct rf_utc now) {
    struct wanted *stories = calloc(count + 1, sizeof *stories);
    size_t told = 0;
    unsigned channels = 0;
    if (stories == NULL) {
        engine->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_story(&all[i]) || all[i].incident->held.ns > 0)
            continue;
        stories[told++] = all[i];
        channels |= all[i].channels;
    }
    bool room = !engine->storming && has_room(engine, channels, now);
    for (size_t i = 0; !room && i < told; i++)
        hold(engine, stories[i].incident, now);
    if (room && told == 1 && stories[0].due != RF_DUE_OVER)
        tell(engine, &stories[0], now);
    else if (room && told > 0)
        tell_together(engine, stories, told, stories[0].incident->quieted ? "quiet hours" : "storm",
                      now);
    free(stories);
}

// A storm's digest leaves when nothing came for a while, or it has been gathered for long enough.
static bool is_storm_over(const struct rf_engine *engine, const struct wanted *all, size_t count,
                          struct rf_utc now, struct rf_utc *wake) {
    const struct rf_config_storm *storm = &engine->setup.config->storm;
    struct rf_utc first = RF_NEVER, last = {0};
    for (size_t i = 0; i < count; i++) {
        struct rf_utc held = all[i].incident->held;
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

static void tell_held(struct rf_engine *engine, struct wanted *all, size_t count,
                      struct rf_utc now) {
    size_t held = 0;
    bool over = false;
    for (size_t i = 0; i < count; i++) {
        if (all[i].incident->held.ns == 0)
            continue;
        over = over || all[i].due == RF_DUE_OVER;
        all[held++] = all[i];
    }
    if (held > singles_most(engine) || over) {
        tell_together(engine, all, held, "storm", now);
        return;
    }
    for (size_t i = 0; i < held; i++)
        tell(engine, &all[i], now);
}

void rf_engine_consider_all(struct rf_engine *engine, struct rf_utc now, struct rf_utc *wake) {
    struct wanted *all = calloc(engine->count + 1, sizeof *all);
    size_t count = 0, most = engine->count;
    if (all == NULL)
        engine->failed = true;
    for (struct rf_incident *incident = engine->first;
         !engine->failed && incident != NULL && count < most; incident = incident->next) {
        tell_acked(engine, incident, now);
        struct wanted wanted = {.incident = incident,
                                .due = rf_engine_due(engine, incident, now, wake)};
        if (!incident->live)
            continue;
        if (wanted.due == RF_DUE_NOTHING) {
            let_go(incident);
            continue;
        }
        wanted.channels = rf_engine_channels(engine, incident, wanted.due);
        if (!is_story(&wanted) && incident->held.ns == 0 && !engine->storming &&
            has_room(engine, wanted.channels, now)) {
            tell(engine, &wanted, now);
            continue;
        }
        if (!is_story(&wanted))
            hold(engine, incident, now);
        all[count++] = wanted;
    }
    if (!engine->failed)
        tell_stories(engine, all, count, now);
    engine->storming = false;
    for (size_t i = 0; !engine->failed && i < count; i++)
        engine->storming = engine->storming || all[i].incident->held.ns > 0;
    if (!engine->failed && is_storm_over(engine, all, count, now, wake)) {
        tell_held(engine, all, count, now);
        engine->storming = false;
    }
    free(all);
}

// What was told just now may have a next thing to tell, and has a next time of its own.
struct rf_utc rf_engine_tick(struct rf_engine *engine, struct rf_utc now) {
    struct rf_utc wake;
    size_t before;
    do {
        before = engine->notice_count;
        wake = RF_NEVER;
        rf_engine_consider_all(engine, now, &wake);
    } while (engine->notice_count != before && !engine->failed);
    return wake;
}
