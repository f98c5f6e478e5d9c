#include "tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notice.h"

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

static void set_thread(struct rf_incident *incident, const char id[RF_ALERT_ID_SIZE]) {
    if (incident->thread[0] == '\0')
        memcpy(incident->thread, id, sizeof incident->thread);
}

// Times of the newest notices of each channel, by which a storm is known.
static void note_sent(struct rf_engine *engine, unsigned channels, struct rf_utc now) {
    for (int c = 0; c < RF_CHANNELS_MOST; c++) {
        if (!(channels & 1U << c))
            continue;
        memmove(&engine->singles[c][1], &engine->singles[c][0],
                (RF_SINGLES_MOST - 1) * sizeof engine->singles[c][0]);
        engine->singles[c][0] = now;
    }
}

static void make_single(struct rf_engine *engine, struct rf_incident *incident, enum rf_due due,
                        unsigned channels, struct rf_utc now) {
    struct rf_alert *notice = new_notice(engine);
    struct rf_error error;
    if (notice == NULL)
        return;
    notice->kind = kind_of(due);
    notice->channels = channels;
    set_id(engine, incident, due == RF_DUE_OPENED, notice->id);
    set_thread(incident, notice->id);
    memcpy(notice->thread, incident->thread, sizeof notice->thread);
    keep_notice(engine,
                rf_notice_make(incident, rf_engine_rule(engine, incident), now, notice, &error));
    incident->notices++;
    note_sent(engine, channels, now);
}

// Those of `channels` that are to hear the very same of all these as channel c does.
static unsigned alike(const struct rf_want *wants, size_t count, unsigned channels, unsigned c) {
    for (size_t i = 0; i < count; i++)
        for (unsigned other = 0; other < RF_CHANNELS_MOST; other++)
            if (wants[i].each[other] != wants[i].each[c])
                channels &= ~(1U << other);
    return channels;
}

static void make_singles(struct rf_engine *engine, const struct rf_want *want, unsigned channels,
                         struct rf_utc now) {
    if (channels == 0)
        make_single(engine, want->incident, want->due, 0, now);
    for (unsigned c = 0; channels != 0 && c < RF_CHANNELS_MOST; c++) {
        if (!(channels & 1U << c))
            continue;
        unsigned same = alike(want, 1, channels, c);
        make_single(engine, want->incident, want->each[c], same, now);
        channels &= ~same;
    }
}

void rf_tell(struct rf_engine *engine, struct rf_want *want, unsigned channels, struct rf_utc now) {
    make_singles(engine, want, channels, now);
    rf_want_told(engine, want, channels, now);
}

// ---- an acknowledgement ----

// Not what a person reads, but what a receiver does that has incidents of its own: nothing holds it
// back, and it counts as nothing that was told. Of an incident that nobody heard of yet, or that
// one is still owed, it waits.
void rf_tell_acked(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now) {
    struct rf_error error;
    if (!incident->ack_owed || incident->told == RF_TOLD_NOTHING)
        return;
    unsigned channels = rf_engine_channels(engine, incident, RF_DUE_NOTHING) & engine->setup.acks;
    bool open = channels != 0 && incident->phase == RF_PHASE_OPEN;
    for (unsigned c = 0; open && c < RF_CHANNELS_MOST; c++)
        if (channels & 1U << c && incident->owed[c] != RF_DUE_NOTHING)
            return;
    incident->ack_owed = false;
    incident->dirty = true;
    if (!open)
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

// ---- many in one ----

// One notice to `channels`, which all hear the same: of what channel c is to hear.
static void make_digest(struct rf_engine *engine, const struct rf_want *wants, size_t count,
                        unsigned channels, unsigned c, const char *why, struct rf_utc now) {
    struct rf_digest_line *lines = calloc(count + 1, sizeof *lines);
    struct rf_alert *notice = lines == NULL ? NULL : new_notice(engine);
    struct rf_incident *named = NULL;
    struct rf_error error;
    size_t lined = 0;
    if (notice == NULL) {
        engine->failed = true;
        free(lines);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct rf_incident *incident = wants[i].incident;
        if (!(wants[i].channels & 1U << c))
            continue;
        if (named == NULL) {
            named = incident;
            snprintf(notice->id, sizeof notice->id, "%.48s-%" PRId64, named->id, named->notices++);
        }
        set_thread(incident, notice->id);
        incident->notices++;
        lines[lined++] = (struct rf_digest_line){.incident = incident,
                                                 .kind = kind_of(wants[i].each[c]),
                                                 .over = wants[i].each[c] == RF_DUE_OVER};
    }
    notice->kind = RF_NOTICE_DIGEST;
    notice->channels = channels;
    memcpy(notice->thread, notice->id, sizeof notice->thread);
    keep_notice(engine, rf_notice_digest(lines, lined, why, now, notice, &error));
    note_sent(engine, channels, now);
    free(lines);
}

// Whether channel c is to hear of more than `most` of them, or of one that is over already.
static bool is_digest(const struct rf_want *wants, size_t count, unsigned c, size_t most) {
    size_t heard = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(wants[i].channels & 1U << c))
            continue;
        if (wants[i].each[c] == RF_DUE_OVER)
            return true;
        heard++;
    }
    return heard > most;
}

void rf_tell_together(struct rf_engine *engine, struct rf_want *wants, size_t count,
                      unsigned channels, size_t most, const char *why, struct rf_utc now) {
    unsigned singly = 0;
    for (unsigned c = 0; c < RF_CHANNELS_MOST; c++)
        if (channels & 1U << c && !is_digest(wants, count, c, most))
            singly |= 1U << c;
    unsigned left = channels & ~singly;
    for (unsigned c = 0; left != 0 && c < RF_CHANNELS_MOST; c++) {
        if (!(left & 1U << c))
            continue;
        unsigned same = alike(wants, count, left, c);
        make_digest(engine, wants, count, same, c, why, now);
        left &= ~same;
    }
    for (size_t i = 0; !engine->failed && i < count; i++) {
        unsigned heard = wants[i].channels & channels;
        if (wants[i].channels & singly)
            make_singles(engine, &wants[i], wants[i].channels & singly, now);
        if (heard != 0)
            rf_want_told(engine, &wants[i], heard, now);
    }
}
