// One event in the form of each sink: a JSON line, a line for people, a row of a sheet. Pure. Each
// form carries the journal number n, by which a sink knows where it stopped, and holds nothing that
// the redaction takes out.
#ifndef RF_LOGGER_RECORD_H
#define RF_LOGGER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/messages.h>

#include "base/clock.h"
#include "events/field.h"
#include "events/text.h"
#include "redact/redact.h"
#include "redact/seen_texts.h"

// What making lines goes on with: room that is kept from one event to the next. Zero it before use.
struct rf_recorder {
    struct rf_text data, sentence; // private
    struct rf_fields fields;       // private
    struct rf_seen_texts seen;     // private
    int64_t second;                // private: whose time `time` tells
    char time[RF_RFC3339_SIZE];    // private
};

void rf_recorder_fini(struct rf_recorder *recorder);

// rf_record: appends the event's lines, of which NULL is not wanted; whoever wants both has what is
// read, redacted and said for both done once.
//
// `json`: {"n", "time" (RFC 3339, microseconds), "id", "type", "severity", "subject", "service",
// "campaign", "contact", "trace", "origin", "stream", "seq", "message", "data"} and a newline. What
// the event does not have is left out. No character inside can be taken for the end of the line,
// also not U+2028 or U+0085.
//
// `text`: "n  time  severity  type  sentence" in columns and a newline.
void rf_record(struct rf_recorder *recorder, const struct rf_redaction *redaction,
               const struct rf_event *event, struct rf_text *json, struct rf_text *text);

#define RF_RECORD_COLUMNS 7

// rf_record_header: the names of those columns, as a new array of one row. NULL if out of memory.
json_t *rf_record_header(void);

// rf_record_row: a new array of RF_RECORD_COLUMNS texts: n, time, type, severity, subject, contact,
// message. A text from outside that a table would take for a formula (as Excel does with a sheet
// that was exported as CSV, whatever Sheets itself made of it) has an apostrophe before it; number
// and time are ours. NULL if out of memory.
json_t *rf_record_row(const struct rf_redaction *redaction, const struct rf_event *event);

// rf_record_json_n, rf_record_text_n: the number of a line that the functions above made (without
// its newline); false if it is not such a line. 0: of the
// line that says that another journal begins.
bool rf_record_json_n(const char *line, size_t size, int64_t *n);
bool rf_record_text_n(const char *line, size_t size, int64_t *n);

#endif
