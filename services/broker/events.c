// Events in: known, new or after a gap. A new one goes to the disk; what has arrived there is
// published, and then acknowledged.
#include "core.h"

#include <stdio.h>
#include <string.h>

#include "base/crash_point.h"
#include "keyring.h"
#include "rights.h"
#include "wire/catalogue.h"

#define RID_BYTES 4096 // of a page's question and its numbers, at most

// ---- one event ----

static bool measured_only(const char *topic) {
    return strncmp(topic, "metric.", strlen("metric.")) == 0;
}

// By it a time is found in the journal (page_query.c), so it does not go back with the clock.
static int64_t take_time(struct rf_core *core) {
    if (core->taken_at < core->ground.now.utc.ns)
        core->taken_at = core->ground.now.utc.ns;
    return core->taken_at;
}

// Into the journal and to the disk; rf_core_written publishes it. `row`: the stream of a publisher,
// NULL for our own, which is kept together with the record before it: what it tells of.
static enum rf_err to_disk(struct rf_core *core, struct rf_stream_row *row,
                           const struct rf_event *event, const char *topic,
                           const struct rf_frame *frame, struct rf_error *error) {
    struct rf_record record = {
        .type = RF_RECORD_EVENT,
        .joined = row == NULL,
        .number = event->n,
        .at = take_time(core),
        .stream = row != NULL ? row->number : 0,
        .seq = event->seq,
        .name = topic,
        .body = frame->data,
        .body_size = frame->size,
    };
    if (row != NULL)
        rf_core_name_stream(core, row);
    if (rf_journal_append(&core->journal, core->scribe.given + 1, event->n, topic, frame->data,
                          frame->size) != RF_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    int64_t position = rf_scribe_put(&core->scribe, record);
    if (row != NULL) {
        row->written = event->seq;
        row->position = row->promised = position;
    }
    core->ground.counters.events_accepted++;
    return RF_OK;
}

// A measurement is published at once, without the journal.
static enum rf_err measure(struct rf_core *core, const struct rf_event *event,
                           const struct rf_bytes *envelope, const char *topic,
                           struct rf_error *error) {
    struct rf_frame frame = {NULL, 0};
    enum rf_err err = envelope != NULL ? RF_OK : rf_wire_encode_event(event, &frame, error);
    if (err != RF_OK)
        return err;
    struct rf_bytes whole =
        envelope != NULL ? *envelope : (struct rf_bytes){frame.data, frame.size};
    core->ground.sink.publish(core->ground.sink.arg, topic, whole.data, whole.size);
    core->ground.counters.events_unjournaled++;
    rf_frame_free(&frame);
    return RF_OK;
}

// An event that no page could bring would hold up its readers for ever. Only large ones can be too
// much, in bytes or in values.
static enum rf_err check_page(const struct rf_frame *event, struct rf_error *error) {
    struct rf_frame frame;
    struct rf_bytes packed = {event->data, event->size};
    struct rf_journal_page page = {.rid = "", .events = {NULL, 1}, .events_packed = &packed};
    if (event->size <= RF_WIRE_EVENT_BYTES)
        return RF_OK;
    if (event->size > RF_WIRE_MAX_BYTES - RID_BYTES)
        return rf_error_set(error, RF_ERR_FULL, "an event of %zu bytes is too large for a page",
                            event->size);
    enum rf_err err = rf_wire_encode(RF_MESSAGE_journal_page, &page, &frame, error);
    if (err == RF_OK)
        rf_frame_free(&frame);
    return err;
}

static enum rf_err journal(struct rf_core *core, struct rf_stream_row *row, struct rf_event *event,
                           const struct rf_bytes *envelope, const char *topic,
                           struct rf_error *error) {
    struct rf_frame frame;
    event->n = core->journal.last + 1;
    enum rf_err err = envelope != NULL ? rf_wire_number_event(envelope, event->n, &frame, error)
                                       : rf_wire_encode_event(event, &frame, error);
    if (err != RF_OK)
        return err;
    err = check_page(&frame, error);
    if (err == RF_OK)
        err = to_disk(core, row, event, topic, &frame, error);
    rf_frame_free(&frame);
    return err;
}

// Numbers the event, unless it is a measurement, and keeps it. `envelope`: what the publisher sent,
// if it is whole; NULL: it is made here.
static enum rf_err keep(struct rf_core *core, struct rf_stream_row *row, struct rf_event *event,
                        const struct rf_bytes *envelope, struct rf_error *error) {
    char id[RF_ULID_SIZE], topic[RF_TOPIC_SIZE];
    if (event->id == NULL) {
        core->ground.sink.new_id(core->ground.sink.arg, core->ground.now.utc, id);
        event->id = id;
    }
    if (event->ts == 0)
        event->ts = core->ground.now.utc.ns;
    event->n = 0;
    rf_event_topic(event, topic);
    enum rf_err err = measured_only(event->type)
                          ? measure(core, event, envelope, topic, error)
                          : journal(core, row, event, envelope, topic, error);
    if (event->id == id)
        event->id = NULL;
    return err;
}

void rf_core_publish(struct rf_core *core, const struct rf_event *event) {
    struct rf_event own = *event;
    own.stream = core->ground.instance;
    own.origin = core->ground.instance;
    own.seq = ++core->own_seq;
    struct rf_error error;
    if (!rf_scribe_has_room(&core->scribe, RF_SHARE_OWN) ||
        keep(core, NULL, &own, NULL, &error) != RF_OK)
        core->ground.counters.events_lost++;
}

void rf_core_tell(struct rf_core *core, const struct rf_now *now, const struct rf_event *event) {
    core->ground.now = *now;
    rf_core_publish(core, event);
}

static void publish_first(struct rf_core *core, const struct rf_journal_entry *entry) {
    core->ground.sink.publish(core->ground.sink.arg, entry->topic, entry->frame, entry->size);
    RF_CRASH_POINT(broker, event_published);
    core->ground.counters.events_journaled++;
    rf_journal_keep(&core->journal);
}

void rf_core_kept(struct rf_core *core, const struct rf_now *now, const struct rf_kept *kept) {
    core->ground.now = *now;
    core->kept = *kept;
}

// Everything in the order in which it was handed over, and an event before the answers that tell of
// it.
void rf_core_written(struct rf_core *core, const struct rf_now *now, int64_t position) {
    core->ground.now = *now;
    rf_scribe_wrote(&core->scribe, position);
    struct rf_seat *seat;
    while ((seat = rf_seats_written(&core->dispatch.seats, position)) != NULL)
        rf_dispatch_pump(&core->dispatch, seat);
    for (;;) {
        const struct rf_journal_entry *entry = rf_journal_waiting(&core->journal);
        int64_t answer;
        bool answers = rf_scribe_due(&core->scribe, &answer) && answer <= position;
        if (entry != NULL && entry->position <= position && (!answers || entry->position <= answer))
            publish_first(core, entry);
        else if (answers)
            rf_scribe_send(&core->scribe);
        else
            break;
    }
    if (!core->scribe.failing)
        rf_core_write_renewals(core);
}

void rf_core_disk(struct rf_core *core, const struct rf_now *now, const char *why) {
    struct rf_scribe *scribe = &core->scribe;
    core->ground.now = *now;
    if (why != NULL)
        snprintf(scribe->why, sizeof scribe->why, "%s", why);
    if (scribe->failing == (why != NULL))
        return;
    scribe->failing = why != NULL;
    scribe->failing_since = now->utc;
    if (scribe->failing)
        core->ground.counters.disk_failures++;
}

// ---- what publishers send ----

static const char *defect_of(const struct rf_event *event) {
    if (event->seq < 1)
        return "an event's seq begins with 1";
    return rf_event_defect(event->type, event->severity);
}

// What came for event `i`, if it can go on as it is: its stream must be the one that it came on.
static const struct rf_bytes *envelope_of(const struct rf_message *message, size_t i) {
    const struct rf_event_publish *publish = &message->as.event_publish;
    if (message->envelopes == NULL || message->envelopes[i].size == 0 ||
        strcmp(publish->events.items[i].stream, publish->stream) != 0)
        return NULL;
    return &message->envelopes[i];
}

// One event of a publisher. False: refused, the rest of the message with it.
static bool take_event(struct rf_core *core, const struct rf_peer *from, struct rf_stream_row *row,
                       struct rf_event *event, const struct rf_bytes *envelope) {
    const char *defect = defect_of(event);
    if (defect != NULL) {
        rf_core_refuse_event(core, from, row->name, row->last + 1, RF_REFUSAL_BROKEN, defect);
        return false;
    }
    switch (rf_stream_row_check(row, event->seq)) {
    case RF_STREAM_GAP:
        rf_core_refuse_event(core, from, row->name, row->last + 1, RF_REFUSAL_GAP, NULL);
        return false;
    case RF_STREAM_DUPLICATE:
        core->ground.counters.events_duplicate++;
        return true;
    case RF_STREAM_NEW:
        break;
    }
    if (!rf_rights_may_say(from, event->type)) {
        core->ground.counters.messages_no_role++;
        rf_stream_row_advance(row, event->seq);
        return true;
    }
    event->stream = row->name;
    if (event->origin == NULL) {
        const struct rf_client *client = rf_clients_find(&core->clients, from);
        event->origin = client != NULL ? client->instance : row->name;
    }
    if (!measured_only(event->type) && !rf_scribe_has_room(&core->scribe, RF_SHARE_EVENTS)) {
        rf_core_refuse_event(core, from, row->name, row->last + 1, RF_REFUSAL_HELD, NULL);
        return false;
    }
    struct rf_error error;
    if (keep(core, row, event, envelope, &error) != RF_OK) {
        rf_core_refuse_event(core, from, row->name, row->last + 1, RF_REFUSAL_BROKEN,
                             error.message);
        return false;
    }
    rf_stream_row_advance(row, event->seq);
    return true;
}

void rf_on_event_publish(struct rf_core *core, const struct rf_peer *from,
                         struct rf_message **message, size_t size) {
    (void)size;
    struct rf_event_publish *publish = &(*message)->as.event_publish;
    struct rf_stream_row *row = rf_core_stream_of(core, from, publish->stream);
    if (row == NULL)
        return;
    size_t taken = 0;
    while (taken < publish->events.count &&
           take_event(core, from, row, &publish->events.items[taken], envelope_of(*message, taken)))
        taken++;
    // A measurement waits for no disk: that its number is known is written down, but not waited
    // for.
    if (rf_scribe_has_room(&core->scribe, RF_SHARE_VALUES))
        rf_core_write_stream(core, row);
    if (taken > 0 || publish->events.count == 0)
        rf_core_acknowledge_stream(core, from, row);
}

// ---- of a process that is not let in ----

void rf_core_stranger(struct rf_core *core, const struct rf_now *now, const struct rf_peer *from,
                      const char *name, const char *why) {
    core->ground.now = *now;
    if (!rf_strangers_new(&core->strangers, name, now->instant))
        return;
    json_t *data =
        json_pack("{s:s, s:s*}", "message", why, "key", from->who != NULL ? from->who->name : NULL);
    struct rf_event event = {
        .severity = rf_event_severity(RF_EVENT_PROCESS_REFUSED),
        .type = rf_event_type_name(RF_EVENT_PROCESS_REFUSED),
        .subject = name,
        .data = data,
    };
    rf_core_publish(core, &event);
    json_decref(data);
}
