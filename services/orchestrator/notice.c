#include "notice.h"

#include <stdlib.h>
#include <string.h>

#include <ringfence/id.h>

#include "base/utf8.h"
#include "events/json_text.h"
#include "outcome.h"
#include "reason.h"
#include "store/db.h"
#include "store/member.h"

static void put_text(json_t *object, const char *key, const char *text) {
    if (text && text[0])
        (void)json_object_set_new(object, key, json_string(text));
}

// ---- the text of an event ----

static bool is_utf8(const char *text) {
    for (size_t size = strlen(text), length; size > 0; text += length, size -= length) {
        uint32_t code;
        if ((length = rf_utf8_decode(text, size, &code)) == 0)
            return false;
    }
    return true;
}

// What is no UTF-8 is left out, as in put_text: an event that nobody can read would hold up all
// that follow it.
static void add_text(struct rf_text *text, const char *key, const char *value) {
    if (value && value[0] && is_utf8(value))
        rf_json_add_text(text, key, value);
}

// All but the data, of the severity of its type if `severity` is NULL.
static void begin_event(struct rf_text *text, enum rf_event_type type, const char *severity,
                        const char *subject, const char *campaign, const struct rf_contact *contact,
                        const char *service, struct rf_utc now) {
    char trace[RF_TRACE_SIZE];
    char id[RF_ULID_SIZE];
    rf_json_open(text, NULL, '{');
    add_text(text, "id", rf_ulid_new(now, id));
    rf_json_add_integer(text, "ts", now.ns);
    add_text(text, "severity", severity ? severity : rf_event_severity(type));
    add_text(text, "type", rf_event_type_name(type));
    add_text(text, "subject", subject);
    add_text(text, "campaign", campaign);
    if (contact != NULL) {
        add_text(text, "contact", contact->id);
        add_text(text, "trace", rf_contact_trace(contact, trace));
    }
    add_text(text, "service", service);
}

// Takes over `data`.
static char *notice(enum rf_event_type type, const char *severity, const char *subject,
                    const char *campaign, const struct rf_contact *contact, const char *service,
                    json_t *data, struct rf_utc now) {
    struct rf_text text = {0};
    char *dumped = data ? json_dumps(data, JSON_COMPACT) : NULL;
    json_decref(data);
    if (!dumped)
        return NULL;
    begin_event(&text, type, severity, subject, campaign, contact, service, now);
    rf_json_add_json(&text, "data", dumped);
    rf_json_close(&text, '}');
    free(dumped);
    return rf_text_take(&text);
}

static char *of_contact(enum rf_event_type type, const char *severity,
                        const struct rf_contact *contact, const char *service, json_t *data,
                        struct rf_utc now) {
    put_text(data, "phone", contact->phone);
    put_text(data, "name", contact->name);
    return notice(type, severity, contact->id, contact->campaign, contact, service, data, now);
}

static json_t *attempts_of(const struct rf_call_reply *reply) {
    json_t *list = json_array();
    for (size_t i = 0; reply && i < reply->attempts.count; i++) {
        const struct rf_attempt *attempt = &reply->attempts.items[i];
        json_t *item = json_object();
        put_text(item, "provider", attempt->provider);
        (void)json_object_set_new(item, "status", json_integer(attempt->status));
        put_text(item, "class", attempt->class);
        put_text(item, "code", attempt->code);
        put_text(item, "message", attempt->message);
        (void)json_object_set_new(item, "began", json_integer(attempt->began));
        (void)json_object_set_new(item, "took_ns", json_integer(attempt->took_ns));
        (void)json_object_set_new(item, "waited_ns", json_integer(attempt->waited_ns));
        put_text(item, "request_id", attempt->request_id);
        (void)json_array_append_new(list, item);
    }
    return list;
}

// Which call it was, and what was sent for it: whoever asks later what happened has it from here,
// as a gateway's own events are lost with the gateway.
static void put_call(json_t *data, const struct rf_notice_step *step) {
    if (step->reply) {
        put_text(data, "call", step->reply->id);
        put_text(data, "operation", step->operation);
        put_text(data, "worker", step->reply->worker);
    }
    (void)json_object_set_new(data, "attempts", attempts_of(step->reply));
}

// Of a dial of which it was not known until now whether it had made a call: nobody else tells of
// it, as the answer to it, if there was one, decided nothing.
static void put_doubt(json_t *data, const struct rf_contact *contact) {
    if (contact->state != RF_CONTACT_ASK || contact->dial.question)
        return;
    put_text(data, "dial", contact->dial.id);
    (void)json_object_set_new(data, "dialled", json_integer(contact->dial.created.ns));
}

// Of what was not finished.
static void put_tried(json_t *data, const struct rf_notice_step *step) {
    put_call(data, step);
    if (step->took.ns > 0)
        (void)json_object_set_new(data, "took_ns", json_integer(step->took.ns));
}

char *rf_notice_started(const struct rf_contact *contact, struct rf_utc now) {
    // Without a tree of values: there are thousands of these a second.
    struct rf_text text = {0};
    begin_event(&text, RF_EVENT_CONTACT_STARTED, NULL, contact->id, contact->campaign, contact,
                NULL, now);
    rf_json_open(&text, "data", '{');
    add_text(&text, "phone", contact->phone);
    add_text(&text, "name", contact->name);
    rf_json_close(&text, '}');
    rf_json_close(&text, '}');
    return rf_text_take(&text);
}

char *rf_notice_step(const struct rf_contact *contact, const struct rf_plan *plan,
                     const struct rf_notice_step *step, struct rf_utc now) {
    json_t *data = json_object();
    // The plan's may be that of the next step, for which the contact has to wait.
    const char *provider =
        step->reply && step->reply->provider ? step->reply->provider : plan->provider;
    put_text(data, "step", rf_step_name(step->step));
    put_text(data, "provider", provider);
    put_call(data, step);
    put_doubt(data, contact);
    (void)json_object_set_new(data, "took_ns", json_integer(step->took.ns));
    if (plan->text) {
        // The text itself is the contact's business, not the log's.
        json_t *text = json_string(plan->text);
        (void)json_object_set_new(data, "bytes",
                                  json_integer((json_int_t)json_string_length(text)));
        json_decref(text);
    }
    put_text(data, "audio", plan->audio);
    put_text(data, "format", plan->audio_format);
    if (plan->audio)
        (void)json_object_set_new(data, "size", json_integer(plan->audio_size));
    put_text(data, "sid", plan->sid);
    put_text(data, "status", plan->status);
    return of_contact(RF_EVENT_CONTACT_STEP, NULL, contact, provider, data, now);
}

// Of a call that ended, and that another one will follow.
static void put_ended(json_t *data, const struct rf_plan *plan) {
    if (plan->dial != RF_DIAL_ENDED)
        return;
    put_text(data, "sid", plan->sid);
    put_text(data, "status", plan->status);
    if (plan->duration_s >= 0)
        (void)json_object_set_new(data, "duration_s", json_integer(plan->duration_s));
    (void)json_object_set_new(data, "calls", json_integer(rf_outcome_calls(plan->unreached)));
}

char *rf_notice_deferred(const struct rf_contact *contact, const struct rf_plan *plan,
                         const struct rf_notice_step *step, struct rf_utc now) {
    json_t *data = json_object();
    put_text(data, "step", rf_step_name(step->step));
    put_text(data, "reason", plan->reason);
    put_text(data, "provider", plan->provider);
    put_text(data, "message", plan->message);
    (void)json_object_set_new(data, "until", json_integer(plan->due.ns));
    (void)json_object_set_new(data, "deferrals", json_integer(plan->deferrals));
    put_ended(data, plan);
    put_tried(data, step);
    put_doubt(data, contact);
    // That nobody was there, or that it is night, is no trouble of ours.
    bool recalled = plan->dial == RF_DIAL_ENDED && plan->class == RF_CLASS_OK;
    bool planned = recalled || plan->to == RF_CONTACT_WAIT_WINDOW;
    return of_contact(RF_EVENT_CONTACT_DEFERRED, planned ? "info" : NULL, contact, plan->provider,
                      data, now);
}

char *rf_notice_done(const struct rf_contact *contact, const struct rf_plan *plan,
                     struct rf_utc now) {
    json_t *data = json_object();
    put_text(data, "outcome", plan->status);
    put_text(data, "sid", plan->sid);
    put_text(data, "provider", plan->provider);
    if (plan->duration_s >= 0)
        (void)json_object_set_new(data, "duration_s", json_integer(plan->duration_s));
    return of_contact(RF_EVENT_CONTACT_DONE, NULL, contact, plan->provider, data, now);
}

char *rf_notice_set_aside(const struct rf_contact *contact, const struct rf_plan *plan,
                          const struct rf_notice_step *step, struct rf_utc now) {
    json_t *data = json_object();
    put_text(data, "step", rf_step_name(step->step));
    put_text(data, "reason", plan->reason);
    put_text(data, "class", rf_class_name(plan->class));
    put_text(data, "provider", plan->provider);
    put_text(data, "message", plan->message);
    if (step->reply)
        put_text(data, "code", step->reply->code);
    if (step->reply && step->reply->mark_made)
        (void)json_object_set_new(data, "mark_made", json_true());
    put_tried(data, step);
    put_doubt(data, contact);
    // Not to call somebody who does not want it is no failure, and nor is a person's decision.
    bool decided =
        strcmp(plan->reason, rf_reason_name(RF_REASON_DO_NOT_CALL)) == 0 ||
        (step->reply == NULL && strcmp(plan->reason, rf_reason_name(RF_REASON_CANCELLED)) == 0);
    const char *severity = decided ? "info" : NULL;
    return of_contact(RF_EVENT_CONTACT_SET_ASIDE, severity, contact, plan->provider, data, now);
}

char *rf_notice_loaded(const char *campaign, int64_t added, int64_t known, int64_t total,
                       struct rf_utc now) {
    json_t *data = json_pack("{s:I,s:I,s:I}", "added", (json_int_t)added, "known",
                             (json_int_t)known, "total", (json_int_t)total);
    return notice(RF_EVENT_CAMPAIGN_LOADED, NULL, campaign, campaign, NULL, NULL, data, now);
}

char *rf_notice_ordered(const char *campaign, enum rf_campaign_order order,
                        enum rf_campaign_state from, enum rf_campaign_state to, int64_t contacts,
                        const struct rf_person *person, struct rf_utc now) {
    json_t *data = json_pack("{s:s,s:s,s:s,s:I}", "order", rf_campaign_order_name(order), "from",
                             rf_campaign_state_name(from), "to", rf_campaign_state_name(to),
                             "contacts", (json_int_t)contacts);
    put_text(data, "who", person->by);
    put_text(data, "why", person->why);
    return notice(RF_EVENT_CAMPAIGN_ORDERED, NULL, campaign, campaign, NULL, NULL, data, now);
}

char *rf_notice_set(const char *campaign, int64_t version, json_t *settings, struct rf_utc now) {
    json_t *data = json_pack("{s:I,s:O}", "version", (json_int_t)version, "settings", settings);
    return notice(RF_EVENT_CAMPAIGN_SET, NULL, campaign, campaign, NULL, NULL, data, now);
}

// `change` is "added" or "removed"; `by` may be NULL.
char *rf_notice_dnc(const char *change, int64_t count, const char *by, struct rf_utc now) {
    json_t *data = json_pack("{s:I}", change, (json_int_t)count);
    put_text(data, "by", by);
    return notice(RF_EVENT_DNC_CHANGED, NULL, "do-not-call", NULL, NULL, NULL, data, now);
}

char *rf_notice_finished(const char *campaign, int64_t done, int64_t set_aside, int64_t total,
                         struct rf_utc now) {
    json_t *data = json_pack("{s:I,s:I,s:I}", "done", (json_int_t)done, "set_aside",
                             (json_int_t)set_aside, "total", (json_int_t)total);
    return notice(RF_EVENT_CAMPAIGN_FINISHED, NULL, campaign, campaign, NULL, NULL, data, now);
}

char *rf_notice_stalled(const char *campaign, struct rf_utc since, int64_t due, int64_t in_progress,
                        struct rf_utc now) {
    json_t *data = json_pack("{s:I,s:I,s:I}", "since", (json_int_t)since.ns, "due", (json_int_t)due,
                             "in_progress", (json_int_t)in_progress);
    return notice(RF_EVENT_QUEUE_STALLED, NULL, campaign, campaign, NULL, NULL, data, now);
}

char *rf_notice_moving(const char *campaign, struct rf_duration held, struct rf_utc now) {
    json_t *data = json_pack("{s:I}", "held_ns", (json_int_t)held.ns);
    return notice(RF_EVENT_QUEUE_MOVING, NULL, campaign, campaign, NULL, NULL, data, now);
}

// What was given no text stands for want of memory. Without a stream of ours there is no number,
// and the outbox takes no event without one.
static enum rf_err insert_part(struct rf_db *db, int64_t first, char *const *texts, size_t count,
                               struct rf_error *error) {
    static const struct rf_db_many insert = {
        "INSERT INTO outbox (stream, seq, event) SELECT s.id, s.next + e.column1, e.column2"
        " FROM (SELECT 1) AS one LEFT JOIN stream s ON s.owner = ? AND s.open = 1"
        " CROSS JOIN (VALUES ",
        "(?, ?)", ") AS e", 1, 2};
    struct rf_db_value values[1 + RF_DB_MANY_MAX * 2] = {
        {.type = 'i', .integer = rf_member_of(db)}};
    for (size_t i = 0; i < count; i++) {
        if (!texts[i])
            return rf_error_set(error, RF_ERR_NOMEM, "out of memory for an event");
        values[1 + 2 * i] = (struct rf_db_value){.type = 'i', .integer = first + (int64_t)i};
        values[2 + 2 * i] = (struct rf_db_value){.type = 't', .text = texts[i]};
    }
    return rf_db_later_many(db, error, &insert, values, count);
}

// The numbers are taken in the transaction of their events: there are no gaps.
enum rf_err rf_notice_store_all(struct rf_db *db, char *const *texts, size_t count,
                                struct rf_error *error) {
    enum rf_err err = RF_OK;
    for (size_t done = 0, part; err == RF_OK && done < count; done += part) {
        part = rf_db_many_part(count - done);
        err = insert_part(db, (int64_t)done, texts + done, part, error);
    }
    if (err == RF_OK && count > 0)
        err =
            rf_db_later(db, error, "UPDATE stream SET next = next + ? WHERE owner = ? AND open = 1",
                        "ii", (int64_t)count, rf_member_of(db));
    return err;
}

enum rf_err rf_notice_store(struct rf_db *db, const char *text, struct rf_error *error) {
    return rf_notice_store_all(db, (char *const *)&text, 1, error);
}

static const char *text_of(const json_t *event, const char *key) {
    return json_string_value(json_object_get(event, key));
}

enum rf_err rf_notice_parse(const char *text, struct rf_event *event, json_t **root,
                            struct rf_error *error) {
    *root = json_loads(text ? text : "", 0, NULL);
    if (!json_is_object(*root)) {
        json_decref(*root);
        *root = NULL;
        return rf_error_set(error, RF_ERR_INVALID, "the outbox holds an event that is no JSON");
    }
    *event = (struct rf_event){.id = text_of(*root, "id"),
                               .ts = json_integer_value(json_object_get(*root, "ts")),
                               .severity = text_of(*root, "severity"),
                               .type = text_of(*root, "type"),
                               .subject = text_of(*root, "subject"),
                               .service = text_of(*root, "service"),
                               .campaign = text_of(*root, "campaign"),
                               .contact = text_of(*root, "contact"),
                               .trace = text_of(*root, "trace"),
                               .data = json_object_get(*root, "data")};
    return RF_OK;
}
