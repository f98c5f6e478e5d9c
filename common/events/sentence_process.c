// What is said of our own processes: their course, alerts, logs, the journal.
#include "events/sentence_words.h"

#include "events/field.h"

void rf_say_process_ready(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Process ", " is ready");
}

void rf_say_process_stopped(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Process ", " stopped in order");
}

void rf_say_process_lost(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Process ", " is gone without a word");
    rf_say_time(text, event, "; its entry last changed at ", "last_change");
}

void rf_say_process_refused(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Process ", " is not let in by the broker");
    rf_say_field(text, event, ": ", "message", "");
}

// The line as the process said it. Of what was left out before it no more is known.
void rf_say_log_line(const struct rf_event *event, struct rf_text *text) {
    rf_say_name(text, event->subject);
    rf_say_field(text, event, ": ", "message", "");
    rf_say_number(text, event, " (before it ", "left_out", " lines were left out)");
}

void rf_say_alert_sent(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Alert");
    rf_say_field(text, event, " ", "alert", "");
    rf_say_field(text, event, " of ", "event", "");
    rf_say_subject(text, event, " was taken by ", "");
    rf_say_number(text, event, " at attempt ", "attempts", "");
}

void rf_say_alert_failed(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "Alert");
    rf_say_field(text, event, " ", "alert", "");
    rf_say_subject(text, event, " was not taken by ", "");
    rf_say_number(text, event, " at attempt ", "attempts", "");
    rf_say_field(text, event, ": ", "message", "");
}

void rf_say_alert_dead(const struct rf_event *event, struct rf_text *text) {
    int64_t count;
    if (rf_field_text(event, "alert") != NULL)
        rf_say_field(text, event, "Alert ", "alert", " is a dead letter");
    else if (rf_field_number(event, "count", &count))
        rf_say_number(text, event, "Dead letters: ", "count", "");
    else
        rf_text_add(text, "There are dead letters");
    rf_say_subject(text, event, " of channel ", "");
    rf_say_field(text, event, ": ", "message", "");
}

void rf_say_alert_refused(const struct rf_event *event, struct rf_text *text) {
    rf_say_field(text, event, "Alert ", "alert", "");
    rf_say_field(text, event, " is refused for ", "recipient", "");
    rf_say_subject(text, event, " of channel ", "");
    rf_say_field(text, event, ": ", "message", "");
}

// What is silenced; where nothing says so, which silence it is.
static void say_silenced(struct rf_text *text, const struct rf_event *event) {
    if (rf_field_text(event, "match") != NULL)
        rf_say_field(text, event, "", "match", "");
    else
        rf_say_name(text, event->subject);
}

void rf_say_alert_silenced(const struct rf_event *event, struct rf_text *text) {
    int64_t from;
    rf_text_add(text, "Silenced: ");
    say_silenced(text, event);
    if (rf_field_number(event, "from", &from) && from > event->ts && event->ts > 0)
        rf_say_time(text, event, " from ", "from");
    rf_say_time(text, event, " until ", "until");
    rf_say_person(text, event);
}

void rf_say_alert_unsilenced(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "No longer silenced: ");
    say_silenced(text, event);
    rf_say_time(text, event, ", which was to last until ", "until");
    rf_say_field(text, event, "; ended by ", "who", "");
    rf_say_field(text, event, ": ", "why", "");
}

void rf_say_alert_silence_ended(const struct rf_event *event, struct rf_text *text) {
    rf_text_add(text, "No longer silenced, as the time is over: ");
    say_silenced(text, event);
    rf_say_field(text, event, "; silenced by ", "who", "");
    rf_say_field(text, event, ": ", "why", "");
}

void rf_say_alert_acknowledged(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Incident ", " is acknowledged");
    rf_say_person(text, event);
}

void rf_say_channel_down(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Channel ", " takes no alerts");
    rf_say_field(text, event, ": ", "message", "");
}

void rf_say_channel_up(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Channel ", " takes alerts again");
    rf_say_time(text, event, "; it did not since ", "since");
}

void rf_say_sink_failed(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Log sink ", " cannot be written");
    rf_say_field(text, event, ": ", "message", "");
}

void rf_say_sink_recovered(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Log sink ", " works again");
}

void rf_say_sink_dropped(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Log sink ", " will never take");
    rf_say_number(text, event, " ", "count", "");
    rf_say_number(text, event, " events, the last of them number ", "n", "");
    rf_say_field(text, event, ": ", "message", "");
}

// What is missing cannot be known: not every number was given, nor was each for this subscriber.
void rf_say_journal_trimmed(const struct rf_event *event, struct rf_text *text) {
    rf_say_name(text, event->subject);
    rf_text_add(text, " may have missed events: the journal no longer has what");
    rf_say_number(text, event, " lay from number ", "from", "");
    rf_say_number(text, event, " to ", "to", "");
}

void rf_say_journal_replaced(const struct rf_event *event, struct rf_text *text) {
    rf_say_name(text, event->subject);
    rf_say_number(text, event, " had read the journal to number ", "after", "");
    rf_text_add(text, " before it was replaced by another, or by an older copy, and goes on");
    rf_say_number(text, event, " behind number ", "from", "");
    rf_text_add(text, " of what is there now; it may have missed events");
}

void rf_say_subscriber_forgotten(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Subscriber ", " is forgotten");
    rf_say_field(text, event, " (", "why", ")");
    rf_say_time(text, event, "; it was last heard of at ", "heard");
    rf_say_number(text, event, ", had taken all up to number ", "taken", "");
    rf_text_add(text, ", and what it has not taken is no longer kept for it");
}
