// What the alerter decides about a page of the journal. Pure; its parts: rules.c (events to
// alerts), outbox.c (a channel's deliveries), verdict.c (what a reply means), format_*.c.
#ifndef RF_ALERTER_CORE_H
#define RF_ALERTER_CORE_H

#include <stddef.h>

#include <ringfence/messages.h>

#include "alert.h"
#include "redact/redact.h"

// rf_core_alerts: the alerts that `events` call for, in their order, of what `redaction` leaves of
// them. A new array of `*made`, which
// the caller ends by rf_core_alerts_free. RF_ERR_NOMEM only.
RF_NODISCARD enum rf_err rf_core_alerts(const struct rf_redaction *redaction,
                                        const struct rf_event *events, size_t count,
                                        struct rf_alert **alerts, size_t *made,
                                        struct rf_error *error);
void rf_core_alerts_free(struct rf_alert **alerts, size_t *count);

#endif
