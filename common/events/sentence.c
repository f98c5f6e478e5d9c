#include "events/sentence.h"

#include <inttypes.h>
#include <string.h>

#include "events/field.h"

#define NAME_BYTES  128 // of subjects and other short texts from outside
#define WORDS_BYTES 400 // of messages

typedef void sentence_fn(const struct rf_event *event, struct rf_text *text);

static void add_name(struct rf_text *text, const char *name) {
    rf_text_add_clean(text, name == NULL || name[0] == '\0' ? "?" : name, NAME_BYTES);
}

// Appends `before`, the text `key` of the data, and `after`, if there is such a text.
static void add_field(struct rf_text *text, const struct rf_event *event, const char *before,
                      const char *key, const char *after) {
    const char *value = rf_field_text(event, key);
    if (value == NULL)
        return;
    rf_text_add(text, "%s", before);
    rf_text_add_clean(text, value, WORDS_BYTES);
    rf_text_add(text, "%s", after);
}

static void add_number(struct rf_text *text, const struct rf_event *event, const char *before,
                       const char *key, const char *after) {
    int64_t number;
    if (rf_field_count(event, key, &number))
        rf_text_add(text, "%s%" PRId64 "%s", before, number, after);
}

static void add_time(struct rf_text *text, const struct rf_event *event, const char *before,
                     const char *key) {
    int64_t ns;
    char when[RF_TIME_TEXT_SIZE];
    if (rf_field_number(event, key, &ns) && ns > 0)
        rf_text_add(text, "%s%s", before, rf_time_text((struct rf_utc){ns}, when));
}

static void add_span(struct rf_text *text, const struct rf_event *event, const char *before,
                     const char *key, const char *after) {
    int64_t ns;
    char span[RF_TIME_TEXT_SIZE];
    if (rf_field_number(event, key, &ns) && ns >= 0)
        rf_text_add(text, "%s%s%s", before, rf_span_text(rf_ns(ns), span), after);
}

// " (transient, HTTP 503): the provider's words", as far as they are known.
static void add_failure(struct rf_text *text, const struct rf_event *event) {
    int64_t status = 0;
    const char *class = rf_field_text(event, "class");
    rf_field_number(event, "status", &status);
    if (class != NULL || status > 0) {
        rf_text_add(text, " (");
        rf_text_add_clean(text, class, NAME_BYTES);
        if (status > 0)
            rf_text_add(text, "%sHTTP %" PRId64, class == NULL ? "" : ", ", status);
        rf_text_add(text, ")");
    }
    add_field(text, event, ": ", "message", "");
}

static void add_contact(struct rf_text *text, const struct rf_event *event) {
    rf_text_add(text, "Contact ");
    add_name(text, event->subject);
    rf_text_add(text, ": ");
}

static void process_ready(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Process ");
    add_name(text, event->subject);
    rf_text_add(text, " is ready");
}

static void process_stopped(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Process ");
    add_name(text, event->subject);
    rf_text_add(text, " stopped in order");
}

static void process_lost(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Process ");
    add_name(text, event->subject);
    rf_text_add(text, " is gone without a word");
    add_time(text, event, "; its entry last changed at ", "last_change");
}

// Nobody shall take what an observing breaker decides for what happens.
static bool observes(const struct rf_event *event) {
    const char *mode = rf_field_text(event, "mode"), *force = rf_field_text(event, "force");
    return mode != NULL && strcmp(mode, "observe") == 0 &&
           (force == NULL || strcmp(force, "none") == 0);
}

static void breaker_opened(const struct rf_event *event, struct rf_text *text) {
    const char *cause = rf_field_text(event, "cause");
    rf_text_add(text, "Circuit breaker of ");
    add_name(text, event->subject);
    if (cause != NULL && strcmp(cause, "test_failed") == 0)
        rf_text_add(text, " opened again, as the test request failed");
    else if (cause != NULL && strcmp(cause, "failures") == 0) {
        rf_text_add(text, " opened");
        add_number(text, event, " after ", "failures", " failures in a row");
    } else if (cause != NULL && strcmp(cause, "test_slow") == 0) {
        rf_text_add(text, " opened again, as the test request was slow");
    } else if (cause != NULL && strcmp(cause, "failure_rate") == 0) {
        rf_text_add(text, " opened, as too many of its latest calls failed");
    } else if (cause != NULL && strcmp(cause, "slow_rate") == 0) {
        rf_text_add(text, " opened, as too many of its latest calls were slow");
    } else {
        rf_text_add(text, " opened");
        add_field(text, event, " (", "cause", ")");
    }
    if (observes(event))
        rf_text_add(text, "; it only observes: nothing is held back");
    else
        add_time(text, event, ", its calls fail at once until ", "until");
    add_field(text, event, "; last error: ", "last_error", "");
}

static void breaker_half_open(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Circuit breaker of ");
    add_name(text, event->subject);
    rf_text_add(text, observes(event) ? " is half open; it only observes: nothing is held back"
                                      : " is half open: one test request may pass");
    add_span(text, event, " (after ", "held_ns", ")");
}

static void breaker_closed(const struct rf_event *event, struct rf_text *text) {
    const char *cause = rf_field_text(event, "cause");
    rf_text_add(text, "Circuit breaker of ");
    add_name(text, event->subject);
    rf_text_add(text, observes(event) ? " closed; it only observes: nothing was held back"
                                      : " closed, calls flow again");
    if (cause != NULL && strcmp(cause, "test_passed") == 0)
        rf_text_add(text, ": the test request succeeded");
    else
        add_field(text, event, " (", "cause", ")");
}

static void add_person(struct rf_text *text, const struct rf_event *event) {
    add_field(text, event, " by ", "who", "");
    add_field(text, event, ": ", "why", "");
}

static void breaker_forced(const struct rf_event *event, struct rf_text *text) {
    const char *force = rf_field_text(event, "force");
    rf_text_add(text, "Circuit breaker of ");
    add_name(text, event->subject);
    if (force != NULL && strcmp(force, "disabled") == 0)
        rf_text_add(text, " was disabled");
    else
        add_field(text, event, " was forced ", "force", "");
    add_time(text, event, " until ", "until");
    add_person(text, event);
}

static void breaker_force_ended(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Circuit breaker of ");
    add_name(text, event->subject);
    rf_text_add(text, " decides by itself again: the end of what was forced is reached");
    add_span(text, event, " (after ", "held_ns", ")");
}

static void breaker_reset(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Circuit breaker of ");
    add_name(text, event->subject);
    rf_text_add(text, " was reset");
    add_person(text, event);
}

static void add_evidence(struct rf_text *text, const json_t *evidence) {
    json_int_t failed = json_integer_value(json_object_get(evidence, "failed"));
    json_int_t others = json_integer_value(json_object_get(evidence, "others_failed"));
    if (evidence != NULL)
        rf_text_add(
            text, ": %lld of its latest %lld calls there failed, and %lld of %lld of the others",
            (long long)failed, (long long)json_integer_value(json_object_get(evidence, "total")),
            (long long)others,
            (long long)json_integer_value(json_object_get(evidence, "others_total")));
}

static void worker_ejected(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Gateway ");
    add_name(text, event->subject);
    add_field(text, event, " is kept from ", "provider", "");
    add_time(text, event, " until ", "until");
    add_evidence(text, json_object_get(event->data, "evidence"));
    add_field(text, event, ", and then a call by ", "confirmed_by", " succeeded");
    add_number(text, event, "; ", "left", " gateways go on");
    add_field(text, event, "; its last error: ", "last_error", "");
}

static void worker_readmitted(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Gateway ");
    add_name(text, event->subject);
    add_field(text, event, " may ask ", "provider", " again");
    add_span(text, event, " (after ", "held_ns", ")");
    add_field(text, event, ": ", "why", "");
}

static void provider_up(const struct rf_event *event, struct rf_text *text) {
    const char *from = rf_field_text(event, "from");
    bool again = from != NULL && strcmp(from, "down") == 0;
    rf_text_add(text, "Provider ");
    add_name(text, event->subject);
    rf_text_add(text, again ? " is up again" : " is up");
    add_time(text, event, " since ", "since");
    add_field(text, event, ": ", "why", "");
}

static void provider_down(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Provider ");
    add_name(text, event->subject);
    rf_text_add(text, " is down");
    add_time(text, event, " since ", "since");
    add_field(text, event, ": ", "why", "");
}

static void mark_set(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Provider ");
    add_name(text, event->subject);
    rf_text_add(text, " is marked unusable");
    add_failure(text, event);
    add_field(text, event, "; cleared by: ", "clears", "");
}

static void mark_cleared(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Provider ");
    add_name(text, event->subject);
    rf_text_add(text, " is usable again");
    add_field(text, event, ": ", "why", "");
}

static void key_set_aside(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "A key of provider ");
    add_name(text, event->subject);
    add_field(text, event, " (", "key", ")");
    rf_text_add(text, " is set aside");
    add_failure(text, event);
    add_number(text, event, "; keys left: ", "left", "");
    add_field(text, event, "; cleared by: ", "clears", "");
}

static void key_cleared(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "A key of provider ");
    add_name(text, event->subject);
    add_field(text, event, " (", "key", ")");
    rf_text_add(text, " is no longer set aside");
    add_field(text, event, ": ", "why", "");
}

// For whom the provider was asked, where that is known.
static void add_for_contact(struct rf_text *text, const struct rf_event *event) {
    if (event->contact == NULL)
        return;
    rf_text_add(text, " for contact ");
    add_name(text, event->contact);
}

static void retry_scheduled(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Provider ");
    add_name(text, event->subject);
    add_number(text, event, ": attempt ", "attempt", "");
    add_for_contact(text, event);
    rf_text_add(text, " failed");
    add_failure(text, event);
    add_span(text, event, "; next try in ", "wait_ns", "");
}

static void fallback_used(const struct rf_event *event, struct rf_text *text) {
    add_name(text, event->subject);
    rf_text_add(text, " served");
    add_field(text, event, " a call of ", "service", "");
    add_field(text, event, " instead of ", "instead_of", "");
    add_failure(text, event);
}

static void retry_exhausted(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Provider ");
    add_name(text, event->subject);
    rf_text_add(text, ": the last retry");
    add_for_contact(text, event);
    rf_text_add(text, " failed");
    add_number(text, event, " after ", "attempts", " attempts");
    add_failure(text, event);
}

static void campaign_loaded(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Campaign ");
    add_name(text, event->subject);
    rf_text_add(text, " loaded");
    add_number(text, event, ": ", "added", " contacts added");
    add_number(text, event, ", ", "known", " known before");
    add_number(text, event, ", ", "total", " in all");
}

static void campaign_ordered(const struct rf_event *event, struct rf_text *text) {
    const char *order = rf_field_text(event, "order");
    rf_text_add(text, "Campaign ");
    add_name(text, event->subject);
    rf_text_add(text, ": ");
    rf_text_add_clean(text, order ? order : "order", 32);
    add_number(text, event, ", ", "contacts", " contacts");
    add_field(text, event, ", now ", "to", "");
}

static void campaign_set(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Campaign ");
    add_name(text, event->subject);
    rf_text_add(text, " has other settings of its own");
    add_number(text, event, ", version ", "version", "");
}

static void dnc_changed(const struct rf_event *event, struct rf_text *text) {
    const char *by = rf_field_text(event, "by");
    rf_text_add(text, "The ");
    add_name(text, event->subject);
    rf_text_add(text, " list has changed");
    add_number(text, event, ": ", "added", " numbers added");
    add_number(text, event, ": ", "removed", " numbers removed");
    if (by != NULL) {
        rf_text_add(text, " by ");
        add_name(text, by);
    }
}

static void campaign_finished(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Campaign ");
    add_name(text, event->subject);
    rf_text_add(text, " finished");
    add_number(text, event, ": ", "done", " done");
    add_number(text, event, ", ", "set_aside", " set aside");
    add_number(text, event, ", ", "total", " in all");
}

static void contact_started(const struct rf_event *event, struct rf_text *text) {
    add_contact(text, event);
    rf_text_add(text, "work begins");
    add_field(text, event, " on ", "name", "");
    add_field(text, event, ", ", "phone", "");
}

static void contact_step(const struct rf_event *event, struct rf_text *text) {
    int64_t attempts = 0;
    add_contact(text, event);
    add_field(text, event, "", "step", " ");
    rf_text_add(text, "finished");
    add_field(text, event, " by ", "provider", "");
    add_span(text, event, " in ", "took_ns", "");
    if (rf_field_count(event, "attempts", &attempts) && attempts > 1)
        rf_text_add(text, " after %" PRId64 " attempts", attempts);
}

// That it waits for its calling window: the reasons of common/calendar/calling.h.
static bool is_outside_window(const struct rf_event *event) {
    const char *reason = rf_field_text(event, "reason");
    return reason != NULL && (strcmp(reason, "hour") == 0 || strcmp(reason, "weekday") == 0 ||
                              strcmp(reason, "holiday") == 0);
}

static void contact_deferred(const struct rf_event *event, struct rf_text *text) {
    int64_t calls;
    add_contact(text, event);
    if (rf_field_number(event, "calls", &calls)) {
        rf_text_add(text, "its call %" PRId64 " ended", calls);
        add_field(text, event, ": ", "status", "");
        add_time(text, event, "; it is called again at ", "until");
        return;
    }
    if (is_outside_window(event)) {
        rf_text_add(text, "waits for its calling window");
        add_time(text, event, ", which opens at ", "until");
        add_field(text, event, " (", "reason", ")");
        return;
    }
    rf_text_add(text, "deferred");
    add_field(text, event, " at ", "step", "");
    add_field(text, event, ": ", "reason", "");
    add_field(text, event, " (", "provider", ")");
}

static void contact_done(const struct rf_event *event, struct rf_text *text) {
    add_contact(text, event);
    rf_text_add(text, "its call ended");
    add_field(text, event, ": ", "outcome", "");
    add_number(text, event, " after ", "duration_s", " s");
}

static void call_told(const struct rf_event *event, struct rf_text *text) {
    add_field(text, event, "", "provider", " tells of call ");
    add_name(text, event->subject);
    add_field(text, event, ": ", "status", "");
    add_number(text, event, " after ", "duration_s", " s");
    add_field(text, event, ", answered by ", "answered_by", "");
}

static void contact_set_aside(const struct rf_event *event, struct rf_text *text) {
    const char *reason = rf_field_text(event, "reason");
    add_contact(text, event);
    rf_text_add(text, "set aside");
    add_field(text, event, " at ", "step", "");
    if (reason != NULL && strcmp(reason, "retries_exhausted") == 0)
        rf_text_add(text, ", retries exhausted");
    else if (reason != NULL && strcmp(reason, "call_lost") == 0)
        rf_text_add(text, ", as its provider does not know the call any more");
    else if (reason != NULL && strcmp(reason, "call_unknown") == 0)
        rf_text_add(text, ", as its provider does not say whether it was called");
    else if (reason != NULL && strncmp(reason, "permanent.", 10) == 0)
        add_field(text, event, ", permanent failure (", "reason", ")");
    else
        add_field(text, event, ", ", "reason", "");
    add_number(text, event, " after ", "attempts", " attempts");
    add_field(text, event, " at ", "provider", "");
    add_field(text, event, ": ", "message", "");
}

static void alert_sent(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Alert");
    add_field(text, event, " ", "alert", "");
    add_field(text, event, " of ", "event", "");
    rf_text_add(text, " was taken by ");
    add_name(text, event->subject);
    add_number(text, event, " at attempt ", "attempts", "");
}

static void alert_failed(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Alert");
    add_field(text, event, " ", "alert", "");
    rf_text_add(text, " was not taken by ");
    add_name(text, event->subject);
    add_number(text, event, " at attempt ", "attempts", "");
    add_field(text, event, ": ", "message", "");
}

static void sink_failed(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Log sink ");
    add_name(text, event->subject);
    rf_text_add(text, " cannot be written");
    add_field(text, event, ": ", "message", "");
}

static void sink_recovered(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Log sink ");
    add_name(text, event->subject);
    rf_text_add(text, " works again");
}

// What is missing cannot be known: not every number was given, nor was each for this subscriber.
static void journal_trimmed(const struct rf_event *event, struct rf_text *text) {
    add_name(text, event->subject);
    rf_text_add(text, " may have missed events: the journal no longer has what");
    add_number(text, event, " lay from number ", "from", "");
    add_number(text, event, " to ", "to", "");
}

static void journal_replaced(const struct rf_event *event, struct rf_text *text) {
    add_name(text, event->subject);
    add_number(text, event, " had read the journal to number ", "after", "");
    rf_text_add(text, " before it was replaced by another, or by an older copy, and goes on");
    add_number(text, event, " behind number ", "from", "");
    rf_text_add(text, " of what is there now; it may have missed events");
}

static void subscriber_forgotten(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Subscriber ");
    add_name(text, event->subject);
    rf_text_add(text, " is forgotten");
    add_field(text, event, " (", "why", ")");
    add_time(text, event, "; it was last heard of at ", "heard");
    add_number(text, event, ", had taken all up to number ", "taken", "");
    rf_text_add(text, ", and what it has not taken is no longer kept for it");
}

static sentence_fn *const sentences[RF_EVENT_COUNT] = {
    [RF_EVENT_PROCESS_READY] = process_ready,
    [RF_EVENT_PROCESS_STOPPED] = process_stopped,
    [RF_EVENT_PROCESS_LOST] = process_lost,
    [RF_EVENT_BREAKER_OPENED] = breaker_opened,
    [RF_EVENT_BREAKER_HALF_OPEN] = breaker_half_open,
    [RF_EVENT_BREAKER_CLOSED] = breaker_closed,
    [RF_EVENT_BREAKER_FORCED] = breaker_forced,
    [RF_EVENT_BREAKER_FORCE_ENDED] = breaker_force_ended,
    [RF_EVENT_BREAKER_RESET] = breaker_reset,
    [RF_EVENT_WORKER_EJECTED] = worker_ejected,
    [RF_EVENT_WORKER_READMITTED] = worker_readmitted,
    [RF_EVENT_PROVIDER_UP] = provider_up,
    [RF_EVENT_PROVIDER_DOWN] = provider_down,
    [RF_EVENT_MARK_SET] = mark_set,
    [RF_EVENT_MARK_CLEARED] = mark_cleared,
    [RF_EVENT_KEY_SET_ASIDE] = key_set_aside,
    [RF_EVENT_KEY_CLEARED] = key_cleared,
    [RF_EVENT_RETRY_SCHEDULED] = retry_scheduled,
    [RF_EVENT_RETRY_EXHAUSTED] = retry_exhausted,
    [RF_EVENT_FALLBACK_USED] = fallback_used,
    [RF_EVENT_CAMPAIGN_LOADED] = campaign_loaded,
    [RF_EVENT_CAMPAIGN_ORDERED] = campaign_ordered,
    [RF_EVENT_CAMPAIGN_SET] = campaign_set,
    [RF_EVENT_DNC_CHANGED] = dnc_changed,
    [RF_EVENT_CAMPAIGN_FINISHED] = campaign_finished,
    [RF_EVENT_CONTACT_STARTED] = contact_started,
    [RF_EVENT_CONTACT_STEP] = contact_step,
    [RF_EVENT_CONTACT_DEFERRED] = contact_deferred,
    [RF_EVENT_CONTACT_DONE] = contact_done,
    [RF_EVENT_CONTACT_SET_ASIDE] = contact_set_aside,
    [RF_EVENT_CALL_TOLD] = call_told,
    [RF_EVENT_ALERT_SENT] = alert_sent,
    [RF_EVENT_ALERT_FAILED] = alert_failed,
    [RF_EVENT_SINK_FAILED] = sink_failed,
    [RF_EVENT_SINK_RECOVERED] = sink_recovered,
    [RF_EVENT_JOURNAL_TRIMMED] = journal_trimmed,
    [RF_EVENT_JOURNAL_REPLACED] = journal_replaced,
    [RF_EVENT_SUBSCRIBER_FORGOTTEN] = subscriber_forgotten,
};

// The catalogue's names, taken here so that this library needs nothing of the wire.
static const char *const type_names[RF_EVENT_COUNT] = {
#define EVENT(name, type, severity, meaning) [RF_EVENT_##name] = (type),
#include <ringfence/messages.def>
};

void rf_event_sentence(const struct rf_event *event, struct rf_text *text) {
    for (size_t i = 0; i < RF_EVENT_COUNT; i++) {
        if (sentences[i] != NULL && strcmp(event->type, type_names[i]) == 0) {
            sentences[i](event, text);
            return;
        }
    }
    add_name(text, event->type);
    rf_text_add(text, " ");
    add_name(text, event->subject);
    add_field(text, event, ": ", "message", "");
}
