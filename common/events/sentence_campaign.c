// What is said of campaigns, contacts and calls.
#include "events/sentence_words.h"

#include <inttypes.h>
#include <string.h>

#include "events/field.h"

static void add_contact(struct rf_text *text, const struct rf_event *event) {
    rf_say_subject(text, event, "Contact ", ": ");
}

void rf_say_campaign_loaded(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Campaign ", " loaded");
    rf_say_number(text, event, ": ", "added", " contacts added");
    rf_say_number(text, event, ", ", "known", " known before");
    rf_say_number(text, event, ", ", "total", " in all");
}

void rf_say_campaign_ordered(const struct rf_event *event, struct rf_text *text) {
    const char *order = rf_field_text(event, "order");
    rf_say_subject(text, event, "Campaign ", ": ");
    rf_text_add_clean(text, order ? order : "order", 32);
    rf_say_number(text, event, ", ", "contacts", " contacts");
    rf_say_field(text, event, ", now ", "to", "");
    rf_say_field(text, event, ", by ", "who", "");
    rf_say_field(text, event, ": ", "why", "");
}

void rf_say_campaign_set(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Campaign ", " has other settings of its own");
    rf_say_number(text, event, ", version ", "version", "");
}

void rf_say_dnc_changed(const struct rf_event *event, struct rf_text *text) {
    const char *by = rf_field_text(event, "by");
    rf_say_subject(text, event, "The ", " list has changed");
    rf_say_number(text, event, ": ", "added", " numbers added");
    rf_say_number(text, event, ": ", "removed", " numbers removed");
    if (by != NULL) {
        rf_text_add(text, " by ");
        rf_say_name(text, by);
    }
}

void rf_say_campaign_finished(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Campaign ", " finished");
    rf_say_number(text, event, ": ", "done", " done");
    rf_say_number(text, event, ", ", "set_aside", " set aside");
    rf_say_number(text, event, ", ", "total", " in all");
}

void rf_say_contact_started(const struct rf_event *event, struct rf_text *text) {
    add_contact(text, event);
    rf_text_add(text, "work begins");
    rf_say_field(text, event, " on ", "name", "");
    rf_say_field(text, event, ", ", "phone", "");
}

void rf_say_contact_step(const struct rf_event *event, struct rf_text *text) {
    int64_t attempts = 0;
    add_contact(text, event);
    rf_say_field(text, event, "", "step", " ");
    rf_text_add(text, "finished");
    rf_say_field(text, event, " by ", "provider", "");
    rf_say_span(text, event, " in ", "took_ns", "");
    if (rf_field_count(event, "attempts", &attempts) && attempts > 1)
        rf_say_number(text, event, " after ", "attempts", " attempts");
}

// That it waits for its calling window: the reasons of common/calendar/calling.h.
static bool is_outside_window(const struct rf_event *event) {
    const char *reason = rf_field_text(event, "reason");
    return reason != NULL && (strcmp(reason, "hour") == 0 || strcmp(reason, "weekday") == 0 ||
                              strcmp(reason, "holiday") == 0);
}

// The two that everybody meets, in words; the others as programs have them.
static void add_reason(struct rf_text *text, const struct rf_event *event) {
    const char *reason = rf_field_text(event, "reason");
    if (reason != NULL && strcmp(reason, "no_worker") == 0) {
        rf_text_add(text, ": no service gateway is there for it");
        return;
    }
    if (reason != NULL && strcmp(reason, "breaker_open") == 0) {
        rf_text_add(text, ": the circuit breaker");
        rf_say_field(text, event, " of ", "provider", "");
        rf_text_add(text, " is open");
        return;
    }
    rf_say_field(text, event, ": ", "reason", "");
    rf_say_field(text, event, " (", "provider", ")");
}

void rf_say_contact_deferred(const struct rf_event *event, struct rf_text *text) {
    int64_t calls;
    add_contact(text, event);
    if (rf_field_number(event, "calls", &calls)) {
        rf_text_add(text, "its call %" PRId64 " ended", calls);
        rf_say_field(text, event, ": ", "status", "");
        rf_say_time(text, event, "; it is called again at ", "until");
        return;
    }
    if (is_outside_window(event)) {
        rf_text_add(text, "waits for its calling window");
        rf_say_time(text, event, ", which opens at ", "until");
        rf_say_field(text, event, " (", "reason", ")");
        return;
    }
    rf_text_add(text, "deferred");
    rf_say_field(text, event, " at ", "step", "");
    add_reason(text, event);
    rf_say_time(text, event, "; tries again at ", "until");
}

void rf_say_contact_done(const struct rf_event *event, struct rf_text *text) {
    add_contact(text, event);
    rf_text_add(text, "its call ended");
    rf_say_field(text, event, ": ", "outcome", "");
    rf_say_number(text, event, " after ", "duration_s", " s");
}

void rf_say_call_told(const struct rf_event *event, struct rf_text *text) {
    rf_say_field(text, event, "", "provider", " tells of call ");
    rf_say_name(text, event->subject);
    rf_say_field(text, event, ": ", "status", "");
    rf_say_number(text, event, " after ", "duration_s", " s");
    rf_say_field(text, event, ", answered by ", "answered_by", "");
}

void rf_say_contact_set_aside(const struct rf_event *event, struct rf_text *text) {
    const char *reason = rf_field_text(event, "reason");
    add_contact(text, event);
    rf_text_add(text, "set aside");
    rf_say_field(text, event, " at ", "step", "");
    if (reason != NULL && strcmp(reason, "retries_exhausted") == 0)
        rf_text_add(text, ", retries exhausted");
    else if (reason != NULL && strcmp(reason, "interrupted") == 0)
        rf_text_add(text, ", interrupted too often");
    else if (reason != NULL && strcmp(reason, "call_lost") == 0)
        rf_text_add(text, ", as its provider does not know the call any more");
    else if (reason != NULL && strcmp(reason, "call_unknown") == 0)
        rf_text_add(text, ", as its provider does not say whether it was called");
    else if (reason != NULL && strncmp(reason, "permanent.", 10) == 0)
        rf_say_field(text, event, ", permanent failure (", "reason", ")");
    else
        rf_say_field(text, event, ", ", "reason", "");
    rf_say_number(text, event, " after ", "attempts", " attempts");
    rf_say_field(text, event, " at ", "provider", "");
    rf_say_field(text, event, ": ", "message", "");
}
