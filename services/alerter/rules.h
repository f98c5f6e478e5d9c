// The rules: which event is an alert, and in what words. Pure.
#ifndef RF_ALERTER_RULES_H
#define RF_ALERTER_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/messages.h>

#include "alert.h"

// The prefixes of the topics that can become alerts, for the subscription.
extern const char *const rf_alert_topics[];
extern const size_t rf_alert_topic_count;

// rf_alert_make: the alert that `event` calls for. `made` tells whether there is one; then the
// caller ends it by rf_alert_fini. RF_ERR_NOMEM only.
RF_NODISCARD enum rf_err rf_alert_make(const struct rf_event *event, bool *made,
                                       struct rf_alert *alert, struct rf_error *error);

#endif
