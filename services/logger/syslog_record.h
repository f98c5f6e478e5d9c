// Events as messages of syslog (RFC 5424). Pure.
#ifndef RF_LOGGER_SYSLOG_RECORD_H
#define RF_LOGGER_SYSLOG_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/messages.h>

#include "events/text.h"
#include "redact/redact.h"

// What every receiver takes (RFC 5424, 6.1: 2048 bytes), and what most take over a stream.
#define RF_SYSLOG_DATAGRAM_BYTES 2048
#define RF_SYSLOG_STREAM_BYTES   8192

struct rf_syslog_form {
    int facility;
    const char *host, *app_name, *sd_id;
    size_t limit; // bytes of a message
    bool counted; // its length stands before it (RFC 6587, 3.4.1): over a stream
};

// rf_syslog_record: appends the event. What of it is too long is cut: first the sentence, which
// then ends in "...", then the last of the structured data. `out` fails without memory.
void rf_syslog_record(const struct rf_redaction *redaction, const struct rf_event *event,
                      const struct rf_syslog_form *form, struct rf_text *out);

#endif
