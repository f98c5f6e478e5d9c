// What is said of what we stand on: the way to providers, disks, certificates, and a queue that
// does not move.
#include "events/sentence_words.h"

#include <inttypes.h>
#include <string.h>

#include "events/field.h"

// "812 MiB": whole numbers below ten of a unit would say too little.
static void say_bytes(struct rf_text *text, const struct rf_event *event, const char *before,
                      const char *key, const char *after) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int64_t bytes;
    size_t unit = 0;
    if (!rf_field_number(event, key, &bytes) || bytes < 0)
        return;
    double amount = (double)bytes;
    for (; amount >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        amount /= 1024;
    rf_text_add(text, "%s%.*f %s%s", before, unit > 0 && amount < 10 ? 1 : 0, amount, units[unit],
                after);
}

static void say_disk(const struct rf_event *event, struct rf_text *text) {
    const char *what = rf_field_text(event, "what");
    rf_say_field(text, event, " on host ", "host", "");
    if (what != NULL && strcmp(what, "inodes") == 0) {
        rf_say_number(text, event, ": room for ", "free_inodes", " more files");
        rf_say_number(text, event, " of ", "total_inodes", "");
        return;
    }
    say_bytes(text, event, ": ", "free_bytes", " free");
    say_bytes(text, event, " of ", "total_bytes", "");
    say_bytes(text, event, ", at least ", "least_bytes", " are wanted");
}

void rf_say_disk_low(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Little is left of the disk of ", "");
    say_disk(event, text);
}

void rf_say_disk_ok(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Enough is left of the disk of ", "");
    say_disk(event, text);
    rf_say_span(text, event, " (it was low for ", "held_ns", ")");
}

void rf_say_clock_off(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "The clock of host ", " is wrong");
    rf_say_field(text, event, ": too ", "way", "");
    rf_say_span(text, event, " by ", "by_ns", "");
    rf_say_span(text, event, ", as providers' answers say (", "most_ns", " are allowed)");
}

void rf_say_clock_right(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "The clock of host ", " is right again");
    rf_say_span(text, event, " (it was wrong for ", "held_ns", ")");
}

static void say_certificate(const struct rf_event *event, struct rf_text *text) {
    int64_t left = 0;
    rf_say_subject(text, event, "The certificate of ", "");
    bool past = rf_field_number(event, "left_ns", &left) && left < 0;
    rf_say_time(text, event, past ? " ended at " : " ends at ", "until");
    rf_say_span(text, event, ", in ", "left_ns", "");
}

void rf_say_certificate_expiring(const struct rf_event *event, struct rf_text *text) {
    say_certificate(event, text);
}

void rf_say_certificate_valid(const struct rf_event *event, struct rf_text *text) {
    say_certificate(event, text);
}

void rf_say_forecast_short(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "The credit of ", " will not last");
    rf_say_field(text, event, ": ", "left", " left");
    rf_say_field(text, event, ", ", "needed", " needed");
    rf_say_number(text, event, " for ", "contacts", " contacts");
    rf_say_number(text, event, ", about ", "unserved", " of which it will leave unserved");
    rf_say_time(text, event, "; it runs out at ", "runs_out");
    rf_say_time(text, event, "; all is there again at ", "resets");
    rf_say_field(text, event, "; then ", "then", " takes over");
}

void rf_say_forecast_enough(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "The credit of ", " lasts again");
    rf_say_field(text, event, ": ", "left", " left");
    rf_say_field(text, event, ", ", "needed", " needed");
    rf_say_number(text, event, " for ", "contacts", " contacts");
    rf_say_span(text, event, " (it was short for ", "held_ns", ")");
}

void rf_say_queue_stalled(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Campaign ", " stands still");
    rf_say_time(text, event, " since ", "since");
    rf_say_number(text, event, ": ", "due", " contacts are due");
    rf_say_number(text, event, ", ", "in_progress", " in progress");
}

void rf_say_queue_moving(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Campaign ", " moves again");
    rf_say_span(text, event, " after ", "held_ns", "");
}

static bool is_of(const struct rf_event *event, const char *subject) {
    return event->subject != NULL && strcmp(event->subject, subject) == 0;
}

void rf_say_own_side_failed(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Our own side fails (",
                   is_of(event, "dns") ? "): no provider's name is found any more"
                                       : "): no provider answers any more");
    rf_say_field(text, event, ", as seen from host ", "host", "");
    rf_say_time(text, event, " since ", "since");
    rf_say_field(text, event, "; the first: ", "why", "");
}

void rf_say_own_side_recovered(const struct rf_event *event, struct rf_text *text) {
    rf_say_subject(text, event, "Our own side is well again (", "): providers answer");
    rf_say_field(text, event, " on host ", "host", "");
    rf_say_span(text, event, " after ", "held_ns", "");
}
