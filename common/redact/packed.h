// The data of an event as they came from the broker, read where they stand: the hot path of the
// logger, which makes no tree of them.
#ifndef RF_REDACT_PACKED_H
#define RF_REDACT_PACKED_H

#include "events/field.h"
#include "redact/redact.h"
#include "redact/seen_texts.h"

// rf_redact_packed: appends what is left of `data` (rf_event.data_packed) as JSON to `json` (NULL:
// not wanted), on one line, and lists what is left of its members in `fields`. The keys of the list
// point into `data`; `seen` keeps answers from one event to the next. False, with `json` as it was:
// there are more members than the list holds, names are to be hidden wherever they stand, or memory
// is short; a tree may do.
bool rf_redact_packed(const struct rf_redaction *redaction, struct rf_seen_texts *seen,
                      const struct rf_bytes *data, struct rf_text *json, struct rf_fields *fields);

#endif
