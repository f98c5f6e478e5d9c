// What is said of providers: breakers, gateways that are kept out, marks, retries.
#include "events/sentence_words.h"

#include <string.h>

#include "events/field.h"

// Nobody shall take what an observing breaker decides for what happens.
static bool observes(const struct rf_event *event) {
    const char *mode = rf_field_text(event, "mode"), *force = rf_field_text(event, "force");
    return mode != NULL && strcmp(mode, "observe") == 0 &&
           (force == NULL || strcmp(force, "none") == 0);
}

void rf_say_breaker_opened(const struct rf_event *event, struct rf_text *text) {
    const char *cause = rf_field_text(event, "cause");
    rf_say_subject(text, event, "Circuit breaker of ", "");
    if (cause != NULL && strcmp(cause, "test_failed") == 0)
        rf_text_add(text, " opened again, as the test request failed");
    else if (cause != NULL && strcmp(cause, "failures") == 0) {
        rf_text_add(text, " opened");
        rf_say_number(text, event, " after ", "failures", " failures in a row");
    } else if (cause != NULL && strcmp(cause, "test_slow") == 0) {
        rf_text_add(text, " opened again, as the test request was slow");
    } else if (cause != NULL && strcmp(cause, "failure_rate") == 0) {
        rf_text_add(text, " opened, as too many of its latest calls failed");
    } else if (cause != NULL && strcmp(cause, "slow_rate") == 0) {
        rf_text_add(text, " opened, as too many of its latest calls were slow");
    } else {
        rf_text_add(text, " opened");
        rf_say_field(text, event, " (", "cause", ")");
    }
    if (observes(event))
        rf_text_add(text, "; it only observes: nothing is held back");
    else
        rf_say_time(text, event, ", its calls fail at once until ", "until");
    rf_say_field(text, event, "; last error: ", "last_error", "");
}

void rf_say_breaker_half_open(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Circuit breaker of ", "");
    rf_text_add(text, observes(event) ? " is half open; it only observes: nothing is held back"
                                      : " is half open: one test request may pass");
    rf_say_span(text, event, " (after ", "held_ns", ")");
}

void rf_say_breaker_closed(const struct rf_event *event, struct rf_text *text) {
    const char *cause = rf_field_text(event, "cause");
    rf_say_subject(text, event, "Circuit breaker of ", "");
    rf_text_add(text, observes(event) ? " closed; it only observes: nothing was held back"
                                      : " closed, calls flow again");
    if (cause != NULL && strcmp(cause, "test_passed") == 0)
        rf_text_add(text, ": the test request succeeded");
    else
        rf_say_field(text, event, " (", "cause", ")");
}

void rf_say_breaker_forced(const struct rf_event *event, struct rf_text *text) {
    const char *force = rf_field_text(event, "force");
    rf_say_subject(text, event, "Circuit breaker of ", "");
    if (force != NULL && strcmp(force, "disabled") == 0)
        rf_text_add(text, " was disabled");
    else
        rf_say_field(text, event, " was forced ", "force", "");
    rf_say_time(text, event, " until ", "until");
    rf_say_person(text, event);
}

void rf_say_breaker_force_ended(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Circuit breaker of ",
                   " decides by itself again: the end of what was forced is reached");
    rf_say_span(text, event, " (after ", "held_ns", ")");
}

void rf_say_breaker_reset(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Circuit breaker of ", " was reset");
    rf_say_person(text, event);
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

void rf_say_worker_ejected(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Gateway ", "");
    rf_say_field(text, event, " is kept from ", "provider", "");
    rf_say_time(text, event, " until ", "until");
    add_evidence(text, json_object_get(event->data, "evidence"));
    rf_say_field(text, event, ", and then a call by ", "confirmed_by", " succeeded");
    rf_say_number(text, event, "; ", "left", " gateways go on");
    rf_say_field(text, event, "; its last error: ", "last_error", "");
}

void rf_say_worker_readmitted(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Gateway ", "");
    rf_say_field(text, event, " may ask ", "provider", " again");
    rf_say_span(text, event, " (after ", "held_ns", ")");
    rf_say_field(text, event, ": ", "why", "");
}

static void say_status(struct rf_text *text, const struct rf_event *event, const char *is) {
    rf_say_subject(text, event, "Provider ", is);
    rf_say_time(text, event, " since ", "since");
    rf_say_field(text, event, ": ", "why", "");
}

void rf_say_provider_up(const struct rf_event *event, struct rf_text *text) {
    const char *from = rf_field_text(event, "from");
    bool again = from != NULL && strcmp(from, "unknown") != 0;
    say_status(text, event, again ? " is up again" : " is up");
}

void rf_say_provider_degraded(const struct rf_event *event, struct rf_text *text) {
    say_status(text, event, " is degraded");
}

void rf_say_provider_down(const struct rf_event *event, struct rf_text *text) {
    say_status(text, event, " is down");
}

void rf_say_mark_set(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Provider ", " is marked unusable");
    rf_say_failure(text, event);
    rf_say_field(text, event, "; cleared by: ", "clears", "");
}

void rf_say_mark_cleared(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Provider ", " is usable again");
    rf_say_field(text, event, ": ", "why", "");
}

void rf_say_key_set_aside(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "A key of provider ", "");
    rf_say_field(text, event, " (", "key", ")");
    rf_text_add(text, " is set aside");
    rf_say_failure(text, event);
    rf_say_number(text, event, "; keys left: ", "left", "");
    rf_say_field(text, event, "; cleared by: ", "clears", "");
}

void rf_say_key_cleared(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "A key of provider ", "");
    rf_say_field(text, event, " (", "key", ")");
    rf_text_add(text, " is no longer set aside");
    rf_say_field(text, event, ": ", "why", "");
}

// For whom the provider was asked, where that is known.
static void add_for_contact(struct rf_text *text, const struct rf_event *event) {
    if (event->contact == NULL)
        return;
    rf_text_add(text, " for contact ");
    rf_say_name(text, event->contact);
}

void rf_say_retry_scheduled(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Provider ", "");
    rf_say_number(text, event, ": attempt ", "attempt", "");
    add_for_contact(text, event);
    rf_text_add(text, " failed");
    rf_say_failure(text, event);
    rf_say_span(text, event, "; next try in ", "wait_ns", "");
}

void rf_say_fallback_used(const struct rf_event *event, struct rf_text *text) {
    rf_say_name(text, event->subject);
    rf_text_add(text, " served");
    rf_say_field(text, event, " a call of ", "service", "");
    rf_say_field(text, event, " instead of ", "instead_of", "");
    rf_say_failure(text, event);
}

void rf_say_retry_exhausted(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Provider ", ": the last retry");
    add_for_contact(text, event);
    rf_text_add(text, " failed");
    rf_say_number(text, event, " after ", "attempts", " attempts");
    rf_say_failure(text, event);
}

void rf_say_metric_attempts(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Provider ", "");
    rf_say_number(text, event, ": attempts: ", "attempts", "");
    rf_say_number(text, event, ", of which failed: ", "failed", "");
}
