// What all sinks have in common: a name, whether it fails at the moment, and its waits. A change
// between failing and working is told once, by an event and a line of our own; how often it failed
// in between is not (an event for each try would be logged in turn by the other sinks). A mark in
// the state's folder says that a failure was told: the next life tells its end.
#ifndef RF_LOGGER_SINK_H
#define RF_LOGGER_SINK_H

#include <stdbool.h>

#include <ringfence/error.h>
#include <ringfence/messages.h>
#include <ringfence/retry.h>

struct rf_process;
struct rf_redaction;
struct rf_redactor;

// No receiver may make us wait longer, whatever its Retry-After says.
#define RF_SINK_LONGEST_WAIT rf_seconds(300)

struct rf_sink {
    struct rf_process *process;
    struct rf_redactor *redactor; // the logger's
    const char *name;             // json, text, sheets
    char subscriber[32];          // its durable name: logger-json
    bool failing;
    bool told;        // a failure was, in this life or an earlier one, and its end was not
    int64_t failures; // in a row
    struct rf_rng rng;
    struct rf_journal_place place; // the journal was read to here
    bool known;                    // a page was taken, now or in an earlier life
};

// rf_sink_init: `redactor` is set by the owner.
void rf_sink_init(struct rf_sink *sink, struct rf_process *process, const char *name);

// rf_sink_redaction: for the page at hand, see rf_redactor_now.
const struct rf_redaction *rf_sink_redaction(const struct rf_sink *sink);

// rf_sink_failed: it cannot be written, for this reason. Returns how long to wait.
struct rf_duration rf_sink_failed(struct rf_sink *sink, const char *message);

// rf_sink_works: something was written.
void rf_sink_works(struct rf_sink *sink);

// rf_sink_dropped: `count` records, the last of them with number n, are lost to it, as it will
// never take them. Not more often than now and then: each is an event.
void rf_sink_dropped(struct rf_sink *sink, int64_t count, int64_t n, const char *message);

// rf_sink_wants: whether it is to get the event; `log_lines`: log.line too.
bool rf_sink_wants(const struct rf_event *event, bool log_lines);

// rf_sink_got: tells of what lies between the place and this page and cannot be had any more.
void rf_sink_got(struct rf_sink *sink, const struct rf_journal_page *page);

// rf_sink_reached: the place is here now.
void rf_sink_reached(struct rf_sink *sink, const struct rf_journal_place *place);

#endif
