// A timeline for people and for programs.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "event_line.h"
#include "events/field.h"
#include "events/sentence.h"
#include "member.h"
#include "timeline_text.h"

#define WORDS_BYTES 300
#define NAME_BYTES  100

// "+0:05.123", "+1:02:03.456": sorts by sight, to the millisecond.
static void add_offset(struct rf_text *text, struct rf_duration offset) {
    char out[32];
    int64_t ms = offset.ns / RF_NS_PER_MS, seconds = ms / 1000;
    if (seconds < 3600)
        snprintf(out, sizeof out, "+%" PRId64 ":%02" PRId64 ".%03" PRId64, seconds / 60,
                 seconds % 60, ms % 1000);
    else
        snprintf(out, sizeof out, "+%" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64,
                 seconds / 3600, seconds / 60 % 60, seconds % 60, ms % 1000);
    rf_text_add(text, "%12s  ", out);
}

static void add_attempt(struct rf_text *text, const struct rf_timeline_entry *entry) {
    const json_t *attempt = entry->attempt;
    const char *class = cli_member_text(attempt, "class");
    const char *message = cli_member_text(attempt, "message");
    const char *step = rf_field_text(entry->event, "step");
    const char *request = cli_member_text(attempt, "request_id");
    int64_t status = cli_member_number(attempt, "status");
    int64_t waited = cli_member_number(attempt, "waited_ns");
    char span[RF_TIME_TEXT_SIZE];
    if (step != NULL) {
        rf_text_add_clean(text, step, NAME_BYTES);
        rf_text_add(text, ", ");
    }
    rf_text_add(text, "request %zu to ", entry->number);
    rf_text_add_clean(text, cli_member_text(attempt, "provider"), NAME_BYTES);
    rf_text_add(text, ": ");
    rf_text_add_clean(text, class, NAME_BYTES);
    if (status > 0)
        rf_text_add(text, ", HTTP %" PRId64, status);
    rf_text_add(text, " after %s",
                rf_span_text(rf_ns(cli_member_number(attempt, "took_ns")), span));
    if (waited > 0)
        rf_text_add(text, "; %s waited before it", rf_span_text(rf_ns(waited), span));
    if (message[0] != '\0') {
        rf_text_add(text, ": ");
        rf_text_add_clean(text, message, WORDS_BYTES);
    }
    if (request[0] != '\0') {
        rf_text_add(text, " [");
        rf_text_add_clean(text, request, NAME_BYTES);
        rf_text_add(text, "]");
    }
}

// Every line is about the contact: its name need not stand in each.
static void add_sentence(struct rf_text *text, const char *contact, const struct rf_event *event) {
    struct rf_text sentence = {0};
    char head[NAME_BYTES + 16];
    int size = snprintf(head, sizeof head, "Contact %s: ", contact);
    rf_event_sentence(event, &sentence);
    const char *words = sentence.data != NULL ? sentence.data : "";
    if (size > 0 && strncmp(words, head, (size_t)size) == 0)
        words += size;
    rf_text_add(text, "%s", words);
    rf_text_fini(&sentence);
}

static void add_entry(struct rf_text *text, const char *contact,
                      const struct rf_timeline_entry *entry, struct rf_utc began, bool color) {
    const struct rf_event *event = entry->event;
    bool attempt = entry->attempt != NULL;
    bool failed = attempt && strcmp(cli_member_text(entry->attempt, "class"), "ok") != 0;
    const char *severity = failed ? "warning" : attempt ? "info" : event->severity;
    char label[10];
    snprintf(label, sizeof label, "%.*s", (int)strcspn(event->type, "."), event->type);
    add_offset(text, rf_utc_since(entry->at, began));
    rf_text_add(text, "%s", color ? cli_severity_color(severity) : "");
    rf_text_add(text, "%-9s", attempt ? "request" : label);
    rf_text_add(text, "%s ", color ? CLI_PLAIN : "");
    if (attempt)
        add_attempt(text, entry);
    else
        add_sentence(text, contact, event);
    rf_text_add(text, "\n");
}

static void add_head(struct rf_text *text, const char *contact, const struct rf_timeline_sum *sum) {
    char when[RF_TIME_TEXT_SIZE];
    const struct {
        const char *before, *value;
    } parts[] = {{"Contact ", contact},
                 {", ", sum->name},
                 {", ", sum->phone},
                 {", campaign ", sum->campaign}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].value[0] != '\0') {
            rf_text_add(text, "%s", parts[i].before);
            rf_text_add_clean(text, parts[i].value, NAME_BYTES);
        }
    rf_text_add(text, "\n+0 is %s%s\n", rf_time_text(sum->began, when),
                sum->whole ? "" : "; what was before it is no longer in the journal");
}

static void add_result(struct rf_text *text, const struct rf_timeline_sum *sum) {
    char span[RF_TIME_TEXT_SIZE];
    bool over = strcmp(sum->state, "done") == 0 || strcmp(sum->state, "set_aside") == 0;
    rf_text_add(text, "%s", strcmp(sum->state, "set_aside") == 0 ? "set aside" : sum->state);
    if (sum->outcome[0] != '\0') {
        rf_text_add(text, " (");
        rf_text_add_clean(text, sum->outcome, NAME_BYTES);
        rf_text_add(text, ")");
    }
    rf_text_add(text, "%s%s", over ? " after " : ", ",
                rf_span_text(rf_utc_since(sum->ended, sum->began), span));
    rf_text_add(text, "%s: %" PRId64 " requests, %" PRId64 " failed", over ? "" : " so far",
                sum->attempts, sum->failed);
    if (sum->waited.ns > 0)
        rf_text_add(text, ", %s waited before retries", rf_span_text(sum->waited, span));
    if (sum->deferrals > 0)
        rf_text_add(text, ", deferrals: %" PRId64, sum->deferrals);
    rf_text_add(text, "\n");
}

void cli_timeline_text(const char *contact, const struct rf_timeline_entry *entries, size_t count,
                       const struct rf_timeline_sum *sum, bool color, struct rf_text *text) {
    add_head(text, contact, sum);
    for (size_t i = 0; i < count; i++)
        add_entry(text, contact, &entries[i], sum->began, color);
    add_result(text, sum);
}
