// What the parts that make notices share.
#ifndef RF_ALERTER_NOTICE_PARTS_H
#define RF_ALERTER_NOTICE_PARTS_H

#include "base/utf8.h"
#include "events/text.h"
#include "notice.h"

// rf_notice_cost: what it cost, as a part of a sentence; nothing if it costs nothing.
void rf_notice_cost(struct rf_text *text, const struct rf_incident *incident);

// rf_notice_finish: the one place that every notice's texts come past before it is kept and sent.
// RF_ERR_NOMEM if one of them could not be made: the alert is ended then.
RF_NODISCARD enum rf_err rf_notice_finish(struct rf_alert *alert, struct rf_error *error);

// rf_notice_payload: the webhook's body: {"type", "timestamp", "data"}, the shape that the Standard
// Webhooks specification advises. A new string; NULL: no memory. `event` may be NULL.
char *rf_notice_payload(const struct rf_incident *incident, const struct rf_event *event,
                        const struct rf_alert *alert);
char *rf_notice_digest_payload(const struct rf_digest_line *lines, size_t count,
                               const struct rf_alert *alert);

#endif
