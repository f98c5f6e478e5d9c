// Streams of publishers: opened, skipped, acknowledged; whose they are, and what the disk knows.
#include "core.h"
#include "keyring.h"

#include <stdio.h>

// ---- what the disk knows of a stream ----

static void write_stream(struct rf_core *core, struct rf_stream_row *row) {
    row->on_disk = true;
    row->position =
        rf_scribe_put(&core->scribe, (struct rf_record){.type = RF_RECORD_STREAM,
                                                        .at = core->ground.now.utc.ns,
                                                        .stream = row->number,
                                                        .seq = row->written,
                                                        .name = row->name,
                                                        .body = row->owner->name,
                                                        .body_size = strlen(row->owner->name)});
}

void rf_core_name_stream(struct rf_core *core, struct rf_stream_row *row) {
    if (!row->on_disk)
        write_stream(core, row);
}

void rf_core_write_stream(struct rf_core *core, struct rf_stream_row *row) {
    if (row->written == row->last)
        return;
    rf_core_name_stream(core, row);
    row->written = row->last;
    row->position = rf_scribe_put(&core->scribe, (struct rf_record){.type = RF_RECORD_STREAM_SEQ,
                                                                    .at = core->ground.now.utc.ns,
                                                                    .stream = row->number,
                                                                    .seq = row->last});
}

// The rows' own timer follows the row that has been idle for longest.
void rf_core_watch_idle(struct rf_core *core) {
    struct rf_instant when;
    if (core->streams_timer.place == 0 && rf_stream_book_wake(&core->streams, &when))
        rf_ground_start(&core->ground, &core->streams_timer, when);
}

void rf_core_stream_forgotten(void *arg, const struct rf_stream_row *row) {
    struct rf_core *core = arg;
    if (row->on_disk)
        rf_scribe_put(&core->scribe,
                      (struct rf_record){.type = RF_RECORD_STREAM_GONE, .stream = row->number});
}

// ---- whose it is ----

// Over ipc there are no keys: whoever is let into the run directory may do everything.
static struct rf_stream_claim claim_of(const struct rf_peer *from) {
    if (from->who == NULL)
        return (struct rf_stream_claim){RF_STREAM_KEYLESS, true};
    return (struct rf_stream_claim){from->who->name, (from->who->roles & RF_ROLE_ADMIN) != 0};
}

static void refuse_owned(struct rf_core *core, const struct rf_peer *from,
                         const struct rf_stream_row *row) {
    char why[256];
    const char *owner = row->owner->name;
    if (strcmp(owner, RF_STREAM_KEYLESS) == 0)
        snprintf(why, sizeof why, "the stream belongs to processes without a key");
    else
        snprintf(why, sizeof why, "the stream belongs to the key of %s", owner);
    snprintf(why + strlen(why), sizeof why - strlen(why),
             ": publish under another name, or take it over with the role admin");
    core->ground.counters.streams_refused++;
    struct rf_event_refused refused = {.stream = row->name, .message = why, .owned = true};
    rf_ground_send(&core->ground, from, RF_MESSAGE_event_refused, &refused);
}

void rf_core_refuse_event(struct rf_core *core, const struct rf_peer *from, const char *stream,
                          int64_t expected, enum rf_refusal_cause why, const char *defect) {
    static const char *const texts[] = {
        [RF_REFUSAL_CLOSED] = "the stream is not open: open it first",
        [RF_REFUSAL_HELD] = "the broker's disk is late, or fails: send it again later",
        [RF_REFUSAL_GAP] = "there is a gap before this event",
    };
    core->ground.counters.events_refused++;
    struct rf_event_refused refused = {.stream = stream,
                                       .expected = expected,
                                       .message = why == RF_REFUSAL_BROKEN ? defect : texts[why],
                                       .held = why == RF_REFUSAL_HELD};
    rf_ground_send(&core->ground, from, RF_MESSAGE_event_refused, &refused);
}

struct rf_stream_row *rf_core_stream_of(struct rf_core *core, const struct rf_peer *from,
                                        const char *name) {
    struct rf_stream_row *row = rf_stream_book_find(&core->streams, name);
    struct rf_stream_claim claim = claim_of(from);
    bool owned = row != NULL && strcmp(row->owner->name, claim.owner) == 0;
    if (owned) {
        rf_stream_book_hear(&core->streams, row, core->ground.now.instant);
        return row;
    }
    // Whoever may take it, or comes first, is to open it.
    if (row == NULL || claim.takes || strcmp(row->owner->name, RF_STREAM_ANYBODYS) == 0)
        rf_core_refuse_event(core, from, name, 0, RF_REFUSAL_CLOSED, NULL);
    else
        refuse_owned(core, from, row);
    return NULL;
}

// ---- what publishers say ----

void rf_on_stream_open(struct rf_core *core, const struct rf_peer *from,
                       struct rf_message **message, size_t size) {
    (void)size;
    const struct rf_stream_open *open = &(*message)->as.stream_open;
    struct rf_stream_claim claim = claim_of(from);
    struct rf_stream_row *row;
    bool moved;
    // A stream that changes hands, or pushes another out, has a record.
    if (!rf_scribe_has_room(&core->scribe, RF_SHARE_VALUES)) {
        rf_core_refuse_event(core, from, open->stream, 0, RF_REFUSAL_HELD, NULL);
        return;
    }
    enum rf_err err = rf_stream_book_open(&core->streams, open->stream, open->next, &claim,
                                          core->ground.now.instant, &row, &moved);
    if (err == RF_ERR_CONFLICT) {
        refuse_owned(core, from, row);
        return;
    }
    if (err != RF_OK) {
        rf_ground_refuse(&core->ground, from, NULL, "invalid",
                         "a stream's name has 1 to 255 bytes");
        return;
    }
    if (moved && row->on_disk)
        write_stream(core, row);
    rf_core_watch_idle(core);
    // The last number is told as known for good: only when it is.
    rf_scribe_opened(&core->scribe, row->promised, from, row->name, row->last);
}

void rf_core_acknowledge_stream(struct rf_core *core, const struct rf_peer *from,
                                const struct rf_stream_row *row) {
    rf_scribe_acknowledge(&core->scribe, row->promised, from, row->name, row->last);
}

void rf_on_stream_skip(struct rf_core *core, const struct rf_peer *from,
                       struct rf_message **message, size_t size) {
    (void)size;
    const struct rf_stream_skip *skip = &(*message)->as.stream_skip;
    struct rf_stream_row *row = rf_core_stream_of(core, from, skip->stream);
    if (row == NULL)
        return;
    if (!rf_scribe_has_room(&core->scribe, RF_SHARE_VALUES)) {
        rf_core_refuse_event(core, from, row->name, row->last + 1, RF_REFUSAL_HELD, NULL);
        return;
    }
    rf_stream_row_advance(row, skip->to);
    rf_core_write_stream(core, row);
    row->promised = row->position;
    rf_core_acknowledge_stream(core, from, row);
}
