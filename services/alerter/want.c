#include "want.h"

#include <stdlib.h>

static void let_go(struct rf_incident *incident, unsigned channels) {
    for (unsigned c = 0; c < RF_CHANNELS_MOST; c++) {
        if (!(channels & 1U << c) || incident->held[c].ns == 0)
            continue;
        incident->held[c] = (struct rf_utc){0};
        incident->dirty = true;
    }
}

// Who did not hear of the beginning hears of that, whatever else is due.
static enum rf_due graver(enum rf_due owed, enum rf_due due) {
    bool first = owed == RF_DUE_OPENED || owed == RF_DUE_OVER;
    return first || owed > due ? owed : due;
}

struct rf_want rf_want_of(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now,
                          struct rf_utc *wake) {
    struct rf_want want = {.incident = incident, .due = rf_engine_due(engine, incident, now, wake)};
    if (!incident->live)
        return want;
    if (want.due != RF_DUE_NOTHING)
        want.channels = rf_engine_channels(engine, incident, want.due);
    for (unsigned c = 0; c < RF_CHANNELS_MOST; c++) {
        enum rf_due due = want.channels & 1U << c ? want.due : RF_DUE_NOTHING;
        enum rf_due each = graver(rf_engine_owed(engine, incident, c, now, wake), due);
        want.each[c] = (unsigned char)each;
        want.channels |= each != RF_DUE_NOTHING ? 1U << c : 0U;
    }
    let_go(incident, ~want.channels);
    return want;
}

bool rf_want_is_empty(const struct rf_want *want) {
    return want->due == RF_DUE_NOTHING && want->channels == 0;
}

bool rf_want_is_story(const struct rf_want *want) {
    return want->due == RF_DUE_OVER || want->incident->quieted;
}

// ---- told ----

// Who was told of it is told of its end, whatever the rules say then.
static void note_heard(struct rf_engine *engine, struct rf_incident *incident, unsigned channels) {
    const struct rf_engine_setup *setup = &engine->setup;
    unsigned known = setup->named(setup->arg, incident->told_to), all = known | channels;
    struct rf_text names = {0};
    if (all == known && known != 0)
        return;
    for (unsigned c = 0; c < RF_CHANNELS_MOST; c++)
        if (all & 1U << c)
            rf_text_add(&names, "%s%s", names.size > 0 ? "," : "", engine->names.names[c]);
    char *text = rf_text_take(&names);
    if (text == NULL) {
        engine->failed = true;
        return;
    }
    free(incident->told_to);
    incident->told_to = text;
}

static void count_as_told(struct rf_incident *incident, enum rf_due due, struct rf_utc now) {
    incident->news = incident->news_now = false;
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

void rf_want_told(struct rf_engine *engine, struct rf_want *want, unsigned channels,
                  struct rf_utc now) {
    struct rf_incident *incident = want->incident;
    unsigned others = want->channels & ~channels;
    note_heard(engine, incident, channels);
    for (unsigned c = 0; c < RF_CHANNELS_MOST; c++) {
        if (channels & 1U << c)
            incident->owed[c] = want->each[c] = RF_DUE_NOTHING;
        else if (want->due != RF_DUE_NOTHING && others & 1U << c) // what is over is seen by itself
            incident->owed[c] = want->each[c] == RF_DUE_OVER ? RF_DUE_OPENED : want->each[c];
    }
    let_go(incident, channels);
    if (want->due != RF_DUE_NOTHING)
        count_as_told(incident, want->due, now);
    incident->spoke_at = now;
    incident->quieted = false;
    incident->dirty = true;
    want->due = RF_DUE_NOTHING;
    want->channels = others;
}

void rf_want_hold(struct rf_engine *engine, const struct rf_want *want, struct rf_utc now) {
    struct rf_incident *incident = want->incident;
    engine->storming |= want->channels;
    for (unsigned c = 0; c < RF_CHANNELS_MOST; c++) {
        if (!(want->channels & 1U << c) || incident->held[c].ns > 0)
            continue;
        incident->held[c] = now;
        incident->dirty = true;
    }
}
